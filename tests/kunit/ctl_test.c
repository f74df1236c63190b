// SPDX-License-Identifier: GPL-2.0
/*
 * keel-ctl: control bits are declared right, and what Keel wants of them is
 * resolved against CPUs that were made up: such as have all, lack one, hold one
 * at 1, or allow anything at random.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/vmx.h>

#include "../../kmod/vmx/ctl.h"
#include "../../kmod/vmx/hostvmcs.h"
#include "kit.h"

struct bit_row {
	u8 word;
	u8 bit;
	u32 mask;
	const char *text;
};

static const struct bit_row all_bits[] = {
#define KEEL_C(word, name, bit, text) { KEEL_CTL_##word, bit, KEEL_##word##_##name, text },
	KEEL_CTL_BITS(KEEL_C)
#undef KEEL_C
};

static u64 named(unsigned int word)
{
	u64 mask = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all_bits); i++)
		if (all_bits[i].word == word)
			mask |= 1ULL << all_bits[i].bit;
	return mask;
}

static void ctl_bits_are_unique(struct kunit *test)
{
	u64 seen[KEEL_CTL_NR] = { 0 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(all_bits); i++) {
		const struct bit_row *b = &all_bits[i];

		KUNIT_ASSERT_LT(test, b->bit, 32);
		KUNIT_EXPECT_EQ_MSG(test, b->mask, 1U << b->bit, "%s", b->text);
		KUNIT_EXPECT_FALSE_MSG(test, seen[b->word] >> b->bit & 1, "%s, bit %u", b->text,
				       b->bit);
		seen[b->word] |= 1ULL << b->bit;
		for (j = 0; j < i; j++)
			if (all_bits[j].word == b->word)
				KUNIT_EXPECT_NE(test, strcmp(all_bits[j].text, b->text), 0);
	}
}

static void ctl_names(struct kunit *test)
{
	u64 seen[KEEL_CTL_NR] = { 0 };
	unsigned int w, i;

	for (i = 0; i < ARRAY_SIZE(all_bits); i++) {
		seen[all_bits[i].word] |= 1ULL << all_bits[i].bit;
		KUNIT_EXPECT_STREQ(test, keel_ctl_bit_name(all_bits[i].word, all_bits[i].bit),
				   all_bits[i].text);
	}
	for (w = 0; w < KEEL_CTL_NR; w++) {
		KUNIT_ASSERT_NOT_NULL(test, keel_ctl_word_name(w));
		for (i = 0; i < w; i++)
			KUNIT_EXPECT_NE(test, strcmp(keel_ctl_word_name(w), keel_ctl_word_name(i)),
					0);
		for (i = 0; i < 64; i++)
			if (!(seen[w] >> i & 1))
				KUNIT_EXPECT_NULL_MSG(test, (void *)keel_ctl_bit_name(w, i),
						      "word %u bit %u", w, i);
	}
	KUNIT_EXPECT_STREQ(test, keel_ctl_word_name(KEEL_CTL_PROC2), "secondary processor-based");
	KUNIT_EXPECT_STREQ(test, keel_ctl_bit_name(KEEL_CTL_PROC2, 7), "unrestricted guest");
}

/* against Linux's own header */
static void ctl_bits_are_linuxs(struct kunit *test)
{
	static const struct {
		u32 ours;
		u32 linuxs;
	} rows[] = {
		{ KEEL_PIN_EXT_INTR, PIN_BASED_EXT_INTR_MASK },
		{ KEEL_PIN_NMI, PIN_BASED_NMI_EXITING },
		{ KEEL_PIN_VNMI, PIN_BASED_VIRTUAL_NMIS },
		{ KEEL_PIN_PREEMPTION_TIMER, PIN_BASED_VMX_PREEMPTION_TIMER },
		{ KEEL_PIN_POSTED_INTR, PIN_BASED_POSTED_INTR },

		{ KEEL_PROC_INTR_WINDOW, CPU_BASED_INTR_WINDOW_EXITING },
		{ KEEL_PROC_TSC_OFFSET, CPU_BASED_USE_TSC_OFFSETTING },
		{ KEEL_PROC_HLT, CPU_BASED_HLT_EXITING },
		{ KEEL_PROC_INVLPG, CPU_BASED_INVLPG_EXITING },
		{ KEEL_PROC_MWAIT, CPU_BASED_MWAIT_EXITING },
		{ KEEL_PROC_RDPMC, CPU_BASED_RDPMC_EXITING },
		{ KEEL_PROC_RDTSC, CPU_BASED_RDTSC_EXITING },
		{ KEEL_PROC_CR3_LOAD, CPU_BASED_CR3_LOAD_EXITING },
		{ KEEL_PROC_CR3_STORE, CPU_BASED_CR3_STORE_EXITING },
		{ KEEL_PROC_TERTIARY, CPU_BASED_ACTIVATE_TERTIARY_CONTROLS },
		{ KEEL_PROC_CR8_LOAD, CPU_BASED_CR8_LOAD_EXITING },
		{ KEEL_PROC_CR8_STORE, CPU_BASED_CR8_STORE_EXITING },
		{ KEEL_PROC_TPR_SHADOW, CPU_BASED_TPR_SHADOW },
		{ KEEL_PROC_NMI_WINDOW, CPU_BASED_NMI_WINDOW_EXITING },
		{ KEEL_PROC_MOV_DR, CPU_BASED_MOV_DR_EXITING },
		{ KEEL_PROC_UNCOND_IO, CPU_BASED_UNCOND_IO_EXITING },
		{ KEEL_PROC_IO_BITMAPS, CPU_BASED_USE_IO_BITMAPS },
		{ KEEL_PROC_MTF, CPU_BASED_MONITOR_TRAP_FLAG },
		{ KEEL_PROC_MSR_BITMAPS, CPU_BASED_USE_MSR_BITMAPS },
		{ KEEL_PROC_MONITOR, CPU_BASED_MONITOR_EXITING },
		{ KEEL_PROC_PAUSE, CPU_BASED_PAUSE_EXITING },
		{ KEEL_PROC_SECONDARY, CPU_BASED_ACTIVATE_SECONDARY_CONTROLS },

		{ KEEL_PROC2_APIC_ACCESS, SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES },
		{ KEEL_PROC2_EPT, SECONDARY_EXEC_ENABLE_EPT },
		{ KEEL_PROC2_DESC_TABLE, SECONDARY_EXEC_DESC },
		{ KEEL_PROC2_RDTSCP, SECONDARY_EXEC_ENABLE_RDTSCP },
		{ KEEL_PROC2_X2APIC, SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE },
		{ KEEL_PROC2_VPID, SECONDARY_EXEC_ENABLE_VPID },
		{ KEEL_PROC2_WBINVD, SECONDARY_EXEC_WBINVD_EXITING },
		{ KEEL_PROC2_UNRESTRICTED, SECONDARY_EXEC_UNRESTRICTED_GUEST },
		{ KEEL_PROC2_APIC_REGISTER, SECONDARY_EXEC_APIC_REGISTER_VIRT },
		{ KEEL_PROC2_VIRT_INTR, SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY },
		{ KEEL_PROC2_PLE, SECONDARY_EXEC_PAUSE_LOOP_EXITING },
		{ KEEL_PROC2_RDRAND, SECONDARY_EXEC_RDRAND_EXITING },
		{ KEEL_PROC2_INVPCID, SECONDARY_EXEC_ENABLE_INVPCID },
		{ KEEL_PROC2_VMFUNC, SECONDARY_EXEC_ENABLE_VMFUNC },
		{ KEEL_PROC2_SHADOW_VMCS, SECONDARY_EXEC_SHADOW_VMCS },
		{ KEEL_PROC2_ENCLS, SECONDARY_EXEC_ENCLS_EXITING },
		{ KEEL_PROC2_RDSEED, SECONDARY_EXEC_RDSEED_EXITING },
		{ KEEL_PROC2_PML, SECONDARY_EXEC_ENABLE_PML },
		{ KEEL_PROC2_PT_CONCEAL, SECONDARY_EXEC_PT_CONCEAL_VMX },
		{ KEEL_PROC2_XSAVES, SECONDARY_EXEC_XSAVES },
		{ KEEL_PROC2_MBEC, SECONDARY_EXEC_MODE_BASED_EPT_EXEC },
		{ KEEL_PROC2_PT_GPA, SECONDARY_EXEC_PT_USE_GPA },
		{ KEEL_PROC2_TSC_SCALING, SECONDARY_EXEC_TSC_SCALING },
		{ KEEL_PROC2_USER_WAIT, SECONDARY_EXEC_ENABLE_USR_WAIT_PAUSE },
		{ KEEL_PROC2_BUS_LOCK, SECONDARY_EXEC_BUS_LOCK_DETECTION },

		{ KEEL_EXIT_SAVE_DEBUG, VM_EXIT_SAVE_DEBUG_CONTROLS },
		{ KEEL_EXIT_HOST_64, VM_EXIT_HOST_ADDR_SPACE_SIZE },
		{ KEEL_EXIT_LOAD_PERF, VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL },
		{ KEEL_EXIT_ACK_INTR, VM_EXIT_ACK_INTR_ON_EXIT },
		{ KEEL_EXIT_SAVE_PAT, VM_EXIT_SAVE_IA32_PAT },
		{ KEEL_EXIT_LOAD_PAT, VM_EXIT_LOAD_IA32_PAT },
		{ KEEL_EXIT_SAVE_EFER, VM_EXIT_SAVE_IA32_EFER },
		{ KEEL_EXIT_LOAD_EFER, VM_EXIT_LOAD_IA32_EFER },
		{ KEEL_EXIT_SAVE_TIMER, VM_EXIT_SAVE_VMX_PREEMPTION_TIMER },
		{ KEEL_EXIT_CLEAR_BNDCFGS, VM_EXIT_CLEAR_BNDCFGS },
		{ KEEL_EXIT_PT_CONCEAL, VM_EXIT_PT_CONCEAL_PIP },
		{ KEEL_EXIT_CLEAR_RTIT, VM_EXIT_CLEAR_IA32_RTIT_CTL },

		{ KEEL_ENTRY_LOAD_DEBUG, VM_ENTRY_LOAD_DEBUG_CONTROLS },
		{ KEEL_ENTRY_IA32E, VM_ENTRY_IA32E_MODE },
		{ KEEL_ENTRY_SMM, VM_ENTRY_SMM },
		{ KEEL_ENTRY_DEACT_DUAL, VM_ENTRY_DEACT_DUAL_MONITOR },
		{ KEEL_ENTRY_LOAD_PERF, VM_ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL },
		{ KEEL_ENTRY_LOAD_PAT, VM_ENTRY_LOAD_IA32_PAT },
		{ KEEL_ENTRY_LOAD_EFER, VM_ENTRY_LOAD_IA32_EFER },
		{ KEEL_ENTRY_LOAD_BNDCFGS, VM_ENTRY_LOAD_BNDCFGS },
		{ KEEL_ENTRY_PT_CONCEAL, VM_ENTRY_PT_CONCEAL_PIP },
		{ KEEL_ENTRY_LOAD_RTIT, VM_ENTRY_LOAD_IA32_RTIT_CTL },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, rows[i].ours, rows[i].linuxs, "row %u", i);
	/*
	 * The bits that CPUs hold at 1 have no names, but for those that the
	 * "true" MSRs can turn off.
	 */
	KUNIT_EXPECT_EQ(test, named(KEEL_CTL_PIN) & PIN_BASED_ALWAYSON_WITHOUT_TRUE_MSR, 0ULL);
	KUNIT_EXPECT_EQ(test, named(KEEL_CTL_PROC) & CPU_BASED_ALWAYSON_WITHOUT_TRUE_MSR,
			(u64)(KEEL_PROC_CR3_LOAD | KEEL_PROC_CR3_STORE));
	KUNIT_EXPECT_EQ(test, named(KEEL_CTL_EXIT) & VM_EXIT_ALWAYSON_WITHOUT_TRUE_MSR,
			(u64)KEEL_EXIT_SAVE_DEBUG);
	KUNIT_EXPECT_EQ(test, named(KEEL_CTL_ENTRY) & VM_ENTRY_ALWAYSON_WITHOUT_TRUE_MSR,
			(u64)KEEL_ENTRY_LOAD_DEBUG);
}

