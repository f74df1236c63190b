// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl load, and what create has in common with it: from the options to an image,
 * and from there to the kernel.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "file.h"
#include "guest.h"
#include "load.h"
#include "parse.h"
#include "text.h"
#include "../uapi/keel.h"

const struct ctl_option load_options[] = {
	IMAGE_OPTIONS,
	{ "id", NULL, "the guest is named by its id" },
	{ NULL }
};

/* Tells on a terminal how far a long image is; what is done in half a second needs no words. */
static void progress(__u64 done, __u64 all)
{
	static struct timespec first;
	struct timespec now;
	static bool said;

	if (!isatty(STDERR_FILENO))
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!first.tv_sec)
		first = now;
	if ((now.tv_sec - first.tv_sec) * 1000 + (now.tv_nsec - first.tv_nsec) / 1000000 > 500) {
		fprintf(stderr, "\r%s of %s \033[K", text_size(done), text_size(all));
		said = true;
	}
	if (said && done == all)
		fputs("\r\033[K", stderr);
}

static bool load_file(struct image *image, const char *file, size_t size, char say[IMAGE_SAY])
{
	const char *entry = ctl_opt("entry"), *entry32 = ctl_opt("entry32");
	__u64 addr;

	if (!size) {
		snprintf(say, IMAGE_SAY, "it is empty");
		return false;
	}
	if (entry || entry32) {
		if (!parse_number(entry ? "--entry" : "--entry32", entry ?: entry32, &addr))
			return false;
		return image_add(image, addr, size, file, size, say) &&
		       image_boot(image, addr, entry, say);
	}
	if (elf_is(file, size))
		return elf_load(image, file, size, say);
	if (linux_is(file, size))
		return linux_load(image, file, size, say);
	snprintf(say, IMAGE_SAY,
		 "it is neither an ELF file nor a bzImage; any other file can be loaded with --entry or --entry32");
	return false;
}

/**
 * load_options_good() - do the options that say what to load go together?
 *
 * Return: false when not; that has been said.
 */
bool load_options_good(void)
{
	bool entry = ctl_opt("entry") || ctl_opt("entry32");

	if (ctl_opt("entry") && ctl_opt("entry32"))
		ctl_warn("--entry and --entry32 cannot go together");
	else if (!ctl_opt("kernel") &&
		 (entry || ctl_opt("arg") || ctl_opt("initrd") || ctl_opt("cmdline")))
		ctl_warn("--entry, --entry32, --arg, --initrd and --cmdline go with --kernel");
	else if (entry && (ctl_opt("initrd") || ctl_opt("cmdline")))
		ctl_warn("--%s is for kernels, and cannot go with --%s; programs take --arg",
			 ctl_opt("initrd") ? "initrd" : "cmdline",
			 ctl_opt("entry") ? "entry" : "entry32");
	else
		return true;
	return false;
}

/* Its pieces are those of the files, which are in memory until it is sealed. */
static bool make(struct image *image, const char *path, const char *file, size_t size)
{
	char say[IMAGE_SAY] = "";

	if (load_file(image, file, size, say) && image_seal(image, progress, say))
		return true;
	if (*say)
		ctl_warn("%s: %s", text_quote(path), say);
	image_drop(image);
	return false;
}

/**
 * load_make() - make the image that the options describe
 * @image: filled
 * @memory: the guest's, in bytes
 * @vcpus: how many it has
 *
 * Return: false when it cannot be; that has been said.
 */
bool load_make(struct image *image, __u64 memory, unsigned int vcpus)
{
	const char *path = ctl_opt("kernel"), *initrd = ctl_opt("initrd"), *arg = ctl_opt("arg");
	struct file kernel, other = { .data = NULL };
	bool good;

	memset(image, 0, sizeof(*image));
	image->fd = -1;
	image->memory = memory;
	image->vcpus = vcpus;
	image->cmdline = ctl_opt("cmdline");
	image->arg = arg;
	if (arg && !parse_size("--arg", arg, &image->start.rdi))
		return false;
	if (!file_open(&kernel, path))
		return false;
	good = !initrd || file_open(&other, initrd);
	if (good && initrd && !other.len) {
		ctl_warn("%s: it is empty", text_quote(initrd));
		good = false;
	}
	image->initrd = other.data;
	image->initrd_len = other.len;
	good = good && make(image, path, kernel.data, kernel.len);
	file_close(&other);
	file_close(&kernel);
	return good;
}

