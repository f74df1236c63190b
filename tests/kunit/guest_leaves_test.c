// SPDX-License-Identifier: GPL-2.0
/*
 * keel-guest-leaves: what guests see of CPUID, bit by bit, on CPUs that were made up; where
 * each answer stands in the table; and the bits of CR4 that go with it.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/vmx/insn.h"
#include "../../kmod/vmx/vcpu.h"
#include "kit.h"

#define EXTENDED	0x80000000U

enum { A, B, C, D };

/*
 * Every feature that guests may see (SDM volume 2, CPUID), and what of the setup it
 * takes: bits of XCR0, or of the secondary controls
 */
static const struct feature {
	u32 leaf;
	u8 reg;
	u8 bit;
	u64 xfeatures;
	u64 proc2;
	const char *name;
} features[] = {
	{ 1, C, 0, 0, 0, "SSE3" }, { 1, C, 1, 0, 0, "PCLMULQDQ" }, { 1, C, 9, 0, 0, "SSSE3" },
	{ 1, C, 12, 4, 0, "FMA" }, { 1, C, 13, 0, 0, "CMPXCHG16B" }, { 1, C, 17, 0, 0, "PCID" },
	{ 1, C, 19, 0, 0, "SSE4.1" }, { 1, C, 20, 0, 0, "SSE4.2" }, { 1, C, 22, 0, 0, "MOVBE" },
	{ 1, C, 23, 0, 0, "POPCNT" }, { 1, C, 25, 0, 0, "AESNI" }, { 1, C, 26, 1, 0, "XSAVE" },
	{ 1, C, 28, 4, 0, "AVX" }, { 1, C, 29, 4, 0, "F16C" }, { 1, C, 30, 0, 0, "RDRAND" },

	{ 1, D, 0, 0, 0, "FPU" }, { 1, D, 1, 0, 0, "VME" }, { 1, D, 2, 0, 0, "DE" },
	{ 1, D, 3, 0, 0, "PSE" }, { 1, D, 4, 0, 0, "TSC" }, { 1, D, 5, 0, 0, "MSR" },
	{ 1, D, 6, 0, 0, "PAE" }, { 1, D, 8, 0, 0, "CX8" }, { 1, D, 11, 0, 0, "SEP" },
	{ 1, D, 13, 0, 0, "PGE" }, { 1, D, 15, 0, 0, "CMOV" }, { 1, D, 16, 0, 0, "PAT" },
	{ 1, D, 17, 0, 0, "PSE36" }, { 1, D, 19, 0, 0, "CLFSH" }, { 1, D, 23, 0, 0, "MMX" },
	{ 1, D, 24, 0, 0, "FXSR" }, { 1, D, 25, 0, 0, "SSE" }, { 1, D, 26, 0, 0, "SSE2" },
	{ 1, D, 27, 0, 0, "SS" },

	{ 7, B, 0, 0, 0, "FSGSBASE" }, { 7, B, 1, 0, 0, "TSC_ADJUST" },
	{ 7, B, 3, 0, 0, "BMI1" }, { 7, B, 5, 4, 0, "AVX2" },
	{ 7, B, 7, 0, 0, "SMEP" }, { 7, B, 8, 0, 0, "BMI2" }, { 7, B, 9, 0, 0, "ERMS" },
	{ 7, B, 10, 0, KEEL_PROC2_INVPCID, "INVPCID" }, { 7, B, 16, 0xe0, 0, "AVX512F" },
	{ 7, B, 17, 0xe0, 0, "AVX512DQ" }, { 7, B, 18, 0, 0, "RDSEED" }, { 7, B, 19, 0, 0, "ADX" },
	{ 7, B, 20, 0, 0, "SMAP" }, { 7, B, 21, 0xe0, 0, "AVX512IFMA" },
	{ 7, B, 23, 0, 0, "CLFLUSHOPT" }, { 7, B, 24, 0, 0, "CLWB" },
	{ 7, B, 28, 0xe0, 0, "AVX512CD" }, { 7, B, 29, 0, 0, "SHA" },
	{ 7, B, 30, 0xe0, 0, "AVX512BW" }, { 7, B, 31, 0xe0, 0, "AVX512VL" },

	{ 7, C, 1, 0xe0, 0, "AVX512VBMI" }, { 7, C, 2, 0, 0, "UMIP" },
	{ 7, C, 6, 0xe0, 0, "AVX512VBMI2" }, { 7, C, 8, 0, 0, "GFNI" }, { 7, C, 9, 4, 0, "VAES" },
	{ 7, C, 10, 4, 0, "VPCLMULQDQ" }, { 7, C, 11, 0xe0, 0, "AVX512VNNI" },
	{ 7, C, 12, 0xe0, 0, "AVX512BITALG" }, { 7, C, 14, 0xe0, 0, "AVX512VPOPCNTDQ" },
	{ 7, C, 22, 0, KEEL_PROC2_RDTSCP, "RDPID" }, { 7, D, 4, 0, 0, "FSRM" },

	{ EXTENDED + 1, C, 0, 0, 0, "LAHF" }, { EXTENDED + 1, C, 5, 0, 0, "LZCNT" },
	{ EXTENDED + 1, C, 8, 0, 0, "PREFETCHW" }, { EXTENDED + 1, D, 11, 0, 0, "SYSCALL" },
	{ EXTENDED + 1, D, 20, 0, 0, "NX" }, { EXTENDED + 1, D, 26, 0, 0, "PDPE1GB" },
	{ EXTENDED + 1, D, 27, 0, KEEL_PROC2_RDTSCP, "RDTSCP" },
	{ EXTENDED + 1, D, 29, 0, 0, "LM" }, { EXTENDED + 7, D, 8, 0, 0, "invariant TSC" },
};

