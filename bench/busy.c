// SPDX-License-Identifier: GPL-2.0
/*
 * What a step costs the whole machine.
 *
 * Two measures in TSC ticks: wall, by RDTSC around the step, which includes waits
 * for RCU and for other CPUs; and CPU, the time in which any task ran on any CPU,
 * a pause around the step included, less that of a step that does nothing.  The
 * latter holds what the step leaves to kernel threads.  Interrupts out of idle
 * are in neither.
 *
 * World: user, in the machine that is measured.
 */
#define _GNU_SOURCE
#include <err.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "busy.h"

#define PAUSE_NS	50000000
#define CLOCK_NS	4000000
#define PHASES		16

/**
 * busy_now() - what time it is
 *
 * Return: ns since some moment.
 */
unsigned long busy_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000UL + t.tv_nsec;
}

/**
 * busy_wait() - do nothing for a moment
 * @ns: less than a second
 */
void busy_wait(long ns)
{
	struct timespec t = { .tv_nsec = ns };

	nanosleep(&t, NULL);
}

/**
 * busy_pause() - let what the last step has left behind run, and this task's time be booked
 */
void busy_pause(void)
{
	busy_wait(PAUSE_NS);
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

/* Sleep for a while, until a moment between two ticks of Linux's clock that the round has */
static void await_phase(unsigned int round)
{
	unsigned long ns = busy_now() + PAUSE_NS;
	struct timespec t;

	ns += CLOCK_NS - ns % CLOCK_NS + round % PHASES * (CLOCK_NS / PHASES);
	t.tv_sec = ns / 1000000000;
	t.tv_nsec = ns % 1000000000;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void measure(struct busy_step *s, unsigned int round)
{
	unsigned long ns, start, stop;

	await_phase(round);
	ns = busy();
	start = __builtin_ia32_rdtsc();
	s->step();
	stop = __builtin_ia32_rdtsc();
	busy_pause();
	s->busy[round] = busy() - ns;
	s->wall[round] = stop - start;
}

static void nothing(void)
{
}

static int compare(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return (x > y) - (x < y);
}

static unsigned long median(const unsigned long *sorted, unsigned int nr)
{
	return sorted[nr / 2];
}

/*
 * The mean of the middle half.  Ticks of Linux's clock and what they wake come whole or not at
 * all, so that the times of rounds are in heaps: a median is in one or in another, and goes from
 * one to the next with nothing but where things lie in memory.
 */
static unsigned long middle(const unsigned long *sorted, unsigned int nr)
{
	unsigned long sum = 0;
	unsigned int i;

	for (i = nr / 4; i < nr - nr / 4; i++)
		sum += sorted[i];
	return sum / (nr - nr / 4 * 2);
}

static void report(const char *name, const char *what, unsigned long *v, unsigned int nr,
		   unsigned long (*typical)(const unsigned long *, unsigned int))
{
	qsort(v, nr, sizeof(*v), compare);
	printf("%s-%s %u %lu %lu %lu\n", name, what, nr, typical(v, nr), v[0], v[nr - 1]);
}

/* Less the empty step, and in ticks */
static void settle(struct busy_step *s, unsigned int rounds, unsigned long empty,
		   unsigned long khz)
{
	unsigned int i;

	for (i = 0; i < rounds; i++)
		s->busy[i] = s->busy[i] > empty ? (s->busy[i] - empty) * khz / 1000000 : 0;
}

/**
 * busy_rounds() - measure some steps, one after the other and again
 * @steps: the steps
 * @nr: how many
 * @rounds: how often, at most BUSY_ROUNDS_MAX
 *
 * All of them are done once beforehand, for what only the first time costs.  Prints
 * 'khz N', the TSC as the kernel sees it, and for each step lines
 * '{NAME}-wall ROUNDS MEDIAN LEAST GREATEST' and '{NAME}-cpu ROUNDS MIDDLE LEAST GREATEST',
 * the mean of the middle half.
 */
void busy_rounds(struct busy_step *steps, unsigned int nr, unsigned int rounds)
{
	static struct busy_step empty = { .step = nothing };
	unsigned long ns, ticks, khz, less;
	unsigned int round, i;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		err(1, "sched_setaffinity");

	for (i = 0; i < nr; i++) {
		steps[i].step();
		busy_pause();
	}
	ns = busy_now();
	ticks = __builtin_ia32_rdtsc();
	for (round = 0; round < rounds; round++) {
		measure(&empty, round);
		for (i = 0; i < nr; i++)
			measure(&steps[i], round);
	}
	ticks = __builtin_ia32_rdtsc() - ticks;
	ns = busy_now() - ns;
	khz = (ticks * 1000000 + ns / 2) / ns;
	qsort(empty.busy, rounds, sizeof(*empty.busy), compare);
	less = middle(empty.busy, rounds);

	printf("khz %lu\n", khz);
	for (i = 0; i < nr; i++) {
		settle(&steps[i], rounds, less, khz);
		report(steps[i].name, "wall", steps[i].wall, rounds, median);
		report(steps[i].name, "cpu", steps[i].busy, rounds, middle);
	}
}
