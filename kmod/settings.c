// SPDX-License-Identifier: GPL-2.0
/*
 * What can be set of a guest while it is there.
 *
 * World: host.  Each setting changes under the guest's lock.
 */
#include <linux/errno.h>

#include "life.h"
#include "share.h"
#include "vm.h"

static int set_template(struct keel_vm *vm, bool template, struct netlink_ext_ack *extack)
{
	if (template && (vm->state != KEEL_VM_STATE_PAUSED || vm->stopping)) {
		NL_SET_ERR_MSG(extack, "template: the guest is not paused, or is about to stop");
		return -EBUSY;
	}
	WRITE_ONCE(vm->template, template);
	return 0;
}

static void set_weight(struct keel_vm *vm, u32 weight)
{
	u32 i;

	WRITE_ONCE(vm->config.weight, weight);
	for (i = 0; i < vm->config.vcpus; i++)
		keel_thread_weight(&vm->thread[i]);
}

/**
 * keel_vm_set() - change a guest's settings
 * @vm: the guest
 * @weight: 1 to KEEL_WEIGHT_MAX; NULL to leave it as it is
 * @template: whether it is there to be cloned; likewise
 * @extack: the reason of a failure
 *
 * Return: 0; -EBUSY when it cannot be a template, -ENOENT.
 */
int keel_vm_set(struct keel_vm *vm, const u32 *weight, const bool *template,
		struct netlink_ext_ack *extack)
{
	int err;

	mutex_lock(&vm->lock);
	err = keel_life_gone(vm, extack);
	if (!err && template)
		err = set_template(vm, *template, extack);
	if (!err && weight)
		set_weight(vm, *weight);
	if (!err)
		keel_notify_vm(vm, KEEL_VM_EVENT_CHANGED);
	mutex_unlock(&vm->lock);
	return err;
}

/**
 * keel_vm_share() - let a guest share its pages or not, and say with whom
 * @vm: the guest
 * @on: whether it is to, NULL to leave that as it is
 * @domain: guests of the same one share, 0 for itself alone; NULL to leave that as it is
 * @extack: the reason of a failure
 *
 * Return: 0; -EBUSY when it shares pages in another domain, -ENOMEM, -ENOENT.
 */
int keel_vm_share(struct keel_vm *vm, const bool *on, const u32 *domain,
		  struct netlink_ext_ack *extack)
{
	u32 was;
	int err;

	mutex_lock(&vm->lock);
	was = vm->domain;
	err = keel_life_gone(vm, extack);
	if (!err && domain)
		err = keel_share_domain(vm, *domain, keel_lives(vm), extack);
	if (!err && on) {
		err = keel_share_on(vm, *on, extack);
		if (err && domain)
			keel_share_domain(vm, was, keel_lives(vm), NULL);
	}
	if (!err)
		keel_notify_vm(vm, KEEL_VM_EVENT_CHANGED);
	mutex_unlock(&vm->lock);
	return err;
}
