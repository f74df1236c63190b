// SPDX-License-Identifier: GPL-2.0
/*
 * A Linux guest as it is in memory when it starts, made by keelctl's own sources: PVH's entry, a
 * command line, an initrd, ACPI tables.  Keel's guest and KVM's get the same.
 *
 * World: user, in the machine that is measured.  (scripts/bench includes ctl/image.h here.)
 */
#include <err.h>

#include "linuxboot.h"

static void progress(__u64 done, __u64 all)
{
}

/**
 * linux_image() - a guest that boots Linux
 * @image: filled
 * @vmlinux: its kernel, an ELF file
 * @initrd: its initrd
 * @vcpus: how many vCPUs it has
 */
void linux_image(struct image *image, const char *vmlinux, const char *initrd, unsigned int vcpus)
{
	char say[IMAGE_SAY] = "";
	size_t size;
	void *file = linux_file(vmlinux, &size);

	*image = (struct image) {
		.memory = LINUX_MEMORY, .vcpus = vcpus, .cmdline = LINUX_CMDLINE, .fd = -1,
	};
	image->initrd = linux_file(initrd, &image->initrd_len);
	if (!elf_is(file, size) || !elf_load(image, file, size, say) ||
	    !image_seal(image, progress, say))
		errx(1, "%s: %s", vmlinux, say);
}
