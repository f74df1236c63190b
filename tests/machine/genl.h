/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generic netlink without a library, for the programs of the cases: a message is
 * built, sent, and its answers are read.
 */
#ifndef KEEL_TEST_GENL_H
#define KEEL_TEST_GENL_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "../../uapi/keel.h"

#define GENL_ROOM	65536

struct genl_msg {
	union {
		struct nlmsghdr head;
		char bytes[GENL_ROOM];
	};
};

struct genl {
	int fd;
	int family;
	int group;
	uint32_t seq;
};

/* What a command came to */
struct genl_result {
	int err;		/* 0, or an errno */
	unsigned int replies;
	int interrupted;	/* the dump was, by a change */
	unsigned int offset;	/* of the attribute that is to blame, 0 for none */
	char text[256];
};

static inline void *genl_tail(struct genl_msg *msg)
{
	return msg->bytes + NLMSG_ALIGN(msg->head.nlmsg_len);
}

static inline void genl_begin(struct genl *genl, struct genl_msg *msg, int type, int cmd, int flags)
{
	struct genlmsghdr *sub;

	memset(&msg->head, 0, sizeof(msg->head));
	msg->head.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	msg->head.nlmsg_type = type;
	msg->head.nlmsg_flags = NLM_F_REQUEST | flags;
	msg->head.nlmsg_seq = ++genl->seq;
	sub = NLMSG_DATA(&msg->head);
	memset(sub, 0, sizeof(*sub));
	sub->cmd = cmd;
	sub->version = KEEL_FAMILY_VERSION;
}

static inline struct nlattr *genl_put(struct genl_msg *msg, int type, const void *data, int len)
{
	struct nlattr *attr = genl_tail(msg);

	if ((char *)attr + NLA_HDRLEN + NLA_ALIGN(len) > msg->bytes + GENL_ROOM)
		return NULL;
	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memset((char *)attr + NLA_HDRLEN, 0, NLA_ALIGN(len));
	if (len)
		memcpy((char *)attr + NLA_HDRLEN, data, len);
	msg->head.nlmsg_len = (char *)attr + NLA_HDRLEN + NLA_ALIGN(len) - msg->bytes;
	return attr;
}

static inline void genl_nest_end(struct genl_msg *msg, struct nlattr *nest)
{
	nest->nla_len = (char *)genl_tail(msg) - (char *)nest;
}

static inline const struct nlattr *genl_first(const struct nlmsghdr *head)
{
	return (const struct nlattr *)((const char *)head + NLMSG_LENGTH(GENL_HDRLEN));
}

/* The next attribute of those that end at @end, or NULL */
static inline const struct nlattr *genl_attr(const struct nlattr *attr, const char *end)
{
	return (const char *)attr + NLA_HDRLEN <= end && attr->nla_len >= NLA_HDRLEN &&
	       (const char *)attr + attr->nla_len <= end ? attr : NULL;
}

static inline const struct nlattr *genl_next(const struct nlattr *attr)
{
	return (const struct nlattr *)((const char *)attr + NLA_ALIGN(attr->nla_len));
}

#define genl_for_each(attr, first, end)					\
	for (attr = genl_attr(first, end); attr;			\
	     attr = genl_attr(genl_next(attr), end))

static inline const void *genl_data(const struct nlattr *attr)
{
	return (const char *)attr + NLA_HDRLEN;
}

static inline void genl_refusal(const struct nlmsghdr *head, struct genl_result *result)
{
	const struct nlmsgerr *error = NLMSG_DATA(head);
	const char *end = (const char *)head + head->nlmsg_len;
	const char *at = (const char *)(error + 1);
	const struct nlattr *attr;

	if (head->nlmsg_type == NLMSG_DONE) {
		result->err = -*(const int *)NLMSG_DATA(head);
		at = (const char *)NLMSG_DATA(head) + sizeof(int);
	} else {
		result->err = -error->error;
		if (!(head->nlmsg_flags & NLM_F_CAPPED))
			at += error->msg.nlmsg_len - sizeof(error->msg);
	}
	if (!(head->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	genl_for_each(attr, (const struct nlattr *)at, end) {
		if (attr->nla_type == NLMSGERR_ATTR_MSG)
			snprintf(result->text, sizeof(result->text), "%s",
				 (const char *)genl_data(attr));
		if (attr->nla_type == NLMSGERR_ATTR_OFFS)
			result->offset = *(const uint32_t *)genl_data(attr);
	}
}

/* Send, and read until it is answered; @take gets each reply. */
static inline int genl_do(struct genl *genl, struct genl_msg *msg, struct genl_result *result,
			  void (*take)(const struct nlmsghdr *head, void *arg), void *arg)
{
	static char bytes[GENL_ROOM] __attribute__((aligned(8)));
	const struct nlmsghdr *head;
	int len;

	memset(result, 0, sizeof(*result));
	msg->head.nlmsg_flags |= NLM_F_ACK;
	if (send(genl->fd, msg, msg->head.nlmsg_len, 0) < 0)
		return result->err = errno;
	for (;;) {
		len = recv(genl->fd, bytes, sizeof(bytes), 0);
		if (len < 0)
			return result->err = errno;
		for (head = (void *)bytes; NLMSG_OK(head, len); head = NLMSG_NEXT(head, len)) {
			if (head->nlmsg_seq != genl->seq)
				continue;
			result->interrupted |= !!(head->nlmsg_flags & NLM_F_DUMP_INTR);
			if (head->nlmsg_type == NLMSG_ERROR || head->nlmsg_type == NLMSG_DONE) {
				genl_refusal(head, result);
				return result->err;
			}
			result->replies++;
			if (take)
				take(head, arg);
		}
	}
}

static inline void genl_take_family(const struct nlmsghdr *head, void *arg)
{
	const char *end = (const char *)head + head->nlmsg_len;
	const struct nlattr *attr, *group, *part;
	struct genl *genl = arg;

	genl_for_each(attr, genl_first(head), end) {
		const char *attr_end = (const char *)attr + attr->nla_len;

		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			genl->family = *(const uint16_t *)genl_data(attr);
		if (attr->nla_type != CTRL_ATTR_MCAST_GROUPS)
			continue;
		genl_for_each(group, genl_data(attr), attr_end)
			genl_for_each(part, genl_data(group), (const char *)genl_next(group))
				if (part->nla_type == CTRL_ATTR_MCAST_GRP_ID)
					genl->group = *(const uint32_t *)genl_data(part);
	}
}

/* A socket, and what the kernel calls the family; 0 or an errno. */
static inline int genl_open(struct genl *genl)
{
	static struct genl_msg msg;
	struct genl_result result;
	struct timeval minute = { .tv_sec = 60 };
	int one = 1;

	memset(genl, 0, sizeof(*genl));
	genl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (genl->fd < 0)
		return errno;
	setsockopt(genl->fd, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof(minute));
	setsockopt(genl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(genl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	genl_begin(genl, &msg, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	genl_put(&msg, CTRL_ATTR_FAMILY_NAME, KEEL_FAMILY_NAME, sizeof(KEEL_FAMILY_NAME));
	return genl_do(genl, &msg, &result, genl_take_family, genl);
}

#endif /* KEEL_TEST_GENL_H */
