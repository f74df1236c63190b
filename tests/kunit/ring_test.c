// SPDX-License-Identifier: GPL-2.0
/*
 * keel-ring: messages come out as they went in and in that order, a full ring
 * counts what it loses, and a tail that holds nonsense cannot make root write
 * outside the ring or over what it has not been told is free.
 *
 * World: KUnit, both ends on one thread.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/vmx/exit.h"
#include "kit.h"

#define GUARD 0x5a

/* a ring between guards */
struct bench {
	u8 before[64];
	struct keel_ring ring;
	u8 after[64];
};

static struct bench *bench(struct kunit *test)
{
	struct bench *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, b);
	memset(b->before, GUARD, sizeof(b->before));
	memset(b->after, GUARD, sizeof(b->after));
	return b;
}

static void check_guards(struct kunit *test, const struct bench *b)
{
	unsigned int i;

	for (i = 0; i < sizeof(b->before); i++) {
		KUNIT_ASSERT_EQ(test, b->before[i], GUARD);
		KUNIT_ASSERT_EQ(test, b->after[i], GUARD);
	}
}

/* the n-th message: no two are the same in any part */
static struct keel_message message(u64 n)
{
	return (struct keel_message) {
		.tsc = 0x1000000000 + n, .event = 3 * n, .cpu = 7 * n + 1,
		.arg = { ~n, n << 32, n ^ 0x5555, n * n },
	};
}

static bool same(const struct keel_message *a, const struct keel_message *b)
{
	return a->tsc == b->tsc && a->event == b->event && a->cpu == b->cpu &&
	       a->arg[0] == b->arg[0] && a->arg[1] == b->arg[1] && a->arg[2] == b->arg[2] &&
	       a->arg[3] == b->arg[3];
}

static bool put(struct keel_ring *ring, u64 n)
{
	struct keel_message msg = message(n);

	return keel_ring_put(ring, &msg);
}

/* the next message is the n-th */
static void expect_take(struct kunit *test, struct keel_ring *ring, u64 n)
{
	struct keel_message got = { 0 }, expected = message(n);

	KUNIT_ASSERT_TRUE_MSG(test, keel_ring_take(ring, &got), "message %llu", n);
	KUNIT_ASSERT_TRUE_MSG(test, same(&got, &expected), "message %llu", n);
}

static void expect_empty(struct kunit *test, struct keel_ring *ring)
{
	struct keel_message got = message(99), untouched = message(99);
	u64 tail = ring->tail;

	KUNIT_EXPECT_FALSE(test, keel_ring_take(ring, &got));
	KUNIT_EXPECT_TRUE(test, same(&got, &untouched));
	KUNIT_EXPECT_EQ(test, ring->tail, tail);
}

static void ring_empty(struct kunit *test)
{
	struct bench *b = bench(test);

	expect_empty(test, &b->ring);
	KUNIT_EXPECT_TRUE(test, put(&b->ring, 1));
	expect_take(test, &b->ring, 1);
	expect_empty(test, &b->ring);
	check_guards(test, b);
	/* the indices run free: the size has to divide 2^64 */
	KUNIT_EXPECT_EQ(test, KEEL_RING_NR & (KEEL_RING_NR - 1), 0);
}

static void ring_full(struct kunit *test)
{
	struct bench *b = bench(test);
	struct keel_ring *ring = &b->ring;
	unsigned int i;

	for (i = 0; i < KEEL_RING_NR; i++)
		KUNIT_ASSERT_TRUE(test, put(ring, i));
	KUNIT_EXPECT_EQ(test, ring->lost, 0ULL);
	/* what comes now is lost, and nothing else is */
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_FALSE(test, put(ring, 1000 + i));
	KUNIT_EXPECT_EQ(test, ring->lost, 5ULL);
	KUNIT_EXPECT_EQ(test, ring->head, (u64)KEEL_RING_NR);
	/* one place is enough for one */
	expect_take(test, ring, 0);
	KUNIT_EXPECT_TRUE(test, put(ring, KEEL_RING_NR));
	KUNIT_EXPECT_FALSE(test, put(ring, 2000));
	KUNIT_EXPECT_EQ(test, ring->lost, 6ULL);
	for (i = 1; i <= KEEL_RING_NR; i++)
		expect_take(test, ring, i);
	expect_empty(test, ring);
	KUNIT_EXPECT_EQ(test, ring->lost, 6ULL);
	check_guards(test, b);
}

