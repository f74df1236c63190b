// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl stat: what guests have done and what they have, a line for each guest, or
 * all that is known about one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "json.h"
#include "stats.h"
#include "text.h"

static void add_up(const struct stat_guest *s, struct stat_vcpu *sum)
{
	unsigned int i;

	*sum = (struct stat_vcpu) { 0 };
	for (i = 0; i < s->nr; i++) {
		sum->cpu_time += s->vcpu[i].cpu_time;
		sum->runs += s->vcpu[i].runs;
		stats_sum(&sum->returns, &s->vcpu[i].returns);
		stats_sum(&sum->exits, &s->vcpu[i].exits);
		sum->refused += s->vcpu[i].refused;
		if (*s->vcpu[i].last)
			memcpy(sum->last, s->vcpu[i].last, sizeof(sum->last));
	}
	stats_sort(&sum->returns);
	stats_sort(&sum->exits);
}

static void drop(struct stat_vcpu *sum)
{
	free(sum->returns.count);
	free(sum->exits.count);
}

static const char *const titles[] = {
	"ID", "NAME", "CPU TIME", "RUNS", "EXITS", "MAPPED", "SHARED", "ZERO", "TABLES", "POOL"
};

static void print_all(const struct stats *stats)
{
	struct stat_vcpu sum;
	unsigned int i;

	text_table("rlrrrrrrrr");
	for (i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		text_cell("%s", titles[i]);
	for (i = 0; i < stats->nr; i++) {
		const struct stat_guest *s = &stats->stat[i];

		add_up(s, &sum);
		text_cell("%u", s->id);
		text_cell("%s", text_quote(s->name));
		text_cell("%s", text_time(sum.cpu_time));
		text_cell("%llu", (unsigned long long)sum.runs);
		text_cell("%llu", (unsigned long long)stats_total(&sum.exits));
		text_cell("%s", text_size(s->mapped));
		text_cell("%s", text_size(s->shared));
		text_cell("%s", text_size(s->zero));
		text_cell("%s", text_size(s->tables));
		text_cell("%s", text_size(s->pool));
		drop(&sum);
	}
	text_table_end(stats->nr + 1);
}

static void print_number(unsigned long long val, const char *name, const char *text)
{
	printf("%14llu  %-14s %s\n", val, name, text);
}

static void print_counts(const char *title, const struct stat_counts *counts, bool ticks)
{
	unsigned int i;

	if (!counts->nr)
		return;
	printf("\n%14s", title);
	printf(ticks ? "  %14s  reason\n" : "  %s\n", ticks ? "ticks in root" : "cause");
	for (i = 0; i < counts->nr; i++) {
		printf("%14llu", (unsigned long long)counts->count[i].count);
		if (ticks)
			printf("  %14llu", (unsigned long long)counts->count[i].ticks);
		printf("  %s\n", counts->count[i].name);
	}
}

static void print_one(const struct stat_guest *s)
{
	struct stat_vcpu sum;
	char text[80];

	add_up(s, &sum);
	printf("%s%s%s\n\n", ctl_paint(CTL_BOLD), text_quote(s->name), ctl_paint(CTL_PLAIN));
	print_number(s->mapped, "mapped", "bytes of its own memory");
	print_number(s->huge, "huge", "bytes of that which are in large pages");
	print_number(s->splits, "splits", "large pages that were split, to share or to clone");
	print_number(s->collapses, "collapses", "large pages made again of small ones");
	print_number(s->shared, "shared", "bytes mapped to frames that others map as well");
	print_number(s->cloned, "cloned",
		     "bytes of memory that are a clone's as well, or a source's");
	print_number(s->zero, "zero", "bytes mapped to the one zero frame");
	print_number(s->tables, "tables", "bytes of EPT tables");
	print_number(s->pool, "pool", "bytes that wait for a first touch");
	print_number(s->spare, "spare", "bytes that merging has freed, on their way to Linux");
	print_number(s->reserve, "reserve", "bytes that the pool is to have for shared pages");
	print_number(s->is_short, "short", "times that no memory was to be had for these");
	print_number(s->starved, "starved", "times that it was paused for lack of memory");
	print_number(s->filled, "filled", "bytes ever taken in");
	print_number(s->read_touches, "read_touches", "first touches that were reads");
	print_number(s->write_touches, "write_touches", "first touches that were writes");
	print_number(s->nr, "vcpus", "vCPUs that there are threads for");
	print_number(sum.cpu_time, "cpu_time", "ns of CPU time, of all vCPUs");
	print_number(sum.runs, "runs", "VM entries from Linux");
	snprintf(text, sizeof(text), "accesses to MSRs that there are not%s%s",
		 *sum.last ? ", at last " : "", sum.last);
	print_number(sum.refused, "refused_msrs", text);
	print_counts("returns", &sum.returns, false);
	print_counts("exits", &sum.exits, true);
	drop(&sum);
}

/**
 * cmd_stat() - keelctl stat [NAME]
 * @argc: how many words
 * @argv: the guest
 *
 * Return: the exit status.
 */
int cmd_stat(int argc, char **argv)
{
	struct stats stats;
	int status = stats_get(argc ? argv[0] : NULL, &stats);

	if (status != CTL_OK)
		return status;
	if (ctl_options.json) {
		json_open(NULL, '{');
		stats_json(&stats);
		json_close();
	} else if (argc && stats.nr) {
		print_one(&stats.stat[0]);
	} else {
		print_all(&stats);
	}
	stats_free(&stats);
	return CTL_OK;
}
