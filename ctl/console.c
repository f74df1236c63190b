// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl console: a guest's serial port.
 *
 * On a terminal, which is raw meanwhile, Ctrl-] ends it, or the end of the guest's
 * object.  Elsewhere it is made for scripts: standard input goes to the guest up to
 * its end, and the guest's words go to standard output until the guest has ended.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <netlink/socket.h>

#include "ctl.h"
#include "guest.h"
#include "sys.h"
#include "text.h"
#include "wire.h"

/* Ctrl-] */
#define ESCAPE 0x1d

/* How long the last words of a guest may take to come through the tty, in ms */
#define LAST_WORDS 200

const struct ctl_option console_options[] = {
	{ "start", NULL, "start the guest when the connection stands: no word is missed" },
	{ "id", NULL, "the guest is named by its id" },
	{ NULL }
};

/**
 * struct console - a connection
 * @id: the guest
 * @fd: its tty
 * @sock: notifications
 * @live: standard input is a terminal
 * @input: standard input is still read
 * @pending: input that the tty had no room for
 * @nr: bytes of @pending
 * @ended: the guest has ended
 * @gone: it is deleted
 */
struct console {
	__u32 id;
	int fd;
	struct nl_sock *sock;
	bool live;
	bool input;
	char pending[1024];
	size_t nr;
	bool ended;
	bool gone;
};

static volatile sig_atomic_t stopped;

static void on_signal(int signal)
{
	stopped = 1;
}

static int take_event(struct nlmsghdr *msg, void *arg)
{
	struct console *c = arg;
	struct guest guest;
	int err = guest_take(msg, &guest);

	if (err || guest.id != c->id)
		return err;
	c->gone = guest.event == KEEL_VM_EVENT_DELETED;
	c->ended = c->gone || !guest_is_up(&guest);
	return 0;
}

/* Notifications were lost: look. */
static int look(struct console *c)
{
	struct nl_msg *msg = ctl_request(KEEL_CMD_VM_GET);
	struct guest guest;
	int err;

	if (nla_put_u32(msg, KEEL_A_VM_ID, c->id))
		return -ENOMEM;
	err = ctl_do(msg, guest_take, &guest);
	c->gone = err == -ENOENT;
	c->ended = c->gone || (!err && !guest_is_up(&guest));
	return c->gone ? 0 : err;
}

static bool write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, data, len);
		if (n < 0 && errno == EINTR && !stopped)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= n;
	}
	return true;
}

/* From the guest: 1 when there was something, 0 at its end, a negative errno. */
static int output(struct console *c)
{
	char buf[4096];
	ssize_t n = read(c->fd, buf, sizeof(buf));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 1 : errno == EIO ? 0 : -errno;
	if (!n)
		return 0;
	return write_all(STDOUT_FILENO, buf, n) ? 1 : -errno;
}

/* To the guest; false when the user has had enough. */
static bool input(struct console *c)
{
	ssize_t n = read(STDIN_FILENO, c->pending, sizeof(c->pending));
	char *escape;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0) {
		c->input = false;
		return !c->live;
	}
	escape = c->live ? memchr(c->pending, ESCAPE, n) : NULL;
	c->nr = escape ? escape - c->pending : n;
	return !escape;
}

static int flush(struct console *c)
{
	ssize_t n = write(c->fd, c->pending, c->nr);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	memmove(c->pending, c->pending + n, c->nr - n);
	c->nr -= n;
	return 0;
}

static void last_words(struct console *c)
{
	struct pollfd wait = { .fd = c->fd, .events = POLLIN };

	while (poll(&wait, 1, LAST_WORDS) > 0 && wait.revents & POLLIN && output(c) > 0)
		;
}

static int talk(struct console *c)
{
	struct pollfd wait[3];
	int ret = 1;

	while (ret > 0 && !stopped && !(c->live ? c->gone : c->ended)) {
		wait[0] = (struct pollfd) { .fd = c->fd,
					    .events = POLLIN | (c->nr ? POLLOUT : 0) };
		wait[1] = (struct pollfd) { .fd = wire_fd(c->sock), .events = POLLIN };
		wait[2] = (struct pollfd) { .fd = c->input && !c->nr ? STDIN_FILENO : -1,
					    .events = POLLIN };
		if (poll(wait, 3, -1) < 0) {
			if (errno != EINTR)
				ret = -errno;
			continue;
		}
		if (wait[0].revents & (POLLIN | POLLHUP | POLLERR))
			ret = output(c);
		if (ret > 0 && wait[0].revents & POLLOUT)
			ret = flush(c) ?: 1;
		if (ret > 0 && wait[2].revents && !input(c)) {
			ret = flush(c);
			break;
		}
		if (ret > 0 && wait[1].revents) {
			int err = ctl_hear(c->sock, 0, take_event, c);

			if (err == -ENOBUFS)
				err = look(c);
			if (err && err != -ETIMEDOUT && err != -EINTR)
				ret = err;
		}
	}
	if (ret > 0)
		last_words(c);
	return ret < 0 ? ret : 0;
}

static void make_raw(int fd, struct termios *old)
{
	struct termios raw;

	if (tcgetattr(fd, old))
		return;
	raw = *old;
	cfmakeraw(&raw);
	tcsetattr(fd, TCSANOW, &raw);
}

static int connect_to(struct console *c, const char *word)
{
	struct termios old;
	struct guest guest;
	int status = ctl_connect();

	if (status != CTL_OK)
		return status;
	c->sock = ctl_listen();
	if (!c->sock)
		return CTL_REFUSED;
	status = guest_get(word, &guest);
	if (status != CTL_OK)
		return status;
	c->id = guest.id;
	c->ended = !guest_is_up(&guest);
	if (!*guest.console) {
		ctl_warn("%s: it has no console", text_quote(word));
		return CTL_REFUSED;
	}
	c->fd = sys_terminal(guest.console);
	if (c->fd < 0) {
		ctl_warn("%s: /dev/%s: %s", text_quote(word), guest.console, strerror(-c->fd));
		return CTL_REFUSED;
	}
	make_raw(c->fd, &old);
	if (!ctl_opt("start"))
		return CTL_OK;
	status = guest_do(KEEL_CMD_VM_START, word);
	c->ended = false;
	return status;
}

/**
 * cmd_console() - keelctl console [--start] NAME
 * @argc: how many words, which is one
 * @argv: the guest
 *
 * Return: the exit status.
 */
int cmd_console(int argc, char **argv)
{
	struct console c = { .fd = -1, .input = true, .live = isatty(STDIN_FILENO) };
	struct sigaction action = { .sa_handler = on_signal };
	struct termios old;
	int err, status = connect_to(&c, argv[0]);

	if (status == CTL_OK) {
		if (c.live) {
			fprintf(stderr, "connected to %s; Ctrl-] ends it\n", text_quote(argv[0]));
			sigaction(SIGTERM, &action, NULL);
			sigaction(SIGHUP, &action, NULL);
			make_raw(STDIN_FILENO, &old);
		}
		err = talk(&c);
		if (c.live) {
			tcsetattr(STDIN_FILENO, TCSANOW, &old);
			fputc('\n', stderr);
		}
		if (err) {
			ctl_warn("%s: %s", text_quote(argv[0]), strerror(-err));
			status = CTL_REFUSED;
		}
	}
	if (c.fd >= 0)
		close(c.fd);
	nl_socket_free(c.sock);
	return status;
}