/* what the demoted host wants */
static void ctl_host_wants(struct kunit *test)
{
	static const struct keel_ctl_want expected[KEEL_CTL_NR] = {
		[KEEL_CTL_PROC] = { KEEL_PROC_MSR_BITMAPS | KEEL_PROC_SECONDARY,
				    KEEL_PROC_TERTIARY },
		[KEEL_CTL_PROC2] = { KEEL_PROC2_EPT | KEEL_PROC2_VPID | KEEL_PROC2_UNRESTRICTED,
				     KEEL_PROC2_RDTSCP | KEEL_PROC2_INVPCID | KEEL_PROC2_XSAVES |
				     KEEL_PROC2_USER_WAIT | KEEL_PROC2_PCONFIG },
		[KEEL_CTL_PROC3] = { 0, KEEL_PROC3_MSR_LIST },
		[KEEL_CTL_EXIT] = { KEEL_EXIT_HOST_64 | KEEL_EXIT_SAVE_DEBUG | KEEL_EXIT_SAVE_PAT |
				    KEEL_EXIT_LOAD_PAT | KEEL_EXIT_SAVE_EFER |
				    KEEL_EXIT_LOAD_EFER, 0 },
		[KEEL_CTL_ENTRY] = { KEEL_ENTRY_IA32E | KEEL_ENTRY_LOAD_DEBUG |
				     KEEL_ENTRY_LOAD_PAT | KEEL_ENTRY_LOAD_EFER, 0 },
	};
	unsigned int w;

	for (w = 0; w < KEEL_CTL_NR; w++) {
		const struct keel_ctl_want *want = &keel_host_want[w];

		KUNIT_EXPECT_EQ_MSG(test, want->required, expected[w].required, "word %u", w);
		KUNIT_EXPECT_EQ_MSG(test, want->optional, expected[w].optional, "word %u", w);
		KUNIT_EXPECT_EQ_MSG(test, want->required & want->optional, 0ULL, "word %u", w);
		KUNIT_EXPECT_EQ_MSG(test, (want->required | want->optional) & ~named(w), 0ULL,
				    "word %u: a bit without a name", w);
	}
}

