// SPDX-License-Identifier: GPL-2.0
/*
 * The I/O APIC of a guest's machine: pins of devices become interrupts, which go out as
 * messages.
 *
 * World: host.  Under the guest's @device_lock, but for keel_ioapic_eoi(), which takes
 * it.
 *
 * A device's line is high while it wants something.  A pin that is edge-triggered and
 * gets unmasked while its line is high sends its interrupt then: no edge is lost.
 */
#include <linux/bits.h>
#include <linux/mutex.h>

#include "../uapi/machine.h"
#include "device.h"
#include "life.h"
#include "vm.h"

#define PINS		KEEL_MACHINE_IOAPIC_PINS

/* In its page */
#define SELECT		0x00
#define WINDOW		0x10
#define EOI		0x40

/* What SELECT can be set to: and from FIRST on, two a pin */
#define ID		0
#define VERSION		1
#define ARBITRATION	2
#define FIRST		0x10

/* 0x20: it has a register for EOI */
#define VERSION_VALUE	(0x20 | (PINS - 1) << 16)
#define ID_SHIFT	24
#define ID_MASK		0xf

/* An entry of the redirection table */
#define ENTRY_VECTOR	0xffULL
#define ENTRY_MODE(e)	((e) >> 8 & 7)
#define ENTRY_LOGICAL	BIT_ULL(11)
#define ENTRY_STATUS	BIT_ULL(12)
#define ENTRY_IRR	BIT_ULL(14)
#define ENTRY_LEVEL	BIT_ULL(15)
#define ENTRY_MASKED	BIT_ULL(16)
#define ENTRY_DEST(e)	((e) >> 56)

#define ENTRY_LOW	0x1ffffULL	/* what there is of the lower half */
#define ENTRY_HIGH	(0xffULL << 56)
#define ENTRY_STATE	(ENTRY_STATUS | ENTRY_IRR)

/* Modes of delivery */
#define MODE_FIXED	0
#define MODE_LOWEST	1
#define MODE_NMI	4
#define MODE_INIT	5

#define VECTOR_MIN	16

/* A message (SDM 10.11) */
#define MSI_DEST(d)	((u64)(d) << 12)
#define MSI_LOGICAL	BIT(2)
#define MSI_MODE(m)	((u32)(m) << 8)
#define MSI_LEVEL	(BIT(14) | BIT(15))

/* Is it an interrupt that a local APIC takes, and has a vector? */
static bool has_vector(u64 entry)
{
	return ENTRY_MODE(entry) == MODE_FIXED || ENTRY_MODE(entry) == MODE_LOWEST;
}

static bool can_send(u64 entry)
{
	if (entry & ENTRY_MASKED)
		return false;
	if (has_vector(entry))
		return (entry & ENTRY_VECTOR) >= VECTOR_MIN && !(entry & ENTRY_IRR);
	return ENTRY_MODE(entry) == MODE_NMI || ENTRY_MODE(entry) == MODE_INIT;
}

static void send(struct keel_vm *vm, unsigned int pin)
{
	u64 entry = vm->devices.ioapic.entry[pin];
	bool level = entry & ENTRY_LEVEL && has_vector(entry);
	u64 address = KEEL_MACHINE_LAPIC | MSI_DEST(ENTRY_DEST(entry));

	if (!can_send(entry))
		return;
	if (entry & ENTRY_LOGICAL)
		address |= MSI_LOGICAL;
	if (level)
		vm->devices.ioapic.entry[pin] |= ENTRY_IRR;
	keel_irq_msi(vm, address, (u32)(entry & ENTRY_VECTOR) | MSI_MODE(ENTRY_MODE(entry)) |
		     (level ? MSI_LEVEL : 0));
}

/**
 * keel_ioapic_set() - a device's line has changed, or is told again
 * @vm: the guest
 * @gsi: the pin
 * @level: high or low
 */
