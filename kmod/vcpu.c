// SPDX-License-Identifier: GPL-2.0
/*
 * vCPU threads: each runs its vCPU in the guest until Linux is needed, serves what
 * it has come back for, and goes round again.  Linux schedules them like any other
 * thread.
 *
 * World: host.  A thread that is to stay out of the guest looks at its guest's flags
 * with interrupts off, right before RUN: whoever sets a flag sends its CPU an
 * interrupt, which either finds it before that look or makes an exit.
 */
#define pr_fmt(fmt) "keel: " fmt

#include <linux/bits.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/hrtimer.h>
#include <linux/irqflags.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/sched/stat.h>
#include <linux/smp.h>
#include <linux/workqueue.h>
#include <uapi/linux/sched/types.h>
#include <asm/fpu/api.h>
#include <asm/tsc.h>

#include "crew.h"
#include "keel.h"
#include "large.h"
#include "life.h"
#include "supply.h"
#include "vm.h"

/* The pool is filled with this many frames at first, and with twice as many each time */
#define FILL_MIN	16
#define FILL_MAX	256

/*
 * A guest that was last given so many is at work, and gets the next ones ahead of time.  One that
 * needs few asks for each: of thousands that wait, what each has too much is what there is not.
 */
#define FILL_AHEAD	64

/* As many as a page takes in any case, with the tables on the way to it */
#define FILL_NEED	5

/* A thread on a CPU that root has given back tries again after so many ms. */
#define ASIDE_MS	20

struct workqueue_struct *keel_work;
static struct keel *keel;

/**
 * keel_vcpu_held() - is a vCPU not to be in the guest, for a reason that lies with Linux?
 * @t: the vCPU
 *
 * Return: true then.
 */
bool keel_vcpu_held(const struct keel_vcpu_thread *t)
{
	const struct keel_vm *vm = t->vm;

	/* Pairs with keel_life_report(). */
	return READ_ONCE(vm->pausing) || smp_load_acquire(&vm->ending) || READ_ONCE(t->quit);
}

static void park(void *unused)
{
	keel_hypercall(KEEL_HC_VCPU_PARK, 0);
}

/* A thread that runs on another CPU gets an interrupt there; one that has halted looks. */
static void kick(struct keel_vm *vm)
{
	u32 i;

	for (i = 0; i < vm->config.vcpus; i++)
		keel_thread_wake(&vm->thread[i], true, true);
	wake_up_all(&vm->wait);
}

static void fail(struct keel_vm *vm, u32 reason, u64 detail)
{
	keel_life_report(vm, KEEL_VM_STATE_CRASHED, reason, detail);
}

/* What merging has freed of the guest's own is there for it, or for Linux.  True if any is. */
static bool use_spare(struct keel_vm *vm)
{
	struct keel_vm_stat stat;
	u64 before;

	keel_supply_stat(vm, &stat);
	before = stat.spare;
	keel_supply_trim(vm);
	keel_supply_stat(vm, &stat);
	return stat.spare < before;
}

/*
 * More frames: false when Linux has not given all of them, and then none are asked for ahead.
 * Those that come for another vCPU at this moment are for all.
 */
static bool fill(struct keel_vm *vm)
{
	int err;

	if (!mutex_trylock(&vm->fill_lock)) {
		mutex_lock(&vm->fill_lock);
		mutex_unlock(&vm->fill_lock);
		return true;
	}
	vm->fill = vm->fill ? min_t(u32, vm->fill * 2, FILL_MAX) : FILL_MIN;
	err = keel_supply_fill(vm, vm->fill);
	if (err)
		vm->fill = 0;
	/* Until then they are not there. */
	keel_kick();
	mutex_unlock(&vm->fill_lock);
	return !err;
}

/* A page could not be had: the guest pauses, unless there are more frames now than there were. */
static void fill_dry(struct keel_vm *vm, const struct keel_run *run)
{
	struct keel_vm_stat stat;

	if (fill(vm) || use_spare(vm) || keel_large_use(vm))
		return;
	keel_supply_stat(vm, &stat);
	if (stat.pool <= run->pool)
		keel_life_report(vm, KEEL_VM_STATE_PAUSED, KEEL_VM_REASON_MEMORY, 0);
}

/* It lacks a block, or frames: of these it has enough when it has come for a block. */
static void refill(struct keel_vm *vm, const struct keel_run *run)
{
	if (vm->large) {
		if (run->blocks)
			keel_large_fill(vm, run->blocks);
		keel_kick();
		if (run->pool >= FILL_NEED)
			return;
	}
	fill_dry(vm, run);
}

static void fill_if_low(struct keel_vm *vm, const struct keel_run *run)
{
	u32 last = READ_ONCE(vm->fill);

	if (last >= FILL_AHEAD && run->pool < last / 4)
		fill(vm);
}

static bool yield_to_one(struct keel_vcpu_thread *t)
{
	struct task_struct *task = keel_thread_task(t);
	bool done = false;

	if (task) {
		done = yield_to(task, true) > 0;
		put_task_struct(task);
	}
	return done;
}

