// SPDX-License-Identifier: GPL-2.0
/*
 * What kernels are given that expect a PC: a map of its memory, the ACPI tables, a
 * command line and an initrd.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "acpi.h"
#include "../uapi/machine.h"

/* Where a PC's video memory begins, which ends where the tables do; no kernel expects RAM there. */
#define VIDEO 0xa0000ULL

#define MIB 0x100000ULL

/**
 * image_random() - bytes that nobody has had before
 * @data: filled
 * @len: how many, at most 256
 * @say: filled when there are none
 *
 * Return: false when there are none.
 */
bool image_random(void *data, size_t len, char say[IMAGE_SAY])
{
	if (getrandom(data, len, 0) == (ssize_t)len)
		return true;
	snprintf(say, IMAGE_SAY, "no random numbers for it: %s", strerror(errno));
	return false;
}

/**
 * image_map() - where a PC's kernel finds memory
 * @image: of which image_pc() is true
 * @map: filled
 *
 * Return: how many ranges there are.
 */
unsigned int image_map(const struct image *image, struct image_range map[IMAGE_RANGES])
{
	unsigned int nr = 0;

	map[nr++] = (struct image_range) { 0, VIDEO, true };
	map[nr++] = (struct image_range) {
		KEEL_MACHINE_ACPI, KEEL_MACHINE_ACPI_END - KEEL_MACHINE_ACPI, false,
	};
	map[nr++] = (struct image_range) { MIB, image_low(image) - MIB, true };
	if (image->memory > KEEL_MACHINE_HOLE)
		map[nr++] = (struct image_range) {
			KEEL_MACHINE_HOLE_END, image->memory - KEEL_MACHINE_HOLE, true,
		};
	return nr;
}

/**
 * image_pc() - make the first MiB that of a PC
 * @image: the image
 * @say: filled when it cannot be
 *
 * Return: false when it cannot be.
 */
bool image_pc(struct image *image, char say[IMAGE_SAY])
{
	if (image->arg) {
		snprintf(say, IMAGE_SAY,
			 "it is a kernel, and --arg is for programs; kernels take --cmdline");
		return false;
	}
	if (image->memory <= MIB) {
		snprintf(say, IMAGE_SAY, "it needs more memory than 1 MiB");
		return false;
	}
	return image_add(image, VIDEO, KEEL_MACHINE_ACPI - VIDEO, NULL, 0, say) &&
	       acpi_add(image, say);
}

/**
 * image_put_cmdline() - put the command line into memory
 * @image: the image
 * @max: how many bytes the kernel takes, without the NUL at its end
 * @gpa: filled with where it is
 * @say: filled when it cannot be
 *
 * Return: false when it cannot be.
 */
bool image_put_cmdline(struct image *image, __u64 max, __u64 *gpa, char say[IMAGE_SAY])
{
	const char *text = image->cmdline ?: "";
	size_t len = strlen(text);

	if (len <= max)
		return image_put(image, text, len + 1, gpa, say);
	snprintf(say, IMAGE_SAY, "--cmdline has %zu bytes, and this kernel takes %llu at most", len,
		 (unsigned long long)max);
	return false;
}

/**
 * image_put_initrd() - put the initrd into memory, as high as it goes
 * @image: the image, with everything that has its place
 * @limit: it ends here at the latest
 * @gpa: filled with where it is, 0 for none
 * @say: filled when there is no room
 *
 * Return: false when there is no room.
 */
bool image_put_initrd(struct image *image, __u64 limit, __u64 *gpa, char say[IMAGE_SAY])
{
	*gpa = 0;
	if (!image->initrd)
		return true;
	*gpa = image_free_high(image, image->initrd_len, limit);
	if (*gpa >= MIB)
		return image_add(image, *gpa, image->initrd_len, image->initrd, image->initrd_len,
				 say);
	snprintf(say, IMAGE_SAY,
		 "it leaves no room for the initrd, which has %zu bytes, in %llu bytes of memory",
		 image->initrd_len, (unsigned long long)image->memory);
	return false;
}