static void ctl_all_available(struct kunit *test)
{
	struct keel_ctl_refusal why = { 0xff, 0xff, true };
	struct keel_vmx_caps caps;
	u64 ctl[KEEL_CTL_NR];
	unsigned int w;

	kit_cpu(&caps);
	memset(ctl, 0xff, sizeof(ctl));
	KUNIT_ASSERT_TRUE(test, keel_ctl_resolve(&caps, keel_host_want, ctl, &why));
	for (w = 0; w < KEEL_CTL_NR; w++)
		KUNIT_EXPECT_EQ_MSG(test, ctl[w], keel_host_want[w].required |
				    keel_host_want[w].optional | kit_default1[w],
				    "%s", keel_ctl_word_name(w));
}

/* the least that is enough: nothing but the required bits */
static void ctl_least(struct kunit *test)
{
	struct keel_ctl_refusal why;
	struct keel_vmx_caps caps;
	u64 ctl[KEEL_CTL_NR];
	unsigned int w;

	kit_cpu(&caps);
	for (w = 0; w < KEEL_CTL_NR; w++)
		caps.ctl[w].may = keel_host_want[w].required | kit_default1[w];
	KUNIT_ASSERT_TRUE(test, keel_ctl_resolve(&caps, keel_host_want, ctl, &why));
	for (w = 0; w < KEEL_CTL_NR; w++)
		KUNIT_EXPECT_EQ_MSG(test, ctl[w], caps.ctl[w].may, "%s", keel_ctl_word_name(w));
}

