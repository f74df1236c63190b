/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A console, and what its two ends have for each other.
 *
 * World: host.
 */
#ifndef KEEL_CONSOLE_H
#define KEEL_CONSOLE_H

#include <linux/kfifo.h>
#include <linux/mutex.h>
#include <linux/serial.h>
#include <linux/spinlock.h>
#include <linux/tty.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#define KEEL_CONSOLE_IN	64

struct keel_vm;

/**
 * struct keel_console - a console
 * @port: the tty's
 * @line: its number
 * @name: of the tty, once there is one
 * @lock: for all below
 * @out: from the guest and not yet in the tty; no memory while there is nothing
 * @in: to the guest
 * @listens: the guest wants to be told when there is something for it
 * @is_open: somebody has the tty open
 * @throttled: and does not keep up
 * @gone: the guest is; nobody can open it any more
 * @tty: there is a tty; under @mutex
 * @tried: it was tried to make one, by the guest
 * @mutex: one at a time makes it
 * @counts: bytes to and from the guest, and those that were lost
 * @again: tries to pass on what the tty had no room for
 * @vm: the guest
 * @tell: tells it
 */
struct keel_console {
	struct tty_port port;
	unsigned int line;
	char name[16];
	spinlock_t lock;	/* all below */
	DECLARE_KFIFO_PTR(out, u8);
	DECLARE_KFIFO(in, u8, KEEL_CONSOLE_IN);
	bool listens;
	bool is_open;
	bool throttled;
	bool gone;
	bool tty;
	bool tried;
	struct mutex mutex;	/* @tty */
	struct async_icount counts;
	struct delayed_work again;
	struct keel_vm *vm;
	struct work_struct tell;
};

/* console.c: the tty; false when there is none and no memory for it */
bool keel_console_tty(struct keel_console *console);

/* console_guest.c: as much to the tty as it takes; under the console's lock */
void keel_console_push(struct keel_console *console);

#endif /* KEEL_CONSOLE_H */
