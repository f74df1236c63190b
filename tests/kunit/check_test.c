// SPDX-License-Identifier: GPL-2.0
/*
 * keel-check: a valid VMCS passes all checks, and each check finds the VMCS that
 * violates it, and only that.
 *
 * World: KUnit.  No locks.  The cases stand in check_*_rows.c, the valid VMCS in
 * check_baseline.c.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "check_test.h"

static struct check_bench *bench(struct kunit *test)
{
	struct check_bench *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, b);
	check_baseline(b);
	return b;
}

/* 16-bit segments at selector times 16 */
static void flat_16(struct check_bench *b, u32 ar)
{
	unsigned int s;

	for (s = 0; s < 6; s++) {
		keel_vmcs_put(&b->img, VMCS_IX_GUEST_ES_SELECTOR + s, 0x100 + s);
		keel_vmcs_put(&b->img, VMCS_IX_GUEST_ES_BASE + s, 0x1000 + s * 16);
		keel_vmcs_put(&b->img, VMCS_IX_GUEST_ES_LIMIT + s, 0xffff);
		keel_vmcs_put(&b->img, VMCS_IX_GUEST_ES_AR + s, ar);
	}
}

/* leave IA-32e mode */
static const struct check_edit guest_32[] = {
	OFF(ENTRY_CTLS, KEEL_ENTRY_IA32E), F(GUEST_EFER, 0), OFF(GUEST_CR4, 1 << 17),
	F(GUEST_RIP, 0xffffffff), F(GUEST_CS_AR, 0xc09b), { 0 },
};

static void virtual_8086(struct check_bench *b)
{
	check_edit(b, guest_32);
	flat_16(b, 0xf3);
	keel_vmcs_put(&b->img, VMCS_IX_GUEST_RFLAGS, 1 << 17 | 2);
}

/* say which violations came that were not expected, and the other way round */
static void compare(struct kunit *test, struct check_bench *b, const struct check_row *row,
		    const char *name)
{
	unsigned int id, i, n, expected = 0;
	bool want;

	n = keel_vmcs_check(&b->img, &b->caps, &b->verdict);
	for (id = 0; id < KEEL_CHECK_NR; id++) {
		want = row && row->id == id;
		for (i = 0; row && i < CHECK_ALSO && row->also[i]; i++)
			want |= row->also[i] == id + 1;
		expected += want;
		KUNIT_EXPECT_EQ_MSG(test, keel_verdict_has(&b->verdict, id), want, "%s: %s", name,
				    keel_check_name(id));
	}
	KUNIT_EXPECT_EQ_MSG(test, n, expected, "%s", name);
}

static void check_rows(struct kunit *test, const struct check_row *rows, unsigned int nr)
{
	unsigned int i;
	struct check_bench *b;
	char name[48];

	for (i = 0; i < nr; i++) {
		b = bench(test);
		if (rows[i].v86)
			virtual_8086(b);
		check_edit(b, rows[i].edit);
		snprintf(name, sizeof(name), "row %u, %s", i, keel_check_name(rows[i].id));
		compare(test, b, &rows[i], name);
		kunit_kfree(test, b);
	}
}

static void check_controls_violated(struct kunit *test)
{
	check_rows(test, check_ctl_rows, check_ctl_nr);
}

static void check_state_violated(struct kunit *test)
{
	check_rows(test, check_state_rows, check_state_nr);
}

static void check_segments_violated(struct kunit *test)
{
	check_rows(test, check_seg_rows, check_seg_nr);
}

static bool has_row(unsigned int id, const struct check_row *rows, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (rows[i].id == id)
			return true;
	return false;
}

static void check_every_check_has_a_row(struct kunit *test)
{
	unsigned int id;

	for (id = 0; id < KEEL_CHECK_NR; id++)
		KUNIT_EXPECT_TRUE_MSG(test, has_row(id, check_ctl_rows, check_ctl_nr) ||
				      has_row(id, check_state_rows, check_state_nr) ||
				      has_row(id, check_seg_rows, check_seg_nr),
				      "%s", keel_check_name(id));
}

