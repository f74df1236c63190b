// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink by hand, so that what is measured is the kernel's work and not a
 * library's: one socket, one request at a time.  What goes wrong ends the program.
 *
 * World: user, in the machine that is measured.
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/genetlink.h>
#include <sys/socket.h>

#include "genl.h"

#define ROOM	32768

static int sock;
static uint16_t family = GENL_ID_CTRL;
static uint32_t sequence;
static char request[ROOM] __attribute__((aligned(8)));
static char answer[ROOM] __attribute__((aligned(8)));
static size_t answer_size;

static struct nlmsghdr *head(void)
{
	return (struct nlmsghdr *)request;
}

/**
 * genl_begin() - begin a request
 * @cmd: the command
 */
void genl_begin(uint8_t cmd)
{
	struct genlmsghdr *genl = NLMSG_DATA(head());

	*head() = (struct nlmsghdr) {
		.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
		.nlmsg_type = family,
		.nlmsg_flags = NLM_F_REQUEST,
		.nlmsg_seq = ++sequence,
	};
	*genl = (struct genlmsghdr) { .cmd = cmd, .version = 1 };
}

/**
 * genl_put() - an attribute of the request
 * @type: which
 * @data: its value
 * @size: bytes of it
 */
void genl_put(uint16_t type, const void *data, size_t size)
{
	struct nlattr *attr = (struct nlattr *)(request + head()->nlmsg_len);
	size_t whole = NLA_ALIGN(NLA_HDRLEN + size);

	if (head()->nlmsg_len + whole > ROOM)
		errx(1, "a request is too long");
	memset(attr, 0, whole);
	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + size;
	if (size)
		memcpy((char *)attr + NLA_HDRLEN, data, size);
	head()->nlmsg_len += whole;
}

/**
 * genl_put_u32() - an attribute of 32 bits
 * @type: which
 * @val: its value
 */
void genl_put_u32(uint16_t type, uint32_t val)
{
	genl_put(type, &val, sizeof(val));
}

/**
 * genl_put_u64() - an attribute of 64 bits
 * @type: which
 * @val: its value
 */
void genl_put_u64(uint16_t type, uint64_t val)
{
	genl_put(type, &val, sizeof(val));
}

/**
 * genl_put_text() - an attribute that is a text
 * @type: which
 * @text: its value
 */
void genl_put_text(uint16_t type, const char *text)
{
	genl_put(type, text, strlen(text) + 1);
}

/**
 * genl_nest() - begin an attribute that has others
 * @type: which
 *
 * Return: it, for genl_nest_end().
 */
struct nlattr *genl_nest(uint16_t type)
{
	struct nlattr *nest = (struct nlattr *)(request + head()->nlmsg_len);

	genl_put(type | NLA_F_NESTED, NULL, 0);
	return nest;
}

/**
 * genl_nest_end() - what was put since is in it
 * @nest: from genl_nest()
 */
void genl_nest_end(struct nlattr *nest)
{
	nest->nla_len = request + head()->nlmsg_len - (char *)nest;
}

/* The answer, if there is one; the errno that ends it, or @last and no more after the answer */
static int receive(bool last)
{
	static char buffer[ROOM] __attribute__((aligned(8)));
	struct nlmsghdr *nlh;
	ssize_t len;

	answer_size = 0;
	for (;;) {
		len = recv(sock, buffer, sizeof(buffer), 0);
		if (len < 0)
			err(1, "recv");
		for (nlh = (struct nlmsghdr *)buffer; NLMSG_OK(nlh, (size_t)len);
		     nlh = NLMSG_NEXT(nlh, len)) {
			if (nlh->nlmsg_seq != sequence)
				continue;
			if (nlh->nlmsg_type == NLMSG_ERROR)
				return ((struct nlmsgerr *)NLMSG_DATA(nlh))->error;
			answer_size = nlh->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN);
			memcpy(answer, (char *)nlh + NLMSG_LENGTH(GENL_HDRLEN), answer_size);
			if (last)
				return 0;
		}
	}
}