/*
 * A vCPU that spins: let another one have the CPU, which may have what it waits for: that which
 * it knows of, or one after the other.
 */
static void yield_to_another(struct keel_vcpu_thread *t, u32 to)
{
	struct keel_vm *vm = t->vm;
	u32 i, n = vm->config.vcpus;
	bool done = false;

	if (to < n) {
		yield_to_one(&vm->thread[to]);
		return;
	}
	for (i = 1; i < n && !done; i++)
		done = yield_to_one(&vm->thread[(t->index + i) % n]);
}

/*
 * How long the thread has waited for a CPU, when that is more than before.  What takes its
 * CPU away is an interrupt, or that it has yielded: so it is told at the next one.
 */
static void tell_delay(struct keel_vcpu_thread *t)
{
	u64 delay = keel_thread_delay(current);

	if (delay == t->delay)
		return;
	t->delay = delay;
	keel_hypercall3(KEEL_HC_VCPU_STEAL, t->vm->slot, t->index, delay - t->past_delay);
}

static void serve(struct keel_vcpu_thread *t, s64 reason, const struct keel_run *run)
{
	struct keel_vm *vm = t->vm;

	/* It has said that before whatever this is about. */
	if (run->said)
		keel_uart_said(vm);
	switch (reason) {
	case KEEL_RUN_INTR:
		fill_if_low(vm, run);
		keel_large_low(vm, run);
		tell_delay(t);
		break;
	case KEEL_RUN_KICK:
		keel_kick();
		break;
	case KEEL_RUN_MOVE:
		smp_call_function_single(run->cpu, park, NULL, 1);
		break;
	case KEEL_RUN_FILL:
		refill(vm, run);
		break;
	case KEEL_RUN_IO:
		keel_device_io(t, run);
		break;
	case KEEL_RUN_MMIO:
		keel_device_mmio(t, run);
		break;
	case KEEL_RUN_HLT:
		keel_halt(t, run->deadline);
		break;
	case KEEL_RUN_IPI:
		keel_irq_tell(vm, run->wake, run->kick);
		break;
	case KEEL_RUN_EOI:
		keel_ioapic_eoi(vm, run->vector);
		break;
	case KEEL_RUN_SAID:
		break;
	case KEEL_RUN_YIELD:
		yield_to_another(t, run->to);
		tell_delay(t);
		break;
	case KEEL_RUN_OUTSIDE:
		fail(vm, KEEL_VM_REASON_OUTSIDE, run->gpa);
		break;
	case KEEL_RUN_SHUTDOWN:
		fail(vm, KEEL_VM_REASON_SHUTDOWN, 0);
		break;
	case KEEL_RUN_ENTRY:
		fail(vm, KEEL_VM_REASON_ENTRY, 0);
		break;
	case -ENODEV:
		/* Root has given this CPU back, or the machine is about to go down. */
		msleep(ASIDE_MS);
		break;
	default:
		fail(vm, KEEL_VM_REASON_UNKNOWN, run->exit);
		break;
	}
}

static void run(struct keel_vcpu_thread *t)
{
	struct keel_run run, *here;
	s64 reason;

	kernel_fpu_begin();
	local_irq_disable();
	here = &keel->cpus[smp_processor_id()].shared->run;
	if (keel_vcpu_held(t)) {
		local_irq_enable();
		kernel_fpu_end();
		return;
	}
	reason = keel_hypercall3(KEEL_HC_VCPU_RUN, t->vm->slot, t->index, t->input);
	run = *here;
	here->said = 0;
	local_irq_enable();
	kernel_fpu_end();
	serve(t, reason, &run);
	cond_resched();
}

/* While the guest is paused.  False when that takes long. */
static bool stay_out(struct keel_vcpu_thread *t)
{
	struct keel_vm *vm = t->vm;
	long most = t->stays ? MAX_SCHEDULE_TIMEOUT : msecs_to_jiffies(keel_crew_linger());

	/* Pairs with is_out(): whatever the guest did is over. */
	smp_store_release(&t->out, true);
	wake_up_all(&vm->wait);
	return wait_event_idle_timeout(vm->wait, !keel_vcpu_held(t) || READ_ONCE(t->quit), most);
}

/* It may not be looked at again once it has left. */
static bool leave(struct keel_vcpu_thread *t)
{
	keel_preempt_forget(t);
	if (keel_thread_leave(t))
		return true;
	keel_preempt_watch(t);
	return false;
}

/**
 * keel_vcpu_main() - what a vCPU's thread does, until it is to end or leaves
 * @arg: the vCPU
 */
void keel_vcpu_main(void *arg)
{
	struct keel_vcpu_thread *t = arg;

	keel_preempt_watch(t);
	while (!READ_ONCE(t->quit)) {
		if (keel_vcpu_held(t)) {
			if (!stay_out(t) && leave(t))
				return;
			WRITE_ONCE(t->out, false);
		} else if (!t->halted) {
			run(t);
		} else if (!keel_halt_wait(t) && leave(t)) {
			return;
		}
	}
	keel_preempt_forget(t);
}