/* sentences are told to people: there, distinct, and not of the kind "foo: " */
static void check_texts(struct kunit *test)
{
	unsigned int id, other;

	for (id = 0; id < KEEL_CHECK_NR; id++) {
		KUNIT_EXPECT_GT(test, strlen(keel_check_text(id)), (size_t)15);
		KUNIT_EXPECT_EQ(test, strncmp(keel_check_section(id), "26.", 3), 0);
		for (other = 0; other < id; other++)
			KUNIT_EXPECT_NE(test, strcmp(keel_check_text(id), keel_check_text(other)),
					0);
	}
	/* the order is that of the sections */
	for (id = 1; id < KEEL_CHECK_NR; id++)
		KUNIT_EXPECT_LE(test, strcmp(keel_check_section(id - 1), keel_check_section(id)),
				0);
}

static void check_baseline_passes(struct kunit *test)
{
	struct check_bench *b = bench(test);

	/* what an earlier walk left counts for nothing */
	memset(&b->verdict, 0xff, sizeof(b->verdict));
	compare(test, b, NULL, "baseline");
}

/* an empty VMCS violates much, and none of it crashes the walk */
static void check_empty(struct kunit *test)
{
	struct check_bench *b = bench(test);

	memset(&b->img, 0, sizeof(b->img));
	KUNIT_EXPECT_GT(test, keel_vmcs_check(&b->img, &b->caps, &b->verdict), 20U);
	memset(&b->img, 0xff, sizeof(b->img));
	KUNIT_EXPECT_GT(test, keel_vmcs_check(&b->img, &b->caps, &b->verdict), 20U);
}

static void check_32_bit_guests_pass(struct kunit *test)
{
	static const struct check_edit pdptes[] = {
		F(GUEST_PDPTE0, 0x5001), F(GUEST_PDPTE1, 0x6001), F(GUEST_PDPTE2, ~1ULL),
		F(GUEST_PDPTE3, TOO_HIGH - 0x1000 + 1), { 0 },
	};
	static const struct check_edit no_pae[] = {
		OFF(GUEST_CR4, 1 << 5), F(GUEST_PDPTE0, ~0ULL), { 0 },
	};
	static const struct check_edit unpaged[] = {
		OFF(GUEST_CR0, 1ULL << 31), ON(GUEST_CR4, 1 << 5), F(GUEST_EFER, 0x100), { 0 },
	};
	static const struct check_edit old_tss[] = { SWAP(GUEST_TR_AR, 0xf, 3), { 0 } };
	struct check_bench *b = bench(test);

	check_edit(b, guest_32);
	check_edit(b, pdptes);
	compare(test, b, NULL, "PAE");
	check_edit(b, no_pae);
	compare(test, b, NULL, "without PAE");
	check_edit(b, unpaged);
	compare(test, b, NULL, "without paging");
	check_edit(b, old_tss);
	compare(test, b, NULL, "16-bit TSS");

	b = bench(test);
	virtual_8086(b);
	compare(test, b, NULL, "virtual-8086 mode");
}

static void check_real_mode_passes(struct kunit *test)
{
	static const struct check_edit reset[] = {
		F(GUEST_CR0, 0x60000030), F(GUEST_CR4, 0x2000), F(GUEST_CR3, 0),
		F(GUEST_RIP, 0xfff0), { 0 },
	};
	static const struct check_edit vector[] = {
		F(GUEST_CS_SELECTOR, 0xf000), F(GUEST_CS_BASE, 0xffff0000), { 0 },
	};
	static const struct check_edit inject[] = {
		F(ENTRY_INTR_INFO, EVENT(3, 13)), { 0 },
	};
	struct check_bench *b = bench(test);

	check_edit(b, guest_32);
	check_edit(b, reset);
	flat_16(b, 0x93);
	compare(test, b, NULL, "data as code");
	keel_vmcs_put(&b->img, VMCS_IX_GUEST_CS_AR, 0x9b);
	compare(test, b, NULL, "code as code");
	check_edit(b, vector);
	compare(test, b, NULL, "reset vector");
	check_edit(b, inject);
	compare(test, b, NULL, "exception without error code");
}

