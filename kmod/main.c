// SPDX-License-Identifier: GPL-2.0
/*
 * Load and unload.
 *
 * World: host.  The module loader lets one of the two run at a time.  CPUs may
 * come and go meanwhile: the machine is stopped for the steps that matter.
 */
#define pr_fmt(fmt) "keel: " fmt

#include <linux/cpu.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "keel.h"
#include "vm.h"

bool keel_visible;
module_param_named(visible, keel_visible, bool, 0444);
MODULE_PARM_DESC(visible, "show a hypervisor in CPUID, with the signature KeelKeelKeel");

static unsigned int reserve;
module_param(reserve, uint, 0444);
MODULE_PARM_DESC(reserve, "pages to donate to root for later use");

static struct keel keel;

/* An EPT walks 48 bits of physical address (SDM 28.3.2). */
#define EPT_BITS 48U

static int build_ept(void)
{
	struct keel_mtrrs *mtrrs;
	int err;

	mtrrs = keel_step_fails() ? NULL : kzalloc(sizeof(*mtrrs), GFP_KERNEL);
	if (!mtrrs)
		return -ENOMEM;
	keel_mtrrs_read(mtrrs, keel.caps.phys_bits);
	keel_ept_init(&keel.ept, &keel.arena_pages);
	err = keel_hostmap_build(&keel.ept, mtrrs, 1ULL << min(keel.caps.phys_bits, EPT_BITS));
	kfree(mtrrs);
	return err;
}

static int allocate(void)
{
	unsigned int cpu;
	int err;

	keel.cpus = keel_step_fails() ? NULL :
		    kvcalloc(nr_cpu_ids, sizeof(*keel.cpus), GFP_KERNEL);
	if (!keel.cpus)
		return -ENOMEM;
	err = build_ept();
	if (!err)
		err = keel_root_load(&keel);
	if (!err)
		err = keel_ability(&keel);
	for_each_present_cpu(cpu)
		if (!err)
			err = keel_root_add_cpu(&keel, cpu);
	return err ?: keel_seal(&keel);
}

static void release(void)
{
	unsigned int cpu;

	if (keel.cpus)
		for_each_possible_cpu(cpu)
			keel_root_drop_cpu(&keel.cpus[cpu]);
	keel_drop_donated(&keel);
	keel_arena_free(&keel.arena);
	kvfree(keel.cpus);
	keel.cpus = NULL;
}

/* How often CPUs may come up between preflight and launch before it is an error */
#define TRIES 5

static int launch(void)
{
	int tries, err;

	for (tries = 0; tries < TRIES; tries++) {
		err = keel_launch_all(&keel);
		if (err != -EAGAIN)
			break;
		err = keel_preflight(&keel);
		if (err)
			break;
	}
	return err;
}

static int __init keel_load(void)
{
	int err;

	keel_arena_init(&keel.arena);
	INIT_LIST_HEAD(&keel.donated);
	keel.arena_pages = keel_arena_pages;
	keel.arena_pages.arg = &keel.arena;

	err = keel_preflight(&keel);
	if (err)
		return err;
	err = allocate();
	if (err)
		goto no_memory;
	err = keel_cpu_watch(&keel);
	if (err)
		goto no_memory;
	err = launch();
	if (err)
		goto no_launch;
	keel.reserve = reserve;
	err = keel_reserve(&keel, reserve);
	if (err)
		goto no_reserve;

	err = keel_vms_init(&keel);
	if (err)
		goto no_guests;

	keel_log_start(&keel);
	keel_stat_init(&keel);
	pr_info("Linux runs as a guest on %u CPUs\n", num_online_cpus());
	return 0;

no_guests:
	keel_unreserve(&keel);
no_reserve:
	keel_return_all(&keel);
no_launch:
	keel_cpu_unwatch();
no_memory:
	release();
	return err;
}

static void __exit keel_unload(void)
{
	keel_stat_exit();
	keel_vms_exit();
	keel_unreserve(&keel);
	keel_return_all(&keel);
	keel_cpu_unwatch();
	keel_log_stop(&keel);
	release();
	pr_info("the machine is Linux's again\n");
}

module_init(keel_load);
module_exit(keel_unload);

MODULE_DESCRIPTION("Keel: slides a thin VT-x hypervisor beneath the running kernel");
MODULE_VERSION("0.1");
MODULE_LICENSE("GPL");