/* What must never show, whatever the CPU and its setup are */
static const struct {
	u32 leaf;
	u8 reg;
	u8 bit;
	const char *name;
} hidden[] = {
	{ 1, C, 2, "DTES64" }, { 1, C, 3, "MONITOR" }, { 1, C, 4, "DS-CPL" }, { 1, C, 5, "VMX" },
	{ 1, C, 6, "SMX" }, { 1, C, 7, "EIST" }, { 1, C, 8, "TM2" }, { 1, C, 15, "PDCM" },
	{ 1, C, 18, "DCA" },
	{ 1, D, 7, "MCE" }, { 1, D, 12, "MTRR" }, { 1, D, 14, "MCA" },
	{ 1, D, 21, "DS" }, { 1, D, 22, "ACPI" }, { 1, D, 28, "HTT" }, { 1, D, 29, "TM" },
	{ 7, B, 2, "SGX" }, { 7, B, 4, "HLE" }, { 7, B, 11, "RTM" },
	{ 7, B, 12, "RDT-M" }, { 7, B, 14, "MPX" }, { 7, B, 25, "PT" }, { 7, C, 3, "PKU" },
	{ 7, C, 5, "WAITPKG" }, { 7, C, 7, "CET_SS" }, { 7, C, 16, "LA57" }, { 7, C, 23, "KL" },
	{ 7, C, 29, "ENQCMD" }, { 7, D, 20, "CET_IBT" }, { 7, D, 22, "AMX-BF16" },
	{ 7, D, 26, "IBRS" }, { 7, D, 27, "STIBP" }, { 7, D, 28, "L1D_FLUSH" },
	{ 7, D, 31, "SSBD" },
};

/*
 * What guests see whatever the CPU has: a hypervisor; x2APIC, TSC deadline; APIC;
 * ARCH_CAPABILITIES
 */
#define L1_C_ALWAYS	(BIT(31) | BIT(21) | BIT(24))
#define L1_D_ALWAYS	BIT(9)
#define L7_D_ALWAYS	BIT(29)

/* a machine on which guests can have everything */
static struct keel_guest_setup *all(struct kunit *test)
{
	struct keel_guest_setup *setup = kunit_kzalloc(test, sizeof(*setup), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, setup);
	setup->xfeatures = KEEL_XFEATURES;
	setup->ctl[KEEL_CTL_PROC2] = KEEL_PROC2_RDTSCP | KEEL_PROC2_INVPCID;
	return setup;
}

static u32 reg_of(const struct keel_cpuid *r, unsigned int reg)
{
	const u32 val[] = { r->a, r->b, r->c, r->d };

	return val[reg];
}

static struct keel_cpuid ones(void)
{
	return (struct keel_cpuid) { ~0U, ~0U, ~0U, ~0U };
}

static struct keel_cpuid masked(const struct keel_guest_setup *setup, u32 leaf,
				struct keel_cpuid r)
{
	keel_guest_mask(setup, leaf, &r);
	return r;
}