static bool put_start(struct nl_msg *msg, const struct image_start *start)
{
	struct nlattr *nest = nla_nest_start(msg, KEEL_A_VM_START);

	if (!nest || nla_put_u64(msg, KEEL_A_START_RIP, start->rip) ||
	    nla_put_u64(msg, KEEL_A_START_RSP, start->rsp) ||
	    nla_put_u64(msg, KEEL_A_START_RBX, start->rbx) ||
	    nla_put_u64(msg, KEEL_A_START_RSI, start->rsi) ||
	    nla_put_u64(msg, KEEL_A_START_RDI, start->rdi) ||
	    nla_put_u64(msg, KEEL_A_START_CR3, start->cr3) ||
	    nla_put_u64(msg, KEEL_A_START_GDT_BASE, start->gdt_base) ||
	    nla_put_u32(msg, KEEL_A_START_GDT_LIMIT, start->gdt_limit) ||
	    (start->long_mode && nla_put_flag(msg, KEEL_A_START_LONG_MODE)))
		return false;
	nla_nest_end(msg, nest);
	return true;
}

static bool put_segment(struct nl_msg *msg, const struct image_segment *segment)
{
	struct nlattr *nest = nla_nest_start(msg, KEEL_A_VM_SEGMENT);

	if (!nest || nla_put_u64(msg, KEEL_A_SEGMENT_GPA, segment->gpa) ||
	    nla_put_u64(msg, KEEL_A_SEGMENT_OFFSET, segment->offset) ||
	    nla_put_u64(msg, KEEL_A_SEGMENT_SIZE, segment->size))
		return false;
	nla_nest_end(msg, nest);
	return true;
}

static bool put_random(struct nl_msg *msg, const struct image_range *random)
{
	struct nlattr *nest;

	if (!random->size)
		return true;
	nest = nla_nest_start(msg, KEEL_A_VM_RANDOM);
	if (!nest || nla_put_u64(msg, KEEL_A_SEGMENT_GPA, random->gpa) ||
	    nla_put_u64(msg, KEEL_A_SEGMENT_SIZE, random->size))
		return false;
	nla_nest_end(msg, nest);
	return true;
}

/**
 * load_put() - add an image to a message
 * @msg: the message, to which not much else is added
 * @image: of load_make(); the kernel takes the memfd, and needs this program's no more
 */
void load_put(struct nl_msg *msg, const struct image *image)
{
	bool good = !nla_put_u32(msg, KEEL_A_VM_IMAGE_FD, image->fd);
	unsigned int i;

	for (i = 0; good && i < image->segments; i++)
		good = put_segment(msg, &image->segment[i]);
	if (good && image->generation)
		good = !nla_put_u64(msg, KEEL_A_VM_GENERATION, image->generation);
	if (!good || !put_start(msg, &image->start) || !put_random(msg, &image->random))
		abort();	/* 64 segments fit into a page */
}

/**
 * cmd_load() - keelctl load NAME --kernel FILE [OPTION...]
 * @argc: how many words, which is one
 * @argv: the guest
 *
 * Return: the exit status.
 */
int cmd_load(int argc, char **argv)
{
	struct guest guest;
	struct image image;
	struct nl_msg *msg;
	int status;

	if (!ctl_opt("kernel")) {
		ctl_warn("--kernel is missing: what shall it start from?");
		return CTL_USAGE;
	}
	if (!load_options_good())
		return CTL_USAGE;
	status = guest_get(argv[0], &guest);
	if (status != CTL_OK)
		return status;
	if (!load_make(&image, guest.memory, guest.vcpus))
		return CTL_USAGE;
	msg = ctl_request(KEEL_CMD_VM_LOAD);
	if (nla_put_u32(msg, KEEL_A_VM_ID, guest.id))
		abort();
	load_put(msg, &image);
	if (ctl_do(msg, NULL, NULL))
		status = guest_refused(argv[0]);
	image_drop(&image);
	return status;
}
