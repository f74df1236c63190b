// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a guest: from state to state, by commands and by what it does itself.
 *
 * World: host.  Each step runs under the guest's lock, and a step that fails takes
 * back all that it did.  A vCPU's thread that sees its guest end cannot end itself:
 * it reports, and a work item does the rest.
 */
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/mm.h>

#include "crew.h"
#include "keel.h"
#include "large.h"
#include "life.h"
#include "share.h"
#include "supply.h"
#include "vm.h"

/* Frames that a guest's pool begins with, beside those for each vCPU */
#define FIRST_FILL	3
#define FILL_A_VCPU	3

/* What whoever asks is told from now on; nobody hears of it yet. */
static void put_state(struct keel_vm *vm, u32 state, u32 reason, u64 detail)
{
	WRITE_ONCE(vm->state, state);
	WRITE_ONCE(vm->reason, reason);
	WRITE_ONCE(vm->detail, detail);
}

static void set_state(struct keel_vm *vm, u32 state, u32 reason, u64 detail)
{
	put_state(vm, state, reason, detail);
	keel_notify_vm(vm, KEEL_VM_EVENT_STATE);
}

/**
 * keel_life_gone() - was a guest deleted while a command was waiting for its lock?
 * @vm: the guest
 * @extack: then, is told so
 *
 * Return: 0, or -ENOENT.
 */
int keel_life_gone(const struct keel_vm *vm, struct netlink_ext_ack *extack)
{
	if (!vm->gone)
		return 0;
	NL_SET_ERR_MSG(extack, "the guest was deleted just now");
	return -ENOENT;
}

/**
 * keel_vm_load() - give a guest its image
 * @vm: the guest
 * @image: the image, checked against the guest's memory; the guest's on success
 * @extack: the reason of a failure
 *
 * Return: 0; -EBUSY while it runs or is paused, -ENOENT.
 */
int keel_vm_load(struct keel_vm *vm, struct keel_image *image, struct netlink_ext_ack *extack)
{
	int err;

	mutex_lock(&vm->lock);
	err = keel_life_gone(vm, extack);
	if (!err && keel_lives(vm)) {
		NL_SET_ERR_MSG(extack, "the guest runs or is paused: stop it first");
		err = -EBUSY;
	}
	if (!err) {
		keel_image_put(vm->image);
		vm->image = image;
		set_state(vm, KEEL_VM_STATE_STOPPED, KEEL_VM_REASON_COMMAND, 0);
	}
	mutex_unlock(&vm->lock);
	return err;
}

/* What nobody may do to a template */
static int is_template(const struct keel_vm *vm, struct netlink_ext_ack *extack)
{
	if (!vm->template)
		return 0;
	NL_SET_ERR_MSG(extack, "the guest is a template: it can only be cloned or deleted");
	return -EBUSY;
}

static int make_vcpus(struct keel_vm *vm)
{
	struct keel_vcpu_start start = vm->image->start;
	u32 i;
	int err = 0;

	for (i = 0; i < vm->config.vcpus && !err; i++) {
		start.rdx = i;
		start.waits = i > 0;
		start.yields = vm->config.vcpus > 1;
		err = keel_supply_vcpu(vm, i, &start);
	}
	return err;
}

static int build(struct keel_vm *vm)
{
	int err = keel_supply_open(vm);

	if (err)
		return err;
	err = keel_supply_fill(vm, FIRST_FILL + FILL_A_VCPU * vm->config.vcpus);
	/* Without one it begins with small pages. */
	if (!err && vm->large)
		keel_large_fill(vm, 1);
	keel_kick();
	if (!err)
		err = make_vcpus(vm);
	if (!err)
		err = keel_supply_image(vm, vm->image);
	keel_kick();
	if (!err)
		keel_uart_start(vm);
	if (!err)
		err = keel_vcpus_get(vm);
	if (err)
		keel_supply_close(vm);
	return err;
}

