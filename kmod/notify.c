// SPDX-License-Identifier: GPL-2.0
/*
 * Notifications, to the multicast group events: what has become of a guest, and
 * that Linux has touched root's memory.
 *
 * World: host.  @lock makes them go out one after the other, and none once the
 * family is going; it is taken within a guest's lock.  Nothing is allocated while
 * nobody listens.
 */
#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/ratelimit.h>
#include <net/genetlink.h>

#include "netlink.h"
#include "policy.h"
#include "vm.h"

static DEFINE_MUTEX(lock);
static bool is_open;

/* Of what guests there are; 0 would mean that a dump need not look at it. */
static atomic_t generation = ATOMIC_INIT(1);

/* Who listens is told when something could not be. */
static struct sk_buff *start(u32 event, void **head)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (!msg) {
		genl_set_err(&keel_nl_family, &init_net, 0, KEEL_NLGRP_EVENTS, -ENOBUFS);
		return NULL;
	}
	*head = genlmsg_put(msg, 0, 0, &keel_nl_family, 0, KEEL_CMD_NTF);
	if (*head && !nla_put_u32(msg, KEEL_A_VM_EVENT, event))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static void finish(struct sk_buff *msg, void *head, int err)
{
	if (err) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, head);
	genlmsg_multicast_netns(&keel_nl_family, &init_net, msg, 0, KEEL_NLGRP_EVENTS, GFP_KERNEL);
}

static bool wanted(void)
{
	return is_open && genl_has_listeners(&keel_nl_family, &init_net, KEEL_NLGRP_EVENTS);
}

/**
 * keel_notify_vm() - tell of a guest
 * @vm: the guest, as it is now
 * @event: enum keel_vm_event
 *
 * To be called after every change of a guest, and of what guests there are.  A
 * caller that holds the guest's lock keeps its notifications in their order.
 *
 * Context: may sleep.
 */
void keel_notify_vm(struct keel_vm *vm, u32 event)
{
	struct sk_buff *msg;
	void *head;

	if (event == KEEL_VM_EVENT_CREATED || event == KEEL_VM_EVENT_DELETED)
		atomic_inc(&generation);
	mutex_lock(&lock);
	msg = wanted() ? start(event, &head) : NULL;
	if (msg)
		finish(msg, head, keel_reply_vm(msg, vm, true));
	mutex_unlock(&lock);
}

/**
 * keel_notify_tamper() - tell that Linux has touched root's memory
 * @cpu: on which CPU
 * @address: physical address
 *
 * Told as often as the log tells it, not oftener: who does it may do nothing else.
 *
 * Context: may sleep.
 */
void keel_notify_tamper(u32 cpu, u64 address)
{
	static DEFINE_RATELIMIT_STATE(rate, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);
	struct sk_buff *msg;
	void *head;
	int err;

	mutex_lock(&lock);
	msg = wanted() && __ratelimit(&rate) ? start(KEEL_VM_EVENT_TAMPER, &head) : NULL;
	if (msg) {
		err = nla_put_u64_64bit(msg, KEEL_A_VM_TAMPER_ADDRESS, address, KEEL_A_VM_PAD) ?:
		      nla_put_u32(msg, KEEL_A_VM_TAMPER_CPU, cpu);
		finish(msg, head, err);
	}
	mutex_unlock(&lock);
}

/**
 * keel_notify_generation() - counts the changes of what guests there are
 *
 * Return: another number than before each of them; never 0 in practice.
 */
u32 keel_notify_generation(void)
{
	return atomic_read(&generation);
}

/**
 * keel_notify_open() - the family is there
 */
void keel_notify_open(void)
{
	mutex_lock(&lock);
	is_open = true;
	mutex_unlock(&lock);
}

/**
 * keel_notify_close() - the family goes: no notification is sent from now on
 */
void keel_notify_close(void)
{
	mutex_lock(&lock);
	is_open = false;
	mutex_unlock(&lock);
}
