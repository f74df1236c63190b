// SPDX-License-Identifier: GPL-2.0
/*
 * stat-get: what a guest has done and has.
 *
 * World: host, as netlink.c.
 */
#include <linux/err.h>
#include <linux/sizes.h>
#include <net/genetlink.h>

#include "netlink.h"
#include "policy.h"
#include "vm.h"

/* A guest's statistics are of any size up to this: 16 vCPUs with all their counters. */
#define STAT_MAX	SZ_256K

/**
 * keel_nl_stat_get_doit() - show what a guest has done
 * @skb: the command
 * @info: the command
 *
 * Return: 0, the statistics being sent; an errno with its reason.
 */
int keel_nl_stat_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct keel_vm *vm = keel_nl_find(info);
	size_t size = GENLMSG_DEFAULT_SIZE;
	unsigned int vcpu;
	struct sk_buff *msg;
	void *head;
	int err;

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	do {
		vcpu = 0;
		err = -ENOMEM;
		msg = genlmsg_new(size, GFP_KERNEL);
		if (!msg)
			break;
		head = genlmsg_put_reply(msg, info, &keel_nl_family, 0, KEEL_CMD_STAT_GET);
		err = head ? keel_reply_stat(msg, vm, &vcpu) : -EMSGSIZE;
		if (!err) {
			genlmsg_end(msg, head);
			err = genlmsg_reply(msg, info);
			break;
		}
		nlmsg_free(msg);
		size *= 2;
	} while (err == -EMSGSIZE && size <= STAT_MAX);
	keel_vm_put(vm);
	return err;
}