static void ctl_required_missing(struct kunit *test)
{
	struct keel_ctl_refusal why;
	struct keel_vmx_caps caps;
	u64 ctl[KEEL_CTL_NR];
	unsigned int w, bit, n = 0;

	for (w = 0; w < KEEL_CTL_NR; w++) {
		for (bit = 0; bit < 64; bit++) {
			if (!(keel_host_want[w].required >> bit & 1))
				continue;
			kit_cpu(&caps);
			caps.ctl[w].may &= ~(1ULL << bit);
			memset(&why, 0xff, sizeof(why));
			KUNIT_ASSERT_FALSE_MSG(test, keel_ctl_resolve(&caps, keel_host_want, ctl,
								      &why),
					       "%s", keel_ctl_bit_name(w, bit));
			KUNIT_EXPECT_EQ(test, why.word, w);
			KUNIT_EXPECT_EQ(test, why.bit, bit);
			KUNIT_EXPECT_FALSE(test, why.stuck);
			KUNIT_EXPECT_NOT_NULL(test, keel_ctl_bit_name(why.word, why.bit));
			n++;
		}
	}
	KUNIT_EXPECT_EQ(test, n, 15U);
}

static void ctl_optional_missing(struct kunit *test)
{
	struct keel_ctl_refusal why;
	struct keel_vmx_caps caps;
	u64 ctl[KEEL_CTL_NR];
	unsigned int w, bit, n = 0;

	for (w = 0; w < KEEL_CTL_NR; w++) {
		for (bit = 0; bit < 64; bit++) {
			if (!(keel_host_want[w].optional >> bit & 1))
				continue;
			kit_cpu(&caps);
			caps.ctl[w].may &= ~(1ULL << bit);
			KUNIT_ASSERT_TRUE_MSG(test, keel_ctl_resolve(&caps, keel_host_want, ctl,
								     &why),
					      "%s", keel_ctl_bit_name(w, bit));
			KUNIT_EXPECT_EQ(test, ctl[w], keel_host_want[w].required | kit_default1[w] |
					(keel_host_want[w].optional & ~(1ULL << bit)));
			n++;
		}
	}
	KUNIT_EXPECT_EQ(test, n, 7U);
}

