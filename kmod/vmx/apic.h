/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A vCPU's local APIC, in xAPIC mode, where its registers are memory, and in x2APIC mode,
 * where they are MSRs.
 *
 * World: root and KUnit.  Its page belongs to the CPU that runs the vCPU.  What others
 * have for the vCPU they leave in its struct keel_vcpu, in @attention above all, with
 * atomic operations; the vCPU takes it in before its next entry from the host.
 */
#ifndef KEEL_VMX_APIC_H
#define KEEL_VMX_APIC_H

#include <linux/bits.h>
#include <linux/types.h>

#include "../abi.h"

/* Registers: their offsets in the page (SDM table 10-1); the MSR is 0x800 + offset / 16 */
#define KEEL_APIC_ID		0x020
#define KEEL_APIC_VERSION	0x030
#define KEEL_APIC_TPR		0x080
#define KEEL_APIC_PPR		0x0a0
#define KEEL_APIC_EOI		0x0b0
#define KEEL_APIC_LDR		0x0d0
#define KEEL_APIC_DFR		0x0e0	/* in xAPIC mode only */
#define KEEL_APIC_SVR		0x0f0
#define KEEL_APIC_ISR		0x100
#define KEEL_APIC_TMR		0x180
#define KEEL_APIC_IRR		0x200
#define KEEL_APIC_ESR		0x280
#define KEEL_APIC_ICR		0x300
#define KEEL_APIC_ICR2		0x310	/* in xAPIC mode only */
#define KEEL_APIC_LVT_TIMER	0x320
#define KEEL_APIC_LVT_THERMAL	0x330
#define KEEL_APIC_LVT_PERF	0x340
#define KEEL_APIC_LVT_LINT0	0x350
#define KEEL_APIC_LVT_LINT1	0x360
#define KEEL_APIC_LVT_ERROR	0x370
#define KEEL_APIC_INITIAL	0x380
#define KEEL_APIC_CURRENT	0x390
#define KEEL_APIC_DIVIDE	0x3e0
#define KEEL_APIC_SELF_IPI	0x3f0

#define KEEL_APIC_MSR		0x800
#define KEEL_APIC_MSR_OF(reg)	(KEEL_APIC_MSR + (reg) / 16)

#define KEEL_APIC_SVR_ENABLE	BIT(8)
#define KEEL_APIC_LVT_MASKED	BIT(16)
#define KEEL_APIC_LVT_MODE	(BIT(17) | BIT(18))
#define KEEL_APIC_ONE_SHOT	0
#define KEEL_APIC_PERIODIC	BIT(17)
#define KEEL_APIC_DEADLINE	BIT(18)

/* The interrupt command register, and the low half of what goes with a message */
#define KEEL_ICR_VECTOR(icr)	((icr) & 0xff)
#define KEEL_ICR_MODE(icr)	((icr) >> 8 & 7)
#define KEEL_ICR_LOGICAL	BIT(11)
#define KEEL_ICR_ASSERT		BIT(14)
#define KEEL_ICR_LEVEL		BIT(15)
#define KEEL_ICR_SHORTHAND(icr)	((icr) >> 18 & 3)
#define KEEL_ICR_SELF		1
#define KEEL_ICR_ALL		2
#define KEEL_ICR_OTHERS		3

#define KEEL_MODE_FIXED		0
#define KEEL_MODE_LOWEST	1
#define KEEL_MODE_NMI		4
#define KEEL_MODE_INIT		5
#define KEEL_MODE_STARTUP	6

#define KEEL_APIC_EVERYBODY	(~0U)

/* In xAPIC mode: the place of ids and logical destinations, and the one that means everybody */
#define KEEL_XAPIC_DEST(reg)	((reg) >> 24)
#define KEEL_XAPIC_EVERYBODY	0xff

/* IA32_APIC_BASE: enabled, in x2APIC mode, of the first processor */
#define KEEL_APIC_BASE_ADDR	0xfee00000ULL
#define KEEL_APIC_BASE_BSP	BIT_ULL(8)
#define KEEL_APIC_BASE_X2APIC	BIT_ULL(10)
#define KEEL_APIC_BASE_ENABLE	BIT_ULL(11)
#define KEEL_APIC_BASE_MODE	(KEEL_APIC_BASE_X2APIC | KEEL_APIC_BASE_ENABLE)

/* The timer of the APIC counts as fast as the TSC; it is periodic no faster than this. */
#define KEEL_APIC_PERIOD_MIN	4096

/*
 * What a vCPU's @attention says.  As long as there is any, it goes into the guest by way
 * of keel_vcpu_attend().
 */
