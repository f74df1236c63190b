/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KEEL_CTL_WIRE_H
#define KEEL_CTL_WIRE_H

struct nl_sock;

int wire_connect(struct nl_sock *sock);
int wire_join(struct nl_sock *sock, int group);
int wire_fd(struct nl_sock *sock);

#endif /* KEEL_CTL_WIRE_H */