static void check_segments_pass(struct kunit *test)
{
	static const struct check_edit unusable[] = {
		F(GUEST_ES_AR, 0x1ffff), F(GUEST_DS_AR, 0x10000), F(GUEST_FS_AR, 0x10000),
		F(GUEST_GS_AR, 0x1ff60), F(GUEST_SS_AR, 0x10000), F(GUEST_LDTR_AR, 0x10000),
		F(GUEST_ES_BASE, ~0ULL), F(GUEST_LDTR_BASE, ODD), F(GUEST_LDTR_SELECTOR, 4),
		F(GUEST_SS_SELECTOR, 0), { 0 },
	};
	static const struct check_edit user[] = {
		F(GUEST_CS_SELECTOR, 0x33), F(GUEST_CS_AR, 0xa0fb), F(GUEST_SS_SELECTOR, 0x2b),
		F(GUEST_SS_AR, 0xc0f3), F(GUEST_RIP, 0x0000800000000000),
		OFF(PROC2_CTLS, KEEL_PROC2_UNRESTRICTED), { 0 },
	};
	static const struct check_edit types[] = {
		SWAP(GUEST_ES_AR, 0x6f, 15), SWAP(GUEST_DS_AR, 0xf, 11), SWAP(GUEST_FS_AR, 0xf, 1),
		SWAP(GUEST_GS_AR, 0xf, 7), SWAP(GUEST_SS_AR, 0xf, 7),
		SWAP(GUEST_CS_AR, 0x6f, 15 | 1 << 5), { 0 },
	};
	static const struct check_edit as_privileged[] = { ON(GUEST_CS_AR, 3 << 5), { 0 } };
	struct check_bench *b = bench(test);

	check_edit(b, unusable);
	compare(test, b, NULL, "unusable");
	b = bench(test);
	check_edit(b, user);
	compare(test, b, NULL, "user mode");
	check_edit(b, types);
	compare(test, b, NULL, "other types");
	check_edit(b, as_privileged);
	compare(test, b, NULL, "conforming code at the level of the stack");
}

static void check_events_pass(struct kunit *test)
{
	static const struct {
		u32 info;
		u32 length;
		u32 activity;
	} events[] = {
		{ EVENT(0, 0x30) }, { EVENT(2, 2) }, { EVENT(3, 6) }, { EVENT_CODE(3, 13) },
		{ EVENT_CODE(3, 17) }, { EVENT(3, 21) }, { EVENT(4, 0x80), 2 }, { EVENT(5, 1), 1 },
		{ EVENT(6, 3), 15 }, { EVENT(7, 0) },
		/* the events that end HLT and shutdown */
		{ 0, 0, 1 }, { EVENT(0, 0xff), 0, 1 }, { EVENT(2, 2), 0, 1 },
		{ EVENT(3, 1), 0, 1 }, { EVENT(3, 18), 0, 1 }, { EVENT(7, 0), 0, 1 },
		{ 0, 0, 2 }, { EVENT(2, 2), 0, 2 }, { EVENT(3, 18), 0, 2 }, { 0, 0, 3 },
		/* not valid: the rest of the word counts for nothing */
		{ 0x7fffffff, 0xff, 3 },
	};
	static const struct check_edit free_codes[] = {
		CAP_ON(basic, KEEL_BASIC_NO_ERROR_OK), F(ENTRY_INTR_INFO, EVENT_CODE(3, 21)), { 0 },
	};
	static const struct check_edit no_code[] = { F(ENTRY_INTR_INFO, EVENT(3, 13)), { 0 } };
	static const struct check_edit no_length[] = {
		CAP_ON(misc, KEEL_MISC_ZERO_LEN), F(ENTRY_INTR_INFO, EVENT(4, 0x80)),
		F(ENTRY_INSTR_LEN, 0), { 0 },
	};
	struct check_bench *b = bench(test);
	unsigned int i;
	char name[16];

	keel_vmcs_put(&b->img, VMCS_IX_GUEST_RFLAGS, 0x202);
	for (i = 0; i < ARRAY_SIZE(events); i++) {
		keel_vmcs_put(&b->img, VMCS_IX_ENTRY_INTR_INFO, events[i].info);
		keel_vmcs_put(&b->img, VMCS_IX_ENTRY_EXCEPTION_ERROR,
			      events[i].info & 1 << 11 ? 0xffff : 0xffffffff);
		keel_vmcs_put(&b->img, VMCS_IX_ENTRY_INSTR_LEN, events[i].length);
		keel_vmcs_put(&b->img, VMCS_IX_GUEST_ACTIVITY, events[i].activity);
		snprintf(name, sizeof(name), "event %u", i);
		compare(test, b, NULL, name);
	}
	b = bench(test);
	check_edit(b, free_codes);
	compare(test, b, NULL, "#CP with error code");
	check_edit(b, no_code);
	compare(test, b, NULL, "#GP without error code");
	check_edit(b, no_length);
	compare(test, b, NULL, "no instruction length");
}

