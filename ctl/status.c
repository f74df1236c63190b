// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl status: is Keel loaded, on how many CPUs, and what has it counted?
 *
 * The counters are two tables in debugfs, of fields separated by tabs: "name
 * value description" and "cpu reason count ticks description".  A counter that
 * this program does not know is printed like any other.  What there is of guests
 * comes by netlink.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netlink/genl/genl.h>

#include "ctl.h"
#include "json.h"
#include "kernel.h"
#include "nl.h"
#include "sys.h"

#define REASONS 128

struct reason {
	const char *name;
	const char *text;
	unsigned long long count;
	unsigned long long ticks;
};

/**
 * struct about - what Keel says of itself
 * @known: it does
 * @abi: version of what Linux and root agree on
 * @vms: guests that there are
 * @running: guests that run
 * @donated: bytes that Linux has given to root
 * @tampered: accesses to root's memory that were refused
 * @why_not: why there can be no guests on this machine, empty when there can
 */
struct about {
	bool known;
	__u32 abi;
	__u32 vms;
	__u32 running;
	__u64 donated;
	__u64 tampered;
	char why_not[160];
};

/**
 * struct status - what is known
 * @version: the module's, NULL when it does not say
 * @online: CPUs that are online
 * @err: why the counters are not known, 0 when they are
 * @where: debugfs, empty when it is not mounted
 * @counters: the file's text
 * @exits: the file's text
 * @reason: exits, those of all CPUs added up
 * @nr: number of reasons
 * @about: from netlink
 */
struct status {
	char *version;
	unsigned int online;
	int err;
	char where[160];
	char *counters;
	char *exits;
	struct reason reason[REASONS];
	unsigned int nr;
	struct about about;
};

static const struct nla_policy policy[KEEL_A_STATUS_MAX + 1] = {
	[KEEL_A_STATUS_ABI] = { .type = NLA_U32 },
	[KEEL_A_STATUS_VMS] = { .type = NLA_U32 },
	[KEEL_A_STATUS_RUNNING] = { .type = NLA_U32 },
	[KEEL_A_STATUS_DONATED] = { .type = NLA_U64 },
	[KEEL_A_STATUS_TAMPERED] = { .type = NLA_U64 },
	[KEEL_A_STATUS_GUESTS] = { .type = NLA_NUL_STRING },
};

static int take_about(struct nlmsghdr *msg, void *arg)
{
	struct nlattr *tb[KEEL_A_STATUS_MAX + 1];
	struct about *about = arg;

	if (genlmsg_parse(msg, 0, tb, KEEL_A_STATUS_MAX, (struct nla_policy *)policy) ||
	    !tb[KEEL_A_STATUS_ABI] || !tb[KEEL_A_STATUS_VMS] || !tb[KEEL_A_STATUS_RUNNING] ||
	    !tb[KEEL_A_STATUS_DONATED] || !tb[KEEL_A_STATUS_TAMPERED])
		return -EBADMSG;
	about->known = true;
	about->abi = nla_get_u32(tb[KEEL_A_STATUS_ABI]);
	about->vms = nla_get_u32(tb[KEEL_A_STATUS_VMS]);
	about->running = nla_get_u32(tb[KEEL_A_STATUS_RUNNING]);
	about->donated = nla_get_u64(tb[KEEL_A_STATUS_DONATED]);
	about->tampered = nla_get_u64(tb[KEEL_A_STATUS_TAMPERED]);
	if (tb[KEEL_A_STATUS_GUESTS])
		nla_strlcpy(about->why_not, tb[KEEL_A_STATUS_GUESTS], sizeof(about->why_not));
	return 0;
}

static void ask(struct about *about)
{
	if (ctl_connect() == CTL_OK &&
	    ctl_do(ctl_request(KEEL_CMD_STATUS_GET), take_about, about))
		ctl_warn("nothing is known of guests: %s", ctl_why());
}

static char *read_table(struct status *s, const char *name)
{
	char path[200];
	char *text;

	snprintf(path, sizeof(path), "%s/keel/%s", s->where, name);
	text = sys_read(path);
	if (!text)
		s->err = errno;
	return text;
}

static struct reason *find_reason(struct status *s, const char *name, const char *text)
{
	unsigned int i;

	for (i = 0; i < s->nr; i++)
		if (!strcmp(s->reason[i].name, name))
			return &s->reason[i];
	if (s->nr == REASONS)
		return NULL;
	s->reason[s->nr].name = name;
	s->reason[s->nr].text = text;
	return &s->reason[s->nr++];
}

