// SPDX-License-Identifier: GPL-2.0
/*
 * keel-guest: a guest's memory, step by step: what is refused and changes nothing, what
 * waits for whom, and every entry bit by bit.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "fake_machine.h"
#include "kit.h"

#define ID	7
#define FRAMES	BIT_ULL(20)

/* Where its memory ends, the hole included */
#define END	(FRAMES + BIT_ULL(18))

static u64 batch[KEEL_BATCH_NR];

/* a batch of @nr frames from @first on */
static const u64 *frames(u64 first, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		batch[i] = first + i;
	return batch;
}

/* a guest with @pool frames, from 100 on, that it can use */
static struct keel_guest *guest(struct kunit *test, unsigned int pool)
{
	struct keel_root *root = fake_machine(test);

	KUNIT_ASSERT_EQ(test, keel_guest_new(root, ID, FRAMES), 0LL);
	KUNIT_ASSERT_EQ(test, keel_guest_fill(root, ID, frames(100, pool), pool), (s64)pool);
	fake_pass_all();
	keel_guest_settle(root, keel_guest_at(root, ID));
	return keel_guest_at(root, ID);
}

static u64 entry_of(struct keel_guest *g, u64 gfn)
{
	unsigned int level;

	return keel_table_lookup(&g->ept, gfn << 12, &level);
}

static enum keel_fault touch(struct keel_guest *g, u64 gfn, bool write)
{
	return keel_guest_fault(&fake->root, g, gfn << 12, write, NULL);
}

static void guest_new(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);
	struct keel_guest *g;
	const u64 most = (1ULL << 36) - (1ULL << 18);
	u64 pa, owned = root->owned;

	KUNIT_EXPECT_NULL(test, keel_guest_at(root, 0));
	KUNIT_EXPECT_EQ(test, keel_guest_new(root, KEEL_GUEST_IDS, 1), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_guest_new(root, ~0ULL, 1), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_guest_new(root, 1ULL << 52, 1), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_guest_new(root, ID, 0), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_guest_new(root, ID, most + 1), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, root->vms.root, 0ULL);
	KUNIT_EXPECT_EQ(test, keel_guest_new(root, ID, most), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_new(root, ID, 1), (s64)-EEXIST);
	g = keel_guest_at(root, ID);
	KUNIT_ASSERT_NOT_NULL(test, g);
	KUNIT_EXPECT_EQ(test, g->frames, most);
	KUNIT_EXPECT_EQ(test, g->owner, (u16)(KEEL_OWNER_VM + ID));
	KUNIT_EXPECT_EQ(test, g->vcpu[KEEL_VCPUS_MAX - 1], KEEL_NO_FRAME);
	KUNIT_EXPECT_NULL(test, keel_guest_at(root, ID + 512));
	KUNIT_EXPECT_NULL(test, keel_guest_at(root, ID + (1ULL << 18)));
	KUNIT_EXPECT_NULL(test, keel_guest_at(root, ID | 1ULL << 52));
	/* the last id, in another table; and the pages for it run out one by one */
	while (root->stock.nr > KEEL_STOCK_MIN + 2)
		KUNIT_ASSERT_NOT_NULL(test, keel_root_pages.alloc(NULL, &pa));
	KUNIT_EXPECT_EQ(test, keel_guest_new(root, KEEL_GUEST_IDS - 1, 5), (s64)-ENOMEM);
	KUNIT_EXPECT_NULL(test, keel_guest_at(root, KEEL_GUEST_IDS - 1));
	KUNIT_EXPECT_EQ(test, root->stock.nr, (u64)KEEL_STOCK_MIN + 2);
	KUNIT_EXPECT_EQ(test, keel_donate(root, 600), 0LL);
	fake_pass_all();
	KUNIT_EXPECT_EQ(test, keel_guest_new(root, KEEL_GUEST_IDS - 1, 5), 0LL);
	KUNIT_EXPECT_NOT_NULL(test, keel_guest_at(root, KEEL_GUEST_IDS - 1));
	KUNIT_EXPECT_EQ(test, root->stock.nr + root->free.nr, (u64)KEEL_STOCK_MIN + 1);
	KUNIT_EXPECT_EQ(test, root->owned, owned + 1);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