static void check_states_pass(struct kunit *test)
{
	static const struct check_edit step[] = {
		F(GUEST_RFLAGS, 0x302), F(GUEST_INTERRUPTIBILITY, 1),
		F(GUEST_PENDING_DEBUG, 1 << 14), { 0 },
	};
	static const struct check_edit branch_step[] = {
		F(GUEST_DEBUGCTL, 2), F(GUEST_PENDING_DEBUG, 0), { 0 },
	};
	/* single step counts only where something blocks it */
	static const struct check_edit unblocked[] = {
		F(GUEST_INTERRUPTIBILITY, 1 << 3 | 1 << 4), F(GUEST_DEBUGCTL, 0xffc7), { 0 },
	};
	static const struct check_edit rtm[] = {
		F(GUEST_RFLAGS, 2), F(GUEST_PENDING_DEBUG, 1 << 16 | 1 << 12), { 0 },
	};
	static const struct check_edit nmi[] = {
		F(GUEST_PENDING_DEBUG, 1 << 14 | 0xf), F(ENTRY_INTR_INFO, EVENT(2, 2)),
		ON(PIN_CTLS, KEEL_PIN_NMI), { 0 },
	};
	static const struct check_edit link[] = { F(VMCS_LINK_POINTER, 0x5000), { 0 } };
	struct check_bench *b = bench(test);

	check_edit(b, step);
	compare(test, b, NULL, "single step behind STI");
	check_edit(b, branch_step);
	compare(test, b, NULL, "branch step behind STI");
	check_edit(b, unblocked);
	compare(test, b, NULL, "NMI blocked, enclave");
	check_edit(b, rtm);
	compare(test, b, NULL, "RTM");
	check_edit(b, nmi);
	compare(test, b, NULL, "NMI while NMIs are blocked, without virtual NMIs");
	check_edit(b, link);
	compare(test, b, NULL, "link pointer");
}

