// SPDX-License-Identifier: GPL-2.0
/*
 * The model of guests' memory (guest_model.h): each step is made on the real thing, and
 * what comes of it is compared with what has to.
 *
 * World: KUnit.  No locks.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "guest_model.h"

const u16 model_ids[MODEL_GUESTS] = { 0, 513, KEEL_GUEST_IDS - 1 };

/* gfns in many tables and at their ends, in the hole, and behind the end */
const u64 model_places[MODEL_PLACES] = {
	0, 1, 2, 511, 512, 513, KEEL_GFN_HOLE - 2, KEEL_GFN_HOLE - 1, KEEL_GFN_HOLE,
	KEEL_GFN_HOLE_END - 1, KEEL_GFN_HOLE_END, 1 << 27, (1 << 27) + 1, MODEL_END - 1, MODEL_END,
};

bool model_is_memory(u64 gfn)
{
	return gfn < KEEL_GFN_HOLE || (gfn >= KEEL_GFN_HOLE_END && gfn < MODEL_END);
}

bool model_expect(struct model *m, bool ok, const char *what)
{
	if (!ok && !m->wrong)
		m->wrong = what;
	return ok;
}

/* The host's frames hold what would be entries of an EPT. */
static u64 junk[512];

static const u64 zeros[512];

static void scribble(u64 pfn)
{
	memcpy(fake->page[pfn], junk, sizeof(junk));
}

static bool zeroed(u64 pfn)
{
	return !memcmp(fake->page[pfn], zeros, sizeof(zeros));
}

static bool is_ram(u64 pfn)
{
	return pfn && pfn < FAKE_RAM_END && pfn != FAKE_HOLE;
}

/* No CPU can reach what was the host's at that time. */
bool model_passed(u64 epoch)
{
	unsigned int i;

	for (i = 0; i < FAKE_CPUS; i++)
		if (fake->cpu[i].active && fake->cpu[i].epoch < epoch)
			return false;
	return true;
}

static void take(struct model *m, u64 pfn, u8 owner)
{
	m->owner[pfn] = owner;
	m->since[pfn] = fake->root.epoch;
	m->dirty[pfn] = false;
}

static void donate(struct model *m, u64 pfn)
{
	bool good = is_ram(pfn) && m->owner[pfn] == OWNER_HOST;
	s64 ret = keel_donate(&fake->root, pfn);

	if (ret == -ENOMEM) {
		EXPECT(good && fake->root.stock.nr + fake->root.free.nr < KEEL_STOCK_MIN);
		return;
	}
	if (!EXPECT(ret == (good ? 0 : is_ram(pfn) ? -EPERM : -EINVAL)))
		return;
	if (ret)
		return;
	take(m, pfn, OWNER_ROOT);
	m->done[MODEL_DONATE]++;
}

static void reclaim(struct model *m)
{
	s64 pfn = keel_reclaim(&fake->root);

	if (pfn < 0) {
		EXPECT(pfn == -ENOENT);
		return;
	}
	if (!EXPECT(pfn < FAKE_RAM_END && m->owner[pfn] == OWNER_ROOT &&
		    model_passed(m->since[pfn])) ||
	    !EXPECT(zeroed(pfn)))
		return;
	m->owner[pfn] = OWNER_HOST;
	scribble(pfn);
	m->done[MODEL_RECLAIM]++;
}

static void make(struct model *m, unsigned int g)
{
	s64 ret = keel_guest_new(&fake->root, model_ids[g], MODEL_FRAMES);

	if (ret == -ENOMEM)
		return;
	if (!EXPECT(ret == (m->guest[g].there ? -EEXIST : 0)))
		return;
	if (ret)
		return;
	m->guest[g] = (struct model_guest) { .there = true };
	m->done[MODEL_NEW]++;
}

/* How many frames of a batch can be taken, if root has pages */
static u64 good_frames(struct model *m, const u64 *batch, u64 nr)
{
	bool seen[FAKE_FRAMES] = { 0 };
	u64 i;

	for (i = 0; i < nr; i++) {
		if (!is_ram(batch[i]) || m->owner[batch[i]] != OWNER_HOST || seen[batch[i]])
			break;
		seen[batch[i]] = true;
	}
	return i;
}

static s64 refusal(const struct model_guest *guest)
{
	return !guest->there ? -ENOENT : guest->dead ? -ESHUTDOWN : 0;
}

