// SPDX-License-Identifier: GPL-2.0
/*
 * load FILE NAME ROUNDS : what loading and unloading a module costs.
 *
 * Each round is finit_module() and delete_module(), with a pause around each.
 * Two measures in TSC ticks: wall, by RDTSC around the system call, which
 * includes waits for RCU and for other CPUs; and CPU, the time in which any
 * task ran on any CPU, pauses included, less that of a round that does nothing.
 * The latter holds the kernel threads that stop the machine and that clean up
 * afterwards.  Interrupts out of idle are in neither.
 *
 * The lines: 'cpus N', 'khz N' (the TSC as the kernel sees it) and, for load
 * and unload, '{load|unload}-{wall|cpu} ROUNDS MEDIAN LEAST GREATEST'.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>

#define ROUNDS_MAX	100
#define PAUSE_NS	50000000

enum { EMPTY, LOAD, UNLOAD, NR };

struct sample {
	unsigned long wall[ROUNDS_MAX];	/* ticks */
	unsigned long busy[ROUNDS_MAX];	/* ns */
};

static struct sample samples[NR];
static const char *path, *name;

static unsigned long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000UL + t.tv_nsec;
}

/* Lets what the last step has left behind run, and this task's time be booked. */
static void pause_a_while(void)
{
	struct timespec t = { .tv_nsec = PAUSE_NS };

	nanosleep(&t, NULL);
}

/* Nanoseconds in which tasks ran, of all CPUs: the 7th number of 'cpuN' lines. */
static unsigned long busy(void)
{
	unsigned long ns, sum = 0;
	char line[1024];
	FILE *file = fopen("/proc/schedstat", "r");

	if (!file)
		err(1, "/proc/schedstat");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "cpu%*u %*u %*u %*u %*u %*u %*u %lu", &ns) == 1)
			sum += ns;
	fclose(file);
	return sum;
}

static void step(int what)
{
	int fd;

	switch (what) {
	case LOAD:
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			err(1, "%s", path);
		if (syscall(SYS_finit_module, fd, "", 0))
			err(1, "finit_module %s", path);
		close(fd);
		break;
	case UNLOAD:
		if (syscall(SYS_delete_module, name, O_NONBLOCK))
			err(1, "delete_module %s", name);
		break;
	}
}

static void measure(int what, unsigned int round)
{
	unsigned long ns, start, stop;

	pause_a_while();
	ns = busy();
	start = __builtin_ia32_rdtsc();
	step(what);
	stop = __builtin_ia32_rdtsc();
	pause_a_while();
	samples[what].busy[round] = busy() - ns;
	samples[what].wall[round] = stop - start;
}

static int compare(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return (x > y) - (x < y);
}

static unsigned long median(unsigned long *v, unsigned int nr)
{
	qsort(v, nr, sizeof(*v), compare);
	return v[nr / 2];
}

static void report(const char *what, unsigned long *v, unsigned int nr, unsigned long khz)
{
	unsigned int i;

	for (i = 0; khz && i < nr; i++)
		v[i] = v[i] * khz / 1000000;
	median(v, nr);
	printf("%s %u %lu %lu %lu\n", what, nr, v[nr / 2], v[0], v[nr - 1]);
}

int main(int argc, char **argv)
{
	unsigned long ns, ticks, khz, empty;
	unsigned int round, nr, i;
	cpu_set_t one;

	nr = argc == 4 ? atoi(argv[3]) : 0;
	if (!nr || nr > ROUNDS_MAX)
		errx(2, "usage: load FILE NAME ROUNDS");
	path = argv[1];
	name = argv[2];

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		err(1, "sched_setaffinity");

	/* once beforehand, for what only the first time costs */
	step(LOAD);
	pause_a_while();
	step(UNLOAD);

	ns = now();
	ticks = __builtin_ia32_rdtsc();
	for (round = 0; round < nr; round++)
		for (i = 0; i < NR; i++)
			measure(i, round);
	ticks = __builtin_ia32_rdtsc() - ticks;
	ns = now() - ns;
	khz = (ticks * 1000000 + ns / 2) / ns;

	empty = median(samples[EMPTY].busy, nr);
	for (i = LOAD; i < NR; i++)
		for (round = 0; round < nr; round++)
			samples[i].busy[round] -= empty;

	printf("cpus %ld\n", sysconf(_SC_NPROCESSORS_ONLN));
	printf("khz %lu\n", khz);
	report("load-wall", samples[LOAD].wall, nr, 0);
	report("load-cpu", samples[LOAD].busy, nr, khz);
	report("unload-wall", samples[UNLOAD].wall, nr, 0);
	report("unload-cpu", samples[UNLOAD].busy, nr, khz);
	return 0;
}
