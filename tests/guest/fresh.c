// SPDX-License-Identifier: GPL-2.0
/*
 * fresh: looks whether the registers that it begins with are those of a new CPU, and
 * nobody else's.  Its exit code is its argument when they are.
 *
 * World: a guest.
 */
#include "guest.h"
#include "vectors.h"

#define FCW_INIT 0x37fUL
#define MXCSR_INIT 0x1f80U
#define DR6_INIT 0xffff0ff0UL
#define DR7_INIT 0x400UL

static struct fx_image now;
static uint64_t ymm[XMMS][4];

static int wrong(const char *what, uint64_t number, uint64_t is)
{
	print("fresh: ");
	print(what);
	print_dec(number);
	print(" is ");
	print_hex(is);
	print("\n");
	return 1;
}

static int check_debug(void)
{
	uint64_t dr[4], dr6, dr7, i;

	asm volatile("mov %%dr0, %0; mov %%dr1, %1" : "=r" (dr[0]), "=r" (dr[1]));
	asm volatile("mov %%dr2, %0; mov %%dr3, %1" : "=r" (dr[2]), "=r" (dr[3]));
	asm volatile("mov %%dr6, %0; mov %%dr7, %1" : "=r" (dr6), "=r" (dr7));
	for (i = 0; i < 4; i++)
		if (dr[i])
			return wrong("DR", i, dr[i]);
	if (dr6 != DR6_INIT)
		return wrong("DR", 6, dr6);
	return dr7 == DR7_INIT ? 0 : wrong("DR", 7, dr7);
}

int guest(uint64_t arg)
{
	bool avx = vectors_enable();
	uint64_t cr2, i, j;

	asm volatile("fxsave64 %0" : "=m" (now));
	if (avx)
		asm volatile(EACH_YMM(SAVE_YMM) : : "r" (ymm) : "memory");
	asm volatile("mov %%cr2, %0" : "=r" (cr2));
	if (cr2)
		return wrong("CR", 2, cr2);
	if ((uint32_t)now.word[0] != FCW_INIT)
		return wrong("FXSAVE word ", 0, now.word[0]);
	if ((uint32_t)now.word[3] != MXCSR_INIT)
		return wrong("FXSAVE word ", 3, now.word[3]);
	for (i = FX_ST0; i < FX_END; i++)
		if (now.word[i])
			return wrong("FXSAVE word ", i, now.word[i]);
	for (i = 0; i < XMMS; i++)
		for (j = 0; j < 4; j++)
			if (ymm[i][j])
				return wrong("YMM", i, ymm[i][j]);
	if (check_debug())
		return 1;
	print(avx ? "fresh avx ok\n" : "fresh sse ok\n");
	return arg;
}
