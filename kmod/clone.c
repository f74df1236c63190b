// SPDX-License-Identifier: GPL-2.0
/*
 * Clones: guests that are where another one is.  Root has both share their memory until one
 * of them writes to it, and copies the vCPUs; what devices know is copied here.
 *
 * World: host.  The source's lock is held, and its vCPUs are kept out, until all clones are
 * made.  Nobody finds a clone before that: so it takes no lock of its own, and all of them
 * can be taken back.  What cannot fail any more comes last.
 *
 * A clone has a console of its own, with nothing in it, and the source's settings; it is in
 * the source's domain.  It is told that it is another machine by its VM generation id, where
 * the image has one; by that Linux seeds its random numbers anew.  It has no other identity
 * yet: there are no network devices.
 *
 * A source with large pages has them split before: clones share tables of small ones.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "call.h"
#include "crew.h"
#include "keel.h"
#include "large.h"
#include "life.h"
#include "share.h"
#include "supply.h"
#include "vm.h"

/* Frames that a first write takes: for tables on the way to a page, and the page */
#define FILL_TO_WRITE	4

/* Half as many as it gets when it has none any more: most write to a few pages only */
#define NEXT_FILL	4

/* Bytes of a VM generation id */
#define GENERATION	16

/**
 * struct clones - what is being made
 * @from: the source
 * @config: to what
 * @extack: the reason of a failure
 * @frames: with so many frames each of them begins
 * @nr: how many there are by now
 * @vm: each of them
 * @hand: threads for their vCPUs, one clone's behind the other's; NULL where none is needed
 */
struct clones {
	struct keel_vm *from;
	const struct keel_clone_config *config;
	struct netlink_ext_ack *extack;
	unsigned int frames;
	u32 nr;
	struct keel_vm **vm;
	struct keel_hand **hand;
};

static struct keel_hand **hands_of(const struct clones *c, u32 i)
{
	return c->hand + i * c->from->config.vcpus;
}

/* A name that is too long was refused before. */
static void name_it(const struct keel_clone_config *config, u32 i, char *name)
{
	if (config->numbered)
		snprintf(name, KEEL_NAME_MAX + 1, "%s-%u", config->name, i + 1);
	else
		strscpy(name, config->name, KEEL_NAME_MAX + 1);
}

/* An object, in root, with frames that can be used when every CPU has been through root */
static int prepare(struct clones *c)
{
	struct keel_vm *from = c->from, *vm;
	struct keel_vm_config config = from->config;
	int err;

	name_it(c->config, c->nr, config.name);
	vm = keel_vm_alloc(&config);
	if (!vm)
		return -ENOMEM;
	vm->image = keel_image_get(from->image);
	vm->domain = from->domain;
	vm->fill = NEXT_FILL;
	vm->pausing = true;
	vm->state = KEEL_VM_STATE_PAUSED;
	vm->started = ktime_get_boottime_ns();
	c->vm[c->nr++] = vm;
	err = keel_supply_open(vm);
	return err ?: keel_supply_fill(vm, c->frames);
}

/* Whoever has run a vCPU of the source last forgets it, if it has to. */
static s64 call_source(struct keel_vm *vm, u64 nr, u64 a, u64 b, u64 c)
{
	s64 ret = keel_supply_call(vm, nr, a, b, c, NULL);

	if (ret != -EBUSY)
		return ret;
	keel_call_park();
	return keel_supply_call(vm, nr, a, b, c, NULL);
}

/* No interrupt of a device's comes between the copy of a vCPU and that of the device. */
static int copy_machine(struct keel_vm *vm, struct keel_vm *from)
{
	int err = 0;
	u32 i;

	mutex_lock(&from->device_lock);
	for (i = 0; i < from->config.vcpus && !err; i++) {
		err = call_source(vm, KEEL_HC_VCPU_CLONE, from->slot, i, vm->slot);
		keel_thread_copy(&vm->thread[i], &from->thread[i]);
	}
	keel_device_copy(vm, from);
	mutex_unlock(&from->device_lock);
	return err;
}

static int renew(struct keel_vm *vm)
{
	u8 id[GENERATION];
	int err;

	if (!vm->image->has_generation)
		return 0;
	get_random_bytes(id, sizeof(id));
	err = keel_supply_call(vm, KEEL_HC_VM_WRITE, vm->slot, vm->image->generation, sizeof(id),
			       KEEL_WITH(batch, .in = id, .size = sizeof(id)));
	if (!err)
		keel_device_renewed(vm);
	return err;
}

static int get_hands(struct clones *c, u32 i)
{
	struct keel_hand **hand = hands_of(c, i);
	struct keel_vm *vm = c->vm[i];
	int err;
	u32 k;

	for (k = 0; k < vm->config.vcpus; k++) {
		if (!keel_thread_needed(&vm->thread[k], c->config->run))
			continue;
		hand[k] = keel_thread_call(&vm->thread[k]);
		if (!IS_ERR(hand[k]))
			continue;
		err = PTR_ERR(hand[k]);
		hand[k] = NULL;
		return err;
	}
	return 0;
}

