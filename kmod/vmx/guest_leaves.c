// SPDX-License-Identifier: GPL-2.0
/*
 * What guests see of the CPU: of what it has, that which Keel can honour; and the bits
 * of CR4 that go with it.
 *
 * World: host, before launch, and KUnit.  No locks.  A leaf or a bit that is not listed
 * here reads as zero.
 */
#include <linux/bits.h>
#include <linux/types.h>

#include "guest_setup.h"
#include "insn.h"
#include "root.h"

#define LEAF_EXTENDED		0x80000000

/*
 * What Keel has itself, whatever the CPU has: x2APIC, TSC deadline; APIC; ARAT;
 * ARCH_CAPABILITIES
 */
#define L1_ECX_OWN	(BIT(21) | BIT(24))
#define L1_EDX_OWN	BIT(9)
#define L6_EAX_OWN	BIT(2)
#define L7_EDX_OWN	BIT(29)

#define LAST_BASIC		0x16
#define LAST_EXTENDED		0x80000008

/* What there is not without AVX's state, and not without that of AVX-512 */
#define L1_ECX_XSAVE		BIT(26)
#define L1_ECX_AVX		(BIT(12) | BIT(28) | BIT(29))
#define L7_EBX_AVX		BIT(5)
#define L7_ECX_AVX		(BIT(9) | BIT(10))
#define XCR0_AVX		BIT_ULL(2)
#define L7_EBX_AVX512		(BIT(16) | BIT(17) | BIT(21) | BIT(28) | BIT(30) | BIT(31))
#define L7_ECX_AVX512		(BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14))
#define XCR0_AVX512		0xe0ULL

/* SSE3 PCLMUL SSSE3 FMA CX16 PCID SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE AVX F16C RDRAND */
#define L1_ECX	(BIT(0) | BIT(1) | BIT(9) | BIT(12) | BIT(13) | BIT(17) | BIT(19) | BIT(20) | \
		 BIT(22) | BIT(23) | BIT(25) | BIT(26) | BIT(28) | BIT(29) | BIT(30))
/* FPU VME DE PSE TSC MSR PAE CX8 SEP PGE CMOV PAT PSE36 CLFSH MMX FXSR SSE SSE2 SS */
#define L1_EDX	(BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(11) | \
		 BIT(13) | BIT(15) | BIT(16) | BIT(17) | BIT(19) | BIT(23) | BIT(24) | BIT(25) | \
		 BIT(26) | BIT(27))
/* FSGSBASE TSC_ADJUST BMI1 AVX2 SMEP BMI2 ERMS INVPCID RDSEED ADX SMAP CLFLUSHOPT CLWB SHA */
#define L7_EBX	(BIT(0) | BIT(1) | BIT(3) | BIT(5) | BIT(7) | BIT(8) | BIT(9) | BIT(10) | \
		 BIT(18) | BIT(19) | BIT(20) | BIT(23) | BIT(24) | BIT(29) | L7_EBX_AVX512)
/* UMIP GFNI VAES VPCLMULQDQ RDPID */
#define L7_ECX	(BIT(2) | BIT(8) | BIT(9) | BIT(10) | BIT(22) | L7_ECX_AVX512)
#define L7_EDX	BIT(4)				/* FSRM */
#define X1_ECX	(BIT(0) | BIT(5) | BIT(8))	/* LAHF LZCNT PREFETCHW */
/* SYSCALL NX PDPE1GB RDTSCP LM */
#define X1_EDX	(BIT(11) | BIT(20) | BIT(26) | BIT(27) | BIT(29))
#define X7_EDX	KEEL_CPUID_INVARIANT_TSC

#define L7_EBX_INVPCID	BIT(10)
#define L7_ECX_RDPID	BIT(22)
#define X1_EDX_RDTSCP	BIT(27)

/* Bits of CR4, and the bit of CPUID without which each is not there */
#define CR4_ALWAYS	0x0000079fULL	/* VME PVI TSD DE PSE PGE PCE OSFXSR OSXMMEXCPT */
#define CR4_PAE		BIT_ULL(5)
#define CR4_UMIP	BIT_ULL(11)
#define CR4_FSGSBASE	BIT_ULL(16)
#define CR4_PCIDE	BIT_ULL(17)
#define CR4_OSXSAVE	BIT_ULL(18)
#define CR4_SMEP	BIT_ULL(20)
#define CR4_SMAP	BIT_ULL(21)

static u32 limit(u32 val, u32 most)
{
	return val < most ? val : most;
}

static void zero(struct keel_cpuid *r)
{
	*r = (struct keel_cpuid) { 0 };
}

static void leaf_1(const struct keel_guest_setup *setup, struct keel_cpuid *r)
{
	u32 missing = 0;

	if (!setup->xfeatures)
		missing |= L1_ECX_XSAVE;
	if (!(setup->xfeatures & XCR0_AVX))
		missing |= L1_ECX_AVX;
	r->b = (r->b & 0xff00) | 1 << 16;
	r->c &= L1_ECX & ~missing;
	r->c |= KEEL_CPUID_HYPERVISOR | L1_ECX_OWN;
	r->d &= L1_EDX;
	r->d |= L1_EDX_OWN;
}

