// SPDX-License-Identifier: GPL-2.0
/*
 * keel-guest-setup: the controls of guests, against CPUs that were made up; the MSRs that
 * they have to themselves, bit by bit, and those that root answers for; values of
 * XCR0.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/msr-index.h>

#include "../../kmod/vmx/vcpu.h"
#include "kit.h"

/* What keeps a guest in, word by word: without one of these it could get out. */
static const u64 needed[KEEL_CTL_NR] = {
	[KEEL_CTL_PIN] = KEEL_PIN_EXT_INTR | KEEL_PIN_NMI | KEEL_PIN_VNMI |
			 KEEL_PIN_PREEMPTION_TIMER,
	[KEEL_CTL_PROC] = KEEL_PROC_TSC_OFFSET | KEEL_PROC_HLT | KEEL_PROC_MWAIT | KEEL_PROC_RDPMC |
			  KEEL_PROC_CR8_LOAD | KEEL_PROC_CR8_STORE | KEEL_PROC_MOV_DR |
			  KEEL_PROC_UNCOND_IO | KEEL_PROC_MSR_BITMAPS | KEEL_PROC_MONITOR |
			  KEEL_PROC_SECONDARY,
	[KEEL_CTL_PROC2] = KEEL_PROC2_EPT | KEEL_PROC2_VPID | KEEL_PROC2_UNRESTRICTED |
			   KEEL_PROC2_WBINVD,
	[KEEL_CTL_EXIT] = KEEL_EXIT_HOST_64 | KEEL_EXIT_SAVE_DEBUG | KEEL_EXIT_SAVE_PAT |
			  KEEL_EXIT_LOAD_PAT | KEEL_EXIT_SAVE_EFER | KEEL_EXIT_LOAD_EFER |
			  KEEL_EXIT_SAVE_TIMER,
	[KEEL_CTL_ENTRY] = KEEL_ENTRY_LOAD_DEBUG | KEEL_ENTRY_LOAD_PAT | KEEL_ENTRY_LOAD_EFER,
};

/* What guests get where the CPU has it */
static const u64 welcome[KEEL_CTL_NR] = {
	[KEEL_CTL_PROC] = KEEL_PROC_TPR_SHADOW,
	[KEEL_CTL_PROC2] = KEEL_PROC2_RDTSCP | KEEL_PROC2_INVPCID | KEEL_PROC2_PLE |
			   KEEL_PROC2_X2APIC | KEEL_PROC2_APIC_REGISTER | KEEL_PROC2_VIRT_INTR,
};

/* What is set only at times, and has to be there all the same */
static const u64 at_times[KEEL_CTL_NR] = {
	[KEEL_CTL_PROC] = KEEL_PROC_INTR_WINDOW | KEEL_PROC_NMI_WINDOW,
};

static bool resolve(const struct keel_vmx_caps *caps, u64 ctl[KEEL_CTL_NR],
		    struct keel_ctl_refusal *why)
{
	return keel_ctl_resolve(caps, keel_guest_want, ctl, why);
}

static void setup_controls(struct kunit *test)
{
	struct keel_ctl_refusal why;
	struct keel_vmx_caps caps;
	u64 ctl[KEEL_CTL_NR];
	unsigned int w;

	kit_cpu(&caps);
	KUNIT_ASSERT_TRUE(test, resolve(&caps, ctl, &why));
	for (w = 0; w < KEEL_CTL_NR; w++)
		KUNIT_EXPECT_EQ_MSG(test, ctl[w], needed[w] | welcome[w] | kit_default1[w],
				    "word %u", w);
}

