// SPDX-License-Identifier: GPL-2.0
/*
 * Linux kernels as they are packaged (bzImage), and what else comes in that form: by
 * the 64-bit boot protocol, Documentation/arch/x86/boot.rst in Linux.  The file has a
 * header, code for real mode, which nobody needs, and the kernel, perhaps compressed,
 * which finds boot_params by RSI.
 *
 * The file is whatever somebody has handed over: nothing in it is believed.
 */
#include <stdio.h>
#include <string.h>

#include "image.h"
#include "../uapi/machine.h"

/* The setup header: where it begins, in the file and in boot_params, and its fields there */
#define HEADER			0x1f1
#define SETUP_SECTORS		0x1f1
#define SIZE_OF_CODE		0x1f4	/* in units of 16 bytes */
#define VIDEO_MODE		0x1fa
#define BOOT_FLAG		0x1fe
#define JUMP			0x201	/* the header's end, from 0x202 on */
#define MAGIC			0x202
#define VERSION_OF_PROTOCOL	0x206
#define TYPE_OF_LOADER		0x210
#define LOADFLAGS		0x211
#define CODE32_START		0x214
#define RAMDISK_IMAGE		0x218
#define RAMDISK_SIZE		0x21c
#define CMD_LINE_PTR		0x228
#define INITRD_ADDR_MAX		0x22c
#define KERNEL_ALIGNMENT	0x230
#define RELOCATABLE		0x234
#define XLOADFLAGS		0x236
#define CMDLINE_SIZE		0x238
#define SETUP_DATA		0x250
#define PREF_ADDRESS		0x258
#define INIT_SIZE		0x260
#define HEADER_END		0x264	/* of the fields that are looked at */
#define HEADER_MAX		0x290	/* it cannot be longer */

/* Other fields of boot_params */
#define ACPI_RSDP		0x70
#define E820_ENTRIES		0x1e8
#define E820_TABLE		0x2d0
#define E820_ENTRY		20	/* bytes of one: address, size, type */
#define E820_RAM		1
#define E820_RESERVED		2

#define LOADED_HIGH		1
#define XLF_KERNEL_64		1
#define PROTOCOL		0x20c	/* the first version with a 64-bit entry */
#define UNDEFINED_LOADER	0xff
#define VIDEO_NORMAL		0xffff

/* Where the kernel is entered, from where it is loaded */
#define ENTRY64			0x200

struct setup_data {
	__u64 next;
	__u32 type;
	__u32 len;
	__u8 data[32];
};

#define SETUP_RNG_SEED		9

static __u64 get(const char *at, unsigned int bytes)
{
	__u64 val = 0;

	memcpy(&val, at, bytes);
	return val;
}

static void set(char *at, unsigned int bytes, __u64 val)
{
	memcpy(at, &val, bytes);
}

static bool wrong(char say[IMAGE_SAY], const char *what)
{
	snprintf(say, IMAGE_SAY, "it is a broken bzImage: %s", what);
	return false;
}

/**
 * linux_is() - does a file say that it is a bzImage?
 * @file: its bytes
 * @size: how many
 *
 * Return: true when it does.
 */
bool linux_is(const void *file, size_t size)
{
	const char *at = file;

	return size >= MAGIC + 4 && get(at + BOOT_FLAG, 2) == 0xaa55 &&
	       !memcmp(at + MAGIC, "HdrS", 4);
}

static bool check_header(const char *file, size_t size, char say[IMAGE_SAY])
{
	if (size < HEADER_END)
		return wrong(say, "it ends within its header");
	if (get(file + VERSION_OF_PROTOCOL, 2) < PROTOCOL ||
	    !(get(file + XLOADFLAGS, 2) & XLF_KERNEL_64)) {
		snprintf(say, IMAGE_SAY,
			 "it is a bzImage without a 64-bit entry: a kernel for 32 bits, or older than 3.8");
		return false;
	}
	if (!(get(file + LOADFLAGS, 1) & LOADED_HIGH)) {
		snprintf(say, IMAGE_SAY, "it is a zImage, which is loaded below 1 MiB");
		return false;
	}
	return true;
}

/* The kernel as it is in the file, behind the code for real mode */
static bool find_code(const char *file, size_t size, const char **code, __u64 *len,
		      char say[IMAGE_SAY])
{
	__u64 sectors = get(file + SETUP_SECTORS, 1), start;

	/* 0 means 4, for kernels of long ago. */
	start = ((sectors ?: 4) + 1) * 512;
	if (start >= size)
		return wrong(say, "it ends before the kernel");
	*code = file + start;
	*len = size - start;
	/* The last unit may be incomplete. */
	if (*len + 15 < get(file + SIZE_OF_CODE, 4) * 16)
		return wrong(say, "it is cut off");
	if (*len <= ENTRY64)
		return wrong(say, "it ends before its entry");
	return true;
}