/* The bits that may show, of one register of a leaf, with this setup */
static u32 allowed(const struct keel_guest_setup *setup, u32 leaf, unsigned int reg)
{
	const struct feature *f;
	u32 bits = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(features); i++) {
		f = &features[i];
		if (f->leaf == leaf && f->reg == reg && !(f->xfeatures & ~setup->xfeatures) &&
		    !(f->proc2 & ~setup->ctl[KEEL_CTL_PROC2]))
			bits |= 1U << f->bit;
	}
	return bits;
}

static void expect_bits(struct kunit *test, const struct keel_guest_setup *setup, u32 leaf,
			unsigned int reg, u32 always)
{
	const struct keel_cpuid zeros = { 0 };
	struct keel_cpuid r = masked(setup, leaf, ones());

	KUNIT_EXPECT_EQ_MSG(test, reg_of(&r, reg), allowed(setup, leaf, reg) | always,
			    "leaf %#x, register %u, XCR0 %#llx, controls %#llx", leaf, reg,
			    setup->xfeatures, setup->ctl[KEEL_CTL_PROC2]);
	/* what the CPU does not have, guests do not see either */
	r = masked(setup, leaf, zeros);
	KUNIT_EXPECT_EQ_MSG(test, reg_of(&r, reg), always, "leaf %#x, register %u", leaf, reg);
}

static void expect_features(struct kunit *test, const struct keel_guest_setup *setup)
{
	expect_bits(test, setup, 1, C, L1_C_ALWAYS);
	expect_bits(test, setup, 1, D, L1_D_ALWAYS);
	expect_bits(test, setup, 7, A, 0);
	expect_bits(test, setup, 7, B, 0);
	expect_bits(test, setup, 7, C, 0);
	expect_bits(test, setup, 7, D, L7_D_ALWAYS);
	expect_bits(test, setup, EXTENDED + 1, C, 0);
	expect_bits(test, setup, EXTENDED + 1, D, 0);
	expect_bits(test, setup, EXTENDED + 7, A, 0);
	expect_bits(test, setup, EXTENDED + 7, B, 0);
	expect_bits(test, setup, EXTENDED + 7, C, 0);
	expect_bits(test, setup, EXTENDED + 7, D, 0);
}

static void leaves_features(struct kunit *test)
{
	static const u64 xfeatures[] = { 0, 1, 3, 7, 0xe3, 0x47, 0x67, 0xe7 };
	static const u64 proc2[] = { 0, KEEL_PROC2_RDTSCP, KEEL_PROC2_INVPCID,
				     KEEL_PROC2_RDTSCP | KEEL_PROC2_INVPCID };
	struct keel_guest_setup *setup = all(test);
	unsigned int x, p;

	for (x = 0; x < ARRAY_SIZE(xfeatures); x++) {
		for (p = 0; p < ARRAY_SIZE(proc2); p++) {
			setup->xfeatures = xfeatures[x];
			setup->ctl[KEEL_CTL_PROC2] = proc2[p];
			expect_features(test, setup);
		}
	}
}

/* each bit by itself shows where all of them together do */
static void leaves_single_bits(struct kunit *test)
{
	static const u32 leaves[] = { 1, 7, EXTENDED + 1, EXTENDED + 7 };
	struct keel_guest_setup *setup = all(test);
	struct keel_cpuid every, r, one;
	unsigned int l, bit;
	u32 always;

	for (l = 0; l < ARRAY_SIZE(leaves); l++) {
		every = masked(setup, leaves[l], ones());
		for (bit = 0; bit < 32; bit++) {
			one = (struct keel_cpuid) { 1U << bit, 1U << bit, 1U << bit, 1U << bit };
			r = masked(setup, leaves[l], one);
			if (leaves[l] == 1) {
				KUNIT_EXPECT_EQ(test, r.c, (every.c & 1U << bit) | L1_C_ALWAYS);
				KUNIT_EXPECT_EQ(test, r.d, (every.d & 1U << bit) | L1_D_ALWAYS);
				continue;
			}
			always = leaves[l] == 7 ? L7_D_ALWAYS : 0;
			KUNIT_EXPECT_EQ(test, r.d, every.d & (1U << bit | always));
			KUNIT_EXPECT_EQ(test, r.b, every.b & 1U << bit);
			KUNIT_EXPECT_EQ(test, r.c, every.c & 1U << bit);
		}
	}
}

