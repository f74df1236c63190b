// SPDX-License-Identifier: GPL-2.0
/*
 * keel-cpuid: what the demoted host sees of CPUID, bit by bit, and which values
 * it can write to CR4.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/vmx/exit.h"
#include "../../kmod/vmx/hostvmcs.h"
#include "kit.h"

#define CR4_PAE		BIT_ULL(5)
#define CR4_LA57	BIT_ULL(12)
#define CR4_PCIDE	BIT_ULL(17)

#define HYPERVISOR	0x40000000U

/* RAX, RBX, RCX, RDX as the CPU gave them, and as they have to come out */
static void expect_patch(struct kunit *test, u32 leaf, u64 visible, const u64 in[4],
			 const u64 out[4])
{
	struct keel_regs regs, expected;

	memset(&regs, 0xa5, sizeof(regs));
	expected = regs;
	regs.rax = in[0];
	regs.rbx = in[1];
	regs.rcx = in[2];
	regs.rdx = in[3];
	expected.rax = out[0];
	expected.rbx = out[1];
	expected.rcx = out[2];
	expected.rdx = out[3];
	keel_cpuid_patch(leaf, visible, &regs);
	KUNIT_EXPECT_EQ_MSG(test, regs.rax, expected.rax, "leaf %#x", leaf);
	KUNIT_EXPECT_EQ_MSG(test, regs.rbx, expected.rbx, "leaf %#x", leaf);
	KUNIT_EXPECT_EQ_MSG(test, regs.rcx, expected.rcx, "leaf %#x", leaf);
	KUNIT_EXPECT_EQ_MSG(test, regs.rdx, expected.rdx, "leaf %#x", leaf);
	/* nor are other registers touched */
	KUNIT_EXPECT_EQ_MSG(test, memcmp(&regs, &expected, sizeof(regs)), 0, "leaf %#x", leaf);
}

/* leaf 1: VMX (5) gone, HYPERVISOR (31) on if visible, else as the CPU has it */
static void cpuid_leaf_1(struct kunit *test)
{
	unsigned int bit;
	u64 in[4], out[4];

	for (bit = 0; bit < 32; bit++) {
		u64 one = 1ULL << bit, all_but = 0xffffffff & ~one;

		memcpy(in, (const u64[4]) { one, one, one, one }, sizeof(in));
		memcpy(out, in, sizeof(out));
		out[2] = one & ~0x20ULL;
		expect_patch(test, 1, 0, in, out);
		out[2] |= 0x80000000;
		expect_patch(test, 1, KEEL_CPUID_HYPERVISOR, in, out);

		memcpy(in, (const u64[4]) { all_but, all_but, all_but, all_but }, sizeof(in));
		memcpy(out, in, sizeof(out));
		out[2] = all_but & ~0x20ULL;
		expect_patch(test, 1, 0, in, out);
		out[2] |= 0x80000000;
		expect_patch(test, 1, KEEL_CPUID_HYPERVISOR, in, out);
	}
}

/* leaf 0x40000000: Keel's name if visible, else what the CPU says */
static void cpuid_hypervisor(struct kunit *test)
{
	static const u64 in[4] = { 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d };
	u64 out[4] = { HYPERVISOR };
	unsigned int i;
	u32 part;

	for (i = 0; i < 3; i++) {
		memcpy(&part, "KeelKeelKeel" + 4 * i, sizeof(part));
		out[1 + i] = part;
	}
	expect_patch(test, HYPERVISOR, 0, in, in);
	expect_patch(test, HYPERVISOR, KEEL_CPUID_HYPERVISOR, in, out);
}

static void cpuid_other_leaves(struct kunit *test)
{
	static const u64 ones[4] = { ~0U, ~0U, ~0U, ~0U }, zeros[4] = { 0 };
	static const u32 bases[] = { 0, 0x40000000, 0x80000000, 0xfffffff0 };
	unsigned int b, i;

	for (b = 0; b < ARRAY_SIZE(bases); b++) {
		for (i = 0; i < 40; i++) {
			u32 leaf = bases[b] + i;

			if (leaf == 1 || leaf == HYPERVISOR)
				continue;
			expect_patch(test, leaf, 0, ones, ones);
			expect_patch(test, leaf, KEEL_CPUID_HYPERVISOR, ones, ones);
			expect_patch(test, leaf, 0, zeros, zeros);
			expect_patch(test, leaf, KEEL_CPUID_HYPERVISOR, zeros, zeros);
		}
	}
}

/*
 * OSXSAVE, OSPKE and AESKLE mirror the CR4 that CPUID is carried out with, which is
 * root's: so that follows Linux's, at the start and with each write that exits.
 */
