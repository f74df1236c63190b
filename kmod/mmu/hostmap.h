/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The demoted host's EPT: all of physical memory, as it is.
 *
 * World: host (before launch) and KUnit.
 */
#ifndef KEEL_MMU_HOSTMAP_H
#define KEEL_MMU_HOSTMAP_H

#include <linux/bits.h>
#include <linux/types.h>

#include "memtype.h"
#include "table.h"

#define KEEL_EPT_READ		BIT_ULL(0)
#define KEEL_EPT_WRITE		BIT_ULL(1)
#define KEEL_EPT_EXEC		BIT_ULL(2)
#define KEEL_EPT_RWX		(KEEL_EPT_READ | KEEL_EPT_WRITE | KEEL_EPT_EXEC)
#define KEEL_EPT_TYPE(mt)	((u64)(mt) << 3)
#define KEEL_EPT_TYPE_OF(entry)	((entry) >> 3 & 7)
#define KEEL_EPT_IPAT		BIT_ULL(6)	/* whatever the PAT says */

/* How a page of root's is mapped, to its page of zeros */
#define KEEL_EPT_HIDDEN		(KEEL_EPT_READ | KEEL_EPT_TYPE(KEEL_MT_WB))

/* EPT pointer (SDM 24.6.11): write-back tables, a walk of four levels */
#define KEEL_EPTP(root)		((root) | 3 << 3 | KEEL_MT_WB)
#define KEEL_EPTP_AD		BIT_ULL(6)	/* CPUs set accessed and dirty bits */

/* Does an entry of a table of @level map the page at @pa as itself, with all rights? */
static inline bool keel_ept_open(u64 entry, unsigned int level, u64 pa)
{
	return (entry & KEEL_EPT_RWX) == KEEL_EPT_RWX &&
	       !(((entry & KEEL_TABLE_ADDR) ^ pa) & ~(keel_level_size(level) - 1));
}

void keel_ept_init(struct keel_table *ept, const struct keel_pages *pages);
u64 keel_hostmap_open(const struct keel_table *ept, u64 pa);
int keel_hostmap_hide(struct keel_table *ept, u64 pa, u64 zero_pa);
int keel_hostmap_build(struct keel_table *ept, const struct keel_mtrrs *m, u64 end);

#endif /* KEEL_MMU_HOSTMAP_H */
