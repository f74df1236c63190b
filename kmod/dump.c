// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps: all guests, and what all of them have done, in as many messages as it
 * takes.
 *
 * World: host.  A dump holds no lock between two messages, nor any guest.
 */
#include <net/genetlink.h>

#include "netlink.h"
#include "policy.h"
#include "vm.h"

/*
 * A dump goes on by the id, cb->args[0], that comes next: whatever is made or
 * deleted between two messages, the others come once.  The generation tells the
 * reader that there was such a change.
 */
static struct keel_vm *dump_next(struct netlink_callback *cb)
{
	return cb->args[0] > U32_MAX ? NULL : keel_vm_next(cb->args[0]);
}

static int dump_begin(struct netlink_callback *cb)
{
	cb->seq = keel_notify_generation();
	if (!nlmsg_attrlen(cb->nlh, GENL_HDRLEN))
		return 0;
	NL_SET_ERR_MSG(cb->extack, "a dump is of all guests, and takes no attributes");
	return -EINVAL;
}

static void *dump_put(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	void *head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				 &keel_nl_family, NLM_F_MULTI, cmd);

	if (head)
		genl_dump_check_consistent(cb, head);
	return head;
}

static int dump_vm(struct sk_buff *skb, struct netlink_callback *cb, struct keel_vm *vm)
{
	void *head = dump_put(skb, cb, KEEL_CMD_VM_GET);
	int err = head ? keel_reply_vm(skb, vm, true) : -EMSGSIZE;

	if (!err)
		genlmsg_end(skb, head);
	else if (head)
		genlmsg_cancel(skb, head);
	return err;
}

/**
 * keel_nl_vm_get_dumpit() - show all guests
 * @skb: takes as many as there is room for
 * @cb: how far the dump is
 *
 * Return: bytes put, 0 at the end; an errno with its reason.
 */
int keel_nl_vm_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	int err = dump_begin(cb);
	struct keel_vm *vm;

	while (!err && (vm = dump_next(cb))) {
		err = dump_vm(skb, cb, vm);
		if (!err)
			cb->args[0] = (long)vm->id + 1;
		keel_vm_put(vm);
	}
	return skb->len ?: err;
}

/* With cb->args[1], a guest's vCPU that comes next; messages have no room for all of many. */
static int dump_stat(struct sk_buff *skb, struct netlink_callback *cb, struct keel_vm *vm)
{
	unsigned int vcpu = cb->args[1];
	void *head = dump_put(skb, cb, KEEL_CMD_STAT_GET);
	int err = head ? keel_reply_stat(skb, vm, &vcpu) : -EMSGSIZE;

	if (!err || (head && vcpu > cb->args[1]))
		genlmsg_end(skb, head);
	else if (head)
		genlmsg_cancel(skb, head);
	cb->args[1] = err ? vcpu : 0;
	return err;
}

/**
 * keel_nl_stat_get_dumpit() - show what all guests have done
 * @skb: takes as many as there is room for
 * @cb: how far the dump is
 *
 * Return: bytes put, 0 at the end; an errno with its reason.
 */
int keel_nl_stat_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	int err = dump_begin(cb);
	struct keel_vm *vm;

	while (!err && (vm = dump_next(cb))) {
		if (vm->id != cb->args[0])
			cb->args[1] = 0;
		cb->args[0] = vm->id;
		err = dump_stat(skb, cb, vm);
		if (!err)
			cb->args[0]++;
		keel_vm_put(vm);
	}
	return skb->len ?: err;
}
