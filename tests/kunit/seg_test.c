// SPDX-License-Identifier: GPL-2.0
/*
 * keel-seg: segments to and from their descriptors, at the edges of their tables
 * too; gates; and root's own GDT, IDT and TSS.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "../../kmod/vmx/root.h"
#include "../../kmod/vmx/state.h"
#include "kit.h"

/* the GDT of x86-64 Linux, with the TSS at 0xfffffe0000003000 and an LDT */
static const u64 linux_gdt[16] = {
	[1] = 0x00cf9b000000ffff,	/* 32-bit kernel code */
	[2] = 0x00af9b000000ffff,	/* kernel code */
	[3] = 0x00cf93000000ffff,	/* kernel data */
	[4] = 0x00cffb000000ffff,	/* 32-bit user code */
	[5] = 0x00cff3000000ffff,	/* user data */
	[6] = 0x00affb000000ffff,	/* user code */
	[8] = 0x00008b003000206f, [9] = 0x00000000fffffe00,
	[10] = 0x120082345678000f, [11] = 0x00000000ffff8881,
	[12] = 0x12dff6345678abcd,	/* thread-local: expand down, G */
	[13] = 0x12457f345678abcd,	/* not present */
	[15] = 0x0040f50000000007,	/* the number of the CPU, in the limit */
};

#define GDT_LIMIT (sizeof(linux_gdt) - 1)

static void seg_decodes_linuxs(struct kunit *test)
{
	static const struct {
		const char *what;
		u16 sel;
		u32 limit;
		u32 ar;
		u64 base;
	} rows[] = {
		{ "32-bit kernel code", 0x08, 0xffffffff, 0xc09b, 0 },
		{ "kernel code", 0x10, 0xffffffff, 0xa09b, 0 },
		{ "kernel data", 0x18, 0xffffffff, 0xc093, 0 },
		{ "32-bit user code", 0x23, 0xffffffff, 0xc0fb, 0 },
		{ "user data", 0x2b, 0xffffffff, 0xc0f3, 0 },
		{ "user code", 0x33, 0xffffffff, 0xa0fb, 0 },
		{ "TSS", 0x40, 0x206f, 0x8b, 0xfffffe0000003000 },
		{ "LDT", 0x50, 0xf, 0x82, 0xffff888112345678 },
		{ "expand down", 0x63, 0xfabcdfff, 0xd0f6, 0x12345678 },
		{ "not present", 0x6b, 0, KEEL_AR_UNUSABLE, 0 },
		{ "the CPU's number", 0x7b, 0x7, 0x40f5, 0 },
		{ "an empty entry", 0x38, 0, KEEL_AR_UNUSABLE, 0 },
		{ "past the table", 0x80, 0, KEEL_AR_UNUSABLE, 0 },
		{ "far past the table", 0xfff8, 0, KEEL_AR_UNUSABLE, 0 },
	};
	struct keel_seg seg;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(&seg, 0xff, sizeof(seg));
		keel_seg_decode(&seg, rows[i].sel, linux_gdt, GDT_LIMIT, NULL, 0);
		KUNIT_EXPECT_EQ_MSG(test, seg.sel, rows[i].sel, "%s", rows[i].what);
		KUNIT_EXPECT_EQ_MSG(test, seg.base, rows[i].base, "%s", rows[i].what);
		KUNIT_EXPECT_EQ_MSG(test, seg.limit, rows[i].limit, "%s", rows[i].what);
		KUNIT_EXPECT_EQ_MSG(test, seg.ar, rows[i].ar, "%s", rows[i].what);
	}
}

static void expect_unusable(struct kunit *test, const struct keel_seg *seg, u16 sel)
{
	KUNIT_EXPECT_EQ_MSG(test, seg->sel, sel, "selector %#x", sel);
	KUNIT_EXPECT_EQ_MSG(test, seg->ar, KEEL_AR_UNUSABLE, "selector %#x", sel);
	KUNIT_EXPECT_EQ_MSG(test, seg->base, 0ULL, "selector %#x", sel);
	KUNIT_EXPECT_EQ_MSG(test, seg->limit, 0U, "selector %#x", sel);
}