static void carry_out(uint16_t flags)
{
	struct genlmsghdr *genl = NLMSG_DATA(head());

	head()->nlmsg_flags |= flags;
	if (send(sock, request, head()->nlmsg_len, 0) < 0)
		err(1, "send");
	errno = -receive(!flags);
	if (errno)
		err(1, "netlink command %u", genl->cmd);
}

/**
 * genl_do() - carry the request out, and wait for the word that it was done
 */
void genl_do(void)
{
	carry_out(NLM_F_ACK);
}

/**
 * genl_ask() - carry a request out that has an answer, which is all there is to wait for
 */
void genl_ask(void)
{
	carry_out(0);
}

/* The first attribute of a type from @at on, of @size bytes */
static const struct nlattr *find(const char *at, size_t size, uint16_t type)
{
	const struct nlattr *attr;

	for (; size >= NLA_HDRLEN; at += NLA_ALIGN(attr->nla_len),
	     size -= NLA_ALIGN(attr->nla_len)) {
		attr = (const struct nlattr *)at;
		if (attr->nla_len < NLA_HDRLEN || (size_t)NLA_ALIGN(attr->nla_len) > size)
			return NULL;
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
	}
	return NULL;
}

/**
 * genl_answer() - an attribute of the answer
 * @type: which
 *
 * Return: the first of them; NULL when there is none.
 */
const struct nlattr *genl_answer(uint16_t type)
{
	return find(answer, answer_size, type);
}

/**
 * genl_next_answer() - one attribute of the answer after the other
 * @last: the one before, NULL to begin with
 * @type: which
 *
 * Return: the attribute; NULL when there are no more.
 */
const struct nlattr *genl_next_answer(const struct nlattr *last, uint16_t type)
{
	const char *at = last ? (const char *)last + NLA_ALIGN(last->nla_len) : answer;

	return find(at, answer + answer_size - at, type);
}

/**
 * genl_next() - one attribute in another one after the other
 * @nest: the outer one
 * @last: the one before, NULL to begin with
 * @type: which
 *
 * Return: the attribute; NULL when there are no more.
 */
const struct nlattr *genl_next(const struct nlattr *nest, const struct nlattr *last,
			       uint16_t type)
{
	const char *end = (const char *)nest + NLA_ALIGN(nest->nla_len), *at;

	at = last ? (const char *)last + NLA_ALIGN(last->nla_len) :
		    (const char *)nest + NLA_HDRLEN;
	return find(at, end - at, type);
}

/**
 * genl_inner() - an attribute in another
 * @nest: the outer one, NULL for none
 * @type: which
 *
 * Return: the first of them; NULL when there is none.
 */
const struct nlattr *genl_inner(const struct nlattr *nest, uint16_t type)
{
	return nest ? genl_next(nest, NULL, type) : NULL;
}

/**
 * genl_number() - an attribute's value
 * @attr: an attribute of 16, 32 or 64 bits
 *
 * Return: the number.
 */
uint64_t genl_number(const struct nlattr *attr)
{
	uint64_t val = 0;
	size_t size;

	if (!attr)
		errx(1, "an answer lacks a number");
	size = attr->nla_len - NLA_HDRLEN;
	memcpy(&val, (const char *)attr + NLA_HDRLEN, size < sizeof(val) ? size : sizeof(val));
	return val;
}

/**
 * genl_text() - an attribute's value
 * @attr: an attribute that is a text
 *
 * Return: the text, valid until the next request.
 */
const char *genl_text(const struct nlattr *attr)
{
	if (!attr)
		errx(1, "an answer lacks a text");
	return (const char *)attr + NLA_HDRLEN;
}

/**
 * genl_open() - before the first request
 * @name: the family
 */
void genl_open(const char *name)
{
	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (sock < 0)
		err(1, "netlink");
	genl_begin(CTRL_CMD_GETFAMILY);
	genl_put_text(CTRL_ATTR_FAMILY_NAME, name);
	genl_do();
	family = genl_number(genl_answer(CTRL_ATTR_FAMILY_ID));
}
