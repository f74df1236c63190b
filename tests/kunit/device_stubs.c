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
