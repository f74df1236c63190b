// SPDX-License-Identifier: GPL-2.0
/*
 * Where root finds memory, the other CPUs, and what they share: fixed addresses
 * (vmx/layout.h); and the one instruction that the memory side needs.
 *
 * World: root.  The suites and the fuzzer bring an imitation of this file.
 */
#include <linux/types.h>

#include "../vmx/insn.h"
#include "../vmx/layout.h"
#include "pool.h"

#ifndef KEEL_ROOT
/* In keel.ko, which links root's pools and calls nothing of them that needs this */
void *keel_phys(u64 pa)
{
	return (void *)(KEEL_ROOT_PHYS + pa);
}
#endif

/**
 * keel_root_state() - what all CPUs' root shares
 *
 * Return: its address.
 */
struct keel_root *keel_root_state(void)
{
	return (struct keel_root *)KEEL_ROOT_STATE;
}

/**
 * keel_root_cpu_at() - a CPU that has a slot
 * @root: root
 * @i: below root->nr_cpus
 *
 * Return: the CPU.
 */
struct keel_root_cpu *keel_root_cpu_at(const struct keel_root *root, u32 i)
{
	return (struct keel_root_cpu *)(KEEL_ROOT_CPUS + (u64)root->cpu[i] * KEEL_ROOT_SLOT +
					KEEL_SLOT_CPU * KEEL_PAGE_SIZE);
}

/**
 * keel_flush() - forget every translation of the host's EPT on this CPU
 */
void keel_flush(void)
{
	keel_invept(KEEL_INV_ALL, 0);
}