/* of several, the one that is told: the first word, there what is missing, the lowest bit */
static void ctl_which_is_told(struct kunit *test)
{
	struct keel_ctl_refusal why;
	struct keel_vmx_caps caps;
	u64 ctl[KEEL_CTL_NR];

	kit_cpu(&caps);
	caps.ctl[KEEL_CTL_ENTRY].may &= ~(u64)KEEL_ENTRY_IA32E;
	caps.ctl[KEEL_CTL_PROC2].may &= ~(u64)(KEEL_PROC2_VPID | KEEL_PROC2_UNRESTRICTED);
	caps.ctl[KEEL_CTL_PROC2].must |= KEEL_PROC2_APIC_ACCESS;
	KUNIT_ASSERT_FALSE(test, keel_ctl_resolve(&caps, keel_host_want, ctl, &why));
	KUNIT_EXPECT_EQ(test, why.word, (u8)KEEL_CTL_PROC2);
	KUNIT_EXPECT_EQ(test, why.bit, 5);
	KUNIT_EXPECT_FALSE(test, why.stuck);

	caps.ctl[KEEL_CTL_PIN].must |= KEEL_PIN_NMI | KEEL_PIN_VNMI;
	KUNIT_ASSERT_FALSE(test, keel_ctl_resolve(&caps, keel_host_want, ctl, &why));
	KUNIT_EXPECT_EQ(test, why.word, (u8)KEEL_CTL_PIN);
	KUNIT_EXPECT_EQ(test, why.bit, 3);
	KUNIT_EXPECT_TRUE(test, why.stuck);
}

/* each named bit, held at 1 */
static void ctl_named_stuck(struct kunit *test)
{
	struct keel_ctl_refusal why;
	struct keel_vmx_caps caps;
	u64 ctl[KEEL_CTL_NR];
	unsigned int i;
	bool ok;

	for (i = 0; i < ARRAY_SIZE(all_bits); i++) {
		const struct bit_row *b = &all_bits[i];
		const struct keel_ctl_want *want = &keel_host_want[b->word];
		bool wanted = (want->required | want->optional) & b->mask;

		kit_cpu(&caps);
		caps.ctl[b->word].must |= b->mask;
		memset(&why, 0, sizeof(why));
		ok = keel_ctl_resolve(&caps, keel_host_want, ctl, &why);
		KUNIT_ASSERT_EQ_MSG(test, ok, wanted, "%s", b->text);
		if (ok)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, why.word, b->word, "%s", b->text);
		KUNIT_EXPECT_EQ_MSG(test, why.bit, b->bit, "%s", b->text);
		KUNIT_EXPECT_TRUE_MSG(test, why.stuck, "%s", b->text);
	}
}