static void seg_null_selectors(struct kunit *test)
{
	static const u64 gdt[2] = { 0x00af9b000000ffff, 0x00af9b000000ffff };
	struct keel_seg seg;
	u16 sel;

	/* even where the first entry holds a descriptor */
	for (sel = 0; sel < 4; sel++) {
		memset(&seg, 0xff, sizeof(seg));
		keel_seg_decode(&seg, sel, gdt, sizeof(gdt) - 1, gdt, sizeof(gdt) - 1);
		expect_unusable(test, &seg, sel);
	}
}

/* the selector's last byte has to lie within the limit; a sanitizer watches the table's end */
static void seg_stays_within_its_table(struct kunit *test)
{
	u64 *table = kunit_kcalloc(test, 3, sizeof(*table), GFP_KERNEL);
	struct keel_seg seg;
	u32 limit;

	KUNIT_ASSERT_NOT_NULL(test, table);
	table[2] = 0x00af9b000000ffff;
	for (limit = 0; limit < 24; limit++) {
		keel_seg_decode(&seg, 0x10, table, limit, NULL, 0);
		if (limit < 23)
			expect_unusable(test, &seg, 0x10);
		else
			KUNIT_EXPECT_EQ(test, seg.ar, 0xa09bU);
		keel_seg_decode(&seg, 0x14, NULL, 0, table, limit);
		KUNIT_EXPECT_EQ(test, seg.ar, limit < 23 ? KEEL_AR_UNUSABLE : 0xa09b);
	}
	/* a system descriptor as the last entry: its second half is not there to be read */
	table[2] = 0x00008b003000206f;
	keel_seg_decode(&seg, 0x10, table, 23, NULL, 0);
	KUNIT_EXPECT_EQ(test, seg.base >> 32, 0ULL);
	/* nor is there anything in a table of length 0 */
	keel_seg_decode(&seg, 0xfffb, table, 0, table, 0);
	expect_unusable(test, &seg, 0xfffb);
}

static void seg_local_selectors(struct kunit *test)
{
	static const u64 ldt[2] = { 0x12dff6345678abcd, 0x00cff3000000ffff };
	struct keel_seg seg;

	/* 4 is not null: the first entry of the LDT */
	keel_seg_decode(&seg, 7, linux_gdt, GDT_LIMIT, ldt, sizeof(ldt) - 1);
	KUNIT_EXPECT_EQ(test, seg.sel, 7);
	KUNIT_EXPECT_EQ(test, seg.ar, 0xd0f6U);
	KUNIT_EXPECT_EQ(test, seg.base, 0x12345678ULL);
	keel_seg_decode(&seg, 4, linux_gdt, GDT_LIMIT, ldt, sizeof(ldt) - 1);
	KUNIT_EXPECT_EQ(test, seg.ar, 0xd0f6U);
	keel_seg_decode(&seg, 0xf, linux_gdt, GDT_LIMIT, ldt, sizeof(ldt) - 1);
	KUNIT_EXPECT_EQ(test, seg.ar, 0xc0f3U);
	/* the LDT's own limit counts, and so does that there is none */
	keel_seg_decode(&seg, 0x17, linux_gdt, GDT_LIMIT, ldt, sizeof(ldt) - 1);
	expect_unusable(test, &seg, 0x17);
	keel_seg_decode(&seg, 0x17, linux_gdt, GDT_LIMIT, NULL, 0xffff);
	expect_unusable(test, &seg, 0x17);
}

