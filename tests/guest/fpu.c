// SPDX-License-Identifier: GPL-2.0
/*
 * fpu: fills all x87, SSE and, where there are, AVX registers with a pattern, which is
 * the low half of its argument, and looks again and again whether they still hold it:
 * as often as the high half says, or until it is asked to stop if that is 0.
 *
 * World: a guest.
 */
#include "guest.h"
#include "vectors.h"

/* Of what FXSAVE makes: up to XMM15 */
#define WORDS FX_END

/* Spins between two looks: others are to have their turn meanwhile. */
#define SPINS 20000

static struct fx_image first, now;
static uint64_t ymm_want[XMMS][4], ymm_now[XMMS][4];

/* Registers differ from each other, and from those of guests with other patterns. */
static void fill(uint32_t pattern, bool avx)
{
	uint32_t i, j, mxcsr = 0x1f80 | (pattern & 3) << 13;
	uint16_t control = 0x037f ^ (pattern & 3) << 10;

	asm volatile("fninit; fldcw %0" : : "m" (control));
	asm volatile("ldmxcsr %0" : : "m" (mxcsr));
	asm volatile("fxsave64 %0" : "=m" (first));
	for (i = 0; i < 8; i++) {
		first.word[4 + 2 * i] = 0x8000000000000000UL | (uint64_t)pattern << 8 | i;
		first.word[5 + 2 * i] = 0x3fff;
	}
	/* all x87 registers are in use */
	((uint8_t *)&first)[4] = 0xff;
	for (i = 0; i < XMMS; i++)
		for (j = 0; j < 4; j++)
			ymm_want[i][j] = (uint64_t)pattern << 32 | i << 8 | j;
	for (i = 0; i < XMMS; i++) {
		first.word[20 + 2 * i] = ymm_want[i][0];
		first.word[21 + 2 * i] = ymm_want[i][1];
	}
	asm volatile("fxrstor64 %0" : : "m" (first));
	if (avx)
		asm volatile(EACH_YMM(LOAD_YMM) : : "r" (ymm_want) : "memory");
}

static bool check(bool avx)
{
	int i, j;

	asm volatile("fxsave64 %0" : "=m" (now));
	if (avx)
		asm volatile(EACH_YMM(SAVE_YMM) : : "r" (ymm_now) : "memory");
	/* opcode and pointers of the last x87 instruction are not kept by every CPU */
	((uint16_t *)&now)[3] = ((uint16_t *)&first)[3];
	for (i = 0; i < WORDS; i++) {
		if ((i && i < 3) || now.word[i] == first.word[i])
			continue;
		print("fpu: FXSAVE word ");
		print_dec(i);
		print(" is ");
		print_hex(now.word[i]);
		print(", not ");
		print_hex(first.word[i]);
		print("\n");
		return false;
	}
	for (i = 0; avx && i < XMMS; i++) {
		for (j = 0; j < 4; j++) {
			if (ymm_now[i][j] == ymm_want[i][j])
				continue;
			print("fpu: YMM");
			print_dec(i);
			print(" is wrong\n");
			return false;
		}
	}
	return true;
}

int guest(uint64_t arg)
{
	uint64_t looks = 0, enough = arg >> 32;
	bool avx = vectors_enable();
	int i;

	fill(arg, avx);
	while (!is_asked() && (!enough || looks < enough)) {
		for (i = 0; i < SPINS; i++)
			asm volatile("pause");
		if (!check(avx))
			return 1;
		looks++;
	}
	print(avx ? "fpu avx " : "fpu sse ");
	print_dec(looks);
	print(" ok\n");
	return 0;
}
