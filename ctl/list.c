// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl list and keelctl show: what guests there are, and what one of them is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ctl.h"
#include "guest.h"
#include "json.h"
#include "text.h"

const struct ctl_option list_options[] = {
	{ "null", NULL, "names alone, each with a NUL byte behind it" },
	{ NULL }
};

static __u64 boottime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static const char *since(__u64 then)
{
	__u64 now = boottime();

	return then ? text_time(now > then ? now - then : 0) : "-";
}

static const char *colour_of(const struct guest *guest)
{
	switch (guest->state) {
	case KEEL_VM_STATE_RUNNING:
		return ctl_paint(CTL_GREEN);
	case KEEL_VM_STATE_PAUSED:
		return ctl_paint(CTL_YELLOW);
	case KEEL_VM_STATE_CRASHED:
		return ctl_paint(CTL_RED);
	}
	return "";
}

static const char *const titles[] = {
	"ID", "NAME", "STATE", "MEMORY", "VCPUS", "WEIGHT", "UP", "CONSOLE", "WHY"
};

static void print_table(const struct guests *list)
{
	const struct guest *g;
	unsigned int i;

	text_table("rllrrrrll");
	for (i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		text_cell("%s", titles[i]);
	for (i = 0; i < list->nr; i++) {
		g = &list->guest[i];
		text_cell("%u", g->id);
		text_cell("%s", text_quote(g->name));
		text_cell("%s", guest_state(g->state));
		text_cell("%s", text_size(g->memory));
		text_cell("%u", g->vcpus);
		text_cell("%u", g->weight);
		text_cell("%s", guest_is_up(g) ? since(g->started) : "-");
		text_cell("%s", *g->console ? g->console : "-");
		text_cell("%s", guest_why(g));
	}
	text_table_end(list->nr + 1);
}

/**
 * cmd_list() - keelctl list [--null]
 * @argc: how many words
 * @argv: the words, of which there can be none
 *
 * Return: the exit status.
 */
int cmd_list(int argc, char **argv)
{
	struct guests list;
	unsigned int i;
	int status = guest_list(&list);

	if (status != CTL_OK)
		return status;
	if (ctl_opt("null")) {
		for (i = 0; i < list.nr; i++)
			printf("%s%c", list.guest[i].name, 0);
	} else if (ctl_options.json) {
		json_open(NULL, '{');
		json_open("guests", '[');
		for (i = 0; i < list.nr; i++)
			guest_json(NULL, &list.guest[i]);
		json_close();
		json_close();
	} else {
		print_table(&list);
	}
	free(list.guest);
	return CTL_OK;
}

static void print_guest(const struct guest *g)
{
	unsigned int i;

	printf("%s%s%s\n", ctl_paint(CTL_BOLD), text_quote(g->name), ctl_paint(CTL_PLAIN));
	printf("  id       %u\n", g->id);
	printf("  state    %s%s%s%s%s%s\n", colour_of(g), guest_state(g->state),
	       *colour_of(g) ? ctl_paint(CTL_PLAIN) : "", *guest_why(g) ? " (" : "", guest_why(g),
	       *guest_why(g) ? ")" : "");
	printf("  memory   %s (%llu bytes)\n", text_size(g->memory), (unsigned long long)g->memory);
	printf("  vcpus    %u\n", g->vcpus);
	printf("  weight   %u\n", g->weight);
	printf("  created  %s ago\n", since(g->created));
	if (g->started)
		printf("  started  %s ago\n", since(g->started));
	if (g->template)
		puts("  template yes");
	if (g->huge)
		puts("  huge     yes");
	if (*g->console)
		printf("  console  /dev/%s\n", g->console);
	if (g->threads)
		printf("  threads ");
	for (i = 0; i < g->threads; i++)
		printf(" %u", g->thread[i]);
	if (g->threads)
		putchar('\n');
}

/**
 * cmd_show() - keelctl show NAME
 * @argc: how many words, which is one
 * @argv: the guest
 *
 * Return: the exit status.
 */
int cmd_show(int argc, char **argv)
{
	struct guest guest;
	int status = guest_get(argv[0], &guest);

	if (status != CTL_OK)
		return status;
	if (ctl_options.json)
		guest_json(NULL, &guest);
	else
		print_guest(&guest);
	return CTL_OK;
}
