// SPDX-License-Identifier: GPL-2.0
/*
 * keel-guest-exit: the table of guests' exits has a handler where their controls allow
 * the exit, and none where they rule it out.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/vmx/vcpu.h"
#include "kit.h"

/* A control, and an exit that it makes */
static const struct by_control {
	u8 word;
	u32 control;
	u32 reason;
} by_controls[] = {
	{ KEEL_CTL_PIN, KEEL_PIN_EXT_INTR, KEEL_REASON_EXT_INTR },
	{ KEEL_CTL_PIN, KEEL_PIN_NMI, KEEL_REASON_EXCEPTION_NMI },
	{ KEEL_CTL_PIN, KEEL_PIN_PREEMPTION_TIMER, KEEL_REASON_PREEMPTION_TIMER },
	{ KEEL_CTL_PROC, KEEL_PROC_INTR_WINDOW, KEEL_REASON_INTR_WINDOW },
	{ KEEL_CTL_PROC, KEEL_PROC_HLT, KEEL_REASON_HLT },
	{ KEEL_CTL_PROC, KEEL_PROC_INVLPG, KEEL_REASON_INVLPG },
	{ KEEL_CTL_PROC, KEEL_PROC_MWAIT, KEEL_REASON_MWAIT },
	{ KEEL_CTL_PROC, KEEL_PROC_RDPMC, KEEL_REASON_RDPMC },
	{ KEEL_CTL_PROC, KEEL_PROC_RDTSC, KEEL_REASON_RDTSC },
	{ KEEL_CTL_PROC, KEEL_PROC_CR8_LOAD, KEEL_REASON_CR_ACCESS },
	{ KEEL_CTL_PROC, KEEL_PROC_NMI_WINDOW, KEEL_REASON_NMI_WINDOW },
	{ KEEL_CTL_PROC, KEEL_PROC_MOV_DR, KEEL_REASON_MOV_DR },
	{ KEEL_CTL_PROC, KEEL_PROC_UNCOND_IO, KEEL_REASON_IO },
	{ KEEL_CTL_PROC, KEEL_PROC_MTF, KEEL_REASON_MTF },
	{ KEEL_CTL_PROC, KEEL_PROC_MSR_BITMAPS, KEEL_REASON_RDMSR },
	{ KEEL_CTL_PROC, KEEL_PROC_MSR_BITMAPS, KEEL_REASON_WRMSR },
	{ KEEL_CTL_PROC, KEEL_PROC_MONITOR, KEEL_REASON_MONITOR },
	{ KEEL_CTL_PROC, KEEL_PROC_PAUSE, KEEL_REASON_PAUSE },
	{ KEEL_CTL_PROC2, KEEL_PROC2_PLE, KEEL_REASON_PAUSE },
	{ KEEL_CTL_PROC2, KEEL_PROC2_APIC_ACCESS, KEEL_REASON_APIC_ACCESS },
	{ KEEL_CTL_PROC2, KEEL_PROC2_EPT, KEEL_REASON_EPT_VIOLATION },
	{ KEEL_CTL_PROC2, KEEL_PROC2_DESC_TABLE, KEEL_REASON_GDTR_IDTR },
	{ KEEL_CTL_PROC2, KEEL_PROC2_DESC_TABLE, KEEL_REASON_LDTR_TR },
	{ KEEL_CTL_PROC2, KEEL_PROC2_WBINVD, KEEL_REASON_WBINVD },
	{ KEEL_CTL_PROC2, KEEL_PROC2_APIC_REGISTER, KEEL_REASON_APIC_WRITE },
	{ KEEL_CTL_PROC2, KEEL_PROC2_VIRT_INTR, KEEL_REASON_VIRT_EOI },
	{ KEEL_CTL_PROC2, KEEL_PROC2_RDRAND, KEEL_REASON_RDRAND },
	{ KEEL_CTL_PROC2, KEEL_PROC2_RDSEED, KEEL_REASON_RDSEED },
	{ KEEL_CTL_PROC2, KEEL_PROC2_PML, KEEL_REASON_PML_FULL },
	{ KEEL_CTL_PROC2, KEEL_PROC2_XSAVES, KEEL_REASON_XSAVES },
	{ KEEL_CTL_PROC2, KEEL_PROC2_XSAVES, KEEL_REASON_XRSTORS },
	{ KEEL_CTL_PROC2, KEEL_PROC2_SPP, KEEL_REASON_SPP },
	{ KEEL_CTL_PROC2, KEEL_PROC2_USER_WAIT, KEEL_REASON_UMWAIT },
	{ KEEL_CTL_PROC2, KEEL_PROC2_USER_WAIT, KEEL_REASON_TPAUSE },
	{ KEEL_CTL_PROC2, KEEL_PROC2_PCONFIG, KEEL_REASON_PCONFIG },
	{ KEEL_CTL_PROC2, KEEL_PROC2_ENCLV, KEEL_REASON_ENCLV },
	{ KEEL_CTL_PROC2, KEEL_PROC2_BUS_LOCK, KEEL_REASON_BUS_LOCK },
	{ KEEL_CTL_PROC2, KEEL_PROC2_INSTR_TIMEOUT, KEEL_REASON_INSTR_TIMEOUT },
	{ KEEL_CTL_PROC3, KEEL_PROC3_LOADIWKEY, KEEL_REASON_LOADIWKEY },
	/* RDTSCP and INVPCID exit only with RDTSC and INVLPG exiting; else they work or #UD */
	{ KEEL_CTL_PROC, KEEL_PROC_RDTSC, KEEL_REASON_RDTSCP },
	{ KEEL_CTL_PROC, KEEL_PROC_INVLPG, KEEL_REASON_INVPCID },
};

