// SPDX-License-Identifier: GPL-2.0
/*
 * keel-mmio: instructions that access the memory of devices, byte by byte, and what they
 * do to registers.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/vmx/mmio.h"
#include "kit.h"

/* What an assembler makes of it; @reg is by the CPU's encoding */
struct row {
	const char *code;
	u8 len;
	u8 bits;
	u8 size;
	u8 reg;
	u8 reg_size;
	char what;	/* r, w, i: immediate; s: read with its sign; h, H: upper half, r, w */
	u64 val;
};

static const struct row rows[] = {
	{ "\x89\x02", 2, 64, 4, 0, 4, 'w' },			/* mov %eax, (%rdx) */
	{ "\x8b\x02", 2, 64, 4, 0, 4, 'r' },			/* mov (%rdx), %eax */
	{ "\x8b\x40\x10", 3, 64, 4, 0, 4, 'r' },		/* mov 16(%rax), %eax */
	{ "\x41\x89\x34\x24", 4, 64, 4, 6, 4, 'w' },		/* mov %esi, (%r12) */
	{ "\x44\x8b\x05\x11\x22\x33\x44", 7, 64, 4, 8, 4, 'r' }, /* mov disp(%rip), %r8d */
	{ "\x4c\x89\xb8\x11\x22\x33\x44", 7, 64, 8, 15, 8, 'w' }, /* mov %r15, disp(%rax) */
	{ "\x48\x8b\x04\x25\x00\x00\xc0\xfe", 8, 64, 8, 0, 8, 'r' }, /* mov abs, %rax */
	{ "\x8b\x54\x98\x10", 4, 64, 4, 2, 4, 'r' },		/* mov 16(%rax,%rbx,4), %edx */
	{ "\x8b\x94\x98\x11\x22\x33\x44", 7, 64, 4, 2, 4, 'r' },
	{ "\x66\x89\x0a", 3, 64, 2, 1, 2, 'w' },		/* mov %cx, (%rdx) */
	{ "\x66\x65\x8b\x0a", 4, 64, 2, 1, 2, 'r' },		/* mov %gs:(%rdx), %cx */
	{ "\x67\x8b\x0a", 3, 64, 4, 1, 4, 'r' },		/* mov (%edx), %ecx */
	{ "\x88\x0a", 2, 64, 1, 1, 1, 'w' },			/* mov %cl, (%rdx) */
	{ "\x88\x22", 2, 64, 1, 0, 1, 'H' },			/* mov %ah, (%rdx) */
	{ "\x8a\x3a", 2, 64, 1, 3, 1, 'h' },			/* mov (%rdx), %bh */
	{ "\x40\x88\x3a", 3, 64, 1, 7, 1, 'w' },		/* mov %dil, (%rdx) */
	{ "\x40\x8a\x32", 3, 64, 1, 6, 1, 'r' },		/* mov (%rdx), %sil */
	{ "\xc6\x02\x5a", 3, 64, 1, 0, 1, 'i', 0x5a },
	{ "\xc7\x02\x11\x22\x33\x84", 6, 64, 4, 0, 4, 'i', 0x84332211 },
	{ "\x66\xc7\x02\x11\x82", 5, 64, 2, 0, 2, 'i', 0x8211 },
	{ "\x48\xc7\x42\x08\x11\x22\x33\x84", 8, 64, 8, 0, 8, 'i', 0xffffffff84332211 },
	{ "\x0f\xb6\x02", 3, 64, 1, 0, 4, 'r' },		/* movzx */
	{ "\x66\x0f\xb6\x02", 4, 64, 1, 0, 2, 'r' },
	{ "\x4c\x0f\xb7\x02", 4, 64, 2, 8, 8, 'r' },
	{ "\x0f\xbe\x0a", 3, 64, 1, 1, 4, 's' },		/* movsx */
	{ "\x48\x0f\xbf\x0a", 4, 64, 2, 1, 8, 's' },
	{ "\x48\x63\x0a", 3, 64, 4, 1, 8, 's' },		/* movslq */
	{ "\xa1\x00\x00\xc0\xfe\x00\x00\x00\x00", 9, 64, 4, 0, 4, 'r' },
	{ "\x67\xa3\x00\x00\xc0\xfe", 6, 64, 4, 0, 4, 'w' },
	{ "\x89\x02", 2, 32, 4, 0, 4, 'w' },
	{ "\xa1\x00\x00\xc0\xfe", 5, 32, 4, 0, 4, 'r' },
	{ "\xa2\x00\x00\xc0\xfe", 5, 32, 1, 0, 1, 'w' },
	{ "\x8b\x05\x00\x00\xc0\xfe", 6, 32, 4, 0, 4, 'r' },
	{ "\x67\x8b\x06\x11\x22", 5, 32, 4, 0, 4, 'r' },	/* mov disp16, %eax */
	{ "\x67\x8b\x42\x11", 4, 32, 4, 0, 4, 'r' },
	{ "\x67\x8b\x84\x11\x22", 5, 32, 4, 0, 4, 'r' },	/* no SIB with 16 bits */
	{ "\x8b\x04", 2, 16, 2, 0, 2, 'r' },			/* mov (%si), %ax */
	{ "\x66\x67\x8b\x04\x25\x00\x00\xc0\xfe", 9, 16, 4, 0, 4, 'r' },
	{ "\xc7\x06\x11\x22\x33\x44", 6, 16, 2, 0, 2, 'i', 0x4433 },
};

