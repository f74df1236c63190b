// SPDX-License-Identifier: GPL-2.0
/*
 * The registers of a local APIC as MSRs (SDM 10.12.1) and as memory (10.4.1),
 * IA32_TSC_DEADLINE, and what IA32_APIC_BASE can hold.
 *
 * World: root and KUnit, by whoever runs the vCPU.  No locks.
 */
#include <linux/bits.h>
#include <linux/types.h>
#include <asm/msr-index.h>

#include "apic.h"

#define ESR_SEND_ILLEGAL	BIT(5)
#define ESR_RECEIVE_ILLEGAL	BIT(6)
#define ESR_REGISTER_ILLEGAL	BIT(7)

/* Bits that can be written; of the others, those that read as a state are lost */
#define LVT_VECTOR	0xffU
#define LVT_DELIVERY	0x700U
#define LVT_PIN		(BIT(13) | BIT(15))
#define LVT_STATE	BIT(12)
#define LVT_REMOTE	BIT(14)
#define SVR_BITS	0x3ffU
#define ICR_BITS	0x000ccfffU
#define ICR_STATE	BIT(12)
#define DIVIDE_BITS	0xbU
#define DFR_ONES	0x0fffffffU

/* As memory, each has four bytes of sixteen. */
#define STEP		16
#define WIDTH		4

#define MAY_READ	BIT(0)
#define MAY_WRITE	BIT(1)

/* A register: how it can be accessed, which bits of a write stay, which are lost */
struct reg {
	u8 access;
	u32 keep;
	u32 lost;
};

#define LVT_ROW(nr, more, state) \
	[KEEL_APIC_LVT_##nr >> 4] = { MAY_READ | MAY_WRITE, \
				      LVT_VECTOR | KEEL_APIC_LVT_MASKED | (more), \
				      LVT_STATE | (state) }
#define RO(offset) [(offset) >> 4] = { MAY_READ, 0, 0 }
#define RO8(base) \
	RO(base), RO((base) + 0x10), RO((base) + 0x20), RO((base) + 0x30), \
	RO((base) + 0x40), RO((base) + 0x50), RO((base) + 0x60), RO((base) + 0x70)

static const struct reg regs[64] = {
	RO(KEEL_APIC_ID),
	RO(KEEL_APIC_VERSION),
	[KEEL_APIC_TPR >> 4] = { MAY_READ | MAY_WRITE, 0xff, 0 },
	RO(KEEL_APIC_PPR),
	[KEEL_APIC_EOI >> 4] = { MAY_WRITE, 0, 0 },
	RO(KEEL_APIC_LDR),
	[KEEL_APIC_SVR >> 4] = { MAY_READ | MAY_WRITE, SVR_BITS, 0 },
	RO8(KEEL_APIC_ISR),
	RO8(KEEL_APIC_TMR),
	RO8(KEEL_APIC_IRR),
	[KEEL_APIC_ESR >> 4] = { MAY_READ | MAY_WRITE, 0, 0 },
	[KEEL_APIC_ICR >> 4] = { MAY_READ | MAY_WRITE, ICR_BITS, ICR_STATE },
	LVT_ROW(TIMER, KEEL_APIC_LVT_MODE, 0),
	LVT_ROW(THERMAL, LVT_DELIVERY, 0),
	LVT_ROW(PERF, LVT_DELIVERY, 0),
	LVT_ROW(LINT0, LVT_DELIVERY | LVT_PIN, LVT_REMOTE),
	LVT_ROW(LINT1, LVT_DELIVERY | LVT_PIN, LVT_REMOTE),
	LVT_ROW(ERROR, 0, 0),
	[KEEL_APIC_INITIAL >> 4] = { MAY_READ | MAY_WRITE, ~0U, 0 },
	RO(KEEL_APIC_CURRENT),
	[KEEL_APIC_DIVIDE >> 4] = { MAY_READ | MAY_WRITE, DIVIDE_BITS, 0 },
	[KEEL_APIC_SELF_IPI >> 4] = { MAY_WRITE, 0xff, 0 },
};

static const struct reg none;

static const struct reg *find(u32 msr)
{
	u32 i = msr - KEEL_APIC_MSR;

	return i < sizeof(regs) / sizeof(regs[0]) ? &regs[i] : &none;
}

/* The same as memory: where it is another one, or is there in one of the two modes only */
static const struct reg *find_at(u32 offset)
{
	static const struct reg byte = { MAY_READ | MAY_WRITE, 0xff000000U, 0 };
	static const struct reg model = { MAY_READ | MAY_WRITE, ~DFR_ONES, 0 };

	switch (offset) {
	case KEEL_APIC_LDR:
	case KEEL_APIC_ICR2:
		return &byte;
	case KEEL_APIC_DFR:
		return &model;
	case KEEL_APIC_SELF_IPI:
		return &none;
	default:
		return find(KEEL_APIC_MSR_OF(offset));
	}
}

