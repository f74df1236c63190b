// SPDX-License-Identifier: GPL-2.0
/*
 * The serial port of a guest's machine, a 16550, whose other end is a console.
 *
 * World: host.  Under the guest's @device_lock.
 */
#include <linux/serial_reg.h>

#include "device.h"
#include "vm.h"

static void receive(struct keel_vm *vm)
{
	struct keel_uart *uart = &vm->devices.uart;

	if (!uart->full)
		uart->full = keel_console_get(vm->console, &uart->rbr);
}

/**
 * keel_uart_read() - the guest reads a register
 * @vm: the guest
 * @reg: its number
 *
 * Return: its value.
 */
u32 keel_uart_read(struct keel_vm *vm, unsigned int reg)
{
	struct keel_uart *uart = &vm->devices.uart;
	bool latch = uart->lcr & UART_LCR_DLAB;

	switch (reg) {
	case UART_RX:
		if (latch)
			return uart->divisor[0];
		receive(vm);
		uart->full = false;
		return uart->rbr;
	case UART_IER:
		return latch ? uart->divisor[1] : uart->ier;
	case UART_IIR:
		return UART_IIR_NO_INT | (uart->fcr & UART_FCR_ENABLE_FIFO ? 0xc0 : 0);
	case UART_LCR:
		return uart->lcr;
	case UART_MCR:
		return uart->mcr;
	case UART_LSR:
		receive(vm);
		return UART_LSR_TEMT | UART_LSR_THRE | (uart->full ? UART_LSR_DR : 0);
	case UART_MSR:
		return UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS;
	default:
		return uart->scr;
	}
}

/**
 * keel_uart_write() - the guest writes to a register
 * @vm: the guest
 * @reg: its number
 * @val: what
 */
void keel_uart_write(struct keel_vm *vm, unsigned int reg, u8 val)
{
	struct keel_uart *uart = &vm->devices.uart;
	bool latch = uart->lcr & UART_LCR_DLAB;

	switch (reg) {
	case UART_TX:
		if (latch)
			uart->divisor[0] = val;
		else
			keel_console_put(vm->console, val);
		break;
	case UART_IER:
		if (latch)
			uart->divisor[1] = val;
		else
			uart->ier = val & 0xf;
		break;
	case UART_FCR:
		uart->fcr = val;
		break;
	case UART_LCR:
		uart->lcr = val;
		break;
	case UART_MCR:
		uart->mcr = val & 0x1f;
		break;
	case UART_SCR:
		uart->scr = val;
		break;
	}
}
