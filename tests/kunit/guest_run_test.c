// SPDX-License-Identifier: GPL-2.0
/*
 * keel-guest-run: what a switch to a guest can be told without VMX: where vCPUs are found,
 * who has flushed and who is parked, what an IN gets, and what fits where.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/vmx/vcpu.h"
#include "fake_machine.h"
#include "kit.h"

#define ID	5

/* a guest with frames in its pool */
static struct keel_guest *guest_with(struct kunit *test, unsigned int vcpus)
{
	struct keel_root *root = fake_machine(test);
	struct keel_guest *guest;
	u64 batch[KEEL_VCPUS_MAX + 2];
	unsigned int i;

	KUNIT_ASSERT_EQ(test, keel_guest_new(root, ID, 16), 0LL);
	for (i = 0; i < ARRAY_SIZE(batch); i++)
		batch[i] = 100 + i;
	KUNIT_ASSERT_EQ(test, keel_guest_fill(root, ID, batch, ARRAY_SIZE(batch)),
			(s64)ARRAY_SIZE(batch));
	fake_pass_all();
	guest = keel_guest_at(root, ID);
	KUNIT_ASSERT_NOT_NULL(test, guest);
	KUNIT_ASSERT_TRUE(test, keel_guest_ready(root, guest));
	keel_guest_settle(root, guest);
	for (i = 0; i < vcpus; i++)
		KUNIT_ASSERT_NOT_NULL(test, fake_vcpu(guest, i));
	return guest;
}

static void run_finds_vcpus(struct kunit *test)
{
	struct keel_guest *guest = guest_with(test, 2);
	struct keel_root *root = &fake->root;

	KUNIT_EXPECT_PTR_EQ(test, keel_vcpu_at(root, ID, 0), fake_vcpu(guest, 0));
	KUNIT_EXPECT_PTR_EQ(test, keel_vcpu_at(root, ID, 1), fake_vcpu(guest, 1));
	KUNIT_EXPECT_PTR_NE(test, keel_vcpu_at(root, ID, 0), keel_vcpu_at(root, ID, 1));
	KUNIT_EXPECT_NULL(test, keel_vcpu_at(root, ID, 2));
	KUNIT_EXPECT_NULL(test, keel_vcpu_at(root, ID, KEEL_VCPUS_MAX));
	KUNIT_EXPECT_NULL(test, keel_vcpu_at(root, ID, ~0ULL));
	KUNIT_EXPECT_NULL(test, keel_vcpu_at(root, ID + 1, 0));
	KUNIT_EXPECT_NULL(test, keel_vcpu_at(root, ID + KEEL_GUEST_IDS, 0));
	KUNIT_EXPECT_NULL(test, keel_vcpu_at(root, ~0ULL, 0));
	/* nor one of a guest that was killed */
	guest->dead = true;
	KUNIT_EXPECT_NULL(test, keel_vcpu_at(root, ID, 0));
	KUNIT_EXPECT_FALSE(test, fake->wild);
}

static void run_statistics(struct kunit *test)
{
	struct keel_guest *guest = guest_with(test, 1);
	struct keel_shared *shared = fake->cpu[0].shared;

	fake_vcpu(guest, 0)->stat.runs = 7;
	fake_vcpu(guest, 0)->stat.exit[KEEL_EXIT_NR - 1].ticks = 9;
	KUNIT_EXPECT_EQ(test, keel_vcpu_stat(&fake->cpu[0], ID, 0), 0LL);
	KUNIT_EXPECT_EQ(test, shared->vcpu_stat.runs, 7ULL);
	KUNIT_EXPECT_EQ(test, shared->vcpu_stat.exit[KEEL_EXIT_NR - 1].ticks, 9ULL);
	KUNIT_EXPECT_EQ(test, keel_vcpu_stat(&fake->cpu[0], ID, 1), -2LL);
}

/* those that run and have flushed for less hold the others up; whoever asks does not */
static void run_passed(struct kunit *test)
{
	struct keel_guest *guest = guest_with(test, 3);
	struct keel_vcpu *v[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		v[i] = fake_vcpu(guest, i);
		v[i]->epoch = 4;
	}
	KUNIT_EXPECT_TRUE(test, keel_guest_passed(guest, 5, NULL));
	v[1]->running = 1;
	KUNIT_EXPECT_TRUE(test, keel_guest_passed(guest, 4, NULL));
	KUNIT_EXPECT_FALSE(test, keel_guest_passed(guest, 5, NULL));
	KUNIT_EXPECT_FALSE(test, keel_guest_passed(guest, 5, v[0]));
	KUNIT_EXPECT_TRUE(test, keel_guest_passed(guest, 5, v[1]));
	v[2]->running = 1;
	KUNIT_EXPECT_FALSE(test, keel_guest_passed(guest, 5, v[1]));
	v[2]->epoch = 5;
	KUNIT_EXPECT_TRUE(test, keel_guest_passed(guest, 5, v[1]));
	v[1]->epoch = 6;
	KUNIT_EXPECT_TRUE(test, keel_guest_passed(guest, 5, NULL));
}

