// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl create, load and set: making guests, giving them what to start from, and
 * changing them.
 *
 * An image is made before anything is asked of the kernel, so that a broken file
 * changes nothing; and a guest whose image the kernel refuses is deleted again.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "guest.h"
#include "image.h"
#include "parse.h"
#include "text.h"

/* The largest file that is taken for a kernel */
#define FILE_MAX 0x40000000ULL

#define IMAGE_OPTIONS								\
	{ "kernel", "FILE", "what it starts from: an ELF executable, or any file with --entry" }, \
	{ "entry", "ADDR", "FILE goes to ADDR as it is, and is entered there in 64-bit mode" }, \
	{ "entry32", "ADDR", "the same, in 32-bit mode without paging" },	\
	{ "arg", "N", "a number for the program, in RDI" },			\
	{ "initrd", "FILE", "for Linux kernels" },				\
	{ "cmdline", "TEXT", "for Linux kernels" }

const struct ctl_option create_options[] = {
	{ "memory", "SIZE", "its memory, such as 128M" },
	{ "cpus", "N", "how many vCPUs; 1 if not given" },
	{ "weight", "N", "its share of the CPUs beside others'; 100 if not given" },
	IMAGE_OPTIONS,
	{ "start", NULL, "start it" },
	{ NULL }
};

const struct ctl_option load_options[] = {
	IMAGE_OPTIONS,
	{ "id", NULL, "the guest is named by its id" },
	{ NULL }
};

const struct ctl_option set_options[] = {
	{ "weight", "N", "its share of the CPUs beside others'; 100 is that of a process" },
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

/* A whole file; what is wrong has been said when this is NULL. */
static char *read_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 1 << 16;
	char *data = NULL, *more;
	ssize_t n = 1;

	for (*len = 0; fd >= 0 && n > 0 && *len <= FILE_MAX; *len += n) {
		if (!data || *len == size) {
			size *= data ? 2 : 1;
			more = realloc(data, size);
			if (!more)
				abort();
			data = more;
		}
		do
			n = read(fd, data + *len, size - *len);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			break;
	}
	if (fd >= 0 && n == 0) {
		close(fd);
		return data;
	}
	ctl_warn("%s: %s", text_quote(path), n > 0 && fd >= 0 ? "it is larger than 1 GiB" :
		 strerror(errno));
	if (fd >= 0)
		close(fd);
	free(data);
	return NULL;
}

static bool is_bzimage(const char *file, size_t size)
{
	return size > 0x206 && !memcmp(file + 0x1fe, "\x55\xaa", 2) &&
	       !memcmp(file + 0x202, "HdrS", 4);
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
	snprintf(say, IMAGE_SAY,
		 "it is %s; what can be loaded are ELF executables for x86-64 with fixed addresses, and any file with --entry or --entry32",
		 is_bzimage(file, size) ? "a Linux kernel (bzImage)" : "no ELF file");
	return false;
}

static bool check_options(void)
{
	if (ctl_opt("initrd") || ctl_opt("cmdline"))
		ctl_warn("--%s is for Linux kernels, which cannot be loaded; programs take --arg",
			 ctl_opt("initrd") ? "initrd" : "cmdline");
	else if (ctl_opt("entry") && ctl_opt("entry32"))
		ctl_warn("--entry and --entry32 cannot go together");
	else if (!ctl_opt("kernel") && (ctl_opt("entry") || ctl_opt("entry32") || ctl_opt("arg")))
		ctl_warn("--entry, --entry32 and --arg go with --kernel");
	else
		return true;
	return false;
}

/* Make the image that the options describe; what is wrong has been said. */
static bool make_image(struct image *image, __u64 memory)
{
	const char *path = ctl_opt("kernel"), *arg = ctl_opt("arg");
	char say[IMAGE_SAY] = "";
	size_t size;
	char *file;
	bool good;

	memset(image, 0, sizeof(*image));
	image->fd = -1;
	image->memory = memory;
	if (arg && !parse_size("--arg", arg, &image->start.rdi))
		return false;
	file = read_file(path, &size);
	if (!file)
		return false;
	good = load_file(image, file, size, say) && image_seal(image, progress, say);
	free(file);
	if (good)
		return true;
	if (*say)
		ctl_warn("%s: %s", text_quote(path), say);
	image_drop(image);
	return false;
}

