// SPDX-License-Identifier: GPL-2.0
/*
 * Kernels that are entered the way of PVH, in 32-bit mode without paging: EBX points to
 * a start info (Xen's public/arch-x86/hvm/start_info.h), of version 1, which has the
 * command line, the initrd as a module, the map of memory and the ACPI tables.
 */
#include <stddef.h>

#include "image.h"
#include "../uapi/machine.h"

#define MAGIC		0x336ec578
#define VERSION_1	1

/* What Linux takes on x86; PVH itself has no limit. */
#define CMDLINE_MAX	2047

#define TYPE_RAM	1
#define TYPE_RESERVED	2

struct range {
	__u64 addr;
	__u64 size;
	__u32 type;
	__u32 reserved;
};

struct module {
	__u64 addr;
	__u64 size;
	__u64 cmdline;
	__u64 reserved;
};

struct start_info {
	__u32 magic;
	__u32 version;
	__u32 flags;
	__u32 modules;
	__u64 modlist;
	__u64 cmdline;
	__u64 rsdp;
	__u64 memmap;
	__u32 ranges;
	__u32 reserved;
};

/* All in one piece */
struct info {
	struct start_info start;
	struct module module;
	struct range range[IMAGE_RANGES];
};

static void fill_map(const struct image *image, struct info *info)
{
	struct image_range map[IMAGE_RANGES];
	unsigned int i, nr = image_map(image, map);

	info->start.ranges = nr;
	for (i = 0; i < nr; i++) {
		info->range[i].addr = map[i].gpa;
		info->range[i].size = map[i].size;
		info->range[i].type = map[i].ram ? TYPE_RAM : TYPE_RESERVED;
	}
}

/**
 * pvh_boot() - have a kernel begin the way of PVH
 * @image: has the kernel; gets what it is told, and the registers
 * @entry: where it begins
 * @say: filled when it cannot be
 *
 * Return: false when it cannot be.
 */
bool pvh_boot(struct image *image, __u64 entry, char say[IMAGE_SAY])
{
	__u64 at, cmdline, initrd;
	struct info *info;

	if (!image_pc(image, say) || !image_put_cmdline(image, CMDLINE_MAX, &cmdline, say) ||
	    !image_put_initrd(image, KEEL_MACHINE_HOLE, &initrd, say))
		return false;
	info = image_own(image, sizeof(*info));
	if (!image_put(image, info, sizeof(*info), &at, say))
		return false;
	info->start = (struct start_info) {
		.magic = MAGIC, .version = VERSION_1, .cmdline = cmdline, .rsdp = KEEL_MACHINE_ACPI,
		.memmap = at + offsetof(struct info, range),
	};
	if (initrd) {
		info->start.modules = 1;
		info->start.modlist = at + offsetof(struct info, module);
		info->module = (struct module) { .addr = initrd, .size = image->initrd_len };
	}
	fill_map(image, info);
	image->start.rbx = at;
	return image_boot(image, entry, false, say);
}