static bool in_deadline_mode(const struct keel_apic *apic)
{
	return (keel_apic_get(apic, KEEL_APIC_LVT_TIMER) & KEEL_APIC_LVT_MODE) ==
	       KEEL_APIC_DEADLINE;
}

static u32 value(const struct keel_apic *apic, u32 offset, u64 now)
{
	return offset == KEEL_APIC_CURRENT ? keel_apic_count(apic, now) :
					     keel_apic_get(apic, offset);
}

/**
 * keel_apic_read() - RDMSR
 * @apic: the APIC
 * @msr: one of its registers, or IA32_TSC_DEADLINE
 * @now: TSC
 * @val: what is read
 *
 * Return: false for #GP.
 */
bool keel_apic_read(const struct keel_apic *apic, u32 msr, u64 now, u64 *val)
{
	u32 offset = (msr - KEEL_APIC_MSR) << 4;

	if (msr == MSR_IA32_TSC_DEADLINE) {
		*val = in_deadline_mode(apic) ? apic->deadline : 0;
		return true;
	}
	if (!(find(msr)->access & MAY_READ))
		return false;
	*val = value(apic, offset, now);
	if (offset == KEEL_APIC_ICR)
		*val |= (u64)keel_apic_get(apic, offset + 4) << 32;
	return true;
}

static void write_svr(struct keel_apic *apic, u32 val)
{
	u32 i;

	*keel_apic_reg(apic, KEEL_APIC_SVR) = val;
	if (val & KEEL_APIC_SVR_ENABLE)
		return;
	for (i = KEEL_APIC_LVT_TIMER; i <= KEEL_APIC_LVT_ERROR; i += 16)
		*keel_apic_reg(apic, i) |= KEEL_APIC_LVT_MASKED;
}

static void write_lvt(struct keel_apic *apic, u32 offset, u32 val)
{
	if (!keel_apic_enabled(apic))
		val |= KEEL_APIC_LVT_MASKED;
	if (offset == KEEL_APIC_LVT_TIMER)
		keel_apic_mode(apic, val);
	*keel_apic_reg(apic, offset) = val;
}

static void self_ipi(struct keel_apic *apic, u32 vector)
{
	if (vector < 16)
		keel_apic_error(apic, ESR_SEND_ILLEGAL | ESR_RECEIVE_ILLEGAL);
	else if (keel_apic_enabled(apic))
		keel_apic_raise(apic, vector);
}

static u32 write_icr(struct keel_apic *apic, u64 val)
{
	*keel_apic_reg(apic, KEEL_APIC_ICR) = val;
	*keel_apic_reg(apic, KEEL_APIC_ICR + 4) = val >> 32;
	if (KEEL_ICR_VECTOR(val) < 16 && KEEL_ICR_MODE(val) <= KEEL_MODE_LOWEST) {
		keel_apic_error(apic, ESR_SEND_ILLEGAL);
		return KEEL_APIC_LOOK;
	}
	return KEEL_APIC_SEND;
}

static u32 end_of_interrupt(struct keel_apic *apic)
{
	u32 vector = keel_apic_eoi(apic);

	return vector ? vector << 24 | KEEL_APIC_EOI_LEVEL | KEEL_APIC_LOOK : KEEL_APIC_LOOK;
}

static u32 write_deadline(struct keel_apic *apic, u64 val)
{
	if (in_deadline_mode(apic))
		apic->deadline = val;
	return KEEL_APIC_LOOK;
}

/* What has passed all checks */
static u32 write_reg(struct keel_apic *apic, u32 offset, u64 val, u64 now)
{
	switch (offset) {
	case KEEL_APIC_TPR:
		*keel_apic_reg(apic, offset) = val;
		keel_apic_priority(apic);
		break;
	case KEEL_APIC_EOI:
		return end_of_interrupt(apic);
	case KEEL_APIC_SVR:
		write_svr(apic, val);
		break;
	case KEEL_APIC_ESR:
		*keel_apic_reg(apic, offset) = apic->errors;
		apic->errors = 0;
		break;
	case KEEL_APIC_ICR:
		return write_icr(apic, val);
	case KEEL_APIC_INITIAL:
		if (in_deadline_mode(apic))
			break;
		*keel_apic_reg(apic, offset) = val;
		keel_apic_start(apic, now);
		break;
	case KEEL_APIC_DIVIDE:
		keel_apic_divide(apic, val, now);
		break;
	case KEEL_APIC_SELF_IPI:
		self_ipi(apic, val);
		break;
	case KEEL_APIC_DFR:
		*keel_apic_reg(apic, offset) = val | DFR_ONES;
		break;
	case KEEL_APIC_LDR:
	case KEEL_APIC_ICR2:
		*keel_apic_reg(apic, offset) = val;
		break;
	default:
		write_lvt(apic, offset, val);
	}
	return KEEL_APIC_LOOK;
}