static void leaves_hidden(struct kunit *test)
{
	struct keel_guest_setup *setup = all(test);
	struct keel_cpuid r;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hidden); i++) {
		r = masked(setup, hidden[i].leaf, ones());
		KUNIT_EXPECT_FALSE_MSG(test, reg_of(&r, hidden[i].reg) >> hidden[i].bit & 1, "%s",
				       hidden[i].name);
	}
}

/* the leaves that count and name, not those of features */
static void leaves_others(struct kunit *test)
{
	static const u32 passed[] = { 2, EXTENDED + 2, EXTENDED + 3, EXTENDED + 4, EXTENDED + 6 };
	const struct keel_cpuid some = { 0x11, 0x22, 0x33, 0x44 };
	struct keel_guest_setup *setup = all(test);
	struct keel_cpuid r;
	unsigned int i;

	/* no leaf beyond the last one that is known, and none less; the vendor as it is */
	r = masked(setup, 0, (struct keel_cpuid) { 0x20, 1, 2, 3 });
	KUNIT_EXPECT_EQ(test, r.a, 0x16U);
	KUNIT_EXPECT_TRUE(test, r.b == 1 && r.c == 2 && r.d == 3);
	KUNIT_EXPECT_EQ(test, masked(setup, 0, (struct keel_cpuid) { 7 }).a, 0x16U);
	KUNIT_EXPECT_EQ(test, masked(setup, EXTENDED, ones()).a, EXTENDED + 8);
	KUNIT_EXPECT_EQ(test, masked(setup, EXTENDED, (struct keel_cpuid) { EXTENDED + 4 }).a,
			EXTENDED + 4);
	/* signature as it is; CLFLUSH's line size, one logical processor, APIC id 0 */
	r = masked(setup, 1, (struct keel_cpuid) { 0x306d4, 0x07ff08ff });
	KUNIT_EXPECT_EQ(test, r.a, 0x306d4U);
	KUNIT_EXPECT_EQ(test, r.b, 0x10800U);
	for (i = 0; i < ARRAY_SIZE(passed); i++) {
		r = masked(setup, passed[i], some);
		KUNIT_EXPECT_EQ_MSG(test, memcmp(&r, &some, sizeof(r)), 0, "%#x", passed[i]);
	}
	/* of power management, the timer that never stops */
	r = masked(setup, 6, ones());
	KUNIT_EXPECT_TRUE(test, r.a == 4 && !r.b && !r.c && !r.d);
	/* an EPT of four levels has 48 bits of address; the linear width as it is */
	r = masked(setup, EXTENDED + 8, (struct keel_cpuid) { 0x3934, ~0U, ~0U, ~0U });
	KUNIT_EXPECT_EQ(test, r.a, 0x3930U);
	KUNIT_EXPECT_EQ(test, r.b | r.c | r.d, 0U);
	KUNIT_EXPECT_EQ(test, masked(setup, EXTENDED + 8, (struct keel_cpuid) { 0x3027 }).a,
			0x3027U);
}

/* all that is not listed is zero: caches, MONITOR, PMU, PT, SGX, names */
static void leaves_unknown(struct kunit *test)
{
	static const u32 known[] = { 0, 1, 2, 6, 7, 0xd, EXTENDED, EXTENDED + 1, EXTENDED + 2,
				     EXTENDED + 3, EXTENDED + 4, EXTENDED + 6, EXTENDED + 7,
				     EXTENDED + 8 };
	static const u32 bases[] = { 0, 0x40000000, EXTENDED, 0xfffffff0 };
	struct keel_guest_setup *setup = all(test);
	unsigned int b, i, k;
	struct keel_cpuid r;
	u32 leaf;

	for (b = 0; b < ARRAY_SIZE(bases); b++) {
		for (i = 0; i < 48; i++) {
			leaf = bases[b] + i;
			for (k = 0; k < ARRAY_SIZE(known) && known[k] != leaf; k++)
				;
			if (k < ARRAY_SIZE(known))
				continue;
			r = masked(setup, leaf, ones());
			KUNIT_EXPECT_EQ_MSG(test, r.a | r.b | r.c | r.d, 0U, "leaf %#x", leaf);
		}
	}
}

static void leaves_xsave(struct kunit *test)
{
	struct keel_guest_setup *setup = all(test);
	struct keel_cpuid r;

	setup->fpu_size = 0xa80;
	r = masked(setup, 0xd, ones());
	KUNIT_EXPECT_EQ(test, r.a, 0xe7U);
	KUNIT_EXPECT_EQ(test, r.c, 0xa80U);
	KUNIT_EXPECT_EQ(test, r.d, 0U);
	setup->xfeatures = 7;
	KUNIT_EXPECT_EQ(test, masked(setup, 0xd, ones()).a, 7U);
	/* none at all where Linux does without XSAVE */
	setup->xfeatures = 0;
	r = masked(setup, 0xd, ones());
	KUNIT_EXPECT_EQ(test, r.a | r.b | r.c | r.d, 0U);
}

