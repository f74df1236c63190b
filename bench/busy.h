/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a step costs the whole machine, in TSC ticks: see busy.c.
 *
 * World: user, in the machine that is measured.
 */
#ifndef BENCH_BUSY_H
#define BENCH_BUSY_H

#define BUSY_ROUNDS_MAX	128

/**
 * struct busy_step - a step that is measured
 * @name: what its lines begin with
 * @step: does it
 * @wall: for busy.c: ticks, a round each
 * @busy: for busy.c: ns, a round each
 */
struct busy_step {
	const char *name;
	void (*step)(void);
	unsigned long wall[BUSY_ROUNDS_MAX];
	unsigned long busy[BUSY_ROUNDS_MAX];
};

unsigned long busy_now(void);
void busy_wait(long ns);
void busy_pause(void);
void busy_rounds(struct busy_step *steps, unsigned int nr, unsigned int rounds);

#endif /* BENCH_BUSY_H */
