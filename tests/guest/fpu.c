// SPDX-License-Identifier: GPL-2.0
/*
 * fpu: fills all x87, SSE and, where there are, AVX registers with a pattern, which is
 * the low half of its argument, and looks again and again whether they still hold it:
 * as often as the high half says, or until it is asked to stop if that is 0.
 *
 * World: a guest.
 */
#include "guest.h"

#define XMMS 16

/* Of what FXSAVE makes: up to XMM15 */
#define WORDS 52

/* Spins between two looks: others are to have their turn meanwhile. */
#define SPINS 20000

#define CR0_EM		0x04UL
#define CR0_TS		0x08UL
#define CR0_MP		0x02UL
#define CR4_OSFXSR	0x200UL
#define CR4_OSXSAVE	0x40000UL
#define CPUID_XSAVE	0x04000000U
#define CPUID_AVX	0x10000000U
#define XCR0_ALL	7

/* What FXSAVE makes: registers of x87 from byte 32 on, of SSE from byte 160 on */
struct image {
	uint64_t word[64];
} __attribute__((aligned(64)));

static struct image first, now;
static uint64_t ymm_want[XMMS][4], ymm_now[XMMS][4];

#define EACH_YMM(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) \
	X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

static bool enable(void)
{
	uint64_t cr0, cr4;
	uint32_t regs[4];
	bool avx;

	asm volatile("mov %%cr0, %0" : "=r" (cr0));
	asm volatile("mov %0, %%cr0" : : "r" ((cr0 & ~(CR0_EM | CR0_TS)) | CR0_MP));
	cpuid(1, regs);
	avx = (regs[2] & CPUID_XSAVE) && (regs[2] & CPUID_AVX);
	asm volatile("mov %%cr4, %0" : "=r" (cr4));
	asm volatile("mov %0, %%cr4" : : "r" (cr4 | CR4_OSFXSR | (avx ? CR4_OSXSAVE : 0)));
	if (avx)
		asm volatile("xsetbv" : : "a" (XCR0_ALL), "d" (0), "c" (0));
	return avx;
}

#define LOAD_YMM(n) "vmovdqu 32 * " #n "(%0), %%ymm" #n "\n\t"
#define SAVE_YMM(n) "vmovdqu %%ymm" #n ", 32 * " #n "(%0)\n\t"

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
	bool avx = enable();
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
