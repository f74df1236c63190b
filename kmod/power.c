// SPDX-License-Identifier: GPL-2.0
/*
 * Suspend, hibernation, reboot and kexec: whoever comes next, firmware or another
 * kernel, finds VMX off.
 *
 * World: host.  The other CPUs go down and come up by hotplug (cpu.c), and the
 * last one through syscore, with interrupts off.
 *
 * Suspend to idle passes nothing here and needs nothing: the CPUs stay up, and
 * a demoted host idles without exits.  A crash needs nothing either.  No code
 * of a dying kernel's is relied on: a crash kernel comes up beneath root, whose
 * memory is the dead kernel's and so is left alone, and starts other CPUs
 * through vmx/initsipi.c.
 */
#define pr_fmt(fmt) "keel: " fmt

#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/smp.h>

#include "compat.h"
#include "keel.h"

static struct keel *watched;

static int power_suspend(KEEL_SYSCORE_ARG)
{
	keel_return_this(watched);
	return 0;
}

static void power_resume(KEEL_SYSCORE_ARG)
{
	if (!READ_ONCE(watched->active) || !keel_cpu_demote_this(watched))
		return;
	/* The machine is as good as stopped: no other CPU is up. */
	WRITE_ONCE(watched->active, false);
	pr_err("CPU %u: could not be demoted after sleep; Linux goes on without Keel\n",
	       smp_processor_id());
}

KEEL_SYSCORE(power, power_suspend, power_resume);

static int reboot(struct notifier_block *nb, unsigned long action, void *unused)
{
	keel_return_all(watched);
	return NOTIFY_DONE;
}

/* Last of all, so that no other notifier finds the CPUs halfway. */
static struct notifier_block reboot_nb = {
	.notifier_call = reboot,
	.priority = INT_MIN,
};

/**
 * keel_power_watch() - be there when the machine sleeps, restarts or goes off
 * @keel: Keel, with everything allocated, not active yet
 *
 * Return: 0 or an errno.
 */
int keel_power_watch(struct keel *keel)
{
	int err;

	watched = keel;
	err = keel_step_fails() ? -ENOMEM : register_reboot_notifier(&reboot_nb);
	if (!err)
		keel_register_syscore(&power);
	return err;
}

/**
 * keel_power_unwatch() - the machine's power is none of Keel's business any more
 */
void keel_power_unwatch(void)
{
	keel_unregister_syscore(&power);
	unregister_reboot_notifier(&reboot_nb);
}
