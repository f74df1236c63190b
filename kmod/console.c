// SPDX-License-Identifier: GPL-2.0
/*
 * Consoles: the other end of each guest's serial port, a tty of the host's,
 * /dev/ttyKEEL<number>.
 *
 * World: host.  The tty itself, which costs as much as a thread and more, is made when
 * its name is told or when the guest is at the port for the first time.  What goes
 * through it is the affair of console_guest.c.  Locks: @lock, which finds a tty's
 * console, and each console's own, beneath it.
 */
#include <linux/err.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/tty.h>
#include <linux/tty_driver.h>
#include <linux/tty_flip.h>

#include "compat.h"
#include "console.h"
#include "vm.h"

#define LINES		1024

/* A guest can do without: no process is killed to make one. */
#define GFP_CONSOLE (GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

static struct tty_driver *driver;
static DEFINE_IDR(consoles);
static DEFINE_MUTEX(lock);

static struct keel_console *of_port(struct tty_port *port)
{
	return container_of(port, struct keel_console, port);
}

static void again(struct work_struct *work)
{
	struct keel_console *console = container_of(work, struct keel_console, again.work);

	spin_lock(&console->lock);
	keel_console_push(console);
	spin_unlock(&console->lock);
}

static void tell(struct work_struct *work)
{
	struct keel_console *console = container_of(work, struct keel_console, tell);

	keel_uart_input(console->vm);
}

/**
 * keel_console_tty() - have a tty for a console
 * @console: the console
 *
 * Return: false when there is no memory for it; who asks next tries again.
 */
bool keel_console_tty(struct keel_console *console)
{
	bool there;

	mutex_lock(&console->mutex);
	if (!console->tty && !IS_ERR(tty_register_device(driver, console->line, NULL))) {
		snprintf(console->name, sizeof(console->name), "ttyKEEL%u", console->line);
		console->tty = true;
	}
	there = console->tty;
	mutex_unlock(&console->mutex);
	return there;
}

static int activate(struct tty_port *port, struct tty_struct *tty)
{
	struct keel_console *console = of_port(port);
	bool gone;

	spin_lock(&console->lock);
	gone = console->gone;
	console->is_open = !gone;
	console->throttled = false;
	keel_console_push(console);
	spin_unlock(&console->lock);
	return gone ? -ENODEV : 0;
}

static void shutdown(struct tty_port *port)
{
	struct keel_console *console = of_port(port);

	spin_lock(&console->lock);
	console->is_open = false;
	spin_unlock(&console->lock);
}

static void destruct(struct tty_port *port)
{
	struct keel_console *console = of_port(port);

	kfifo_free(&console->out);
	kfree(console);
}

static const struct tty_port_operations port_ops = {
	.activate = activate,
	.shutdown = shutdown,
	.destruct = destruct,
};

static int keel_tty_install(struct tty_driver *drv, struct tty_struct *tty)
{
	struct keel_console *console;
	int err;

	mutex_lock(&lock);
	console = idr_find(&consoles, tty->index);
	if (console)
		tty_port_get(&console->port);
	mutex_unlock(&lock);
	if (!console)
		return -ENODEV;
	tty->driver_data = console;
	err = tty_port_install(&console->port, drv, tty);
	if (err)
		tty_port_put(&console->port);
	return err;
}

static void keel_tty_cleanup(struct tty_struct *tty)
{
	tty_port_put(tty->port);
}

static int keel_tty_open(struct tty_struct *tty, struct file *file)
{
	return tty_port_open(tty->port, tty, file);
}

static void keel_tty_close(struct tty_struct *tty, struct file *file)
{
	tty_port_close(tty->port, tty, file);
}

static void keel_tty_hangup(struct tty_struct *tty)
{
	tty_port_hangup(tty->port);
}

static KEEL_TTY_WRITTEN keel_tty_write(struct tty_struct *tty, const unsigned char *from,
				       KEEL_TTY_COUNT count)
{
	struct keel_console *console = tty->driver_data;
	unsigned int len;

	spin_lock(&console->lock);
	len = kfifo_in(&console->in, from, count);
	console->counts.tx += len;
	if (len && console->listens)
		schedule_work(&console->tell);
	spin_unlock(&console->lock);
	return len;
}

static KEEL_TTY_ROOM keel_tty_write_room(struct tty_struct *tty)
{
	struct keel_console *console = tty->driver_data;

	return kfifo_avail(&console->in);
}

static void keel_tty_throttle(struct tty_struct *tty)
{
	struct keel_console *console = tty->driver_data;

	spin_lock(&console->lock);
	console->throttled = true;
	spin_unlock(&console->lock);
}

static void keel_tty_unthrottle(struct tty_struct *tty)
{
	struct keel_console *console = tty->driver_data;

	spin_lock(&console->lock);
	console->throttled = false;
	keel_console_push(console);
	spin_unlock(&console->lock);
}

