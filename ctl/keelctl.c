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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

struct ctl_options ctl_options;

const struct ctl_command ctl_commands[] = {
	{ "create", "NAME --memory SIZE [OPTION...]", 1, 1, "make a guest",
	  "With --kernel it can be started, and with --start it is.  If anything is refused,\n"
	  "there is no guest.  Sizes may have K, M, G or T, for powers of 1024.\n"
	  "With -j, prints the guest as 'show' does.\n",
	  create_options, cmd_create },
	{ "load", "NAME --kernel FILE [OPTION...]", 1, 1, "say what a guest starts from",
	  "It starts from that the next time.\n",
	  load_options, cmd_load },
	{ "start", "NAME...", 1, -1, "start guests that are stopped or have crashed", "",
	  name_options, cmd_start },
	{ "pause", "NAME...", 1, -1, "stop guests' processors, and keep their memory", "",
	  name_options, cmd_pause },
	{ "resume", "NAME...", 1, -1, "let paused guests go on", "",
	  name_options, cmd_resume },
	{ "stop", "NAME...", 1, -1, "ask guests to stop, and force them after a time",
	  "Exit status: 3 if --wait has waited in vain.\n",
	  stop_options, cmd_stop },
	{ "reset", "NAME...", 1, -1, "start guests again that run or are paused", "",
	  name_options, cmd_reset },
	{ "destroy", "NAME...", 1, -1, "delete guests, whatever they do", "",
	  name_options, cmd_destroy },
	{ "set", "NAME --weight N", 1, 1, "change a guest's settings", "",
	  set_options, cmd_set },
	{ "clone", "NAME NEW [--count N] [OPTION...]", 2, 2,
	  "make guests that are where another one is",
	  "The source runs or is paused.  Clones share its memory until one of them writes to it.\n"
	  "If anything is refused, there is none.\n"
	  "With -j, prints the first one as 'show' does.\n",
	  clone_options, cmd_clone },
	{ "template", "NAME [on|off]", 1, 2, "have a paused guest for nothing but to be cloned",
	  "It does not go on, start again or stop before it is 'off'.\n",
	  name_options, cmd_template },
	{ "share", "[WHAT [NAME|N]]", 0, 2, "let guests share equal pages, and print what it saves",
	  "  on NAME       look for pages of this guest that are equal to others\n"
	  "  off NAME      stop that; what is shared stays so until it is written to\n"
	  "  domain NAME   with --domain N: share with guests of domain N; with 0, alone\n"
	  "  explain NAME  print of each of this guest's pages what it is, and why\n"
	  "  scan          find what there is to be found now, without regard to the limits\n"
	  "  budget N      percent of one CPU that looking may take\n"
	  "  rate N        pages a second that may be looked at; 0 for no limit\n"
	  "  cap N         how often a frame may be mapped\n"
	  "Without any of them, prints what all guests share.\n",
	  share_options, cmd_share },
	{ "list", "", 0, 0, "print what guests there are", "",
	  list_options, cmd_list },
	{ "show", "NAME", 1, 1, "print what a guest is", "",
	  name_options, cmd_show },
	{ "wait", "NAME STATE", 2, 2, "wait until a guest is in a state",
	  "The states are created, stopped, running, paused, crashed, and deleted.\n"
	  "Exit status: 3 if it has not come to that in time.\n",
	  wait_options, cmd_wait },
	{ "console", "NAME", 1, 1, "connect to a guest's serial port",
	  "On a terminal, Ctrl-] ends it.  Else standard input goes to the guest up to its\n"
	  "end, and it ends when the guest has.\n",
	  console_options, cmd_console },
	{ "monitor", "", 0, 0, "print what happens to guests, as it happens",
	  "A line for each event, with -j an object.  It ends when Keel is unloaded.\n",
	  NULL, cmd_monitor },
	{ "stat", "[NAME]", 0, 1, "print what guests have done and what they have",
	  "Without NAME, a line for each.\n",
	  name_options, cmd_stat },
	{ "top", "", 0, 0, "print what guests are doing, again and again",
	  "On a terminal it goes on until q is pressed, else until --count is reached.\n",
	  top_options, cmd_top },
	{ "status", "", 0, 0, "say whether Keel is loaded, and what it counts",
	  "How many CPUs are demoted, memory, guests, messages, and the exits by reason.\n"
	  "The counters are in debugfs, which only root can read.\n"
	  "Exit status: 0, or 2 if Keel is not loaded.\n",
	  NULL, cmd_status },
	{ "unload", "", 0, 0, "unload Keel, unless there are guests",
	  "Linux gets the machine back.  With guests it is refused, and says which.\n",
	  NULL, cmd_unload },
	{ "doctor", "", 0, 0, "say whether this machine can run Keel, and what to do if not",
	  "Every requirement of the CPUs and of the kernel, with yes, no or unknown, and\n"
	  "with a remedy for each no.  It reads only, and needs neither the module nor, for\n"
	  "most of its answers, root.\n"
	  "Exit status: 0, or 2 if a requirement is missing.\n",
	  NULL, cmd_doctor },
	{ "help", "[COMMAND]", 0, 1, "say what a command does",
	  "help COMMAND says more about that command.\n",
	  NULL, cmd_help },
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
	int words;

	if (!argc) {
		warnx("which command? see 'keelctl help'");
		return CTL_USAGE;
	}
	cmd = ctl_find(argv[0]);
	if (!cmd)
		return CTL_USAGE;
	/* Where a guest may be meant, "help" is its name. */
	if (!cmd->max && argc > 1 && !strcmp(argv[1], "help"))
		return ctl_help(cmd);
	switch (ctl_parse(cmd, argc, argv, &words)) {
	case CTL_HELP:
		return ctl_help(cmd);
	case CTL_VERSION:
		return cmd_version();
	case CTL_WRONG:
		return CTL_USAGE;
	case CTL_RUN:
		break;
	}
	return cmd->run(argc - words, argv + words);
}

int main(int argc, char **argv)
{
	int status, words;

	ctl_options.colour = may_colour();
	switch (ctl_parse_global(argc, argv, &words)) {
	case CTL_VERSION:
		status = cmd_version();
		break;
	case CTL_HELP:
		status = cmd_help(argc - words, argv + words);
		break;
	case CTL_RUN:
		status = run(argc - words, argv + words);
		break;
	default:
		return CTL_USAGE;
	}

	/* A full disk or a closed pipe is a failure, not an answer. */
	if (fflush(stdout) || ferror(stdout)) {
		warn("standard output");
		return CTL_REFUSED;
	}
	return status;
}
