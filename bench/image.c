// SPDX-License-Identifier: GPL-2.0
/*
 * A small guest from its ELF file, laid out as keelctl lays it out: in the lowest
 * pages stack, GDT and page tables, further up the program.  The file is one of
 * this project's own: one segment, at its physical address.
 *
 * World: user, in the machine that is measured.
 */
#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image.h"

#define GDT		0x2000UL
#define PML4		0x3000UL
#define PDPT		0x4000UL
#define PD		0x5000UL
#define LOW_END		0x6000UL

#define PRESENT_WRITE	3UL
#define LARGE		0x80UL
#define ENTRIES		512

/* Flat segments: code at selector 0x10, data at 0x18 */
#define CODE64	0x00af9b000000ffffUL
#define DATA	0x00cf93000000ffffUL

static void *pages(uint64_t size)
{
	void *p = aligned_alloc(IMAGE_PAGE, size);

	if (!p)
		err(1, "aligned_alloc");
	return memset(p, 0, size);
}

static void read_at(int fd, const char *path, void *to, size_t size, off_t at)
{
	if (pread(fd, to, size, at) != (ssize_t)size)
		errx(1, "%s: it is too short", path);
}

static void low_memory(struct image *image)
{
	uint64_t *own = pages(LOW_END - GDT), *pd = own + (PD - GDT) / sizeof(*own);
	unsigned int i;

	own[2] = CODE64;
	own[3] = DATA;
	own[(PML4 - GDT) / sizeof(*own)] = PDPT | PRESENT_WRITE;
	own[(PDPT - GDT) / sizeof(*own)] = PD | PRESENT_WRITE;
	for (i = 0; i < ENTRIES; i++)
		pd[i] = (uint64_t)i << 21 | PRESENT_WRITE | LARGE;
	image->piece[0] = (struct image_piece) {
		.gpa = GDT, .size = LOW_END - GDT, .data = (unsigned char *)own,
	};
	image->rsp = GDT;
	image->cr3 = PML4;
	image->gdt_base = GDT;
	image->gdt_limit = 4 * sizeof(*own) - 1;
}

static void program(struct image *image, int fd, const char *path)
{
	struct image_piece *piece = &image->piece[1];
	Elf64_Ehdr head;
	Elf64_Phdr ph;

	read_at(fd, path, &head, sizeof(head), 0);
	read_at(fd, path, &ph, sizeof(ph), head.e_phoff);
	if (memcmp(head.e_ident, ELFMAG, SELFMAG) || head.e_phnum != 1 || ph.p_type != PT_LOAD ||
	    ph.p_paddr % IMAGE_PAGE || ph.p_paddr < LOW_END)
		errx(1, "%s: it is none of the small guests", path);
	piece->gpa = ph.p_paddr;
	piece->size = (ph.p_filesz + IMAGE_PAGE - 1) & ~(IMAGE_PAGE - 1);
	piece->data = pages(piece->size);
	read_at(fd, path, piece->data, ph.p_filesz, ph.p_offset);
	image->rip = head.e_entry;
}

/**
 * image_load() - read a small guest
 * @image: filled
 * @path: its ELF file
 *
 * What cannot be read ends the program.
 */
void image_load(struct image *image, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	low_memory(image);
	program(image, fd, path);
	close(fd);
}
