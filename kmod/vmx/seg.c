// SPDX-License-Identifier: GPL-2.0
/*
 * Segment descriptors to and from the form that a VMCS has them in
 * (SDM 3.4.5 and 24.4.1), and the gates of an IDT.
 *
 * World: root, host and KUnit; touches no hardware.  No locks.
 */
#include <linux/stddef.h>
#include <linux/types.h>

#include "state.h"

#define SEL_TI 4

/* A present 64-bit interrupt gate, DPL 0 (SDM 6.14.1) */
#define GATE_INTR64 0x8e00ULL

/**
 * keel_seg_decode() - read a segment from its descriptor
 * @seg: filled; unusable when the selector is null or points past its table
 * @sel: the selector
 * @gdt: the GDT
 * @gdt_limit: its limit in bytes
 * @ldt: the LDT, NULL when there is none
 * @ldt_limit: its limit in bytes
 *
 * In 64-bit mode a system descriptor (LDT, TSS) takes two entries, the second
 * with the upper half of the base.
 */
void keel_seg_decode(struct keel_seg *seg, u16 sel, const u64 *gdt, u32 gdt_limit,
		     const u64 *ldt, u32 ldt_limit)
{
	const u64 *table = sel & SEL_TI ? ldt : gdt;
	u32 limit = sel & SEL_TI ? ldt_limit : gdt_limit;
	u64 d;

	seg->sel = sel;
	seg->base = 0;
	seg->limit = 0;
	seg->ar = KEEL_AR_UNUSABLE;
	if (!(sel & ~3) || !table || (sel | 7U) > limit)
		return;
	d = table[sel >> 3];
	if (!(d >> 32 >> 8 & KEEL_AR_P))
		return;
	seg->ar = d >> 40 & 0xf0ff;
	seg->base = (d >> 16 & 0xffffff) | (d >> 32 & 0xff000000);
	seg->limit = (d & 0xffff) | (d >> 32 & 0xf0000);
	if (seg->ar & KEEL_AR_G)
		seg->limit = seg->limit << 12 | 0xfff;
	if (!(seg->ar & KEEL_AR_S) && (sel | 7U) + 8 <= limit)
		seg->base |= table[(sel >> 3) + 1] << 32;
}

/**
 * keel_seg_encode() - the descriptor of a segment
 * @seg: a usable segment
 *
 * Return: the first eight bytes.  Of a system segment, the upper half of the
 * base has to follow in the next entry.
 */
u64 keel_seg_encode(const struct keel_seg *seg)
{
	u32 limit = seg->ar & KEEL_AR_G ? seg->limit >> 12 : seg->limit;

	return (limit & 0xffff) | (seg->base & 0xffffff) << 16 |
	       (u64)(seg->ar & 0xf0ff) << 40 | (u64)(limit & 0xf0000) << 32 |
	       (seg->base & 0xff000000) << 32;
}

/**
 * keel_gate_write() - write a 64-bit interrupt gate
 * @gate: the entry of an IDT
 * @handler: linear address of the handler
 * @sel: code segment
 * @ist: interrupt stack, 0 for none
 */
void keel_gate_write(u64 gate[2], u64 handler, u16 sel, unsigned int ist)
{
	gate[0] = (handler & 0xffff) | (u64)sel << 16 | (u64)ist << 32 |
		  GATE_INTR64 << 32 | (handler >> 16 & 0xffff) << 48;
	gate[1] = handler >> 32;
}
