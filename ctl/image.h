/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An image: what is in a guest's memory when it starts, and the registers that it
 * starts with.  It is made of pieces at byte addresses; what the kernel gets is a
 * memfd with segments that begin at pages.
 */
#ifndef KEEL_CTL_IMAGE_H
#define KEEL_CTL_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#define IMAGE_PAGE 4096ULL

/* Pieces that a file may have; the kernel's own limit is for what becomes of them. */
#define IMAGE_PIECES 256

/**
 * struct image_piece - a piece
 * @gpa: where it goes
 * @size: bytes in memory; those without data are zero
 * @data: bytes, NULL for none
 * @len: bytes of @data
 */
struct image_piece {
	__u64 gpa;
	__u64 size;
	const void *data;
	__u64 len;
};

/**
 * struct image_start - the first registers; what is not here is 0
 * @rip: where
 * @rsp: stack
 * @rdi: what the user gives to the program
 * @cr3: page tables
 * @gdt_base: GDT
 * @gdt_limit: its limit
 * @long_mode: 64-bit mode with paging
 */
struct image_start {
	__u64 rip;
	__u64 rsp;
	__u64 rdi;
	__u64 cr3;
	__u64 gdt_base;
	__u32 gdt_limit;
	bool long_mode;
};

/**
 * struct image_segment - what the kernel gets of the pieces
 * @gpa: where, a multiple of the page size
 * @offset: in the memfd
 * @size: bytes; the rest of the last page is zeros
 */
struct image_segment {
	__u64 gpa;
	__u64 offset;
	__u64 size;
};

/**
 * struct image - an image
 * @memory: the guest's memory in bytes
 * @nr: pieces
 * @piece: by their address once image_seal() has sorted them
 * @start: first registers
 * @own: pages that image_boot() has made
 * @fd: the memfd, -1 before there is one
 * @segments: how many
 * @segment: for the kernel
 */
struct image {
	__u64 memory;
	unsigned int nr;
	struct image_piece piece[IMAGE_PIECES];
	struct image_start start;
	void *own;
	int fd;
	unsigned int segments;
	struct image_segment *segment;
};

/* What is wrong goes to @say, a sentence. */
#define IMAGE_SAY 256

bool image_add(struct image *image, __u64 gpa, __u64 size, const void *data, __u64 len,
	       char say[IMAGE_SAY]);
__u64 image_free_pages(const struct image *image, unsigned int pages);
void image_drop(struct image *image);

/* seal.c */
bool image_seal(struct image *image, void (*progress)(__u64 done, __u64 all),
		char say[IMAGE_SAY]);

/* elf.c */
bool elf_is(const void *file, size_t size);
bool elf_load(struct image *image, const void *file, size_t size, char say[IMAGE_SAY]);

/* boot.c */
bool image_boot(struct image *image, __u64 entry, bool long_mode, char say[IMAGE_SAY]);

#endif /* KEEL_CTL_IMAGE_H */
