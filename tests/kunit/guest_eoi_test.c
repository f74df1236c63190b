// SPDX-License-Identifier: GPL-2.0
/*
 * keel-guest-eoi: ends of interrupts by a word in the guest's memory: when the word is set,
 * and what is made of it.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/vmx/pv.h"
#include "fake_machine.h"
#include "kit.h"

#define ID	4
#define FRAMES	4096
#define PLACE	0x6044ULL
#define VECTOR	0x55

static struct keel_vcpu *vcpu(struct kunit *test, unsigned int pool)
{
	struct keel_root *root = fake_machine(test);
	struct keel_apic *apic = kunit_kzalloc(test, KEEL_PAGE_SIZE, GFP_KERNEL);
	struct keel_vcpu *v;
	u64 batch[16];
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, apic);
	KUNIT_ASSERT_EQ(test, keel_guest_new(root, ID, FRAMES), 0LL);
	for (i = 0; i < pool; i++)
		batch[i] = 100 + i;
	KUNIT_ASSERT_EQ(test, keel_guest_fill(root, ID, batch, pool), (s64)pool);
	fake_pass_all();
	keel_guest_settle(root, keel_guest_at(root, ID));
	v = fake_vcpu(keel_guest_at(root, ID), 0);
	KUNIT_ASSERT_NOT_NULL(test, v);
	keel_apic_reset(apic, 0, true);
	v->apic = apic;
	return v;
}

static void put_word(struct keel_vcpu *v, u32 word)
{
	keel_gmem_write(&fake->root, v->guest, PLACE, &word, sizeof(word), v);
}

static u32 word_of(struct keel_vcpu *v)
{
	u32 word;

	keel_gmem_read(&fake->root, v->guest, PLACE, &word, sizeof(word));
	return word;
}

static void serve(struct keel_vcpu *v, u32 vector)
{
	keel_apic_raise(v->apic, vector);
	keel_apic_priority(v->apic);
	keel_apic_accept(v->apic, vector);
}

static u32 served(struct keel_vcpu *v)
{
	return keel_apic_highest(v->apic, KEEL_APIC_ISR);
}

static void eoi_by_word(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test, 16);

	/* not asked for: nothing is given, nothing taken */
	serve(v, VECTOR);
	keel_eoi_give(v);
	KUNIT_EXPECT_EQ(test, v->attention, 0U);
	KUNIT_EXPECT_EQ(test, keel_eoi_take(v), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, served(v), (u32)VECTOR);
	KUNIT_EXPECT_EQ(test, keel_eoi_wrmsr(v, PLACE | 1), KEEL_FAULT_DONE);
	/* the other bits are the guest's */
	put_word(v, 0xabcd1234);
	keel_eoi_give(v);
	KUNIT_EXPECT_EQ(test, word_of(v), 0xabcd1235U);
	KUNIT_EXPECT_EQ(test, v->attention, (u32)KEEL_ATT_EOI);
	KUNIT_EXPECT_EQ(test, served(v), (u32)VECTOR);
	/* it has ended */
	put_word(v, 0xabcd1234);
	KUNIT_EXPECT_EQ(test, keel_eoi_take(v), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, served(v), 0U);
	KUNIT_EXPECT_EQ(test, keel_apic_get(v->apic, KEEL_APIC_PPR), 0U);
	KUNIT_EXPECT_EQ(test, v->attention, 0U);
	KUNIT_EXPECT_EQ(test, word_of(v), 0xabcd1234U);
	/* nothing is in service any more */
	keel_eoi_give(v);
	KUNIT_EXPECT_EQ(test, v->attention, 0U);
	KUNIT_EXPECT_EQ(test, word_of(v), 0xabcd1234U);
	/* it has not: the word is taken back, and nothing has ended; once is enough */
	serve(v, VECTOR);
	keel_eoi_give(v);
	KUNIT_EXPECT_EQ(test, word_of(v), 0xabcd1235U);
	KUNIT_EXPECT_EQ(test, keel_eoi_take(v), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, word_of(v), 0xabcd1234U);
	KUNIT_EXPECT_EQ(test, keel_eoi_take(v), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, served(v), (u32)VECTOR);
	KUNIT_EXPECT_EQ(test, v->attention, 0U);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* What has to be told */
