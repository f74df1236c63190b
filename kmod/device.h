/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The devices of a guest's machine: their registers, and what their files have for
 * each other.
 *
 * World: host.  All of it under the guest's @device_lock.
 */
#ifndef KEEL_DEVICE_H
#define KEEL_DEVICE_H

#include <linux/types.h>

#include "../uapi/machine.h"

struct keel_vm;

/* Bytes of a 16550's FIFOs */
#define KEEL_UART_FIFO	16

/**
 * struct keel_uart - the registers of a guest's serial port, a 16550
 * @ier: interrupt enable
 * @line: its interrupt line is high
 * @fcr: FIFO control, as written, while FIFOs are on
 * @lcr: line control
 * @mcr: modem control
 * @scr: scratch
 * @divisor: latch
 * @empty: that the transmitter is empty has not been told yet by an interrupt
 * @overrun: a byte was lost in the loop
 * @wired: @mcr was written to
 * @told: what root knows: KEEL_PORT_SENDS(), or 0
 * @looped: bytes in @loop
 * @loop: what was sent while output was looped to input
 */
struct keel_uart {
	u8 ier;
	bool line;
	u8 fcr;
	u8 lcr;
	u8 mcr;
	u8 scr;
	u8 divisor[2];
	bool empty;
	bool overrun;
	bool wired;
	u16 told;
	u8 looped;
	u8 loop[KEEL_UART_FIFO];
};

/**
 * struct keel_ioapic - an I/O APIC
 * @entry: redirection table
 * @lines: of devices, a bit a pin
 * @select: the register that is looked at
 * @id: its id, which means nothing
 */
struct keel_ioapic {
	u64 entry[KEEL_MACHINE_IOAPIC_PINS];
	u32 lines;
	u8 select;
	u8 id;
};

/**
 * struct keel_rtc - a clock, an MC146818
 * @index: the register that is looked at
 * @control: how the time is told
 */
struct keel_rtc {
	u8 index;
	u8 control;
};

/* What the timer counts by, a second */
#define KEEL_PIT_HZ	1193182

/**
 * struct keel_pit - the third channel of a timer, an 8254
 * @control: its control word
 * @port_b: gate and speaker, as written
 * @loaded: it has its initial count
 * @second_in: of the two bytes of a count the second one is to be written
 * @second_out: likewise read
 * @latched: what is read is @latch
 * @latch: a count
 * @initial: what it counts down from, 0 for 65536
 * @before: how much it had counted at
 * @since: this time, in ns
 */
struct keel_pit {
	u8 control;
	u8 port_b;
	bool loaded;
	bool second_in;
	bool second_out;
	bool latched;
	u16 latch;
	u16 initial;
	u64 before;
	u64 since;
};

/**
 * struct keel_devices - what a guest's devices know
 * @uart: serial port
 * @rtc: clock
 * @pit: timer
 * @ged: what the event device has to tell: KEEL_MACHINE_GED_...
 * @panicked: the guest has told of a panic
 * @ioapic: where interrupts go
 */
struct keel_devices {
	struct keel_uart uart;
	struct keel_rtc rtc;
	struct keel_pit pit;
	u8 ged;
	bool panicked;
	struct keel_ioapic ioapic;
};

/* uart.c */
u32 keel_uart_read(struct keel_vm *vm, unsigned int reg);
void keel_uart_write(struct keel_vm *vm, unsigned int reg, u8 val);
void keel_uart_input(struct keel_vm *vm);
void keel_uart_said(struct keel_vm *vm);
void keel_uart_start(struct keel_vm *vm);

/* rtc.c */
void keel_rtc_reset(struct keel_rtc *rtc);
u8 keel_rtc_read(const struct keel_rtc *rtc, s64 seconds, u32 ns);
void keel_rtc_write(struct keel_rtc *rtc, u8 val);

/* pit.c */
u8 keel_pit_read(struct keel_pit *pit, u16 port, u64 ns);
void keel_pit_write(struct keel_pit *pit, u16 port, u8 val, u64 ns);

/* ioapic.c */
void keel_ioapic_reset(struct keel_ioapic *ioapic);
void keel_ioapic_set(struct keel_vm *vm, unsigned int gsi, bool level);
void keel_ioapic_eoi(struct keel_vm *vm, u8 vector);
u32 keel_ioapic_read(struct keel_vm *vm, unsigned int offset);
void keel_ioapic_write(struct keel_vm *vm, unsigned int offset, u32 val);

#endif /* KEEL_DEVICE_H */
