// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl monitor: notifications, as they come.  When this program is too slow for
 * them, some are lost, and it says so: who keeps a list has to ask for it anew.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <netlink/genl/genl.h>
#include <netlink/socket.h>

#include "ctl.h"
#include "guest.h"
#include "json.h"
#include "text.h"

#define NAME(constant, name) [constant] = name,

static const char *const events[] = { KEEL_VM_EVENTS(NAME) };

static void print_time(void)
{
	struct timespec now;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	strftime(text, sizeof(text), "%F %T", localtime(&now.tv_sec));
	printf("%s.%03ld  ", text, now.tv_nsec / 1000000);
}

static void json_begin(const char *event)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	json_open(NULL, '{');
	json_u64("time", now.tv_sec * 1000000000ULL + now.tv_nsec);
	json_str("event", event);
}

static void print_tamper(struct nlattr **tb)
{
	struct nlattr *address = tb[KEEL_A_VM_TAMPER_ADDRESS], *cpu = tb[KEEL_A_VM_TAMPER_CPU];
	__u64 where = address ? nla_get_u64(address) : 0;
	__u32 who = cpu ? nla_get_u32(cpu) : 0;

	if (ctl_options.json) {
		json_begin("tamper");
		json_u64("address", where);
		json_u64("cpu", who);
		json_close();
		return;
	}
	print_time();
	printf("%stamper%s  CPU %u has tried to write to %#llx, which is Keel's\n",
	       ctl_paint(CTL_RED), ctl_paint(CTL_PLAIN), who, (unsigned long long)where);
}

static void print_guest(const struct guest *g)
{
	static char unheard[16];
	const char *event = unheard, *why = guest_why(g);

	if (g->event && g->event < sizeof(events) / sizeof(events[0]))
		event = events[g->event];
	else
		snprintf(unheard, sizeof(unheard), "%u", g->event);
	if (ctl_options.json) {
		json_begin(event);
		guest_json("guest", g);
		json_close();
		return;
	}
	print_time();
	printf("%-10s  %s  %s%s%s%s\n", event, text_quote(g->name), guest_state(g->state),
	       *why ? " (" : "", why, *why ? ")" : "");
}

static int take_event(struct nlmsghdr *msg, void *arg)
{
	struct nlattr *tb[KEEL_A_VM_MAX + 1];
	struct guest guest;
	int err = guest_take(msg, &guest);

	if (err)
		return err;
	if (guest.event == KEEL_VM_EVENT_TAMPER) {
		if (!genlmsg_parse(msg, 0, tb, KEEL_A_VM_MAX, NULL))
			print_tamper(tb);
	} else {
		print_guest(&guest);
	}
	return 0;
}

static void print_lost(void)
{
	if (ctl_options.json) {
		json_begin("lost");
		json_close();
		return;
	}
	print_time();
	printf("%slost%s        events have come too fast, and some are missing here\n",
	       ctl_paint(CTL_YELLOW), ctl_paint(CTL_PLAIN));
}

/**
 * cmd_monitor() - keelctl monitor
 * @argc: how many words
 * @argv: the words, of which there can be none
 *
 * Return: the exit status.
 */
int cmd_monitor(int argc, char **argv)
{
	int err = 0, status = ctl_connect();
	struct nl_sock *sock;

	if (status != CTL_OK)
		return status;
	sock = ctl_listen();
	if (!sock)
		return CTL_REFUSED;
	while (!err && !ferror(stdout)) {
		err = ctl_hear(sock, -1, take_event, NULL);
		if (err == -ENOBUFS) {
			print_lost();
			err = 0;
		}
		fflush(stdout);
	}
	nl_socket_free(sock);
	if (err == -ENODEV)
		ctl_warn("Keel was unloaded");
	else if (err)
		ctl_warn("%s", strerror(-err));
	return err ? CTL_REFUSED : CTL_OK;
}