static void add_exits(struct status *s)
{
	char *rest = s->exits, *line, *field[5];
	struct reason *r;
	unsigned int i;

	while ((line = strsep(&rest, "\n"))) {
		if (*line < '0' || *line > '9')
			continue;
		for (i = 0; i < 5 && line; i++)
			field[i] = strsep(&line, "\t");
		r = i == 5 ? find_reason(s, field[1], field[4]) : NULL;
		if (!r)
			continue;
		r->count += strtoull(field[2], NULL, 10);
		r->ticks += strtoull(field[3], NULL, 10);
	}
}

static int by_count(const void *a, const void *b)
{
	const struct reason *x = a, *y = b;

	return x->count < y->count ? 1 : x->count > y->count ? -1 : strcmp(x->name, y->name);
}

static void look(struct status *s)
{
	s->version = sys_read("/sys/module/keel/version");
	s->online = kernel_cpus(NULL, 0);
	ask(&s->about);
	if (!kernel_mounted("debugfs", s->where, sizeof(s->where))) {
		s->err = ENODEV;
		return;
	}
	s->counters = read_table(s, "counters");
	s->exits = read_table(s, "exits");
	if (s->err)
		return;
	add_exits(s);
	qsort(s->reason, s->nr, sizeof(s->reason[0]), by_count);
}

/* The next line of the counters: its three fields, or false at the end. */
static bool next_counter(char **rest, char *field[3])
{
	char *line;

	while ((line = strsep(rest, "\n"))) {
		field[0] = strsep(&line, "\t");
		field[1] = strsep(&line, "\t");
		field[2] = strsep(&line, "\t");
		if (field[2])
			return true;
	}
	return false;
}

static void json_about(const struct about *about)
{
	if (!about->known) {
		json_null("guests");
		return;
	}
	json_u64("abi", about->abi);
	json_u64("donated", about->donated);
	json_u64("tampered", about->tampered);
	json_open("guests", '{');
	json_u64("all", about->vms);
	json_u64("running", about->running);
	json_bool("possible", !*about->why_not);
	json_str("reason", *about->why_not ? about->why_not : NULL);
	json_close();
}

static void print_json(struct status *s)
{
	char *rest = s->counters, *field[3];
	unsigned int i;

	json_open(NULL, '{');
	json_bool("loaded", true);
	json_str("version", s->version);
	json_u64("online", s->online);
	json_about(&s->about);
	if (s->err) {
		json_null("counters");
		json_null("exits");
		json_close();
		return;
	}
	json_open("counters", '{');
	while (next_counter(&rest, field))
		json_u64(field[0], strtoull(field[1], NULL, 10));
	json_close();
	json_open("exits", '[');
	for (i = 0; i < s->nr; i++) {
		json_open(NULL, '{');
		json_str("reason", s->reason[i].name);
		json_u64("count", s->reason[i].count);
		json_u64("ticks", s->reason[i].ticks);
		json_str("description", s->reason[i].text);
		json_close();
	}
	json_close();
	json_close();
}

static void print_text(struct status *s)
{
	char *rest = s->counters, *field[3];
	unsigned int i;

	printf("Keel%s%s is %sloaded%s\n\n", s->version ? " " : "", s->version ?: "",
	       ctl_paint(CTL_GREEN), ctl_paint(CTL_PLAIN));
	printf("%14u  %-14s CPUs that are online\n", s->online, "online");
	if (s->about.known) {
		printf("%14u  %-14s guests that there are\n", s->about.vms, "guests");
		printf("%14u  %-14s guests that run\n", s->about.running, "running");
	}
	if (*s->about.why_not)
		printf("%14s  %-14s %s\n", "no", "possible", s->about.why_not);
	if (s->err)
		return;
	while (next_counter(&rest, field))
		printf("%14s  %-14s %s\n", field[1], field[0], field[2]);
	printf("\n%14s  %14s  %-14s what for\n", "exits", "ticks in root", "reason");
	for (i = 0; i < s->nr; i++)
		printf("%14llu  %14llu  %-14s %s\n", s->reason[i].count, s->reason[i].ticks,
		       s->reason[i].name, s->reason[i].text);
}

/**
 * cmd_status() - keelctl status
 * @argc: how many words
 * @argv: the words, of which there can be none
 *
 * Return: the exit status.
 */
int cmd_status(int argc, char **argv)
{
	static struct status s;

	if (!kernel_module("keel")) {
		if (ctl_options.json) {
			json_open(NULL, '{');
			json_bool("loaded", false);
			json_close();
		}
		warnx("Keel is not loaded: modprobe keel, or see what keelctl doctor says");
		return CTL_REFUSED;
	}
	look(&s);
	if (ctl_options.json)
		print_json(&s);
	else
		print_text(&s);
	if (s.err == ENODEV)
		warnx("no counters: mount -t debugfs none /sys/kernel/debug");
	else if (s.err)
		warnx("no counters: %s: %s", s.where,
		      s.err == EACCES ? "run as root" : strerror(s.err));
	free(s.version);
	free(s.counters);
	free(s.exits);
	return CTL_OK;
}
