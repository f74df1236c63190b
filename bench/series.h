/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory over time: see series.c.
 *
 * World: user, in the machine that is measured.
 */
#ifndef BENCH_SERIES_H
#define BENCH_SERIES_H

void series_begin(void);
void series_end(const char *who);

#endif /* BENCH_SERIES_H */
