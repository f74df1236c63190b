/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest of Keel: see keelvm.c.
 *
 * World: user, in the machine that is measured.
 */
#ifndef BENCH_KEELVM_H
#define BENCH_KEELVM_H

#include <stdint.h>
#include <stdio.h>

struct image;
struct share_watch;

/* What guests have in root, in bytes: their own memory, their EPTs, and what waits for touches */
struct keelvm_own {
	unsigned long mapped;
	unsigned long tables;
	unsigned long pool;
};

void keelvm_begin(uint8_t cmd, const char *name);
void keelvm_command(uint8_t cmd, const char *name);
void keelvm_new(const char *name, uint64_t memory);
void keelvm_own_add(struct keelvm_own *own, const char *name);
void keelvm_own_report(const char *line, unsigned int nr, const struct keelvm_own *own);
FILE *keelvm_console(const char *name);
unsigned long keelvm_counted(uint16_t type, const char *name);
void keelvm_share(const char *name, uint32_t domain);
void keelvm_settle(void (*look)(struct share_watch *w), struct share_watch *w);

/* keelimage.c: a small guest's */
void keelvm_load(const char *name, const struct image *image, int fd, uint64_t arg);
void keelvm_create(const char *name, uint64_t memory, const struct image *image, int fd);

#endif /* BENCH_KEELVM_H */