/* every field of a descriptor, one bit at a time (SDM figure 3-8) */
static void seg_encodes_every_bit(struct kunit *test)
{
	struct keel_seg seg;
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		seg = (struct keel_seg) { .base = 1ULL << bit };
		KUNIT_EXPECT_EQ_MSG(test, keel_seg_encode(&seg),
				    1ULL << (bit < 24 ? 16 + bit : 32 + bit), "base bit %u", bit);
	}
	for (bit = 0; bit < 20; bit++) {
		u64 expected = 1ULL << (bit < 16 ? bit : 32 + bit);

		seg = (struct keel_seg) { .limit = 1U << bit };
		KUNIT_EXPECT_EQ_MSG(test, keel_seg_encode(&seg), expected, "limit bit %u", bit);
		seg = (struct keel_seg) { .limit = 1U << bit << 12 | 0xfff, .ar = KEEL_AR_G };
		KUNIT_EXPECT_EQ_MSG(test, keel_seg_encode(&seg), expected | 1ULL << 55,
				    "limit bit %u in pages", bit);
	}
	for (bit = 0; bit < 32; bit++) {
		bool kept = bit < 8 || (bit >= 12 && bit < 16);

		seg = (struct keel_seg) { .ar = 1U << bit };
		KUNIT_EXPECT_EQ_MSG(test, keel_seg_encode(&seg), kept ? 1ULL << (40 + bit) : 0,
				    "access bit %u", bit);
	}
	/* the upper half of a base has no place here */
	seg = (struct keel_seg) { .base = 0xffffffff00000000, .sel = 0xffff };
	KUNIT_EXPECT_EQ(test, keel_seg_encode(&seg), 0ULL);
}

static void seg_round_trips(struct kunit *test)
{
	struct rnd_state rnd;
	struct keel_seg seg, back;
	unsigned int round;
	u64 table[4] = { 0 };

	prandom_seed_state(&rnd, 3);
	for (round = 0; round < 5000; round++) {
		seg.sel = 0x10 | kit_below(&rnd, 4);
		seg.base = kit_random(&rnd);
		seg.ar = (prandom_u32_state(&rnd) & 0xf0ff) | KEEL_AR_P;
		seg.limit = prandom_u32_state(&rnd);
		if (seg.ar & KEEL_AR_G)
			seg.limit |= 0xfff;
		else
			seg.limit &= 0xfffff;
		if (seg.ar & KEEL_AR_S)
			seg.base &= 0xffffffff;
		table[2] = keel_seg_encode(&seg);
		table[3] = seg.base >> 32;
		keel_seg_decode(&back, seg.sel, table, sizeof(table) - 1, NULL, 0);
		KUNIT_ASSERT_EQ(test, back.sel, seg.sel);
		KUNIT_ASSERT_EQ(test, back.base, seg.base);
		KUNIT_ASSERT_EQ(test, back.limit, seg.limit);
		KUNIT_ASSERT_EQ(test, back.ar, seg.ar);
	}
}

/* a descriptor of code or data takes one entry: the next one is another segment's */
static void seg_next_entry_is_not_its_own(struct kunit *test)
{
	u64 table[3] = { 0, 0x00cf93000000ffff, 0xffffffffffffffff };
	struct keel_seg seg;

	keel_seg_decode(&seg, 8, table, sizeof(table) - 1, NULL, 0);
	KUNIT_EXPECT_EQ(test, seg.base, 0ULL);
}

/* SDM figure 6-8 */
static void check_gate(struct kunit *test, const u64 gate[2], u64 handler, u16 sel,
		       unsigned int ist)
{
	u64 offset = (gate[0] & 0xffff) | (gate[0] >> 48 << 16) | gate[1] << 32;

	KUNIT_EXPECT_EQ(test, offset, handler);
	KUNIT_EXPECT_EQ(test, gate[0] >> 16 & 0xffff, (u64)sel);
	KUNIT_EXPECT_EQ(test, gate[0] >> 32 & 0x7, (u64)ist);
	KUNIT_EXPECT_EQ(test, gate[0] >> 35 & 0x1f, 0ULL);
	/* an interrupt gate, DPL 0, present */
	KUNIT_EXPECT_EQ(test, gate[0] >> 40 & 0xff, 0x8eULL);
	KUNIT_EXPECT_EQ(test, gate[1] >> 32, 0ULL);
}

