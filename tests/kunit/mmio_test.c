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
	{ "\x13\x02", 2, 64 },					/* adc (%rdx), %eax */
	{ "\x81\x1a\x11\x22\x33\x44", 6, 64 },			/* sbb */
	{ "\x09\xc2", 2, 64 },					/* or %eax, %edx */
	{ "\x0d\x11\x22\x33\x44", 5, 64 },			/* or to %eax */
	{ "\xf7\x12", 2, 64 },					/* not */
	{ "\x85\x22", 2, 64 },					/* test %esp */
	{ "\x87\x02", 2, 64 },					/* xchg */
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

/* Operations: in @what r for a register as the first operand, m for memory, i for an immediate */
static const struct {
	struct row row;
	u8 op;
} operations[] = {
	{ { "\x03\x02", 2, 64, 4, 0, 4, 'r' }, KEEL_MMIO_ADD },		/* add (%rdx), %eax */
	{ { "\x01\x02", 2, 64, 4, 0, 4, 'm' }, KEEL_MMIO_ADD },
	{ { "\x44\x0b\x42\x10", 4, 64, 4, 8, 4, 'r' }, KEEL_MMIO_OR },
	{ { "\x20\x22", 2, 64, 1, 0, 1, 'm' }, KEEL_MMIO_AND },		/* and %ah, (%rdx) */
	{ { "\x48\x29\x0a", 3, 64, 8, 1, 8, 'm' }, KEEL_MMIO_SUB },
	{ { "\x66\x33\x0a", 3, 64, 2, 1, 2, 'r' }, KEEL_MMIO_XOR },
	{ { "\x3b\x02", 2, 64, 4, 0, 4, 'r' }, KEEL_MMIO_CMP },		/* cmp (%rdx), %eax */
	{ { "\x39\x02", 2, 32, 4, 0, 4, 'm' }, KEEL_MMIO_CMP },
	{ { "\x85\x02", 2, 64, 4, 0, 4, 'm' }, KEEL_MMIO_TEST },
	{ { "\x84\x0a", 2, 64, 1, 1, 1, 'm' }, KEEL_MMIO_TEST },
	{ { "\xf7\x00\x00\x10\x00\x00", 6, 64, 4, 0, 4, 'i', 0x1000 }, KEEL_MMIO_TEST },
	{ { "\xf6\x42\x03\x81", 4, 64, 1, 0, 1, 'i', 0x81 }, KEEL_MMIO_TEST },
	{ { "\x81\x08\x00\x01\x00\x00", 6, 64, 4, 0, 4, 'i', 0x100 }, KEEL_MMIO_OR },
	{ { "\x81\x20\xff\xfe\xff\xff", 6, 64, 4, 0, 4, 'i', 0xfffffeff }, KEEL_MMIO_AND },
	{ { "\x83\x20\xfe", 3, 64, 4, 0, 4, 'i', 0xfffffffe }, KEEL_MMIO_AND },
	{ { "\x48\x83\x38\xfe", 4, 64, 8, 0, 8, 'i', 0xfffffffffffffffe }, KEEL_MMIO_CMP },
	{ { "\x66\x81\x28\x34\x82", 5, 64, 2, 0, 2, 'i', 0x8234 }, KEEL_MMIO_SUB },
	{ { "\x80\x30\x7f", 3, 64, 1, 0, 1, 'i', 0x7f }, KEEL_MMIO_XOR },
	{ { "\x83\x05\x11\x22\x33\x44\x01", 7, 64, 4, 0, 4, 'i', 1 }, KEEL_MMIO_ADD },
};

static void mmio_operations(struct kunit *test)
{
	const struct row *r;
	struct keel_mmio m;
	unsigned int i, nr;
	u8 code[16];
	bool compares;

	for (i = 0; i < ARRAY_SIZE(operations); i++) {
		r = &operations[i].row;
		compares = operations[i].op == KEEL_MMIO_CMP || operations[i].op == KEEL_MMIO_TEST;
		memset(code, 0xcc, sizeof(code));
		memcpy(code, r->code, r->len);
		for (nr = 0; nr < r->len; nr++)
			KUNIT_EXPECT_EQ_MSG(test, keel_mmio_decode(code, nr, r->bits, &m),
					    KEEL_DECODE_MORE, "row %u, %u bytes", i, nr);
		KUNIT_EXPECT_EQ_MSG(test, keel_mmio_decode(code, sizeof(code), r->bits, &m),
				    KEEL_DECODED, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, m.op, operations[i].op, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, keel_mmio_compares(&m), compares, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, m.len, r->len, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, m.size, r->size, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, m.reg, r->reg, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, m.reg_size, r->reg_size, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, m.write, !compares && r->what != 'r', "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, m.reversed, r->what == 'r', "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, m.immediate, r->what == 'i', "row %u", i);
		if (r->what == 'i')
			KUNIT_EXPECT_EQ_MSG(test, keel_mmio_value(&m, NULL), r->val, "row %u", i);
	}
}

