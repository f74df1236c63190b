// SPDX-License-Identifier: GPL-2.0
/*
 * Consoles, as guests see them: bytes that go out, and bytes that come in.
 *
 * World: host.  What a guest says before somebody opens its tty, or faster than
 * somebody reads, is kept, the last 4 KiB of it.  Nothing is allocated for that
 * before the first byte, and nothing kept once all was read.  Locks: the console's
 * own.
 */
#include <linux/slab.h>
#include <linux/tty.h>
#include <linux/tty_flip.h>

#include "console.h"
#include "vm.h"

#define OUT_BYTES	4096

/* When the tty's own buffer is full and its reader is not told to be slow */
#define AGAIN		(HZ / 50)

/**
 * keel_console_push() - as much to the tty as it takes
 * @console: the console, under its lock
 */
void keel_console_push(struct keel_console *console)
{
	unsigned int len, took;
	u8 chunk[64];

	while (console->is_open && !console->throttled && !kfifo_is_empty(&console->out)) {
		len = kfifo_out_peek(&console->out, chunk, sizeof(chunk));
		took = tty_insert_flip_string(&console->port, chunk, len);
		len -= kfifo_out(&console->out, chunk, took);
		if (len) {
			schedule_delayed_work(&console->again, AGAIN);
			break;
		}
	}
	tty_flip_buffer_push(&console->port);
	if (kfifo_initialized(&console->out) && kfifo_is_empty(&console->out))
		kfifo_free(&console->out);
}

static void keep(struct keel_console *console, u8 byte)
{
	if (kfifo_is_full(&console->out)) {
		kfifo_skip(&console->out);
		console->counts.buf_overrun++;
	}
	kfifo_put(&console->out, byte);
	keel_console_push(console);
}

/* Right into the tty, when nothing has to go before it */
static bool pass(struct keel_console *console, u8 byte)
{
	if (kfifo_initialized(&console->out) || !console->is_open || console->throttled ||
	    !tty_insert_flip_char(&console->port, byte, TTY_NORMAL))
		return false;
	tty_flip_buffer_push(&console->port);
	return true;
}

/* It is about to use the port. */
static void guest_is_here(struct keel_console *console)
{
	if (READ_ONCE(console->tried))
		return;
	WRITE_ONCE(console->tried, true);
	keel_console_tty(console);
}

/**
 * keel_console_put() - the guest says something
 * @console: its console, or NULL
 * @byte: what
 *
 * Context: may sleep.
 */
void keel_console_put(struct keel_console *console, u8 byte)
{
	u8 *buffer = NULL;

	if (!console)
		return;
	guest_is_here(console);
	spin_lock(&console->lock);
	console->counts.rx++;
	if (pass(console, byte))
		goto out;
	if (!kfifo_initialized(&console->out)) {
		spin_unlock(&console->lock);
		buffer = kmalloc(OUT_BYTES, GFP_KERNEL);
		spin_lock(&console->lock);
	}
	/* Another vCPU may have been here meanwhile. */
	if (buffer && !kfifo_initialized(&console->out)) {
		kfifo_init(&console->out, buffer, OUT_BYTES);
		buffer = NULL;
	}
	if (kfifo_initialized(&console->out))
		keep(console, byte);
	else
		console->counts.buf_overrun++;
out:
	spin_unlock(&console->lock);
	kfree(buffer);
}

/**
 * keel_console_waiting() - is something said to the guest?
 * @console: its console, or NULL
 *
 * Context: may sleep.
 *
 * Return: how many bytes; whoever is the only one to get them will.
 */
unsigned int keel_console_waiting(struct keel_console *console)
{
	if (!console)
		return 0;
	guest_is_here(console);
	return kfifo_len(&console->in);
}

/**
 * keel_console_listen() - the guest wants to be told, or not any more
 * @console: its console, or NULL
 * @listen: it wants to
 *
 * It looks itself at what has been there before.
 */
void keel_console_listen(struct keel_console *console, bool listen)
{
	if (!console || console->listens == listen)
		return;
	spin_lock(&console->lock);
	console->listens = listen;
	spin_unlock(&console->lock);
}

/**
 * keel_console_get() - what is said to the guest
 * @console: its console, or NULL
 * @byte: answers a byte
 *
 * Context: may sleep.
 *
 * Return: false when there is none.
 */
bool keel_console_get(struct keel_console *console, u8 *byte)
{
	bool some, wake = false;

	if (!console)
		return false;
	guest_is_here(console);
	/* Guests look often, and mostly in vain. */
	if (kfifo_is_empty(&console->in))
		return false;
	spin_lock(&console->lock);
	some = kfifo_get(&console->in, byte);
	if (some)
		wake = kfifo_len(&console->in) == KEEL_CONSOLE_IN / 2 ||
		       kfifo_is_empty(&console->in);
	spin_unlock(&console->lock);
	if (wake)
		tty_port_tty_wakeup(&console->port);
	return some;
}
