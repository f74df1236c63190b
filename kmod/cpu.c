// SPDX-License-Identifier: GPL-2.0
/*
 * The life of CPUs while Keel is loaded: hotplug, and the NMI with which root
 * asks to be left.
 *
 * World: host.  Hotplug callbacks run on the CPU they are about, never while the
 * machine is stopped for launch or return: so keel->active, which changes only
 * then, tells them what to do.
 */
#define pr_fmt(fmt) "keel: " fmt

#include <linux/cpu.h>
#include <linux/errno.h>
#include <linux/printk.h>
#include <linux/smp.h>
#include <asm/nmi.h>

#include "keel.h"

static struct keel *watched;
static int hotplug_state;

/**
 * keel_cpu_demote_this() - demote this CPU, which has come up, if it can be
 * @keel: Keel, demoted on the others
 *
 * A CPU that went down demoted has come up through vmx/initsipi.c, and is.
 *
 * Return: 0, or an errno with the reason in the log.
 */
int keel_cpu_demote_this(struct keel *keel)
{
	unsigned int cpu = smp_processor_id();
	int err;

	switch (keel->cpus[cpu].state) {
	case KEEL_CPU_NONE:
		pr_err("CPU %u: was not present when Keel was loaded; load Keel again to use it\n",
		       cpu);
		return -ENODEV;
	case KEEL_CPU_DEMOTED:
		return 0;
	default:
		err = keel_preflight_cpu(keel);
		return err ?: keel_launch_this(keel);
	}
}

/* Long before the scheduler may put user work on the CPU; an error keeps it down. */
static int cpu_up_here(unsigned int cpu)
{
	return READ_ONCE(watched->active) ? keel_cpu_demote_this(watched) : 0;
}

static int cpu_down_here(unsigned int cpu)
{
	keel_return_this(watched);
	return 0;
}

/* Root could not return this CPU by itself (keel_give_back() in vmx/exit.c). */
static int nmi(unsigned int cmd, struct pt_regs *regs)
{
	struct keel_cpu *c = &watched->cpus[smp_processor_id()];

	if (c->state != KEEL_CPU_DEMOTED || !c->shared->want_off)
		return NMI_DONE;
	keel_return_this(watched);
	c->shared->want_off = 0;
	return NMI_HANDLED;
}

/**
 * keel_cpu_watch() - follow the CPUs from now on
 * @keel: Keel, with everything allocated, not active yet
 *
 * Return: 0 or an errno; nothing is followed then.
 */
int keel_cpu_watch(struct keel *keel)
{
	int err;

	watched = keel;
	err = keel_step_fails() ? -ENOMEM : register_nmi_handler(NMI_LOCAL, nmi, 0, "keel");
	if (err)
		return err;
	err = keel_power_watch(keel);
	if (err)
		goto no_power;
	err = keel_step_fails() ? -ENOMEM :
	      cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "keel:online",
					cpu_up_here, cpu_down_here);
	if (err < 0)
		goto no_hotplug;
	hotplug_state = err;
	return 0;

no_hotplug:
	keel_power_unwatch();
no_power:
	unregister_nmi_handler(NMI_LOCAL, "keel");
	return err;
}

/**
 * keel_cpu_unwatch() - follow the CPUs no more
 */
void keel_cpu_unwatch(void)
{
	cpuhp_remove_state_nocalls(hotplug_state);
	keel_power_unwatch();
	unregister_nmi_handler(NMI_LOCAL, "keel");
}
