// SPDX-License-Identifier: GPL-2.0
/*
 * Demotion and return: VMXON to VMLAUNCH on one CPU, and all CPUs or none.
 *
 * World: host.  A step of a CPU runs on that CPU with interrupts off.  All CPUs
 * go together inside stop_machine(), whose lockstep is what makes a barrier
 * with interrupts off safe: no CPU in it holds or waits for a lock.
 *
 * The steps follow enum keel_cpu_state, and cpu_return() takes a CPU back
 * from any of them; it does nothing to a CPU that is back already.
 */
#define pr_fmt(fmt) "keel: " fmt

#include <linux/bits.h>
#include <linux/cpu.h>
#include <linux/errno.h>
#include <linux/printk.h>
#include <linux/smp.h>
#include <linux/stop_machine.h>
#include <linux/string.h>
#include <asm/asm.h>
#include <asm/processor-flags.h>

#include "keel.h"
#define CREATE_TRACE_POINTS
#include "trace.h"

/* Page-table isolation: this bit of CR3 chooses the half that user space has. */
#define PTI_USER_CR3	BIT_ULL(12)

/**
 * keel_hypercall3() - call root with three arguments
 * @nr: enum keel_hypercall
 * @a: first argument
 * @b: second argument
 * @c: third argument
 *
 * Return: the answer; -ENODEV on a CPU that is not demoted, where VMCALL is an
 * undefined instruction.
 */
s64 keel_hypercall3(u64 nr, u64 a, u64 b, u64 c)
{
	u64 ret = KEEL_HC(nr);

	asm volatile("1: vmcall\n"
		     "2:\n"
		     _ASM_EXTABLE(1b, 2b)
		     : "+a" (ret) : "D" (a), "S" (b), "d" (c) : "cc", "memory");
	return ret == KEEL_HC(nr) ? -ENODEV : (s64)ret;
}

/**
 * keel_hypercall() - call root
 * @nr: enum keel_hypercall
 * @arg: its argument
 *
 * Return: as keel_hypercall3().
 */
s64 keel_hypercall(u64 nr, u64 arg)
{
	return keel_hypercall3(nr, arg, 0, 0);
}

static void prepare_root(struct keel *keel, struct keel_cpu *c, struct keel_host_state *host)
{
	struct keel_root_setup setup = {
		.header = keel->header,
		.slot = c->slot,
		.host = host,
	};

	memset(c->root, 0, sizeof(*c->root));
	keel_root_cpu_init(c->root, &setup);
	c->root->cpu = c->cpu;
	c->root->shared = c->shared;
	c->root->gate_code = (u64)keel_gate;
	c->root->gate_trap = (u64)keel_gate_trap;
	c->root->vmcs_pa = c->vmcs_pa;
	c->root->user_cr3 = boot_cpu_has(X86_FEATURE_PTI) ? PTI_USER_CR3 : 0;
	c->root->visible = keel_visible ? KEEL_CPUID_HYPERVISOR : 0;
	c->root->barriers = keel->root->guest.barriers;
	c->root->epoch = READ_ONCE(keel->root->epoch);
	/* Before the flush in cpu_enter(); pairs with all_passed() in mmu/pool.c. */
	smp_store_release(&c->root->active, true);
	c->shared->want_off = 0;
	c->shared->left = 0;
}

static void build_vmcs(struct keel *keel, struct keel_cpu *c,
		       const struct keel_host_state *host, struct keel_vmcs_image *img)
{
	const struct keel_hostvmcs in = {
		.caps = &keel->caps,
		.ctl = keel->ctl,
		.host = host,
		.root_cr3 = keel->table.root,
		.root_cr4 = keel_root_cr4(host->cr4, &keel->caps),
		.root_cpu = c->slot + KEEL_SLOT_CPU * PAGE_SIZE,
		.root_exit = keel->header->exit,
		.msr_bitmap = keel->msr_bitmap_pa,
		.eptp = KEEL_EPTP(keel->ept.root),
	};

	keel_hostvmcs_build(img, &in);
}

static int vmxon(struct keel_cpu *c)
{
	if (keel_step_fails())
		return -EIO;
	keel_write_cr4(keel_read_cr4() | X86_CR4_VMXE);
	if (!keel_vmxon(c->vmxon_pa)) {
		keel_write_cr4(keel_read_cr4() & ~X86_CR4_VMXE);
		return -EIO;
	}
	c->state = KEEL_CPU_VMXON;
	return 0;
}

static void vmxoff(struct keel_cpu *c)
{
	c->root->active = false;
	keel_vmclear(c->vmcs_pa);
	keel_vmxoff();
	keel_write_cr4(keel_read_cr4() & ~X86_CR4_VMXE);
	c->state = KEEL_CPU_READY;
}

/* VMXON, and a VMCS that is ready to launch. */
static int cpu_enter(struct keel *keel, struct keel_cpu *c)
{
	struct keel_vmcs_image *img = &c->image;
	struct keel_host_state *host = &c->host;
	int err;

	keel_host_state_read(host);
	host->rip = (u64)keel_launched;
	err = vmxon(c);
	if (err)
		return err;
	prepare_root(keel, c, host);
	build_vmcs(keel, c, host, img);
	if (!keel_vmclear(c->vmcs_pa) || !keel_vmptrld(c->vmcs_pa) || keel_vmcs_apply(img) >= 0)
		return -EIO;
	keel_invept(KEEL_INV_ALL, 0);
	keel_invvpid(KEEL_INV_ALL, 0);
	return 0;
}

