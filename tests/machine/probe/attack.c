// SPDX-License-Identifier: GPL-2.0
/*
 * Attacks root's memory, its own and what was donated, through the kernel's
 * direct map, from every CPU at once: each page is read, written, and written by
 * a locked instruction.
 */
#include <linux/cpu.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/smp.h>

#include "keel.h"
#include "probe.h"

#define TRAP_GP 13

static const struct keel *keel;
static atomic_t pages, leaks, writes, refused;

/* The trap that a write raises, -1 for none */
static int try_write(u64 *at)
{
	int trap;

	asm volatile("1: movq %%rcx, %1\n"
		     "mov $-1, %0\n"
		     "2:\n"
		     _ASM_EXTABLE_FAULT(1b, 2b)
		     : "=&a" (trap), "+m" (*at) : "c" (0x5a5a5a5a5a5a5a5aULL));
	return trap;
}

static int try_xchg(u64 *at)
{
	int trap;

	asm volatile("1: xchgq %%rcx, %1\n"
		     "mov $-1, %0\n"
		     "2:\n"
		     _ASM_EXTABLE_FAULT(1b, 2b)
		     : "=&a" (trap), "+m" (*at) : "c" (0x5a5a5a5a5a5a5a5aULL));
	return trap;
}

static void attack_page(u64 *page)
{
	unsigned int i;

	atomic_inc(&pages);
	for (i = 0; i < PAGE_SIZE / sizeof(*page); i++)
		if (READ_ONCE(page[i])) {
			atomic_inc(&leaks);
			break;
		}
	atomic_add(2, &writes);
	atomic_add(try_write(page + 511) == TRAP_GP, &refused);
	atomic_add(try_xchg(page + 1) == TRAP_GP, &refused);
}

static void attack(void *unused)
{
	struct page *page;
	unsigned long i;

	list_for_each_entry(page, &keel->arena.blocks, lru)
		for (i = 0; i < 1UL << page_private(page); i++)
			attack_page(page_address(page + i));
	list_for_each_entry(page, &keel->donated, lru)
		attack_page(page_address(page));
}

void probe_attack(struct seq_file *m)
{
	keel = (void *)probe_symbol("keel:keel");
	if (!keel)
		return;
	atomic_set(&pages, 0);
	atomic_set(&leaks, 0);
	atomic_set(&writes, 0);
	atomic_set(&refused, 0);
	on_each_cpu(attack, NULL, 1);
	seq_printf(m, "pages %d\nleaks %d\nwrites %d\nrefused %d\n", atomic_read(&pages),
		   atomic_read(&leaks), atomic_read(&writes), atomic_read(&refused));
}
