/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small guest as it is in memory when it starts: what both Keel and KVM get.
 *
 * World: user, in the machine that is measured.
 */
#ifndef BENCH_IMAGE_H
#define BENCH_IMAGE_H

#include <stdint.h>

#define IMAGE_PAGE	4096UL
#define IMAGE_PIECES	4

/**
 * struct image_piece - what is in memory that begins as zeros
 * @gpa: where, a multiple of the page size
 * @size: in bytes
 * @data: what is there
 */
struct image_piece {
	uint64_t gpa;
	uint64_t size;
	unsigned char *data;
};

/**
 * struct image - a guest that begins in 64-bit mode
 * @nr: pieces
 * @piece: page tables and a GDT, which map the lowest GiB as itself; and the program
 * @rip: where it begins
 * @rsp: its stack, a page that is not in a piece
 * @cr3: its page tables
 * @gdt_base: its GDT
 * @gdt_limit: and the limit of that
 */
struct image {
	unsigned int nr;
	struct image_piece piece[IMAGE_PIECES];
	uint64_t rip;
	uint64_t rsp;
	uint64_t cr3;
	uint64_t gdt_base;
	uint32_t gdt_limit;
};

void image_load(struct image *image, const char *path);
int image_file(const struct image *image);

#endif /* BENCH_IMAGE_H */
