/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guests whose memory is alike: what alike.c, which runs in them, and who measures them
 * agree on.
 *
 * World: a guest, and user in the machine that is measured.
 */
#ifndef BENCH_ALIKE_H
#define BENCH_ALIKE_H

/* Pages that a guest fills, where they begin, and memory for all of it */
#define ALIKE_PAGES	4096UL
#define ALIKE_FIRST	0x100000UL
#define ALIKE_MEMORY	(ALIKE_FIRST + ALIKE_PAGES * 4096)

/* With what: pages of every guest's, pages of its own, or one and the same all over */
#define ALIKE_EQUAL	0UL
#define ALIKE_UNIQUE	1UL
#define ALIKE_SAME	2UL

/* A guest's argument: with what, and its number, below 256 */
#define ALIKE_ARG(kind, number)	((kind) << 8 | (number))
#define ALIKE_KIND(arg)		((arg) >> 8)
#define ALIKE_NUMBER(arg)	((arg) & 0xff)

/* Its lines: when memory is filled, and what a write to a page costs when it is asked to end */
#define ALIKE_FILLED	"filled"
#define ALIKE_BREAK	"break"
#define ALIKE_ROUNDS	101

#endif /* BENCH_ALIKE_H */
