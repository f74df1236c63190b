/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The local APIC in x2APIC mode, by its MSRs, and in xAPIC mode, by its page; interrupts
 * (idt.S).
 *
 * World: a guest.
 */
#ifndef APIC_H
#define APIC_H

#include "guest.h"

#define MSR_APIC_BASE	0x1b
#define BASE_X2APIC	0x400
#define MSR_DEADLINE	0x6e0
#define APIC_ID		0x802
#define APIC_VERSION	0x803
#define APIC_TPR	0x808
#define APIC_PPR	0x80a
#define APIC_EOI	0x80b
#define APIC_LDR	0x80d
#define APIC_SVR	0x80f
#define APIC_ISR	0x810
#define APIC_IRR	0x820
#define APIC_ESR	0x828
#define APIC_CMCI	0x82f
#define APIC_ICR	0x830
#define APIC_TIMER	0x832
#define APIC_LVT_ERROR	0x837
#define APIC_INITIAL	0x838
#define APIC_CURRENT	0x839
#define APIC_DIVIDE	0x83e
#define APIC_SELF	0x83f

/* The page, and where in it the register is that an MSR is in x2APIC mode */
#define XAPIC		0xfee00000UL
#define XAPIC_AT(msr)	(XAPIC + ((msr) - 0x800) * 16)
#define XAPIC_DFR	0x80e
#define XAPIC_ICR2	0x831

#define SVR_ON		0x1ff
#define SVR_OFF		0xff
#define LVT_MASKED	0x10000
#define LVT_PERIODIC	0x20000
#define LVT_DEADLINE	0x40000
#define DIVIDE_1	0xb
#define DIVIDE_4	1

#define ICR_LOWEST	0x100
#define ICR_NMI		0x400
#define ICR_INIT	0x4500
#define ICR_STARTUP	0x4600
#define ICR_LOGICAL	0x800
#define ICR_ALL		0x80000
#define ICR_OTHERS	0xc0000
#define ICR_TO(dest)	((uint64_t)(dest) << 32)

/* What idt.S hands to interrupt() */
struct frame {
	uint64_t vector;
	uint64_t error;
	uint64_t rip;
	uint64_t cs;
	uint64_t rflags;
	uint64_t rsp;
	uint64_t ss;
};

void load_idt(void);
void interrupt(struct frame *frame);

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a" (low), "=d" (high) : "c" (msr) : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t val)
{
	asm volatile("wrmsr" : : "c" (msr), "a" ((uint32_t)val), "d" ((uint32_t)(val >> 32))
		     : "memory");
}

/* Into x2APIC mode, from xAPIC mode, in which a vCPU begins */
static inline void to_x2apic(void)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | BASE_X2APIC);
}

/*
 * Let the page be found: keelctl's tables go no further than memory.  It is in the fourth
 * of the GiB that the first table of the second highest level maps.
 */
static inline void map_xapic(void)
{
	static uint64_t pd[512] __attribute__((aligned(4096)));
	uint64_t *pml4, *pdpt;

	asm volatile("mov %%cr3, %0" : "=r" (pml4));
	pdpt = (uint64_t *)(pml4[0] & ~(PAGE - 1));
	/* a page of 2 MiB, not cached */
	pd[XAPIC >> 21 & 511] = (XAPIC & ~0x1fffffUL) | 0x9b;
	pdpt[XAPIC >> 30] = (uint64_t)pd | 3;
}

static inline uint32_t xapic_read(uint32_t msr)
{
	uint32_t val;

	asm volatile("movl (%1), %0" : "=r" (val) : "r" (XAPIC_AT(msr)) : "memory");
	return val;
}

static inline void xapic_write(uint32_t msr, uint32_t val)
{
	asm volatile("movl %0, (%1)" : : "r" (val), "r" (XAPIC_AT(msr)) : "memory");
}

static inline void irq_on(void)
{
	asm volatile("sti; nop" : : : "memory");
}

static inline void irq_off(void)
{
	asm volatile("cli" : : : "memory");
}

/* Until an interrupt has come; interrupts are off before and on behind. */
static inline void wait_irq(void)
{
	asm volatile("sti; hlt" : : : "memory");
}

static inline void relax(void)
{
	asm volatile("pause" : : : "memory");
}

#endif /* APIC_H */