/* each missing control: a refusal that names it, or guests without it */
static void setup_missing(struct kunit *test)
{
	struct keel_ctl_refusal why;
	struct keel_vmx_caps caps;
	u64 ctl[KEEL_CTL_NR], one;
	unsigned int w, bit, refused = 0, want = 0;
	bool ok;

	for (w = 0; w < KEEL_CTL_NR; w++) {
		want += hweight64(needed[w] | at_times[w]);
		for (bit = 0; bit < 32; bit++) {
			one = 1ULL << bit;
			if (kit_default1[w] & one)
				continue;
			kit_cpu(&caps);
			caps.ctl[w].may &= ~one;
			ok = resolve(&caps, ctl, &why);
			KUNIT_EXPECT_EQ_MSG(test, ok, !((needed[w] | at_times[w]) & one),
					    "word %u bit %u", w, bit);
			if (ok) {
				KUNIT_EXPECT_EQ(test, ctl[w] & one, 0ULL);
				continue;
			}
			refused++;
			KUNIT_EXPECT_TRUE_MSG(test, why.word == w && why.bit == bit && !why.stuck,
					      "word %u bit %u", w, bit);
		}
	}
	KUNIT_EXPECT_EQ(test, refused, want);
}

/* each control that is stuck at 1 and that guests do not ask for */
static void setup_stuck(struct kunit *test)
{
	static const struct {
		u8 word;
		u8 bit;
	} named[] = {
#define KEEL_C(word, name, bit, text) { KEEL_CTL_##word, bit },
		KEEL_CTL_BITS(KEEL_C)
#undef KEEL_C
	};
	struct keel_ctl_refusal why;
	struct keel_vmx_caps caps;
	u64 ctl[KEEL_CTL_NR], one;
	unsigned int i, w;

	for (i = 0; i < ARRAY_SIZE(named); i++) {
		w = named[i].word;
		one = 1ULL << named[i].bit;
		kit_cpu(&caps);
		caps.ctl[w].must |= one;
		KUNIT_EXPECT_EQ_MSG(test, resolve(&caps, ctl, &why),
				    !!((needed[w] | welcome[w]) & one), "word %u bit %u", w,
				    named[i].bit);
	}
}

/* Reads of 0 to 1fff, reads of c0000000 to c0001fff, then writes alike (SDM 24.6.9) */
static bool exits(const u8 *bitmap, u32 msr, bool write)
{
	unsigned int at = (msr >= 0xc0000000) * 1024 + write * 2048 + (msr & 0x1fff) / 8;

	return bitmap[at] >> (msr & 7) & 1;
}

/* The APIC's, where the CPU helps: what is there to read, but for the current count; TPR,
 * EOI and self-IPI to write
 */
static bool is_apic(u32 msr, bool write)
{
	if (write)
		return msr == 0x808 || msr == 0x80b || msr == 0x83f;
	return msr == 0x802 || msr == 0x803 || msr == 0x808 || msr == 0x80a || msr == 0x80d ||
	       msr == 0x80f || (msr >= 0x810 && msr <= 0x828) || msr == 0x830 ||
	       (msr >= 0x832 && msr <= 0x838) || msr == 0x83e;
}

static bool is_own(u32 msr, bool write, bool tsc_aux)
{
	switch (msr) {
	case 0x10:		/* the TSC: guests see the machine's */
		return !write;
	case 0x174:		/* SYSENTER's three */
	case 0x175:
	case 0x176:
	case 0x277:		/* PAT */
	case 0xc0000080:	/* EFER */
	case 0xc0000081:	/* STAR, LSTAR, CSTAR, FMASK */
	case 0xc0000082:
	case 0xc0000083:
	case 0xc0000084:
	case 0xc0000100:	/* bases of FS and GS, and the other one of GS */
	case 0xc0000101:
	case 0xc0000102:
		return true;
	case 0xc0000103:
		return tsc_aux;
	default:
		return false;
	}
}

