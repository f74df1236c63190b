// SPDX-License-Identifier: GPL-2.0
/*
 * Decoding of the instructions by which drivers access the memory of devices: MOV
 * between a register and memory, of an immediate, of AL, AX, EAX and RAX with an address
 * of its own, MOVZX, MOVSX and MOVSXD, and what compilers make of a MOV with an operation
 * beside it: ADD, OR, AND, SUB, XOR, CMP and TEST (SDM volume 2).
 *
 * World: root, KUnit and fuzzers.  The bytes are the guest's, which can be anything: no
 * more than the given ones are looked at.  Where the access goes has been found out by
 * the CPU; only how long the instruction is depends on the address.
 */
#include <linux/bits.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include "mmio.h"

#define REX		0x40
#define REX_W		BIT(3)
#define REX_R		BIT(2)

#define PREFIX_OPERAND	0x66
#define PREFIX_ADDRESS	0x67

#define MODRM_MOD(m)	((m) >> 6)
#define MODRM_REG(m)	((m) >> 3 & 7)
#define MODRM_RM(m)	((m) & 7)
#define MOD_REGISTER	3
#define RM_SIB		4
#define RM_DISP32	5
#define RM_DISP16	6

#define REG_RSP		4

#define FLAG_CARRY	BIT(0)
#define FLAG_PARITY	BIT(2)
#define FLAG_ADJUST	BIT(4)
#define FLAG_ZERO	BIT(6)
#define FLAG_SIGN	BIT(7)
#define FLAG_OVERFLOW	BIT(11)
#define FLAGS		(FLAG_CARRY | FLAG_PARITY | FLAG_ADJUST | FLAG_ZERO | FLAG_SIGN | \
			 FLAG_OVERFLOW)

/* What the decoder has seen so far */
struct decoder {
	const u8 *code;
	unsigned int nr;
	unsigned int at;
	unsigned int bits;
	unsigned int operand;	/* size of an operand, in bytes */
	unsigned int address;	/* of an address */
	u8 rex;
	bool short_of;		/* bytes were wanted that are not there */
};

static u8 next(struct decoder *d)
{
	if (d->at < d->nr && d->at < KEEL_INSN_MAX)
		return d->code[d->at++];
	d->short_of = true;
	return 0;
}

/* @size bytes, with their sign */
static u64 take(struct decoder *d, unsigned int size)
{
	u64 val = 0;
	unsigned int i;

	for (i = 0; i < size; i++)
		val |= (u64)next(d) << 8 * i;
	if (size == 1)
		return (s64)(s8)val;
	if (size == 2)
		return (s64)(s16)val;
	return size == 4 ? (u64)(s64)(s32)val : val;
}

/* Returns the opcode's first byte. */
static u8 prefixes(struct decoder *d)
{
	bool operand = false, address = false;
	u8 byte;

	for (;;) {
		byte = next(d);
		switch (byte) {
		case PREFIX_OPERAND:
			operand = true;
			continue;
		case PREFIX_ADDRESS:
			address = true;
			continue;
		case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65:
			continue;	/* segments: the CPU has seen to them */
		}
		break;
	}
	if (d->bits == 64 && (byte & 0xf0) == REX) {
		d->rex = byte;
		byte = next(d);
	}
	d->operand = (d->bits == 16) != operand ? 2 : 4;
	if (d->rex & REX_W)
		d->operand = 8;
	if (d->bits == 64)
		d->address = address ? 4 : 8;
	else
		d->address = (d->bits == 16) != address ? 2 : 4;
	return byte;
}

/* Behind ModRM, which says that there is memory: SIB and displacement */
static void skip_address(struct decoder *d, u8 modrm)
{
	unsigned int mod = MODRM_MOD(modrm), rm = MODRM_RM(modrm);

	if (d->address == 2) {
		take(d, mod == 1 ? 1 : mod == 2 || rm == RM_DISP16 ? 2 : 0);
		return;
	}
	if (rm == RM_SIB)
		rm = MODRM_RM(next(d));
	take(d, mod == 1 ? 1 : mod == 2 || rm == RM_DISP32 ? 4 : 0);
}

/* ModRM and all behind it; the register's number.  False when there is no memory. */
static bool modrm(struct decoder *d, struct keel_mmio *mmio)
{
	u8 byte = next(d);

	if (MODRM_MOD(byte) == MOD_REGISTER)
		return false;
	mmio->reg = MODRM_REG(byte) | (d->rex & REX_R ? 8 : 0);
	skip_address(d, byte);
	return true;
}

/* A register of one byte: without REX, four of them are the upper halves of others. */
static void byte_register(const struct decoder *d, struct keel_mmio *mmio)
{
	if (d->rex || mmio->reg < 4)
		return;
	mmio->reg -= 4;
	mmio->high = true;
}