static void seg_gates(struct kunit *test)
{
	unsigned int bit, ist;
	u64 gate[2];

	for (bit = 0; bit < 64; bit++) {
		memset(gate, 0xff, sizeof(gate));
		keel_gate_write(gate, 1ULL << bit, 0x10, 0);
		check_gate(test, gate, 1ULL << bit, 0x10, 0);
	}
	for (ist = 0; ist < 8; ist++) {
		keel_gate_write(gate, 0xfedcba9876543210, 0xfff8, ist);
		check_gate(test, gate, 0xfedcba9876543210, 0xfff8, ist);
	}
}

#define SLOT	(KEEL_ROOT_CPUS + 5ULL * KEEL_ROOT_SLOT)
#define TRAPS	(KEEL_ROOT_BASE + 0x2340ULL)

/* root's CPU, as it is after keel_root_cpu_init() on Linux's selectors */
static struct keel_root_cpu *root_cpu(struct kunit *test, struct keel_host_state *host)
{
	struct keel_root_cpu *cpu = kunit_kzalloc(test, sizeof(*cpu), GFP_KERNEL);
	struct keel_root_header header = { .magic = KEEL_ROOT_MAGIC, .traps = TRAPS };
	struct keel_root_setup setup = { .header = &header, .slot = SLOT, .host = host };

	KUNIT_ASSERT_NOT_NULL(test, cpu);
	host->cs = (struct keel_seg) { .limit = 0xffffffff, .ar = 0xa09b, .sel = 0x10 };
	host->cr3 = 0x123456;
	host->sysenter_eip = 0x789a;
	keel_root_cpu_init(cpu, &setup);
	return cpu;
}

static void seg_root_gdt(struct kunit *test)
{
	struct keel_host_state *host = kunit_kzalloc(test, sizeof(*host), GFP_KERNEL);
	struct keel_root_cpu *cpu;
	struct keel_seg seg;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, host);
	cpu = root_cpu(test, host);
	KUNIT_EXPECT_EQ(test, memcmp(&cpu->launch, host, sizeof(*host)), 0);

	KUNIT_EXPECT_EQ(test, cpu->gdt[2], 0x00af9b000000ffffULL);
	keel_seg_decode(&seg, KEEL_SEL_TSS, cpu->gdt, sizeof(cpu->gdt) - 1, NULL, 0);
	KUNIT_EXPECT_EQ(test, seg.base, SLOT + 11 * 4096 + offsetof(struct keel_root_cpu, tss));
	KUNIT_EXPECT_EQ(test, seg.limit, 103U);
	KUNIT_EXPECT_EQ(test, seg.ar, 0x8bU);
	for (i = 0; i < KEEL_GDT_NR; i++)
		if (i != 2 && i < KEEL_SEL_TSS / 8)
			KUNIT_EXPECT_EQ_MSG(test, cpu->gdt[i], 0ULL, "entry %u", i);
	/* HOST_TR_SELECTOR: neither null, nor with RPL or TI, nor one of Linux's */
	KUNIT_EXPECT_EQ(test, KEEL_SEL_TSS & 7, 0);
	KUNIT_EXPECT_GE(test, KEEL_SEL_TSS / 8, KEEL_GDT_HOST_NR);
	KUNIT_EXPECT_LT(test, KEEL_SEL_TSS / 8 + 1, KEEL_GDT_NR);
}

