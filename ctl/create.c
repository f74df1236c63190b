// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl create and set: making guests, and changing them.
 *
 * An image is made before anything is asked of the kernel, so that a broken file
 * changes nothing; and a guest whose image the kernel refuses is deleted again.
 */
#include <err.h>
#include <signal.h>
#include <stdlib.h>

#include "ctl.h"
#include "guest.h"
#include "load.h"
#include "parse.h"

const struct ctl_option create_options[] = {
	{ "memory", "SIZE", "its memory, such as 128M" },
	{ "cpus", "N", "how many vCPUs; 1 if not given" },
	{ "weight", "N", "its share of the CPUs beside others'; 100 if not given" },
	IMAGE_OPTIONS,
	{ "start", NULL, "start it" },
	{ NULL }
};

const struct ctl_option set_options[] = {
	{ "weight", "N", "its share of the CPUs beside others'; 100 is that of a process" },
	{ "id", NULL, "the guest is named by its id" },
	{ NULL }
};

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
		err = load_send(guest->id, image);
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
	__u32 vcpus = 1, share;
	__u64 size;
	int status;

	if (!memory) {
		ctl_warn("--memory is missing: how much shall it have, such as 128M?");
		return CTL_USAGE;
	}
	if (!parse_size("--memory", memory, &size) ||
	    (cpus && !parse_u32("--cpus", cpus, &vcpus)) ||
	    (weight && !parse_u32("--weight", weight, &share)) || !load_options_good())
		return CTL_USAGE;
	if (ctl_opt("start") && !ctl_opt("kernel")) {
		ctl_warn("--start goes with --kernel: there would be nothing to start");
		return CTL_USAGE;
	}
	if (ctl_opt("kernel") && !load_make(&image, size, vcpus))
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
