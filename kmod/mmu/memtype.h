/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory types of physical addresses, as the MTRRs have them.
 *
 * World: root, host (before launch) and KUnit.
 */
#ifndef KEEL_MMU_MEMTYPE_H
#define KEEL_MMU_MEMTYPE_H

#include <linux/types.h>

enum keel_memtype {
	KEEL_MT_UC = 0,
	KEEL_MT_WC = 1,
	KEEL_MT_WT = 4,
	KEEL_MT_WP = 5,
	KEEL_MT_WB = 6,
};

#define KEEL_MTRR_FIXED_NR	11
#define KEEL_MTRR_VAR_MAX	32

/**
 * struct keel_mtrrs - the MTRRs of a CPU (SDM 11.11)
 * @cap: IA32_MTRRCAP
 * @def_type: IA32_MTRR_DEF_TYPE
 * @fixed: the fixed-range registers: 64K at 00000, 16K at 80000 and A0000, 4K
 *         from C0000 on
 * @var: pairs of PHYSBASE and PHYSMASK
 * @phys_bits: width of a physical address
 */
struct keel_mtrrs {
	u64 cap;
	u64 def_type;
	u64 fixed[KEEL_MTRR_FIXED_NR];
	struct {
		u64 base;
		u64 mask;
	} var[KEEL_MTRR_VAR_MAX];
	u32 phys_bits;
};

static inline unsigned int keel_mtrr_var_nr(const struct keel_mtrrs *m)
{
	unsigned int nr = m->cap & 0xff;

	return nr < KEEL_MTRR_VAR_MAX ? nr : KEEL_MTRR_VAR_MAX;
}

enum keel_memtype keel_memtype_at(const struct keel_mtrrs *m, u64 pa);
bool keel_memtype_uniform(const struct keel_mtrrs *m, u64 pa, u64 size);

#endif /* KEEL_MMU_MEMTYPE_H */
