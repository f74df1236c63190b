/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Talking to the kernel: a request and its reply, all objects of a kind, and
 * notifications.
 */
#ifndef KEEL_CTL_NL_H
#define KEEL_CTL_NL_H

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "../uapi/keel.h"

/* Takes a message; a negative answer ends the request with that errno. */
typedef int (*nl_take)(struct nlmsghdr *msg, void *arg);

struct nl_sock;

int ctl_connect(void);
struct nl_msg *ctl_request(int command);
int ctl_do(struct nl_msg *msg, nl_take take, void *arg);
int ctl_dump(int command, nl_take take, void (*again)(void *arg), void *arg);
const char *ctl_why(void);
struct nl_sock *ctl_listen(void);
int ctl_hear(struct nl_sock *sock, int timeout, nl_take take, void *arg);

#endif /* KEEL_CTL_NL_H */
