// SPDX-License-Identifier: GPL-2.0
/*
 * The serial port of a guest's machine, a 16550A, whose other end is a console.
 *
 * World: host.  Under the guest's @device_lock, from vCPU threads, and from the console
 * when it has something to say.
 *
 * The transmitter is always empty.  What was typed waits in the console until the guest
 * reads it: it does not get lost when a driver clears its FIFO, and the console heeds
 * RTS, from the moment that a guest has set it at all.  Bytes that come to less than the
 * FIFO's trigger level have timed out already.
 */
#include <linux/serial_reg.h>
#include <linux/string.h>

#include "../uapi/machine.h"
#include "device.h"
#include "supply.h"
#include "vm.h"

#define MCR_BITS	0x1f
#define IER_BITS	0x0f
#define IIR_FIFOS	0xc0

/* The bits of MCR as those of MSR that they are looped to */
#define LOOP_CTS(mcr)	((mcr) & UART_MCR_RTS ? UART_MSR_CTS : 0)
#define LOOP_DSR(mcr)	((mcr) & UART_MCR_DTR ? UART_MSR_DSR : 0)
#define LOOP_RI(mcr)	((mcr) & UART_MCR_OUT1 ? UART_MSR_RI : 0)
#define LOOP_DCD(mcr)	((mcr) & UART_MCR_OUT2 ? UART_MSR_DCD : 0)

static const u8 triggers[] = { 1, 4, 8, 14 };

static bool has_fifo(const struct keel_uart *uart)
{
	return uart->fcr & UART_FCR_ENABLE_FIFO;
}

static bool is_looped(const struct keel_uart *uart)
{
	return uart->mcr & UART_MCR_LOOP;
}

/* Bytes that can be read */
static unsigned int received(struct keel_vm *vm)
{
	const struct keel_uart *uart = &vm->devices.uart;

	if (uart->looped || is_looped(uart))
		return uart->looped;
	if (uart->wired && !(uart->mcr & UART_MCR_RTS))
		return 0;
	return keel_console_waiting(vm->console);
}

static u8 receive(struct keel_vm *vm)
{
	struct keel_uart *uart = &vm->devices.uart;
	u8 byte = 0;

	if (!received(vm))
		return 0;
	if (!uart->looped) {
		keel_console_get(vm->console, &byte);
		return byte;
	}
	byte = uart->loop[0];
	memmove(uart->loop, uart->loop + 1, --uart->looped);
	return byte;
}

static void transmit(struct keel_vm *vm, u8 byte)
{
	struct keel_uart *uart = &vm->devices.uart;

	if (!is_looped(uart))
		keel_console_put(vm->console, byte);
	else if (uart->looped < (has_fifo(uart) ? sizeof(uart->loop) : 1))
		uart->loop[uart->looped++] = byte;
	else
		uart->overrun = true;
	uart->empty = true;
}

/* The interrupt that comes first, as IIR has it */
static u8 cause(struct keel_vm *vm)
{
	const struct keel_uart *uart = &vm->devices.uart;
	unsigned int nr;

	if (uart->ier & UART_IER_RLSI && uart->overrun)
		return UART_IIR_RLSI;
	nr = uart->ier & UART_IER_RDI ? received(vm) : 0;
	if (nr)
		return has_fifo(uart) && nr < triggers[uart->fcr >> 6] ? UART_IIR_RX_TIMEOUT :
									 UART_IIR_RDI;
	if (uart->ier & UART_IER_THRI && uart->empty)
		return UART_IIR_THRI;
	return UART_IIR_NO_INT;
}

/* Bytes go out, and nothing else comes of that: root sees to it. */
static void tell_root(struct keel_vm *vm)
{
	struct keel_uart *uart = &vm->devices.uart;
	bool sends = !(uart->lcr & UART_LCR_DLAB) && !is_looped(uart) && !uart->looped &&
		     !(uart->ier & UART_IER_THRI) && !uart->overrun;
	u16 port = sends ? KEEL_PORT_SENDS(uart->ier) : 0;

	if (port == uart->told)
		return;
	uart->told = port;
	keel_supply_port(vm, port);
}

static void update(struct keel_vm *vm)
{
	struct keel_uart *uart = &vm->devices.uart;
	bool line;

	tell_root(vm);
	if (!uart->ier && !uart->line)
		return;
	line = cause(vm) != UART_IIR_NO_INT;
	if (line == uart->line)
		return;
	uart->line = line;
	keel_ioapic_set(vm, KEEL_MACHINE_UART_GSI, line);
}