static int start(struct keel_vm *vm, struct netlink_ext_ack *extack)
{
	int err;

	vm->pausing = false;
	vm->ending = false;
	vm->reported = 0;
	vm->stopping = false;
	vm->fill = 0;
	keel_device_reset(vm);
	err = build(vm);
	/* One that starts again has threads. */
	if (err)
		keel_vcpus_stop(vm);
	if (err == -ENOMEM)
		NL_SET_ERR_MSG(extack, "no memory for the guest");
	else if (err == -EAGAIN && keel_crew_is_full())
		NL_SET_ERR_MSG(extack, "no thread is left: see keel's parameter threads");
	else if (err)
		NL_SET_ERR_MSG(extack, "the guest could not be built");
	if (err)
		return err;
	WRITE_ONCE(vm->started, ktime_get_boottime_ns());
	/* It can have something to tell at once, and does not wait for who listens. */
	put_state(vm, KEEL_VM_STATE_RUNNING, KEEL_VM_REASON_COMMAND, 0);
	keel_vcpus_start(vm);
	keel_notify_vm(vm, KEEL_VM_EVENT_STATE);
	return 0;
}

/**
 * keel_vm_start() - start a guest from its image
 * @vm: the guest
 * @extack: the reason of a failure
 *
 * Return: 0; -ENODATA without an image, -EBUSY when it runs or is paused, -ENOENT,
 * -ENOMEM, -EAGAIN when no thread is left, or what reading the image says.
 */
int keel_vm_start(struct keel_vm *vm, struct netlink_ext_ack *extack)
{
	int err;

	mutex_lock(&vm->lock);
	err = keel_life_gone(vm, extack);
	if (!err && !vm->image) {
		NL_SET_ERR_MSG(extack, "the guest has no image: load one first");
		err = -ENODATA;
	} else if (!err && vm->state == KEEL_VM_STATE_PAUSED) {
		NL_SET_ERR_MSG(extack, "the guest is paused: resume it");
		err = -EBUSY;
	} else if (!err && vm->state == KEEL_VM_STATE_RUNNING) {
		NL_SET_ERR_MSG(extack, "the guest runs already");
		err = -EBUSY;
	}
	if (!err)
		err = start(vm, extack);
	mutex_unlock(&vm->lock);
	return err;
}

/**
 * keel_vm_pause() - keep a guest's vCPUs out
 * @vm: the guest
 * @extack: the reason of a failure
 *
 * None of them is in the guest when this returns.
 *
 * Return: 0; -EBUSY when it does not run, -ENOENT.
 */
int keel_vm_pause(struct keel_vm *vm, struct netlink_ext_ack *extack)
{
	int err;

	mutex_lock(&vm->lock);
	err = keel_life_gone(vm, extack);
	if (!err && vm->state == KEEL_VM_STATE_PAUSED) {
		NL_SET_ERR_MSG(extack, "the guest is paused already");
		err = -EBUSY;
	} else if (!err && vm->state != KEEL_VM_STATE_RUNNING) {
		NL_SET_ERR_MSG(extack, "the guest does not run");
		err = -EBUSY;
	}
	if (!err) {
		keel_vcpus_hold(vm);
		set_state(vm, KEEL_VM_STATE_PAUSED, KEEL_VM_REASON_COMMAND, 0);
	}
	mutex_unlock(&vm->lock);
	return err;
}

/**
 * keel_vm_resume() - let a paused guest go on
 * @vm: the guest
 * @extack: the reason of a failure
 *
 * Return: 0; -EBUSY when it is not paused or is a template, -ENOENT.
 */
int keel_vm_resume(struct keel_vm *vm, struct netlink_ext_ack *extack)
{
	int err;

	mutex_lock(&vm->lock);
	err = keel_life_gone(vm, extack) ?: is_template(vm, extack);
	if (!err && vm->state != KEEL_VM_STATE_PAUSED) {
		NL_SET_ERR_MSG(extack, "the guest is not paused");
		err = -EBUSY;
	}
	if (!err) {
		set_state(vm, KEEL_VM_STATE_RUNNING, KEEL_VM_REASON_COMMAND, 0);
		keel_vcpus_go(vm);
	}
	mutex_unlock(&vm->lock);
	return err;
}

