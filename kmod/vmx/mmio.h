/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Instructions that access the memory of devices.
 *
 * World: root, KUnit and fuzzers.
 */
#ifndef KEEL_VMX_MMIO_H
#define KEEL_VMX_MMIO_H

#include <linux/types.h>

#include "../abi.h"

/* The longest instruction */
#define KEEL_INSN_MAX	15

/**
 * struct keel_mmio - an instruction with one access
 * @len: bytes of it
 * @size: bytes that are read or written
 * @reg: the register, in the order of the CPU's encoding
 * @reg_size: bytes of the register that a read changes
 * @write: it writes
 * @high: the register is AH, CH, DH or BH
 * @sign: what is read has a sign
 * @immediate: it writes @val, not a register
 * @val: what it writes
 */
struct keel_mmio {
	u8 len;
	u8 size;
	u8 reg;
	u8 reg_size;
	bool write;
	bool high;
	bool sign;
	bool immediate;
	u64 val;
};

/**
 * enum keel_decoded - what came of it
 * @KEEL_DECODED: the instruction is one of those that are known
 * @KEEL_DECODE_MORE: it is longer than the bytes that there are
 * @KEEL_DECODE_NOT: it is another one, or none
 */
enum keel_decoded {
	KEEL_DECODED,
	KEEL_DECODE_MORE,
	KEEL_DECODE_NOT,
};

enum keel_decoded keel_mmio_decode(const u8 *code, unsigned int nr, unsigned int bits,
				   struct keel_mmio *mmio);
u64 keel_mmio_value(const struct keel_mmio *mmio, const struct keel_regs *regs);
void keel_mmio_answer(const struct keel_mmio *mmio, struct keel_regs *regs, u64 val);

#endif /* KEEL_VMX_MMIO_H */
