// SPDX-License-Identifier: GPL-2.0
/*
 * cpuid NAME [EXITS] : what CPUID costs in user space, in TSC ticks.
 *
 * For each leaf a line 'NAME LEAF MEDIAN LEAST GREATEST'.  EXITS is Keel's
 * debugfs file of that name; with it a second line for each leaf says what
 * Keel counted meanwhile: 'NAME-root LEAF ROUNDS EXITS CPUID-EXITS TICKS', EXITS
 * being those of any reason and TICKS what root spent on those of CPUID.
 */
#include <string.h>

#include "rounds.h"

struct exits {
	unsigned long all, cpuid, ticks;
};

/* All CPUs together; lines are 'CPU REASON COUNT TICKS ...'. */
static int read_exits(const char *path, struct exits *exits)
{
	unsigned long count, ticks;
	char line[256], reason[32];
	FILE *file = fopen(path, "r");

	memset(exits, 0, sizeof(*exits));
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*u %31s %lu %lu", reason, &count, &ticks) != 3)
			continue;
		exits->all += count;
		if (!strcmp(reason, "CPUID")) {
			exits->cpuid += count;
			exits->ticks += ticks;
		}
	}
	fclose(file);
	return 0;
}

int main(int argc, char **argv)
{
	static unsigned int ticks[ROUNDS_NR];
	const char *path = argc > 2 ? argv[2] : NULL;
	struct exits before, after;
	unsigned int empty, i, leaf;

	if (argc < 2)
		return 2;
	rounds_empty(ticks, ROUNDS_NR, 0, 0);
	empty = rounds_median(ticks);
	for (i = 0; i < ROUNDS_LEAVES; i++) {
		leaf = rounds_leaves[i];
		if (path && read_exits(path, &before)) {
			perror(path);
			return 1;
		}
		rounds_cpuid(ticks, ROUNDS_NR, leaf, 0);
		if (path && read_exits(path, &after)) {
			perror(path);
			return 1;
		}
		rounds_report(argv[1], leaf, ticks, empty);
		if (path)
			printf("%s-root %#x %u %lu %lu %lu\n", argv[1], leaf, ROUNDS_NR,
			       after.all - before.all, after.cpuid - before.cpuid,
			       after.ticks - before.ticks);
	}
	return 0;
}