static void expect_bitmap(struct kunit *test, u8 *bitmap, bool tsc_aux)
{
	unsigned int high, i, pass = 0;
	bool want;
	u32 msr;

	/* whatever was there */
	memset(bitmap, 0x5a, 4096);
	keel_guest_msr_bitmap(bitmap, tsc_aux);
	for (high = 0; high < 2; high++) {
		for (i = 0; i < 8192; i++) {
			msr = high * 0xc0000000 + i;
			want = is_own(msr, false, tsc_aux);
			KUNIT_EXPECT_EQ_MSG(test, exits(bitmap, msr, false), !want, "RDMSR %#x",
					    msr);
			pass += want;
			want = is_own(msr, true, tsc_aux);
			KUNIT_EXPECT_EQ_MSG(test, exits(bitmap, msr, true), !want, "WRMSR %#x",
					    msr);
			pass += want;
		}
	}
	KUNIT_EXPECT_EQ(test, pass, tsc_aux ? 27U : 25U);
}

static void setup_msr_bitmap(struct kunit *test)
{
	u8 *bitmap = kunit_kzalloc(test, 4096, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bitmap);
	expect_bitmap(test, bitmap, true);
	expect_bitmap(test, bitmap, false);
}

static void setup_msr_apic(struct kunit *test)
{
	u8 *bitmap = kunit_kzalloc(test, 4096, GFP_KERNEL);
	unsigned int high, i, write;
	u32 msr;

	KUNIT_ASSERT_NOT_NULL(test, bitmap);
	keel_guest_msr_bitmap(bitmap, true);
	keel_guest_msr_apic(bitmap);
	for (high = 0; high < 2; high++) {
		for (i = 0; i < 2 * 8192; i++) {
			msr = high * 0xc0000000 + i / 2;
			write = i % 2;
			KUNIT_EXPECT_EQ_MSG(test, exits(bitmap, msr, write),
					    !is_own(msr, write, true) && !is_apic(msr, write),
					    "%#x, write %u", msr, write);
		}
	}
}

/* the CPU does all of it, or nothing */
static void setup_assist(struct kunit *test)
{
	static const struct {
		u8 word;
		u32 bit;
	} wanted[] = {
		{ KEEL_CTL_PROC, KEEL_PROC_TPR_SHADOW }, { KEEL_CTL_PROC2, KEEL_PROC2_X2APIC },
		{ KEEL_CTL_PROC2, KEEL_PROC2_APIC_REGISTER },
		{ KEEL_CTL_PROC2, KEEL_PROC2_VIRT_INTR },
	};
	u64 ctl[KEEL_CTL_NR] = { 0 };
	unsigned int i;

	KUNIT_EXPECT_FALSE(test, keel_guest_assist(ctl));
	for (i = 0; i < ARRAY_SIZE(wanted); i++)
		ctl[wanted[i].word] |= wanted[i].bit;
	KUNIT_EXPECT_TRUE(test, keel_guest_assist(ctl));
	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		ctl[wanted[i].word] &= ~(u64)wanted[i].bit;
		KUNIT_EXPECT_FALSE_MSG(test, keel_guest_assist(ctl), "%u", i);
		ctl[wanted[i].word] |= wanted[i].bit;
	}
}

/* A guest's own MSRs are switched: by the VMCS, or by root, and TSC_AUX last */
static void setup_msrs_are_switched(struct kunit *test)
{
	static const u32 by_vmcs[] = {
		MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP,
		MSR_IA32_CR_PAT, MSR_EFER, MSR_FS_BASE, MSR_GS_BASE,
	};
	unsigned int high, i, k, switched = 0;
	u32 msr;

	for (high = 0; high < 2; high++) {
		for (i = 0; i < 8192; i++) {
			msr = high * 0xc0000000 + i;
			if (!is_own(msr, true, true))
				continue;
			for (k = 0; k < ARRAY_SIZE(by_vmcs); k++)
				switched += by_vmcs[k] == msr;
			for (k = 0; k < KEEL_SWAP_MSRS; k++)
				switched += keel_swap_msr[k] == msr;
		}
	}
	KUNIT_EXPECT_EQ(test, switched, (unsigned int)ARRAY_SIZE(by_vmcs) + KEEL_SWAP_MSRS);
	KUNIT_EXPECT_EQ(test, keel_swap_msr[KEEL_SWAP_MSRS - 1], (u32)MSR_TSC_AUX);
}

