// SPDX-License-Identifier: GPL-2.0
/*
 * keel-merge-random: guests that write and read, merges in two steps and in any order,
 * scans, frames that come and go, guests that end and begin, or are cloned: against what each
 * of their pages has to hold, who may share with whom, and who can still read a frame, by a
 * translation of its own or a table that it has walked.
 *
 * World: KUnit.  No locks.
 */
#include "merge_kit.h"

#define GUESTS	4
#define VCPUS	2
#define PAGES	10

/* Where they are: in three tables */
static const u16 gfns[PAGES] = { 0, 1, 2, 3, 4, 5, 511, 512, 513, 1535 };

/* Contents of a page: so few that many are equal; 0 is a page of zeros */
#define CONTENTS	4

enum op {
	DO_WRITE, DO_READ, DO_MERGE, DO_ZERO, DO_SCAN, DO_NEXT, DO_ENTER, DO_LEAVE, DO_FLUSH,
	DO_FILL, DO_TRIM, DO_END, DO_PASS, DO_CLONE, DO_OPS
};

static const u8 often[DO_OPS] = {
	[DO_WRITE] = 20, [DO_READ] = 6, [DO_MERGE] = 40, [DO_ZERO] = 14, [DO_SCAN] = 4,
	[DO_NEXT] = 20, [DO_ENTER] = 10, [DO_LEAVE] = 6, [DO_FLUSH] = 12, [DO_FILL] = 8,
	[DO_TRIM] = 6, [DO_END] = 1, [DO_PASS] = 6, [DO_CLONE] = 1,
};

/**
 * struct model - what there is
 * @rnd: where steps come from
 * @clones: guests are cloned, too, so that some share whose domains are not the same
 * @domain: of each guest; 0 for its own
 * @val: what each page holds
 * @old: the frame that a vCPU in the guest can read by a translation, 0 for none
 * @way: the leaf that a vCPU in the guest has walked to and remembers, NULL for none
 * @held: frames that root has
 * @mapped: by frame, how many map it, and in the upper half in which domain
 * @done: steps that have come to something
 * @breaks: writes to pages that were shared
 */
struct model {
	struct rnd_state rnd;
	bool clones;
	u64 domain[GUESTS];
	u64 val[GUESTS][PAGES];
	u64 old[GUESTS][VCPUS][PAGES];
	const u64 *way[GUESTS][VCPUS][PAGES];
	bool held[FAKE_FRAMES];
	u64 mapped[FAKE_FRAMES];
	unsigned int done[DO_OPS];
	unsigned int breaks;
};

static u32 below(struct model *m, u32 n)
{
	return kit_below(&m->rnd, n);
}

static struct keel_guest *guest_at(unsigned int g)
{
	return keel_guest_at(&fake->root, g + 1);
}

static struct keel_vcpu *vcpu_at(unsigned int g, unsigned int v)
{
	return fake_vcpu(guest_at(g), v);
}

static u64 *leaf_at(unsigned int g, unsigned int p, u64 *rights)
{
	unsigned int level;
	u64 *at = keel_guest_walk(guest_at(g), (u64)gfns[p] << 12, &level, rights);

	return level == KEEL_LEVEL_4K ? at : NULL;
}

/* at most @nr frames of the host's */
static void fill(struct kunit *test, struct model *m, unsigned int g, unsigned int nr)
{
	u64 batch[KEEL_BATCH_NR];
	unsigned int i, at = below(m, FAKE_RAM_END), got = 0;
	s64 ret;

	for (i = 0; i < FAKE_RAM_END && got < nr; i++, at = (at + 1) % FAKE_RAM_END) {
		if (!at || at == FAKE_HOLE || m->held[at])
			continue;
		memset(fake->page[at], 0, 4096);
		batch[got++] = at;
	}
	ret = keel_guest_fill(&fake->root, g + 1, batch, got);
	KUNIT_ASSERT_TRUE(test, ret >= 0 || ret == -ENOMEM);
	for (i = 0; (s64)i < ret; i++)
		m->held[batch[i]] = true;
}