/* a CPU without the "true" MSRs cannot be rid of CR3 exits */
static void ctl_without_true_controls(struct kunit *test)
{
	struct keel_ctl_refusal why;
	struct keel_vmx_caps caps;
	u64 ctl[KEEL_CTL_NR];

	kit_cpu(&caps);
	caps.basic &= ~KEEL_BASIC_TRUE_CTLS;
	caps.ctl[KEEL_CTL_PROC].must = CPU_BASED_ALWAYSON_WITHOUT_TRUE_MSR;
	caps.ctl[KEEL_CTL_EXIT].must = VM_EXIT_ALWAYSON_WITHOUT_TRUE_MSR;
	caps.ctl[KEEL_CTL_ENTRY].must = VM_ENTRY_ALWAYSON_WITHOUT_TRUE_MSR;
	KUNIT_ASSERT_FALSE(test, keel_ctl_resolve(&caps, keel_host_want, ctl, &why));
	KUNIT_EXPECT_EQ(test, why.word, (u8)KEEL_CTL_PROC);
	KUNIT_EXPECT_TRUE(test, why.stuck);
	KUNIT_EXPECT_STREQ(test, keel_ctl_bit_name(why.word, why.bit), "CR3-load exiting");

	/* the debug controls that it also holds at 1 are wanted anyway */
	caps.ctl[KEEL_CTL_PROC].must &= ~(u64)(KEEL_PROC_CR3_LOAD | KEEL_PROC_CR3_STORE);
	KUNIT_EXPECT_TRUE(test, keel_ctl_resolve(&caps, keel_host_want, ctl, &why));
}

/* each bit without a name, held at 1, is set and nothing is said */
static void ctl_unnamed_stuck(struct kunit *test)
{
	struct keel_ctl_refusal why;
	struct keel_vmx_caps caps;
	u64 ctl[KEEL_CTL_NR];
	unsigned int w, bit;

	for (w = 0; w < KEEL_CTL_NR; w++) {
		for (bit = 0; bit < 64; bit++) {
			if (named(w) >> bit & 1)
				continue;
			kit_cpu(&caps);
			caps.ctl[w].must |= 1ULL << bit;
			caps.ctl[w].may |= 1ULL << bit;
			KUNIT_ASSERT_TRUE_MSG(test, keel_ctl_resolve(&caps, keel_host_want, ctl,
								     &why),
					      "word %u bit %u", w, bit);
			KUNIT_EXPECT_EQ_MSG(test, ctl[w], keel_host_want[w].required | 1ULL << bit |
					    keel_host_want[w].optional | kit_default1[w],
					    "word %u bit %u", w, bit);
		}
	}
}

/* words that the CPU does not have read as all zero */
static void ctl_words_absent(struct kunit *test)
{
	struct keel_ctl_refusal why;
	struct keel_vmx_caps caps;
	u64 ctl[KEEL_CTL_NR];

	kit_cpu(&caps);
	caps.ctl[KEEL_CTL_PROC].may &= ~(u64)KEEL_PROC_TERTIARY;
	memset(&caps.ctl[KEEL_CTL_PROC3], 0, sizeof(caps.ctl[0]));
	KUNIT_ASSERT_TRUE(test, keel_ctl_resolve(&caps, keel_host_want, ctl, &why));
	KUNIT_EXPECT_EQ(test, ctl[KEEL_CTL_PROC3], 0ULL);
	KUNIT_EXPECT_EQ(test, ctl[KEEL_CTL_PROC] & KEEL_PROC_TERTIARY, 0ULL);

	caps.ctl[KEEL_CTL_PROC].may &= ~(u64)KEEL_PROC_SECONDARY;
	memset(&caps.ctl[KEEL_CTL_PROC2], 0, sizeof(caps.ctl[0]));
	KUNIT_ASSERT_FALSE(test, keel_ctl_resolve(&caps, keel_host_want, ctl, &why));
	KUNIT_EXPECT_STREQ(test, keel_ctl_bit_name(why.word, why.bit), "secondary controls");
}