/* MSRs and fields that no control loads, and words that are not activated, may hold anything */
static void check_unused_fields_pass(struct kunit *test)
{
	static const struct check_edit odd[] = {
		OFF(EXIT_CTLS, KEEL_EXIT_LOAD_EFER | KEEL_EXIT_LOAD_PAT),
		OFF(ENTRY_CTLS, KEEL_ENTRY_LOAD_EFER | KEEL_ENTRY_LOAD_PAT | KEEL_ENTRY_LOAD_DEBUG),
		OFF(PROC_CTLS, KEEL_PROC_SECONDARY | KEEL_PROC_MSR_BITMAPS),
		CAP(ctl[KEEL_CTL_PROC2].must, KEEL_PROC2_RDSEED),
		CAP(ctl[KEEL_CTL_PROC2].may, KEEL_PROC2_RDSEED), { 0 },
	};
	static const u16 fields[] = {
		VMCS_IX_HOST_EFER, VMCS_IX_HOST_PAT, VMCS_IX_HOST_PKRS, VMCS_IX_HOST_S_CET,
		VMCS_IX_HOST_SSP, VMCS_IX_HOST_INTR_SSP_TABLE, VMCS_IX_HOST_PERF_GLOBAL_CTRL,
		VMCS_IX_GUEST_EFER, VMCS_IX_GUEST_PAT, VMCS_IX_GUEST_PKRS, VMCS_IX_GUEST_S_CET,
		VMCS_IX_GUEST_SSP, VMCS_IX_GUEST_INTR_SSP_TABLE, VMCS_IX_GUEST_PERF_GLOBAL_CTRL,
		VMCS_IX_GUEST_BNDCFGS, VMCS_IX_GUEST_RTIT_CTL, VMCS_IX_GUEST_LBR_CTL,
		VMCS_IX_GUEST_DEBUGCTL, VMCS_IX_GUEST_DR7, VMCS_IX_PROC2_CTLS, VMCS_IX_PROC3_CTLS,
		VMCS_IX_EXIT2_CTLS, VMCS_IX_IO_BITMAP_A, VMCS_IX_IO_BITMAP_B, VMCS_IX_MSR_BITMAP,
		VMCS_IX_VIRTUAL_APIC_PAGE, VMCS_IX_APIC_ACCESS_ADDR, VMCS_IX_TPR_THRESHOLD,
		VMCS_IX_POSTED_INTR_NV, VMCS_IX_POSTED_INTR_DESC, VMCS_IX_EPT_POINTER,
		VMCS_IX_VM_FUNCTION_CTLS, VMCS_IX_EPTP_LIST, VMCS_IX_VMREAD_BITMAP,
		VMCS_IX_VMWRITE_BITMAP, VMCS_IX_VE_INFO_ADDR, VMCS_IX_SPPT_POINTER,
		VMCS_IX_PML_ADDRESS, VMCS_IX_EXIT_MSR_STORE_ADDR, VMCS_IX_EXIT_MSR_LOAD_ADDR,
		VMCS_IX_ENTRY_MSR_LOAD_ADDR, VMCS_IX_ENTRY_INSTR_LEN,
	};
	struct check_bench *b = bench(test);
	unsigned int i;

	check_edit(b, odd);
	keel_vmcs_put(&b->img, VMCS_IX_VPID, 0);
	for (i = 0; i < ARRAY_SIZE(fields); i++)
		keel_vmcs_put(&b->img, fields[i], ~0ULL);
	compare(test, b, NULL, "unused");
}

