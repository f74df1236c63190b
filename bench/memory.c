// SPDX-License-Identifier: GPL-2.0
/*
 * What the machine's memory is used for: free pages from /proc/zoneinfo, where those on
 * CPUs' own lists are seen too, which /proc/meminfo does not count as free; and what
 * /proc/meminfo knows of the rest.  Guests that wait are given time to settle, and slabs
 * that hold nothing are given back first: what was measured before would have left some.
 *
 * World: user, in the machine that is measured.
 */
#include <err.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

/* Who does nothing for so long is idle */
#define SETTLE_SECONDS	10

static long meminfo(const char *name)
{
	char line[128], word[64];
	long val = 0, kib;
	FILE *file = fopen("/proc/meminfo", "r");

	if (!file)
		err(1, "/proc/meminfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%63[^:]: %ld", word, &kib) == 2 && !strcmp(word, name))
			val = kib;
	fclose(file);
	return val;
}

/**
 * memory_free() - what of the machine's memory is free
 *
 * Return: KiB, the lists of single CPUs included.
 */
long memory_free(void)
{
	char line[256];
	long val, sum = 0;
	FILE *file = fopen("/proc/zoneinfo", "r");

	if (!file)
		err(1, "/proc/zoneinfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " nr_free_pages %ld", &val) == 1 ||
		    sscanf(line, " count: %ld", &val) == 1)
			sum += val;
	fclose(file);
	return sum * sysconf(_SC_PAGESIZE) / 1024;
}

static void shrink_slabs(void)
{
	FILE *file;
	glob_t found;
	size_t i;

	if (glob("/sys/kernel/slab/*/shrink", 0, NULL, &found))
		errx(1, "/sys/kernel/slab: nothing there");
	for (i = 0; i < found.gl_pathc; i++) {
		file = fopen(found.gl_pathv[i], "w");
		if (!file || fputs("1", file) < 0 || fclose(file))
			err(1, "%s", found.gl_pathv[i]);
	}
	globfree(&found);
}

/**
 * memory_read() - look at the machine's memory
 * @m: filled
 */
void memory_read(struct memory *m)
{
	sleep(SETTLE_SECONDS);
	shrink_slabs();
	m->slab = meminfo("Slab");
	m->stacks = meminfo("KernelStack");
	m->tables = meminfo("PageTables") + meminfo("SecPageTables");
	m->files = meminfo("Shmem");
	m->free = memory_free();
}

/**
 * memory_report() - what some guests have cost
 * @name: what the line begins with
 * @nr: how many guests
 * @before: without them
 * @after: with them
 *
 * Prints '{NAME} GUESTS ALL SLAB STACKS TABLES FILES', of all of them and in KiB.
 */
void memory_report(const char *name, unsigned int nr, const struct memory *before,
		   const struct memory *after)
{
	printf("%s %u %ld %ld %ld %ld %ld\n", name, nr, before->free - after->free,
	       after->slab - before->slab, after->stacks - before->stacks,
	       after->tables - before->tables, after->files - before->files);
}