/* The places in the table: each leaf at its own, and none for those that vary */
static void leaves_places(struct kunit *test)
{
	u32 leaf, at, i;

	for (i = 0; i < 64; i++) {
		at = keel_guest_leaf_simple(i);
		KUNIT_EXPECT_EQ_MSG(test, at, i == 1 || i == 4 || i == 7 || i == 0xb || i == 0xd ||
				    i >= 24 ?
				    (u32)KEEL_GUEST_LEAVES : i, "leaf %#x", i);
		leaf = EXTENDED + i;
		at = keel_guest_leaf_simple(leaf);
		KUNIT_EXPECT_EQ_MSG(test, at, i <= 8 ? KEEL_GUEST_BASIC + i :
				    (u32)KEEL_GUEST_LEAVES, "leaf %#x", leaf);
		KUNIT_EXPECT_EQ(test, keel_guest_leaf_simple(0x40000000 + i),
				(u32)KEEL_GUEST_LEAVES);
		KUNIT_EXPECT_EQ(test, keel_guest_leaf_simple(EXTENDED - 1 - i),
				(u32)KEEL_GUEST_LEAVES);
		KUNIT_EXPECT_EQ(test, keel_guest_leaf_simple(~0U - i), (u32)KEEL_GUEST_LEAVES);
	}
}

/* The table on the CPU that this runs on */
static void leaves_table(struct kunit *test)
{
	struct keel_guest_setup *setup = all(test);
	struct keel_cpuid r;
	u32 leaf, last, i;

	setup->xfeatures = 0;
	setup->tsc_khz = 1;
	keel_guest_leaves(setup);
	keel_cpuid(0, 0, &last, &r.b, &r.c, &r.d);
	for (i = 0; i < KEEL_GUEST_LEAVES; i++) {
		leaf = i < 24 ? i : EXTENDED + i - 24;
		if (leaf == 0x15 || leaf == 0x16)
			continue;
		r = (struct keel_cpuid) { 0 };
		if (leaf >= EXTENDED || leaf <= last)
			keel_cpuid(leaf, 0, &r.a, &r.b, &r.c, &r.d);
		/* the CPU's number is in there, and this may move between CPUs */
		if (leaf == 1)
			r.b &= 0xffffff;
		r = masked(setup, leaf, r);
		KUNIT_EXPECT_EQ_MSG(test, memcmp(&r, &setup->cpuid[i], sizeof(r)), 0, "leaf %#x",
				    leaf);
	}
	KUNIT_EXPECT_EQ(test, setup->fpu_size, 576U);
	KUNIT_EXPECT_EQ(test, setup->cr4, keel_guest_cr4(setup));
}

/* Sizes and places of the states, against the CPU that this runs on */
static void leaves_xsave_sizes(struct kunit *test)
{
	struct keel_guest_setup *setup = all(test);
	struct keel_cpuid first = { 7, 0, 0x340, 0 }, r, real;
	u32 i;

	keel_cpuid(0xd, 0, &real.a, &real.b, &real.c, &real.d);
	if ((real.a & 7) != 7) {
		kunit_skip(test, "no AVX here");
		return;
	}
	setup->xfeatures = 7;
	setup->tsc_khz = 1;
	keel_guest_leaves(setup);
	/* AVX's 256 bytes are right behind the header (SDM 13.4) */
	KUNIT_EXPECT_EQ(test, setup->fpu_size, 832U);

	r = first;
	keel_guest_leaf_d(setup, 0, &r);
	KUNIT_EXPECT_EQ(test, r.a, first.a);
	KUNIT_EXPECT_EQ(test, r.c, first.c);
	KUNIT_EXPECT_NE(test, r.b, 0U);
	/* neither XSAVES nor XFD, and no supervisor states */
	keel_guest_leaf_d(setup, 1, &r);
	KUNIT_EXPECT_EQ(test, r.a & ~7U, 0U);
	KUNIT_EXPECT_EQ(test, r.c | r.d, 0U);
	for (i = 2; i < 70; i++) {
		r = first;
		keel_guest_leaf_d(setup, i, &r);
		if (i == 2)
			KUNIT_EXPECT_TRUE(test, r.a == 256 && r.b == 576);
		else
			KUNIT_EXPECT_EQ_MSG(test, r.a | r.b | r.c | r.d, 0U, "subleaf %u", i);
	}
	/* without XSAVE they are as the table has them */
	setup->xfeatures = 0;
	for (i = 0; i < 4; i++) {
		r = (struct keel_cpuid) { 0 };
		keel_guest_leaf_d(setup, i, &r);
		KUNIT_EXPECT_EQ(test, r.a | r.b | r.c | r.d, 0U);
	}
}