static void cpuid_mirrors_cr4(struct kunit *test)
{
	struct keel_vmx_caps caps;

	kit_cpu(&caps);
	KUNIT_EXPECT_EQ(test, KEEL_CPUID_HYPERVISOR, BIT_ULL(31));
	KUNIT_EXPECT_EQ(test, KEEL_CR4_FOLLOWED, BIT_ULL(18) | BIT_ULL(19) | BIT_ULL(22));
	KUNIT_EXPECT_EQ(test, KEEL_CR4_FOLLOWED & ~KEEL_CR4_OWNED, 0ULL);
	KUNIT_EXPECT_EQ(test, keel_root_cr4(~0ULL, &caps) & KEEL_CR4_FOLLOWED, KEEL_CR4_FOLLOWED);
	KUNIT_EXPECT_EQ(test, keel_root_cr4(~KEEL_CR4_FOLLOWED, &caps) & KEEL_CR4_FOLLOWED, 0ULL);
}

#define LINUX_CR4	0x003606f0ULL		/* with PAE, PCIDE and OSXSAVE */
#define FIXED1		0x01ff7fffULL

static void cr4_valid(struct kunit *test)
{
	static const struct {
		const char *what;
		bool valid;
		u64 old, val, fixed1, cr3;
	} rows[] = {
		{ "no change", true, LINUX_CR4, LINUX_CR4, FIXED1, 0x1001 },
		{ "a bit on that there is", true, LINUX_CR4, LINUX_CR4 | 1, FIXED1, 0x1001 },
		{ "a bit off", true, LINUX_CR4 | 1, LINUX_CR4, FIXED1, 0x1001 },
		{ "a bit on that there is not", false, LINUX_CR4, LINUX_CR4 | 1 << 15, FIXED1, 0 },
		{ "one above bit 31", false, LINUX_CR4, LINUX_CR4 | 1ULL << 32, FIXED1, 0 },
		{ "bit 63", false, LINUX_CR4, LINUX_CR4 | 1ULL << 63, FIXED1, 0 },
		{ "one above bit 31 that there is", true, LINUX_CR4, LINUX_CR4 | 1ULL << 32,
		  FIXED1 | 1ULL << 32, 0 },
		{ "a bit that stays on though there is none", false, LINUX_CR4 | 1 << 15,
		  LINUX_CR4 | 1 << 15, FIXED1, 0 },
		{ "PAE off", false, LINUX_CR4, LINUX_CR4 & ~CR4_PAE, FIXED1, 0 },
		{ "PAE on", false, LINUX_CR4 & ~CR4_PAE, LINUX_CR4, FIXED1, 0 },
		{ "LA57 on", false, LINUX_CR4, LINUX_CR4 | CR4_LA57, FIXED1, 0 },
		{ "LA57 off", false, LINUX_CR4 | CR4_LA57, LINUX_CR4, FIXED1, 0 },
		{ "LA57 stays", true, LINUX_CR4 | CR4_LA57, LINUX_CR4 | CR4_LA57 | 1, FIXED1, 0 },
		{ "PCIDE on with PCID 0", true, LINUX_CR4 & ~CR4_PCIDE, LINUX_CR4, FIXED1,
		  0xfffffffffffff000 },
		{ "PCIDE on with PCID 1", false, LINUX_CR4 & ~CR4_PCIDE, LINUX_CR4, FIXED1,
		  0x1001 },
		{ "PCIDE on with PCID 0x800", false, LINUX_CR4 & ~CR4_PCIDE, LINUX_CR4, FIXED1,
		  0x1800 },
		{ "PCIDE off with PCID 1", true, LINUX_CR4, LINUX_CR4 & ~CR4_PCIDE, FIXED1,
		  0x1001 },
		{ "PCIDE on where there is none", false, LINUX_CR4 & ~CR4_PCIDE, LINUX_CR4,
		  FIXED1 & ~CR4_PCIDE, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, keel_cr4_valid(rows[i].old, rows[i].val, rows[i].fixed1,
							 rows[i].cr3), rows[i].valid, "%s",
				    rows[i].what);
}

/* each bit by itself, on and off */
static void cr4_valid_bits(struct kunit *test)
{
	u64 val, fixed1 = FIXED1;
	unsigned int bit;
	bool valid;

	for (bit = 0; bit < 64; bit++) {
		val = LINUX_CR4 ^ 1ULL << bit;
		valid = bit != 5 && bit != 12 && !(val & ~fixed1);
		KUNIT_EXPECT_EQ_MSG(test, keel_cr4_valid(LINUX_CR4, val, fixed1, 0x1000), valid,
				    "bit %u", bit);
	}
}

static struct kunit_case keel_cpuid_cases[] = {
	KUNIT_CASE(cpuid_leaf_1),
	KUNIT_CASE(cpuid_hypervisor),
	KUNIT_CASE(cpuid_other_leaves),
	KUNIT_CASE(cpuid_mirrors_cr4),
	KUNIT_CASE(cr4_valid),
	KUNIT_CASE(cr4_valid_bits),
	{}
};

static struct kunit_suite keel_cpuid_suite = {
	.name = "keel-cpuid",
	.test_cases = keel_cpuid_cases,
};

kunit_test_suites(&keel_cpuid_suite);
