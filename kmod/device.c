// SPDX-License-Identifier: GPL-2.0
/*
 * The ports of a guest's machine, and its devices' memory: whose they are.  The devices
 * that are no more than a port are served here: debug exit, the reset line of the
 * keyboard controller, pvpanic, and what ACPI has for sleep and events.  Nobody answers
 * elsewhere: reads give all ones, writes are lost.  Of such accesses only strings come
 * here; for others root knows which ports there are (vmx/guest_port.c).
 *
 * World: host, in a vCPU's thread.  The guest's @device_lock guards what devices know;
 * it is taken for those that know something.  What takes it is not inline, so that a
 * port which takes none is served by few instructions.
 */
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/serial_reg.h>
#include <linux/string.h>

#include "../uapi/machine.h"
#include "device.h"
#include "life.h"
#include "vm.h"

#define UART		KEEL_MACHINE_UART
#define UART_LAST	(KEEL_MACHINE_UART + KEEL_MACHINE_UART_PORTS - 1)
#define RTC		KEEL_MACHINE_RTC
#define RTC_DATA	(KEEL_MACHINE_RTC + 1)

/* What a write to pvpanic says: it panicked; it did, and a crash kernel of its own takes over */
#define PANICKED	BIT(0)
#define CRASH_LOADED	BIT(1)

/* The sleep control register (ACPI 4.8.3.7) */
#define SLEEP_TYPE(val)	((val) >> 2 & 7)
#define SLEEP_ENABLE	BIT(5)

/* The index's upper bit masks the NMI on a PC. */
#define RTC_INDEX	0x7f

#define NOBODY		(~0U)

static noinline u32 read_rtc(struct keel_vm *vm)
{
	struct timespec64 now;
	u32 val;

	ktime_get_real_ts64(&now);
	mutex_lock(&vm->device_lock);
	val = keel_rtc_read(&vm->devices.rtc, now.tv_sec, now.tv_nsec);
	mutex_unlock(&vm->device_lock);
	return val;
}

static noinline void write_rtc(struct keel_vm *vm, u16 port, u8 val)
{
	mutex_lock(&vm->device_lock);
	if (port == RTC)
		vm->devices.rtc.index = val & RTC_INDEX;
	else
		keel_rtc_write(&vm->devices.rtc, val);
	mutex_unlock(&vm->device_lock);
}

static noinline u32 read_pit(struct keel_vm *vm, u16 port)
{
	u32 val;

	mutex_lock(&vm->device_lock);
	val = keel_pit_read(&vm->devices.pit, port, ktime_get_ns());
	mutex_unlock(&vm->device_lock);
	return val;
}

static noinline void write_pit(struct keel_vm *vm, u16 port, u8 val)
{
	mutex_lock(&vm->device_lock);
	keel_pit_write(&vm->devices.pit, port, val, ktime_get_ns());
	mutex_unlock(&vm->device_lock);
}

static noinline u32 read_uart(struct keel_vm *vm, unsigned int reg)
{
	u32 val;

	mutex_lock(&vm->device_lock);
	val = keel_uart_read(vm, reg);
	mutex_unlock(&vm->device_lock);
	return val;
}

static noinline void write_uart(struct keel_vm *vm, unsigned int reg, u8 val)
{
	mutex_lock(&vm->device_lock);
	keel_uart_write(vm, reg, val);
	mutex_unlock(&vm->device_lock);
}

/* Told once: a guest cannot flood those who listen. */
static noinline void write_pvpanic(struct keel_vm *vm, u32 val)
{
	bool first;

	if (!(val & (PANICKED | CRASH_LOADED)))
		return;
	mutex_lock(&vm->device_lock);
	first = !vm->devices.panicked;
	vm->devices.panicked = true;
	mutex_unlock(&vm->device_lock);
	if (first)
		keel_notify_vm(vm, KEEL_VM_EVENT_PANIC);
	if (val & PANICKED)
		keel_life_report(vm, KEEL_VM_STATE_CRASHED, KEEL_VM_REASON_PANIC, 0);
}

/* Whoever reads what has happened takes it. */
static noinline u32 read_ged(struct keel_vm *vm)
{
	u32 val;

	mutex_lock(&vm->device_lock);
	val = vm->devices.ged;
	vm->devices.ged = 0;
	keel_ioapic_set(vm, KEEL_MACHINE_GED_GSI, false);
	mutex_unlock(&vm->device_lock);
	return val;
}

static u32 read_port(struct keel_vm *vm, u16 port)
{
	switch (port) {
	case UART ... UART_LAST:
		return read_uart(vm, port - UART);
	case RTC_DATA:
		return read_rtc(vm);
	case KEEL_MACHINE_PIT_COUNT:
	case KEEL_MACHINE_PORT_B:
		return read_pit(vm, port);
	case KEEL_MACHINE_EXIT:
		return READ_ONCE(vm->stopping);
	case KEEL_MACHINE_PVPANIC:
		return PANICKED | CRASH_LOADED;
	case KEEL_MACHINE_SLEEP_CONTROL:
	case KEEL_MACHINE_SLEEP_STATUS:
		return 0;
	case KEEL_MACHINE_GED:
		return read_ged(vm);
	default:
		return NOBODY;
	}
}

