// SPDX-License-Identifier: GPL-2.0
/*
 * Watching somebody who merges equal pages of guests: how many passes it takes, how much
 * CPU time, what a pass costs when nothing is left to be found, and how much memory is used
 * at which moment.
 *
 * The lines:
 *	{WHO}-share KIND PAGES SAVED FRAMES PASSES CPU SETTLED
 *		of so many pages filled so many were saved, and frames are shared, after so
 *		many passes and ticks of CPU time; a pass over settled memory costs so many
 *	{WHO}-used KIND KIB ...
 *		as memory.c has it, with the guests and everything of theirs
 *	{WHO}-at MS KIB
 *		as series.c has it, from before the first guest; only of the first kind
 *
 * World: user, in the machine that is measured.
 */
#include <err.h>
#include <stdio.h>

#include "alike.h"
#include "busy.h"
#include "series.h"
#include "share.h"

#define LOOK_NS		5000000

const struct share_kind share_kinds[SHARE_KINDS] = {
	{ "equal", ALIKE_EQUAL },
	{ "unique", ALIKE_UNIQUE },
	{ "same", ALIKE_SAME },
};

/* For the TSC's rate */
static unsigned long begin_ns, begin_ticks;

/**
 * share_begin() - before the guests come
 * @w: with @who, @kind and @look
 */
void share_begin(struct share_watch *w)
{
	memory_read(&w->before);
	begin_ns = busy_now();
	begin_ticks = __builtin_ia32_rdtsc();
	series_begin();
}

/**
 * share_start() - guests have filled their memory, and nobody has looked for equal pages yet
 * @w: the run
 */
void share_start(struct share_watch *w)
{
	w->look(&w->first);
	w->last = w->first;
	w->found = 0;
	w->found_cpu = 0;
}

/**
 * share_count() - passes are counted from now on
 * @w: the run
 */
void share_count(struct share_watch *w)
{
	w->look(&w->last);
	w->first.passes = w->last.passes;
}

/**
 * share_look() - wait a moment and look what has happened
 * @w: the run
 *
 * Passes are to be longer than that moment.
 */
void share_look(struct share_watch *w)
{
	unsigned long saved = w->last.saved, before = share_passes(w), passes;

	busy_wait(LOOK_NS);
	w->look(&w->last);
	passes = share_passes(w);
	/* In the pass that is under way, or in the one that has just ended */
	if (w->last.saved != saved)
		w->found = passes + (passes == before);
	/* Up to the end of that pass */
	if (w->last.saved != saved || before < w->found)
		w->found_cpu = w->last.cpu - w->first.cpu;
}

/**
 * share_passes() - how many passes there were since share_start()
 * @w: the run
 *
 * Return: those that had ended when it was looked at.
 */
unsigned long share_passes(const struct share_watch *w)
{
	return w->last.passes - w->first.passes;
}

/**
 * share_mark() - what is done from now on is done to settled memory
 * @w: the run
 */
void share_mark(struct share_watch *w)
{
	w->look(&w->mark);
}

/**
 * share_report() - the end: nobody looks for equal pages any more, but the guests are there
 * @w: the run
 */
void share_report(struct share_watch *w)
{
	unsigned long ns, ticks, passes, khz;
	struct memory after;

	w->look(&w->last);
	ticks = __builtin_ia32_rdtsc() - begin_ticks;
	ns = busy_now() - begin_ns;
	khz = (ticks * 1000000 + ns / 2) / ns;
	passes = w->last.passes - w->mark.passes;
	if (!passes)
		errx(1, "no pass over settled memory");
	memory_read(&after);

	printf("%s-share %s %lu %lu %lu %lu %lu %lu\n", w->who, w->kind->name,
	       SHARE_GUESTS * ALIKE_PAGES, w->last.saved, w->last.frames, w->found,
	       w->found_cpu * khz / 1000000,
	       (w->last.cpu - w->mark.cpu) / passes * khz / 1000000);
	printf("%s-used %s %ld\n", w->who, w->kind->name, w->before.free - after.free);
	series_end(w->kind == share_kinds ? w->who : NULL);
}
