// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink, as the commands want it: over libnl, with one socket for
 * requests and another one for notifications.  A refusal is an errno, and a
 * sentence of the kernel's, which comes as attributes behind the error
 * (NETLINK_EXT_ACK) and is taken apart in refusal.c.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/genetlink.h>
#include <netlink/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

#include "ctl.h"
#include "kernel.h"
#include "nl.h"
#include "refusal.h"
#include "wire.h"

/* Dumps that are begun again because something has changed meanwhile */
#define TRIES 50

/* nlctrl tells here that a family has gone; both numbers are fixed. */
#define NOTIFY_GROUP GENL_ID_CTRL

/**
 * struct answer - what comes of a request
 * @msg: the request
 * @take: takes replies
 * @arg: for @take
 * @done: the kernel has said its last word
 * @err: a negative errno, or 0
 */
struct answer {
	struct nl_msg *msg;
	nl_take take;
	void *arg;
	bool done;
	int err;
};

static struct nl_sock *sock;
static int family;
static char why[512];

static int connect_one(struct nl_sock **to)
{
	*to = nl_socket_alloc();
	return *to ? wire_connect(*to) : -NLE_NOMEM;
}

/**
 * ctl_connect() - find Keel
 *
 * Return: the exit status; why it is not CTL_OK has been said.
 */
int ctl_connect(void)
{
	int err;

	if (sock)
		return CTL_OK;
	err = connect_one(&sock);
	if (err) {
		ctl_warn("netlink: %s", nl_geterror(err));
		return CTL_REFUSED;
	}
	family = genl_ctrl_resolve(sock, KEEL_FAMILY_NAME);
	if (family >= 0)
		return CTL_OK;
	nl_socket_free(sock);
	sock = NULL;
	if (family != -NLE_OBJ_NOTFOUND)
		ctl_warn("netlink: %s", nl_geterror(family));
	else if (kernel_module("keel"))
		ctl_warn("Keel is loaded, but guests can be had in the initial network namespace only");
	else
		ctl_warn("Keel is not loaded: modprobe keel, or see what keelctl doctor says");
	return CTL_REFUSED;
}

/**
 * ctl_request() - begin a request
 * @command: KEEL_CMD_...
 *
 * Return: the message, for attributes to be put in.
 */
struct nl_msg *ctl_request(int command)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, 0, command,
				 KEEL_FAMILY_VERSION))
		abort();
	return msg;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct answer *answer = arg;
	int err = answer->take && !answer->err ? answer->take(nlmsg_hdr(msg), answer->arg) : 0;

	if (err < 0)
		answer->err = err;
	return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct answer *answer = arg;

	answer->done = true;
	return NL_STOP;
}

/* The end of a dump carries an errno, too. */
static int on_finish(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct answer *answer = arg;
	int err = 0;

	if (nlmsg_datalen(header) >= (int)sizeof(err))
		memcpy(&err, nlmsg_data(header), sizeof(err));
	if (err < 0) {
		answer->err = err;
		refusal(header, sizeof(err), nlmsg_hdr(answer->msg), err, why, sizeof(why));
	}
	answer->done = true;
	return NL_STOP;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	struct nlmsghdr *header = (struct nlmsghdr *)((char *)error - NLMSG_HDRLEN);
	struct answer *answer = arg;
	size_t skip = sizeof(*error);

	/* Unless it was asked not to, the kernel sends the whole request back. */
	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		skip += error->msg.nlmsg_len - NLMSG_HDRLEN;
	answer->err = error->error;
	answer->done = true;
	refusal(header, skip, nlmsg_hdr(answer->msg), error->error, why, sizeof(why));
	return NL_STOP;
}

static struct nl_cb *callbacks(struct nl_sock *of, struct answer *answer)
{
	struct nl_cb *orig = nl_socket_get_cb(of), *cb = nl_cb_clone(orig);

	if (!cb)
		abort();
	nl_cb_put(orig);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, answer);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, answer);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, answer);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, answer);
	return cb;
}

/* -EAGAIN is for a dump that was disturbed. */
static int send_and_hear(struct nl_msg *msg, nl_take take, void *arg)
{
	struct answer answer = { .msg = msg, .take = take, .arg = arg };
	struct nl_cb *cb = callbacks(sock, &answer);
	int err = nl_send_auto(sock, msg);

	*why = 0;
	while (err >= 0 && !answer.done) {
		err = nl_recvmsgs(sock, cb);
		if (err == -NLE_DUMP_INTR || answer.done)
			break;
	}
	nl_cb_put(cb);
	if (err == -NLE_DUMP_INTR)
		return -EAGAIN;
	if (err < 0 && !answer.done) {
		snprintf(why, sizeof(why), "netlink: %s", nl_geterror(err));
		return -EIO;
	}
	if (answer.err && !*why)
		snprintf(why, sizeof(why), "%s", strerror(-answer.err));
	return answer.err;
}

