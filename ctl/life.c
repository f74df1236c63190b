// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl start, pause, resume, stop, reset, destroy: what is done to guests that
 * there are.  Each takes any number of them; one that is refused does not keep the
 * others from it, and the exit status is the worst one.
 */
#include "ctl.h"
#include "guest.h"
#include "parse.h"
#include "wait.h"

/* How much longer than a guest may take to stop Linux may take to end it, in ms */
#define GRACE 10000

const struct ctl_option stop_options[] = {
	{ "timeout", "SECONDS", "force it after this time; 0 at once; 10 if not given" },
	{ "wait", NULL, "come back when it has stopped" },
	{ "id", NULL, "guests are named by their ids" },
	{ NULL }
};

static int each(int command, int argc, char **argv)
{
	int i, one, status = CTL_OK;

	for (i = 0; i < argc; i++) {
		one = guest_do(command, argv[i]);
		if (one > status)
			status = one;
	}
	return status;
}

/**
 * cmd_start() - keelctl start NAME...
 * @argc: how many guests
 * @argv: which
 *
 * Return: the exit status.
 */
int cmd_start(int argc, char **argv)
{
	return each(KEEL_CMD_VM_START, argc, argv);
}

/**
 * cmd_pause() - keelctl pause NAME...
 * @argc: how many guests
 * @argv: which
 *
 * Return: the exit status.
 */
int cmd_pause(int argc, char **argv)
{
	return each(KEEL_CMD_VM_PAUSE, argc, argv);
}

/**
 * cmd_resume() - keelctl resume NAME...
 * @argc: how many guests
 * @argv: which
 *
 * Return: the exit status.
 */
int cmd_resume(int argc, char **argv)
{
	return each(KEEL_CMD_VM_RESUME, argc, argv);
}

/**
 * cmd_reset() - keelctl reset NAME...
 * @argc: how many guests
 * @argv: which
 *
 * Return: the exit status.
 */
int cmd_reset(int argc, char **argv)
{
	return each(KEEL_CMD_VM_RESET, argc, argv);
}

/**
 * cmd_destroy() - keelctl destroy NAME...
 * @argc: how many guests
 * @argv: which
 *
 * Return: the exit status.
 */
int cmd_destroy(int argc, char **argv)
{
	return each(KEEL_CMD_VM_DEL, argc, argv);
}

static int stop_one(const char *word, __u32 timeout)
{
	struct nl_msg *msg = ctl_request(KEEL_CMD_VM_STOP);

	if (!guest_which(msg, word)) {
		nlmsg_free(msg);
		return CTL_USAGE;
	}
	if (nla_put_u32(msg, KEEL_A_VM_TIMEOUT, timeout)) {
		nlmsg_free(msg);
		return CTL_REFUSED;
	}
	return ctl_do(msg, NULL, NULL) ? guest_refused(word) : CTL_OK;
}

/**
 * cmd_stop() - keelctl stop [--timeout SECONDS] [--wait] NAME...
 * @argc: how many guests
 * @argv: which
 *
 * All are asked before the first one is waited for.
 *
 * Return: the exit status.
 */
int cmd_stop(int argc, char **argv)
{
	__u32 timeout = KEEL_STOP_TIMEOUT;
	int i, one, status;

	if (ctl_opt("timeout") && !parse_seconds("--timeout", ctl_opt("timeout"), &timeout))
		return CTL_USAGE;
	status = ctl_connect();
	if (status != CTL_OK)
		return status;
	for (i = 0; i < argc; i++) {
		one = stop_one(argv[i], timeout);
		if (one > status)
			status = one;
	}
	if (status != CTL_OK || !ctl_opt("wait"))
		return status;
	for (i = 0; i < argc && status == CTL_OK; i++)
		status = wait_for(argv[i], WAIT_ENDED, timeout + GRACE);
	return status;
}