/* the host has frames again: zeroed, and nobody in a guest can read them */
static void give_back(struct kunit *test, struct model *m, const u64 *batch, s64 nr)
{
	unsigned int g, v, p;
	s64 i;

	for (i = 0; i < nr; i++) {
		KUNIT_ASSERT_TRUE(test, batch[i] < FAKE_RAM_END && m->held[batch[i]]);
		KUNIT_ASSERT_TRUE(test, !memchr_inv(fake->page[batch[i]], 0, 4096));
		m->held[batch[i]] = false;
		for (g = 0; g < GUESTS; g++)
			for (v = 0; v < VCPUS; v++)
				for (p = 0; p < PAGES; p++) {
					KUNIT_ASSERT_NE(test, m->old[g][v][p], batch[i]);
					KUNIT_ASSERT_GE(test, (ulong)m->way[g][v][p] -
							(ulong)fake->page[batch[i]], 4096UL);
				}
	}
}

/* root has none over for the tables that it takes to hide frames */
static void stock(struct kunit *test, struct model *m)
{
	u64 pfn = 1;

	while (fake->root.stock.nr + fake->root.free.nr < 2 * KEEL_STOCK_MIN) {
		while (m->held[pfn] || pfn == FAKE_HOLE)
			pfn++;
		KUNIT_ASSERT_EQ(test, keel_donate(&fake->root, pfn), 0LL);
		m->held[pfn] = true;
		fake_pass_all();
		keel_pool_settle(&fake->root);
	}
}

static void forget(struct model *m, unsigned int g, unsigned int v)
{
	memset(m->old[g][v], 0, sizeof(m->old[g][v]));
	memset(m->way[g][v], 0, sizeof(m->way[g][v]));
}

static void begin(struct kunit *test, struct model *m, unsigned int g)
{
	unsigned int v;

	stock(test, m);
	KUNIT_ASSERT_EQ(test, keel_guest_new(&fake->root, g + 1, MERGE_FRAMES), 0LL);
	fill(test, m, g, 12);
	fake_pass_all();
	keel_guest_settle(&fake->root, guest_at(g));
	/* two in one domain, and two for themselves, one of which says so */
	m->domain[g] = g < 2 ? 7 : g == 2 ? 8 : 0;
	KUNIT_ASSERT_EQ(test, keel_guest_domain(&fake->root, g + 1, m->domain[g]), 0LL);
	for (v = 0; v < VCPUS; v++) {
		KUNIT_ASSERT_NOT_NULL(test, vcpu_at(g, v));
		forget(m, g, v);
	}
	memset(m->val[g], 0, sizeof(m->val[g]));
}

static void leave(struct model *m, unsigned int g, unsigned int v)
{
	vcpu_at(g, v)->running = 0;
	vcpu_at(g, v)->epoch = 0;
	forget(m, g, v);
}

static void end(struct kunit *test, struct model *m, unsigned int g)
{
	u64 batch[KEEL_BATCH_NR];
	unsigned int v;
	s64 ret;

	for (v = 0; v < VCPUS; v++)
		leave(m, g, v);
	KUNIT_ASSERT_EQ(test, keel_guest_kill(&fake->root, g + 1), 0LL);
	fake_pass_all();
	do {
		ret = keel_guest_drain(&fake->root, g + 1, batch);
		KUNIT_ASSERT_GE(test, ret, 0LL);
		give_back(test, m, batch, ret);
		/* what is left of it is what it says, down to nothing */
		KUNIT_ASSERT_EQ(test, fake_audit(), 0LL);
	} while (ret);
	fake_pass_all();
	keel_pool_settle(&fake->root);
}

/* it forgets what it could read */
static void flush(struct model *m, unsigned int g, unsigned int v)
{
	struct keel_vcpu *vcpu = vcpu_at(g, v);

	if (vcpu->epoch != guest_at(g)->epoch)
		forget(m, g, v);
	vcpu->epoch = guest_at(g)->epoch;
}

/* a vCPU in the guest reads by a translation of its own, if it has one, or a table */
static void read(struct kunit *test, struct model *m, unsigned int g, unsigned int v,
		 unsigned int p)
{
	u64 rights, *old = &m->old[g][v][p];
	const u64 **way = &m->way[g][v][p];

	if (!vcpu_at(g, v)->running)
		return;
	if (!*way && leaf_at(g, p, &rights) && rights & 7)
		*way = leaf_at(g, p, &rights);
	if (!*old && *way && **way & 7)
		*old = KEEL_LEAF_PA(**way) >> 12;
	if (!*old)
		return;
	KUNIT_ASSERT_EQ_MSG(test, fake->page[*old][17], m->val[g][p],
			    "guest %u page %u, frame %llu", g, p, *old);
	m->done[DO_READ]++;
}

