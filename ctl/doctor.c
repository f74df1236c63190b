// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl doctor: can this machine run Keel?  Each requirement is a row with yes,
 * no or unknown; a no comes with a remedy.  The rows are made by doctor_cpu.c
 * and doctor_kernel.c; this file prints them.
 *
 * Nothing is guessed: what cannot be looked at is unknown, says why, and does
 * not count as missing.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "doctor.h"
#include "json.h"
#include "kernel.h"
#include "sys.h"

static const char *const groups[][2] = {
	{ "cpu", "CPUs" },
	{ "kernel", "kernel" },
	{ "optional", "of use, but not required" },
	{ NULL }
};

/**
 * doctor_row() - add a requirement
 * @report: to this report
 * @group: see struct doctor_row
 * @id: the same
 * @text: the same
 *
 * Return: the row, met so far.
 */
struct doctor_row *doctor_row(struct doctor_report *report, const char *group,
			      const char *id, const char *text)
{
	struct doctor_row *row = &report->row[report->nr];

	if (report->nr == DOCTOR_ROWS)
		abort();
	report->nr++;
	row->id = id;
	row->group = group;
	row->text = text;
	row->met = DOCTOR_YES;
	return row;
}

static unsigned int count(const struct doctor_report *report, enum doctor_met met)
{
	unsigned int i, n = 0;

	for (i = 0; i < report->nr; i++)
		n += strcmp(report->row[i].group, "optional") && report->row[i].met == met;
	return n;
}

static void print_json(const struct doctor_report *report)
{
	const struct doctor_row *row;
	unsigned int i;

	json_open(NULL, '{');
	json_bool("loaded", report->loaded);
	json_str("kernel", sys_release());
	json_u64("cpus", report->cpus);
	json_u64("missing", count(report, DOCTOR_NO));
	json_u64("unknown", count(report, DOCTOR_UNKNOWN));
	json_open("requirements", '[');
	for (i = 0; i < report->nr; i++) {
		row = &report->row[i];
		json_open(NULL, '{');
		json_str("id", row->id);
		json_str("group", row->group);
		json_bool("required", strcmp(row->group, "optional"));
		if (row->met == DOCTOR_UNKNOWN)
			json_null("met");
		else
			json_bool("met", row->met == DOCTOR_YES);
		json_str("text", row->text);
		json_str("note", *row->note ? row->note : NULL);
		json_str("remedy", row->remedy);
		json_close();
	}
	json_close();
	json_close();
}

static void print_row(const struct doctor_row *row)
{
	static const char *const words[] = {
		[DOCTOR_NO] = "no", [DOCTOR_YES] = "yes", [DOCTOR_UNKNOWN] = "unknown",
	};
	static const char *const colours[] = {
		[DOCTOR_NO] = CTL_RED, [DOCTOR_YES] = CTL_GREEN, [DOCTOR_UNKNOWN] = CTL_YELLOW,
	};
	const char *colour = colours[row->met];

	if (row->met == DOCTOR_NO && !strcmp(row->group, "optional"))
		colour = CTL_YELLOW;
	printf("  %s%-8s%s %s", ctl_paint(colour), words[row->met], ctl_paint(CTL_PLAIN),
	       row->text);
	if (*row->note)
		printf(" (%s)", row->note);
	putchar('\n');
	if (row->remedy)
		printf("           %s-> %s%s\n", ctl_paint(CTL_BOLD), row->remedy,
		       ctl_paint(CTL_PLAIN));
}

static void print_summary(const struct doctor_report *report)
{
	unsigned int missing = count(report, DOCTOR_NO);
	unsigned int unknown = count(report, DOCTOR_UNKNOWN);

	putchar('\n');
	if (report->loaded)
		puts("Keel is loaded: Linux runs as its guest, and VT-x is hidden.");
	else if (missing)
		printf("Keel cannot be loaded here: %u requirement%s missing.\n", missing,
		       missing > 1 ? "s are" : " is");
	else if (unknown)
		printf("Nothing is known to be missing; %u requirement%s unknown.\n", unknown,
		       unknown > 1 ? "s are" : " is");
	else
		puts("Keel can be loaded here.");
}

static void print_text(const struct doctor_report *report)
{
	unsigned int g, i, blocked;

	for (g = 0; groups[g][0]; g++) {
		printf("%s%s\n", g ? "\n" : "", groups[g][1]);
		for (blocked = 0, i = 0; i < report->nr; i++) {
			const struct doctor_row *row = &report->row[i];

			if (strcmp(row->group, groups[g][0]))
				continue;
			if (row->blocked)
				blocked++;
			else
				print_row(row);
		}
		if (blocked)
			printf("  ...      and %u more, which are unknown without VT-x\n", blocked);
	}
	print_summary(report);
}

/**
 * cmd_doctor() - keelctl doctor
 * @argc: how many words
 * @argv: the words, of which there can be none
 *
 * Return: the exit status.
 */
int cmd_doctor(int argc, char **argv)
{
	static struct doctor_report report;

	report.loaded = kernel_module("keel");
	doctor_cpu(&report);
	doctor_kernel(&report);
	if (ctl_options.json)
		print_json(&report);
	else
		print_text(&report);
	return count(&report, DOCTOR_NO) ? CTL_REFUSED : CTL_OK;
}