/* MOV between a register and memory */
static bool mov(struct decoder *d, struct keel_mmio *mmio, u8 opcode)
{
	if (!modrm(d, mmio))
		return false;
	mmio->size = opcode & 1 ? d->operand : 1;
	mmio->reg_size = mmio->size;
	mmio->write = !(opcode & 2);
	if (mmio->size == 1)
		byte_register(d, mmio);
	return true;
}

/* The same with AL to RAX, and the address in the instruction */
static bool mov_accumulator(struct decoder *d, struct keel_mmio *mmio, u8 opcode)
{
	take(d, d->address);
	mmio->size = opcode & 1 ? d->operand : 1;
	mmio->reg_size = mmio->size;
	mmio->write = opcode & 2;
	return true;
}

static bool mov_immediate(struct decoder *d, struct keel_mmio *mmio, u8 opcode)
{
	/* What stands where the register does, is part of the opcode. */
	if (!modrm(d, mmio) || mmio->reg & 7)
		return false;
	mmio->size = opcode & 1 ? d->operand : 1;
	mmio->reg_size = mmio->size;
	mmio->reg = 0;
	mmio->write = true;
	mmio->immediate = true;
	mmio->val = take(d, mmio->size == 8 ? 4 : mmio->size);
	return true;
}

static bool mov_extended(struct decoder *d, struct keel_mmio *mmio, unsigned int size, bool sign)
{
	if (!modrm(d, mmio))
		return false;
	mmio->size = size;
	mmio->reg_size = d->operand;
	mmio->sign = sign;
	return true;
}

/* By bits 5:3 of the opcode, or of ModRM; not those that take the carry */
static bool set_op(struct keel_mmio *mmio, unsigned int nr)
{
	static const u8 ops[8] = {
		KEEL_MMIO_ADD, KEEL_MMIO_OR, 0, 0, KEEL_MMIO_AND, KEEL_MMIO_SUB, KEEL_MMIO_XOR,
		KEEL_MMIO_CMP,
	};

	mmio->op = ops[nr & 7];
	return mmio->op != KEEL_MMIO_MOV;
}

/* An operation with a register, which either of them is the first operand of */
static bool combine(struct decoder *d, struct keel_mmio *mmio, u8 opcode)
{
	if (!mov(d, mmio, opcode))
		return false;
	mmio->reversed = !mmio->write;
	mmio->write = mmio->write && !keel_mmio_compares(mmio);
	return true;
}

/* An operation with an immediate, of its size or a byte with its sign */
static bool combine_immediate(struct decoder *d, struct keel_mmio *mmio, u8 opcode, bool short_one)
{
	if (!modrm(d, mmio))
		return false;
	/* What stands where the register does, is part of the opcode: for TEST, 0 */
	if (mmio->op == KEEL_MMIO_TEST ? mmio->reg & 7 : !set_op(mmio, mmio->reg))
		return false;
	mmio->size = opcode & 1 ? d->operand : 1;
	mmio->reg_size = mmio->size;
	mmio->reg = 0;
	mmio->write = !keel_mmio_compares(mmio);
	mmio->immediate = true;
	mmio->val = take(d, short_one ? 1 : mmio->size == 8 ? 4 : mmio->size);
	return true;
}

static bool two_bytes(struct decoder *d, struct keel_mmio *mmio)
{
	switch (next(d)) {
	case 0xb6:
		return mov_extended(d, mmio, 1, false);
	case 0xb7:
		return mov_extended(d, mmio, 2, false);
	case 0xbe:
		return mov_extended(d, mmio, 1, true);
	case 0xbf:
		return mov_extended(d, mmio, 2, true);
	}
	return false;
}

static bool instruction(struct decoder *d, struct keel_mmio *mmio)
{
	u8 opcode = prefixes(d);

	switch (opcode) {
	case 0x0f:
		return two_bytes(d, mmio);
	case 0x63:
		return d->bits == 64 && d->operand == 8 && mov_extended(d, mmio, 4, true);
	case 0x88: case 0x89: case 0x8a: case 0x8b:
		return mov(d, mmio, opcode);
	case 0xa0: case 0xa1: case 0xa2: case 0xa3:
		return mov_accumulator(d, mmio, opcode);
	case 0xc6: case 0xc7:
		return mov_immediate(d, mmio, opcode);
	case 0x80: case 0x81: case 0x83:
		return combine_immediate(d, mmio, opcode, opcode == 0x83);
	case 0xf6: case 0xf7:
		mmio->op = KEEL_MMIO_TEST;
		return combine_immediate(d, mmio, opcode, false);
	case 0x84: case 0x85:
		mmio->op = KEEL_MMIO_TEST;
		return combine(d, mmio, opcode & 1);
	}
	return opcode < 0x40 && (opcode & 7) < 4 && set_op(mmio, opcode >> 3) &&
	       combine(d, mmio, opcode & 3);
}

/**
 * keel_mmio_decode() - an instruction that has accessed memory
 * @code: its bytes, and what follows
 * @nr: how many there are
 * @bits: 16, 32 or 64, as the code segment says
 * @mmio: filled, when it is known
 *
 * One with RSP as its register is not known: nobody has a device's register there.
 *
 * Return: enum keel_decoded.
 */