static void write(struct kunit *test, struct model *m, unsigned int g, unsigned int v,
		  unsigned int p)
{
	u64 val = below(m, CONTENTS), i, *page, breaks = guest_at(g)->stat.breaks;
	enum keel_fault ret;
	void *at;

	if (!vcpu_at(g, v)->running)
		return;
	ret = keel_gmem_at(&fake->root, guest_at(g), (u64)gfns[p] << 12,
			   vcpu_at(g, v), &at);
	if (ret == KEEL_FAULT_KICK || ret == KEEL_FAULT_FILL)
		return;
	KUNIT_ASSERT_EQ(test, ret, KEEL_FAULT_DONE);
	m->breaks += guest_at(g)->stat.breaks - breaks;
	flush(m, g, v);
	/* what was there is there still; the others see it, too */
	page = at;
	KUNIT_ASSERT_EQ(test, page[17], m->val[g][p]);
	for (i = 0; i < 512; i++)
		page[i] = val;
	m->val[g][p] = val;
	m->done[DO_WRITE]++;
}

static void merge(struct kunit *test, struct model *m, u64 to, unsigned int h, unsigned int g,
		  unsigned int p, u64 want)
{
	enum keel_merge ret = merge_pair(to, KEEL_HINT(g + 1, gfns[p]), 3 + below(m, 5));

	KUNIT_ASSERT_NE(test, ret, KEEL_MERGE_RESULTS);
	KUNIT_ASSERT_NE(test, ret, KEEL_MERGE_BUSY);
	if (g != h && (!m->domain[g] || m->domain[g] != m->domain[h]))
		KUNIT_ASSERT_TRUE(test, ret == KEEL_MERGE_DOMAIN || ret == KEEL_MERGE_GONE);
	if (ret == KEEL_MERGE_DONE) {
		KUNIT_ASSERT_EQ(test, m->val[g][p], want);
		m->done[to == KEEL_HINT_ZERO ? DO_ZERO : DO_MERGE]++;
	}
	if (ret == KEEL_MERGE_CHANGED)
		KUNIT_ASSERT_NE(test, m->val[g][p], want);
}

/* As a host that does it right: equal pages, proposed again when all have flushed */
static void merge_well(struct kunit *test, struct model *m, unsigned int g, unsigned int h,
		       unsigned int p)
{
	unsigned int q = below(m, PAGES), i, v;

	for (i = 0; i < PAGES && m->val[h][q] != m->val[g][p]; i++)
		q = (q + 1) % PAGES;
	for (i = 0; i < 2; i++) {
		merge(test, m, KEEL_HINT(h + 1, gfns[q]), h, g, p, m->val[h][q]);
		for (v = 0; v < VCPUS; v++) {
			flush(m, g, v);
			flush(m, h, v);
			read(test, m, g, v, p);
			read(test, m, h, v, q);
		}
	}
}

/* @h ends, and begins as a clone of @g */
static void clone(struct kunit *test, struct model *m, unsigned int g, unsigned int h)
{
	unsigned int v;
	bool busy = false;

	if (g == h)
		return;
	end(test, m, h);
	begin(test, m, h);
	for (v = 0; v < VCPUS; v++) {
		if (below(m, 4))
			leave(m, g, v);
		/* one that has no table yet has nothing to write to */
		busy |= vcpu_at(g, v)->running && guest_at(g)->ept.root;
	}
	KUNIT_ASSERT_EQ(test, keel_guest_clone(&fake->root, g + 1, h + 1), busy ? -EBUSY : 0LL);
	if (busy)
		return;
	memcpy(m->val[h], m->val[g], sizeof(m->val[h]));
	m->done[DO_CLONE]++;
}

static unsigned int page_of(u64 gfn)
{
	unsigned int p;

	for (p = 0; p < PAGES && gfns[p] != gfn; p++)
		;
	return p;
}