/* What exits whatever the controls say (SDM 25.1.2), and what comes from outside */
static const u32 always[] = {
	KEEL_REASON_TRIPLE_FAULT, KEEL_REASON_INIT, KEEL_REASON_CPUID, KEEL_REASON_GETSEC,
	KEEL_REASON_INVD, KEEL_REASON_VMCALL, KEEL_REASON_VMCLEAR, KEEL_REASON_VMLAUNCH,
	KEEL_REASON_VMPTRLD, KEEL_REASON_VMPTRST, KEEL_REASON_VMREAD, KEEL_REASON_VMRESUME,
	KEEL_REASON_VMWRITE, KEEL_REASON_VMXOFF, KEEL_REASON_VMXON, KEEL_REASON_INVEPT,
	KEEL_REASON_INVVPID, KEEL_REASON_XSETBV, KEEL_REASON_VMFUNC,
};

/* What cannot come, but has a row all the same */
static const u32 spare[] = {
	KEEL_REASON_ENCLS, KEEL_REASON_RDMSRLIST, KEEL_REASON_WRMSRLIST,
};

static u64 asked(unsigned int word)
{
	return keel_guest_want[word].required | keel_guest_want[word].optional |
	       keel_guest_want[word].later;
}

static bool among(const u32 *list, unsigned int nr, u32 reason)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (list[i] == reason)
			return true;
	return false;
}

static bool by_control(u32 reason)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(by_controls); i++)
		if (by_controls[i].reason == reason &&
		    asked(by_controls[i].word) & by_controls[i].control)
			return true;
	return false;
}

static void guest_exit_table(struct kunit *test)
{
	unsigned int nr, rows = 0;
	bool can;

	for (nr = 0; nr < KEEL_EXIT_NR; nr++) {
		can = among(always, ARRAY_SIZE(always), nr) || by_control(nr) ||
		      among(spare, ARRAY_SIZE(spare), nr);
		KUNIT_EXPECT_EQ_MSG(test, !!keel_guest_table[nr].handle, can, "%u %s", nr,
				    keel_reason_name(nr) ?: "no reason");
		if (!keel_guest_table[nr].handle)
			continue;
		rows++;
		/* who counts them tells them by their names */
		KUNIT_EXPECT_NOT_NULL_MSG(test, (void *)keel_reason_name(nr), "%u", nr);
	}
	KUNIT_EXPECT_EQ(test, rows, 41U);
}

/* the qualification costs a VMREAD: only where it is looked at */
static void guest_exit_qualified(struct kunit *test)
{
	unsigned int nr;

	for (nr = 0; nr < KEEL_EXIT_NR; nr++)
		KUNIT_EXPECT_EQ_MSG(test, keel_guest_table[nr].qualified,
				    nr == KEEL_REASON_CR_ACCESS || nr == KEEL_REASON_IO ||
				    nr == KEEL_REASON_EPT_VIOLATION ||
				    nr == KEEL_REASON_VIRT_EOI || nr == KEEL_REASON_APIC_WRITE,
				    "%u", nr);
}