static void gather(struct keel_vm *vm)
{
	keel_supply_stat(vm, &vm->last);
	vm->last.mapped = 0;
	vm->last.zero = 0;
	vm->last.tables = 0;
	vm->last.pool = 0;
	vm->last.shared = 0;
	vm->last.spare = 0;
	vm->last.reserve = 0;
	vm->last.kept = 0;
	vm->last.cloned = 0;
	vm->last.cloned_tables = 0;
	vm->last.huge = 0;
	vm->last.blocks = 0;
}

/* Its memory back to Linux; its threads have ended what they did. */
static void tear_down(struct keel_vm *vm)
{
	keel_device_reset(vm);
	gather(vm);
	keel_supply_close(vm);
	keel_share_forget(vm);
	keel_large_forget(vm);
	vm->template = false;
	vm->stopping = false;
	/* Whoever has asked for it is served; its work item sees that. */
	if (cancel_delayed_work(&vm->force))
		keel_vm_put(vm);
}

/**
 * keel_life_end() - end a guest, if it lives
 * @vm: the guest
 * @state: the state that it is in afterwards
 * @reason: why
 * @detail: what goes with the reason
 */
void keel_life_end(struct keel_vm *vm, u32 state, u32 reason, u64 detail)
{
	if (!keel_lives(vm))
		return;
	keel_vcpus_stop(vm);
	tear_down(vm);
	set_state(vm, state, reason, detail);
}

/**
 * keel_vm_reset() - start a guest again from its image
 * @vm: the guest
 * @extack: the reason of a failure
 *
 * Return: 0; -EBUSY when it neither runs nor is paused, or is a template; -ENOENT; or why it
 * could not be started again: then it is stopped.
 */
int keel_vm_reset(struct keel_vm *vm, struct netlink_ext_ack *extack)
{
	int err;

	mutex_lock(&vm->lock);
	err = keel_life_gone(vm, extack) ?: is_template(vm, extack);
	if (!err && !keel_lives(vm)) {
		NL_SET_ERR_MSG(extack, "the guest does not run: start it");
		err = -EBUSY;
	}
	if (!err) {
		keel_vcpus_rest(vm);
		tear_down(vm);
		err = start(vm, extack);
		if (err)
			set_state(vm, KEEL_VM_STATE_STOPPED, KEEL_VM_REASON_MEMORY, 0);
	}
	mutex_unlock(&vm->lock);
	return err;
}

/**
 * keel_vm_stop() - ask a guest to stop, and force it when its time is over
 * @vm: the guest
 * @timeout: its time in ms; 0 forces it at once
 * @extack: the reason of a failure
 *
 * Return: 0; -EBUSY when it neither runs nor is paused, or is a template, -ENOENT.
 */
int keel_vm_stop(struct keel_vm *vm, u32 timeout, struct netlink_ext_ack *extack)
{
	int err;

	mutex_lock(&vm->lock);
	err = keel_life_gone(vm, extack) ?: is_template(vm, extack);
	if (!err && !keel_lives(vm)) {
		NL_SET_ERR_MSG(extack, "the guest does not run");
		err = -EBUSY;
	}
	if (!err && !timeout) {
		keel_life_end(vm, KEEL_VM_STATE_STOPPED, KEEL_VM_REASON_COMMAND, 0);
	} else if (!err) {
		WRITE_ONCE(vm->stopping, true);
		keel_device_ask(vm);
		keel_notify_vm(vm, KEEL_VM_EVENT_STOP_ASKED);
		/* Asked again, it is the new time that counts. */
		if (!mod_delayed_work(keel_work, &vm->force, msecs_to_jiffies(timeout)))
			kref_get(&vm->ref);
	}
	mutex_unlock(&vm->lock);
	return err;
}

static void force(struct work_struct *work)
{
	struct keel_vm *vm = container_of(to_delayed_work(work), struct keel_vm, force);

	mutex_lock(&vm->lock);
	if (vm->stopping)
		keel_life_end(vm, KEEL_VM_STATE_STOPPED, KEEL_VM_REASON_FORCED, 0);
	mutex_unlock(&vm->lock);
	keel_vm_put(vm);
}