static int cpu_launch(struct keel_cpu *c)
{
	u64 failed;

	if (keel_step_fails())
		return -EIO;
	failed = keel_vmlaunch(&c->root->launch.rsp);
	if (!failed) {
		c->state = KEEL_CPU_DEMOTED;
		return keel_hypercall(KEEL_HC_PING, 0) == KEEL_ABI_VERSION ? 0 : -EIO;
	}
	c->failed = failed;
	if (failed == -1ULL)
		keel_vmcs_capture(&c->image);
	else
		c->state = KEEL_CPU_READY;	/* root has dumped it and left VMX */
	return -EIO;
}

/* Back to the bare CPU, from whatever state it is in. */
static void cpu_return(struct keel_cpu *c)
{
	switch (c->state) {
	case KEEL_CPU_DEMOTED:
		if (!READ_ONCE(c->shared->left))
			keel_hypercall(KEEL_HC_OFF, 0);
		c->state = KEEL_CPU_READY;
		break;
	case KEEL_CPU_VMXON:
		vmxoff(c);
		break;
	case KEEL_CPU_READY:
	case KEEL_CPU_NONE:
		break;
	}
}

/**
 * struct rendezvous - what the CPUs of a launch share
 * @keel: Keel
 * @arrived: barrier, counts up
 * @error: the first error of any CPU, 0 for none
 */
struct rendezvous {
	struct keel *keel;
	atomic_t arrived;
	atomic_t error;
};

/* Everybody has voted when this returns; @round counts from 1. */
static int vote(struct rendezvous *r, unsigned int round, int err)
{
	if (err)
		atomic_cmpxchg(&r->error, 0, err);
	atomic_inc(&r->arrived);
	while (atomic_read(&r->arrived) < round * num_online_cpus())
		cpu_relax();
	return atomic_read(&r->error);
}

static int launch_one(void *arg)
{
	struct rendezvous *r = arg;
	unsigned int cpu = smp_processor_id();
	struct keel_cpu *c = &r->keel->cpus[cpu];

	/* A CPU has come up since preflight looked. */
	c->error = cpumask_test_cpu(cpu, &r->keel->checked) ? cpu_enter(r->keel, c) : -EAGAIN;
	if (!vote(r, 1, c->error))
		c->error = cpu_launch(c);
	if (vote(r, 2, c->error))
		cpu_return(c);
	else
		WRITE_ONCE(r->keel->active, true);
	return 0;
}

static int return_one(void *arg)
{
	struct keel *keel = arg;

	WRITE_ONCE(keel->active, false);
	cpu_return(&keel->cpus[smp_processor_id()]);
	return 0;
}

/**
 * keel_launch_all() - demote every CPU that is online, or none
 * @keel: Keel, with everything allocated
 *
 * From its success on, hotplug callbacks demote the CPUs that come up.
 *
 * Return: 0, or the errno that every CPU backed out with: -EAGAIN when a CPU
 * has come up since keel_preflight(), -EIO when a VMX instruction failed.
 */
int keel_launch_all(struct keel *keel)
{
	struct rendezvous r = { .keel = keel };
	unsigned int cpu;
	int err;

	err = stop_machine(launch_one, &r, cpu_online_mask);
	if (!err)
		err = atomic_read(&r.error);
	for_each_cpu(cpu, &keel->checked) {
		trace_keel_demote(cpu, keel->cpus[cpu].error);
		keel_log_launch(keel, &keel->cpus[cpu]);
	}
	return err;
}

/**
 * keel_return_all() - take every CPU back
 * @keel: Keel; CPUs may be in any state
 */
void keel_return_all(struct keel *keel)
{
	unsigned int cpu;

	stop_machine(return_one, keel, cpu_online_mask);
	for_each_cpu(cpu, &keel->checked)
		trace_keel_return(cpu);
}

/**
 * keel_launch_this() - demote this CPU, which has just come up
 * @keel: Keel, demoted on the others
 *
 * Return: 0 or an errno; the CPU is as it was then.
 */
int keel_launch_this(struct keel *keel)
{
	struct keel_cpu *c;
	unsigned long flags;
	int err;

	local_irq_save(flags);
	c = &keel->cpus[smp_processor_id()];
	err = cpu_enter(keel, c);
	if (!err)
		err = cpu_launch(c);
	if (err)
		cpu_return(c);
	c->error = err;
	local_irq_restore(flags);
	trace_keel_demote(c->cpu, err);
	keel_log_launch(keel, c);
	return err;
}

/**
 * keel_return_this() - take this CPU back
 * @keel: Keel
 *
 * Callable from any context, NMI included.
 */
void keel_return_this(struct keel *keel)
{
	unsigned long flags;

	local_irq_save(flags);
	cpu_return(&keel->cpus[smp_processor_id()]);
	local_irq_restore(flags);
}