static void leaf_7(const struct keel_guest_setup *setup, struct keel_cpuid *r)
{
	u32 missing_b = 0, missing_c = 0;

	if (!(setup->xfeatures & XCR0_AVX)) {
		missing_b |= L7_EBX_AVX;
		missing_c |= L7_ECX_AVX;
	}
	if ((setup->xfeatures & XCR0_AVX512) != XCR0_AVX512) {
		missing_b |= L7_EBX_AVX512;
		missing_c |= L7_ECX_AVX512;
	}
	if (!(setup->ctl[KEEL_CTL_PROC2] & KEEL_PROC2_INVPCID))
		missing_b |= L7_EBX_INVPCID;
	if (!(setup->ctl[KEEL_CTL_PROC2] & KEEL_PROC2_RDTSCP))
		missing_c |= L7_ECX_RDPID;
	r->a = 0;
	r->b &= L7_EBX & ~missing_b;
	r->c &= L7_ECX & ~missing_c;
	r->d &= L7_EDX;
	r->d |= L7_EDX_OWN;
}

/* The XSAVE leaf: without the states that guests do not have */
static void leaf_d(const struct keel_guest_setup *setup, struct keel_cpuid *r)
{
	if (!setup->xfeatures) {
		zero(r);
		return;
	}
	r->a = setup->xfeatures;
	r->c = setup->fpu_size;
	r->d = setup->xfeatures >> 32;
}

/**
 * keel_guest_mask() - turn the CPU's answer into a guest's
 * @setup: what guests run with
 * @leaf: the leaf asked for
 * @r: the answer for its first subleaf, changed in place.  What depends on the vCPU or
 *     on its CR4 is as for vCPU 0 without OSXSAVE.
 */
void keel_guest_mask(const struct keel_guest_setup *setup, u32 leaf, struct keel_cpuid *r)
{
	switch (leaf) {
	case 0:
		/* Some are made up (guest_time.c), whatever the CPU has. */
		r->a = LAST_BASIC;
		break;
	case 1:
		leaf_1(setup, r);
		break;
	case 2:
		break;
	case 6:
		*r = (struct keel_cpuid) { .a = L6_EAX_OWN };
		break;
	case 7:
		leaf_7(setup, r);
		break;
	case 0xd:
		leaf_d(setup, r);
		break;
	case LEAF_EXTENDED:
		r->a = limit(r->a, LAST_EXTENDED);
		break;
	case LEAF_EXTENDED + 1:
		r->c &= X1_ECX;
		r->d &= setup->ctl[KEEL_CTL_PROC2] & KEEL_PROC2_RDTSCP ? X1_EDX :
									X1_EDX & ~X1_EDX_RDTSCP;
		break;
	case LEAF_EXTENDED + 2:
	case LEAF_EXTENDED + 3:
	case LEAF_EXTENDED + 4:
	case LEAF_EXTENDED + 6:
		break;
	case LEAF_EXTENDED + 7:
		*r = (struct keel_cpuid) { .d = r->d & X7_EDX };
		break;
	case LEAF_EXTENDED + 8:
		*r = (struct keel_cpuid) { .a = limit(r->a & 0xff, 48) | (r->a & 0xff00) };
		break;
	default:
		zero(r);
	}
}

/* Bytes of an XSAVE area (SDM 13.5) */
static u32 xsave_size(u64 xfeatures)
{
	u32 a, b, c, d, i, size = KEEL_FPU_MIN;

	for (i = 2; i < 63 && xfeatures >> i; i++) {
		if (!(xfeatures >> i & 1))
			continue;
		keel_cpuid(0xd, i, &a, &b, &c, &d);
		if (a + b > size)
			size = a + b;
	}
	return size;
}

/**
 * keel_guest_cr4() - the bits of CR4 that guests can set, by what CPUID tells them
 * @setup: with @cpuid
 *
 * Return: the bits.
 */
u64 keel_guest_cr4(const struct keel_guest_setup *setup)
{
	const struct keel_cpuid *one = &setup->cpuid[1], *seven = &setup->cpuid[7];
	u64 bits = CR4_ALWAYS | CR4_PAE | KEEL_GUEST_CR4_MCE;

	if (one->c & BIT(17))
		bits |= CR4_PCIDE;
	if (one->c & BIT(26))
		bits |= CR4_OSXSAVE;
	if (seven->b & BIT(0))
		bits |= CR4_FSGSBASE;
	if (seven->b & BIT(7))
		bits |= CR4_SMEP;
	if (seven->b & BIT(20))
		bits |= CR4_SMAP;
	if (seven->c & BIT(2))
		bits |= CR4_UMIP;
	return bits;
}

/**
 * keel_guest_leaves() - what guests see of this CPU
 * @setup: with @ctl, @assist, @xfeatures, @tsc_khz and @steal; what depends on them is filled in
 *
 * All CPUs are alike, so that one answer will do, and a guest's CPUID need not execute
 * the instruction again.
 */
void keel_guest_leaves(struct keel_guest_setup *setup)
{
	struct keel_cpuid *r, last;
	u32 i, leaf;

	keel_cpuid(0, 0, &last.a, &last.b, &last.c, &last.d);
	setup->fpu_size = xsave_size(setup->xfeatures);
	for (i = 0; i < KEEL_GUEST_LEAVES; i++) {
		leaf = i < KEEL_GUEST_BASIC ? i : LEAF_EXTENDED + i - KEEL_GUEST_BASIC;
		r = &setup->cpuid[i];
		/* Beyond the last one, CPUs answer with something else (SDM volume 2). */
		if (i >= KEEL_GUEST_BASIC || leaf <= last.a)
			keel_cpuid(leaf, 0, &r->a, &r->b, &r->c, &r->d);
		keel_guest_mask(setup, leaf, r);
	}
	keel_guest_time(setup);
	setup->cr4 = keel_guest_cr4(setup);
}