static void expect_same(struct kunit *test, const u32 *list, unsigned int nr)
{
	const struct keel_guest_row *t = keel_guest_table;
	unsigned int i, all = 0;

	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_TRUE_MSG(test, t[list[i]].handle == t[list[0]].handle, "%u", list[i]);
	for (i = 0; i < KEEL_EXIT_NR; i++)
		all += t[i].handle == t[list[0]].handle;
	KUNIT_EXPECT_EQ_MSG(test, all, nr, "as of %u", list[0]);
}

/* the right one at each place */
static void guest_exit_handlers(struct kunit *test)
{
	/* #UD: a guest has neither VMX nor the others */
	static const u32 undefined[] = {
		KEEL_REASON_VMXON, KEEL_REASON_GETSEC, KEEL_REASON_VMCLEAR, KEEL_REASON_VMLAUNCH,
		KEEL_REASON_VMPTRLD, KEEL_REASON_VMPTRST, KEEL_REASON_VMREAD,
		KEEL_REASON_VMRESUME, KEEL_REASON_VMWRITE, KEEL_REASON_VMXOFF,
		KEEL_REASON_INVEPT, KEEL_REASON_INVVPID, KEEL_REASON_VMFUNC, KEEL_REASON_MWAIT,
		KEEL_REASON_MONITOR, KEEL_REASON_ENCLS, KEEL_REASON_RDMSRLIST,
		KEEL_REASON_WRMSRLIST,
	};
	/* what waits can be delivered */
	static const u32 windows[] = { KEEL_REASON_INTR_WINDOW, KEEL_REASON_NMI_WINDOW };
	/* caches are flushed for nothing */
	static const u32 nothing[] = { KEEL_REASON_INVD, KEEL_REASON_WBINVD };
	/* those that share theirs with no other */
	static const u32 alone[] = {
		KEEL_REASON_EXCEPTION_NMI, KEEL_REASON_TRIPLE_FAULT, KEEL_REASON_INIT,
		KEEL_REASON_RDPMC, KEEL_REASON_VMCALL, KEEL_REASON_IO,
		KEEL_REASON_EPT_VIOLATION, KEEL_REASON_EXT_INTR, KEEL_REASON_PAUSE,
	};
	const struct keel_guest_row *t = keel_guest_table;
	unsigned int i;

	expect_same(test, undefined, ARRAY_SIZE(undefined));
	expect_same(test, windows, ARRAY_SIZE(windows));
	expect_same(test, nothing, ARRAY_SIZE(nothing));
	for (i = 0; i < ARRAY_SIZE(alone); i++)
		expect_same(test, &alone[i], 1);
	KUNIT_EXPECT_TRUE(test, t[KEEL_REASON_HLT].handle == keel_guest_hlt);
	KUNIT_EXPECT_TRUE(test, t[KEEL_REASON_INTR_WINDOW].handle == keel_guest_window);
	KUNIT_EXPECT_TRUE(test, t[KEEL_REASON_VIRT_EOI].handle == keel_guest_eoi);
	KUNIT_EXPECT_TRUE(test, t[KEEL_REASON_APIC_WRITE].handle == keel_guest_apic_write);
	KUNIT_EXPECT_TRUE(test, t[KEEL_REASON_PREEMPTION_TIMER].handle == keel_guest_timer);
	KUNIT_EXPECT_TRUE(test, t[KEEL_REASON_CPUID].handle == keel_guest_cpuid);
	KUNIT_EXPECT_TRUE(test, t[KEEL_REASON_CR_ACCESS].handle == keel_guest_cr);
	KUNIT_EXPECT_TRUE(test, t[KEEL_REASON_MOV_DR].handle == keel_guest_dr);
	KUNIT_EXPECT_TRUE(test, t[KEEL_REASON_RDMSR].handle == keel_guest_rdmsr);
	KUNIT_EXPECT_TRUE(test, t[KEEL_REASON_WRMSR].handle == keel_guest_wrmsr);
	KUNIT_EXPECT_TRUE(test, t[KEEL_REASON_XSETBV].handle == keel_guest_xsetbv);
}

static struct kunit_case keel_guest_exit_cases[] = {
	KUNIT_CASE(guest_exit_table),
	KUNIT_CASE(guest_exit_qualified),
	KUNIT_CASE(guest_exit_handlers),
	{}
};

static struct kunit_suite keel_guest_exit_suite = {
	.name = "keel-guest-exit",
	.test_cases = keel_guest_exit_cases,
};

kunit_test_suites(&keel_guest_exit_suite);
