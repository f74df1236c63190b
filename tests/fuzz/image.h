/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the fuzzers of keelctl's loaders share: whatever is in the file and however much
 * memory the guest has, an image is refused with a sentence, or made of segments in the
 * guest's memory that hold what its pieces say and else zeros, with registers that lie
 * in it.  (scripts/fuzz includes ctl/image.h here.)
 */
#ifndef KEEL_FUZZ_IMAGE_H
#define KEEL_FUZZ_IMAGE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../uapi/keel.h"
#include "../../uapi/machine.h"

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void progress(__u64 done, __u64 all)
{
	check(done <= all);
}

static bool is_memory(const struct image *image, __u64 gpa, __u64 size)
{
	__u64 end = image->memory;

	if (gpa + size < gpa)
		return false;
	if (end <= KEEL_MACHINE_HOLE)
		return gpa + size <= end;
	end += KEEL_MACHINE_HOLE_END - KEEL_MACHINE_HOLE;
	return gpa + size <= KEEL_MACHINE_HOLE ||
	       (gpa >= KEEL_MACHINE_HOLE_END && gpa + size <= end);
}

/**
 * struct packed - what the kernel gets
 * @image: the image
 * @bytes: what is in its memfd
 */
struct packed {
	const struct image *image;
	unsigned char *bytes;
};

/* What a byte of the guest's memory is at first */
static unsigned char at(const struct packed *packed, __u64 gpa)
{
	const struct image *image = packed->image;
	const struct image_segment *s = image->segment;

	for (; s < image->segment + image->segments; s++)
		if (gpa >= s->gpa && gpa - s->gpa < s->size)
			return packed->bytes[s->offset + (gpa - s->gpa)];
	return 0;
}

static __u64 word(const struct packed *packed, __u64 gpa, unsigned int bytes)
{
	__u64 val = 0;

	while (bytes--)
		val = val << 8 | at(packed, gpa + bytes);
	return val;
}

static void check_pieces(const struct packed *packed)
{
	const struct image *image = packed->image;
	unsigned int i;
	__u64 k;

	for (i = 0; i < image->nr; i++) {
		const struct image_piece *p = &image->piece[i];

		check(p->len <= p->size && is_memory(image, p->gpa, p->size));
		check(!i || p[-1].gpa + p[-1].size <= p->gpa);
		for (k = 0; k < p->size && k < p->len + 2 * IMAGE_PAGE; k++)
			check(at(packed, p->gpa + k) ==
			      (k < p->len ? ((const unsigned char *)p->data)[k] : 0));
	}
}

static bool in_pages_of_one(const struct image *image, const struct image_range *range)
{
	const struct image_segment *s;

	for (s = image->segment; s < image->segment + image->segments; s++)
		if (range->gpa >= s->gpa && range->gpa + range->size <=
		    ((s->gpa + s->size + IMAGE_PAGE - 1) & ~(IMAGE_PAGE - 1)))
			return true;
	return false;
}

/* Free what comes back. */
static struct packed check_image(const struct image *image)
{
	struct packed packed = { .image = image };
	__u64 offset = 0;
	unsigned int i;

	check(image->segments && image->segments <= KEEL_SEGMENTS_MAX);
	for (i = 0; i < image->segments; i++) {
		const struct image_segment *s = &image->segment[i];

		check(s->offset >= offset && s->offset < offset + 16 && s->size);
		check(!(s->gpa % IMAGE_PAGE));
		check(!i || s->gpa >= s[-1].gpa + s[-1].size);
		offset = s->offset + s->size;
	}
	check(!image->random.size || in_pages_of_one(image, &image->random));
	packed.bytes = malloc(offset);
	check(pread(image->fd, packed.bytes, offset, 0) == (ssize_t)offset);
	check_pieces(&packed);
	check(is_memory(image, image->start.rip, 1) && is_memory(image, image->start.cr3, 1));
	check(image->start.rsp == image->start.gdt_base && image->start.rsp >= 2 * IMAGE_PAGE);
	check(word(&packed, image->start.gdt_base + 24, 8) == 0xcf93000000ffff);
	return packed;
}

/* What a kernel is told must be its own: ACPI tables, command line, and initrd. */
static void check_told(const struct packed *packed, __u64 cmdline, __u64 initrd)
{
	const struct image *image = packed->image;
	size_t i;

	check(word(packed, KEEL_MACHINE_ACPI, 8) == 0x2052545020445352);
	for (i = 0; image->cmdline && i <= strlen(image->cmdline); i++)
		check(at(packed, cmdline + i) == (unsigned char)image->cmdline[i]);
	check(image->cmdline || !at(packed, cmdline));
	check(!image->initrd == !initrd && initrd % IMAGE_PAGE == 0);
	for (i = 0; initrd && i < image->initrd_len; i++)
		check(at(packed, initrd + i) == ((const unsigned char *)image->initrd)[i]);
}

/* What the first bytes say: how much memory there is, a command line, an initrd */
#define FUZZ_HEAD 4

static void prepare(struct image *image, const unsigned char *head)
{
	static const char initrd[] = "an initrd";
	static char cmdline[4096];

	memset(image, 0, sizeof(*image));
	image->fd = -1;
	/* around 3 GiB, or some power of two */
	image->memory = head[0] & 0x80 ? (0xc0000ULL + head[0] % 4 - 2) * IMAGE_PAGE :
					 IMAGE_PAGE << (head[0] & 0x3f);
	image->memory += (__u64)head[1] * 3 * IMAGE_PAGE;
	image->vcpus = head[1] % 20;
	image->arg = head[2] == 0xff;
	if (head[2] & 1) {
		memset(cmdline, 'c', head[2] * 15);
		cmdline[head[2] * 15] = 0;
		image->cmdline = cmdline;
	}
	if (head[2] & 2) {
		image->initrd = initrd;
		image->initrd_len = sizeof(initrd);
	}
}

#endif /* KEEL_FUZZ_IMAGE_H */