/* What is no access that is known */
static const struct row others[] = {
	{ "\x89\xc2", 2, 64 },					/* mov %eax, %edx */
	{ "\x8b\x22", 2, 64 },					/* mov (%rdx), %esp */
	{ "\x40\x88\x22", 3, 64 },				/* mov %spl, (%rdx) */
	{ "\x03\x02", 2, 64 },					/* add (%rdx), %eax */
	{ "\xf0\x89\x02", 3, 64 },
	{ "\xf3\xa4", 2, 64 },					/* rep movsb */
	{ "\x48\x66\x89\x02", 4, 64 },				/* REX not last */
	{ "\xc7\x0a\x11\x22\x33\x44", 6, 64 },			/* C7 /1 */
	{ "\x63\x0a", 2, 64 },					/* movslq of 32 bits */
	{ "\x63\x0a", 2, 32 },					/* arpl */
	{ "\x0f\xb0\x02", 3, 64 },				/* cmpxchg */
	{ "\x41\x89\x02", 3, 32 },				/* inc %ecx */
	{ "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x89\x02", 16, 64 },
};

static void mmio_decode(struct kunit *test)
{
	const struct row *r;
	struct keel_mmio m;
	unsigned int i, nr;
	u8 code[32];

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		r = &rows[i];
		memset(code, 0xcc, sizeof(code));
		memcpy(code, r->code, r->len);
		for (nr = 0; nr < r->len; nr++)
			KUNIT_EXPECT_EQ_MSG(test, keel_mmio_decode(code, nr, r->bits, &m),
					    KEEL_DECODE_MORE, "row %u, %u bytes", i, nr);
		for (; nr <= sizeof(code); nr++)
			KUNIT_EXPECT_EQ_MSG(test, keel_mmio_decode(code, nr, r->bits, &m),
					    KEEL_DECODED, "row %u, %u bytes", i, nr);
		KUNIT_EXPECT_EQ_MSG(test, m.len, r->len, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, m.size, r->size, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, m.reg, r->reg, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, m.reg_size, r->reg_size, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, m.write, !!strchr("wiH", r->what), "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, m.high, !!strchr("hH", r->what), "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, m.sign, r->what == 's', "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, m.immediate, r->what == 'i', "row %u", i);
		if (r->what == 'i')
			KUNIT_EXPECT_EQ_MSG(test, keel_mmio_value(&m, NULL), r->val, "row %u", i);
	}
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		r = &others[i];
		memset(code, 0xcc, sizeof(code));
		memcpy(code, r->code, r->len);
		KUNIT_EXPECT_EQ_MSG(test, keel_mmio_decode(code, sizeof(code), r->bits, &m),
				    KEEL_DECODE_NOT, "row %u", i);
	}
}

