// SPDX-License-Identifier: GPL-2.0
/*
 * What a program needs to begin in 64-bit mode: page tables that map the lowest
 * memory as itself, a GDT, and a stack.  They go into the lowest pages that the
 * program does not use: the stack, the GDT, then the tables.
 *
 * The tables have pages of 2 MiB for as many GiB as the guest's memory needs, but
 * 4 at most.
 */
#include <stdio.h>

#include "image.h"
#include "../uapi/machine.h"

#define WORDS (IMAGE_PAGE / sizeof(__u64))
#define GIB 0x40000000ULL

#define PRESENT_WRITE	3ULL
#define LARGE		0x80ULL

/* Flat segments: code at selector 0x10, data at 0x18; limit 4 GiB, accessed */
#define CODE64	0x00af9b000000ffffULL
#define CODE32	0x00cf9b000000ffffULL
#define DATA	0x00cf93000000ffffULL

static void fill_tables(__u64 *tables, __u64 gpa, unsigned int gibs)
{
	__u64 *pml4 = tables, *pdpt = tables + WORDS, *pd = tables + 2 * WORDS;
	unsigned int i;

	pml4[0] = (gpa + IMAGE_PAGE) | PRESENT_WRITE;
	for (i = 0; i < gibs; i++)
		pdpt[i] = (gpa + (2 + i) * IMAGE_PAGE) | PRESENT_WRITE;
	for (i = 0; i < gibs * WORDS; i++)
		pd[i] = ((__u64)i << 21) | PRESENT_WRITE | LARGE;
}

/**
 * image_boot() - have a program begin in 64-bit mode, or flat in 32-bit mode
 * @image: has the program; gets the registers
 * @entry: where it begins
 * @long_mode: 64-bit mode
 * @say: filled when it cannot be
 *
 * Return: false when there is no room.
 */
bool image_boot(struct image *image, __u64 entry, bool long_mode, char say[IMAGE_SAY])
{
	__u64 gibs = (image_low(image) + GIB - 1) / GIB, stack, gdt;
	unsigned int pages = 2;
	__u64 *own;

	if (image->memory > KEEL_MACHINE_HOLE)
		gibs = KEEL_MACHINE_HOLE_END / GIB;
	if (long_mode)
		pages += 2 + gibs;
	stack = image_free_pages(image, pages);
	if (!stack) {
		snprintf(say, IMAGE_SAY, "it leaves no %u pages in a row for a stack and tables",
			 pages);
		return false;
	}
	gdt = stack + IMAGE_PAGE;
	own = image_own(image, (pages - 1) * IMAGE_PAGE);
	own[2] = long_mode ? CODE64 : CODE32;
	own[3] = DATA;
	if (long_mode)
		fill_tables(own + WORDS, gdt + IMAGE_PAGE, gibs);
	image->start.rip = entry;
	image->start.rsp = gdt;
	image->start.gdt_base = gdt;
	image->start.gdt_limit = 4 * sizeof(__u64) - 1;
	image->start.cr3 = long_mode ? gdt + IMAGE_PAGE : 0;
	image->start.long_mode = long_mode;
	return image_add(image, stack, IMAGE_PAGE, NULL, 0, say) &&
	       image_add(image, gdt, (pages - 1) * IMAGE_PAGE, own, (pages - 1) * IMAGE_PAGE, say);
}
