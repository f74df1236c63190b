// SPDX-License-Identifier: GPL-2.0
/*
 * keel-vcpu-clone: what a vCPU that is cloned takes along, when it is refused, and how Linux
 * writes to a guest's memory.  What a VMCS holds can only be tried on a machine.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/vmx/vcpu.h"
#include "fake_machine.h"
#include "kit.h"

#define FROM	5
#define TO	6
#define FRAMES	16
#define FPU	832

static struct keel_guest *guest_with(struct kunit *test, u64 id, u64 first, unsigned int nr)
{
	struct keel_guest *guest;
	u64 batch[32];
	unsigned int i;

	KUNIT_ASSERT_EQ(test, keel_guest_new(&fake->root, id, FRAMES), 0LL);
	for (i = 0; i < nr; i++)
		batch[i] = first + i;
	KUNIT_ASSERT_EQ(test, keel_guest_fill(&fake->root, id, batch, nr), (s64)nr);
	fake_pass_all();
	guest = keel_guest_at(&fake->root, id);
	KUNIT_ASSERT_NOT_NULL(test, guest);
	keel_guest_settle(&fake->root, guest);
	return guest;
}

static struct keel_root *machine(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);

	root->guest.able = true;
	root->guest.fpu_size = FPU;
	root->guest.vmcs_revision = 0x1234;
	return root;
}

/* a vCPU with its pages, that can be found */
static struct keel_vcpu *vcpu_of(struct kunit *test, struct keel_guest *guest, u64 index,
				 bool apic)
{
	struct keel_vcpu *vcpu;
	u64 pfn;

	vcpu = keel_vcpu_make(&fake->root, guest, index, apic, &pfn);
	KUNIT_ASSERT_NOT_NULL(test, vcpu);
	keel_vcpu_add(vcpu, pfn);
	KUNIT_ASSERT_PTR_EQ(test, keel_vcpu_at(&fake->root, guest->id, index), vcpu);
	return vcpu;
}

static void clone_makes(struct kunit *test)
{
	struct keel_root *root = machine(test);
	struct keel_guest *guest = guest_with(test, FROM, 100, 8);
	struct keel_vcpu *vcpu;
	u64 pfn;

	vcpu = keel_vcpu_make(root, guest, 3, true, &pfn);
	KUNIT_ASSERT_NOT_NULL(test, vcpu);
	/* the EPT's first table, the vCPU, its VMCS and its APIC; its vectors fit in */
	KUNIT_EXPECT_EQ(test, guest->pool.nr, 4U);
	KUNIT_EXPECT_EQ(test, guest->ept.tables, 1ULL);
	KUNIT_EXPECT_PTR_EQ(test, (u8 *)vcpu->fpu, (u8 *)vcpu->area);
	KUNIT_EXPECT_EQ(test, *(u32 *)keel_phys(vcpu->vmcs_pa), 0x1234U);
	KUNIT_EXPECT_PTR_EQ(test, (void *)vcpu->apic, keel_phys(vcpu->apic_pa));
	KUNIT_EXPECT_EQ(test, vcpu->on_cpu, KEEL_NO_CPU);
	/* nobody finds it yet */
	KUNIT_EXPECT_NULL(test, keel_vcpu_at(root, FROM, 3));
	KUNIT_EXPECT_EQ(test, guest->nr_vcpus, 0U);
	keel_vcpu_add(vcpu, pfn);
	KUNIT_EXPECT_PTR_EQ(test, keel_vcpu_at(root, FROM, 3), vcpu);
	KUNIT_EXPECT_EQ(test, guest->nr_vcpus, 1U);
	/* large vectors have a page of their own */
	root->guest.fpu_size = 2696;
	vcpu = keel_vcpu_make(root, guest, 1, false, &pfn);
	KUNIT_ASSERT_NOT_NULL(test, vcpu);
	KUNIT_EXPECT_PTR_NE(test, (u8 *)vcpu->fpu, (u8 *)vcpu->area);
	KUNIT_EXPECT_EQ(test, guest->pool.nr, 1U);
	/* one page is too few, and stays */
	KUNIT_EXPECT_NULL(test, keel_vcpu_make(root, guest, 0, false, &pfn));
	KUNIT_EXPECT_EQ(test, guest->pool.nr, 1U);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	KUNIT_EXPECT_FALSE(test, fake->wild);
}

static void same(struct kunit *test, const struct keel_vcpu *a, const struct keel_vcpu *b,
		 size_t at, size_t size, const char *what)
{
	KUNIT_EXPECT_FALSE_MSG(test, memcmp((const u8 *)a + at, (const u8 *)b + at, size), "%s",
			       what);
}

