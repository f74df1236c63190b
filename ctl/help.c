// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl help, and keelctl --version: the table of commands, told to people or
 * as JSON.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "json.h"

static void help_all(void)
{
	const struct ctl_command *cmd;

	if (ctl_options.json) {
		json_open(NULL, '{');
		json_open("commands", '[');
		for (cmd = ctl_commands; cmd->name; cmd++) {
			json_open(NULL, '{');
			json_str("name", cmd->name);
			json_str("summary", cmd->summary);
			json_close();
		}
		json_close();
		json_close();
		return;
	}
	puts("usage: keelctl [OPTION...] COMMAND\n");
	for (cmd = ctl_commands; cmd->name; cmd++)
		printf("  %-14s %s\n", cmd->name, cmd->summary);
	puts("\n  -j, --json     print JSON\n"
	     "  -p, --pretty   print JSON with line breaks\n"
	     "  -h, --help     this text\n"
	     "  -V, --version  print the version\n\n"
	     "Commands may be abbreviated as long as they are unambiguous.\n"
	     "Exit status: 0; 1 for a wrong command line or file; 2 when the kernel or the\n"
	     "machine refuses; 3 when what was waited for did not come in time.  See\n"
	     "keelctl(8).");
}

static void json_options(const struct ctl_option *option)
{
	json_open("options", '[');
	for (; option && option->name; option++) {
		json_open(NULL, '{');
		json_str("name", option->name);
		json_str("argument", option->arg);
		json_str("text", option->text);
		json_close();
	}
	json_close();
}

/**
 * ctl_help() - say what a command does
 * @cmd: the command
 *
 * Return: the exit status.
 */
int ctl_help(const struct ctl_command *cmd)
{
	const struct ctl_option *option;

	if (ctl_options.json) {
		json_open(NULL, '{');
		json_str("name", cmd->name);
		json_str("summary", cmd->summary);
		json_str("help", cmd->help);
		json_str("words", cmd->words);
		json_options(cmd->options);
		json_close();
		return CTL_OK;
	}
	printf("usage: keelctl [OPTION...] %s%s%s\n\n  %s\n", cmd->name, *cmd->words ? " " : "",
	       cmd->words, cmd->summary);
	if (cmd->options)
		putchar('\n');
	for (option = cmd->options; option && option->name; option++)
		printf("  --%s%s%-*s %s\n", option->name, option->arg ? " " : "",
		       18 - (int)strlen(option->name) - !!option->arg, option->arg ?: "",
		       option->text);
	if (*cmd->help)
		printf("\n%s", cmd->help);
	return CTL_OK;
}

/**
 * cmd_help() - keelctl help [COMMAND]
 * @argc: how many words
 * @argv: the words
 *
 * Return: the exit status.
 */
int cmd_help(int argc, char **argv)
{
	const struct ctl_command *cmd;

	if (argc > 1) {
		warnx("help of one command at a time");
		return CTL_USAGE;
	}
	if (!argc) {
		help_all();
		return CTL_OK;
	}
	cmd = ctl_find(argv[0]);
	if (!cmd)
		return CTL_USAGE;
	return ctl_help(cmd);
}

/**
 * cmd_version() - keelctl --version
 *
 * Return: the exit status.
 */
int cmd_version(void)
{
	if (ctl_options.json) {
		json_open(NULL, '{');
		json_str("version", VERSION);
		json_close();
	} else {
		puts("keelctl " VERSION);
	}
	return CTL_OK;
}
