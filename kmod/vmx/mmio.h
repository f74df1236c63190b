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

/* What an instruction does with what is in memory, and with a register or a constant */
enum keel_mmio_op {
	KEEL_MMIO_MOV,
	KEEL_MMIO_ADD,
	KEEL_MMIO_OR,
	KEEL_MMIO_AND,
	KEEL_MMIO_SUB,
	KEEL_MMIO_XOR,
	KEEL_MMIO_CMP,
	KEEL_MMIO_TEST,
};

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
 * @val: what it writes, or combines with what is there
 * @op: enum keel_mmio_op; all but MOV set flags, and with @write it reads first
 * @reversed: the register is the first operand, and is the one that changes
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
	u8 op;
	bool reversed;
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
u64 keel_mmio_combine(const struct keel_mmio *mmio, const struct keel_regs *regs, u64 val,
		      u64 *rflags);
void keel_mmio_answer(const struct keel_mmio *mmio, struct keel_regs *regs, u64 val);

/* It sets flags, and does no more. */
static inline bool keel_mmio_compares(const struct keel_mmio *mmio)
{
	return mmio->op >= KEEL_MMIO_CMP;
}

#endif /* KEEL_VMX_MMIO_H */