/* every register is found, and no other one changes */
static void mmio_registers(struct kunit *test)
{
	static const u8 order[] = { 14, 12, 11, 13, 0xff, 8, 10, 9, 7, 6, 5, 4, 3, 2, 1, 0 };
	struct keel_regs regs, want;
	u64 *const all = (u64 *)&regs, *const expected = (u64 *)&want;
	struct keel_mmio m = { .size = 8, .reg_size = 8 };
	unsigned int i, reg;

	for (reg = 0; reg < 16; reg++) {
		if (order[reg] == 0xff)
			continue;
		for (i = 0; i < 15; i++)
			all[i] = 0x1111111111111111ULL * i;
		m.reg = reg;
		KUNIT_EXPECT_EQ(test, keel_mmio_value(&m, &regs), all[order[reg]]);
		want = regs;
		expected[order[reg]] = 0x8877665544332211ULL;
		keel_mmio_answer(&m, &regs, 0x8877665544332211ULL);
		KUNIT_EXPECT_EQ_MSG(test, memcmp(&regs, &want, sizeof(regs)), 0, "%u", reg);
	}
}

/* what is left of a register, and what becomes of the rest */
static void mmio_widths(struct kunit *test)
{
	static const struct {
		u8 size, reg_size;
		bool high, sign;
		u64 answer, reg, value;
	} w[] = {
		{ 1, 1, false, false, 0xf1f2f3f4f5f6f7f8, 0x11223344556677f8, 0x88 },
		{ 1, 1, true, false, 0xf1f2f3f4f5f6f7f8, 0x112233445566f888, 0x77 },
		{ 2, 2, false, false, 0xf1f2f3f4f5f6f7f8, 0x112233445566f7f8, 0x7788 },
		{ 4, 4, false, false, 0xf1f2f3f4f5f6f7f8, 0xf5f6f7f8, 0x55667788 },
		{ 8, 8, false, false, 0xf1f2f3f4f5f6f7f8, 0xf1f2f3f4f5f6f7f8, 0x1122334455667788 },
		{ 1, 2, false, false, 0xf1f2f3f4f5f6f7f8, 0x11223344556600f8, 0x88 },
		{ 1, 2, false, true, 0xf1f2f3f4f5f6f7f8, 0x112233445566fff8, 0x88 },
		{ 1, 4, false, false, 0xf1f2f3f4f5f6f7f8, 0xf8, 0x88 },
		{ 1, 4, false, true, 0xf1f2f3f4f5f6f7f8, 0xfffffff8, 0x88 },
		{ 2, 8, false, true, 0x8000, 0xffffffffffff8000, 0x7788 },
		{ 2, 8, false, true, 0x17fff, 0x7fff, 0x7788 },
		{ 4, 8, false, true, 0x80000000, 0xffffffff80000000, 0x55667788 },
		{ 4, 8, false, true, 0xffffffff7fffffff, 0x7fffffff, 0x55667788 },
	};
	struct keel_regs regs;
	struct keel_mmio m;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(w); i++) {
		m = (struct keel_mmio) { .size = w[i].size, .reg = 3, .reg_size = w[i].reg_size,
					 .high = w[i].high, .sign = w[i].sign };
		regs.rbx = 0x1122334455667788;
		KUNIT_EXPECT_EQ_MSG(test, keel_mmio_value(&m, &regs), w[i].value, "row %u", i);
		keel_mmio_answer(&m, &regs, w[i].answer);
		KUNIT_EXPECT_EQ_MSG(test, regs.rbx, w[i].reg, "row %u", i);
	}
}

static struct kunit_case mmio_cases[] = {
	KUNIT_CASE(mmio_decode),
	KUNIT_CASE(mmio_registers),
	KUNIT_CASE(mmio_widths),
	{}
};

static struct kunit_suite mmio_suite = {
	.name = "keel-mmio",
	.test_cases = mmio_cases,
};

kunit_test_suites(&mmio_suite);
