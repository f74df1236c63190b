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

struct keel_vm;

/**
 * struct keel_uart - the registers of a guest's serial port, a 16550
 * @ier: interrupt enable
 * @fcr: FIFO control, as written
 * @lcr: line control
 * @mcr: modem control
 * @scr: scratch
 * @divisor: latch
 * @rbr: a byte that was received
 * @full: there is one
 */
struct keel_uart {
	u8 ier;
	u8 fcr;
	u8 lcr;
	u8 mcr;
	u8 scr;
	u8 divisor[2];
	u8 rbr;
	bool full;
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

/**
 * struct keel_devices - what a guest's devices know
 * @uart: serial port
 * @rtc: clock
 * @panicked: the guest has told of a panic
 */
struct keel_devices {
	struct keel_uart uart;
	struct keel_rtc rtc;
	bool panicked;
};

/* uart.c */
u32 keel_uart_read(struct keel_vm *vm, unsigned int reg);
void keel_uart_write(struct keel_vm *vm, unsigned int reg, u8 val);

/* rtc.c */
void keel_rtc_reset(struct keel_rtc *rtc);
u8 keel_rtc_read(const struct keel_rtc *rtc, s64 seconds, u32 ns);
void keel_rtc_write(struct keel_rtc *rtc, u8 val);

#endif /* KEEL_DEVICE_H */
