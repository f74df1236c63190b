// SPDX-License-Identifier: GPL-2.0
/*
 * NMIs to a CPU that does nothing but exit, so that many of them hit root: none
 * may be lost, none doubled.  They come from another CPU and from the CPU itself,
 * just before it exits; one at a time, since a second one that comes while the
 * first is pending is the same one to the CPU.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/smp.h>
#include <asm/apic.h>
#include <asm/nmi.h>

#include "probe.h"
#include "vmx/insn.h"

#define NMIS 2000

static atomic_t got = ATOMIC_INIT(0);
static DECLARE_COMPLETION(own_done);
static int victim, lost;
static bool stop;

static int count_nmi(unsigned int cmd, struct pt_regs *regs)
{
	if (raw_smp_processor_id() != victim)
		return NMI_DONE;
	atomic_inc(&got);
	return NMI_HANDLED;
}

static bool wait_for(int n)
{
	u64 until = keel_rdtsc() + 20000000;

	while (atomic_read(&got) < n)
		if (keel_rdtsc() > until)
			return false;
	return true;
}

static void exit_once(void)
{
	u32 a, b, c, d;

	keel_cpuid(0x80000000, 0, &a, &b, &c, &d);
}

/* First its own NMIs, then those of the other CPU. */
static int exit_loop(void *unused)
{
	int i, want;

	preempt_disable();
	for (i = 0; i < NMIS; i++) {
		want = atomic_read(&got) + 1;
		apic->send_IPI(victim, NMI_VECTOR);
		exit_once();
		exit_once();
		if (!wait_for(want))
			lost++;
	}
	preempt_enable();
	complete(&own_done);
	while (!READ_ONCE(stop)) {
		exit_once();
		cond_resched();
	}
	return 0;
}

void probe_nmi(struct seq_file *m)
{
	struct task_struct *task;
	int i, delay;

	cpus_read_lock();
	if (num_online_cpus() < 2)
		goto out;
	get_cpu();
	victim = cpumask_any_but(cpu_online_mask, smp_processor_id());
	put_cpu();
	if (register_nmi_handler(NMI_LOCAL, count_nmi, 0, "keel_probe"))
		goto out;
	stop = false;
	lost = 0;
	reinit_completion(&own_done);
	atomic_set(&got, 0);
	task = kthread_create(exit_loop, NULL, "keel_probe");
	if (!IS_ERR(task)) {
		kthread_bind(task, victim);
		get_task_struct(task);
		wake_up_process(task);
		set_cpus_allowed_ptr(current, cpumask_of(cpumask_any_but(cpu_online_mask, victim)));
		wait_for_completion(&own_done);
		for (i = 0; i < NMIS; i++) {
			int want = atomic_read(&got) + 1;

			for (delay = i % 97; delay; delay--)
				cpu_relax();
			apic->send_IPI(victim, NMI_VECTOR);
			if (!wait_for(want))
				lost++;
			cond_resched();
		}
		WRITE_ONCE(stop, true);
		kthread_stop(task);
		put_task_struct(task);
		set_cpus_allowed_ptr(current, cpu_possible_mask);
	}
	seq_printf(m, "sent %d\ngot %d\nlost %d\n", 2 * NMIS, atomic_read(&got), lost);
	unregister_nmi_handler(NMI_LOCAL, "keel_probe");
out:
	cpus_read_unlock();
}