static void write_port(struct keel_vm *vm, u16 port, u32 val)
{
	switch (port) {
	case UART ... UART_LAST:
		write_uart(vm, port - UART, val);
		break;
	case RTC:
	case RTC_DATA:
		write_rtc(vm, port, val);
		break;
	case KEEL_MACHINE_PIT_COUNT:
	case KEEL_MACHINE_PIT_CONTROL:
	case KEEL_MACHINE_PORT_B:
		write_pit(vm, port, val);
		break;
	case KEEL_MACHINE_EXIT:
		keel_life_report(vm, KEEL_VM_STATE_STOPPED, KEEL_VM_REASON_EXIT, val & 0xff);
		break;
	case KEEL_MACHINE_RESET:
		if ((val & 0xff) == KEEL_MACHINE_RESET_VALUE)
			keel_life_report(vm, KEEL_VM_STATE_RUNNING, KEEL_VM_REASON_COMMAND, 0);
		break;
	case KEEL_MACHINE_PVPANIC:
		write_pvpanic(vm, val);
		break;
	case KEEL_MACHINE_SLEEP_CONTROL:
		if (val & SLEEP_ENABLE && SLEEP_TYPE(val) == KEEL_MACHINE_S5)
			keel_life_report(vm, KEEL_VM_STATE_STOPPED, KEEL_VM_REASON_POWEROFF, 0);
		break;
	}
}

/**
 * keel_device_io() - serve a guest's port I/O
 * @t: the vCPU's thread; its @input is the answer to an IN
 * @run: what the guest wants
 */
void keel_device_io(struct keel_vcpu_thread *t, const struct keel_run *run)
{
	if (run->write)
		write_port(t->vm, run->port, run->val);
	else
		t->input = read_port(t->vm, run->port);
}

/**
 * keel_device_mmio() - serve a guest's access to the memory of a device
 * @t: the vCPU's thread; its @input is the answer to a read
 * @run: what the guest wants
 *
 * The I/O APIC knows accesses of 32 bits alone.  There are no virtio devices yet.
 */
void keel_device_mmio(struct keel_vcpu_thread *t, const struct keel_run *run)
{
	u64 offset = run->gpa - KEEL_MACHINE_IOAPIC;
	struct keel_vm *vm = t->vm;

	t->input = ~0ULL;
	if (offset >= KEEL_PAGE_SIZE || run->size != sizeof(u32))
		return;
	mutex_lock(&vm->device_lock);
	if (run->write)
		keel_ioapic_write(vm, offset, run->val);
	else
		t->input = keel_ioapic_read(vm, offset);
	mutex_unlock(&vm->device_lock);
}

/**
 * keel_device_ask() - press the power button
 * @vm: the guest, which lives
 */
void keel_device_ask(struct keel_vm *vm)
{
	mutex_lock(&vm->device_lock);
	vm->devices.ged |= KEEL_MACHINE_GED_POWER;
	keel_ioapic_set(vm, KEEL_MACHINE_GED_GSI, true);
	mutex_unlock(&vm->device_lock);
}

/**
 * keel_device_reset() - all devices as a machine has them that was just switched on
 * @vm: the guest, none of whose vCPUs runs
 *
 * They send no interrupt before a vCPU runs again.
 */
void keel_device_reset(struct keel_vm *vm)
{
	mutex_lock(&vm->device_lock);
	memset(&vm->devices, 0, sizeof(vm->devices));
	keel_rtc_reset(&vm->devices.rtc);
	keel_ioapic_reset(&vm->devices.ioapic);
	keel_console_listen(vm->console, false);
	mutex_unlock(&vm->device_lock);
}

/**
 * keel_device_copy() - devices that know what those of another guest know
 * @vm: a guest that nobody knows yet; what was said to it is nothing
 * @from: the other one, under its @device_lock
 *
 * Root knows of @vm's serial port what it does of @from's.  A line that is high for what
 * was said to @from alone falls when the guest looks at the port.
 */
void keel_device_copy(struct keel_vm *vm, const struct keel_vm *from)
{
	vm->devices = from->devices;
	keel_console_listen(vm->console, vm->devices.uart.ier & UART_IER_RDI);
}

/**
 * keel_device_renewed() - tell a guest that its VM generation id has changed
 * @vm: the guest, which is in root
 */
void keel_device_renewed(struct keel_vm *vm)
{
	mutex_lock(&vm->device_lock);
	vm->devices.ged |= KEEL_MACHINE_GED_GENID;
	keel_ioapic_set(vm, KEEL_MACHINE_GED_GSI, true);
	mutex_unlock(&vm->device_lock);
}
