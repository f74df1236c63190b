// SPDX-License-Identifier: GPL-2.0
/*
 * The address space that root runs in, as ranges of pages with equal rights.  It
 * can be looked at only from a CPU that is not demoted yet, so that is done at a
 * launch (breakage.c), and shown later.
 */
#include <linux/io.h>
#include <linux/string.h>

#include "keel.h"
#include "probe.h"

struct stretch {
	u64 start;
	u64 end;
	u64 bits;
};

static char text[4096];
static size_t used;

__printf(1, 2) static void put(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	used += vscnprintf(text + used, sizeof(text) - used, format, args);
	va_end(args);
}

#define PTE_RIGHTS (BIT_ULL(63) | 2)

static void put_range(const struct stretch *r)
{
	if (r->end)
		put("%#llx-%#llx r%c%c\n", r->start, r->end, r->bits & 2 ? 'w' : '-',
		    r->bits >> 63 ? '-' : 'x');
}

static void walk(u64 pa, int level, u64 addr, struct stretch *r)
{
	u64 *table = phys_to_virt(pa), size = keel_level_size(level), at;
	int i;

	for (i = 0; i < KEEL_TABLE_NR; i++) {
		if (!(table[i] & 1))
			continue;
		at = addr + i * size;
		if (level == 4 && i >= 256)
			at |= 0xffff000000000000ULL;
		if (level > 1 && (level > 3 || !(table[i] & KEEL_TABLE_LARGE))) {
			walk(table[i] & KEEL_TABLE_ADDR, level - 1, at, r);
			continue;
		}
		if (at == r->end && (table[i] & PTE_RIGHTS) == r->bits) {
			r->end += size;
			continue;
		}
		put_range(r);
		*r = (struct stretch) { at, at + size, table[i] & PTE_RIGHTS };
	}
}

void probe_roottab_look(const struct keel *keel)
{
	struct stretch r = { 0 };
	int cpu;

	used = 0;
	walk(keel->table.root, keel->table.levels, 0, &r);
	put_range(&r);
	put("gate %#llx\n", keel->cpus[0].root->gate_code & PAGE_MASK);
	for_each_present_cpu(cpu)
		put("shared %#lx\n", (unsigned long)keel->cpus[cpu].shared);
}

void probe_roottab(struct seq_file *m)
{
	seq_write(m, text, used);
}
