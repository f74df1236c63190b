/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What guests of Keel and of KVM get alike, so that they can be compared.
 *
 * World: user, in the machine that is measured.
 */
#ifndef BENCH_RATE_H
#define BENCH_RATE_H

/*
 * tests/guest/rate.c: its memory, its argument, how often it does each thing, and how its
 * last line begins
 */
#define RATE_MEMORY	0x800000UL
#define RATE_ARG	0x400000UL
#define RATE_ROUNDS	101
#define RATE_LAST	"write-after-read"

/* How the last line of tests/guest/irqrate.c begins, to its end: another one begins like it */
#define IRQ_LAST	"hlt-timer "

/* Memory of a guest that is made only to be destroyed, or to wait */
#define LIFE_MEMORY	0x4000000UL

#endif /* BENCH_RATE_H */