/* bit by bit: does @cpu allow what is wanted, and what comes out? */
static bool model(const struct keel_vmx_caps *caps, const struct keel_ctl_want *want,
		  u64 *ctl, struct keel_ctl_refusal *why)
{
	unsigned int w, bit, pass;

	for (w = 0; w < KEEL_CTL_NR; w++) {
		ctl[w] = 0;
		for (pass = 0; pass < 2; pass++) {
			for (bit = 0; bit < 64; bit++) {
				bool must = caps->ctl[w].must >> bit & 1;
				bool may = caps->ctl[w].may >> bit & 1;
				bool need = want[w].required >> bit & 1;
				bool like = want[w].optional >> bit & 1;
				bool on = need || (like && may);

				*why = (struct keel_ctl_refusal) { w, bit, pass };
				if (!pass && (need || want[w].later >> bit & 1) && !may)
					return false;
				if (pass && must && !on && named(w) >> bit & 1)
					return false;
				if (on || must)
					ctl[w] |= 1ULL << bit;
			}
		}
	}
	return true;
}

static void ctl_random(struct kunit *test)
{
	struct keel_ctl_want want[KEEL_CTL_NR];
	struct keel_ctl_refusal why, expected_why;
	u64 ctl[KEEL_CTL_NR], expected[KEEL_CTL_NR];
	struct keel_vmx_caps caps = { 0 };
	unsigned int round, w, good = 0;
	struct rnd_state rnd;
	bool ok;

	prandom_seed_state(&rnd, 20);
	for (round = 0; round < 2000; round++) {
		for (w = 0; w < KEEL_CTL_NR; w++) {
			u64 sparse = kit_random(&rnd) & kit_random(&rnd) & kit_random(&rnd);

			caps.ctl[w].may = kit_random(&rnd) | kit_random(&rnd);
			want[w].required = sparse & kit_random(&rnd) & kit_random(&rnd);
			want[w].optional = kit_random(&rnd);
			want[w].later = sparse & kit_random(&rnd) & kit_random(&rnd);
			if (round & 1) {
				want[w].required &= caps.ctl[w].may;
				want[w].later &= caps.ctl[w].may;
			}
			caps.ctl[w].must = caps.ctl[w].may & (want[w].required | ~named(w)) &
					   kit_random(&rnd);
			if (round & 2)
				caps.ctl[w].must |= caps.ctl[w].may & sparse;
		}
		ok = keel_ctl_resolve(&caps, want, ctl, &why);
		KUNIT_ASSERT_EQ_MSG(test, ok, model(&caps, want, expected, &expected_why),
				    "round %u", round);
		good += ok;
		if (!ok) {
			KUNIT_ASSERT_EQ_MSG(test, why.word, expected_why.word, "round %u", round);
			KUNIT_ASSERT_EQ_MSG(test, why.bit, expected_why.bit, "round %u", round);
			KUNIT_ASSERT_EQ_MSG(test, why.stuck, expected_why.stuck, "round %u", round);
			continue;
		}
		for (w = 0; w < KEEL_CTL_NR; w++) {
			KUNIT_ASSERT_EQ_MSG(test, ctl[w], expected[w], "round %u", round);
			/* what a VM entry checks */
			KUNIT_ASSERT_EQ(test, caps.ctl[w].must & ~ctl[w], 0ULL);
			KUNIT_ASSERT_EQ(test, ctl[w] & ~caps.ctl[w].may, 0ULL);
		}
	}
	/* both outcomes were met */
	KUNIT_EXPECT_GT(test, good, 300U);
	KUNIT_EXPECT_LT(test, good, 1700U);
}

static struct kunit_case keel_ctl_cases[] = {
	KUNIT_CASE(ctl_bits_are_unique),
	KUNIT_CASE(ctl_names),
	KUNIT_CASE(ctl_bits_are_linuxs),
	KUNIT_CASE(ctl_host_wants),
	KUNIT_CASE(ctl_all_available),
	KUNIT_CASE(ctl_least),
	KUNIT_CASE(ctl_required_missing),
	KUNIT_CASE(ctl_optional_missing),
	KUNIT_CASE(ctl_which_is_told),
	KUNIT_CASE(ctl_named_stuck),
	KUNIT_CASE(ctl_without_true_controls),
	KUNIT_CASE(ctl_unnamed_stuck),
	KUNIT_CASE(ctl_words_absent),
	KUNIT_CASE(ctl_random),
	{}
};

static struct kunit_suite keel_ctl_suite = {
	.name = "keel-ctl",
	.test_cases = keel_ctl_cases,
};

kunit_test_suites(&keel_ctl_suite);