static void eoi_withheld(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test, 16);
	u64 posted[4] = { 0, 1ULL << (VECTOR - 64) }, level[4] = { 0, 1ULL << (VECTOR - 64) };

	KUNIT_EXPECT_EQ(test, keel_eoi_wrmsr(v, PLACE | 1), KEEL_FAULT_DONE);
	/* another one waits, of whatever priority */
	serve(v, VECTOR);
	keel_apic_raise(v->apic, 0x21);
	keel_eoi_give(v);
	KUNIT_EXPECT_EQ(test, v->attention, 0U);
	/* it is nested */
	keel_apic_reset(v->apic, 0, true);
	serve(v, VECTOR);
	serve(v, VECTOR + 0x10);
	keel_eoi_give(v);
	KUNIT_EXPECT_EQ(test, v->attention, 0U);
	keel_apic_eoi(v->apic);
	keel_eoi_give(v);
	KUNIT_EXPECT_EQ(test, v->attention, (u32)KEEL_ATT_EOI);
	KUNIT_EXPECT_EQ(test, keel_eoi_take(v), KEEL_FAULT_DONE);
	/* a device waits for it */
	keel_apic_reset(v->apic, 0, true);
	keel_apic_write(v->apic, KEEL_APIC_MSR_OF(KEEL_APIC_SVR), 0x1ff, 0);
	keel_apic_merge(v->apic, posted, level);
	keel_apic_accept(v->apic, VECTOR);
	keel_eoi_give(v);
	KUNIT_EXPECT_EQ(test, v->attention, 0U);
	KUNIT_EXPECT_EQ(test, word_of(v), 0U);
}

static void eoi_refuses(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test, 16);

	KUNIT_EXPECT_EQ(test, keel_eoi_wrmsr(v, PLACE | 3), KEEL_FAULT_OUTSIDE);
	KUNIT_EXPECT_EQ(test, keel_eoi_wrmsr(v, 2), KEEL_FAULT_OUTSIDE);
	KUNIT_EXPECT_EQ(test, keel_eoi_wrmsr(v, FRAMES * KEEL_PAGE_SIZE | 1), KEEL_FAULT_OUTSIDE);
	KUNIT_EXPECT_EQ(test, keel_eoi_wrmsr(v, ~7ULL | 1), KEEL_FAULT_OUTSIDE);
	KUNIT_EXPECT_EQ(test, v->eoi_at, 0ULL);
	/* its last word, and off: nobody looks where it points to */
	KUNIT_EXPECT_EQ(test, keel_eoi_wrmsr(v, (FRAMES * KEEL_PAGE_SIZE - 4) | 1),
			KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, keel_eoi_wrmsr(v, ~7ULL), KEEL_FAULT_DONE);
	serve(v, VECTOR);
	keel_eoi_give(v);
	KUNIT_EXPECT_EQ(test, v->attention, 0U);
	/* what has ended before the place changes has ended */
	KUNIT_EXPECT_EQ(test, keel_eoi_wrmsr(v, PLACE | 1), KEEL_FAULT_DONE);
	keel_eoi_give(v);
	put_word(v, 0);
	KUNIT_EXPECT_EQ(test, keel_eoi_wrmsr(v, 0), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, served(v), 0U);
	KUNIT_EXPECT_EQ(test, v->attention, 0U);
}

/* Without a frame for the word the guest writes to its APIC; taken back it is in the end. */
static void eoi_without_memory(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test, 1);
	unsigned int level;
	u64 *leaf, entry;

	KUNIT_EXPECT_EQ(test, keel_eoi_wrmsr(v, PLACE | 1), KEEL_FAULT_DONE);
	serve(v, VECTOR);
	keel_eoi_give(v);
	KUNIT_EXPECT_EQ(test, v->attention, 0U);

	v = vcpu(test, 16);
	KUNIT_EXPECT_EQ(test, keel_eoi_wrmsr(v, PLACE | 1), KEEL_FAULT_DONE);
	serve(v, VECTOR);
	keel_eoi_give(v);
	KUNIT_ASSERT_EQ(test, v->attention, (u32)KEEL_ATT_EOI);
	put_word(v, 0);
	leaf = keel_guest_leaf(v->guest, PLACE, &level);
	KUNIT_ASSERT_EQ(test, level, (unsigned int)KEEL_LEVEL_4K);
	entry = *leaf;
	*leaf = 0;
	KUNIT_ASSERT_TRUE(test, keel_guest_lock(v->guest));
	KUNIT_EXPECT_EQ(test, keel_eoi_take(v), KEEL_FAULT_BUSY);
	KUNIT_EXPECT_EQ(test, keel_eoi_wrmsr(v, 0), KEEL_FAULT_BUSY);
	KUNIT_EXPECT_EQ(test, v->eoi_at, PLACE | 1);
	KUNIT_EXPECT_EQ(test, v->attention, (u32)KEEL_ATT_EOI);
	KUNIT_EXPECT_EQ(test, served(v), (u32)VECTOR);
	keel_guest_unlock(v->guest);
	*leaf = entry;
	KUNIT_EXPECT_EQ(test, keel_eoi_take(v), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, served(v), 0U);
}

static struct kunit_case keel_guest_eoi_cases[] = {
	KUNIT_CASE(eoi_by_word),
	KUNIT_CASE(eoi_withheld),
	KUNIT_CASE(eoi_refuses),
	KUNIT_CASE(eoi_without_memory),
	{}
};

static struct kunit_suite keel_guest_eoi_suite = {
	.name = "keel-guest-eoi",
	.test_cases = keel_guest_eoi_cases,
};

kunit_test_suites(&keel_guest_eoi_suite);
