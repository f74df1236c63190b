// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts on their way to vCPUs: who they are for, and how they are left there.
 *
 * World: root and KUnit, on any CPU, for vCPUs of any state.  No locks: a sender first
 * sets what it has, then a bit of @attention, and then looks at what the vCPU is doing;
 * the vCPU sets what it is doing and then looks at @attention.  One of the two sees the
 * other, and whoever has to hear of it from the host is named in a struct keel_notify.
 */
#include <linux/bits.h>
#include <linux/types.h>

#include "../mmu/pool.h"
#include "apic.h"
#include "vcpu.h"

/* The address of a message (SDM 10.11.1): who it is for, and how */
#define MSI_DEST(address)	((address) >> 12 & 0xff)
#define MSI_DEST_MORE(address)	((address) >> 5 & 0x7f)	/* as KVM's guests know it */
#define MSI_HINT		BIT(3)
#define MSI_LOGICAL		BIT(2)
#define MSI_EVERYBODY		0xff
#define MSI_DATA		(0x7ffU | KEEL_ICR_ASSERT | KEEL_ICR_LEVEL)

/* The upper four bits of the destination format register */
#define MODEL_FLAT	0xf
#define MODEL_CLUSTER	0

static struct keel_vcpu *at(const struct keel_guest *guest, u32 i)
{
	return keel_phys((u64)guest->vcpu[i] << 12);
}

/**
 * keel_apic_present() - the vCPUs that there are
 * @guest: the guest
 *
 * Return: a bit for each.
 */
u32 keel_apic_present(const struct keel_guest *guest)
{
	u32 i, mask = 0;

	for (i = 0; i < KEEL_VCPUS_MAX; i++)
		if (__atomic_load_n(&guest->vcpu[i], __ATOMIC_ACQUIRE) != KEEL_NO_FRAME)
			mask |= 1U << i;
	return mask;
}

/*
 * Is a vCPU among those of a logical destination?  In x2APIC mode that is a cluster, of
 * which there is one, and a bit for each in it; in xAPIC mode what software has made of it
 * (SDM 10.6.2.2): one bit of eight, or a cluster and one bit of four.
 */
static bool is_among(const struct keel_vcpu *vcpu, u32 dest)
{
	const struct keel_apic *apic;
	u32 own;

	if (__atomic_load_n(&vcpu->apic_base, __ATOMIC_RELAXED) & KEEL_APIC_BASE_X2APIC)
		return !(dest >> 16) && dest >> vcpu->index & 1;
	apic = __atomic_load_n(&vcpu->apic, __ATOMIC_ACQUIRE);
	if (!apic)
		return false;
	own = KEEL_XAPIC_DEST(keel_apic_get(apic, KEEL_APIC_LDR));
	switch (keel_apic_get(apic, KEEL_APIC_DFR) >> 28) {
	case MODEL_FLAT:
		return !(dest >> 8) && own & dest;
	case MODEL_CLUSTER:
		return own >> 4 == dest >> 4 && own & dest & 0xf;
	default:
		return false;
	}
}

/**
 * keel_apic_targets() - who is meant
 * @guest: the guest
 * @dest: destination, of 32 bits
 * @logical: it is a logical one, else an id
 *
 * Return: vCPUs that there are, a bit for each.
 */
u32 keel_apic_targets(const struct keel_guest *guest, u32 dest, bool logical)
{
	u32 present = keel_apic_present(guest), left, mask = 0, i;

	if (dest == KEEL_APIC_EVERYBODY)
		return present;
	if (!logical)
		return dest < KEEL_VCPUS_MAX ? present & 1U << dest : 0;
	for (left = present; left; left &= left - 1) {
		i = __builtin_ctz(left);
		if (is_among(at(guest, i), dest))
			mask |= 1U << i;
	}
	return mask;
}

/* A bit of @attention is set, with all that belongs to it: does anybody have to tell? */
static void tell(struct keel_vcpu *target, const struct keel_vcpu *self, u32 attention,
		 struct keel_notify *notify)
{
	u32 bit = 1U << target->index;

	if (target == self)
		notify->self = true;
	else if (__atomic_load_n(&target->running, __ATOMIC_SEQ_CST))
		notify->kick |= bit;
	/* It may have halted, and not be back in the host yet. */
	if (target != self && (attention & KEEL_ATT_IDLE || notify->kick & bit))
		notify->wake |= bit;
}

static void mark(struct keel_vcpu *target, const struct keel_vcpu *self, u32 what,
		 struct keel_notify *notify)
{
	u32 old = __atomic_fetch_or(&target->attention, what, __ATOMIC_SEQ_CST);

	tell(target, self, old, notify);
}

static void post(struct keel_vcpu *target, const struct keel_vcpu *self, u32 vector, bool level,
		 struct keel_notify *notify)
{
	u64 bit = 1ULL << vector % 64;
	u32 i = vector / 64;

	if (level)
		__atomic_or_fetch(&target->level[i], bit, __ATOMIC_RELAXED);
	else if (__atomic_load_n(&target->level[i], __ATOMIC_RELAXED) & bit)
		__atomic_and_fetch(&target->level[i], ~bit, __ATOMIC_RELAXED);
	__atomic_or_fetch(&target->posted[i], bit, __ATOMIC_SEQ_CST);
	mark(target, self, KEEL_ATT_IRQ, notify);
}

/* INIT overtakes a start-up IPI that came before. */
static void post_init(struct keel_vcpu *target, const struct keel_vcpu *self,
		      struct keel_notify *notify)
{
	__atomic_and_fetch(&target->attention, ~(u32)KEEL_ATT_SIPI, __ATOMIC_SEQ_CST);
	mark(target, self, KEEL_ATT_INIT, notify);
}

