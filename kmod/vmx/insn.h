/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The instructions that C cannot say, one inline function each.
 *
 * World: root and host.  They need CPL 0 and, in user space and in KUnit, are
 * only compiled.  No locks.
 */
#ifndef KEEL_VMX_INSN_H
#define KEEL_VMX_INSN_H

#include <linux/types.h>

#include "../abi.h"

static inline u64 keel_rdtsc(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a" (lo), "=d" (hi));
	return (u64)hi << 32 | lo;
}

/* The low half, which is enough to tell how long an exit takes */
static inline u32 keel_rdtsc_low(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a" (lo), "=d" (hi));
	return lo;
}

static inline u64 keel_rdmsr(u32 msr)
{
	u32 lo, hi;

	asm volatile("rdmsr" : "=a" (lo), "=d" (hi) : "c" (msr));
	return (u64)hi << 32 | lo;
}

static inline void keel_wrmsr(u32 msr, u64 val)
{
	asm volatile("wrmsr" : : "c" (msr), "a" ((u32)val), "d" ((u32)(val >> 32)) : "memory");
}

static inline void keel_cpuid(u32 leaf, u32 sub, u32 *a, u32 *b, u32 *c, u32 *d)
{
	asm volatile("cpuid" : "=a" (*a), "=b" (*b), "=c" (*c), "=d" (*d)
		     : "a" (leaf), "c" (sub));
}

#define KEEL_CR(n)						\
static inline u64 keel_read_cr##n(void)				\
{								\
	u64 val;						\
								\
	asm volatile("mov %%cr" #n ", %0" : "=r" (val));	\
	return val;						\
}								\
								\
static inline void keel_write_cr##n(u64 val)			\
{								\
	asm volatile("mov %0, %%cr" #n : : "r" (val) : "memory"); \
}

KEEL_CR(0)
KEEL_CR(2)
KEEL_CR(3)
KEEL_CR(4)
#undef KEEL_CR

static inline u64 keel_read_dr7(void)
{
	u64 val;

	asm volatile("mov %%dr7, %0" : "=r" (val));
	return val;
}

static inline void keel_write_dr7(u64 val)
{
	asm volatile("mov %0, %%dr7" : : "r" (val));
}

#define KEEL_SEG(s)						\
static inline u16 keel_read_##s(void)				\
{								\
	u16 sel;						\
								\
	asm volatile("mov %%" #s ", %0" : "=r" (sel));		\
	return sel;						\
}

KEEL_SEG(es)
KEEL_SEG(cs)
KEEL_SEG(ss)
KEEL_SEG(ds)
KEEL_SEG(fs)
KEEL_SEG(gs)
#undef KEEL_SEG

static inline u16 keel_str(void)
{
	u16 sel;

	asm volatile("str %0" : "=r" (sel));
	return sel;
}

static inline u16 keel_sldt(void)
{
	u16 sel;

	asm volatile("sldt %0" : "=r" (sel));
	return sel;
}

static inline void keel_sgdt(struct keel_dtr *dtr)
{
	asm volatile("sgdt %0" : "=m" (*dtr));
}

static inline void keel_sidt(struct keel_dtr *dtr)
{
	asm volatile("sidt %0" : "=m" (*dtr));
}

/* The VMX instructions; false on VMfailInvalid and VMfailValid (SDM 30.2). */

static inline bool keel_vmxon(u64 pa)
{
	bool ok;

	asm volatile("vmxon %1" : "=@cca" (ok) : "m" (pa) : "cc", "memory");
	return ok;
}

static inline void keel_vmxoff(void)
{
	asm volatile("vmxoff" : : : "cc", "memory");
}

static inline bool keel_vmclear(u64 pa)
{
	bool ok;

	asm volatile("vmclear %1" : "=@cca" (ok) : "m" (pa) : "cc", "memory");
	return ok;
}

static inline bool keel_vmptrld(u64 pa)
{
	bool ok;

	asm volatile("vmptrld %1" : "=@cca" (ok) : "m" (pa) : "cc", "memory");
	return ok;
}

struct keel_inv_desc {
	u64 lo;
	u64 hi;
};

/* INVEPT and INVVPID types (SDM 30.3) */
#define KEEL_INV_ONE 1UL
#define KEEL_INV_ALL 2UL

static inline bool keel_invept(unsigned long type, u64 eptp)
{
	struct keel_inv_desc desc = { eptp, 0 };
	bool ok;

	asm volatile("invept %1, %2" : "=@cca" (ok) : "m" (desc), "r" (type) : "cc", "memory");
	return ok;
}

static inline bool keel_invvpid(unsigned long type, u16 vpid)
{
	struct keel_inv_desc desc = { vpid, 0 };
	bool ok;

	asm volatile("invvpid %1, %2" : "=@cca" (ok) : "m" (desc), "r" (type) : "cc", "memory");
	return ok;
}

#endif /* KEEL_VMX_INSN_H */
