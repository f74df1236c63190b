// SPDX-License-Identifier: GPL-2.0
/*
 * keel-guest-string: INS and OUTS: how registers go from element to element, against
 * counting it out; what segments allow; where the answer to an INS ends up.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/vmx/guest_string.h"
#include "fake_machine.h"
#include "kit.h"

#define ID	2
#define FRAMES	4096

/* An exit qualification and an instruction information */
static u64 qualification(u32 size, bool in, bool rep, u16 port)
{
	return (size - 1) | in << 3 | 1 << 4 | rep << 5 | (u64)port << 16;
}

static u64 info(u32 addr, u32 seg)
{
	return addr << 7 | seg << 15;
}

static void string_fields(struct kunit *test)
{
	u64 q = qualification(4, true, true, 0xcf8), i = info(2, 3);

	KUNIT_EXPECT_EQ(test, KEEL_IO_SIZE(q), 4ULL);
	KUNIT_EXPECT_EQ(test, KEEL_IO_IN(q), 1ULL);
	KUNIT_EXPECT_EQ(test, KEEL_IO_STRING(q), 1ULL);
	KUNIT_EXPECT_EQ(test, KEEL_IO_REP(q), 1ULL);
	KUNIT_EXPECT_EQ(test, KEEL_IO_PORT(q), 0xcf8ULL);
	KUNIT_EXPECT_EQ(test, KEEL_STRING_SEG(i), 3ULL);
	KUNIT_EXPECT_EQ(test, keel_string_mask(i), ~0ULL);
	KUNIT_EXPECT_EQ(test, keel_string_mask(info(1, 0)), 0xffffffffULL);
	KUNIT_EXPECT_EQ(test, keel_string_mask(info(0, 7)), 0xffffULL);
}

/* random registers, and what one element makes of them */
static void string_steps(struct kunit *test)
{
	static const u64 masks[] = { 0xffff, 0xffffffff, ~0ULL };
	struct keel_regs regs, want;
	unsigned int i, r, width;
	struct rnd_state rnd;
	bool in, rep, down;
	u64 *index, left;
	u32 size;

	prandom_seed_state(&rnd, 0x57f1);
	for (i = 0; i < 5000; i++) {
		width = kit_below(&rnd, 3);
		size = 1U << kit_below(&rnd, 3);
		in = kit_below(&rnd, 2);
		rep = kit_below(&rnd, 2);
		down = kit_below(&rnd, 2);
		for (r = 0; r < sizeof(regs) / sizeof(u64); r++)
			((u64 *)&regs)[r] = kit_random(&rnd);
		/* near the end of the count, and of the addresses */
		if (kit_below(&rnd, 2))
			regs.rcx = (regs.rcx & ~masks[width]) | (1 + kit_below(&rnd, 3));
		if (kit_below(&rnd, 2))
			regs.rsi |= masks[width] & ~3ULL;
		want = regs;
		index = in ? &want.rdi : &want.rsi;
		left = *index + (down ? -(u64)size : size);
		*index = width ? left & masks[width] : (*index & ~0xffffULL) | (left & 0xffff);
		if (rep) {
			left = want.rcx - 1;
			want.rcx = width ? left & masks[width] :
					   (want.rcx & ~0xffffULL) | (left & 0xffff);
		}
		KUNIT_EXPECT_PTR_EQ(test, keel_string_index(&regs, qualification(size, in, rep, 1)),
				    in ? &regs.rdi : &regs.rsi);
		KUNIT_EXPECT_EQ(test, keel_string_step(&regs, qualification(size, in, rep, 1),
						       info(width, 0), down),
				rep && want.rcx & masks[width]);
		KUNIT_EXPECT_EQ(test, memcmp(&regs, &want, sizeof(regs)), 0);
	}
}

