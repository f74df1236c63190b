/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The root world's address space and the head of its image.
 *
 * World: root, host (which builds both) and assembly.  Constants only.
 *
 *	KEEL_ROOT_BASE		the image: text, then constants; nothing in it
 *				is ever written
 *	KEEL_ROOT_CPUS		a slot a CPU: stacks with a guard page on each
 *				side, and struct keel_root_cpu
 *	KEEL_ROOT_STATE		struct keel_root, what all CPUs' root shares
 *	KEEL_ROOT_PHYS		all memory, where root works on frames and tables
 *	the host's addresses	the code page of gate.S and every CPU's struct
 *				keel_shared, at the addresses that Linux has
 *				them at
 *
 * The rest is unmapped.  Everything of root's own lies in the lower half, the
 * image below 2 GiB, where the small code model reaches.
 */
#ifndef KEEL_VMX_LAYOUT_H
#define KEEL_VMX_LAYOUT_H

#define KEEL_ROOT_BASE		0x40000000
#define KEEL_ROOT_CPUS		0x1000000000
#define KEEL_ROOT_SLOT		0x10000
#define KEEL_ROOT_STATE		0x2000000000
#define KEEL_ROOT_PHYS		0x400000000000

/* Pages of a slot; those that are not named are guards. */
#define KEEL_SLOT_NMI		1
#define KEEL_SLOT_DF		3
#define KEEL_SLOT_MC		5
#define KEEL_SLOT_EXC		7
#define KEEL_SLOT_STACK		9
#define KEEL_SLOT_STACK_NR	2
#define KEEL_SLOT_CPU		11

#define KEEL_ROOT_MAGIC		0x746f6f726c65656b	/* "keelroot" */

/* Of what a CPU needs between a guest and others: fill the return stack buffer after one */
#define KEEL_BARRIER_RSB	1

/* Bytes between the trap stubs of entry.S */
#define KEEL_TRAP_STRIDE	16
#define KEEL_TRAP_NR		32

/* Offsets in struct keel_root_cpu for entry.S; exit.c asserts them. */
#define KEEL_CPU_PENDING	120
#define KEEL_CPU_BARRIERS	124

#ifndef __ASSEMBLY__
#include <linux/types.h>

/**
 * struct keel_root_header - the first bytes of the root image
 * @magic: KEEL_ROOT_MAGIC
 * @abi: KEEL_ABI_VERSION
 * @exit: where VM exits arrive (HOST_RIP)
 * @traps: the first of KEEL_TRAP_NR trap stubs
 * @text_end: end of the code, page aligned
 * @image_end: end of the constants, page aligned
 */
struct keel_root_header {
	u64 magic;
	u64 abi;
	u64 exit;
	u64 traps;
	u64 text_end;
	u64 image_end;
};
#endif

#endif /* KEEL_VMX_LAYOUT_H */