void keel_ioapic_set(struct keel_vm *vm, unsigned int gsi, bool level)
{
	struct keel_ioapic *ioapic = &vm->devices.ioapic;
	bool was = ioapic->lines & BIT(gsi);

	if (!level) {
		ioapic->lines &= ~BIT(gsi);
		return;
	}
	ioapic->lines |= BIT(gsi);
	if (!was || ioapic->entry[gsi] & ENTRY_LEVEL)
		send(vm, gsi);
}

static void end_of(struct keel_vm *vm, u8 vector)
{
	struct keel_ioapic *ioapic = &vm->devices.ioapic;
	unsigned int pin;

	for (pin = 0; pin < PINS; pin++) {
		if (!(ioapic->entry[pin] & ENTRY_IRR) ||
		    (ioapic->entry[pin] & ENTRY_VECTOR) != vector)
			continue;
		ioapic->entry[pin] &= ~ENTRY_IRR;
		if (ioapic->lines & BIT(pin))
			send(vm, pin);
	}
}

/**
 * keel_ioapic_eoi() - a local APIC has ended a level-triggered interrupt
 * @vm: the guest
 * @vector: its vector
 *
 * Context: may sleep; takes the guest's @device_lock.
 */
void keel_ioapic_eoi(struct keel_vm *vm, u8 vector)
{
	mutex_lock(&vm->device_lock);
	end_of(vm, vector);
	mutex_unlock(&vm->device_lock);
}

static u32 read_register(const struct keel_ioapic *ioapic)
{
	unsigned int at = ioapic->select - FIRST;

	switch (ioapic->select) {
	case ID:
	case ARBITRATION:
		return (u32)ioapic->id << ID_SHIFT;
	case VERSION:
		return VERSION_VALUE;
	}
	if (ioapic->select < FIRST || at / 2 >= PINS)
		return 0;
	return ioapic->entry[at / 2] >> (at % 2 ? 32 : 0);
}

static void write_register(struct keel_vm *vm, u32 val)
{
	struct keel_ioapic *ioapic = &vm->devices.ioapic;
	unsigned int at = ioapic->select - FIRST;
	u64 *entry, old;

	if (ioapic->select == ID)
		ioapic->id = val >> ID_SHIFT & ID_MASK;
	if (ioapic->select < FIRST || at / 2 >= PINS)
		return;
	entry = &ioapic->entry[at / 2];
	old = *entry;
	if (at % 2) {
		*entry = (old & ~ENTRY_HIGH) | ((u64)val << 32 & ENTRY_HIGH);
		return;
	}
	*entry = (old & (ENTRY_HIGH | ENTRY_STATE)) | (val & ENTRY_LOW & ~ENTRY_STATE);
	if (!(*entry & ENTRY_LEVEL))
		*entry &= ~ENTRY_IRR;
	if (ioapic->lines & BIT(at / 2) && (*entry & ENTRY_LEVEL || old & ENTRY_MASKED))
		send(vm, at / 2);
}

/**
 * keel_ioapic_read() - the guest reads in its page
 * @vm: the guest
 * @offset: where
 *
 * Return: 32 bits; all ones where nothing is.
 */
u32 keel_ioapic_read(struct keel_vm *vm, unsigned int offset)
{
	switch (offset) {
	case SELECT:
		return vm->devices.ioapic.select;
	case WINDOW:
		return read_register(&vm->devices.ioapic);
	default:
		return ~0U;
	}
}

/**
 * keel_ioapic_write() - the guest writes in its page
 * @vm: the guest
 * @offset: where
 * @val: 32 bits
 */
void keel_ioapic_write(struct keel_vm *vm, unsigned int offset, u32 val)
{
	switch (offset) {
	case SELECT:
		vm->devices.ioapic.select = val;
		break;
	case WINDOW:
		write_register(vm, val);
		break;
	case EOI:
		end_of(vm, val);
		break;
	}
}

/**
 * keel_ioapic_reset() - all pins masked, all lines low
 * @ioapic: zeroed
 */
void keel_ioapic_reset(struct keel_ioapic *ioapic)
{
	unsigned int pin;

	for (pin = 0; pin < PINS; pin++)
		ioapic->entry[pin] = ENTRY_MASKED;
}