static void fill(struct model *m, unsigned int g, u64 pfn, u64 how)
{
	u64 batch[KEEL_BATCH_NR], nr = how % (KEEL_BATCH_NR + 2), step = how / 128 % 3, i, good;
	s64 ret, no = refusal(&m->guest[g]);

	for (i = 0; i < KEEL_BATCH_NR; i++) {
		/* one in two batches is of frames that can be taken */
		while (how & 512 && pfn < FAKE_RAM_END &&
		       (!is_ram(pfn) || m->owner[pfn] != OWNER_HOST))
			pfn++;
		batch[i] = pfn;
		pfn += how & 512 ? 1 : step;
	}
	good = nr > KEEL_BATCH_NR ? 0 : good_frames(m, batch, nr);
	ret = keel_guest_fill(&fake->root, model_ids[g], batch, nr);
	if (nr > KEEL_BATCH_NR || no) {
		EXPECT(ret == (nr > KEEL_BATCH_NR ? -EINVAL : no));
		return;
	}
	if (!EXPECT(ret == -ENOMEM || ret >= 0 || (!good && nr)) ||
	    !EXPECT(ret <= (s64)good))
		return;
	if (ret >= 0 && ret < (s64)good)	/* no more pages for tables */
		EXPECT(keel_guest_fill(&fake->root, model_ids[g], batch + ret, 1) == -ENOMEM);
	for (i = 0; (s64)i < ret; i++)
		take(m, batch[i], OWNER_GUEST + g);
	m->guest[g].filled += ret > 0 ? ret : 0;
	m->done[MODEL_FILL] += ret > 0;
}

static bool on_cpu(const struct model *m, unsigned int g)
{
	return m->in[2 * g] || m->in[2 * g + 1] || m->active[2 * g] || m->active[2 * g + 1];
}

static void map(struct model *m, unsigned int g, u64 pfn, u64 place)
{
	struct model_guest *guest = &m->guest[g];
	u64 batch[2] = { pfn, pfn + 1 }, nr = 1 + (place / MODEL_PLACES) % 2, good;
	s64 ret, no = refusal(guest);

	place %= MODEL_PLACES;
	/* two at once only where the next place is the next gfn */
	if (nr == 2 &&
	    (place + 1 >= MODEL_PLACES || model_places[place + 1] != model_places[place] + 1))
		nr = 1;
	ret = keel_guest_map(&fake->root, model_ids[g], batch, nr, model_places[place]);
	if (!no && !(model_is_memory(model_places[place]) &&
		     model_is_memory(model_places[place] + nr - 1)))
		no = -EINVAL;
	if (!no && on_cpu(m, g))
		no = -EBUSY;
	if (no) {
		EXPECT(ret == no);
		return;
	}
	good = good_frames(m, batch, nr);
	if (ret < 0) {
		EXPECT(ret == -EEXIST ? guest->state[place] != MODEL_NOTHING :
		       ret == -ENOSPC || ret == -ENOMEM || !good);
		return;
	}
	if (!EXPECT(ret >= 1 && ret <= (s64)good))
		return;
	while (ret--) {
		if (!EXPECT(guest->state[place + ret] == MODEL_NOTHING))
			return;
		take(m, batch[ret], OWNER_GUEST + g);
		m->dirty[batch[ret]] = true;
		guest->state[place + ret] = MODEL_OWN;
		guest->tag[place + ret] = ++m->tag;
		fake->page[batch[ret]][model_places[place + ret] % 512] = m->tag;
		guest->filled++;
	}
	if (!EXPECT(model_passed(fake->root.epoch) ||
		    !keel_guest_ready(&fake->root, keel_guest_at(&fake->root, model_ids[g]))))
		return;
	m->done[MODEL_MAP]++;
}

static void kill(struct model *m, unsigned int g)
{
	s64 ret = keel_guest_kill(&fake->root, model_ids[g]);

	if (!EXPECT(ret == (m->guest[g].there ? 0 : -ENOENT)))
		return;
	if (ret || m->guest[g].dead)
		return;
	m->guest[g].dead = true;
	m->done[MODEL_KILL]++;
}

static void drain(struct model *m, unsigned int g)
{
	struct model_guest *guest = &m->guest[g];
	struct keel_guest *real = keel_guest_at(&fake->root, model_ids[g]);
	u64 batch[KEEL_BATCH_NR], epoch = real ? real->dead_epoch : 0;
	s64 ret = keel_guest_drain(&fake->root, model_ids[g], batch), i;

	if (!guest->there || !guest->dead) {
		EXPECT(ret == (guest->there ? -EPERM : -ENOENT));
		return;
	}
	if (!EXPECT(model_passed(epoch) || ret == -EAGAIN) ||
	    !EXPECT(!model_passed(epoch) || on_cpu(m, g) == (ret == -EBUSY)))
		return;
	if (ret < 0)
		return;
	for (i = 0; i < ret; i++) {
		if (!EXPECT(batch[i] < FAKE_FRAMES && m->owner[batch[i]] == OWNER_GUEST + g) ||
		    !EXPECT(!m->dirty[batch[i]] || zeroed(batch[i])))
			return;
		if (!EXPECT(keel_hostmap_open(&fake->root.ept, batch[i] << 12)))
			return;
		m->owner[batch[i]] = OWNER_HOST;
		scribble(batch[i]);
	}
	guest->filled -= ret;
	if (!ret) {
		if (!EXPECT(!guest->filled && !keel_guest_at(&fake->root, model_ids[g])))
			return;
		*guest = (struct model_guest) { 0 };
		m->done[MODEL_DRAIN]++;
	}
}