static u8 identify(struct keel_vm *vm)
{
	struct keel_uart *uart = &vm->devices.uart;
	u8 what = cause(vm);

	/* To look at it is to acknowledge it. */
	if (what == UART_IIR_THRI)
		uart->empty = false;
	return what | (has_fifo(uart) ? IIR_FIFOS : 0);
}

static u8 line_status(struct keel_vm *vm)
{
	struct keel_uart *uart = &vm->devices.uart;
	u8 status = UART_LSR_TEMT | UART_LSR_THRE;

	if (received(vm))
		status |= UART_LSR_DR;
	if (uart->overrun)
		status |= UART_LSR_OE;
	uart->overrun = false;
	return status;
}

static u8 modem_status(const struct keel_uart *uart)
{
	u8 mcr = uart->mcr;

	if (!is_looped(uart))
		return UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS;
	return LOOP_CTS(mcr) | LOOP_DSR(mcr) | LOOP_RI(mcr) | LOOP_DCD(mcr);
}

static u8 read_register(struct keel_vm *vm, unsigned int reg)
{
	struct keel_uart *uart = &vm->devices.uart;
	bool latch = uart->lcr & UART_LCR_DLAB;

	switch (reg) {
	case UART_RX:
		return latch ? uart->divisor[0] : receive(vm);
	case UART_IER:
		return latch ? uart->divisor[1] : uart->ier;
	case UART_IIR:
		return identify(vm);
	case UART_LCR:
		return uart->lcr;
	case UART_MCR:
		return uart->mcr;
	case UART_LSR:
		return line_status(vm);
	case UART_MSR:
		return modem_status(uart);
	default:
		return uart->scr;
	}
}

static void enable(struct keel_vm *vm, u8 val)
{
	struct keel_uart *uart = &vm->devices.uart;

	if (val & ~uart->ier & UART_IER_THRI)
		uart->empty = true;
	uart->ier = val & IER_BITS;
	keel_console_listen(vm->console, uart->ier & UART_IER_RDI);
}

static void write_register(struct keel_vm *vm, unsigned int reg, u8 val)
{
	struct keel_uart *uart = &vm->devices.uart;
	bool latch = uart->lcr & UART_LCR_DLAB;

	switch (reg) {
	case UART_TX:
		if (latch)
			uart->divisor[0] = val;
		else
			transmit(vm, val);
		break;
	case UART_IER:
		if (latch)
			uart->divisor[1] = val;
		else
			enable(vm, val);
		break;
	case UART_FCR:
		uart->fcr = val & UART_FCR_ENABLE_FIFO ? val : 0;
		if (val & UART_FCR_CLEAR_RCVR)
			uart->looped = 0;
		break;
	case UART_LCR:
		uart->lcr = val;
		break;
	case UART_MCR:
		uart->mcr = val & MCR_BITS;
		uart->wired = true;
		break;
	case UART_SCR:
		uart->scr = val;
		break;
	}
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
	u8 val = read_register(vm, reg);

	update(vm);
	return val;
}

/**
 * keel_uart_write() - the guest writes to a register
 * @vm: the guest
 * @reg: its number
 * @val: what
 */
void keel_uart_write(struct keel_vm *vm, unsigned int reg, u8 val)
{
	write_register(vm, reg, val);
	update(vm);
}

/**
 * keel_uart_input() - the console has something to say to a guest that listens
 * @vm: the guest
 *
 * Context: may sleep; takes the guest's @device_lock.
 */
void keel_uart_input(struct keel_vm *vm)
{
	mutex_lock(&vm->device_lock);
	update(vm);
	mutex_unlock(&vm->device_lock);
}

/**
 * keel_uart_said() - fetch what the guest has said, which root has kept
 * @vm: the guest
 *
 * Context: may sleep; takes the guest's @device_lock.
 */
void keel_uart_said(struct keel_vm *vm)
{
	u8 bytes[KEEL_SAID_NR];
	unsigned int i, nr;

	mutex_lock(&vm->device_lock);
	nr = keel_supply_said(vm, bytes);
	for (i = 0; i < nr; i++)
		keel_console_put(vm->console, bytes[i]);
	mutex_unlock(&vm->device_lock);
}

/**
 * keel_uart_start() - the guest starts, with its serial port as it was switched on
 * @vm: the guest, which is in root
 */
void keel_uart_start(struct keel_vm *vm)
{
	mutex_lock(&vm->device_lock);
	tell_root(vm);
	mutex_unlock(&vm->device_lock);
}
