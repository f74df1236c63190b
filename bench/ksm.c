// SPDX-License-Identifier: GPL-2.0
/*
 * KSM, as it is measured: it does a whole pass whenever it is awake, and does not sleep longer
 * than it has to.
 *
 * World: user, in the machine that is measured.
 */
#include <err.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "ksm.h"
#include "share.h"

/* More pages than there are: KSM ends a turn with a pass, and then sleeps. */
#define PAGES_TO_SCAN	1000000
#define SLEEP_MS	20

static char ksmd[64];

static unsigned long number(const char *name)
{
	char path[64];
	unsigned long val;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/mm/ksm/%s", name);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%lu", &val) != 1)
		err(1, "%s", path);
	fclose(file);
	return val;
}

static void set(const char *name, unsigned long val)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/mm/ksm/%s", name);
	file = fopen(path, "w");
	if (!file || fprintf(file, "%lu\n", val) < 0 || fclose(file))
		err(1, "%s", path);
}

/* KSM's thread: where its CPU time stands */
static void find_ksmd(void)
{
	char line[32];
	glob_t found;
	size_t i;
	FILE *file;

	if (glob("/proc/[0-9]*/comm", 0, NULL, &found))
		errx(1, "/proc: no processes");
	for (i = 0; i < found.gl_pathc && !*ksmd; i++) {
		file = fopen(found.gl_pathv[i], "r");
		if (!file)
			continue;
		if (fgets(line, sizeof(line), file) && !strcmp(line, "ksmd\n"))
			snprintf(ksmd, sizeof(ksmd), "%.*sschedstat",
				 (int)strlen(found.gl_pathv[i]) - 4, found.gl_pathv[i]);
		fclose(file);
	}
	globfree(&found);
	if (!*ksmd)
		errx(1, "there is no ksmd");
}

/**
 * ksm_look() - what has been merged up to now
 * @state: filled
 */
void ksm_look(struct share_state *state)
{
	FILE *file = fopen(ksmd, "r");

	if (!file || fscanf(file, "%lu", &state->cpu) != 1)
		err(1, "%s", ksmd);
	fclose(file);
	state->passes = number("full_scans");
	state->frames = number("pages_shared");
	state->saved = number("pages_sharing");
}

/**
 * ksm_run() - let it run or not
 * @how: KSM_...
 */
void ksm_run(unsigned long how)
{
	set("run", how);
}

/**
 * ksm_begin() - nothing is merged, and it does not run yet
 */
void ksm_begin(void)
{
	find_ksmd();
	ksm_run(KSM_UNMERGE);
	set("pages_to_scan", PAGES_TO_SCAN);
	set("sleep_millisecs", SLEEP_MS);
}