static void stat(struct model *m, unsigned int g)
{
	const struct model_guest *guest = &m->guest[g];
	struct keel_guest *real = keel_guest_at(&fake->root, model_ids[g]);
	unsigned int i, nr[4] = { 0 };
	struct keel_vm_stat s;

	if (!guest->there) {
		EXPECT(keel_guest_stat(&fake->root, model_ids[g], &s) == -ENOENT);
		return;
	}
	if (!EXPECT(!keel_guest_stat(&fake->root, model_ids[g], &s)) ||
	    !EXPECT(s.mapped + s.tables + s.pool + real->used.nr == guest->filled))
		return;
	for (i = 0; i < MODEL_PLACES; i++)
		nr[guest->state[i]]++;
	if (!EXPECT(guest->dead || (s.mapped == nr[MODEL_OWN] && s.zero == nr[MODEL_ZERO])))
		return;
	m->done[MODEL_STAT]++;
}

static void mend(struct model *m)
{
	s64 at = 0;

	do {
		at = keel_hostmap_mend(&fake->root, at);
	} while (at > 0);
	if (!EXPECT(!at))
		return;
	m->done[MODEL_MEND]++;
}

/* A CPU leaves or comes; who comes has flushed. */
static void change(struct model *m, unsigned int i)
{
	struct keel_root_cpu *cpu = &fake->cpu[i];

	cpu->active = !cpu->active;
	cpu->epoch = fake->root.epoch;
	cpu->pending = 0;
	m->done[MODEL_SWITCH]++;
}

/* As vmx/vcpu.c takes them */
static void page(struct model *m, unsigned int g)
{
	struct keel_guest *real = keel_guest_at(&fake->root, model_ids[g]);
	u64 pfn;

	if (!real || real->dead)
		return;
	if (!EXPECT(keel_guest_lock(real)))
		return;
	if (keel_guest_page(&fake->root, real, &pfn)) {
		if (!EXPECT(m->owner[pfn] == OWNER_GUEST + g && zeroed(pfn) &&
			    model_passed(m->since[pfn])))
			return;
		m->dirty[pfn] = true;
		scribble(pfn);
		m->done[MODEL_PAGE]++;
	}
	keel_guest_unlock(real);
}

static void audit(struct model *m)
{
	const struct keel_frame *frame;
	unsigned int i;

	if (!EXPECT(!fake_audit()))
		return;
	for (i = 0; i < FAKE_RAM_END; i++) {
		frame = keel_frame_at(&fake->root.frames, i);
		if (!EXPECT(!m->owner[i] == (!frame || frame->owner == KEEL_OWNER_HOST)))
			return;
	}
	m->done[MODEL_AUDIT]++;
}

/**
 * model_start() - a machine without guests
 * @m: the model, zeroed; the machine was built
 */
void model_start(struct model *m)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(junk); i++)
		junk[i] = (u64)(i % FAKE_FRAMES) << 12 | 0x77;
	for (i = 0; i < FAKE_RAM_END; i++)
		scribble(i);
}

/**
 * model_step() - make one step
 * @m: the model
 * @op: what to do
 * @a: to whom, any number
 * @b: with what, any number
 * @c: how, any number
 *
 * Return: false when something is wrong, and m->wrong says what.
 */
bool model_step(struct model *m, enum model_op op, u64 a, u64 b, u64 c)
{
	unsigned int g = a % MODEL_GUESTS, v = a % MODEL_VCPUS;

	switch (op) {
	case MODEL_DONATE:
		donate(m, b);
		break;
	case MODEL_RECLAIM:
		reclaim(m);
		break;
	case MODEL_NEW:
		make(m, g);
		break;
	case MODEL_FILL:
		fill(m, g, b, c);
		break;
	case MODEL_MAP:
		map(m, g, b, c);
		break;
	case MODEL_FAULT:
		model_fault(m, v, b % MODEL_PLACES, c & 1);
		break;
	case MODEL_ENTER:
		model_enter(m, v);
		break;
	case MODEL_EXIT:
		model_leave(m, v, b % 4);
		break;
	case MODEL_PASS:
		fake_pass(a % FAKE_CPUS);
		break;
	case MODEL_KILL:
		kill(m, g);
		break;
	case MODEL_DRAIN:
		drain(m, g);
		break;
	case MODEL_STAT:
		stat(m, g);
		break;
	case MODEL_MEND:
		mend(m);
		break;
	case MODEL_SWITCH:
		change(m, a % FAKE_CPUS);
		break;
	case MODEL_PAGE:
		page(m, g);
		break;
	default:
		audit(m);
		break;
	}
	if (!m->wrong && fake->wild)
		m->wrong = "an address that is none";
	return !m->wrong;
}
