// SPDX-License-Identifier: GPL-2.0
/*
 * vm-clone: which guest, to what names, and how many.
 *
 * World: host, as netlink.c.
 */
#include <linux/err.h>
#include <linux/string.h>
#include <net/genetlink.h>

#include "compat.h"
#include "netlink.h"
#include "policy.h"
#include "vm.h"

static int read_config(struct genl_info *info, struct keel_clone_config *config)
{
	struct nlattr *name = info->attrs[KEEL_A_VM_CLONE];
	struct nlattr *count = info->attrs[KEEL_A_VM_COUNT];

	if (!name) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, KEEL_A_VM_CLONE);
		NL_SET_ERR_MSG(info->extack, "clone: a clone has to have a name");
		return -EINVAL;
	}
	if (!keel_nl_good_name(nla_data(name))) {
		NL_SET_ERR_MSG_ATTR(info->extack, name,
				    "clone: 1 to 63 bytes, none of them a control character or '/'");
		return -EINVAL;
	}
	config->numbered = count;
	config->count = count ? nla_get_u32(count) : 1;
	config->run = info->attrs[KEEL_A_VM_RUN];
	if (count && snprintf(config->name, sizeof(config->name), "%s-%u",
			      (char *)nla_data(name), config->count) > KEEL_NAME_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack, name,
				    "clone: longer than 63 bytes with the number of the last one");
		return -EINVAL;
	}
	strscpy(config->name, nla_data(name), sizeof(config->name));
	return 0;
}

/**
 * keel_nl_vm_clone_doit() - make guests that are where another one is
 * @skb: the command
 * @info: the command
 *
 * Return: 0, the first of them being sent; an errno with its reason.
 */
int keel_nl_vm_clone_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct keel_clone_config config;
	struct keel_vm *from, *vm;
	struct sk_buff *msg;
	int err = read_config(info, &config);

	if (err)
		return err;
	from = keel_nl_find(info);
	if (IS_ERR(from))
		return PTR_ERR(from);
	msg = keel_nl_vm_reply();
	vm = msg ? keel_vm_clone(from, &config, info->extack) : ERR_PTR(-ENOMEM);
	keel_vm_put(from);
	if (IS_ERR(vm)) {
		nlmsg_free(msg);
		return PTR_ERR(vm);
	}
	keel_nl_vm_send(msg, info, vm);
	keel_vm_put(vm);
	return 0;
}
