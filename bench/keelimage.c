// SPDX-License-Identifier: GPL-2.0
/*
 * What a small guest of Keel's begins with: see image.c.
 *
 * World: user, in the machine that is measured.
 */
#include "../uapi/keel.h"
#include "genl.h"
#include "image.h"
#include "keelvm.h"

/* What vm-load and vm-new take of an image */
static void put_image(const struct image *image, int fd, uint64_t arg)
{
	struct nlattr *nest;
	uint64_t offset = 0;
	unsigned int i;

	genl_put_u32(KEEL_A_VM_IMAGE_FD, fd);
	for (i = 0; i < image->nr; i++) {
		nest = genl_nest(KEEL_A_VM_SEGMENT);
		genl_put_u64(KEEL_A_SEGMENT_GPA, image->piece[i].gpa);
		genl_put_u64(KEEL_A_SEGMENT_OFFSET, offset);
		genl_put_u64(KEEL_A_SEGMENT_SIZE, image->piece[i].size);
		genl_nest_end(nest);
		offset += image->piece[i].size;
	}
	nest = genl_nest(KEEL_A_VM_START);
	genl_put_u64(KEEL_A_START_RIP, image->rip);
	genl_put_u64(KEEL_A_START_RSP, image->rsp);
	genl_put_u64(KEEL_A_START_RDI, arg);
	genl_put_u64(KEEL_A_START_CR3, image->cr3);
	genl_put_u64(KEEL_A_START_GDT_BASE, image->gdt_base);
	genl_put_u32(KEEL_A_START_GDT_LIMIT, image->gdt_limit);
	genl_put(KEEL_A_START_LONG_MODE, NULL, 0);
	genl_nest_end(nest);
}

/**
 * keelvm_load() - give a guest what it begins with
 * @name: its name
 * @image: the image
 * @fd: its file, from image_file()
 * @arg: the guest's argument
 */
void keelvm_load(const char *name, const struct image *image, int fd, uint64_t arg)
{
	keelvm_begin(KEEL_CMD_VM_LOAD, name);
	put_image(image, fd, arg);
	genl_do();
}

/**
 * keelvm_create() - all of it at once, as a guest that is not looked at before it runs is made
 * @name: its name
 * @memory: its memory in bytes
 * @image: the image
 * @fd: its file, from image_file()
 */
void keelvm_create(const char *name, uint64_t memory, const struct image *image, int fd)
{
	keelvm_begin(KEEL_CMD_VM_NEW, name);
	genl_put_u64(KEEL_A_VM_MEMORY, memory);
	put_image(image, fd, 0);
	genl_put(KEEL_A_VM_RUN, NULL, 0);
	genl_ask();
}
