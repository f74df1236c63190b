// SPDX-License-Identifier: GPL-2.0
/*
 * keel-guest-steal: steal time, and whether a vCPU could run and does not: what guests are
 * told, when, and what they can ask for.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/vmx/pv.h"
#include "fake_machine.h"
#include "kit.h"

#define ID	4
#define FRAMES	4096
#define PLACE	0x6040ULL

static struct keel_vcpu *vcpu(struct kunit *test, unsigned int pool)
{
	struct keel_root *root = fake_machine(test);
	u64 batch[16];
	unsigned int i;

	KUNIT_ASSERT_EQ(test, keel_guest_new(root, ID, FRAMES), 0LL);
	for (i = 0; i < pool; i++)
		batch[i] = 100 + i;
	KUNIT_ASSERT_EQ(test, keel_guest_fill(root, ID, batch, pool), (s64)pool);
	fake_pass_all();
	keel_guest_settle(root, keel_guest_at(root, ID));
	return fake_vcpu(keel_guest_at(root, ID), 0);
}

static struct keel_steal_time page_of(struct keel_vcpu *v)
{
	struct keel_steal_time page;

	keel_gmem_read(&fake->root, v->guest, PLACE, &page, sizeof(page));
	return page;
}

static bool flush;

static enum keel_fault tell(struct keel_vcpu *v)
{
	return keel_steal_tell(v, &flush);
}

static void steal_tells(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test, 16);

	KUNIT_ASSERT_NOT_NULL(test, v);
	/* nobody wants to know */
	KUNIT_EXPECT_EQ(test, keel_vcpu_steal(ID, 0, 500), 0LL);
	KUNIT_EXPECT_EQ(test, v->attention, 0U);
	KUNIT_EXPECT_TRUE(test, keel_steal_wrmsr(v, PLACE));
	KUNIT_EXPECT_EQ(test, v->attention, 0U);
	/* from the moment on that the guest asks, and what was there before counts */
	keel_gmem_write(&fake->root, v->guest, PLACE, &(u64){ 7 }, 8, v);
	KUNIT_EXPECT_TRUE(test, keel_steal_wrmsr(v, PLACE | 1));
	KUNIT_EXPECT_EQ(test, v->attention, (u32)KEEL_ATT_STEAL);
	KUNIT_EXPECT_EQ(test, tell(v), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, v->attention, 0U);
	KUNIT_EXPECT_EQ(test, page_of(v).steal, 7ULL);
	KUNIT_EXPECT_EQ(test, page_of(v).version, 2U);
	KUNIT_EXPECT_EQ(test, keel_vcpu_steal(ID, 0, 530), 0LL);
	KUNIT_EXPECT_EQ(test, v->attention, (u32)KEEL_ATT_STEAL);
	KUNIT_EXPECT_EQ(test, page_of(v).steal, 7ULL);
	KUNIT_EXPECT_EQ(test, tell(v), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, page_of(v).steal, 37ULL);
	KUNIT_EXPECT_EQ(test, page_of(v).version, 4U);
	KUNIT_EXPECT_EQ(test, tell(v), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, page_of(v).steal, 37ULL);
	/* no more */
	KUNIT_EXPECT_TRUE(test, keel_steal_wrmsr(v, 0));
	KUNIT_EXPECT_EQ(test, keel_vcpu_steal(ID, 0, 900), 0LL);
	KUNIT_EXPECT_EQ(test, v->attention, 0U);
	KUNIT_EXPECT_EQ(test, page_of(v).steal, 37ULL);
	KUNIT_EXPECT_EQ(test, keel_vcpu_steal(ID, 1, 1), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, keel_vcpu_steal(ID + 1, 0, 1), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

static void steal_refuses(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test, 1);
	unsigned int bit;

	KUNIT_ASSERT_NOT_NULL(test, v);
	for (bit = 1; bit < 6; bit++)
		KUNIT_EXPECT_FALSE(test, keel_steal_wrmsr(v, PLACE | 1 | 1ULL << bit));
	KUNIT_EXPECT_EQ(test, v->steal_at, 0ULL);
	/* no frame at the moment, and no memory at all */
	KUNIT_EXPECT_TRUE(test, keel_steal_wrmsr(v, PLACE | 1));
	KUNIT_EXPECT_EQ(test, tell(v), KEEL_FAULT_FILL);
	KUNIT_EXPECT_EQ(test, v->attention, (u32)KEEL_ATT_STEAL);
	KUNIT_EXPECT_TRUE(test, keel_steal_wrmsr(v, ~63ULL | 1));
	KUNIT_EXPECT_EQ(test, tell(v), KEEL_FAULT_DONE);
}

static void put_preempted(struct keel_vcpu *v, u8 val)
{
	keel_gmem_write(&fake->root, v->guest, PLACE + 16, &val, 1, v);
}

