// SPDX-License-Identifier: GPL-2.0
/*
 * Why the kernel has refused, as a sentence.  Behind an error the kernel sends a
 * text, where in the request the bad attribute is, and for one that is out of
 * range the range.  Texts of Keel's own name the attribute, those of the kernel's
 * policies do not.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "../uapi/keel.h"
#include "refusal.h"

/* Of what users give in requests; both sets have the same numbers for the first two. */
static const char *const names[] = {
	[KEEL_A_VM_ID] = "id",
	[KEEL_A_VM_NAME] = "name",
	[KEEL_A_VM_MEMORY] = "memory",
	[KEEL_A_VM_VCPUS] = "vcpus",
	[KEEL_A_VM_WEIGHT] = "weight",
	[KEEL_A_VM_IMAGE_FD] = "image-fd",
	[KEEL_A_VM_SEGMENT] = "segment",
	[KEEL_A_VM_RANDOM] = "random",
	[KEEL_A_VM_START] = "start",
	[KEEL_A_VM_TIMEOUT] = "timeout",
};

_Static_assert((int)KEEL_A_VM_ID == (int)KEEL_A_STAT_ID, "one table for both sets");
_Static_assert((int)KEEL_A_VM_NAME == (int)KEEL_A_STAT_NAME, "one table for both sets");

static const char *name_of(unsigned int type)
{
	return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}

/* The attribute of the request in which an offset lies */
static const char *name_at(const struct nlmsghdr *request, __u32 offset)
{
	struct nlattr *attr;
	int left;

	nlmsg_for_each_attr(attr, (struct nlmsghdr *)request, GENL_HDRLEN, left) {
		size_t at = (char *)attr - (char *)request;

		if (offset >= at && offset < at + nla_total_size(nla_len(attr)))
			return name_of(nla_type(attr));
	}
	return NULL;
}

static void add_range(struct nlattr *policy, char *text, size_t size)
{
	struct nlattr *tb[NL_POLICY_TYPE_ATTR_MAX + 1];
	size_t len = strlen(text);

	if (nla_parse_nested(tb, NL_POLICY_TYPE_ATTR_MAX, policy, NULL))
		return;
	if (tb[NL_POLICY_TYPE_ATTR_MIN_VALUE_U] && tb[NL_POLICY_TYPE_ATTR_MAX_VALUE_U] &&
	    nla_len(tb[NL_POLICY_TYPE_ATTR_MIN_VALUE_U]) == 8 &&
	    nla_len(tb[NL_POLICY_TYPE_ATTR_MAX_VALUE_U]) == 8)
		snprintf(text + len, size - len, ": it has to be %llu to %llu",
			 (unsigned long long)nla_get_u64(tb[NL_POLICY_TYPE_ATTR_MIN_VALUE_U]),
			 (unsigned long long)nla_get_u64(tb[NL_POLICY_TYPE_ATTR_MAX_VALUE_U]));
	else if (tb[NL_POLICY_TYPE_ATTR_MAX_LENGTH] &&
		 nla_len(tb[NL_POLICY_TYPE_ATTR_MAX_LENGTH]) == 4)
		snprintf(text + len, size - len, ": it has to be %u bytes at most",
			 nla_get_u32(tb[NL_POLICY_TYPE_ATTR_MAX_LENGTH]));
}

/**
 * refusal() - take an error of the kernel's apart
 * @reply: the message with the error
 * @skip: bytes of its payload before the attributes
 * @request: what was refused
 * @err: the errno, negative
 * @text: filled with a sentence; empty when @err is 0
 * @size: of @text
 */
void refusal(const struct nlmsghdr *reply, size_t skip, const struct nlmsghdr *request, int err,
	     char *text, size_t size)
{
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1] = { NULL };
	const char *say = NULL, *name = NULL;
	int left;

	*text = 0;
	if (!err)
		return;
	skip = NLMSG_HDRLEN + NLMSG_ALIGN(skip);
	left = (int)reply->nlmsg_len - (int)skip;
	if (reply->nlmsg_flags & NLM_F_ACK_TLVS && left > 0)
		nla_parse(tb, NLMSGERR_ATTR_MAX, (struct nlattr *)((char *)reply + skip), left,
			  NULL);
	if (tb[NLMSGERR_ATTR_MSG] && nla_len(tb[NLMSGERR_ATTR_MSG]) > 0)
		say = nla_data(tb[NLMSGERR_ATTR_MSG]);
	if (tb[NLMSGERR_ATTR_OFFS] && nla_len(tb[NLMSGERR_ATTR_OFFS]) == 4)
		name = name_at(request, nla_get_u32(tb[NLMSGERR_ATTR_OFFS]));
	if (!say)
		say = err == -EPERM ? "only root may do this" : strerror(-err);
	if (name && strstr(say, name))
		name = NULL;
	snprintf(text, size, "%s%s%.*s", name ?: "", name ? ": " : "", 300, say);
	if (tb[NLMSGERR_ATTR_POLICY])
		add_range(tb[NLMSGERR_ATTR_POLICY], text, size);
}
