// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl create and set: making guests, and changing them.
 *
 * An image is made before anything is asked of the kernel, so that a broken file
 * changes nothing; and one message makes the guest, loads and starts it, or nothing
 * of it.
 */
#include <err.h>
#include <stdlib.h>

#include "ctl.h"
#include "guest.h"
#include "load.h"
#include "parse.h"

const struct ctl_option create_options[] = {
	{ "memory", "SIZE", "its memory, such as 128M" },
	{ "cpus", "N", "how many vCPUs; 1 if not given" },
	{ "weight", "N", "its share of the CPUs beside others'; 100 if not given" },
	{ "huge", NULL, "take memory in pages of 2 MiB, where there are any" },
	IMAGE_OPTIONS,
	{ "start", NULL, "start it" },
	{ NULL }
};

const struct ctl_option set_options[] = {
	{ "weight", "N", "its share of the CPUs beside others'; 100 is that of a process" },
	{ "id", NULL, "the guest is named by its id" },
	{ NULL }
};

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
		msg = ctl_request(KEEL_CMD_VM_NEW);
		if (nla_put_string(msg, KEEL_A_VM_NAME, argv[0]) ||
		    nla_put_u64(msg, KEEL_A_VM_MEMORY, size) ||
		    (cpus && nla_put_u32(msg, KEEL_A_VM_VCPUS, vcpus)) ||
		    (weight && nla_put_u32(msg, KEEL_A_VM_WEIGHT, share)) ||
		    (ctl_opt("huge") && nla_put_flag(msg, KEEL_A_VM_HUGE)))
			errx(CTL_USAGE, "create: the name is too long");
		if (ctl_opt("kernel"))
			load_put(msg, &image);
		if (ctl_opt("start") && nla_put_flag(msg, KEEL_A_VM_RUN))
			abort();
		if (ctl_do(msg, guest_take, &guest)) {
			ctl_warn("%s", ctl_why());
			status = CTL_REFUSED;
		}
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
