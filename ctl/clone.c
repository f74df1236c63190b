// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl clone and template: guests that are where another one is, and guests that are
 * there to be cloned.
 */
#include <stdlib.h>
#include <string.h>
#include <netlink/genl/genl.h>

#include "ctl.h"
#include "guest.h"
#include "parse.h"

const struct ctl_option clone_options[] = {
	{ "count", "N", "make N clones, NEW-1 to NEW-N" },
	{ "paused", NULL, "leave them paused; else they run" },
	{ "id", NULL, "the source is named by its id" },
	{ NULL }
};

/**
 * cmd_clone() - keelctl clone [--count N] [--paused] NAME NEW
 * @argc: how many words, which is two
 * @argv: the source, and what the clone is called
 *
 * Return: the exit status.
 */
int cmd_clone(int argc, char **argv)
{
	const char *count = ctl_opt("count");
	struct guest guest;
	struct nl_msg *msg;
	__u32 nr;
	int status;

	if (count && !parse_u32("--count", count, &nr))
		return CTL_USAGE;
	status = ctl_connect();
	if (status != CTL_OK)
		return status;
	msg = ctl_request(KEEL_CMD_VM_CLONE);
	if (!guest_which(msg, argv[0])) {
		nlmsg_free(msg);
		return CTL_USAGE;
	}
	if (nla_put_string(msg, KEEL_A_VM_CLONE, argv[1])) {
		nlmsg_free(msg);
		ctl_warn("no guest can have a name as long as that");
		return CTL_USAGE;
	}
	if ((count && nla_put_u32(msg, KEEL_A_VM_COUNT, nr)) ||
	    (!ctl_opt("paused") && nla_put_flag(msg, KEEL_A_VM_RUN)))
		abort();
	if (ctl_do(msg, guest_take, &guest))
		return guest_refused(argv[0]);
	if (ctl_options.json)
		guest_json(NULL, &guest);
	return CTL_OK;
}

/**
 * cmd_template() - keelctl template NAME [on|off]
 * @argc: how many words
 * @argv: the guest, and what it is to be; a template, if that is not said
 *
 * Return: the exit status.
 */
int cmd_template(int argc, char **argv)
{
	bool off = argc > 1 && !strcmp(argv[1], "off");
	struct nl_msg *msg;
	int status;

	if (argc > 1 && !off && strcmp(argv[1], "on")) {
		ctl_warn("'%s' is neither 'on' nor 'off'", argv[1]);
		return CTL_USAGE;
	}
	status = ctl_connect();
	if (status != CTL_OK)
		return status;
	msg = ctl_request(KEEL_CMD_VM_SET);
	if (!guest_which(msg, argv[0])) {
		nlmsg_free(msg);
		return CTL_USAGE;
	}
	if (nla_put_u32(msg, KEEL_A_VM_TEMPLATE, !off))
		abort();
	return ctl_do(msg, NULL, NULL) ? guest_refused(argv[0]) : CTL_OK;
}
