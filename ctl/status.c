// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl status: is Keel loaded, on how many CPUs, and what has it counted?
 *
 * The counters are two tables in debugfs, of fields separated by tabs: "name
 * value description" and "cpu reason count ticks description".  A counter that
 * this program does not know is printed like any other.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "json.h"
#include "kernel.h"
#include "sys.h"

#define REASONS 128

struct reason {
	const char *name;
	const char *text;
	unsigned long long count;
	unsigned long long ticks;
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
};

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

static void print_json(struct status *s)
{
	char *rest = s->counters, *field[3];
	unsigned int i;

	json_open(NULL, '{');
	json_bool("loaded", true);
	json_str("version", s->version);
	json_u64("online", s->online);
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

	if (argc) {
		warnx("status takes no '%s'", argv[0]);
		return CTL_USAGE;
	}
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
