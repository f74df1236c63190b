/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KSM: see ksm.c.
 *
 * World: user, in the machine that is measured.
 */
#ifndef BENCH_KSM_H
#define BENCH_KSM_H

#define KSM_STOP	0
#define KSM_RUN		1
#define KSM_UNMERGE	2

struct share_state;

void ksm_begin(void);
void ksm_run(unsigned long how);
void ksm_look(struct share_state *state);

#endif /* BENCH_KSM_H */
