/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The x87, SSE and AVX registers: how they are enabled, and got at.
 *
 * World: a guest.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include "guest.h"

#define XMMS 16

#define CR0_EM		0x04UL
#define CR0_TS		0x08UL
#define CR0_MP		0x02UL
#define CR4_OSFXSR	0x200UL
#define CR4_OSXSAVE	0x40000UL
#define CPUID_XSAVE	0x04000000U
#define CPUID_AVX	0x10000000U
#define XCR0_ALL	7

/* Words of what FXSAVE makes: ST0, XMM0, and behind XMM15 */
#define FX_ST0		4
#define FX_XMM0		20
#define FX_END		52

struct fx_image {
	uint64_t word[64];
} __attribute__((aligned(64)));

#define EACH_YMM(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) \
	X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define LOAD_YMM(n) "vmovdqu 32 * " #n "(%0), %%ymm" #n "\n\t"
#define SAVE_YMM(n) "vmovdqu %%ymm" #n ", 32 * " #n "(%0)\n\t"

/* True when there is AVX; it is enabled then, and SSE is in any case. */
static inline bool vectors_enable(void)
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

#endif /* VECTORS_H */