/*
 * Where a kernel runs, which is where it is loaded to: from there on it takes what its
 * header says while it finds out how much memory there is.
 */
static bool add_code(struct image *image, const char *file, const char *code, __u64 len,
		     __u64 *load, char say[IMAGE_SAY])
{
	__u64 align = get(file + KERNEL_ALIGNMENT, 4), need = get(file + INIT_SIZE, 4);

	*load = get(file + PREF_ADDRESS, 8);
	if (get(file + RELOCATABLE, 1)) {
		if (!align || align & (align - 1))
			return wrong(say, "its alignment is no power of two");
		/* What wraps around is in page 0, which is refused. */
		*load = (*load + align - 1) & ~(align - 1);
	}
	if (*load < KEEL_MACHINE_ACPI_END)
		return wrong(say, "its address is below 1 MiB");
	if (need < len)
		need = len;
	if (*load < image_low(image) && need <= image_low(image) - *load)
		return image_add(image, *load, need, code, len, say);
	snprintf(say, IMAGE_SAY,
		 "it needs %llu bytes at %#llx to begin with, and the guest has %llu bytes of memory",
		 (unsigned long long)need, (unsigned long long)*load,
		 (unsigned long long)image->memory);
	return false;
}

/* A seed that is made when the guest starts: whoever has the image does not know it. */
static bool put_seed(struct image *image, __u64 *gpa, char say[IMAGE_SAY])
{
	struct setup_data *seed = image_own(image, sizeof(*seed));

	seed->type = SETUP_RNG_SEED;
	seed->len = sizeof(seed->data);
	if (!image_put(image, seed, sizeof(*seed), gpa, say))
		return false;
	image->random.gpa = *gpa + offsetof(struct setup_data, data);
	image->random.size = sizeof(seed->data);
	return true;
}

static void fill_map(const struct image *image, char *params)
{
	struct image_range map[IMAGE_RANGES];
	unsigned int i, nr = image_map(image, map);

	params[E820_ENTRIES] = nr;
	for (i = 0; i < nr; i++) {
		char *at = params + E820_TABLE + i * E820_ENTRY;

		set(at, 8, map[i].gpa);
		set(at + 8, 8, map[i].size);
		set(at + 16, 4, map[i].ram ? E820_RAM : E820_RESERVED);
	}
}

/* The header as it is in the file, and what a loader fills in */
static void fill_params(const struct image *image, const char *file, size_t size, char *params,
			__u64 load)
{
	__u64 end = MAGIC + get(file + JUMP, 1);

	if (end < HEADER_END)
		end = HEADER_END;
	if (end > HEADER_MAX)
		end = HEADER_MAX;
	if (end > size)
		end = size;
	memcpy(params + HEADER, file + HEADER, end - HEADER);
	set(params + VIDEO_MODE, 2, VIDEO_NORMAL);
	set(params + TYPE_OF_LOADER, 1, UNDEFINED_LOADER);
	set(params + CODE32_START, 4, load);
	set(params + ACPI_RSDP, 8, KEEL_MACHINE_ACPI);
	fill_map(image, params);
}

/**
 * linux_load() - load a bzImage
 * @image: gets its pieces, and the registers to enter it with
 * @file: its bytes, which have to stay where they are; linux_is() is true of them
 * @size: how many
 * @say: filled when it cannot be loaded
 *
 * Return: false when it cannot be loaded.
 */
bool linux_load(struct image *image, const void *file, size_t size, char say[IMAGE_SAY])
{
	__u64 len, load, cmdline, initrd, seed;
	const char *code;
	char *params;

	if (!check_header(file, size, say) || !find_code(file, size, &code, &len, say) ||
	    !image_pc(image, say) || !add_code(image, file, code, len, &load, say) ||
	    !image_put_cmdline(image, get((const char *)file + CMDLINE_SIZE, 4), &cmdline, say) ||
	    !image_put_initrd(image, get((const char *)file + INITRD_ADDR_MAX, 4) + 1, &initrd,
			      say) ||
	    !put_seed(image, &seed, say))
		return false;
	params = image_own(image, IMAGE_PAGE);
	fill_params(image, file, size, params, load);
	set(params + CMD_LINE_PTR, 4, cmdline);
	set(params + RAMDISK_IMAGE, 4, initrd);
	set(params + RAMDISK_SIZE, 4, image->initrd_len);
	set(params + SETUP_DATA, 8, seed);
	return image_put(image, params, IMAGE_PAGE, &image->start.rsi, say) &&
	       image_boot(image, load + ENTRY64, true, say);
}
