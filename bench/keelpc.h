/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest of Keel that boots Linux: see keelpc.c.
 *
 * World: user, in the machine that is measured.
 */
#ifndef BENCH_KEELPC_H
#define BENCH_KEELPC_H

#include <stdio.h>

struct image;

FILE *keelpc_start(const char *name, const struct image *image);
void keelpc_wait(FILE *console);

#endif /* BENCH_KEELPC_H */
