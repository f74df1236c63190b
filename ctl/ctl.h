/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all commands of keelctl share: the global options, the exit statuses, the
 * table of commands, and how a command finds its options.
 */
#ifndef KEEL_CTL_H
#define KEEL_CTL_H

#include <stdbool.h>

/* Exit statuses, as those of ip(8), and one for waiting in vain */
enum {
	CTL_OK,
	CTL_USAGE,		/* the command line or a file cannot be understood */
	CTL_REFUSED,		/* the kernel or the machine says no */
	CTL_TIMEOUT,		/* what was waited for did not come in time */
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
 * struct ctl_option - an option of a command
 * @name: behind --
 * @arg: what it takes, NULL for nothing
 * @text: one line
 */
struct ctl_option {
	const char *name;
	const char *arg;
	const char *text;
};

/* Options of one command, at most */
#define CTL_OPTIONS 16

/**
 * struct ctl_command - a row of the table of commands
 * @name: may be abbreviated by users as long as it is unambiguous
 * @words: the words that it takes, for people
 * @min: how many words at least
 * @max: how many at most, -1 for any number
 * @summary: one line
 * @help: what more there is to say, lines that end in a line feed
 * @options: ends with a row without a name; NULL for none
 * @run: does it, with the words behind the command; returns the exit status
 */
struct ctl_command {
	const char *name;
	const char *words;
	int min;
	int max;
	const char *summary;
	const char *help;
	const struct ctl_option *options;
	int (*run)(int argc, char **argv);
};

/* Ends with a row without a name */
extern const struct ctl_command ctl_commands[];

const struct ctl_command *ctl_find(const char *word);
const char *ctl_paint(const char *colour);

/* options.c */
enum ctl_parsed { CTL_RUN, CTL_HELP, CTL_VERSION, CTL_WRONG };
enum ctl_parsed ctl_parse_global(int argc, char **argv, int *words);
enum ctl_parsed ctl_parse(const struct ctl_command *cmd, int argc, char **argv, int *words);
const char *ctl_opt(const char *name);
void ctl_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Colours for ctl_paint() */
#define CTL_RED		"\033[31m"
#define CTL_GREEN	"\033[32m"
#define CTL_YELLOW	"\033[33m"
#define CTL_BOLD	"\033[1m"
#define CTL_PLAIN	"\033[0m"

extern const struct ctl_option clone_options[];
extern const struct ctl_option console_options[];
extern const struct ctl_option create_options[];
extern const struct ctl_option list_options[];
extern const struct ctl_option load_options[];
extern const struct ctl_option name_options[];
extern const struct ctl_option set_options[];
extern const struct ctl_option share_options[];
extern const struct ctl_option stop_options[];
extern const struct ctl_option top_options[];
extern const struct ctl_option wait_options[];

int ctl_help(const struct ctl_command *cmd);
int cmd_clone(int argc, char **argv);
int cmd_console(int argc, char **argv);
int cmd_create(int argc, char **argv);
int cmd_destroy(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_load(int argc, char **argv);
int cmd_monitor(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_reset(int argc, char **argv);
int cmd_resume(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_share(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_start(int argc, char **argv);
int cmd_stat(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_stop(int argc, char **argv);
int cmd_template(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_unload(int argc, char **argv);
int cmd_version(void);
int cmd_wait(int argc, char **argv);

#endif /* KEEL_CTL_H */