static void seg_root_tss(struct kunit *test)
{
	struct keel_host_state *host = kunit_kzalloc(test, sizeof(*host), GFP_KERNEL);
	static const u8 page[7] = { KEEL_SLOT_NMI, KEEL_SLOT_DF, KEEL_SLOT_MC, KEEL_SLOT_EXC };
	struct keel_root_cpu *cpu;
	unsigned int i, j;

	KUNIT_ASSERT_NOT_NULL(test, host);
	cpu = root_cpu(test, host);
	/* SDM figure 7-11 */
	KUNIT_EXPECT_EQ(test, (unsigned int)sizeof(struct keel_tss), 104U);
	KUNIT_EXPECT_EQ(test, (unsigned int)offsetof(struct keel_tss, rsp), 4U);
	KUNIT_EXPECT_EQ(test, (unsigned int)offsetof(struct keel_tss, ist), 36U);
	KUNIT_EXPECT_EQ(test, (unsigned int)offsetof(struct keel_tss, iomap), 102U);
	KUNIT_EXPECT_EQ(test, cpu->tss.iomap, 104);

	for (i = 0; i < 7; i++) {
		u64 top = cpu->tss.ist[i];

		if (!page[i]) {
			KUNIT_EXPECT_EQ_MSG(test, top, 0ULL, "IST%u", i + 1);
			continue;
		}
		/* the page below the stack's top is its own, those around it are guards */
		KUNIT_EXPECT_EQ_MSG(test, top, SLOT + (page[i] + 1) * 4096ULL, "IST%u", i + 1);
		for (j = 0; j < 7; j++)
			if (j != i && page[j])
				KUNIT_EXPECT_GE_MSG(test, abs(page[i] - page[j]), 2, "IST%u",
						    i + 1);
		KUNIT_EXPECT_GE(test, abs(page[i] - KEEL_SLOT_CPU), 2);
		KUNIT_EXPECT_LE(test, page[i] + 2, KEEL_SLOT_STACK);
	}
	/* the slot has room for all, a guard at its end, and no more */
	KUNIT_EXPECT_EQ(test, KEEL_SLOT_STACK + KEEL_SLOT_STACK_NR, KEEL_SLOT_CPU);
	KUNIT_EXPECT_LT(test, KEEL_SLOT_CPU + 1, KEEL_ROOT_SLOT / 4096);
	KUNIT_EXPECT_LE(test, (unsigned int)sizeof(struct keel_root_cpu), 4096U);
}

static void seg_root_idt(struct kunit *test)
{
	struct keel_host_state *host = kunit_kzalloc(test, sizeof(*host), GFP_KERNEL);
	struct keel_root_cpu *cpu;
	unsigned int i, ist;

	KUNIT_ASSERT_NOT_NULL(test, host);
	cpu = root_cpu(test, host);
	KUNIT_EXPECT_EQ(test, (unsigned int)sizeof(cpu->idt), 32U * 16);
	for (i = 0; i < KEEL_TRAP_NR; i++) {
		switch (i) {
		case 2:
			ist = KEEL_IST_NMI;
			break;
		case 8:
			ist = KEEL_IST_DF;
			break;
		case 18:
			ist = KEEL_IST_MC;
			break;
		default:
			ist = KEEL_IST_EXC;
		}
		check_gate(test, &cpu->idt[2 * i], TRAPS + 16ULL * i, 0x10, ist);
		/* each has a stack */
		KUNIT_EXPECT_NE(test, cpu->tss.ist[ist - 1], 0ULL);
	}
}

static struct kunit_case keel_seg_cases[] = {
	KUNIT_CASE(seg_decodes_linuxs),
	KUNIT_CASE(seg_null_selectors),
	KUNIT_CASE(seg_stays_within_its_table),
	KUNIT_CASE(seg_local_selectors),
	KUNIT_CASE(seg_encodes_every_bit),
	KUNIT_CASE(seg_round_trips),
	KUNIT_CASE(seg_next_entry_is_not_its_own),
	KUNIT_CASE(seg_gates),
	KUNIT_CASE(seg_root_gdt),
	KUNIT_CASE(seg_root_tss),
	KUNIT_CASE(seg_root_idt),
	{}
};

static struct kunit_suite keel_seg_suite = {
	.name = "keel-seg",
	.test_cases = keel_seg_cases,
};

kunit_test_suites(&keel_seg_suite);
