// SPDX-License-Identifier: GPL-2.0
/*
 * How a socket of libnl's comes to the kernel.  The tests put a made-up kernel in
 * place of this file.
 */
#include <sys/socket.h>
#include <linux/netlink.h>
#include <netlink/netlink.h>
#include <netlink/genl/genl.h>

#include "wire.h"

/**
 * wire_connect() - connect to generic netlink, and ask for reasons of refusals
 * @sock: the socket
 *
 * Return: 0, or an error of libnl's.
 */
int wire_connect(struct nl_sock *sock)
{
	int err = genl_connect(sock), one = 1;

	/* Without them, refusals are an errno: no reason to give up. */
	if (!err)
		setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_EXT_ACK, &one,
			   sizeof(one));
	return err;
}

/**
 * wire_join() - hear what is sent to a multicast group
 * @sock: the socket
 * @group: its number
 *
 * Return: 0, or an error of libnl's.
 */
int wire_join(struct nl_sock *sock, int group)
{
	return nl_socket_add_membership(sock, group);
}

/**
 * wire_fd() - the descriptor to wait for
 * @sock: the socket
 *
 * Return: the descriptor.
 */
int wire_fd(struct nl_sock *sock)
{
	return nl_socket_get_fd(sock);
}
