// SPDX-License-Identifier: GPL-2.0
/*
 * keel-exit: the table of exits has a row for each reason, with a handler where
 * the demoted host can make the exit and none where its controls rule it out;
 * names, texts and numbers of reasons agree with one another and with Linux.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/vmx.h>

#include "../../kmod/vmx/exit.h"
#include "kit.h"

struct reason_row {
	u32 nr;
	const char *name;
	const char *text;
};

static const struct reason_row all[] = {
#define KEEL_R(nr, name, text) { nr, #name, text },
	KEEL_EXIT_REASONS(KEEL_R)
#undef KEEL_R
};

static const struct reason_row *row_of(unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i].nr == nr)
			return &all[i];
	return NULL;
}

static void exit_table_is_complete(struct kunit *test)
{
	unsigned int nr;

	for (nr = 0; nr < KEEL_EXIT_NR; nr++) {
		const struct keel_exit_row *row = &keel_exit_table[nr];
		const struct reason_row *reason = row_of(nr);

		if (reason) {
			KUNIT_ASSERT_NOT_NULL_MSG(test, row->name, "%u", nr);
			KUNIT_EXPECT_STREQ_MSG(test, row->name, reason->name, "%u", nr);
			continue;
		}
		/* a number that is no reason: a row that nobody wrote */
		KUNIT_EXPECT_NULL_MSG(test, (void *)row->name, "%u", nr);
		KUNIT_EXPECT_TRUE_MSG(test, !row->handle, "%u", nr);
		KUNIT_EXPECT_FALSE_MSG(test, row->qualified, "%u", nr);
	}
}

/*
 * What a demoted host can make by itself: the instructions that exit always
 * (SDM 25.1.2), those of VMX, accesses to what is masked or hidden, and resets.  The
 * preemption timer is root's own.
 */
static const u32 handled[] = {
	KEEL_REASON_TRIPLE_FAULT, KEEL_REASON_INIT, KEEL_REASON_SIPI,
	KEEL_REASON_CPUID, KEEL_REASON_GETSEC, KEEL_REASON_INVD,
	KEEL_REASON_VMCALL, KEEL_REASON_VMCLEAR, KEEL_REASON_VMLAUNCH, KEEL_REASON_VMPTRLD,
	KEEL_REASON_VMPTRST, KEEL_REASON_VMREAD, KEEL_REASON_VMRESUME, KEEL_REASON_VMWRITE,
	KEEL_REASON_VMXOFF, KEEL_REASON_VMXON, KEEL_REASON_CR_ACCESS, KEEL_REASON_RDMSR,
	KEEL_REASON_WRMSR, KEEL_REASON_INVEPT, KEEL_REASON_PREEMPTION_TIMER,
	KEEL_REASON_INVVPID, KEEL_REASON_XSETBV, KEEL_REASON_VMFUNC,
	KEEL_REASON_EPT_VIOLATION, KEEL_REASON_RDMSRLIST, KEEL_REASON_WRMSRLIST,
};

static bool is_handled(unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(handled); i++)
		if (handled[i] == nr)
			return true;
	return false;
}

static void exit_handlers(struct kunit *test)
{
	unsigned int nr;

	for (nr = 0; nr < KEEL_EXIT_NR; nr++) {
		KUNIT_EXPECT_EQ_MSG(test, !!keel_exit_table[nr].handle, is_handled(nr), "%u", nr);
		/* the qualification costs a VMREAD: only where it is looked at */
		KUNIT_EXPECT_EQ_MSG(test, keel_exit_table[nr].qualified,
				    nr == KEEL_REASON_CR_ACCESS ||
				    nr == KEEL_REASON_EPT_VIOLATION ||
				    nr == KEEL_REASON_SIPI, "%u", nr);
	}
}