/* Flags that mean something, as the CPU has them: CF, PF, AF, ZF, SF; OF */
#define LOW_FLAGS	0xd5U
#define ADJUST		0x10U
#define OVERFLOW	0x800U

#define DO(what, width, a, b, flags, over) \
	asm volatile(what " %" width "3, %" width "0; lahf; seto %1" \
		     : "+q" (a), "=m" (over), "=&a" (flags) : "q" (b) : "cc")

#define DO_ALL(what, a, b, size, flags, over) do {			\
	switch (size) {							\
	case 1:								\
		DO(what "b", "b", a, b, flags, over);			\
		break;							\
	case 2:								\
		DO(what "w", "w", a, b, flags, over);			\
		break;							\
	case 4:								\
		DO(what "l", "k", a, b, flags, over);			\
		break;							\
	default:							\
		DO(what "q", "q", a, b, flags, over);			\
	}								\
} while (0)

/* What the CPU makes of the same operation, in a register */
static u64 real(u8 op, u64 a, u64 b, unsigned int size, u64 *rflags)
{
	u64 flags = 0;
	u8 over = 0;

	switch (op) {
	case KEEL_MMIO_ADD:
		DO_ALL("add", a, b, size, flags, over);
		break;
	case KEEL_MMIO_OR:
		DO_ALL("or", a, b, size, flags, over);
		break;
	case KEEL_MMIO_AND:
		DO_ALL("and", a, b, size, flags, over);
		break;
	case KEEL_MMIO_SUB:
		DO_ALL("sub", a, b, size, flags, over);
		break;
	case KEEL_MMIO_XOR:
		DO_ALL("xor", a, b, size, flags, over);
		break;
	case KEEL_MMIO_CMP:
		DO_ALL("cmp", a, b, size, flags, over);
		break;
	case KEEL_MMIO_TEST:
		DO_ALL("test", a, b, size, flags, over);
		break;
	}
	*rflags = (flags >> 8 & LOW_FLAGS) | (over ? OVERFLOW : 0);
	return size == 8 ? a : a & ((1ULL << 8 * size) - 1);
}

static void expect_combined(struct kunit *test, const struct keel_mmio *m, u64 mem, u64 reg)
{
	const u64 all = LOW_FLAGS | OVERFLOW;
	u64 a = m->reversed ? reg : mem, b = m->reversed ? mem : reg;
	u64 flags = ~all, want, want_flags, got;
	struct keel_regs regs = { .rbx = reg };

	want = real(m->op, a, b, m->size, &want_flags);
	/* which logic does not define */
	if (m->op != KEEL_MMIO_ADD && m->op != KEEL_MMIO_SUB && m->op != KEEL_MMIO_CMP)
		want_flags &= ~(u64)ADJUST;
	got = keel_mmio_combine(m, &regs, mem, &flags);
	if (!keel_mmio_compares(m))
		KUNIT_ASSERT_EQ_MSG(test, got, want, "op %u, %u bytes, %#llx and %#llx", m->op,
				    m->size, a, b);
	KUNIT_ASSERT_EQ_MSG(test, flags, ~all | want_flags, "op %u, %u bytes, %#llx and %#llx",
			    m->op, m->size, a, b);
}

/* Results and flags are those of the CPU. */
static void mmio_combine(struct kunit *test)
{
	static const u64 vals[] = {
		0, 1, 2, 0xf, 0x10, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x7fffffff,
		0x80000000, 0xffffffff, 0x123456789abcdef0, 0x7fffffffffffffff,
		0x8000000000000000, 0xffffffffffffffff,
	};
	struct keel_mmio m = { .reg = 3 };
	unsigned int i, j, way;

	for (m.op = KEEL_MMIO_ADD; m.op <= KEEL_MMIO_TEST; m.op++) {
		/* four sizes, two orders */
		for (way = 0; way < 8; way++) {
			m.size = 1 << way / 2;
			m.reversed = way % 2;
			for (i = 0; i < ARRAY_SIZE(vals); i++)
				for (j = 0; j < ARRAY_SIZE(vals); j++)
					expect_combined(test, &m, vals[i], vals[j]);
		}
	}
}

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
	KUNIT_CASE(mmio_operations),
	KUNIT_CASE(mmio_combine),
	KUNIT_CASE(mmio_registers),
	KUNIT_CASE(mmio_widths),
	{}
};

static struct kunit_suite mmio_suite = {
	.name = "keel-mmio",
	.test_cases = mmio_cases,
};

kunit_test_suites(&mmio_suite);
