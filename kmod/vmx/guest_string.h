/* SPDX-License-Identifier: GPL-2.0 */
/*
 * INS and OUTS of guests, an element at a time.
 *
 * World: root and KUnit.
 */
#ifndef KEEL_VMX_GUEST_STRING_H
#define KEEL_VMX_GUEST_STRING_H

#include <linux/types.h>

#include "../abi.h"

/* Exit qualification of port I/O (SDM 27.2.1, table 27-5) */
#define KEEL_IO_SIZE(q)		(((q) & 7) + 1)
#define KEEL_IO_IN(q)		((q) >> 3 & 1)
#define KEEL_IO_STRING(q)	((q) >> 4 & 1)
#define KEEL_IO_REP(q)		((q) >> 5 & 1)
#define KEEL_IO_PORT(q)		((q) >> 16 & 0xffff)

/* And the instruction information of the two (SDM 27.2.5, table 27-10) */
#define KEEL_STRING_ADDR(info)	((info) >> 7 & 7)	/* 0: 16 bits, 1: 32, 2: 64 */
#define KEEL_STRING_SEG(info)	((info) >> 15 & 7)	/* of OUTS; as VMCS fields count them */

u64 *keel_string_index(struct keel_regs *regs, u64 qualification);
u64 keel_string_mask(u64 info);
bool keel_string_step(struct keel_regs *regs, u64 qualification, u64 info, bool down);
bool keel_segment_allows(u64 ar, u64 limit, u64 offset, u32 size, bool write, bool protected);

#endif /* KEEL_VMX_GUEST_STRING_H */