/* the right one at each place */
static void exit_handlers_are_the_right_ones(struct kunit *test)
{
	static const u32 undefined[] = {
		KEEL_REASON_GETSEC, KEEL_REASON_VMCLEAR, KEEL_REASON_VMLAUNCH,
		KEEL_REASON_VMPTRLD, KEEL_REASON_VMPTRST, KEEL_REASON_VMREAD,
		KEEL_REASON_VMRESUME, KEEL_REASON_VMWRITE, KEEL_REASON_VMXOFF, KEEL_REASON_VMXON,
		KEEL_REASON_INVEPT, KEEL_REASON_INVVPID, KEEL_REASON_VMFUNC,
	};
	const struct keel_exit_row *t = keel_exit_table;
	unsigned int i, nr, same = 0;

	KUNIT_EXPECT_TRUE(test, t[KEEL_REASON_INIT].handle == keel_exit_init);
	KUNIT_EXPECT_TRUE(test, t[KEEL_REASON_SIPI].handle == keel_exit_sipi);
	KUNIT_EXPECT_TRUE(test, t[KEEL_REASON_CPUID].handle == keel_exit_cpuid);
	KUNIT_EXPECT_TRUE(test, t[KEEL_REASON_VMCALL].handle == keel_exit_vmcall);
	KUNIT_EXPECT_TRUE(test, t[KEEL_REASON_CR_ACCESS].handle == keel_exit_cr);
	KUNIT_EXPECT_TRUE(test, t[KEEL_REASON_RDMSR].handle == keel_exit_rdmsr);
	KUNIT_EXPECT_TRUE(test, t[KEEL_REASON_WRMSR].handle == keel_exit_wrmsr);
	KUNIT_EXPECT_TRUE(test, t[KEEL_REASON_XSETBV].handle == keel_exit_xsetbv);
	/* VMX's instructions have one in common, and nothing else has it */
	for (i = 0; i < ARRAY_SIZE(undefined); i++)
		KUNIT_EXPECT_TRUE_MSG(test, t[undefined[i]].handle == t[KEEL_REASON_VMXON].handle,
				      "%u", undefined[i]);
	for (nr = 0; nr < KEEL_EXIT_NR; nr++)
		same += t[nr].handle == t[KEEL_REASON_VMXON].handle;
	KUNIT_EXPECT_EQ(test, same, (unsigned int)ARRAY_SIZE(undefined));
}

static void exit_reason_names(struct kunit *test)
{
	unsigned int i, nr;

	for (nr = 0; nr < 2 * KEEL_EXIT_NR; nr++) {
		const struct reason_row *reason = row_of(nr);

		if (reason) {
			KUNIT_EXPECT_STREQ(test, keel_reason_name(nr), reason->name);
			KUNIT_EXPECT_STREQ(test, keel_reason_text(nr), reason->text);
			continue;
		}
		KUNIT_EXPECT_NULL_MSG(test, (void *)keel_reason_name(nr), "%u", nr);
		KUNIT_EXPECT_NULL_MSG(test, (void *)keel_reason_text(nr), "%u", nr);
	}
	/* the whole field, with its upper bits, is no basic reason */
	KUNIT_EXPECT_NULL(test, (void *)keel_reason_name(KEEL_REASON_ENTRY_FAILED | 33));
	KUNIT_EXPECT_NULL(test, (void *)keel_reason_text(KEEL_REASON_ENTRY_FAILED | 33));
	KUNIT_EXPECT_NULL(test, (void *)keel_reason_text(~0U));

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		KUNIT_EXPECT_LT(test, all[i].nr, (u32)KEEL_EXIT_NR);
		if (i)
			KUNIT_EXPECT_LT(test, all[i - 1].nr, all[i].nr);
		for (nr = 0; nr < i; nr++) {
			KUNIT_EXPECT_NE(test, strcmp(all[nr].name, all[i].name), 0);
			KUNIT_EXPECT_NE(test, strcmp(all[nr].text, all[i].text), 0);
		}
	}
	/* the counters in the shared page have room for each, and for no more */
	KUNIT_EXPECT_EQ(test, all[ARRAY_SIZE(all) - 1].nr + 1, (u32)KEEL_EXIT_NR);
}