/**
 * keel_apic_write() - WRMSR
 * @apic: the APIC
 * @msr: one of its registers, or IA32_TSC_DEADLINE
 * @val: what is written
 * @now: TSC
 *
 * Return: KEEL_APIC_GP, or what the write calls for.
 */
u32 keel_apic_write(struct keel_apic *apic, u32 msr, u64 val, u64 now)
{
	u32 offset = (msr - KEEL_APIC_MSR) << 4;
	const struct reg *reg = find(msr);
	u64 allowed;

	if (msr == MSR_IA32_TSC_DEADLINE)
		return write_deadline(apic, val);
	if (!(reg->access & MAY_WRITE))
		return KEEL_APIC_GP;
	allowed = reg->keep | reg->lost;
	if (offset == KEEL_APIC_ICR)
		allowed |= 0xffffffff00000000ULL;
	if (val & ~allowed)
		return KEEL_APIC_GP;
	return write_reg(apic, offset, val & ~(u64)reg->lost, now);
}

static u32 no_such_register(struct keel_apic *apic)
{
	keel_apic_error(apic, ESR_REGISTER_ILLEGAL);
	return KEEL_APIC_LOOK;
}

/**
 * keel_xapic_read() - a read of the page, in xAPIC mode
 * @apic: the APIC
 * @offset: where in the page
 * @size: how many bytes
 * @now: TSC
 * @val: what is read; 0 where there is nothing
 *
 * Return: what the read calls for: that of a register that is not there is an error.
 */
u32 keel_xapic_read(struct keel_apic *apic, u32 offset, u32 size, u64 now, u32 *val)
{
	u32 at = offset % STEP;
	const struct reg *reg = find_at(offset - at);

	*val = 0;
	if (!reg->access)
		return no_such_register(apic);
	if (reg->access & MAY_READ && at + size <= WIDTH)
		*val = value(apic, offset - at, now) >> 8 * at;
	return 0;
}

/**
 * keel_xapic_write() - a write to the page, in xAPIC mode
 * @apic: the APIC
 * @offset: where in the page
 * @size: how many bytes; all accesses but of 32 bits, aligned, are lost
 * @val: what is written; bits that cannot be are lost, too
 * @now: TSC
 *
 * Return: what the write calls for.
 */
u32 keel_xapic_write(struct keel_apic *apic, u32 offset, u32 size, u32 val, u64 now)
{
	const struct reg *reg = find_at(offset - offset % STEP);
	u32 dest;

	if (!reg->access)
		return no_such_register(apic);
	if (!(reg->access & MAY_WRITE) || offset % STEP || size != WIDTH)
		return 0;
	if (offset != KEEL_APIC_ICR)
		return write_reg(apic, offset, val & reg->keep, now);
	dest = KEEL_XAPIC_DEST(keel_apic_get(apic, KEEL_APIC_ICR2));
	if (dest == KEEL_XAPIC_EVERYBODY)
		dest = KEEL_APIC_EVERYBODY;
	return write_icr(apic, (val & reg->keep) | (u64)dest << 32);
}

/**
 * keel_apic_base_valid() - can IA32_APIC_BASE be written so? (SDM 10.12.5)
 * @old: what it holds
 * @val: what is written
 * @phys_bits: width of a physical address
 *
 * Return: false for #GP.
 */
bool keel_apic_base_valid(u64 old, u64 val, u32 phys_bits)
{
	const u64 mode = KEEL_APIC_BASE_ENABLE | KEEL_APIC_BASE_X2APIC;
	u64 bits = KEEL_APIC_BASE_BSP | mode | (((1ULL << phys_bits) - 1) & ~0xfffULL);

	if (val & ~bits || (val & mode) == KEEL_APIC_BASE_X2APIC)
		return false;
	/* From x2APIC mode the only way leads to disabled, and from there by xAPIC mode. */
	if (old & KEEL_APIC_BASE_X2APIC)
		return (val & mode) != KEEL_APIC_BASE_ENABLE;
	return old & KEEL_APIC_BASE_ENABLE || !(val & KEEL_APIC_BASE_X2APIC);
}
