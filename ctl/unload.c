// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl unload: give the machine back to Linux, unless there are guests, whose
 * names are told then.  Linux itself would only say that the module is in use.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "guest.h"
#include "kernel.h"
#include "sys.h"
#include "text.h"

/* Names in one message; more than that nobody reads. */
#define NAMES 10

static void tell(const struct guests *list)
{
	char names[NAMES * 340] = "";
	unsigned int i;
	char *to = names;

	for (i = 0; i < list->nr && i < NAMES; i++) {
		to = stpcpy(to, i ? ", " : "");
		to = stpcpy(to, text_quote(list->guest[i].name));
	}
	if (list->nr > NAMES)
		sprintf(to, " and %u more", list->nr - NAMES);
	ctl_warn("there %s %u guest%s: %s; keelctl destroy NAME... first",
		 list->nr > 1 ? "are" : "is", list->nr, list->nr > 1 ? "s" : "", names);
}

/**
 * cmd_unload() - keelctl unload
 * @argc: how many words
 * @argv: the words, of which there can be none
 *
 * Return: the exit status.
 */
int cmd_unload(int argc, char **argv)
{
	struct guests list;
	int err, status;

	if (!kernel_module("keel")) {
		ctl_warn("Keel is not loaded");
		return CTL_REFUSED;
	}
	status = guest_list(&list);
	if (status != CTL_OK)
		return status;
	if (list.nr) {
		tell(&list);
		free(list.guest);
		return CTL_REFUSED;
	}
	free(list.guest);
	err = sys_unload("keel");
	if (!err)
		return CTL_OK;
	if (err == -EPERM)
		ctl_warn("only root may do this");
	else if (err == -EBUSY || err == -EWOULDBLOCK)
		ctl_warn("Keel is in use: there is a guest now, or one of its files is open");
	else
		ctl_warn("%s", strerror(-err));
	return CTL_REFUSED;
}
