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

/* Buffers that an image may own */
#define IMAGE_BUFFERS 16

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
 * @rbx: PVH's start info
 * @rsi: Linux's boot parameters
 * @rdi: what the user gives to the program
 * @cr3: page tables
 * @gdt_base: GDT
 * @gdt_limit: its limit
 * @long_mode: 64-bit mode with paging
 */
struct image_start {
	__u64 rip;
	__u64 rsp;
	__u64 rbx;
	__u64 rsi;
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
 * struct image_range - some of the guest's addresses
 * @gpa: where
 * @size: bytes
 * @ram: memory; else there is memory, but not for the guest to use
 */
struct image_range {
	__u64 gpa;
	__u64 size;
	bool ram;
};

/* How many there are at most */
#define IMAGE_RANGES 4

/**
 * struct image - an image
 * @memory: the guest's memory in bytes
 * @vcpus: how many vCPUs it has
 * @cmdline: for Linux and PVH programs, NULL for none
 * @initrd: the same, NULL for none
 * @initrd_len: bytes of @initrd
 * @arg: the user has given @start.rdi
 * @nr: pieces
 * @piece: by their address once image_seal() has sorted them
 * @start: first registers
 * @random: bytes that the kernel makes anew each time the guest starts; of no size if none are
 * @generation: where the VM generation id is, 0 for none
 * @own: buffers that go with it
 * @owns: how many
 * @fd: the memfd, -1 before there is one
 * @segments: how many
 * @segment: for the kernel
 */
struct image {
	__u64 memory;
	unsigned int vcpus;
	const char *cmdline;
	const void *initrd;
	size_t initrd_len;
	bool arg;
	unsigned int nr;
	struct image_piece piece[IMAGE_PIECES];
	struct image_start start;
	struct image_range random;
	__u64 generation;
	void *own[IMAGE_BUFFERS];
	unsigned int owns;
	int fd;
	unsigned int segments;
	struct image_segment *segment;
};

/* What is wrong goes to @say, a sentence. */
#define IMAGE_SAY 256

bool image_add(struct image *image, __u64 gpa, __u64 size, const void *data, __u64 len,
	       char say[IMAGE_SAY]);
__u64 image_free_pages(const struct image *image, unsigned int pages);
__u64 image_free_high(const struct image *image, __u64 size, __u64 limit);
__u64 image_low(const struct image *image);
void *image_own(struct image *image, size_t size);
bool image_put(struct image *image, const void *data, size_t len, __u64 *gpa,
	       char say[IMAGE_SAY]);
void image_drop(struct image *image);

/* pc.c: what a PC's kernel is given */
bool image_random(void *data, size_t len, char say[IMAGE_SAY]);
unsigned int image_map(const struct image *image, struct image_range map[IMAGE_RANGES]);
bool image_pc(struct image *image, char say[IMAGE_SAY]);
bool image_put_cmdline(struct image *image, __u64 max, __u64 *gpa, char say[IMAGE_SAY]);
bool image_put_initrd(struct image *image, __u64 limit, __u64 *gpa, char say[IMAGE_SAY]);

/* seal.c */
bool image_seal(struct image *image, void (*progress)(__u64 done, __u64 all),
		char say[IMAGE_SAY]);

/* elf.c */
bool elf_is(const void *file, size_t size);
bool elf_load(struct image *image, const void *file, size_t size, char say[IMAGE_SAY]);

/* linux.c */
bool linux_is(const void *file, size_t size);
bool linux_load(struct image *image, const void *file, size_t size, char say[IMAGE_SAY]);

/* pvh.c */
bool pvh_boot(struct image *image, __u64 entry, char say[IMAGE_SAY]);

/* boot.c */
bool image_boot(struct image *image, __u64 entry, bool long_mode, char say[IMAGE_SAY]);

#endif /* KEEL_CTL_IMAGE_H */