/* Only who waits for it, or will as soon as it has seen its INIT, takes a start-up IPI. */
static void post_startup(struct keel_vcpu *target, const struct keel_vcpu *self, u32 vector,
			 struct keel_notify *notify)
{
	u32 attention = __atomic_load_n(&target->attention, __ATOMIC_SEQ_CST);

	if (!(attention & (KEEL_ATT_WAIT_SIPI | KEEL_ATT_INIT)) || attention & KEEL_ATT_SIPI)
		return;
	__atomic_store_n(&target->sipi, vector, __ATOMIC_RELAXED);
	mark(target, self, KEEL_ATT_SIPI, notify);
}

/* One of them, by the vector, so that a device stays with its CPU; of those that take any */
static u32 choose(const struct keel_guest *guest, u32 targets, u32 vector)
{
	const struct keel_apic *apic;
	u32 i, able = 0, nr = 0;

	for (i = 0; i < KEEL_VCPUS_MAX; i++) {
		if (!(targets >> i & 1))
			continue;
		apic = __atomic_load_n(&at(guest, i)->apic, __ATOMIC_ACQUIRE);
		if (apic && keel_apic_enabled(apic)) {
			able |= 1U << i;
			nr++;
		}
	}
	if (!able)
		return 0;
	for (nr = vector % nr; nr; nr--)
		able &= able - 1;
	return able & -able;
}

static void send_one(struct keel_vcpu *target, const struct keel_vcpu *self, u32 icr,
		     struct keel_notify *notify)
{
	u32 vector = KEEL_ICR_VECTOR(icr);

	switch (KEEL_ICR_MODE(icr)) {
	case KEEL_MODE_FIXED:
	case KEEL_MODE_LOWEST:
		post(target, self, vector, icr & KEEL_ICR_LEVEL, notify);
		break;
	case KEEL_MODE_NMI:
		mark(target, self, KEEL_ATT_NMI, notify);
		break;
	case KEEL_MODE_INIT:
		/* "De-assert" means nothing any more (SDM 10.6.1). */
		if (!(icr & KEEL_ICR_LEVEL) || icr & KEEL_ICR_ASSERT)
			post_init(target, self, notify);
		break;
	case KEEL_MODE_STARTUP:
		post_startup(target, self, vector, notify);
		break;
	}
}

/**
 * keel_apic_send() - send an interrupt
 * @guest: the guest
 * @self: the vCPU that sends, on the CPU that runs it; NULL for a device
 * @targets: vCPUs that there are, a bit for each
 * @icr: vector, delivery mode, level and trigger, as in the interrupt command register
 * @notify: who has to be told; added to
 *
 * What the architecture does not know is not sent.
 */
void keel_apic_send(struct keel_guest *guest, const struct keel_vcpu *self, u32 targets,
		    u32 icr, struct keel_notify *notify)
{
	u32 mode = KEEL_ICR_MODE(icr);

	if (mode <= KEEL_MODE_LOWEST && KEEL_ICR_VECTOR(icr) < 16)
		return;
	if (mode == KEEL_MODE_LOWEST)
		targets = choose(guest, targets, KEEL_ICR_VECTOR(icr));
	for (; targets; targets &= targets - 1)
		send_one(at(guest, __builtin_ctz(targets)), self, icr, notify);
}

/**
 * keel_apic_command() - carry out the interrupt command register
 * @self: the vCPU, on the CPU that runs it
 * @icr: what was written there
 * @notify: who has to be told; added to
 */
void keel_apic_command(struct keel_vcpu *self, u64 icr, struct keel_notify *notify)
{
	struct keel_guest *guest = self->guest;
	u32 low = icr, me = 1U << self->index, targets;

	switch (KEEL_ICR_SHORTHAND(low)) {
	case KEEL_ICR_SELF:
		targets = me;
		break;
	case KEEL_ICR_ALL:
		targets = keel_apic_present(guest);
		break;
	case KEEL_ICR_OTHERS:
		targets = keel_apic_present(guest) & ~me;
		break;
	default:
		targets = keel_apic_targets(guest, icr >> 32, low & KEEL_ICR_LOGICAL);
	}
	/* IPIs are edges, but for an INIT that says that it is none (SDM 10.6.1). */
	if (KEEL_ICR_MODE(low) != KEEL_MODE_INIT)
		low &= ~(u32)KEEL_ICR_LEVEL;
	keel_apic_send(guest, self, targets, low, notify);
}

/**
 * keel_apic_message() - a message-signalled interrupt
 * @guest: the guest
 * @address: where it was written to; what is no address of a message is nobody
 * @data: what
 * @notify: who has to be told; added to
 */
void keel_apic_message(struct keel_guest *guest, u64 address, u32 data,
		       struct keel_notify *notify)
{
	u32 dest = MSI_DEST(address) | MSI_DEST_MORE(address) << 8;
	bool logical = address & MSI_LOGICAL;
	u32 icr = data & MSI_DATA;

	if (address >> 20 != KEEL_APIC_BASE_ADDR >> 20)
		return;
	if (dest == MSI_EVERYBODY)
		dest = KEEL_APIC_EVERYBODY;
	if (logical && address & MSI_HINT && KEEL_ICR_MODE(icr) == KEEL_MODE_FIXED)
		icr |= KEEL_MODE_LOWEST << 8;
	keel_apic_send(guest, NULL, keel_apic_targets(guest, dest, logical), icr, notify);
}

/**
 * keel_vcpu_wake() - end a vCPU's HLT, as if an interrupt had come
 * @target: the vCPU, another one than that which runs here
 * @notify: added to
 *
 * One that has not halted goes on at its next HLT.
 */
void keel_vcpu_wake(struct keel_vcpu *target, struct keel_notify *notify)
{
	mark(target, NULL, KEEL_ATT_WAKE, notify);
}