/* a scan that takes a page for equal to another one, which it may be or not */
static void next(struct kunit *test, struct model *m, unsigned int g, unsigned int h,
		 unsigned int p)
{
	unsigned int q = below(m, PAGES), i;
	struct keel_scan scan;
	u64 *entry, rights;

	for (i = 0; i < PAGES && m->val[h][q] != m->val[g][p]; i++)
		q = (q + 1) % PAGES;
	if (below(m, 2)) {
		for (i = 0; i < VCPUS; i++) {
			leave(m, g, i);
			leave(m, h, i);
		}
	}
	/* nobody has written to it for a pass */
	entry = leaf_at(g, p, &rights);
	if (entry && rights & *entry & KEEL_EPT_WRITE)
		*entry &= ~(KEEL_TABLE_DIRTY | KEEL_LEAF_HASHED);
	guest_at(g)->next = (struct keel_next) {
		.run = 8, .gfn = gfns[p], .most = 3,
		.hint = below(m, 5) ? KEEL_HINT(h + 1, gfns[q]) : KEEL_HINT_ZERO,
	};
	if (keel_guest_scan(&fake->root, g + 1, gfns[p], 1, &scan) < 0 || !scan.nr)
		return;
	for (i = 0; i < scan.nr; i++) {
		if (!(scan.page[i].gfn & KEEL_SCAN_MERGED))
			continue;
		m->done[DO_NEXT]++;
		p = page_of(scan.page[i].gfn & ~KEEL_SCAN_MERGED);
		q = page_of(KEEL_HINT_GFN(scan.page[i].hash));
		h = KEEL_HINT_ID(scan.page[i].hash) - 1;
		KUNIT_ASSERT_LT(test, p, (unsigned int)PAGES);
		if (scan.page[i].hash == KEEL_HINT_ZERO) {
			KUNIT_ASSERT_EQ(test, m->val[g][p], 0ULL);
			continue;
		}
		KUNIT_ASSERT_LT(test, q, (unsigned int)PAGES);
		KUNIT_ASSERT_EQ(test, m->val[g][p], m->val[h][q]);
	}
}

static void step(struct kunit *test, struct model *m, enum op op)
{
	unsigned int g = below(m, GUESTS), h = below(m, GUESTS), v = below(m, VCPUS);
	unsigned int p = below(m, PAGES), q = below(m, PAGES);
	u64 batch[KEEL_BATCH_NR];
	struct keel_scan scan;
	s64 ret;

	switch (op) {
	case DO_WRITE:
		write(test, m, g, v, p);
		break;
	case DO_READ:
		read(test, m, g, v, p);
		break;
	case DO_MERGE:
		if (below(m, 2))
			merge_well(test, m, g, h, p);
		else
			merge(test, m, KEEL_HINT(h + 1, gfns[q]), h, g, p, m->val[h][q]);
		break;
	case DO_ZERO:
		merge(test, m, KEEL_HINT_ZERO, g, g, p, 0);
		break;
	case DO_SCAN:
		ret = keel_guest_scan(&fake->root, g + 1, 0, 1, &scan);
		KUNIT_ASSERT_TRUE(test, !ret || ret == -EBUSY);
		m->done[op] += !ret;
		break;
	case DO_NEXT:
		if (p)
			next(test, m, g, h, p);
		break;
	case DO_ENTER:
		vcpu_at(g, v)->running = 1;
		flush(m, g, v);
		m->done[op]++;
		break;
	case DO_LEAVE:
		leave(m, g, v);
		m->done[op]++;
		break;
	case DO_FLUSH:
		flush(m, g, v);
		m->done[op]++;
		break;
	case DO_FILL:
		stock(test, m);
		if (guest_at(g)->pool.nr + guest_at(g)->cooling.nr < 20)
			fill(test, m, g, below(m, 8));
		m->done[op]++;
		break;
	case DO_TRIM:
		ret = keel_guest_trim(&fake->root, g + 1, batch);
		KUNIT_ASSERT_TRUE(test, ret >= 0 || ret == -EBUSY);
		give_back(test, m, batch, ret);
		m->done[op] += ret > 0;
		break;
	case DO_END:
		end(test, m, g);
		begin(test, m, g);
		m->done[op]++;
		break;
	case DO_CLONE:
		clone(test, m, g, h);
		break;
	default:
		fake_pass_all();
		m->done[op]++;
	}
}

/* Is it the first guest that has this leaf? */
static bool is_first(unsigned int g, unsigned int p, const u64 *leaf)
{
	unsigned int h;
	u64 rights;

	for (h = 0; h < g; h++)
		if (leaf_at(h, p, &rights) == leaf)
			return false;
	return true;
}

