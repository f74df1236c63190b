// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer over keelctl's loader of bzImages: the file's header, what is behind it, and
 * the command line and the initrd that come with it.
 *
 * A byte says whether the header is mended, so that more than one file in a million gets
 * further than it; whether a field is right is then up to it, too.
 */
#include "image.h"

static void put(char *file, size_t at, unsigned int bytes, __u64 val)
{
	memcpy(file + at, &val, bytes);
}

static __u64 get(const char *file, size_t at, unsigned int bytes)
{
	__u64 val = 0;

	memcpy(&val, file + at, bytes);
	return val;
}

static void mend(char *file, size_t size, unsigned char how)
{
	if (size < 0x264)
		return;
	put(file, 0x1fe, 2, 0xaa55);
	put(file, 0x202, 4, 0x53726448);
	if (how & 2)
		put(file, 0x206, 2, 0x20c + (how >> 6));
	if (how & 4) {
		file[0x211] |= 1;
		file[0x236] |= 1;
	}
	if (how & 8) {
		file[0x1f1] = get(file, 0x1f1, 1) % (size / 512) + 1;
		put(file, 0x1f4, 4, get(file, 0x1f4, 1));
	}
	if (how & 16)
		put(file, 0x230, 4, 1ULL << get(file, 0x230, 1) % 32);
	if (how & 32) {
		put(file, 0x258, 8, get(file, 0x258, 3) << 8);
		put(file, 0x260, 4, get(file, 0x260, 3));
	}
}

static void check_entered(const struct image *image, const char *file, size_t size)
{
	struct packed packed = check_image(image);
	__u64 params = image->start.rsi, seed, load, align = get(file, 0x230, 4);
	__u64 start = (get(file, 0x1f1, 1) ?: 4) * 512 + 512, i;

	check(!image->start.rbx && !image->start.rdi && image->start.long_mode && !image->arg);
	load = image->start.rip - 0x200;
	check(load >= 0x100000 && load < KEEL_MACHINE_HOLE);
	check(word(&packed, params + 0x214, 4) == load);
	check(load >= get(file, 0x258, 8) && (load == get(file, 0x258, 8) || load % align == 0));
	check(is_memory(image, load, get(file, 0x260, 4)));
	for (i = 0; i < size - start; i++)
		check(at(&packed, load + i) == (unsigned char)file[start + i]);
	check(word(&packed, params + 0x202, 4) == 0x53726448);
	check(word(&packed, params + 0x70, 8) == KEEL_MACHINE_ACPI);
	check(word(&packed, params + 0x21c, 4) == image->initrd_len);
	check(word(&packed, params + 0x218, 4) + image->initrd_len <= get(file, 0x22c, 4) + 1);
	check(!image->cmdline || strlen(image->cmdline) <= get(file, 0x238, 4));
	check_told(&packed, word(&packed, params + 0x228, 4), word(&packed, params + 0x218, 4));
	seed = word(&packed, params + 0x250, 8);
	check(!word(&packed, seed, 8) && word(&packed, seed + 8, 8) == 0x2000000009);
	check(at(&packed, params + 0x1e8) <= 4);
	free(packed.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct image image;
	char say[IMAGE_SAY] = "";
	char *file;

	if (size < FUZZ_HEAD)
		return 0;
	prepare(&image, data);
	size -= FUZZ_HEAD;
	/* of just this size, for the sanitizer to see who reads beyond */
	file = malloc(size);
	memcpy(file, data + FUZZ_HEAD, size);
	if (data[3] & 1)
		mend(file, size, data[3]);
	if (linux_is(file, size)) {
		if (linux_load(&image, file, size, say) && image_seal(&image, progress, say))
			check_entered(&image, file, size);
		else
			check(*say && memchr(say, 0, sizeof(say)));
	}
	image_drop(&image);
	free(file);
	return 0;
}