static void check_features_pass(struct kunit *test)
{
	static const struct check_edit apic[] = {
		ON(PIN_CTLS, KEEL_PIN_EXT_INTR | KEEL_PIN_POSTED_INTR | KEEL_PIN_NMI |
		   KEEL_PIN_VNMI | KEEL_PIN_PREEMPTION_TIMER),
		ON(PROC_CTLS, KEEL_PROC_TPR_SHADOW | KEEL_PROC_NMI_WINDOW | KEEL_PROC_TERTIARY),
		ON(PROC2_CTLS, KEEL_PROC2_X2APIC | KEEL_PROC2_APIC_REGISTER |
		   KEEL_PROC2_VIRT_INTR), ON(PROC3_CTLS, KEEL_PROC3_IPI_VIRT | KEEL_PROC3_HLAT),
		ON(EXIT_CTLS, KEEL_EXIT_ACK_INTR | KEEL_EXIT_SAVE_TIMER),
		F(POSTED_INTR_NV, 0xff), F(POSTED_INTR_DESC, 0x5040), F(TPR_THRESHOLD, ~0ULL),
		F(VIRTUAL_APIC_PAGE, TOO_HIGH - 0x1000), { 0 },
	};
	static const struct check_edit more[] = {
		ON(PROC2_CTLS, KEEL_PROC2_PML | KEEL_PROC2_MBEC | KEEL_PROC2_SPP |
		   KEEL_PROC2_VMFUNC | KEEL_PROC2_TSC_SCALING | KEEL_PROC2_PT_GPA),
		ON(EXIT_CTLS, KEEL_EXIT_CLEAR_RTIT | KEEL_EXIT_SECONDARY | KEEL_EXIT_LOAD_CET),
		ON(ENTRY_CTLS, KEEL_ENTRY_LOAD_RTIT | KEEL_ENTRY_LOAD_CET),
		F(TSC_MULTIPLIER, 1), F(VM_FUNCTION_CTLS, 1), F(EXIT2_CTLS, 1 << 3),
		F(CR3_TARGET_COUNT, 4), F(GUEST_SSP, 0x0000800000000000),
		F(ENTRY_MSR_LOAD_COUNT, 1), F(ENTRY_MSR_LOAD_ADDR, TOO_HIGH - 16), { 0 },
	};
	/* 5-level paging and EPT, and linear-address masking */
	static const struct check_edit wide[] = {
		F(EPT_POINTER, 0x1000e6), CAP_ON(ept_vpid, KEEL_EPT_CAP_WALK5 | KEEL_EPT_CAP_SSS),
		F(GUEST_FS_BASE, 0x0080000000000000), F(HOST_FS_BASE, 0xff00000000000000),
		F(GUEST_RIP, 0x0100000000000000), CAP_ON(cr4_fixed1, 1 << 28),
		ON(GUEST_CR3, 3ULL << 61), ON(HOST_CR3, 1ULL << 62), { 0 },
	};
	static const struct check_edit plain[] = {
		SWAP(EPT_POINTER, 7, 0), CAP_ON(ept_vpid, KEEL_EPT_CAP_UC),
		ON(PROC2_CTLS, KEEL_PROC2_VMFUNC), F(EPTP_LIST, ~0ULL),
		ON(HOST_CR4, 1 << 23), ON(GUEST_CR4, 1 << 23),
		F(GUEST_GDTR_LIMIT, 0xffff), F(GUEST_IDTR_LIMIT, 0xffff), { 0 },
	};
	struct check_bench *b = bench(test);

	check_edit(b, plain);
	compare(test, b, NULL, "uncached EPT, no VM functions, CET, whole tables");
	b = bench(test);
	check_edit(b, apic);
	compare(test, b, NULL, "APIC virtualization");
	check_edit(b, more);
	compare(test, b, NULL, "further features");
	b = bench(test);
	b->caps.linear_bits = 57;
	check_edit(b, wide);
	b->img.val[VMCS_IX_GUEST_FS_BASE] = 0x00ffffffffffffffULL;
	b->img.val[VMCS_IX_GUEST_RIP] = 0x01ffffffffffffffULL;
	compare(test, b, NULL, "57 bits");
}

static struct kunit_case keel_check_cases[] = {
	KUNIT_CASE(check_baseline_passes),
	KUNIT_CASE(check_empty),
	KUNIT_CASE(check_controls_violated),
	KUNIT_CASE(check_state_violated),
	KUNIT_CASE(check_segments_violated),
	KUNIT_CASE(check_every_check_has_a_row),
	KUNIT_CASE(check_texts),
	KUNIT_CASE(check_32_bit_guests_pass),
	KUNIT_CASE(check_real_mode_passes),
	KUNIT_CASE(check_segments_pass),
	KUNIT_CASE(check_events_pass),
	KUNIT_CASE(check_states_pass),
	KUNIT_CASE(check_unused_fields_pass),
	KUNIT_CASE(check_features_pass),
	{}
};

static struct kunit_suite keel_check_suite = {
	.name = "keel-check",
	.test_cases = keel_check_cases,
};

kunit_test_suites(&keel_check_suite);