/* A frame of one guest's only, in a table of several: that one has the table, too. */
static bool has_too(const struct keel_frame *frame, unsigned int p, const u64 *leaf)
{
	u64 rights;

	return frame->owner < KEEL_OWNER_VM ||
	       leaf_at(frame->owner - KEEL_OWNER_VM - 1, p, &rights) == leaf;
}

/* everything, as it has to be */
static void check(struct kunit *test, struct model *m)
{
	unsigned int g, p, i;
	u64 *mapped = m->mapped, sharing = 0, rights;
	const struct keel_frame *f;
	const u64 *leaf;

	KUNIT_ASSERT_EQ(test, fake_audit(), 0LL);
	KUNIT_ASSERT_FALSE(test, fake->wild);
	memset(m->mapped, 0, sizeof(m->mapped));
	for (g = 0; g < GUESTS; g++) {
		sharing += guest_at(g)->stat.shared;
		for (p = 0; p < PAGES; p++) {
			u64 pfn;

			KUNIT_ASSERT_EQ(test, merge_read(guest_at(g), gfns[p]), m->val[g][p]);
			leaf = leaf_at(g, p, &rights);
			pfn = leaf ? KEEL_LEAF_PA(*leaf) >> 12 : 0;
			if (!pfn || pfn == fake->root.zero_pa >> 12 || !is_first(g, p, leaf))
				continue;
			f = keel_frame_at(&fake->root.frames, pfn);
			KUNIT_ASSERT_TRUE(test, has_too(f, p, leaf));
			sharing += !(rights & KEEL_EPT_WRITE) && f->owner == KEEL_OWNER_SHARED;
			/* domains: 0 and 1 are one */
			i = m->clones || g < 2 ? 1 : g;
			KUNIT_ASSERT_TRUE(test, !mapped[pfn] || mapped[pfn] >> 32 == i);
			mapped[pfn] = (mapped[pfn] + 1) | (u64)i << 32;
		}
	}
	for (i = 0; i < FAKE_RAM_END; i++) {
		f = keel_frame_at(&fake->root.frames, i);
		KUNIT_ASSERT_EQ(test, m->held[i], f && f->owner != KEEL_OWNER_HOST);
		if (f && f->owner == KEEL_OWNER_SHARED) {
			KUNIT_ASSERT_EQ(test, f->count, (u32)mapped[i]);
			sharing -= f->count;
		}
	}
	KUNIT_ASSERT_EQ(test, sharing, 0ULL);
}

static enum op choose(struct model *m)
{
	unsigned int sum = 0, op;

	for (op = 0; op < DO_OPS; op++)
		sum += op != DO_CLONE || m->clones ? often[op] : 0;
	sum = below(m, sum);
	for (op = 0; sum >= often[op]; op++)
		sum -= often[op];
	return op;
}

static void go(struct kunit *test, bool clones)
{
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int i, g;

	KUNIT_ASSERT_NOT_NULL(test, m);
	fake_machine(test);
	prandom_seed_state(&m->rnd, 23);
	m->clones = clones;
	for (g = 0; g < GUESTS; g++)
		begin(test, m, g);
	for (i = 0; i < (clones ? 120000 : 100000); i++) {
		step(test, m, choose(m));
		if (i % 50 == 49)
			check(test, m);
	}
	for (g = 0; g < GUESTS; g++)
		end(test, m, g);
	KUNIT_EXPECT_EQ(test, fake->root.shared, 0ULL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
	/* all of it has been tried */
	for (i = 0; i < DO_OPS; i++)
		if (i != DO_CLONE || clones)
			KUNIT_EXPECT_GT_MSG(test, m->done[i], clones ? 50U : 100U,
					    "operation %u", i);
	KUNIT_EXPECT_GT(test, m->breaks, 100U);
}

static void merge_random(struct kunit *test)
{
	go(test, false);
}

static void merge_random_clones(struct kunit *test)
{
	go(test, true);
}

static struct kunit_case merge_random_cases[] = {
	KUNIT_CASE(merge_random),
	KUNIT_CASE(merge_random_clones),
	{}
};

static struct kunit_suite merge_random_suite = {
	.name = "keel-merge-random",
	.test_cases = merge_random_cases,
};

kunit_test_suites(&merge_random_suite);