/* Caches: their ways and sets as they are, shared by one vCPU or by all */
static void leaves_caches(struct kunit *test)
{
	static const struct {
		u32 real;
		u32 want;
	} rows[] = {
		/* data, instructions, second level; third level and beyond; none */
		{ 0x1c004121, 0x3c000121 }, { 0xfc1fc122, 0x3c000122 },
		{ 0xfc004143, 0x3c000143 }, { 0x1c03c163, 0x3c03c163 },
		{ 0xfc000183, 0x3c03c183 }, { 0xfc03c160, 0 },
	};
	struct keel_cpuid r;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		r = (struct keel_cpuid) { rows[i].real, 0x1c0003f, 0x3f, 6 };
		keel_guest_leaf_4(&r);
		KUNIT_EXPECT_EQ_MSG(test, r.a, rows[i].want, "row %u", i);
		KUNIT_EXPECT_EQ(test, r.b, rows[i].want ? 0x1c0003fU : 0);
		KUNIT_EXPECT_EQ(test, r.c, rows[i].want ? 0x3fU : 0);
		KUNIT_EXPECT_EQ(test, r.d, rows[i].want ? 6U : 0);
	}
}

/* CR4 (SDM 2.5): the bits that CPUID speaks of, and those that each CPU has */
static void leaves_cr4(struct kunit *test)
{
	static const struct {
		u32 leaf;
		u8 reg;
		u8 bit;
		u8 cr4;
	} rows[] = {
		{ 1, C, 17, 17 }, { 1, C, 26, 18 }, { 7, B, 0, 16 }, { 7, B, 7, 20 },
		{ 7, B, 20, 21 }, { 7, C, 2, 11 },
	};
	/* VME PVI TSD DE PSE PAE MCE PGE PCE OSFXSR OSXMMEXCPT */
	const u64 always = 0x7ff;
	struct keel_guest_setup *setup = all(test);
	u64 every = always;
	unsigned int i;
	u32 *regs;

	KUNIT_EXPECT_EQ(test, keel_guest_cr4(setup), always);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		regs = (u32 *)&setup->cpuid[rows[i].leaf];
		regs[rows[i].reg] = 1U << rows[i].bit;
		KUNIT_EXPECT_EQ_MSG(test, keel_guest_cr4(setup), always | 1ULL << rows[i].cr4,
				    "row %u", i);
		regs[rows[i].reg] = 0;
		every |= 1ULL << rows[i].cr4;
	}
	memset(setup->cpuid, 0xff, sizeof(setup->cpuid));
	KUNIT_EXPECT_EQ(test, keel_guest_cr4(setup), every);
	/* what is set beneath a guest: VMXE it cannot set itself */
	KUNIT_EXPECT_EQ(test, KEEL_GUEST_CR4_HELD, BIT_ULL(6) | BIT_ULL(13));
	KUNIT_EXPECT_EQ(test, every & BIT_ULL(13), 0ULL);
}

static struct kunit_case keel_guest_leaves_cases[] = {
	KUNIT_CASE(leaves_features),
	KUNIT_CASE(leaves_single_bits),
	KUNIT_CASE(leaves_hidden),
	KUNIT_CASE(leaves_others),
	KUNIT_CASE(leaves_unknown),
	KUNIT_CASE(leaves_xsave),
	KUNIT_CASE(leaves_places),
	KUNIT_CASE(leaves_table),
	KUNIT_CASE(leaves_xsave_sizes),
	KUNIT_CASE(leaves_caches),
	KUNIT_CASE(leaves_cr4),
	{}
};

static struct kunit_suite keel_guest_leaves_suite = {
	.name = "keel-guest-leaves",
	.test_cases = keel_guest_leaves_cases,
};

kunit_test_suites(&keel_guest_leaves_suite);