/* A guest that starts again may have its thread still. */
static int make_ready(struct keel_vcpu_thread *t)
{
	t->quit = false;
	t->out = false;
	t->halted = false;
	t->woken = false;
	t->poll = 0;
	t->margin = 0;
	t->input = 0;
	return keel_thread_get(t);
}

/**
 * keel_vcpus_get() - have threads for a guest's vCPUs
 * @vm: the guest
 *
 * Return: 0 or an errno; there are no threads then.
 */
int keel_vcpus_get(struct keel_vm *vm)
{
	int err = 0;
	u32 i;

	for (i = 0; i < vm->config.vcpus && !err; i++)
		err = make_ready(&vm->thread[i]);
	if (err)
		keel_vcpus_stop(vm);
	return err;
}

/**
 * keel_vcpus_start() - let a guest's vCPUs run
 * @vm: the guest, which is in root, and has threads
 */
void keel_vcpus_start(struct keel_vm *vm)
{
	u32 i;

	for (i = 0; i < vm->config.vcpus; i++)
		keel_hand_go(vm->thread[i].hand, keel_vcpu_main, &vm->thread[i]);
}

/**
 * keel_vcpus_rest() - end what a guest's threads do, for the guest to start again with them
 * @vm: the guest
 *
 * They stay what they are, cgroups, policies and numbers: a guest that starts itself again
 * gets away from none of that.  It does not take the guest's goodwill: an interrupt takes
 * the CPU from it.
 */
void keel_vcpus_rest(struct keel_vm *vm)
{
	u32 i;

	for (i = 0; i < vm->config.vcpus; i++) {
		WRITE_ONCE(vm->thread[i].quit, true);
		keel_thread_settle(&vm->thread[i]);
	}
	kick(vm);
	for (i = 0; i < vm->config.vcpus; i++) {
		if (vm->thread[i].task)
			keel_hand_wait(vm->thread[i].hand);
		keel_idle_forget(&vm->thread[i]);
	}
}

/**
 * keel_vcpus_stop() - end a guest's threads
 * @vm: the guest
 */
void keel_vcpus_stop(struct keel_vm *vm)
{
	u32 i;

	keel_vcpus_rest(vm);
	for (i = 0; i < vm->config.vcpus; i++)
		keel_thread_put(&vm->thread[i]);
}

static bool is_out(struct keel_vcpu_thread *t)
{
	bool out;

	spin_lock(&t->vm->thread_lock);
	/* Pairs with stay_out(). */
	out = !t->task || smp_load_acquire(&t->out);
	spin_unlock(&t->vm->thread_lock);
	return out;
}

static bool all_out(struct keel_vm *vm)
{
	u32 i;

	for (i = 0; i < vm->config.vcpus; i++)
		if (!is_out(&vm->thread[i]))
			return false;
	return true;
}

/**
 * keel_vcpus_hold() - keep a guest's vCPUs out
 * @vm: the guest
 *
 * They are out when this returns.
 */
void keel_vcpus_hold(struct keel_vm *vm)
{
	WRITE_ONCE(vm->pausing, true);
	kick(vm);
	wait_event(vm->wait, all_out(vm));
}

/**
 * keel_vcpus_go() - let them go on
 * @vm: the guest
 */
void keel_vcpus_go(struct keel_vm *vm)
{
	u32 i;

	WRITE_ONCE(vm->pausing, false);
	wake_up_all(&vm->wait);
	for (i = 0; i < vm->config.vcpus; i++)
		keel_thread_recall(&vm->thread[i], false);
}

/**
 * keel_vcpus_follow() - threads for the vCPUs of a guest that was cloned
 * @vm: the guest, all of whose vCPUs are away unless somebody was faster
 * @hand: for each of them a thread, or NULL for one that need not have one now
 * @run: they go on
 */
void keel_vcpus_follow(struct keel_vm *vm, struct keel_hand **hand, bool run)
{
	u32 i;

	/* A thread that comes first would wait for this. */
	if (run)
		WRITE_ONCE(vm->pausing, false);
	for (i = 0; i < vm->config.vcpus; i++)
		if (hand[i])
			keel_thread_come(&vm->thread[i], hand[i]);
	if (run)
		keel_vcpus_go(vm);
}

/**
 * keel_vcpus_init() - before the first guest
 * @k: Keel
 *
 * Return: 0 or -ENOMEM.
 */
int keel_vcpus_init(struct keel *k)
{
	keel = k;
	keel_work = keel_step_fails() ? NULL : alloc_workqueue("keel", WQ_UNBOUND, 0);
	if (!keel_work)
		return -ENOMEM;
	keel_crew_init();
	keel_preempt_init();
	return 0;
}

/**
 * keel_vcpus_exit() - what guests have left behind is done when this returns
 */
void keel_vcpus_exit(void)
{
	keel_idle_exit();
	destroy_workqueue(keel_work);
	keel_crew_dismiss();
	keel_preempt_exit();
}
