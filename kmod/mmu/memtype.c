// SPDX-License-Identifier: GPL-2.0
/*
 * Memory types by the MTRRs (SDM 11.11).
 *
 * World: root, host (before launch) and KUnit; touches no hardware, no locks.
 */
#include <linux/bits.h>
#include <linux/types.h>

#include "../abi.h"
#include "memtype.h"

#define DEF_FIXED_ENABLE	BIT_ULL(10)
#define DEF_ENABLE		BIT_ULL(11)
#define CAP_FIXED		BIT_ULL(8)
#define MASK_VALID		BIT_ULL(11)

#define FIXED_END		0x100000

static bool has_fixed(const struct keel_mtrrs *m)
{
	return m->cap & CAP_FIXED && m->def_type & DEF_FIXED_ENABLE;
}

/* Each register holds eight types, a byte each. */
static enum keel_memtype fixed_at(const struct keel_mtrrs *m, u64 pa)
{
	unsigned int reg, byte;

	if (pa < 0x80000) {
		reg = 0;
		byte = pa >> 16;
	} else if (pa < 0xc0000) {
		reg = 1 + ((pa - 0x80000) >> 17);
		byte = pa >> 14 & 7;
	} else {
		reg = 3 + ((pa - 0xc0000) >> 15);
		byte = pa >> 12 & 7;
	}
	return m->fixed[reg] >> (8 * byte) & 0xff;
}

static u64 addr_mask(const struct keel_mtrrs *m)
{
	return ((1ULL << m->phys_bits) - 1) & ~(u64)(KEEL_PAGE_SIZE - 1);
}

/**
 * keel_memtype_at() - the memory type of an address (SDM 11.11.4.1)
 * @m: the MTRRs
 * @pa: physical address
 *
 * Overlapping variable ranges: UC wins over all, WT over WB; any other mix is
 * undefined by the SDM, and taken as UC.
 *
 * Return: the type.
 */
enum keel_memtype keel_memtype_at(const struct keel_mtrrs *m, u64 pa)
{
	u64 mask = addr_mask(m);
	unsigned int i, type;
	int found = -1;

	if (!(m->def_type & DEF_ENABLE))
		return KEEL_MT_UC;
	if (pa < FIXED_END && has_fixed(m))
		return fixed_at(m, pa);
	for (i = 0; i < keel_mtrr_var_nr(m); i++) {
		if (!(m->var[i].mask & MASK_VALID) ||
		    (pa ^ m->var[i].base) & m->var[i].mask & mask)
			continue;
		type = m->var[i].base & 0xff;
		if (found < 0 || found == (int)type)
			found = type;
		else if ((found == KEEL_MT_WT && type == KEEL_MT_WB) ||
			 (found == KEEL_MT_WB && type == KEEL_MT_WT))
			found = KEEL_MT_WT;
		else
			return KEEL_MT_UC;
	}
	return found < 0 ? m->def_type & 0xff : (enum keel_memtype)found;
}

/*
 * Does a variable range divide a block of @size at @pa?  A range's mask says
 * which address bits it compares; when it compares none below the block's size,
 * the whole block is inside it or outside.
 */
static bool divides(const struct keel_mtrrs *m, unsigned int i, u64 pa, u64 size)
{
	u64 mask = m->var[i].mask & addr_mask(m);

	if (!(m->var[i].mask & MASK_VALID) || !(mask & (size - 1)))
		return false;
	/* It compares bits inside the block: is any of the block in it? */
	return !((pa ^ m->var[i].base) & mask & ~(size - 1));
}

/**
 * keel_memtype_uniform() - has a whole block one memory type?
 * @m: the MTRRs
 * @pa: physical address, aligned to @size
 * @size: a power of two, at least a page
 *
 * Return: true when it certainly has.  A block that ranges divide without a
 * difference in type counts as not uniform when it is below 1 MiB only if the
 * types differ, and above by comparing its pieces.
 */
bool keel_memtype_uniform(const struct keel_mtrrs *m, u64 pa, u64 size)
{
	unsigned int i;
	u64 at;

	if (size <= KEEL_PAGE_SIZE || !(m->def_type & DEF_ENABLE))
		return true;
	if (pa < FIXED_END && has_fixed(m)) {
		u64 end = pa + size < FIXED_END ? pa + size : FIXED_END;

		for (at = pa; at < end; at += KEEL_PAGE_SIZE)
			if (keel_memtype_at(m, at) != keel_memtype_at(m, pa))
				return false;
		if (pa + size > FIXED_END &&
		    keel_memtype_at(m, FIXED_END) != keel_memtype_at(m, pa))
			return false;
	}
	for (i = 0; i < keel_mtrr_var_nr(m); i++)
		if (divides(m, i, pa, size))
			return keel_memtype_at(m, pa) == keel_memtype_at(m, pa + size / 2) &&
			       keel_memtype_uniform(m, pa, size / 2) &&
			       keel_memtype_uniform(m, pa + size / 2, size / 2);
	return true;
}
