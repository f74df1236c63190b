// SPDX-License-Identifier: GPL-2.0
/*
 * EPT violations of the demoted host: it has tried to write to root's memory, or
 * to execute it.
 *
 * World: root.  No locks.
 */
#include <linux/bits.h>
#include <linux/types.h>

#include "../mmu/hostmap.h"
#include "../mmu/pool.h"
#include "exit.h"

/* Exit qualification (SDM 27.2.1, table 27-7) */
#define QUAL_READABLE	BIT_ULL(3)
#define QUAL_WRITABLE	BIT_ULL(4)

static bool is_hosts(u64 pa)
{
	/* Without the lock, and so with the pages of its own that the lock sets */
	struct keel_table ept = keel_root_state()->ept;

	ept.pages = &keel_root_pages;
	return keel_hostmap_open(&ept, pa);
}

/**
 * keel_exit_ept() - exit reason 48
 * @cpu: the CPU
 * @qualification: what was tried, and what the EPT allows
 *
 * The host's EPT maps all there is with all rights, and root's own pages
 * read-only (mmu/hostmap.c).  So the access is one that root does not want: it
 * raises #GP, and is counted and told.
 *
 * Return: false when the page is not one of root's: something is amiss.
 */
bool keel_exit_ept(struct keel_root_cpu *cpu, u64 qualification)
{
	u64 pa = keel_vmread(VMCS_GUEST_PHYS_ADDR);

	if ((qualification & (QUAL_READABLE | QUAL_WRITABLE)) != QUAL_READABLE)
		return false;
	/* The page was given back meanwhile: it works on the next try. */
	if (is_hosts(pa)) {
		keel_reinject();
		return true;
	}
	cpu->shared->tampered++;
	keel_say(cpu, KEEL_EVENT_TAMPER, pa, keel_vmread(VMCS_GUEST_RIP),
		 keel_vmread(VMCS_GUEST_CR3), qualification & 7);
	keel_inject_gp();
	return true;
}