/**
 * ctl_do() - make a request and wait for its reply
 * @msg: the request, which is freed
 * @take: takes the reply; NULL when there is none
 * @arg: for @take
 *
 * Return: 0, or the errno; ctl_why() has its reason.
 */
int ctl_do(struct nl_msg *msg, nl_take take, void *arg)
{
	int err;

	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	err = send_and_hear(msg, take, arg);
	nlmsg_free(msg);
	return err;
}

/**
 * ctl_dump() - ask for all objects of a kind
 * @command: KEEL_CMD_...
 * @take: takes each of them
 * @again: forgets them, since the dump begins anew
 * @arg: for @take and @again
 *
 * Return: 0, or the errno; ctl_why() has its reason.
 */
int ctl_dump(int command, nl_take take, void (*again)(void *arg), void *arg)
{
	struct nl_msg *msg;
	int err = -EAGAIN, i;

	for (i = 0; i < TRIES && err == -EAGAIN; i++) {
		if (i)
			again(arg);
		msg = ctl_request(command);
		nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
		err = send_and_hear(msg, take, arg);
		nlmsg_free(msg);
	}
	if (err == -EAGAIN)
		snprintf(why, sizeof(why), "guests come and go too fast to be listed");
	return err;
}

/**
 * ctl_why() - why the last request was refused
 *
 * Return: a sentence.
 */
const char *ctl_why(void)
{
	return why;
}

/**
 * ctl_listen() - hear notifications from now on
 *
 * Return: a socket for ctl_hear() and wire_fd(), or NULL; why has been said then.
 */
struct nl_sock *ctl_listen(void)
{
	struct nl_sock *to = NULL;
	int group = genl_ctrl_resolve_grp(sock, KEEL_FAMILY_NAME, KEEL_MCGRP_EVENTS);
	int err = group < 0 ? group : connect_one(&to);

	if (!err) {
		nl_socket_disable_seq_check(to);
		err = wire_join(to, group);
	}
	if (!err)
		err = wire_join(to, NOTIFY_GROUP);
	if (!err)
		return to;
	ctl_warn("no notifications: %s", nl_geterror(err));
	nl_socket_free(to);
	return NULL;
}

/* Has our family gone? */
static bool is_end(struct nlmsghdr *msg)
{
	struct genlmsghdr *header = nlmsg_data(msg);
	struct nlattr *id;

	if (msg->nlmsg_type != GENL_ID_CTRL || !genlmsg_valid_hdr(msg, 0) ||
	    header->cmd != CTRL_CMD_DELFAMILY)
		return false;
	id = nlmsg_find_attr(msg, GENL_HDRLEN, CTRL_ATTR_FAMILY_ID);
	return id && nla_len(id) >= 2 && nla_get_u16(id) == family;
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct answer *answer = arg;

	if (is_end(header))
		answer->err = -ENODEV;
	else if (header->nlmsg_type == family && !answer->err)
		answer->err = answer->take(header, answer->arg);
	return NL_OK;
}

/**
 * ctl_hear() - wait for notifications
 * @from: what ctl_listen() has answered
 * @timeout: in ms, -1 for any time
 * @take: takes each of them
 * @arg: for @take
 *
 * Return: 0 when there were any; -ETIMEDOUT; -EINTR when a signal has come;
 * -ENOBUFS when some were lost; -ENODEV when Keel was unloaded; or what @take has
 * answered.
 */
int ctl_hear(struct nl_sock *from, int timeout, nl_take take, void *arg)
{
	struct answer answer = { .take = take, .arg = arg };
	struct pollfd wait = { .fd = wire_fd(from), .events = POLLIN };
	struct nl_cb *cb;
	int err = poll(&wait, 1, timeout);

	if (err <= 0)
		return err ? -errno : -ETIMEDOUT;
	cb = callbacks(from, &answer);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_event, &answer);
	errno = 0;
	err = nl_recvmsgs(from, cb);
	nl_cb_put(cb);
	if (err < 0 && !answer.err)
		return err == -NLE_NOMEM || errno == ENOBUFS ? -ENOBUFS : -EIO;
	return answer.err;
}