enum keel_decoded keel_mmio_decode(const u8 *code, unsigned int nr, unsigned int bits,
				   struct keel_mmio *mmio)
{
	struct decoder d = { .code = code, .nr = nr, .bits = bits };
	bool known;

	*mmio = (struct keel_mmio) { 0 };
	known = instruction(&d, mmio);
	if (d.short_of)
		return nr < KEEL_INSN_MAX ? KEEL_DECODE_MORE : KEEL_DECODE_NOT;
	if (!known || (mmio->reg == REG_RSP && !mmio->high))
		return KEEL_DECODE_NOT;
	mmio->len = d.at;
	return KEEL_DECODED;
}

static u64 *reg_of(struct keel_regs *regs, unsigned int reg)
{
	u64 *const at[] = {
		&regs->rax, &regs->rcx, &regs->rdx, &regs->rbx, NULL, &regs->rbp, &regs->rsi,
		&regs->rdi, &regs->r8, &regs->r9, &regs->r10, &regs->r11, &regs->r12,
		&regs->r13, &regs->r14, &regs->r15,
	};

	return at[reg];
}

static u64 low(u64 val, unsigned int size)
{
	return size < 8 ? val & ((1ULL << 8 * size) - 1) : val;
}

/**
 * keel_mmio_value() - what an instruction writes
 * @mmio: the instruction
 * @regs: registers
 *
 * Return: the value.
 */
u64 keel_mmio_value(const struct keel_mmio *mmio, const struct keel_regs *regs)
{
	u64 val = mmio->val;

	if (!mmio->immediate)
		val = *reg_of((struct keel_regs *)regs, mmio->reg) >> (mmio->high ? 8 : 0);
	return low(val, mmio->size);
}

/* The flags that an operation of @size bytes sets (SDM volume 1, 3.4.3) */
static u64 flags_of(u8 op, u64 a, u64 b, u64 result, unsigned int size)
{
	unsigned int top = 8 * size - 1;
	bool add = op == KEEL_MMIO_ADD, sub = op == KEEL_MMIO_SUB || op == KEEL_MMIO_CMP;
	u64 overflow = 0, flags = 0;

	if (add) {
		flags |= result < a ? FLAG_CARRY : 0;
		overflow = ~(a ^ b) & (a ^ result);
	} else if (sub) {
		flags |= a < b ? FLAG_CARRY : 0;
		overflow = (a ^ b) & (a ^ result);
	}
	if (add || sub)
		flags |= (a ^ b ^ result) & FLAG_ADJUST;
	flags |= __builtin_parity(result & 0xff) ? 0 : FLAG_PARITY;
	flags |= result ? 0 : FLAG_ZERO;
	flags |= result >> top & 1 ? FLAG_SIGN : 0;
	flags |= overflow >> top & 1 ? FLAG_OVERFLOW : 0;
	return flags;
}

/**
 * keel_mmio_combine() - what an instruction with an operation makes of what it reads
 * @mmio: the instruction
 * @regs: registers
 * @val: what it reads
 * @rflags: flags, changed
 *
 * Return: its result.
 */
u64 keel_mmio_combine(const struct keel_mmio *mmio, const struct keel_regs *regs, u64 val,
		      u64 *rflags)
{
	u64 other = keel_mmio_value(mmio, regs), mem = low(val, mmio->size);
	u64 a = mmio->reversed ? other : mem, b = mmio->reversed ? mem : other, result;

	switch (mmio->op) {
	case KEEL_MMIO_ADD:
		result = a + b;
		break;
	case KEEL_MMIO_OR:
		result = a | b;
		break;
	case KEEL_MMIO_XOR:
		result = a ^ b;
		break;
	case KEEL_MMIO_SUB:
	case KEEL_MMIO_CMP:
		result = a - b;
		break;
	default:
		result = a & b;
	}
	result = low(result, mmio->size);
	*rflags = (*rflags & ~(u64)FLAGS) | flags_of(mmio->op, a, b, result, mmio->size);
	return result;
}

/**
 * keel_mmio_answer() - an instruction gets what it reads
 * @mmio: the instruction
 * @regs: registers, of which one is changed
 * @val: what it reads
 */
void keel_mmio_answer(const struct keel_mmio *mmio, struct keel_regs *regs, u64 val)
{
	u64 *reg = reg_of(regs, mmio->reg), sign = 1ULL << (8 * mmio->size - 1);

	val = low(val, mmio->size);
	if (mmio->sign)
		val = (val ^ sign) - sign;
	val = low(val, mmio->reg_size);
	if (mmio->high)
		*reg = (*reg & ~0xff00ULL) | val << 8;
	else if (mmio->reg_size >= 4)
		*reg = val;
	else
		*reg = (*reg & ~low(~0ULL, mmio->reg_size)) | val;
}
