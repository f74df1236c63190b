/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all commands of keelctl share: the global options, the exit statuses and
 * the table of commands.
 */
#ifndef KEEL_CTL_H
#define KEEL_CTL_H

#include <stdbool.h>

/* Exit statuses, as those of ip(8) */
enum {
	CTL_OK,
	CTL_USAGE,		/* the command line cannot be understood */
	CTL_REFUSED,		/* the kernel or the machine says no */
};

/**
 * struct ctl_options - the global options
 * @json: print JSON
 * @pretty: and with line breaks
 * @colour: standard output is a terminal that may be coloured
 */
struct ctl_options {
	bool json;
	bool pretty;
	bool colour;
};

extern struct ctl_options ctl_options;

/**
 * struct ctl_command - a row of the table of commands
 * @name: may be abbreviated by users as long as it is unambiguous
 * @summary: one line
 * @help: what more there is to say, lines that end in a line feed
 * @run: does it, with the words behind the command; returns the exit status
 */
struct ctl_command {
	const char *name;
	const char *summary;
	const char *help;
	int (*run)(int argc, char **argv);
};

/* Ends with a row without a name */
extern const struct ctl_command ctl_commands[];

const struct ctl_command *ctl_find(const char *word);
const char *ctl_paint(const char *colour);

/* Colours for ctl_paint() */
#define CTL_RED		"\033[31m"
#define CTL_GREEN	"\033[32m"
#define CTL_YELLOW	"\033[33m"
#define CTL_BOLD	"\033[1m"
#define CTL_PLAIN	"\033[0m"

int cmd_doctor(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_version(void);

#endif /* KEEL_CTL_H */
