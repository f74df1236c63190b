// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl wait: until a guest is in a state.  It listens first and looks then, so
 * that nothing falls between; and a state that has been left again before it could
 * be looked at still counts, since its notification waits in the socket.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <netlink/socket.h>

#include "ctl.h"
#include "guest.h"
#include "parse.h"
#include "text.h"
#include "wait.h"

const struct ctl_option wait_options[] = {
	{ "timeout", "SECONDS", "give up after this time, with exit status 3" },
	{ "id", NULL, "the guest is named by its id" },
	{ NULL }
};

/**
 * struct waiting - what is waited for
 * @id: the guest
 * @what: a state, WAIT_DELETED or WAIT_ENDED
 */
struct waiting {
	__u32 id;
	__u32 what;
};

enum { GOES_ON, HAS_COME, IS_GONE };

static bool is_it(const struct guest *guest, __u32 what)
{
	return what == WAIT_ENDED ? !guest_is_up(guest) : guest->state == what;
}

static int take_event(struct nlmsghdr *msg, void *arg)
{
	struct waiting *waiting = arg;
	struct guest guest;
	int err = guest_take(msg, &guest);

	if (err || guest.id != waiting->id)
		return err;
	if (guest.event == KEEL_VM_EVENT_DELETED)
		return waiting->what == WAIT_DELETED || waiting->what == WAIT_ENDED ? HAS_COME :
										      IS_GONE;
	return is_it(&guest, waiting->what) ? HAS_COME : GOES_ON;
}

static __s64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Look again by id: notifications were lost, or it has not been looked at yet. */
static int look(struct waiting *waiting)
{
	struct nl_msg *msg = ctl_request(KEEL_CMD_VM_GET);
	struct guest guest;
	int err;

	if (nla_put_u32(msg, KEEL_A_VM_ID, waiting->id))
		return -ENOMEM;
	err = ctl_do(msg, guest_take, &guest);
	if (err == -ENOENT)
		return waiting->what == WAIT_DELETED || waiting->what == WAIT_ENDED ? HAS_COME :
										      IS_GONE;
	if (err)
		return err;
	return is_it(&guest, waiting->what) ? HAS_COME : GOES_ON;
}

static int hear(struct nl_sock *sock, struct waiting *waiting, int timeout)
{
	__s64 end = now_ms() + timeout, left = -1;
	int ret = look(waiting);

	while (ret == GOES_ON || ret == -EINTR || ret == -ENOBUFS) {
		if (timeout >= 0) {
			left = end - now_ms();
			if (left < 0)
				left = 0;
		}
		ret = ret == -ENOBUFS ? look(waiting) : ctl_hear(sock, left, take_event, waiting);
	}
	return ret;
}

/**
 * wait_for() - wait for a guest
 * @word: which, as the user has it
 * @what: enum keel_vm_state, WAIT_DELETED or WAIT_ENDED
 * @timeout: in ms, -1 for any time
 *
 * Return: the exit status; why it is not CTL_OK has been said.
 */
int wait_for(const char *word, __u32 what, int timeout)
{
	struct waiting waiting = { .what = what };
	struct nl_sock *sock;
	struct nl_msg *msg;
	struct guest guest;
	int err, status = ctl_connect();

	if (status != CTL_OK)
		return status;
	sock = ctl_listen();
	if (!sock)
		return CTL_REFUSED;
	msg = ctl_request(KEEL_CMD_VM_GET);
	if (!guest_which(msg, word)) {
		nlmsg_free(msg);
		nl_socket_free(sock);
		return CTL_USAGE;
	}
	err = ctl_do(msg, guest_take, &guest);
	if (err == -ENOENT && (what == WAIT_DELETED || what == WAIT_ENDED)) {
		nl_socket_free(sock);
		return CTL_OK;
	}
	if (err) {
		nl_socket_free(sock);
		return guest_refused(word);
	}
	waiting.id = guest.id;
	err = hear(sock, &waiting, timeout);
	nl_socket_free(sock);
	if (err == HAS_COME)
		return CTL_OK;
	if (err == -ETIMEDOUT) {
		ctl_warn("%s: it did not come to that in time", text_quote(word));
		return CTL_TIMEOUT;
	}
	if (err == IS_GONE)
		ctl_warn("%s: it was deleted", text_quote(word));
	else if (err == -ENODEV)
		ctl_warn("Keel was unloaded");
	else
		ctl_warn("%s: %s", text_quote(word), strerror(-err));
	return CTL_REFUSED;
}

/**
 * cmd_wait() - keelctl wait [--timeout SECONDS] NAME STATE
 * @argc: how many words, which is two
 * @argv: the guest and the state
 *
 * Return: the exit status.
 */
int cmd_wait(int argc, char **argv)
{
	__u32 what = guest_state_of(argv[1]), timeout = 0;

	if (!strcmp(argv[1], "deleted"))
		what = WAIT_DELETED;
	if (!what) {
		ctl_warn("'%s' is no state: created, stopped, running, paused, crashed or deleted",
			 argv[1]);
		return CTL_USAGE;
	}
	if (ctl_opt("timeout") && !parse_seconds("--timeout", ctl_opt("timeout"), &timeout))
		return CTL_USAGE;
	return wait_for(argv[0], what, ctl_opt("timeout") ? (int)timeout : -1);
}