static void run_parked(struct kunit *test)
{
	struct keel_guest *guest = guest_with(test, KEEL_VCPUS_MAX);
	struct keel_vcpu *v;
	unsigned int i;

	KUNIT_EXPECT_TRUE(test, keel_guest_parked(guest));
	for (i = 0; i < KEEL_VCPUS_MAX; i++) {
		v = fake_vcpu(guest, i);
		v->running = 1;
		KUNIT_EXPECT_FALSE_MSG(test, keel_guest_parked(guest), "vCPU %u", i);
		v->running = 0;
		/* its VMCS is still active, on CPU 0 as on any other */
		v->on_cpu = 0;
		KUNIT_EXPECT_FALSE_MSG(test, keel_guest_parked(guest), "vCPU %u", i);
		v->on_cpu = KEEL_NO_CPU;
		KUNIT_EXPECT_TRUE_MSG(test, keel_guest_parked(guest), "vCPU %u", i);
	}
}

/* a CPU on which no vCPU is active has nothing to forget */
static void run_park_nothing(struct kunit *test)
{
	guest_with(test, 1);
	keel_vcpu_park(&fake->cpu[1]);
	KUNIT_EXPECT_NULL(test, fake->cpu[1].resident);
}

static void run_answers(struct kunit *test)
{
	static const struct {
		u8 size;
		u64 rax;
	} rows[] = {
		{ 0, 0x1122334455667788 },	/* it does not wait for one */
		{ 1, 0x11223344556677aa },
		{ 2, 0x112233445566bbaa },
		{ 4, 0x00000000ddccbbaa },
	};
	struct keel_vcpu *vcpu = kunit_kzalloc(test, sizeof(*vcpu), GFP_KERNEL);
	struct keel_regs before;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, vcpu);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(&vcpu->regs, 0x5a, sizeof(vcpu->regs));
		vcpu->regs.rax = 0x1122334455667788;
		before = vcpu->regs;
		before.rax = rows[i].rax;
		vcpu->in_size = rows[i].size;
		keel_vcpu_answer(vcpu, 0xffeeddccbbaaULL);
		KUNIT_EXPECT_EQ_MSG(test, vcpu->regs.rax, rows[i].rax, "%u bytes", rows[i].size);
		KUNIT_EXPECT_EQ(test, memcmp(&vcpu->regs, &before, sizeof(before)), 0);
		KUNIT_EXPECT_EQ(test, vcpu->in_size, 0);
	}
}

/* Structures that stand in pages, and what the CPU or both worlds know the layout of */
static void run_layout(struct kunit *test)
{
	KUNIT_EXPECT_LE(test, sizeof(struct keel_guest), (size_t)KEEL_PAGE_SIZE);
	/* room for a smallest XSAVE area, where XSAVE wants it */
	KUNIT_EXPECT_LE(test, sizeof(struct keel_vcpu) + KEEL_FPU_MIN, (size_t)KEEL_PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, offsetof(struct keel_vcpu, area) % 64, (size_t)0);
	KUNIT_EXPECT_EQ(test, offsetof(struct keel_vcpu, area), sizeof(struct keel_vcpu));
	/* with AVX, which nearly every CPU has, it fits there, too */
	KUNIT_EXPECT_LE(test, sizeof(struct keel_vcpu) + 832, (size_t)KEEL_PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, KEEL_FPU_MIN, 512 + 64);
	/* the other world is compiled by the same header, but by itself: no padding differs */
	KUNIT_EXPECT_EQ(test, sizeof(struct keel_vcpu_start), (size_t)96);
	KUNIT_EXPECT_EQ(test, sizeof(struct keel_run), (size_t)48);
	KUNIT_EXPECT_EQ(test, sizeof(struct keel_vm_stat), (size_t)152);
	KUNIT_EXPECT_EQ(test, sizeof(struct keel_scan), (size_t)32 + 16 * KEEL_SCAN_NR);
	KUNIT_EXPECT_EQ(test, sizeof(struct keel_vcpu_stat),
			(size_t)8 * (1 + KEEL_RUN_NR + 2 * KEEL_EXIT_NR + 2));
	KUNIT_EXPECT_EQ(test, offsetof(struct keel_shared, exit), (size_t)KEEL_PAGE_SIZE);
	KUNIT_EXPECT_GE(test, sizeof(struct keel_shared),
			KEEL_PAGE_SIZE + sizeof(struct keel_ring) + KEEL_DUMP_NR * sizeof(u64));
	/* a batch of frames is a page's entry each; hypercalls have room for that */
	KUNIT_EXPECT_EQ(test, sizeof(((struct keel_shared *)0)->batch), (size_t)8 * 64);
}

static struct kunit_case keel_guest_run_cases[] = {
	KUNIT_CASE(run_finds_vcpus),
	KUNIT_CASE(run_statistics),
	KUNIT_CASE(run_passed),
	KUNIT_CASE(run_parked),
	KUNIT_CASE(run_park_nothing),
	KUNIT_CASE(run_answers),
	KUNIT_CASE(run_layout),
	{}
};

static struct kunit_suite keel_guest_run_suite = {
	.name = "keel-guest-run",
	.test_cases = keel_guest_run_cases,
};

kunit_test_suites(&keel_guest_run_suite);
