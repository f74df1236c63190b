// SPDX-License-Identifier: GPL-2.0
/*
 * keel-initsipi: what INIT and a start-up IPI make of a CPU.  The rows are the
 * SDM's (table 9-1, 8.4.3), and a CPU that goes by the SDM enters that state.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/mmu/hostmap.h"
#include "../../kmod/vmx/check.h"
#include "../../kmod/vmx/exit.h"
#include "../../kmod/vmx/hostvmcs.h"
#include "kit.h"

struct bench {
	struct keel_vmx_caps caps;
	struct keel_vmcs_image img;
	struct keel_vmcs_image root;
	struct keel_host_state before;
	struct keel_host_state state;
	struct keel_vmx_verdict verdict;
	u64 ctl[KEEL_CTL_NR];
};

/* every bit of it set, so that what is left over shows */
static struct bench *started(struct kunit *test, u64 cr0, u8 vector)
{
	struct bench *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, b);
	memset(&b->before, 0xff, sizeof(b->before));
	b->before.cr0 = cr0;
	b->before.pat = 0x0407050600070106;
	b->before.sysenter_cs = 0x10;
	b->before.sysenter_esp = 0xfffffe0000003200;
	b->before.sysenter_eip = 0xffffffff81a00123;
	b->state = b->before;
	keel_startup_state(&b->state, vector);
	return b;
}

static void expect_seg(struct kunit *test, const struct keel_seg *seg, u16 sel, u32 ar)
{
	KUNIT_EXPECT_EQ(test, seg->sel, sel);
	KUNIT_EXPECT_EQ(test, seg->base, sel * 16ULL);
	KUNIT_EXPECT_EQ(test, seg->limit, 0xffffU);
	KUNIT_EXPECT_EQ(test, seg->ar, ar);
}

static void initsipi_state(struct kunit *test)
{
	struct bench *b = started(test, 0x80050033, 0x9a);
	const struct keel_host_state *s = &b->state;

	KUNIT_EXPECT_EQ(test, s->cr0, 0x10ULL);
	KUNIT_EXPECT_EQ(test, s->cr3 | s->cr4 | s->efer | s->debugctl, 0ULL);
	KUNIT_EXPECT_EQ(test, s->rip | s->rsp, 0ULL);
	KUNIT_EXPECT_EQ(test, s->rflags, 2ULL);
	KUNIT_EXPECT_EQ(test, s->dr7, 0x400ULL);
	expect_seg(test, &s->cs, 0x9a00, 0x9b);
	expect_seg(test, &s->ss, 0, 0x93);
	expect_seg(test, &s->ds, 0, 0x93);
	expect_seg(test, &s->es, 0, 0x93);
	expect_seg(test, &s->fs, 0, 0x93);
	expect_seg(test, &s->gs, 0, 0x93);
	expect_seg(test, &s->ldtr, 0, 0x82);
	expect_seg(test, &s->tr, 0, 0x8b);
	KUNIT_EXPECT_EQ(test, (u64)s->gdtr.base, 0ULL);
	KUNIT_EXPECT_EQ(test, s->gdtr.limit, 0xffff);
	KUNIT_EXPECT_EQ(test, (u64)s->idtr.base, 0ULL);
	KUNIT_EXPECT_EQ(test, s->idtr.limit, 0xffff);
}

/* "unchanged" in the table */
static void initsipi_leaves(struct kunit *test)
{
	struct bench *b = started(test, 0xe0050033, 1);

	KUNIT_EXPECT_EQ(test, b->state.cr0, 0x60000010ULL);
	KUNIT_EXPECT_EQ(test, b->state.pat, b->before.pat);
	KUNIT_EXPECT_EQ(test, b->state.sysenter_cs, b->before.sysenter_cs);
	KUNIT_EXPECT_EQ(test, b->state.sysenter_esp, b->before.sysenter_esp);
	KUNIT_EXPECT_EQ(test, b->state.sysenter_eip, b->before.sysenter_eip);
}

static void initsipi_every_vector(struct kunit *test)
{
	unsigned int vector;

	for (vector = 0; vector < 256; vector++) {
		struct keel_host_state s = { .cr0 = 0x80050033 };

		keel_startup_state(&s, vector);
		KUNIT_EXPECT_EQ(test, s.cs.base, vector * 4096ULL);
		KUNIT_EXPECT_EQ(test, s.cs.sel, vector << 8);
	}
}

static void expect_valid(struct kunit *test, struct bench *b)
{
	unsigned int id;

	KUNIT_EXPECT_EQ(test, keel_vmcs_check(&b->img, &b->caps, &b->verdict), 0U);
	for (id = 0; id < KEEL_CHECK_NR; id++)
		KUNIT_EXPECT_FALSE_MSG(test, keel_verdict_has(&b->verdict, id), "%s: %s",
				       keel_check_section(id), keel_check_text(id));
}

static void initsipi_is_valid(struct kunit *test)
{
	struct bench *b = started(test, 0x80050033, 0x9a);
	struct keel_host_state linux_cs = { .cs = { .sel = 0x10 }, .efer = 0xd01,
					    .pat = 0x0407050600070106 };
	struct keel_ctl_refusal why;
	struct keel_hostvmcs in = {
		.caps = &b->caps,
		.ctl = b->ctl,
		.host = &linux_cs,
		.root_cr3 = 0x4a000,
		.root_cpu = KEEL_ROOT_CPUS + KEEL_SLOT_CPU * 4096ULL,
		.root_exit = KEEL_ROOT_BASE + 0x1230,
		.msr_bitmap = 0x5b000,
		.eptp = KEEL_EPTP(0x6c000),
	};
	unsigned int ix;

	kit_cpu(&b->caps);
	in.root_cr4 = keel_root_cr4(0, &b->caps);
	KUNIT_ASSERT_TRUE(test, keel_ctl_resolve(&b->caps, keel_host_want, b->ctl, &why));
	keel_hostvmcs_build(&b->root, &in);
	in.host = &b->state;
	keel_hostvmcs_build(&b->img, &in);
	/* root's half does not change */
	for (ix = 0; ix < VMCS_IX_NR; ix++)
		if (!strncmp(keel_vmcs_name(ix), "HOST_", 5))
			b->img.val[ix] = b->root.val[ix];
	b->img.val[VMCS_IX_GUEST_CR0] |= KEEL_CR0_OWNED;
	b->img.val[VMCS_IX_ENTRY_CTLS] &= ~(u64)KEEL_ENTRY_IA32E;
	expect_valid(test, b);
	/* and again, if it is waiting still */
	b->img.val[VMCS_IX_GUEST_ACTIVITY] = KEEL_ACTIVITY_WAIT_SIPI;
	expect_valid(test, b);
	b->caps.misc &= ~KEEL_MISC_SIPI;
	KUNIT_EXPECT_EQ(test, keel_vmcs_check(&b->img, &b->caps, &b->verdict), 1U);
}

static struct kunit_case keel_initsipi_cases[] = {
	KUNIT_CASE(initsipi_state),
	KUNIT_CASE(initsipi_leaves),
	KUNIT_CASE(initsipi_every_vector),
	KUNIT_CASE(initsipi_is_valid),
	{}
};

static struct kunit_suite keel_initsipi_suite = {
	.name = "keel-initsipi",
	.test_cases = keel_initsipi_cases,
};

kunit_test_suites(&keel_initsipi_suite);
