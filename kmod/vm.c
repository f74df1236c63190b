// SPDX-License-Identifier: GPL-2.0
/*
 * Guests as objects: made, found, listed and deleted.
 *
 * World: host.  @table guards the two ways to find a guest, by its id and by its
 * name, and is held for moments only; life.c does what takes time, under the
 * guest's own lock.
 */
#define pr_fmt(fmt) "keel: " fmt

#include <linux/errno.h>
#include <linux/hashtable.h>
#include <linux/idr.h>
#include <linux/ktime.h>
#include <linux/memcontrol.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/stringhash.h>
#include <linux/xarray.h>

#include "call.h"
#include "keel.h"
#include "large.h"
#include "life.h"
#include "share.h"
#include "supply.h"
#include "vm.h"

/* As many guests as there is memory for: no process is killed to make another one. */
#define GFP_OBJECT (GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

static DEFINE_MUTEX(table);
static DEFINE_XARRAY_ALLOC1(by_id);
static DEFINE_HASHTABLE(by_name, 8);
static DEFINE_IDA(slots);
static u32 next_id = 1;
static unsigned int count;
static struct keel *keel;

static void mend(struct work_struct *unused)
{
	keel_mend(keel, keel->reserve, keel_vms_count);
}

static DECLARE_WORK(mend_work, mend);

static u32 hash_of(const char *name)
{
	return full_name_hash(NULL, name, strlen(name));
}

static struct keel_vm *find(const char *name)
{
	struct keel_vm *vm;

	hash_for_each_possible(by_name, vm, node, hash_of(name))
		if (!strcmp(vm->config.name, name))
			return vm;
	return NULL;
}

static void release(struct kref *ref)
{
	struct keel_vm *vm = container_of(ref, struct keel_vm, ref);

	keel_large_close(vm);
	keel_image_put(vm->image);
	keel_console_free(vm->console);
	mem_cgroup_put(vm->memcg);
	ida_free(&slots, vm->slot);
	kfree(vm);
	module_put(THIS_MODULE);
}

/**
 * keel_vm_put() - give a reference back
 * @vm: the guest
 */
void keel_vm_put(struct keel_vm *vm)
{
	kref_put(&vm->ref, release);
}

/**
 * keel_vm_alloc() - a guest that nobody finds yet
 * @config: what it is made from, checked
 *
 * Return: the guest, with a reference for the caller, or NULL.
 */
struct keel_vm *keel_vm_alloc(const struct keel_vm_config *config)
{
	struct keel_vm *vm = NULL;
	int slot;

	if (!keel_vm_step_fails())
		vm = kzalloc(struct_size(vm, thread, config->vcpus), GFP_OBJECT);
	if (!vm)
		return NULL;
	vm->config = *config;
	slot = keel_large_open(vm) ?
	       ida_alloc_range(&slots, 1, KEEL_GUEST_IDS - 1, GFP_KERNEL) : -ENOMEM;
	if (slot < 0) {
		keel_large_close(vm);
		kfree(vm);
		return NULL;
	}
	vm->slot = slot;
	kref_init(&vm->ref);
	mutex_init(&vm->lock);
	mutex_init(&vm->fill_lock);
	mutex_init(&vm->device_lock);
	spin_lock_init(&vm->thread_lock);
	init_waitqueue_head(&vm->wait);
	vm->state = KEEL_VM_STATE_CREATED;
	vm->reason = KEEL_VM_REASON_COMMAND;
	vm->created = ktime_get_boottime_ns();
	vm->memcg = get_mem_cgroup_from_mm(current->mm);
	keel_life_init(vm);
	__module_get(THIS_MODULE);
	return vm;
}

/* Under @table: the object can be found from here on. */
static int enter(struct keel_vm *vm, struct netlink_ext_ack *extack)
{
	int err;

	if (find(vm->config.name)) {
		NL_SET_ERR_MSG(extack, "name: there is a guest of that name; choose another one");
		return -EEXIST;
	}
	err = keel_vm_step_fails() ? -ENOMEM :
	      xa_alloc(&by_id, &vm->id, vm, XA_LIMIT(next_id, U32_MAX), GFP_KERNEL);
	if (err) {
		NL_SET_ERR_MSG(extack, "no memory for another guest");
		return -ENOMEM;
	}
	next_id = vm->id + 1;
	hash_add(by_name, &vm->node, hash_of(vm->config.name));
	count++;
	kref_get(&vm->ref);
	return 0;
}

/* Under @table: and not any more.  True when it was the last one. */
static bool take_out(struct keel_vm *vm)
{
	xa_erase(&by_id, vm->id);
	hash_del(&vm->node);
	return !--count;
}

/**
 * keel_vms_enter() - guests can be found from now on, all of them or none
 * @vms: the guests
 * @nr: how many
 * @extack: the reason of a failure
 *
 * Return: 0; -EEXIST when a name is taken, -ENOMEM.
 */