/* What a thread has reported, unless a command was faster */
static void end(struct work_struct *work)
{
	struct keel_vm *vm = container_of(work, struct keel_vm, end);

	mutex_lock(&vm->lock);
	if (!vm->ending || !keel_lives(vm)) {
		mutex_unlock(&vm->lock);
		keel_vm_put(vm);
		return;
	}
	if (vm->end_state == KEEL_VM_STATE_PAUSED) {
		keel_vcpus_hold(vm);
		vm->ending = false;
		vm->reported = 0;
		vm->starved++;
		set_state(vm, KEEL_VM_STATE_PAUSED, vm->end_reason, 0);
		keel_notify_vm(vm, KEEL_VM_EVENT_POOL);
	} else if (vm->end_state == KEEL_VM_STATE_RUNNING) {
		keel_vcpus_rest(vm);
		tear_down(vm);
		if (start(vm, NULL))
			set_state(vm, KEEL_VM_STATE_STOPPED, KEEL_VM_REASON_MEMORY, 0);
	} else {
		keel_life_end(vm, vm->end_state, vm->end_reason, vm->end_detail);
	}
	mutex_unlock(&vm->lock);
	keel_vm_put(vm);
}

/**
 * keel_life_follow() - a clone, which was made paused, goes on or stays there
 * @vm: the clone, which can be found by now: somebody may have been faster
 * @hand: for each vCPU a thread, or NULL for one that need not have one now
 * @run: it is to go on
 */
void keel_life_follow(struct keel_vm *vm, struct keel_hand **hand, bool run)
{
	mutex_lock(&vm->lock);
	run = run && vm->state == KEEL_VM_STATE_PAUSED && !vm->template;
	if (run)
		set_state(vm, KEEL_VM_STATE_RUNNING, KEEL_VM_REASON_COMMAND, 0);
	keel_vcpus_follow(vm, hand, run);
	mutex_unlock(&vm->lock);
}

/**
 * keel_life_report() - a thread has seen its guest come to an end
 * @vm: the guest
 * @state: the state that it is to be in; KEEL_VM_STATE_RUNNING resets it
 * @reason: why
 * @detail: what goes with the reason
 *
 * The threads stay out of the guest from here on.  The first report counts.
 */
void keel_life_report(struct keel_vm *vm, u32 state, u32 reason, u64 detail)
{
	if (cmpxchg(&vm->reported, 0, 1))
		return;
	vm->end_state = state;
	vm->end_reason = reason;
	vm->end_detail = detail;
	/* Pairs with held() in vcpu.c: what has ended the guest is seen with it. */
	smp_store_release(&vm->ending, true);
	kref_get(&vm->ref);
	if (!queue_work(keel_work, &vm->end))
		keel_vm_put(vm);
}

/**
 * keel_life_init() - a guest that was just made
 * @vm: the guest
 */
void keel_life_init(struct keel_vm *vm)
{
	INIT_WORK(&vm->end, end);
	INIT_DELAYED_WORK(&vm->force, force);
	keel_threads_init(vm);
}

/**
 * keel_vm_stat() - a guest's memory
 * @vm: the guest
 * @stat: filled; what the last run left when it does not live
 */
void keel_vm_stat(struct keel_vm *vm, struct keel_vm_stat *stat)
{
	mutex_lock(&vm->lock);
	if (keel_lives(vm))
		keel_supply_stat(vm, stat);
	else
		*stat = vm->last;
	mutex_unlock(&vm->lock);
}

/**
 * keel_vm_vcpu_stat() - what a vCPU has done
 * @vm: the guest
 * @index: the vCPU
 * @stat: filled
 *
 * Return: false when there is none, as when the guest does not live.
 */
bool keel_vm_vcpu_stat(struct keel_vm *vm, u32 index, struct keel_vcpu_stat *stat)
{
	bool found;

	mutex_lock(&vm->lock);
	found = keel_lives(vm) && index < vm->config.vcpus &&
		keel_supply_vcpu_stat(vm, index, stat);
	mutex_unlock(&vm->lock);
	return found;
}
