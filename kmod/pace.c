// SPDX-License-Identifier: GPL-2.0
/*
 * How fast equal pages are looked for: within a budget of CPU time and a rate of pages,
 * and slower while there is little to be found.
 *
 * World: host and KUnit.  No locks; calls nothing.
 *
 * Whatever it does makes it owe a rest: for CPU time, so that both together keep the
 * budget; for pages, so that they keep the rate.  The longer one counts.  A pass that finds
 * nothing halves the part of the budget that the next one takes, down to an eighth, and
 * doubles the pause before it; once much is found, all of that is taken back at once.
 */
#include "pace.h"

#define NS_A_SECOND	1000000000ULL

/* One merged page in so many is much. */
#define MUCH		1024

/* In the midst of a pass, so many have to be merged before it is seen as one that finds much */
#define MUCH_MIN	32

/* The budget is halved so many times at most, and the pause doubled */
#define HALVES_MAX	3
#define SLACK_MAX	7

static bool finds_much(const struct keel_pace *pace)
{
	return pace->merged && pace->merged * MUCH >= pace->looked;
}

/**
 * keel_pace_percent() - what it may take now
 * @pace: the pace
 *
 * Return: percent of one CPU, at least 1.
 */
u32 keel_pace_percent(const struct keel_pace *pace)
{
	u32 halves = pace->slack < HALVES_MAX ? pace->slack : HALVES_MAX;

	return pace->budget >> halves ?: 1;
}

/**
 * keel_pace_hurry() - there is reason to look, or another limit: nothing is owed any more
 * @pace: the pace
 */
void keel_pace_hurry(struct keel_pace *pace)
{
	pace->slack = 0;
	pace->cpu_debt = 0;
	pace->rate_debt = 0;
}

/**
 * keel_pace_begin() - a pass begins
 * @pace: the pace
 */
void keel_pace_begin(struct keel_pace *pace)
{
	pace->looked = 0;
	pace->merged = 0;
}

/**
 * keel_pace_work() - something was done
 * @pace: the pace
 * @ns: so long it has taken
 * @looked: pages that were looked at
 * @merged: those of them that were merged
 */
void keel_pace_work(struct keel_pace *pace, u64 ns, u64 looked, u64 merged)
{
	u32 percent;
	u64 due;

	pace->looked += looked;
	pace->merged += merged;
	if (pace->merged >= MUCH_MIN && finds_much(pace))
		pace->slack = 0;
	percent = keel_pace_percent(pace);
	pace->cpu_debt += ns * (100 - percent) / percent;
	due = pace->rate ? looked * NS_A_SECOND / pace->rate : 0;
	pace->rate_debt += due > ns ? due - ns : 0;
}

/**
 * keel_pace_owes() - how long it has to rest
 * @pace: the pace
 *
 * Return: ns; 0 while it is not worth it.
 */
u64 keel_pace_owes(const struct keel_pace *pace)
{
	u64 debt = pace->cpu_debt > pace->rate_debt ? pace->cpu_debt : pace->rate_debt;

	return debt >= KEEL_PACE_DEBT_NS ? debt : 0;
}

/**
 * keel_pace_rest() - it has rested
 * @pace: the pace
 * @ns: so long
 */
void keel_pace_rest(struct keel_pace *pace, u64 ns)
{
	pace->cpu_debt -= ns < pace->cpu_debt ? ns : pace->cpu_debt;
	pace->rate_debt -= ns < pace->rate_debt ? ns : pace->rate_debt;
}

/**
 * keel_pace_end() - a pass is over
 * @pace: the pace
 *
 * Return: ms until the next one should begin.
 */
u32 keel_pace_end(struct keel_pace *pace)
{
	u32 pause;

	if (finds_much(pace))
		pace->slack = 0;
	else if (!pace->merged && pace->slack < SLACK_MAX)
		pace->slack++;
	pause = KEEL_PAUSE_MIN_MS << pace->slack;
	return pause < KEEL_PAUSE_MAX_MS ? pause : KEEL_PAUSE_MAX_MS;
}