static int copy(struct clones *c, u32 i)
{
	struct keel_vm *vm = c->vm[i], *from = c->from;
	int err = 0;

	vm->console = keel_console_new(vm->slot, vm);
	if (from->sharer)
		err = keel_share_on(vm, true, c->extack);
	if (!err)
		err = call_source(vm, KEEL_HC_VM_CLONE, from->slot, vm->slot, 0);
	if (!err)
		err = copy_machine(vm, from);
	if (!err)
		err = renew(vm);
	return err ?: get_hands(c, i);
}

/* Nobody has found any of them. */
static void take_back(struct clones *c)
{
	u32 i, k;

	for (i = 0; i < c->nr; i++) {
		for (k = 0; k < c->from->config.vcpus; k++)
			if (hands_of(c, i)[k])
				keel_hand_put(hands_of(c, i)[k]);
		keel_share_on(c->vm[i], false, NULL);
		keel_supply_close(c->vm[i]);
		keel_vm_put(c->vm[i]);
	}
}

/* As many frames as root has for the source; one that is told that it is another is written to. */
static unsigned int frames_of(struct keel_vm *from)
{
	struct keel_vm_stat stat;

	keel_supply_stat(from, &stat);
	return stat.kept + (from->image->has_generation ? FILL_TO_WRITE : 0);
}

static int make(struct clones *c)
{
	int err = keel_large_split_all(c->from);
	u32 i;

	c->frames = frames_of(c->from);
	while (c->nr < c->config->count && !err) {
		err = fatal_signal_pending(current) ? -EINTR : prepare(c);
		cond_resched();
	}
	keel_kick();
	for (i = 0; i < c->nr && !err; i++) {
		err = fatal_signal_pending(current) ? -EINTR : copy(c, i);
		cond_resched();
	}
	if (err == -ENOMEM)
		NL_SET_ERR_MSG(c->extack, "no memory for the clones");
	else if (err == -EAGAIN && keel_crew_is_full())
		NL_SET_ERR_MSG(c->extack, "no threads are left: see keel's parameter threads");
	else if (err)
		NL_SET_ERR_MSG(c->extack, "the guest could not be cloned");
	if (!err)
		err = keel_vms_enter(c->vm, c->nr, c->extack);
	if (err)
		take_back(c);
	return err;
}

/* With the source kept out of what it does */
static int make_from(struct clones *c)
{
	struct keel_vm *from = c->from;
	bool runs;
	int err;

	mutex_lock(&from->lock);
	err = keel_life_gone(from, c->extack);
	if (!err && !keel_lives(from)) {
		NL_SET_ERR_MSG(c->extack, "the guest neither runs nor is paused: start it first");
		err = -EBUSY;
	}
	runs = !err && from->state == KEEL_VM_STATE_RUNNING;
	if (runs)
		keel_vcpus_hold(from);
	if (!err && READ_ONCE(from->ending)) {
		NL_SET_ERR_MSG(c->extack, "the guest ends at this moment");
		err = -EBUSY;
	}
	if (!err) {
		keel_uart_said(from);
		err = make(c);
	}
	if (runs)
		keel_vcpus_go(from);
	mutex_unlock(&from->lock);
	return err;
}

static void follow(struct clones *c)
{
	u32 i;

	for (i = 0; i < c->nr; i++) {
		keel_notify_vm(c->vm[i], KEEL_VM_EVENT_CREATED);
		keel_life_follow(c->vm[i], hands_of(c, i), c->config->run);
		if (i)
			keel_vm_put(c->vm[i]);
		cond_resched();
	}
}

/**
 * keel_vm_clone() - make guests that are where another one is
 * @from: the source
 * @config: their names, and how many
 * @extack: the reason of a failure
 *
 * A source that runs goes on when this returns.
 *
 * Return: the first of them, with a reference for the caller; an ERR_PTR, and there are
 * none: -EBUSY when the source neither runs nor is paused, -EEXIST when a name is taken,
 * -EAGAIN when they run and there are not so many threads, -ENOMEM, -EINTR, -ENOENT.
 */
struct keel_vm *keel_vm_clone(struct keel_vm *from, const struct keel_clone_config *config,
			      struct netlink_ext_ack *extack)
{
	struct clones c = { .from = from, .config = config, .extack = extack };
	struct keel_vm *first = ERR_PTR(-ENOMEM);
	int err;

	c.vm = keel_vm_step_fails() ? NULL :
	       kvcalloc(config->count, sizeof(*c.vm), GFP_KERNEL);
	c.hand = keel_vm_step_fails() ? NULL :
		 kvcalloc(config->count, from->config.vcpus * sizeof(*c.hand), GFP_KERNEL);
	if (c.vm && c.hand) {
		err = make_from(&c);
		first = err ? ERR_PTR(err) : c.vm[0];
		if (!err)
			follow(&c);
	} else {
		NL_SET_ERR_MSG(extack, "no memory for the clones");
	}
	kvfree(c.hand);
	kvfree(c.vm);
	return first;
}
