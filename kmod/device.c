// SPDX-License-Identifier: GPL-2.0
/*
 * The devices of a guest's machine, by port: a 16550 serial port, the debug-exit
 * port, and the reset line of the keyboard controller.  Nobody answers elsewhere:
 * reads give all ones, writes are lost.
 *
 * World: host, in a vCPU's thread.  The guest's @uart_lock guards the serial port.
 */
#include <linux/bits.h>
#include <linux/mutex.h>
#include <linux/serial_reg.h>

#include "life.h"
#include "vm.h"

#define PORT_UART	0x3f8
#define PORT_UART_NR	8
#define PORT_EXIT	0xf4	/* write: end with that code; read: 1 when asked to stop */
#define PORT_RESET	0x64
#define RESET		0xfe

#define NOBODY		(~0U)

static void receive(struct keel_vm *vm)
{
	struct keel_uart *uart = &vm->uart;

	if (!uart->full)
		uart->full = keel_console_get(vm->console, &uart->rbr);
}

static u32 uart_read(struct keel_vm *vm, unsigned int reg)
{
	struct keel_uart *uart = &vm->uart;
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

static void uart_write(struct keel_vm *vm, unsigned int reg, u8 val)
{
	struct keel_uart *uart = &vm->uart;
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

static u32 read_port(struct keel_vm *vm, u16 port)
{
	u32 val;

	if (port == PORT_EXIT)
		return READ_ONCE(vm->stopping);
	if (port < PORT_UART || port >= PORT_UART + PORT_UART_NR)
		return NOBODY;
	mutex_lock(&vm->uart_lock);
	val = uart_read(vm, port - PORT_UART);
	mutex_unlock(&vm->uart_lock);
	return val;
}

static void write_port(struct keel_vm *vm, u16 port, u32 val)
{
	if (port == PORT_EXIT) {
		keel_life_report(vm, KEEL_VM_STATE_STOPPED, KEEL_VM_REASON_EXIT, val & 0xff);
	} else if (port == PORT_RESET && (val & 0xff) == RESET) {
		keel_life_report(vm, KEEL_VM_STATE_RUNNING, KEEL_VM_REASON_COMMAND, 0);
	} else if (port >= PORT_UART && port < PORT_UART + PORT_UART_NR) {
		mutex_lock(&vm->uart_lock);
		uart_write(vm, port - PORT_UART, val);
		mutex_unlock(&vm->uart_lock);
	}
}

/**
 * keel_device_io() - serve a guest's port I/O
 * @t: the vCPU's thread; its @input is the answer to an IN
 * @run: what the guest wants
 */
void keel_device_io(struct keel_vcpu_thread *t, const struct keel_run *run)
{
	if (run->string)
		keel_life_report(t->vm, KEEL_VM_STATE_CRASHED, KEEL_VM_REASON_UNKNOWN, 30);
	else if (run->write)
		write_port(t->vm, run->port, run->val);
	else
		t->input = read_port(t->vm, run->port);
}
