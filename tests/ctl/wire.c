// SPDX-License-Identifier: GPL-2.0
/*
 * The way to a made-up kernel, in place of ctl/wire.c, whose interface this has
 * (ctl/Makefile includes it here): messages of netlink over the socket $FAKE/kernel,
 * at whose other end is kernel.py.  A packet that begins with J joins a group; that it
 * has been done is heard on another connection, since notifications may come first on
 * this one.  A packet of one byte from there says that notifications were lost.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#define SOCKETS 64

static struct nl_sock *socks[SOCKETS];
static int fds[SOCKETS];
static unsigned int nr;

/* The latest one: memory may be used again. */
int wire_fd(struct nl_sock *sock)
{
	unsigned int i;

	for (i = nr; i--; )
		if (socks[i] == sock)
			return fds[i];
	abort();
}

static int do_send(struct nl_sock *sock, struct nl_msg *msg)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	int n = send(wire_fd(sock), header, header->nlmsg_len, MSG_NOSIGNAL);

	return n < 0 ? -NLE_FAILURE : n;
}

static int do_recv(struct nl_sock *sock, struct sockaddr_nl *from, unsigned char **buf,
		   struct ucred **creds)
{
	ssize_t n = recv(wire_fd(sock), NULL, 0, MSG_PEEK | MSG_TRUNC);

	memset(from, 0, sizeof(*from));
	if (n <= 0)
		return -NLE_FAILURE;
	*buf = malloc(n);
	n = recv(wire_fd(sock), *buf, n, 0);
	if (n > 1)
		return n;
	free(*buf);
	*buf = NULL;
	errno = ENOBUFS;
	return -NLE_NOMEM;
}

static int connect_to(int *fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/kernel", getenv("FAKE"));
	*fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	return connect(*fd, (struct sockaddr *)&addr, sizeof(addr)) ? -NLE_NOACCESS : 0;
}

int wire_connect(struct nl_sock *sock)
{
	struct nl_cb *cb = nl_socket_get_cb(sock);

	nl_cb_overwrite_send(cb, do_send);
	nl_cb_overwrite_recv(cb, do_recv);
	nl_cb_put(cb);
	if (nr == SOCKETS)
		abort();
	socks[nr] = sock;
	return connect_to(&fds[nr++]);
}

int wire_join(struct nl_sock *sock, int group)
{
	static int joins;
	int token[2] = { getpid(), joins++ }, fd, err;
	char packet[13] = "J";

	memcpy(packet + 1, token, sizeof(token));
	memcpy(packet + 9, &group, sizeof(group));
	if (send(wire_fd(sock), packet, sizeof(packet), MSG_NOSIGNAL) != sizeof(packet))
		return -NLE_FAILURE;
	*packet = 'W';
	err = connect_to(&fd);
	if (!err && (send(fd, packet, 9, MSG_NOSIGNAL) != 9 || recv(fd, packet, 1, 0) != 1))
		err = -NLE_FAILURE;
	close(fd);
	return err;
}