/* Whether it could run and does not */
static void steal_preempted(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test, 16);

	KUNIT_ASSERT_NOT_NULL(test, v);
	KUNIT_EXPECT_EQ(test, offsetof(struct keel_steal_time, preempted), (size_t)16);
	KUNIT_EXPECT_EQ(test, keel_vcpu_preempted(ID, 1), (s64)-ENOENT);
	/* nobody wants to know */
	KUNIT_EXPECT_EQ(test, keel_vcpu_preempted(ID, 0), 0LL);
	KUNIT_EXPECT_EQ(test, v->attention, 0U);
	KUNIT_EXPECT_TRUE(test, keel_steal_wrmsr(v, PLACE | 1));
	put_preempted(v, KEEL_KVM_FLUSH | KEEL_KVM_PREEMPTED);
	KUNIT_EXPECT_EQ(test, tell(v), KEEL_FAULT_DONE);
	KUNIT_EXPECT_TRUE(test, flush);
	KUNIT_EXPECT_EQ(test, page_of(v).preempted, 0U);
	/* it loses the CPU, and comes back */
	KUNIT_EXPECT_EQ(test, keel_vcpu_preempted(ID, 0), 0LL);
	KUNIT_EXPECT_EQ(test, page_of(v).preempted, (u32)KEEL_KVM_PREEMPTED);
	KUNIT_EXPECT_EQ(test, v->attention, (u32)KEEL_ATT_STEAL);
	KUNIT_EXPECT_EQ(test, v->running, 0U);
	KUNIT_EXPECT_EQ(test, tell(v), KEEL_FAULT_DONE);
	KUNIT_EXPECT_FALSE(test, flush);
	KUNIT_EXPECT_EQ(test, page_of(v).preempted, 0U);
	/* another vCPU wants it to forget, while it is away */
	KUNIT_EXPECT_EQ(test, keel_vcpu_preempted(ID, 0), 0LL);
	put_preempted(v, KEEL_KVM_FLUSH | KEEL_KVM_PREEMPTED);
	KUNIT_EXPECT_EQ(test, tell(v), KEEL_FAULT_DONE);
	KUNIT_EXPECT_TRUE(test, flush);
	KUNIT_EXPECT_EQ(test, page_of(v).preempted, 0U);
	KUNIT_EXPECT_EQ(test, page_of(v).steal, 0ULL);
	/* and goes on wanting it when the thread loses its CPU again before it is back */
	KUNIT_EXPECT_EQ(test, keel_vcpu_preempted(ID, 0), 0LL);
	put_preempted(v, KEEL_KVM_FLUSH | KEEL_KVM_PREEMPTED);
	KUNIT_EXPECT_EQ(test, keel_vcpu_preempted(ID, 0), 0LL);
	KUNIT_EXPECT_EQ(test, page_of(v).preempted, (u32)(KEEL_KVM_FLUSH | KEEL_KVM_PREEMPTED));
	KUNIT_EXPECT_EQ(test, tell(v), KEEL_FAULT_DONE);
	KUNIT_EXPECT_TRUE(test, flush);
	/* not while a CPU has it, nor while an answer goes to a place that was looked up */
	v->running = 1;
	KUNIT_EXPECT_EQ(test, keel_vcpu_preempted(ID, 0), (s64)-EBUSY);
	KUNIT_EXPECT_EQ(test, v->running, 1U);
	v->running = 0;
	v->in_size = 1 | KEEL_IN_STRING;
	KUNIT_EXPECT_EQ(test, keel_vcpu_preempted(ID, 0), 0LL);
	KUNIT_EXPECT_EQ(test, page_of(v).preempted, 0U);
	KUNIT_EXPECT_EQ(test, v->attention, 0U);
	v->in_size = 0;
	/* nor when the guest is being killed */
	keel_guest_kill(&fake->root, ID);
	KUNIT_EXPECT_EQ(test, keel_vcpu_preempted(ID, 0), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, v->running, 0U);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* Where there is no memory, or no frame, it is not told. */
static void steal_preempted_outside(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test, 1);

	KUNIT_ASSERT_NOT_NULL(test, v);
	KUNIT_EXPECT_TRUE(test, keel_steal_wrmsr(v, ~63ULL | 1));
	KUNIT_EXPECT_EQ(test, tell(v), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, keel_vcpu_preempted(ID, 0), 0LL);
	KUNIT_EXPECT_EQ(test, v->attention, 0U);
	KUNIT_EXPECT_TRUE(test, keel_steal_wrmsr(v, PLACE | 1));
	v->attention = 0;
	KUNIT_EXPECT_EQ(test, keel_vcpu_preempted(ID, 0), 0LL);
	KUNIT_EXPECT_EQ(test, v->attention, 0U);
	KUNIT_EXPECT_EQ(test, v->running, 0U);
}

static struct kunit_case keel_guest_steal_cases[] = {
	KUNIT_CASE(steal_tells),
	KUNIT_CASE(steal_refuses),
	KUNIT_CASE(steal_preempted),
	KUNIT_CASE(steal_preempted_outside),
	{}
};

static struct kunit_suite keel_guest_steal_suite = {
	.name = "keel-guest-steal",
	.test_cases = keel_guest_steal_cases,
};

kunit_test_suites(&keel_guest_steal_suite);