static int keel_tty_count(struct tty_struct *tty, struct serial_icounter_struct *counts)
{
	struct keel_console *console = tty->driver_data;

	spin_lock(&console->lock);
	counts->rx = console->counts.rx;
	counts->tx = console->counts.tx;
	counts->buf_overrun = console->counts.buf_overrun;
	spin_unlock(&console->lock);
	return 0;
}

static const struct tty_operations tty_ops = {
	.install = keel_tty_install,
	.cleanup = keel_tty_cleanup,
	.open = keel_tty_open,
	.close = keel_tty_close,
	.hangup = keel_tty_hangup,
	.write = keel_tty_write,
	.write_room = keel_tty_write_room,
	.throttle = keel_tty_throttle,
	.unthrottle = keel_tty_unthrottle,
	.get_icount = keel_tty_count,
};

/* The line that is called as the guest is, if it is free. */
static int take_line(struct keel_console *console, u32 id)
{
	int line;

	mutex_lock(&lock);
	line = idr_alloc(&consoles, console, id % LINES, id % LINES + 1, GFP_KERNEL);
	if (line == -ENOSPC)
		line = idr_alloc(&consoles, console, 0, LINES, GFP_KERNEL);
	mutex_unlock(&lock);
	return line;
}

static void free_line(struct keel_console *console)
{
	mutex_lock(&lock);
	idr_remove(&consoles, console->line);
	mutex_unlock(&lock);
}

/**
 * keel_console_new() - make a console
 * @id: the guest's id; the tty has it as its number, if it can
 * @vm: the guest, which is told of what is said to it
 *
 * Return: the console; NULL when there is no memory, or no line, for it.  NULL
 * is a console too.
 */
struct keel_console *keel_console_new(u32 id, struct keel_vm *vm)
{
	struct keel_console *console = kzalloc(sizeof(*console), GFP_CONSOLE);
	int line;

	if (!console)
		return NULL;
	tty_port_init(&console->port);
	console->port.ops = &port_ops;
	/* What was typed stays until the guest takes it; closing does not wait for that. */
	console->port.closing_wait = ASYNC_CLOSING_WAIT_NONE;
	spin_lock_init(&console->lock);
	mutex_init(&console->mutex);
	INIT_KFIFO(console->in);
	INIT_DELAYED_WORK(&console->again, again);
	console->vm = vm;
	INIT_WORK(&console->tell, tell);
	line = take_line(console, id);
	if (line < 0)
		goto no_line;
	console->line = line;
	return console;

no_line:
	tty_port_put(&console->port);
	return NULL;
}

/**
 * keel_console_free() - the guest is gone: hang up
 * @console: its console, or NULL; nobody puts or gets any more
 *
 * Who has the tty open sees its end, and keeps a line that leads nowhere.
 */
void keel_console_free(struct keel_console *console)
{
	struct tty_struct *tty;

	if (!console)
		return;
	spin_lock(&console->lock);
	console->gone = true;
	console->listens = false;
	spin_unlock(&console->lock);
	tty = tty_port_tty_get(&console->port);
	if (tty) {
		tty_vhangup(tty);
		tty_kref_put(tty);
	}
	if (console->tty)
		tty_unregister_device(driver, console->line);
	free_line(console);
	cancel_delayed_work_sync(&console->again);
	cancel_work_sync(&console->tell);
	tty_port_put(&console->port);
}

/**
 * keel_console_name() - what the tty is called
 * @console: the console, or NULL
 *
 * Context: may sleep.
 *
 * Return: as "ttyKEEL3", and then the tty is there; NULL when there is none.
 */
const char *keel_console_name(struct keel_console *console)
{
	return console && keel_console_tty(console) ? console->name : NULL;
}

/**
 * keel_consoles_init() - make ready for consoles
 *
 * Return: 0, or an errno.
 */
int keel_consoles_init(void)
{
	int err;

	driver = tty_alloc_driver(LINES, TTY_DRIVER_REAL_RAW | TTY_DRIVER_DYNAMIC_DEV |
				  TTY_DRIVER_RESET_TERMIOS);
	if (IS_ERR(driver))
		return PTR_ERR(driver);
	driver->driver_name = "keel";
	driver->name = "ttyKEEL";
	driver->type = TTY_DRIVER_TYPE_SERIAL;
	driver->subtype = SERIAL_TYPE_NORMAL;
	/* Raw: what passes is the guest's business, and it echoes for itself. */
	driver->init_termios = tty_std_termios;
	driver->init_termios.c_iflag = 0;
	driver->init_termios.c_oflag = 0;
	driver->init_termios.c_lflag = 0;
	driver->init_termios.c_cflag = B115200 | CS8 | CREAD | CLOCAL;
	driver->init_termios.c_ispeed = 115200;
	driver->init_termios.c_ospeed = 115200;
	tty_set_operations(driver, &tty_ops);
	err = tty_register_driver(driver);
	if (err)
		tty_driver_kref_put(driver);
	return err;
}

/**
 * keel_consoles_exit() - there are no consoles any more
 */
void keel_consoles_exit(void)
{
	tty_unregister_driver(driver);
	tty_driver_kref_put(driver);
	idr_destroy(&consoles);
}