/* MSRs that exit: a few are constants, and all others are not there */
static void setup_msr_constants(struct kunit *test)
{
	static const struct {
		u32 msr;
		bool writable;
		u64 val;
	} rows[] = {
		{ 0x17, false, 0 },	/* platform id */
		{ 0x8b, true, 0 },	/* microcode revision */
		{ 0x10a, false, 0x123456789abcdef },	/* what it is immune to */
		{ 0x1a0, true, 0x1801 },	/* MISC_ENABLE: fast strings; no BTS, no PEBS */
	};
	const struct keel_guest_setup setup = {
		.immune = 0x123456789abcdef, .misc_enable = 0x1801,
	};
	unsigned int high, i, r;
	u64 val;
	u32 msr;

	for (high = 0; high < 2; high++) {
		for (i = 0; i < 8192; i++) {
			msr = high * 0xc0000000 + i;
			val = 0xa5;
			for (r = 0; r < ARRAY_SIZE(rows) && rows[r].msr != msr; r++)
				;
			KUNIT_EXPECT_EQ_MSG(test, keel_guest_msr(&setup, msr, false, &val),
					    r < ARRAY_SIZE(rows), "RDMSR %#x", msr);
			KUNIT_EXPECT_EQ_MSG(test, val, r < ARRAY_SIZE(rows) ? rows[r].val : 0xa5ULL,
					    "RDMSR %#x", msr);
			KUNIT_EXPECT_EQ_MSG(test, keel_guest_msr(&setup, msr, true, &val),
					    r < ARRAY_SIZE(rows) && rows[r].writable, "WRMSR %#x",
					    msr);
		}
	}
	/* neither those that a hypervisor or the APIC would have */
	for (msr = 0x40000000; msr < 0x40000200; msr++)
		KUNIT_EXPECT_FALSE(test, keel_guest_msr(&setup, msr, false, &val));
	KUNIT_EXPECT_FALSE(test, keel_guest_msr(&setup, ~0U, false, &val));
}

/* every value of the low byte, against the rules (SDM 13.3) */
static void setup_xcr0(struct kunit *test)
{
	static const u64 xfeatures[] = { 0, 1, 3, 7, 0xe7 };
	unsigned int x, bit;
	bool valid;
	u64 val;

	for (x = 0; x < ARRAY_SIZE(xfeatures); x++) {
		for (val = 0; val < 256; val++) {
			valid = val == 1 || val == 3 || val == 7 || val == 0xe7;
			valid = valid && !(val & ~xfeatures[x]);
			KUNIT_EXPECT_EQ_MSG(test, keel_guest_xcr0_valid(val, xfeatures[x]), valid,
					    "XCR0 %#llx of %#llx", val, xfeatures[x]);
		}
	}
	for (bit = 8; bit < 64; bit++)
		KUNIT_EXPECT_FALSE(test, keel_guest_xcr0_valid(7 | 1ULL << bit, KEEL_XFEATURES));
	KUNIT_EXPECT_EQ(test, KEEL_XFEATURES, 0xe7ULL);
}

static struct kunit_case keel_guest_setup_cases[] = {
	KUNIT_CASE(setup_controls),
	KUNIT_CASE(setup_missing),
	KUNIT_CASE(setup_stuck),
	KUNIT_CASE(setup_msr_bitmap),
	KUNIT_CASE(setup_msr_apic),
	KUNIT_CASE(setup_assist),
	KUNIT_CASE(setup_msrs_are_switched),
	KUNIT_CASE(setup_msr_constants),
	KUNIT_CASE(setup_xcr0),
	{}
};

static struct kunit_suite keel_guest_setup_suite = {
	.name = "keel-guest-setup",
	.test_cases = keel_guest_setup_cases,
};

kunit_test_suites(&keel_guest_setup_suite);