/* any fill, often around; then indices that pass 2^64 */
static void ring_wraps(struct kunit *test)
{
	struct bench *b = bench(test);
	struct keel_ring *ring = &b->ring;
	unsigned int fill, i;
	u64 in = 0, out = 0;

	for (fill = 1; fill <= KEEL_RING_NR; fill++) {
		for (i = 0; i < fill; i++)
			KUNIT_ASSERT_TRUE(test, put(ring, in++));
		for (i = 0; i < fill; i++)
			expect_take(test, ring, out++);
		expect_empty(test, ring);
	}
	ring->head = -37ULL;
	ring->tail = -37ULL;
	for (i = 0; i < KEEL_RING_NR; i++)
		KUNIT_ASSERT_TRUE(test, put(ring, in++));
	KUNIT_EXPECT_FALSE(test, put(ring, 0));
	KUNIT_EXPECT_EQ(test, ring->head, (u64)KEEL_RING_NR - 37);
	for (i = 0; i < KEEL_RING_NR; i++)
		expect_take(test, ring, out++);
	expect_empty(test, ring);
	check_guards(test, b);
}

/* both ends in any order, against two counters */
static void ring_interleaved(struct kunit *test)
{
	struct bench *b = bench(test);
	struct keel_ring *ring = &b->ring;
	u64 in = 0, out = 0, lost = 0;
	struct rnd_state rnd;
	unsigned int i, likely = 0;

	prandom_seed_state(&rnd, 8);
	for (i = 0; i < 20000; i++) {
		/* now rather full, now rather empty */
		if (!(i % 500))
			likely = 1 + kit_below(&rnd, 9);
		if (kit_below(&rnd, 10) < likely) {
			bool room = in - out < KEEL_RING_NR;

			KUNIT_ASSERT_EQ(test, put(ring, in), room);
			in += room;
			lost += !room;
		} else if (in == out) {
			expect_empty(test, ring);
		} else {
			expect_take(test, ring, out++);
		}
		KUNIT_ASSERT_EQ(test, ring->head, in);
		KUNIT_ASSERT_EQ(test, ring->tail, out);
		KUNIT_ASSERT_EQ(test, ring->lost, lost);
	}
	KUNIT_EXPECT_GT(test, lost, 100ULL);
	check_guards(test, b);
}

/* a tail as a hostile or broken host would leave it */
static void ring_hostile_tail(struct kunit *test)
{
	struct bench *b = bench(test), *was = bench(test);
	struct keel_ring *ring = &b->ring;
	unsigned int i, slot, accepted = 0, refused = 0;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 10);
	for (i = 0; i < 20000; i++) {
		struct keel_message msg = message(i);
		bool room, ok;

		switch (kit_below(&rnd, 5)) {
		case 0:
			ring->tail = kit_random(&rnd);
			break;
		case 1:		/* ahead of the head */
			ring->tail = ring->head + 1 + kit_below(&rnd, 3 * KEEL_RING_NR);
			break;
		case 2:		/* around the point where the ring is full */
			ring->tail = ring->head - KEEL_RING_NR - 2 + kit_below(&rnd, 5);
			break;
		case 3:
			ring->tail = ring->head - kit_below(&rnd, KEEL_RING_NR);
			break;
		default:
			ring->tail = 1ULL << kit_below(&rnd, 64);
		}
		*was = *b;
		room = ring->head - ring->tail < KEEL_RING_NR;
		ok = keel_ring_put(ring, &msg);
		KUNIT_ASSERT_EQ(test, ok, room);
		KUNIT_ASSERT_EQ(test, ring->tail, was->ring.tail);
		KUNIT_ASSERT_EQ(test, ring->head, was->ring.head + ok);
		KUNIT_ASSERT_EQ(test, ring->lost, was->ring.lost + !ok);
		/* one message has changed, that at the head, or none */
		slot = was->ring.head % KEEL_RING_NR;
		if (ok)
			was->ring.msg[slot] = msg;
		KUNIT_ASSERT_EQ(test, memcmp(ring->msg, was->ring.msg, sizeof(ring->msg)), 0);
		accepted += ok;
		refused += !ok;
	}
	check_guards(test, b);
	KUNIT_EXPECT_GT(test, accepted, 1000U);
	KUNIT_EXPECT_GT(test, refused, 1000U);
}