int keel_vms_enter(struct keel_vm **vms, unsigned int nr, struct netlink_ext_ack *extack)
{
	unsigned int i;
	int err = 0;

	mutex_lock(&table);
	for (i = 0; i < nr && !err; i++)
		err = enter(vms[i], extack);
	/* The one that failed was not entered. */
	for (i -= !!err; err && i; i--) {
		take_out(vms[i - 1]);
		keel_vm_put(vms[i - 1]);
	}
	mutex_unlock(&table);
	return err;
}

/**
 * keel_vm_new() - make a guest
 * @config: what it is made from, checked
 * @extack: the reason of a failure
 *
 * Return: the guest, with a reference for the caller, or an ERR_PTR: -EEXIST,
 * -EOPNOTSUPP when this machine can have no guests, -ENOMEM.
 */
struct keel_vm *keel_vm_new(const struct keel_vm_config *config, struct netlink_ext_ack *extack)
{
	struct keel_vm *vm;
	int err;

	if (keel->unable) {
		NL_SET_ERR_MSG(extack, "this machine can have no guests: status-get says why");
		return ERR_PTR(-EOPNOTSUPP);
	}
	vm = keel_vm_alloc(config);
	if (!vm) {
		NL_SET_ERR_MSG(extack, "no memory for another guest");
		return ERR_PTR(-ENOMEM);
	}
	mutex_lock(&table);
	err = enter(vm, extack);
	mutex_unlock(&table);
	if (err) {
		keel_vm_put(vm);
		return ERR_PTR(err);
	}
	vm->console = keel_console_new(vm->slot, vm);
	keel_notify_vm(vm, KEEL_VM_EVENT_CREATED);
	return vm;
}

/**
 * keel_vm_by_id() - find a guest
 * @id: its id
 *
 * Return: the guest, with a reference, or NULL.
 */
struct keel_vm *keel_vm_by_id(u32 id)
{
	struct keel_vm *vm;

	mutex_lock(&table);
	vm = xa_load(&by_id, id);
	if (vm)
		kref_get(&vm->ref);
	mutex_unlock(&table);
	return vm;
}

/**
 * keel_vm_by_name() - find a guest
 * @name: its name
 *
 * Return: the guest, with a reference, or NULL.
 */
struct keel_vm *keel_vm_by_name(const char *name)
{
	struct keel_vm *vm;

	mutex_lock(&table);
	vm = find(name);
	if (vm)
		kref_get(&vm->ref);
	mutex_unlock(&table);
	return vm;
}

/**
 * keel_vm_next() - one guest after the other
 * @id: the lowest id that will do
 *
 * Return: the first one from there, with a reference, or NULL.
 */
struct keel_vm *keel_vm_next(u32 id)
{
	unsigned long at = id;
	struct keel_vm *vm;

	mutex_lock(&table);
	vm = xa_find(&by_id, &at, U32_MAX, XA_PRESENT);
	if (vm)
		kref_get(&vm->ref);
	mutex_unlock(&table);
	return vm;
}

/**
 * keel_vms_count() - how many guests there are
 *
 * Return: the number.
 */
unsigned int keel_vms_count(void)
{
	return READ_ONCE(count);
}

/**
 * keel_vm_delete() - end a guest, whatever it does, and forget it
 * @vm: the guest
 * @extack: the reason of a failure
 *
 * Return: 0, or -ENOENT when somebody else was faster.
 */
int keel_vm_delete(struct keel_vm *vm, struct netlink_ext_ack *extack)
{
	bool last;

	mutex_lock(&vm->lock);
	if (vm->gone) {
		mutex_unlock(&vm->lock);
		NL_SET_ERR_MSG(extack, "the guest was deleted just now");
		return -ENOENT;
	}
	vm->gone = true;
	keel_life_end(vm, KEEL_VM_STATE_STOPPED, KEEL_VM_REASON_COMMAND, 0);
	keel_share_on(vm, false, NULL);
	mutex_lock(&table);
	last = take_out(vm);
	mutex_unlock(&table);
	mutex_unlock(&vm->lock);
	if (last)
		queue_work(keel_work, &mend_work);
	keel_notify_vm(vm, KEEL_VM_EVENT_DELETED);
	keel_vm_put(vm);
	return 0;
}

/**
 * keel_vms_init() - be ready for guests
 * @k: Keel, demoted
 *
 * Return: 0, or an errno; there are no guests then.
 */
int keel_vms_init(struct keel *k)
{
	int err;

	keel = k;
	keel_call_init(k);
	err = keel_vcpus_init(k);
	if (err)
		return err;
	err = keel_consoles_init();
	if (err)
		goto no_consoles;
	err = keel_share_init();
	if (err)
		goto no_share;
	err = keel_netlink_init(k);
	if (err)
		goto no_netlink;
	return 0;

no_netlink:
	keel_share_exit();
no_share:
	keel_consoles_exit();
no_consoles:
	keel_vcpus_exit();
	return err;
}

/**
 * keel_vms_exit() - the end; there are no guests, since each holds the module
 */
void keel_vms_exit(void)
{
	keel_netlink_exit();
	keel_share_exit();
	keel_vcpus_exit();
	keel_consoles_exit();
	xa_destroy(&by_id);
	ida_destroy(&slots);
}
