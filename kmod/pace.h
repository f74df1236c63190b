/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How fast equal pages are looked for.
 *
 * World: host.
 */
#ifndef KEEL_PACE_H
#define KEEL_PACE_H

#include <linux/types.h>

/* Between passes: after one that has found much, and at most */
#define KEEL_PAUSE_MIN_MS	100
#define KEEL_PAUSE_MAX_MS	10000

/* So much it may owe before it rests */
#define KEEL_PACE_DEBT_NS	8000000ULL

/**
 * struct keel_pace - how fast the scanner goes
 * @budget: percent of one CPU, 1 to 100
 * @rate: pages a second, 0 for no limit
 * @slack: so many passes have found nothing since one that has found much
 * @looked: pages that the pass under way has looked at
 * @merged: those of them that were merged
 * @cpu_debt: ns that it has to rest for the CPU time that it has used
 * @rate_debt: the same, for the pages that it has looked at
 */
struct keel_pace {
	u32 budget;
	u32 rate;
	u32 slack;
	u64 looked;
	u64 merged;
	u64 cpu_debt;
	u64 rate_debt;
};

u32 keel_pace_percent(const struct keel_pace *pace);
void keel_pace_hurry(struct keel_pace *pace);
void keel_pace_begin(struct keel_pace *pace);
void keel_pace_work(struct keel_pace *pace, u64 ns, u64 looked, u64 merged);
u64 keel_pace_owes(const struct keel_pace *pace);
void keel_pace_rest(struct keel_pace *pace, u64 ns);
u32 keel_pace_end(struct keel_pace *pace);

#endif /* KEEL_PACE_H */