static void string_segments(struct kunit *test)
{
	static const struct {
		u64 ar;
		u64 limit;
		u64 offset;
		u32 size;
		bool read;	/* in protected mode */
		bool write;
		bool real;	/* else */
	} rows[] = {
		/* data that can be written, that can be read, code, code that can be read */
		{ 0x93, 0xffff, 0xfffc, 4, true, true, true },
		{ 0x91, 0xffff, 0xfffc, 4, true, false, true },
		{ 0x99, 0xffff, 0xfffc, 4, false, false, true },
		{ 0x9b, 0xffff, 0xfffc, 4, true, false, true },
		/* its end, and beyond; around it all */
		{ 0x93, 0xffff, 0xfffd, 4, false, false, false },
		{ 0x93, 0xffff, 0xffff, 1, true, true, true },
		{ 0x93, 0xffff, 0x10000, 1, false, false, false },
		{ 0x93, 0xffffffff, 0xfffffffe, 4, false, false, false },
		{ 0xc093, 0xffffffff, 0xfffffffc, 4, true, true, true },
		/* that grows down, to 64 KiB or to 4 GiB */
		{ 0x97, 0xfff, 0xfff, 1, false, false, true },
		{ 0x97, 0xfff, 0x1000, 1, true, true, false },
		{ 0x97, 0xfff, 0xffff, 2, false, false, false },
		{ 0x4097, 0xfff, 0xffff, 2, true, true, false },
		{ 0x4097, 0xfff, 0xffffffff, 2, false, false, false },
		{ 0x95, 0xfff, 0x1000, 1, true, false, false },
		/* none */
		{ 0x10093, 0xffff, 0, 1, false, false, true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		KUNIT_EXPECT_EQ_MSG(test, keel_segment_allows(rows[i].ar, rows[i].limit,
							      rows[i].offset, rows[i].size,
							      false, true),
				    rows[i].read, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, keel_segment_allows(rows[i].ar, rows[i].limit,
							      rows[i].offset, rows[i].size,
							      true, true),
				    rows[i].write, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, keel_segment_allows(rows[i].ar, rows[i].limit,
							      rows[i].offset, rows[i].size,
							      true, false),
				    rows[i].real, "row %u", i);
	}
}

/* An answer, also when there is no frame for it at first, and over two pages */
static void string_answers(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);
	u64 batch[16], val = 0;
	struct keel_guest *g;
	struct keel_vcpu *v;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, keel_guest_new(root, ID, FRAMES), 0LL);
	for (i = 0; i < 16; i++)
		batch[i] = 100 + i;
	KUNIT_ASSERT_EQ(test, keel_guest_fill(root, ID, batch, 1), 1LL);
	fake_pass_all();
	g = keel_guest_at(root, ID);
	keel_guest_settle(root, g);
	v = fake_vcpu(g, 0);
	KUNIT_ASSERT_NOT_NULL(test, v);
	v->regs.rax = 0x1234;
	v->in_size = 4 | KEEL_IN_STRING;
	v->ins = (struct keel_span) { .gpa = { 0x3ffd, 0x9000 }, .first = 3, .size = 4 };
	KUNIT_EXPECT_EQ(test, keel_vcpu_answer(v, 0x44332211), (s64)KEEL_RUN_FILL);
	KUNIT_EXPECT_EQ(test, v->in_size, 4 | KEEL_IN_STRING);
	KUNIT_ASSERT_EQ(test, keel_guest_fill(root, ID, batch + 1, 15), 15LL);
	fake_pass_all();
	KUNIT_EXPECT_EQ(test, keel_vcpu_answer(v, 0x44332211), 0LL);
	KUNIT_EXPECT_EQ(test, v->in_size, 0);
	KUNIT_EXPECT_EQ(test, v->regs.rax, 0x1234ULL);
	keel_gmem_read(root, g, 0x3ffc, &val, 5);
	KUNIT_EXPECT_EQ(test, val, 0x33221100ULL);
	keel_gmem_read(root, g, 0x9000, &val, 2);
	KUNIT_EXPECT_EQ(test, val & 0xffff, 0x44ULL);
	/* once only */
	KUNIT_EXPECT_EQ(test, keel_vcpu_answer(v, 0x55555555), 0LL);
	keel_gmem_read(root, g, 0x9000, &val, 2);
	KUNIT_EXPECT_EQ(test, val & 0xffff, 0x44ULL);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

static struct kunit_case keel_guest_string_cases[] = {
	KUNIT_CASE(string_fields),
	KUNIT_CASE(string_steps),
	KUNIT_CASE(string_segments),
	KUNIT_CASE(string_answers),
	{}
};

static struct kunit_suite keel_guest_string_suite = {
	.name = "keel-guest-string",
	.test_cases = keel_guest_string_cases,
};

kunit_test_suites(&keel_guest_string_suite);
