/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What native.S has, for native.c.
 *
 * World: user, in the machine that is measured.
 */
#ifndef BENCH_NATIVE_H
#define BENCH_NATIVE_H

extern const char native_start[], native_stop[];
extern const char native_digits[], native_params[], native_entry[];

#endif /* BENCH_NATIVE_H */