static bool put_start(struct nl_msg *msg, const struct image_start *start)
{
	struct nlattr *nest = nla_nest_start(msg, KEEL_A_VM_START);

	if (!nest || nla_put_u64(msg, KEEL_A_START_RIP, start->rip) ||
	    nla_put_u64(msg, KEEL_A_START_RSP, start->rsp) ||
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

/* The kernel takes the memfd, and needs this program's no more. */
static int load(__u32 id, struct image *image)
{
	struct nl_msg *msg = ctl_request(KEEL_CMD_VM_LOAD);
	bool good = !nla_put_u32(msg, KEEL_A_VM_ID, id) &&
		    !nla_put_u32(msg, KEEL_A_VM_IMAGE_FD, image->fd);
	unsigned int i;

	for (i = 0; good && i < image->segments; i++)
		good = put_segment(msg, &image->segment[i]);
	if (!good || !put_start(msg, &image->start))
		abort();	/* 64 segments fit into a page */
	return ctl_do(msg, NULL, NULL);
}

static int by_id(int command, __u32 id, nl_take take, void *arg)
{
	struct nl_msg *msg = ctl_request(command);

	if (nla_put_u32(msg, KEEL_A_VM_ID, id))
		abort();
	return ctl_do(msg, take, arg);
}

/* All of it, or nothing */
static int create(struct nl_msg *msg, struct image *image, struct guest *guest)
{
	int err = ctl_do(msg, guest_take, guest);

	if (err) {
		ctl_warn("%s", ctl_why());
		return CTL_REFUSED;
	}
	if (image)
		err = load(guest->id, image);
	if (!err && ctl_opt("start"))
		err = by_id(KEEL_CMD_VM_START, guest->id, NULL, NULL);
	if (!err && !by_id(KEEL_CMD_VM_GET, guest->id, guest_take, guest))
		return CTL_OK;
	ctl_warn("%s", ctl_why());
	by_id(KEEL_CMD_VM_DEL, guest->id, NULL, NULL);
	return CTL_REFUSED;
}

/**
 * cmd_create() - keelctl create NAME --memory SIZE [OPTION...]
 * @argc: how many words, which is one
 * @argv: the name
 *
 * Return: the exit status.
 */
int cmd_create(int argc, char **argv)
{
	const char *memory = ctl_opt("memory"), *cpus = ctl_opt("cpus");
	const char *weight = ctl_opt("weight");
	struct guest guest;
	struct image image;
	sigset_t signals;
	struct nl_msg *msg;
	__u32 vcpus, share;
	__u64 size;
	int status;

	if (!memory) {
		ctl_warn("--memory is missing: how much shall it have, such as 128M?");
		return CTL_USAGE;
	}
	if (!parse_size("--memory", memory, &size) ||
	    (cpus && !parse_u32("--cpus", cpus, &vcpus)) ||
	    (weight && !parse_u32("--weight", weight, &share)) || !check_options())
		return CTL_USAGE;
	if (ctl_opt("start") && !ctl_opt("kernel")) {
		ctl_warn("--start goes with --kernel: there would be nothing to start");
		return CTL_USAGE;
	}
	if (ctl_opt("kernel") && !make_image(&image, size))
		return CTL_USAGE;
	status = ctl_connect();
	if (status == CTL_OK) {
		/* A signal finds all of it done, or nothing. */
		sigemptyset(&signals);
		sigaddset(&signals, SIGINT);
		sigaddset(&signals, SIGTERM);
		sigaddset(&signals, SIGHUP);
		sigprocmask(SIG_BLOCK, &signals, NULL);
		msg = ctl_request(KEEL_CMD_VM_NEW);
		if (nla_put_string(msg, KEEL_A_VM_NAME, argv[0]) ||
		    nla_put_u64(msg, KEEL_A_VM_MEMORY, size) ||
		    (cpus && nla_put_u32(msg, KEEL_A_VM_VCPUS, vcpus)) ||
		    (weight && nla_put_u32(msg, KEEL_A_VM_WEIGHT, share)))
			errx(CTL_USAGE, "create: the name is too long");
		status = create(msg, ctl_opt("kernel") ? &image : NULL, &guest);
		sigprocmask(SIG_UNBLOCK, &signals, NULL);
	}
	if (ctl_opt("kernel"))
		image_drop(&image);
	if (status == CTL_OK && ctl_options.json)
		guest_json(NULL, &guest);
	return status;
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
	int status;

	if (!ctl_opt("kernel")) {
		ctl_warn("--kernel is missing: what shall it start from?");
		return CTL_USAGE;
	}
	if (!check_options())
		return CTL_USAGE;
	status = guest_get(argv[0], &guest);
	if (status != CTL_OK)
		return status;
	if (!make_image(&image, guest.memory))
		return CTL_USAGE;
	if (load(guest.id, &image))
		status = guest_refused(argv[0]);
	image_drop(&image);
	return status;
}

/**
 * cmd_set() - keelctl set NAME --weight N
 * @argc: how many words, which is one
 * @argv: the guest
 *
 * Return: the exit status.
 */
int cmd_set(int argc, char **argv)
{
	const char *weight = ctl_opt("weight");
	struct nl_msg *msg;
	__u32 share;
	int status;

	if (!weight) {
		ctl_warn("nothing to set: --weight is all that can be");
		return CTL_USAGE;
	}
	if (!parse_u32("--weight", weight, &share))
		return CTL_USAGE;
	status = ctl_connect();
	if (status != CTL_OK)
		return status;
	msg = ctl_request(KEEL_CMD_VM_SET);
	if (!guest_which(msg, argv[0]) || nla_put_u32(msg, KEEL_A_VM_WEIGHT, share)) {
		nlmsg_free(msg);
		return CTL_USAGE;
	}
	return ctl_do(msg, NULL, NULL) ? guest_refused(argv[0]) : CTL_OK;
}
