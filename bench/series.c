// SPDX-License-Identifier: GPL-2.0
/*
 * How much memory is used at which moment, by a thread that looks ten times a second.
 *
 * The lines: '{WHO}-at MS KIB', so much more is used than at the begin, so long after that.
 *
 * World: user, in the machine that is measured.
 */
#include <err.h>
#include <pthread.h>
#include <stdio.h>

#include "busy.h"
#include "memory.h"
#include "series.h"

#define SAMPLE_NS	100000000
#define SAMPLES		8192

static pthread_t sampler;
static pthread_mutex_t ends = PTHREAD_MUTEX_INITIALIZER;
static struct {
	unsigned long ns;
	long free;
} sample[SAMPLES];
static unsigned int samples;

static void *take_samples(void *unused)
{
	while (pthread_mutex_trylock(&ends) && samples < SAMPLES) {
		sample[samples].ns = busy_now();
		sample[samples++].free = memory_free();
		busy_wait(SAMPLE_NS);
	}
	return unused;
}

/**
 * series_begin() - look from now on
 */
void series_begin(void)
{
	samples = 1;
	sample[0].ns = busy_now();
	sample[0].free = memory_free();
	pthread_mutex_lock(&ends);
	if (pthread_create(&sampler, NULL, take_samples, NULL))
		errx(1, "no thread");
}

/**
 * series_end() - no longer
 * @who: what the lines begin with; NULL for none
 */
void series_end(const char *who)
{
	unsigned int i;

	pthread_mutex_unlock(&ends);
	pthread_join(sampler, NULL);
	pthread_mutex_unlock(&ends);
	for (i = 0; who && i < samples; i++)
		printf("%s-at %lu %ld\n", who, (sample[i].ns - sample[0].ns) / 1000000,
		       sample[0].free - sample[i].free);
}