/* Every member is what it was, but for those that say whose it is, and what it has counted */
static void clone_copies(struct kunit *test)
{
	struct keel_vcpu *old, *new, want;
	struct keel_guest *to;

	machine(test);
	old = vcpu_of(test, guest_with(test, FROM, 100, 8), 1, true);
	to = guest_with(test, TO, 120, 8);
	new = vcpu_of(test, to, 1, true);
	want = *new;
	/* anything that is true, too */
	memset(old, 1, sizeof(*old));
	memset(old->area, 0xa5, FPU);
	old->fpu = old->area;
	old->apic = keel_phys(100 << 12);
	memset(old->apic, 0x33, sizeof(*old->apic));
	keel_vcpu_copy(new, old);
	KUNIT_EXPECT_EQ(test, memcmp(new->area, old->area, FPU), 0);
	KUNIT_EXPECT_EQ(test, memcmp(new->apic, old->apic, sizeof(*new->apic)), 0);
	KUNIT_EXPECT_EQ(test, new->steal, old->steal);

	/* whose it is */
	KUNIT_EXPECT_PTR_EQ(test, new->guest, to);
	KUNIT_EXPECT_EQ(test, new->apic_pa, want.apic_pa);
	KUNIT_EXPECT_EQ(test, new->vmcs_pa, want.vmcs_pa);
	KUNIT_EXPECT_EQ(test, new->running, 0U);
	KUNIT_EXPECT_EQ(test, new->on_cpu, KEEL_NO_CPU);
	KUNIT_EXPECT_FALSE(test, new->launched);
	KUNIT_EXPECT_EQ(test, new->epoch, 0ULL);
	KUNIT_EXPECT_EQ(test, new->slice_left, 0ULL);
	KUNIT_EXPECT_TRUE(test, !memchr_inv(&new->stat, 0, sizeof(new->stat)));
	/* all else is as it was */
	/* that something is posted is said */
	old->attention |= KEEL_ATT_IRQ;
#define SAME(member) \
	same(test, new, old, offsetof(struct keel_vcpu, member), \
	     sizeof_field(struct keel_vcpu, member), #member)
	SAME(regs);
	SAME(debug);
	SAME(in_size);
	SAME(cr2);
	SAME(xcr0);
	SAME(cr8);
	SAME(dr);
	SAME(dr6);
	SAME(msr);
	SAME(attention);
	SAME(sipi);
	SAME(posted);
	SAME(level);
	SAME(apic_base);
	SAME(tsc_offset);
	SAME(tsc_adjust);
	SAME(wall_clock);
	SAME(clock);
	SAME(eoi_at);
	SAME(steal_at);
	SAME(steal);
	SAME(steal_told);
	SAME(mmio.val);
	SAME(mmio.op);
	SAME(mmio.reg);
	SAME(ins.gpa);
	SAME(ins.first);
	SAME(ins.size);
#undef SAME
}

/* An interrupt that was posted is not forgotten, whether it was said yet or not. */
static void clone_news(struct kunit *test)
{
	struct keel_vcpu *old, *new;

	machine(test);
	old = vcpu_of(test, guest_with(test, FROM, 100, 8), 0, false);
	new = vcpu_of(test, guest_with(test, TO, 120, 8), 0, false);
	keel_vcpu_copy(new, old);
	KUNIT_EXPECT_EQ(test, new->attention, 0U);
	old->posted[2] = 1ULL << 17;
	old->level[2] = 1ULL << 17;
	keel_vcpu_copy(new, old);
	KUNIT_EXPECT_EQ(test, new->attention, (u32)KEEL_ATT_IRQ);
	KUNIT_EXPECT_EQ(test, new->posted[2], 1ULL << 17);
	KUNIT_EXPECT_EQ(test, new->level[2], 1ULL << 17);
	old->posted[2] = 0;
	old->attention = KEEL_ATT_HALTED | KEEL_ATT_NMI;
	keel_vcpu_copy(new, old);
	KUNIT_EXPECT_EQ(test, new->attention, (u32)(KEEL_ATT_HALTED | KEEL_ATT_NMI));
}

static void clone_refuses(struct kunit *test)
{
	struct keel_root *root = machine(test);
	struct keel_guest *from = guest_with(test, FROM, 100, 8);
	struct keel_guest *to = guest_with(test, TO, 120, 2);
	struct keel_vcpu *old = vcpu_of(test, from, 1, true);
	struct keel_root_cpu *cpu = &fake->cpu[0];

	KUNIT_EXPECT_EQ(test, keel_vcpu_clone(cpu, FROM, 0, TO), -2LL);
	KUNIT_EXPECT_EQ(test, keel_vcpu_clone(cpu, FROM, KEEL_VCPUS_MAX, TO), -2LL);
	KUNIT_EXPECT_EQ(test, keel_vcpu_clone(cpu, FROM + 7, 1, TO), -2LL);
	KUNIT_EXPECT_EQ(test, keel_vcpu_clone(cpu, FROM, 1, TO + 7), -2LL);
	KUNIT_EXPECT_EQ(test, keel_vcpu_clone(cpu, FROM, 1, FROM), -17LL);
	/* a CPU has it, or its VMCS */
	old->running = 1;
	KUNIT_EXPECT_EQ(test, keel_vcpu_clone(cpu, FROM, 1, TO), -16LL);
	KUNIT_EXPECT_EQ(test, old->running, 1U);
	old->running = 0;
	old->on_cpu = cpu->cpu + 1;
	KUNIT_EXPECT_EQ(test, keel_vcpu_clone(cpu, FROM, 1, TO), -16LL);
	old->on_cpu = KEEL_NO_CPU;
	KUNIT_EXPECT_EQ(test, old->running, 0U);
	/* somebody works on the new guest */
	to->lock = 1;
	KUNIT_EXPECT_EQ(test, keel_vcpu_clone(cpu, FROM, 1, TO), -11LL);
	to->lock = 0;
	/* with an APIC, two pages are too few */
	KUNIT_EXPECT_EQ(test, keel_vcpu_clone(cpu, FROM, 1, TO), -28LL);
	KUNIT_EXPECT_EQ(test, to->pool.nr, 2U);
	KUNIT_EXPECT_EQ(test, to->lock, 0U);
	KUNIT_EXPECT_EQ(test, old->running, 0U);
	/* nor with a dead one of either kind */
	to->dead = true;
	KUNIT_EXPECT_EQ(test, keel_vcpu_clone(cpu, FROM, 1, TO), -2LL);
	to->dead = false;
	from->dead = true;
	KUNIT_EXPECT_EQ(test, keel_vcpu_clone(cpu, FROM, 1, TO), -2LL);
	from->dead = false;
	root->guest.able = false;
	KUNIT_EXPECT_EQ(test, keel_vcpu_clone(cpu, FROM, 1, TO), -95LL);
	KUNIT_EXPECT_EQ(test, to->nr_vcpus, 0U);
	KUNIT_EXPECT_FALSE(test, fake->wild);
}

static void clone_writes(struct kunit *test)
{
	struct keel_root *root = machine(test);
	struct keel_guest *guest = guest_with(test, FROM, 100, 9);
	struct keel_root_cpu *cpu = &fake->cpu[0];
	struct keel_shared *shared = cpu->shared;
	struct keel_vcpu *vcpu;
	u8 back[600];

	memset(shared->batch, 0x77, sizeof(shared->batch));
	KUNIT_EXPECT_EQ(test, keel_vcpu_write(cpu, FROM, 0x1000, 16), -2LL);
	vcpu = vcpu_of(test, guest, 0, false);
	KUNIT_EXPECT_EQ(test, keel_vcpu_write(cpu, FROM, 0x1000, sizeof(shared->batch) + 1), -22LL);
	KUNIT_EXPECT_EQ(test, keel_vcpu_write(cpu, FROM, FRAMES << 12, 1), -22LL);
	KUNIT_EXPECT_EQ(test, keel_vcpu_write(cpu, FROM, (FRAMES << 12) - 8, 16), -22LL);
	KUNIT_EXPECT_EQ(test, keel_vcpu_write(cpu, FROM, ~0ULL, 16), -22LL);
	vcpu->running = 1;
	KUNIT_EXPECT_EQ(test, keel_vcpu_write(cpu, FROM, 0x1000, 16), -16LL);
	vcpu->running = 0;
	guest->lock = 1;
	KUNIT_EXPECT_EQ(test, keel_vcpu_write(cpu, FROM, 0x1000, 16), -11LL);
	guest->lock = 0;
	/* over the end of a page, into memory that was never touched */
	KUNIT_EXPECT_EQ(test, keel_vcpu_write(cpu, FROM, 0x1ff8, 16), 0LL);
	KUNIT_EXPECT_EQ(test, (int)keel_gmem_read(root, guest, 0x1ff0, back, 32),
			(int)KEEL_FAULT_DONE);
	KUNIT_EXPECT_TRUE(test, !memchr_inv(back, 0, 8));
	KUNIT_EXPECT_TRUE(test, !memchr_inv(back + 8, 0x77, 16));
	KUNIT_EXPECT_TRUE(test, !memchr_inv(back + 24, 0, 8));
	/* the pool is empty then: nothing is written */
	KUNIT_EXPECT_EQ(test, keel_vcpu_write(cpu, FROM, 0x8ff8, 16), -28LL);
	KUNIT_EXPECT_EQ(test, vcpu->running, 0U);
	KUNIT_EXPECT_EQ(test, guest->lock, 0U);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

static struct kunit_case keel_vcpu_clone_cases[] = {
	KUNIT_CASE(clone_makes),
	KUNIT_CASE(clone_copies),
	KUNIT_CASE(clone_news),
	KUNIT_CASE(clone_refuses),
	KUNIT_CASE(clone_writes),
	{}
};

static struct kunit_suite keel_vcpu_clone_suite = {
	.name = "keel-vcpu-clone",
	.test_cases = keel_vcpu_clone_cases,
};

kunit_test_suites(&keel_vcpu_clone_suite);