/* against Linux's own header */
static void exit_reasons_are_linuxs(struct kunit *test)
{
	static const struct {
		u32 ours;
		u32 linuxs;
	} rows[] = {
		{ KEEL_REASON_EXCEPTION_NMI, EXIT_REASON_EXCEPTION_NMI },
		{ KEEL_REASON_EXT_INTR, EXIT_REASON_EXTERNAL_INTERRUPT },
		{ KEEL_REASON_TRIPLE_FAULT, EXIT_REASON_TRIPLE_FAULT },
		{ KEEL_REASON_INIT, EXIT_REASON_INIT_SIGNAL },
		{ KEEL_REASON_SIPI, EXIT_REASON_SIPI_SIGNAL },
		{ KEEL_REASON_INTR_WINDOW, EXIT_REASON_INTERRUPT_WINDOW },
		{ KEEL_REASON_NMI_WINDOW, EXIT_REASON_NMI_WINDOW },
		{ KEEL_REASON_TASK_SWITCH, EXIT_REASON_TASK_SWITCH },
		{ KEEL_REASON_CPUID, EXIT_REASON_CPUID }, { KEEL_REASON_HLT, EXIT_REASON_HLT },
		{ KEEL_REASON_INVD, EXIT_REASON_INVD }, { KEEL_REASON_INVLPG, EXIT_REASON_INVLPG },
		{ KEEL_REASON_RDPMC, EXIT_REASON_RDPMC }, { KEEL_REASON_RDTSC, EXIT_REASON_RDTSC },
		{ KEEL_REASON_VMCALL, EXIT_REASON_VMCALL },
		{ KEEL_REASON_VMCLEAR, EXIT_REASON_VMCLEAR },
		{ KEEL_REASON_VMLAUNCH, EXIT_REASON_VMLAUNCH },
		{ KEEL_REASON_VMPTRLD, EXIT_REASON_VMPTRLD },
		{ KEEL_REASON_VMPTRST, EXIT_REASON_VMPTRST },
		{ KEEL_REASON_VMREAD, EXIT_REASON_VMREAD },
		{ KEEL_REASON_VMRESUME, EXIT_REASON_VMRESUME },
		{ KEEL_REASON_VMWRITE, EXIT_REASON_VMWRITE },
		{ KEEL_REASON_VMXOFF, EXIT_REASON_VMOFF }, { KEEL_REASON_VMXON, EXIT_REASON_VMON },
		{ KEEL_REASON_CR_ACCESS, EXIT_REASON_CR_ACCESS },
		{ KEEL_REASON_MOV_DR, EXIT_REASON_DR_ACCESS },
		{ KEEL_REASON_IO, EXIT_REASON_IO_INSTRUCTION },
		{ KEEL_REASON_RDMSR, EXIT_REASON_MSR_READ },
		{ KEEL_REASON_WRMSR, EXIT_REASON_MSR_WRITE },
		{ KEEL_REASON_ENTRY_GUEST, EXIT_REASON_INVALID_STATE },
		{ KEEL_REASON_ENTRY_MSR, EXIT_REASON_MSR_LOAD_FAIL },
		{ KEEL_REASON_MWAIT, EXIT_REASON_MWAIT_INSTRUCTION },
		{ KEEL_REASON_MTF, EXIT_REASON_MONITOR_TRAP_FLAG },
		{ KEEL_REASON_MONITOR, EXIT_REASON_MONITOR_INSTRUCTION },
		{ KEEL_REASON_PAUSE, EXIT_REASON_PAUSE_INSTRUCTION },
		{ KEEL_REASON_ENTRY_MCE, EXIT_REASON_MCE_DURING_VMENTRY },
		{ KEEL_REASON_TPR, EXIT_REASON_TPR_BELOW_THRESHOLD },
		{ KEEL_REASON_APIC_ACCESS, EXIT_REASON_APIC_ACCESS },
		{ KEEL_REASON_VIRT_EOI, EXIT_REASON_EOI_INDUCED },
		{ KEEL_REASON_GDTR_IDTR, EXIT_REASON_GDTR_IDTR },
		{ KEEL_REASON_LDTR_TR, EXIT_REASON_LDTR_TR },
		{ KEEL_REASON_EPT_VIOLATION, EXIT_REASON_EPT_VIOLATION },
		{ KEEL_REASON_EPT_MISCONFIG, EXIT_REASON_EPT_MISCONFIG },
		{ KEEL_REASON_INVEPT, EXIT_REASON_INVEPT },
		{ KEEL_REASON_RDTSCP, EXIT_REASON_RDTSCP },
		{ KEEL_REASON_PREEMPTION_TIMER, EXIT_REASON_PREEMPTION_TIMER },
		{ KEEL_REASON_INVVPID, EXIT_REASON_INVVPID },
		{ KEEL_REASON_WBINVD, EXIT_REASON_WBINVD },
		{ KEEL_REASON_XSETBV, EXIT_REASON_XSETBV },
		{ KEEL_REASON_APIC_WRITE, EXIT_REASON_APIC_WRITE },
		{ KEEL_REASON_RDRAND, EXIT_REASON_RDRAND },
		{ KEEL_REASON_INVPCID, EXIT_REASON_INVPCID },
		{ KEEL_REASON_VMFUNC, EXIT_REASON_VMFUNC },
		{ KEEL_REASON_ENCLS, EXIT_REASON_ENCLS },
		{ KEEL_REASON_RDSEED, EXIT_REASON_RDSEED },
		{ KEEL_REASON_PML_FULL, EXIT_REASON_PML_FULL },
		{ KEEL_REASON_XSAVES, EXIT_REASON_XSAVES },
		{ KEEL_REASON_XRSTORS, EXIT_REASON_XRSTORS },
		{ KEEL_REASON_UMWAIT, EXIT_REASON_UMWAIT },
		{ KEEL_REASON_TPAUSE, EXIT_REASON_TPAUSE },
		{ KEEL_REASON_BUS_LOCK, EXIT_REASON_BUS_LOCK },
		{ KEEL_REASON_ENTRY_FAILED, VMX_EXIT_REASONS_FAILED_VMENTRY },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, rows[i].ours, rows[i].linuxs, "row %u", i);
}

static struct kunit_case keel_exit_cases[] = {
	KUNIT_CASE(exit_table_is_complete),
	KUNIT_CASE(exit_handlers),
	KUNIT_CASE(exit_handlers_are_the_right_ones),
	KUNIT_CASE(exit_reason_names),
	KUNIT_CASE(exit_reasons_are_linuxs),
	{}
};

static struct kunit_suite keel_exit_suite = {
	.name = "keel-exit",
	.test_cases = keel_exit_cases,
};

kunit_test_suites(&keel_exit_suite);