#define KEEL_ATT_IRQ		BIT(0)	/* vectors in @posted */
#define KEEL_ATT_NMI		BIT(1)
#define KEEL_ATT_INIT		BIT(2)
#define KEEL_ATT_SIPI		BIT(3)	/* with @sipi */
#define KEEL_ATT_WAKE		BIT(4)	/* HLT is over */
#define KEEL_ATT_HALTED		BIT(8)	/* it has executed HLT */
#define KEEL_ATT_WAIT_SIPI	BIT(9)	/* it waits for a start-up IPI */
#define KEEL_ATT_TIMER		BIT(10)	/* its timer runs */
#define KEEL_ATT_STEAL		BIT(11)	/* the guest has to be told of steal time */
#define KEEL_ATT_EOI		BIT(12)	/* it may have ended an interrupt without a word */

#define KEEL_ATT_IDLE		(KEEL_ATT_HALTED | KEEL_ATT_WAIT_SIPI)
#define KEEL_ATT_NEWS		(KEEL_ATT_IRQ | KEEL_ATT_NMI | KEEL_ATT_INIT | KEEL_ATT_SIPI | \
				 KEEL_ATT_WAKE)

/**
 * struct keel_apic - a page: the registers, as the CPU has them in a virtual-APIC page
 * (SDM 29.1), and behind them what it does not know
 * @reg: registers, at their offsets
 * @deadline: TSC at which the timer fires, 0 when it does not run
 * @errors: since the error status was written last
 */
struct keel_apic {
	u32 reg[256];
	u64 deadline;
	u32 errors;
};

/**
 * struct keel_notify - vCPUs that have to hear from the host, by number
 * @wake: they have halted, or wait to be started
 * @kick: they are in the guest
 * @self: the sender sent itself something
 */
struct keel_notify {
	u32 wake;
	u32 kick;
	bool self;
};

/* What a write to a register calls for */
#define KEEL_APIC_GP		BIT(0)	/* nothing was written: #GP */
#define KEEL_APIC_LOOK		BIT(1)	/* there may be an interrupt to deliver */
#define KEEL_APIC_SEND		BIT(2)	/* carry out the interrupt command register */
#define KEEL_APIC_EOI_LEVEL	BIT(3)	/* end of a level-triggered interrupt, in bits 31:24 */

struct keel_guest;
struct keel_root_cpu;
struct keel_vcpu;

static inline u32 *keel_apic_reg(struct keel_apic *apic, u32 offset)
{
	return &apic->reg[offset / 4];
}

static inline u32 keel_apic_get(const struct keel_apic *apic, u32 offset)
{
	return apic->reg[offset / 4];
}

static inline bool keel_apic_enabled(const struct keel_apic *apic)
{
	return keel_apic_get(apic, KEEL_APIC_SVR) & KEEL_APIC_SVR_ENABLE;
}

/* apic.c */
void keel_apic_reset(struct keel_apic *apic, u32 id, bool x2apic);
void keel_apic_enter(struct keel_apic *apic, u32 id, bool x2apic);
u32 keel_apic_highest(const struct keel_apic *apic, u32 base);
void keel_apic_raise(struct keel_apic *apic, u32 vector);
void keel_apic_error(struct keel_apic *apic, u32 bits);
void keel_apic_priority(struct keel_apic *apic);
u32 keel_apic_deliverable(const struct keel_apic *apic);
void keel_apic_accept(struct keel_apic *apic, u32 vector);
u32 keel_apic_eoi(struct keel_apic *apic);
bool keel_apic_is_simple(const struct keel_apic *apic);
bool keel_apic_merge(struct keel_apic *apic, u64 *posted, u64 *level);

/* apic_reg.c: MSRs and memory */
bool keel_apic_read(const struct keel_apic *apic, u32 msr, u64 now, u64 *val);
u32 keel_apic_write(struct keel_apic *apic, u32 msr, u64 val, u64 now);
u32 keel_xapic_read(struct keel_apic *apic, u32 offset, u32 size, u64 now, u32 *val);
u32 keel_xapic_write(struct keel_apic *apic, u32 offset, u32 size, u32 val, u64 now);
bool keel_apic_base_valid(u64 old, u64 val, u32 phys_bits);

/* apic_timer.c */
u64 keel_apic_count(const struct keel_apic *apic, u64 now);
void keel_apic_start(struct keel_apic *apic, u64 now);
void keel_apic_divide(struct keel_apic *apic, u32 val, u64 now);
void keel_apic_mode(struct keel_apic *apic, u32 val);
void keel_apic_fire(struct keel_apic *apic, u64 now);

/* apic_send.c */
u32 keel_apic_targets(const struct keel_guest *guest, u32 dest, bool logical);
u32 keel_apic_present(const struct keel_guest *guest);
void keel_apic_send(struct keel_guest *guest, const struct keel_vcpu *self, u32 targets,
		    u32 icr, struct keel_notify *notify);
void keel_apic_command(struct keel_vcpu *self, u64 icr, struct keel_notify *notify);
void keel_apic_message(struct keel_guest *guest, u64 address, u32 data,
		       struct keel_notify *notify);
void keel_vcpu_wake(struct keel_vcpu *target, struct keel_notify *notify);

#endif /* KEEL_VMX_APIC_H */