static void guest_fill(struct kunit *test)
{
	static const u64 bad[] = { 0, FAKE_HOLE, FAKE_RAM_END, ~0ULL, 1ULL << 52, 100, 101 };
	static const s64 want[] = { -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EPERM, -EPERM };
	struct keel_guest *g = guest(test, 1);
	struct keel_root *root = &fake->root;
	struct keel_vm_stat stat;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, keel_donate(root, 101), 0LL);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		u64 b[3] = { 200 + i, bad[i], 300 + i };

		KUNIT_EXPECT_EQ_MSG(test, keel_guest_fill(root, ID, b, 3), 1LL, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, keel_guest_fill(root, ID, b + 1, 2), want[i], "row %u",
				    i);
		KUNIT_EXPECT_EQ(test, keel_frame_owner(&root->frames, 300 + i),
				(u16)KEEL_OWNER_HOST);
	}
	/* twice in one batch */
	frames(210, 2);
	batch[2] = 210;
	KUNIT_EXPECT_EQ(test, keel_guest_fill(root, ID, batch, 3), 2LL);
	KUNIT_EXPECT_EQ(test, keel_guest_fill(root, ID, batch, 0), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_fill(root, ID, batch, KEEL_BATCH_NR + 1), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_guest_fill(root, ID, batch, ~0ULL), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_guest_fill(root, ID + 1, batch, 1), (s64)-ENOENT);
	KUNIT_ASSERT_TRUE(test, keel_guest_lock(g));
	KUNIT_EXPECT_EQ(test, keel_guest_fill(root, ID, frames(400, 1), 1), (s64)-EAGAIN);
	KUNIT_EXPECT_EQ(test, keel_guest_map(root, ID, batch, 1, 0), (s64)-EAGAIN);
	keel_guest_unlock(g);
	KUNIT_EXPECT_EQ(test, keel_guest_stat(root, ID, &stat), 0LL);
	KUNIT_EXPECT_EQ(test, stat.filled, 10ULL);
	KUNIT_EXPECT_EQ(test, stat.pool, 10ULL);
	KUNIT_EXPECT_EQ(test, g->pool.nr, 1ULL);
	KUNIT_EXPECT_EQ(test, keel_guest_kill(root, ID), 0LL);
	KUNIT_EXPECT_EQ(test, keel_guest_fill(root, ID, frames(400, 1), 1), (s64)-ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, keel_guest_map(root, ID, batch, 1, 0), (s64)-ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* what comes is of use when every CPU has flushed, and one flush is asked for a batch */
static void guest_fill_cools(struct kunit *test)
{
	struct keel_guest *g = guest(test, 5);
	struct keel_root *root = &fake->root;
	unsigned int i;
	u64 epoch = root->epoch;

	KUNIT_EXPECT_EQ(test, touch(g, 0, true), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, keel_guest_fill(root, ID, frames(300, 8), 8), 8LL);
	KUNIT_EXPECT_EQ(test, root->epoch, epoch + 1);
	for (i = 0; i < FAKE_CPUS; i++) {
		KUNIT_EXPECT_TRUE(test, fake->cpu[i].pending & KEEL_LATCH_FLUSH);
		KUNIT_EXPECT_EQ(test, touch(g, 1, true), KEEL_FAULT_FILL);
		fake_pass(i);
	}
	KUNIT_EXPECT_EQ(test, touch(g, 1, true), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, g->pool.nr, 7ULL);
}

/* root's pages for its own tables run out at each */
static void guest_fill_without_stock(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);
	unsigned int spare;
	u64 pa;

	KUNIT_ASSERT_EQ(test, keel_guest_new(root, ID, FRAMES), 0LL);
	while (root->stock.nr > KEEL_STOCK_MIN + 1)
		KUNIT_ASSERT_NOT_NULL(test, keel_root_pages.alloc(NULL, &pa));
	for (spare = 0; spare < 2; spare++) {
		/* where tables are, it goes on */
		frames(600 + 2 * spare, 2);
		KUNIT_EXPECT_EQ(test, keel_guest_fill(root, ID, batch, 2), 2LL);
		KUNIT_EXPECT_EQ(test, keel_guest_fill(root, ID, frames(20, 2), 2), (s64)-ENOMEM);
		batch[0] = 700 + spare;
		batch[1] = 20;
		KUNIT_EXPECT_EQ(test, keel_guest_fill(root, ID, batch, 2), 1LL);
		KUNIT_EXPECT_EQ(test, keel_frame_owner(&root->frames, 20), (u16)KEEL_OWNER_HOST);
		KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
		KUNIT_ASSERT_NOT_NULL(test, keel_root_pages.alloc(NULL, &pa));
	}
	/* with donations it goes on */
	for (spare = 0; spare < 3; spare++)
		KUNIT_EXPECT_EQ(test, keel_donate(root, 800 + spare), 0LL);
	fake_pass_all();
	KUNIT_EXPECT_EQ(test, keel_guest_fill(root, ID, frames(20, 2), 2), 2LL);
	KUNIT_EXPECT_EQ(test, root->stock.nr + root->free.nr, (u64)KEEL_STOCK_MIN);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

static void guest_map(struct kunit *test)
{
	struct keel_guest *g = guest(test, 6);
	struct keel_root *root = &fake->root;
	struct keel_vcpu *vcpu;
	unsigned int i;

	fake->page[300][5] = 0x1234;
	KUNIT_EXPECT_TRUE(test, keel_guest_ready(root, g));
	KUNIT_EXPECT_EQ(test, keel_guest_map(root, ID, frames(300, 2), 2, END), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_guest_map(root, ID, batch, 2, END - 1), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_guest_map(root, ID, batch, 2, ~0ULL), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_guest_map(root, ID, batch, KEEL_BATCH_NR + 1, 0), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_guest_map(root, ID + 1, batch, 1, 0), (s64)-ENOENT);
	KUNIT_EXPECT_EQ(test, g->ept.tables, 0ULL);
	KUNIT_EXPECT_TRUE(test, keel_guest_ready(root, g));

	KUNIT_EXPECT_EQ(test, keel_guest_map(root, ID, batch, 2, 511), 2LL);
	KUNIT_EXPECT_EQ(test, entry_of(g, 511), 300 << 12 | 0x77ULL);
	KUNIT_EXPECT_EQ(test, entry_of(g, 512), 301 << 12 | 0x77ULL);
	KUNIT_EXPECT_EQ(test, fake->page[300][5], 0x1234ULL);
	KUNIT_EXPECT_EQ(test, keel_frame_owner(&root->frames, 300), (u16)(KEEL_OWNER_VM + ID));
	KUNIT_EXPECT_EQ(test, g->ept.tables, 5ULL);
	/* nobody is to run before all have flushed */
	for (i = 0; i < FAKE_CPUS; i++) {
		KUNIT_EXPECT_FALSE(test, keel_guest_ready(root, g));
		fake_pass(i);
	}
	KUNIT_EXPECT_TRUE(test, keel_guest_ready(root, g));
	KUNIT_EXPECT_TRUE(test, keel_guest_ready(root, g));
	/* what is mapped stays so; and the guest can write to it */
	KUNIT_EXPECT_EQ(test, keel_guest_map(root, ID, frames(302, 2), 2, 510), 1LL);
	KUNIT_EXPECT_EQ(test, keel_guest_map(root, ID, frames(303, 1), 1, 511), (s64)-EEXIST);
	KUNIT_EXPECT_EQ(test, touch(g, 511, true), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, entry_of(g, 511), 300 << 12 | 0x77ULL);
	/* one frame is left, and three tables are wanted */
	KUNIT_EXPECT_EQ(test, keel_guest_map(root, ID, batch, 1, 512 * 512), (s64)-ENOSPC);
	KUNIT_EXPECT_EQ(test, g->pool.nr, 1ULL);
	KUNIT_EXPECT_EQ(test, keel_frame_owner(&root->frames, 303), (u16)KEEL_OWNER_HOST);
	/* not while a vCPU is on a CPU */
	vcpu = fake_vcpu(g, 3);
	KUNIT_ASSERT_NOT_NULL(test, vcpu);
	vcpu->running = 1;
	KUNIT_EXPECT_EQ(test, keel_guest_map(root, ID, batch, 1, 0), (s64)-EBUSY);
	fake_pass_all();
	KUNIT_EXPECT_TRUE(test, keel_guest_ready(root, g));
	vcpu->running = 0;
	KUNIT_EXPECT_EQ(test, keel_guest_map(root, ID, batch, 1, 0), 1LL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

static void guest_touch(struct kunit *test)
{
	struct keel_guest *g = guest(test, 8);
	struct keel_root *root = &fake->root;
	u64 zero = root->zero_pa | 0x75;
	struct keel_vm_stat stat;

	KUNIT_EXPECT_EQ(test, touch(g, END, false), KEEL_FAULT_OUTSIDE);
	KUNIT_EXPECT_EQ(test, touch(g, ~0ULL >> 12, true), KEEL_FAULT_OUTSIDE);
	KUNIT_EXPECT_EQ(test, keel_guest_fault(root, g, ~0ULL, true, NULL), KEEL_FAULT_OUTSIDE);
	KUNIT_EXPECT_EQ(test, g->ept.tables, 0ULL);

	KUNIT_EXPECT_EQ(test, touch(g, 3, false), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, entry_of(g, 3), zero);
	KUNIT_EXPECT_EQ(test, g->pool.nr, 4ULL);
	KUNIT_EXPECT_EQ(test, touch(g, 3, false), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, touch(g, 4, true), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, entry_of(g, 4) & 0xfff, 0x77ULL);
	KUNIT_EXPECT_EQ(test, g->epoch, 0ULL);
	KUNIT_EXPECT_EQ(test, touch(g, 4, true), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, touch(g, 4, false), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, g->pool.nr, 3ULL);
	/* a right is taken away: the zero frame goes */
	KUNIT_EXPECT_EQ(test, touch(g, 3, true), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, entry_of(g, 3) & 0xfff, 0x77ULL);
	KUNIT_EXPECT_EQ(test, g->epoch, 1ULL);
	KUNIT_EXPECT_EQ(test, touch(g, END - 1, true), KEEL_FAULT_FILL);
	KUNIT_EXPECT_EQ(test, g->ept.tables, 4ULL);
	KUNIT_EXPECT_EQ(test, touch(g, 5, false), KEEL_FAULT_DONE);

	KUNIT_EXPECT_EQ(test, keel_guest_stat(root, ID, &stat), 0LL);
	KUNIT_EXPECT_EQ(test, stat.mapped, 2ULL);
	KUNIT_EXPECT_EQ(test, stat.zero, 1ULL);
	KUNIT_EXPECT_EQ(test, stat.tables, 4ULL);
	KUNIT_EXPECT_EQ(test, stat.pool, 2ULL);
	KUNIT_EXPECT_EQ(test, stat.filled, 8ULL);
	KUNIT_EXPECT_EQ(test, stat.touched_read, 2ULL);
	KUNIT_EXPECT_EQ(test, stat.touched_write, 2ULL);
	KUNIT_EXPECT_EQ(test, keel_guest_stat(root, ID + 1, &stat), (s64)-ENOENT);
	KUNIT_ASSERT_TRUE(test, keel_guest_lock(g));
	KUNIT_EXPECT_EQ(test, touch(g, 9, true), KEEL_FAULT_BUSY);
	keel_guest_unlock(g);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* the pool is short of each frame that a touch wants: nothing is half done */
static void guest_touch_short(struct kunit *test)
{
	struct keel_guest *g;
	unsigned int nr, write;

	for (write = 0; write < 2; write++) {
		for (nr = 0; nr <= 5; nr++) {
			bool enough = nr >= 4 + write;

			g = guest(test, nr);
			KUNIT_EXPECT_EQ(test, touch(g, 77, write),
					enough ? KEEL_FAULT_DONE : KEEL_FAULT_FILL);
			KUNIT_EXPECT_EQ(test, g->pool.nr, (u64)(enough ? nr - 4 - write : nr));
			KUNIT_EXPECT_EQ(test, g->ept.root != 0, enough);
			KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
		}
	}
}

/* what the host leaves in a frame cannot become an EPT's entry, or a vCPU's register */
static void guest_tables_zeroed(struct kunit *test)
{
	struct keel_guest *g = guest(test, 0);
	struct keel_root *root = &fake->root;
	unsigned int i, level;
	u64 pfn, *page;

	frames(200, 8);
	for (i = 0; i < 8; i++)
		memset(fake->page[200 + i], 0x77, 4096);
	KUNIT_ASSERT_EQ(test, keel_guest_fill(root, ID, batch, 8), 8LL);
	fake_pass_all();
	KUNIT_EXPECT_EQ(test, touch(g, 0, true), KEEL_FAULT_DONE);
	for (i = 1; i < 512; i++) {
		KUNIT_EXPECT_EQ(test, entry_of(g, i), 0ULL);
		KUNIT_EXPECT_EQ(test, entry_of(g, i << 9), 0ULL);
		KUNIT_EXPECT_EQ(test, entry_of(g, i << 18), 0ULL);
		KUNIT_EXPECT_EQ(test, keel_table_lookup(&g->ept, (u64)i << 39, &level), 0ULL);
	}
	page = keel_guest_page(root, g, &pfn);
	KUNIT_ASSERT_NOT_NULL(test, page);
	for (i = 0; i < 512; i++)
		KUNIT_EXPECT_EQ(test, page[i], 0ULL);
	KUNIT_EXPECT_EQ(test, keel_frame_owner(&root->frames, pfn), (u16)KEEL_OWNER_ROOT);
	/* the memory is as the host has left it */
	KUNIT_EXPECT_EQ(test, fake->page[entry_of(g, 0) >> 12][9], 0x7777777777777777ULL);
	KUNIT_EXPECT_NOT_NULL(test, keel_guest_page(root, g, &pfn));
	KUNIT_EXPECT_NOT_NULL(test, keel_guest_page(root, g, &pfn));
	KUNIT_EXPECT_NULL(test, keel_guest_page(root, g, &pfn));
}

/* two vCPUs: the zero frame goes in two steps, and the other one has to flush between */
static void guest_two_vcpus(struct kunit *test)
{
	struct keel_guest *g = guest(test, 8);
	struct keel_root *root = &fake->root;
	struct keel_vcpu *a = fake_vcpu(g, 0), *b = fake_vcpu(g, 1);

	a->running = 1;
	b->running = 1;
	KUNIT_EXPECT_EQ(test, keel_guest_fault(root, g, 0x5000, false, b), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, keel_guest_fault(root, g, 0x5000, true, a), KEEL_FAULT_KICK);
	KUNIT_EXPECT_EQ(test, entry_of(g, 5), 0ULL);
	KUNIT_EXPECT_EQ(test, g->epoch, 1ULL);
	KUNIT_EXPECT_EQ(test, g->stat.zero, 0ULL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	/* as long as the other one has not flushed, whoever touches it, and however */
	a->epoch = 1;
	KUNIT_EXPECT_EQ(test, keel_guest_fault(root, g, 0x5000, true, a), KEEL_FAULT_KICK);
	KUNIT_EXPECT_EQ(test, keel_guest_fault(root, g, 0x5000, false, a), KEEL_FAULT_KICK);
	KUNIT_EXPECT_EQ(test, g->epoch, 1ULL);
	KUNIT_EXPECT_EQ(test, g->pool.nr, 2ULL);
	/* another page is no affair of this one */
	KUNIT_EXPECT_EQ(test, keel_guest_fault(root, g, 0x6000, false, a), KEEL_FAULT_DONE);
	/* it has gone back to Linux: it flushes on its way in */
	b->running = 0;
	KUNIT_EXPECT_EQ(test, keel_guest_fault(root, g, 0x5000, false, a), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, entry_of(g, 5) & 0xfff, 0x77ULL);
	KUNIT_EXPECT_EQ(test, g->stat.touched_write, 1ULL);
	/* the other one alone is in the guest: no need to wait */
	KUNIT_EXPECT_EQ(test, keel_guest_fault(root, g, 0x6000, true, a), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, g->epoch, 2ULL);
	/* no frame is left: the entry is as it was */
	KUNIT_EXPECT_EQ(test, keel_guest_fault(root, g, 0x7000, false, a), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, keel_guest_fault(root, g, 0x7000, true, a), KEEL_FAULT_FILL);
	KUNIT_EXPECT_EQ(test, entry_of(g, 7), root->zero_pa | 0x75);
	KUNIT_EXPECT_EQ(test, g->epoch, 2ULL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* when the pool runs out while a page is between the zero frame and one of its own */
static void guest_pending_short(struct kunit *test)
{
	struct keel_guest *g = guest(test, 7);
	struct keel_root *root = &fake->root;
	struct keel_vcpu *a = fake_vcpu(g, 0), *b = fake_vcpu(g, 1);

	a->running = 1;
	b->running = 1;
	KUNIT_EXPECT_EQ(test, keel_guest_fault(root, g, 0x5000, false, a), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, keel_guest_fault(root, g, 0x5000, true, a), KEEL_FAULT_KICK);
	KUNIT_EXPECT_EQ(test, keel_guest_fault(root, g, 0x8000, true, b), KEEL_FAULT_DONE);
	b->epoch = 1;
	KUNIT_EXPECT_EQ(test, keel_guest_fault(root, g, 0x5000, true, a), KEEL_FAULT_FILL);
	KUNIT_EXPECT_EQ(test, keel_guest_fault(root, g, 0x5000, false, b), KEEL_FAULT_FILL);
	KUNIT_EXPECT_EQ(test, keel_guest_fill(root, ID, frames(300, 1), 1), 1LL);
	fake_pass_all();
	a->epoch = 1;
	KUNIT_EXPECT_EQ(test, keel_guest_fault(root, g, 0x5000, false, b), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, entry_of(g, 5), 300 << 12 | 0x77ULL);
}

/* from 3 to 4 GiB there is no memory, and what does not fit below goes on above */
static void guest_hole(struct kunit *test)
{
	const u64 hole = KEEL_GFN_HOLE, end = KEEL_GFN_HOLE_END, size = end - hole;
	struct { u64 frames, gfn, nr; bool ok; } rows[] = {
		{ 1, 0, 1, true }, { 1, 1, 1, false }, { 1, 0, 2, false }, { 1, 0, 0, true },
		{ 1, 1, 0, false }, { hole, hole - 1, 1, true }, { hole, hole, 1, false },
		{ hole, hole - 1, 2, false }, { hole, end, 1, false }, { hole, end - 1, 1, false },
		{ hole + 1, hole - 1, 1, true }, { hole + 1, hole, 1, false },
		{ hole + 1, end - 1, 1, false }, { hole + 1, end, 1, true },
		{ hole + 1, end, 2, false }, { hole + 1, end + 1, 1, false },
		{ end, hole - 1, size + 2, false }, { end, end - 1, 2, false },
		{ end, end, size, true }, { end, end, size + 1, false }, { end, 0, hole, true },
		{ end, 0, end, false }, { end, hole, 0, false }, { end, ~0ULL, 2, false },
		{ end, end, ~0ULL, false }, { end, 5, ~0ULL, false }, { ~0ULL, ~0ULL, 1, true },
	};
	struct keel_guest *g = guest(test, 16);
	struct keel_root *root = &fake->root;
	u64 *entry;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		KUNIT_EXPECT_EQ_MSG(test, keel_gfns_ok(rows[i].frames, rows[i].gfn, rows[i].nr),
				    rows[i].ok, "row %u", i);
		if (rows[i].nr < 2)
			KUNIT_EXPECT_EQ_MSG(test, keel_gfn_ok(rows[i].frames, rows[i].gfn),
					    rows[i].ok, "row %u", i);
	}
	KUNIT_EXPECT_EQ(test, keel_gfn_end(hole), hole);
	KUNIT_EXPECT_EQ(test, keel_gfn_end(hole + 1), end + 1);
	KUNIT_EXPECT_EQ(test, touch(g, hole - 1, true), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, touch(g, hole, false), KEEL_FAULT_OUTSIDE);
	KUNIT_EXPECT_EQ(test, touch(g, end - 1, true), KEEL_FAULT_OUTSIDE);
	KUNIT_EXPECT_EQ(test, touch(g, end, true), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, keel_guest_map(root, ID, frames(300, 2), 2, hole - 2), 1LL);
	KUNIT_EXPECT_EQ(test, keel_guest_map(root, ID, frames(302, 2), 2, hole - 1), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_guest_map(root, ID, batch, 1, hole), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_guest_map(root, ID, batch, 2, end - 1), (s64)-EINVAL);
	KUNIT_EXPECT_EQ(test, keel_guest_map(root, ID, batch, 2, end + 1), 2LL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	/* what is mapped in the hole is found */
	KUNIT_ASSERT_TRUE(test, keel_guest_has(root, g, 3));
	entry = keel_guest_tables(root, g, (hole + 512) << 12, KEEL_LEVEL_4K);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	*entry = entry_of(g, end);
	*keel_guest_tables(root, g, end << 12, KEEL_LEVEL_4K) = 0;
	KUNIT_EXPECT_EQ(test, fake_audit(), (s64)-EUCLEAN);
}

static struct kunit_case guest_cases[] = {
	KUNIT_CASE(guest_new),
	KUNIT_CASE(guest_fill),
	KUNIT_CASE(guest_fill_cools),
	KUNIT_CASE(guest_fill_without_stock),
	KUNIT_CASE(guest_map),
	KUNIT_CASE(guest_hole),
	KUNIT_CASE(guest_touch),
	KUNIT_CASE(guest_touch_short),
	KUNIT_CASE(guest_tables_zeroed),
	KUNIT_CASE(guest_two_vcpus),
	KUNIT_CASE(guest_pending_short),
	{}
};

static struct kunit_suite guest_suite = {
	.name = "keel-guest",
	.test_cases = guest_cases,
};

kunit_test_suites(&guest_suite);
