// SPDX-License-Identifier: GPL-2.0
/*
 * Stand-ins for what devices call (device_stubs.h).
 *
 * World: KUnit.  No locks.
 */
#include <linux/mutex.h>
#include <linux/string.h>

#include "device_stubs.h"

struct played *played;

void keel_life_report(struct keel_vm *vm, u32 state, u32 reason, u64 detail)
{
	played->reports++;
	played->state = state;
	played->reason = reason;
	played->detail = detail;
}

void keel_notify_vm(struct keel_vm *vm, u32 event)
{
	played->events++;
	played->event = event;
}

void keel_console_put(struct keel_console *console, u8 byte)
{
	if (played->nr_out < sizeof(played->out))
		played->out[played->nr_out++] = byte;
}

unsigned int keel_console_waiting(struct keel_console *console)
{
	return played->nr_in;
}

void keel_console_listen(struct keel_console *console, bool listen)
{
	played->listens = listen;
}

unsigned int keel_supply_said(struct keel_vm *vm, u8 *bytes)
{
	unsigned int nr = played->nr_said;

	memcpy(bytes, played->said, nr);
	played->nr_said = 0;
	return nr;
}

void keel_supply_port(struct keel_vm *vm, u32 port)
{
	played->port = port;
	played->told++;
}

void keel_irq_msi(struct keel_vm *vm, u64 address, u32 data)
{
	played->sent++;
	played->address = address;
	played->data = data;
}

bool keel_console_get(struct keel_console *console, u8 *byte)
{
	if (!played->nr_in)
		return false;
	*byte = played->in[0];
	memmove(played->in, played->in + 1, --played->nr_in);
	return true;
}

struct played *play(struct kunit *test)
{
	played = kunit_kzalloc(test, sizeof(*played), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, played);
	mutex_init(&played->vm.device_lock);
	played->t.vm = &played->vm;
	keel_device_reset(&played->vm);
	return played;
}

void play_out(u16 port, u32 val)
{
	const struct keel_run run = { .port = port, .size = 1, .write = 1, .val = val };

	keel_device_io(&played->t, &run);
}

u32 play_in(u16 port)
{
	const struct keel_run run = { .port = port, .size = 1 };

	played->t.input = 0x5a5a5a5a;
	keel_device_io(&played->t, &run);
	return played->t.input;
}

void play_write(u64 gpa, u32 val)
{
	const struct keel_run run = { .gpa = gpa, .size = 4, .write = 1, .val = val };

	keel_device_mmio(&played->t, &run);
}

u32 play_read(u64 gpa)
{
	const struct keel_run run = { .gpa = gpa, .size = 4 };

	keel_device_mmio(&played->t, &run);
	return played->t.input;
}

void play_type(const char *text)
{
	unsigned int len = strlen(text);

	memcpy(played->in + played->nr_in, text, len);
	played->nr_in += len;
	if (played->listens)
		keel_uart_input(&played->vm);
}

void play_pin(unsigned int pin, u64 entry)
{
	play_write(KEEL_MACHINE_IOAPIC, 0x11 + 2 * pin);
	play_write(KEEL_MACHINE_IOAPIC + 0x10, entry >> 32);
	play_write(KEEL_MACHINE_IOAPIC, 0x10 + 2 * pin);
	play_write(KEEL_MACHINE_IOAPIC + 0x10, entry);
}

u64 play_pin_of(unsigned int pin)
{
	u64 high;

	play_write(KEEL_MACHINE_IOAPIC, 0x11 + 2 * pin);
	high = play_read(KEEL_MACHINE_IOAPIC + 0x10);
	play_write(KEEL_MACHINE_IOAPIC, 0x10 + 2 * pin);
	return high << 32 | play_read(KEEL_MACHINE_IOAPIC + 0x10);
}
