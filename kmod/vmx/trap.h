/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Root's own traps, and the instructions that are allowed one.
 *
 * World: root.
 */
#ifndef KEEL_VMX_TRAP_H
#define KEEL_VMX_TRAP_H

#include <linux/types.h>

#include "../abi.h"

/**
 * struct keel_trap - what a trap stub of entry.S has on its stack
 * @regs: registers
 * @vector: exception
 * @error: error code, 0 where the vector has none
 * @rip: where it happened
 * @cs: code segment
 * @rflags: flags
 * @rsp: stack
 * @ss: stack segment
 */
struct keel_trap {
	struct keel_regs regs;
	u64 vector;
	u64 error;
	u64 rip;
	u64 cs;
	u64 rflags;
	u64 rsp;
	u64 ss;
};

/**
 * struct keel_fixup - an instruction that may fault
 * @from: its address
 * @to: where it goes on
 */
struct keel_fixup {
	u64 from;
	u64 to;
};

/* The linker script */
extern const struct keel_fixup keel_fixups[], keel_fixups_end[];
/* entry.S */
extern const u8 keel_resume[], keel_resume_end[], keel_launch[], keel_launch_end[];

/* trap.c, called by entry.S */
void keel_trap(struct keel_trap *trap);

#endif /* KEEL_VMX_TRAP_H */