static void ring_keel_say(struct kunit *test)
{
	struct keel_root_cpu *cpu = kunit_kzalloc(test, sizeof(*cpu), GFP_KERNEL);
	struct keel_message got;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, cpu);
	cpu->shared = kunit_kzalloc(test, sizeof(*cpu->shared), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cpu->shared);
	cpu->cpu = 5;
	keel_say(cpu, KEEL_EVENT_ROOT_EXCEPTION, 14, ~0ULL, 0x40001234, 0xdead);
	keel_say(cpu, KEEL_EVENT_MACHINE_CHECK, 0, 0, 0, 0);
	KUNIT_ASSERT_TRUE(test, keel_ring_take(&cpu->shared->ring, &got));
	KUNIT_EXPECT_EQ(test, got.event, (u32)KEEL_EVENT_ROOT_EXCEPTION);
	KUNIT_EXPECT_EQ(test, got.cpu, 5U);
	KUNIT_EXPECT_NE(test, got.tsc, 0ULL);
	KUNIT_EXPECT_EQ(test, got.arg[0], 14ULL);
	KUNIT_EXPECT_EQ(test, got.arg[1], ~0ULL);
	KUNIT_EXPECT_EQ(test, got.arg[2], 0x40001234ULL);
	KUNIT_EXPECT_EQ(test, got.arg[3], 0xdeadULL);
	KUNIT_ASSERT_TRUE(test, keel_ring_take(&cpu->shared->ring, &got));
	KUNIT_EXPECT_EQ(test, got.event, (u32)KEEL_EVENT_MACHINE_CHECK);
	for (i = 0; i < KEEL_RING_NR + 3; i++)
		keel_say(cpu, KEEL_EVENT_GAVE_BACK, i, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, cpu->shared->ring.lost, 3ULL);
}

/* a format takes what a message holds, in the only form that it holds it in */
static void ring_event_formats(struct kunit *test)
{
	static const struct {
		int severity;
		const char *format;
	} events[] = {
#define KEEL_E(name, severity, format) { severity, format },
		KEEL_EVENTS(KEEL_E)
#undef KEEL_E
	};
	unsigned int i, args;
	const char *p;

	KUNIT_EXPECT_EQ(test, (unsigned int)ARRAY_SIZE(events), (unsigned int)KEEL_EVENT_NR);
	for (i = 0; i < ARRAY_SIZE(events); i++) {
		args = 0;
		for (p = strchr(events[i].format, '%'); p; p = strchr(p + 1, '%')) {
			KUNIT_EXPECT_TRUE_MSG(test, !strncmp(p, "%llu", 4) ||
					      !strncmp(p, "%#llx", 5), "event %u", i);
			args++;
		}
		KUNIT_EXPECT_LE_MSG(test, args, 4U, "event %u", i);
		KUNIT_EXPECT_GE_MSG(test, events[i].severity, 0, "event %u", i);
		KUNIT_EXPECT_LE_MSG(test, events[i].severity, 7, "event %u", i);
	}
}

static struct kunit_case keel_ring_cases[] = {
	KUNIT_CASE(ring_empty),
	KUNIT_CASE(ring_full),
	KUNIT_CASE(ring_wraps),
	KUNIT_CASE(ring_interleaved),
	KUNIT_CASE(ring_hostile_tail),
	KUNIT_CASE(ring_keel_say),
	KUNIT_CASE(ring_event_formats),
	{}
};

static struct kunit_suite keel_ring_suite = {
	.name = "keel-ring",
	.test_cases = keel_ring_cases,
};

kunit_test_suites(&keel_ring_suite);
