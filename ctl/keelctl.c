// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl: the program that people and scripts use Keel with.
 *
 * This file is the table of commands, the global options, and how a word finds
 * its command.  Each command is a file of its own.  Answers go to standard
 * output, what went wrong to standard error, always with the program's name
 * before it.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

struct ctl_options ctl_options;

const struct ctl_command ctl_commands[] = {
	{ "doctor", "say whether this machine can run Keel, and what to do if not",
	  "Every requirement of the CPUs and of the kernel, with yes, no or unknown, and\n"
	  "with a remedy for each no.  It reads only, and needs neither the module nor, for\n"
	  "most of its answers, root.\n"
	  "Exit status: 0, or 2 if a requirement is missing.\n",
	  cmd_doctor },
	{ "status", "say whether Keel is loaded, and what it counts",
	  "How many CPUs are demoted, memory, messages, and the exits by reason.  The\n"
	  "counters are in debugfs, which only root can read.\n"
	  "Exit status: 0, or 2 if Keel is not loaded.\n",
	  cmd_status },
	{ "help", "say what a command does",
	  "help COMMAND says more about that command.\n",
	  cmd_help },
	{ NULL }
};

/**
 * ctl_find() - the command that a word means
 * @word: its name, or the beginning of its name and of no other's
 *
 * Return: the row, or NULL; why has been said then.
 */
const struct ctl_command *ctl_find(const char *word)
{
	const struct ctl_command *cmd, *found = NULL;
	size_t len = strlen(word);

	for (cmd = ctl_commands; cmd->name; cmd++) {
		if (!strcmp(cmd->name, word))
			return cmd;
		if (!len || strncmp(cmd->name, word, len))
			continue;
		if (found) {
			warnx("'%s' can be '%s' or '%s'", word, found->name, cmd->name);
			return NULL;
		}
		found = cmd;
	}
	if (!found)
		warnx("no command '%s'; see 'keelctl help'", word);
	return found;
}

/**
 * ctl_paint() - change the colour of what follows
 * @colour: one of the CTL_ colours
 *
 * Return: the sequence to print, empty where there are to be no colours.
 */
const char *ctl_paint(const char *colour)
{
	return ctl_options.colour ? colour : "";
}

/* https://no-color.org: set to anything but nothing */
static bool may_colour(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
	       term && strcmp(term, "dumb");
}

static int run(int argc, char **argv)
{
	const struct ctl_command *cmd;

	if (!argc) {
		warnx("which command? see 'keelctl help'");
		return CTL_USAGE;
	}
	cmd = ctl_find(argv[0]);
	if (!cmd)
		return CTL_USAGE;
	if (argc > 1 && !strcmp(argv[1], "help") && cmd->run != cmd_help)
		return cmd_help(1, argv);
	return cmd->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL }
	};
	bool help = false, version = false;
	int c, status;

	while ((c = getopt_long(argc, argv, "jphV", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			ctl_options.json = true;
			break;
		case 'p':
			ctl_options.pretty = true;
			break;
		case 'h':
			help = true;
			break;
		case 'V':
			version = true;
			break;
		default:
			return CTL_USAGE;
		}
	}
	ctl_options.colour = may_colour();

	if (version)
		status = cmd_version();
	else if (help)
		status = cmd_help(argc - optind, argv + optind);
	else
		status = run(argc - optind, argv + optind);

	/* A full disk or a closed pipe is a failure, not an answer. */
	if (fflush(stdout) || ferror(stdout)) {
		warn("standard output");
		return CTL_REFUSED;
	}
	return status;
}
