// SPDX-License-Identifier: GPL-2.0
/*
 * Options: the global ones, which may stand anywhere, and those of the command
 * that runs, which are rows of its table.  What goes wrong is told in the name of
 * that command.
 */
#include <assert.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

/* What getopt_long() answers for the options of a command: this and its row */
#define FIRST 256

static const struct option global[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "pretty", no_argument, NULL, 'p' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
};

#define GLOBALS (sizeof(global) / sizeof(global[0]))

static const struct ctl_command *running;
static const char *given[CTL_OPTIONS];

static enum ctl_parsed parse(int argc, char **argv, const char *letters,
			     const struct option *options)
{
	enum ctl_parsed parsed = CTL_RUN;
	int c;

	optind = 0;	/* glibc's way to begin anew */
	while ((c = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		switch (c) {
		case 'j':
			ctl_options.json = true;
			break;
		case 'p':
			ctl_options.pretty = true;
			break;
		case 'h':
			parsed = CTL_HELP;
			break;
		case 'V':
			parsed = CTL_VERSION;
			break;
		case '?':
			return CTL_WRONG;
		default:
			given[c - FIRST] = optarg ?: "";
		}
	}
	return parsed;
}

/**
 * ctl_parse_global() - the options before the command
 * @argc: words of the command line
 * @argv: the words
 * @words: filled with the index of the command
 *
 * Return: what they ask for; what is wrong with them has been said.
 */
enum ctl_parsed ctl_parse_global(int argc, char **argv, int *words)
{
	struct option options[GLOBALS + 1] = { 0 };
	enum ctl_parsed parsed;

	memcpy(options, global, sizeof(global));
	parsed = parse(argc, argv, "+jphV", options);
	*words = optind;
	return parsed;
}

/**
 * ctl_parse() - the options behind the command
 * @cmd: the command
 * @argc: words from the command on
 * @argv: the words, which are sorted: options first
 * @words: filled with the index of the first word that is no option
 *
 * Return: what they ask for; what is wrong with them, or with the number of
 * words, has been said.
 */
enum ctl_parsed ctl_parse(const struct ctl_command *cmd, int argc, char **argv, int *words)
{
	struct option options[GLOBALS + CTL_OPTIONS + 1] = { 0 };
	static char who[64];
	enum ctl_parsed parsed;
	int i;

	running = cmd;
	memcpy(options, global, sizeof(global));
	for (i = 0; cmd->options && cmd->options[i].name; i++) {
		assert(i < CTL_OPTIONS);
		options[GLOBALS + i].name = cmd->options[i].name;
		options[GLOBALS + i].has_arg = cmd->options[i].arg ? required_argument :
								     no_argument;
		options[GLOBALS + i].val = FIRST + i;
	}
	/* for the messages of getopt_long() */
	snprintf(who, sizeof(who), "%s: %s", program_invocation_short_name, cmd->name);
	argv[0] = who;
	parsed = parse(argc, argv, "jphV", options);
	*words = optind;
	if (parsed != CTL_RUN)
		return parsed;
	argc -= optind;
	if (!cmd->max && argc) {
		warnx("%s takes no '%s'", cmd->name, argv[optind]);
		return CTL_WRONG;
	}
	if (argc < cmd->min || (cmd->max >= 0 && argc > cmd->max)) {
		warnx("usage: keelctl %s %s; see 'keelctl help %s'", cmd->name, cmd->words,
		      cmd->name);
		return CTL_WRONG;
	}
	return CTL_RUN;
}

/**
 * ctl_opt() - an option of the command that runs
 * @name: which
 *
 * Return: its argument, empty when it takes none, or NULL when it was not given.
 */
const char *ctl_opt(const char *name)
{
	int i;

	for (i = 0; running->options && running->options[i].name; i++)
		if (!strcmp(running->options[i].name, name))
			return given[i];
	return NULL;
}

/**
 * ctl_warn() - say on standard error what went wrong with the command that runs
 * @fmt: as printf's, without a line feed
 */
void ctl_warn(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "%s: %s: ", program_invocation_short_name, running->name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}
