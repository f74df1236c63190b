// SPDX-License-Identifier: GPL-2.0
/*
 * A small guest from its ELF file, laid out much as keelctl lays it out: in the lowest
 * pages stack, page tables and GDT, further up the program.  The file is one of
 * this project's own: one segment, at its physical address.
 *
 * World: user, in the machine that is measured.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>

#include "image.h"

#define PML4		0x2000UL
#define GDT		0x2040UL
#define PDPT		0x3000UL
#define PD		0x4000UL
#define LOW_END		0x5000UL

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

static void add(struct image *image, uint64_t gpa, uint64_t size, void *data)
{
	/* with zeros to a multiple of 16, as keelctl has them */
	image->piece[image->nr++] = (struct image_piece) {
		.gpa = gpa, .size = (size + 15) & ~15UL, .data = data,
	};
}

static bool has_1g(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid(0x80000001, &a, &b, &c, &d) && d & 1 << 26;
}

/*
 * A piece for each page, which ends where its zeros begin.  The GDT is in the first table,
 * where no address below 4 TiB leads.
 */
static void low_memory(struct image *image)
{
	uint64_t *pml4 = pages(LOW_END - PML4);
	uint64_t *gdt = pml4 + (GDT - PML4) / sizeof(*pml4);
	uint64_t *pdpt = pml4 + (PDPT - PML4) / sizeof(*pml4);
	uint64_t *pd = pml4 + (PD - PML4) / sizeof(*pml4);
	bool large = has_1g();
	unsigned int i;

	*pml4 = PDPT | PRESENT_WRITE;
	gdt[2] = CODE64;
	gdt[3] = DATA;
	*pdpt = PRESENT_WRITE | (large ? LARGE : PD);
	for (i = 0; i < ENTRIES && !large; i++)
		pd[i] = (uint64_t)i << 21 | PRESENT_WRITE | LARGE;
	add(image, PML4, GDT - PML4 + 4 * sizeof(*gdt), pml4);
	add(image, PDPT, sizeof(*pdpt), pdpt);
	if (!large)
		add(image, PD, ENTRIES * sizeof(*pd), pd);
	image->rsp = PML4;
	image->cr3 = PML4;
	image->gdt_base = GDT;
	image->gdt_limit = 4 * sizeof(*gdt) - 1;
}

static void program(struct image *image, int fd, const char *path)
{
	Elf64_Ehdr head;
	Elf64_Phdr ph;
	void *data;

	read_at(fd, path, &head, sizeof(head), 0);
	read_at(fd, path, &ph, sizeof(ph), head.e_phoff);
	if (memcmp(head.e_ident, ELFMAG, SELFMAG) || head.e_phnum != 1 || ph.p_type != PT_LOAD ||
	    ph.p_paddr % IMAGE_PAGE || ph.p_paddr < LOW_END)
		errx(1, "%s: it is none of the small guests", path);
	data = pages((ph.p_filesz + IMAGE_PAGE - 1) & ~(IMAGE_PAGE - 1));
	read_at(fd, path, data, ph.p_filesz, ph.p_offset);
	add(image, ph.p_paddr, ph.p_filesz, data);
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

/**
 * image_file() - write an image into a file, one piece behind the other
 * @image: the image
 *
 * Return: the file, which has no name.
 */
int image_file(const struct image *image)
{
	int fd = memfd_create("image", MFD_CLOEXEC);
	uint64_t offset = 0;
	unsigned int i;

	if (fd < 0)
		err(1, "memfd_create");
	for (i = 0; i < image->nr; i++) {
		if (pwrite(fd, image->piece[i].data, image->piece[i].size, offset) !=
		    (ssize_t)image->piece[i].size)
			err(1, "memfd");
		offset += image->piece[i].size;
	}
	return fd;
}
