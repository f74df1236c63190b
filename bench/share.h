/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Watching somebody who merges equal pages: see share.c.
 *
 * World: user, in the machine that is measured.
 */
#ifndef BENCH_SHARE_H
#define BENCH_SHARE_H

#include <stdbool.h>

#include "memory.h"

#define SHARE_GUESTS	4

/**
 * struct share_state - what has been merged
 * @cpu: CPU time that it took, in ns
 * @passes: full passes ever
 * @frames: frames that are shared
 * @saved: pages that would have frames of their own otherwise
 */
struct share_state {
	unsigned long cpu;
	unsigned long passes;
	unsigned long frames;
	unsigned long saved;
};

/**
 * struct share_kind - with what guests are filled
 * @name: in lines
 * @kind: ALIKE_...
 */
struct share_kind {
	const char *name;
	unsigned long kind;
};

#define SHARE_KINDS	3

extern const struct share_kind share_kinds[SHARE_KINDS];

/**
 * struct share_watch - one run, from before the guests come
 * @who: what its lines begin with
 * @kind: of guests
 * @look: ask who merges
 * @first: the state before anything was looked for
 * @last: the one that was looked at last
 * @found: passes until the last page was merged, and the CPU time then
 * @found_cpu: likewise, ns
 * @mark: the state when share_mark() was called
 * @before: memory without the guests
 */
struct share_watch {
	const char *who;
	const struct share_kind *kind;
	void (*look)(struct share_state *state);
	struct share_state first;
	struct share_state last;
	unsigned long found;
	unsigned long found_cpu;
	struct share_state mark;
	struct memory before;
};

void share_begin(struct share_watch *w);
void share_start(struct share_watch *w);
void share_count(struct share_watch *w);
void share_look(struct share_watch *w);
unsigned long share_passes(const struct share_watch *w);
void share_mark(struct share_watch *w);
void share_report(struct share_watch *w);

#endif /* BENCH_SHARE_H */
