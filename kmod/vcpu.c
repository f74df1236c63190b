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
#include "life.h"
#include "supply.h"
#include "vm.h"

/* The pool is filled with this many frames at first, and with twice as many each time */
#define FILL_MIN	16
#define FILL_MAX	256

/* How long a vCPU that has halted keeps its CPU, in case that something comes */
#define POLL_MIN_US	10
#define POLL_MAX_US	200

/* A vCPU that has halted looks again after so many ticks, even if nothing is due. */
#define LOOK_TICKS	BIT_ULL(48)

/* A thread on a CPU that root has given back tries again after so many ms. */
#define ASIDE_MS	20

struct workqueue_struct *keel_work;
static struct keel *keel;

/* Not to be in the guest, for a reason that lies with Linux */
static bool held(const struct keel_vcpu_thread *t)
{
	const struct keel_vm *vm = t->vm;

	/* Pairs with keel_life_report(). */
	return READ_ONCE(vm->pausing) || smp_load_acquire(&vm->ending) || READ_ONCE(t->quit);
}

static void noop(void *unused)
{
}

static void park(void *unused)
{
	keel_hypercall(KEEL_HC_VCPU_PARK, 0);
}

/* A thread that runs on another CPU gets an interrupt there; one that has halted looks. */
static void kick(struct keel_vm *vm)
{
	struct task_struct *task;
	u32 i;

	for (i = 0; i < vm->config.vcpus; i++) {
		task = vm->thread[i].task;
		if (!task)
			continue;
		wake_up_process(task);
		smp_call_function_single(task_cpu(task), noop, NULL, 1);
	}
	wake_up_all(&vm->wait);
}

static void fail(struct keel_vm *vm, u32 reason, u64 detail)
{
	keel_life_report(vm, KEEL_VM_STATE_CRASHED, reason, detail);
}

/* More frames, before or when the pool runs dry */
static void fill(struct keel_vm *vm)
{
	int err;

	mutex_lock(&vm->fill_lock);
	vm->fill = clamp_t(u32, vm->fill * 2, FILL_MIN, FILL_MAX);
	err = keel_supply_fill(vm, vm->fill);
	mutex_unlock(&vm->fill_lock);
	keel_kick();
	if (err)
		keel_life_report(vm, KEEL_VM_STATE_PAUSED, KEEL_VM_REASON_MEMORY, 0);
}

/* A guest that has asked for frames before gets the next ones ahead of time. */
static void fill_if_low(struct keel_vm *vm, const struct keel_run *run)
{
	u32 last = READ_ONCE(vm->fill);

	if (last && run->pool < last / 4)
		fill(vm);
}

/* A vCPU that spins: let another one have the CPU, which may have what it waits for. */
static void yield_to_another(struct keel_vcpu_thread *t)
{
	struct keel_vm *vm = t->vm;
	struct task_struct *task;
	u32 i, n = vm->config.vcpus;
	bool done = false;

	for (i = 1; i < n && !done; i++) {
		task = keel_irq_thread(&vm->thread[(t->index + i) % n]);
		if (!task)
			continue;
		done = yield_to(task, true) > 0;
		put_task_struct(task);
	}
}

static void stop_until(struct keel_vcpu_thread *t, u64 deadline)
{
	t->deadline = deadline;
	t->halted = true;
}

static u64 ticks_of(u32 us)
{
	return mul_u64_u32_div(us, tsc_khz, USEC_PER_MSEC);
}

/*
 * A moment's wait costs less than going to sleep and being woken.  Nobody else may want
 * the CPU; and without a deadline, something must have come soon the last times.  False
 * when it has not been worth it.
 */
static bool poll_halted(struct keel_vcpu_thread *t)
{
	u64 begin = rdtsc(), now = begin, end = begin + t->poll;

	if (t->deadline && t->deadline <= begin + ticks_of(POLL_MAX_US))
		end = t->deadline;
	while (!READ_ONCE(t->woken) && !held(t)) {
		if (now >= end || need_resched() || !single_task_running())
			return t->deadline && now >= t->deadline;
		cpu_relax();
		now = rdtsc();
	}
	return true;
}

/* Something that has come soon after all lets it poll for longer the next time. */
static void learn(struct keel_vcpu_thread *t, u64 slept)
{
	u64 most = ticks_of(POLL_MAX_US);

	if (slept > most)
		t->poll = 0;
	else
		t->poll = clamp_t(u64, 2 * t->poll, ticks_of(POLL_MIN_US), most);
}

/* Ticks to sleep: until the deadline, less what waking has taken of late */
static u64 ticks_to_sleep(const struct keel_vcpu_thread *t, u64 now)
{
	u64 left = t->deadline > now ? t->deadline - now : 0;

	return min_t(u64, left > t->margin ? left - t->margin : left, LOOK_TICKS);
}

static void sleep_until(struct keel_vcpu_thread *t)
{
	u64 begin = rdtsc(), left = ticks_to_sleep(t, begin), slept;
	ktime_t time = mul_u64_u32_div(left, USEC_PER_SEC, tsc_khz);

	set_current_state(TASK_IDLE);
	if (!READ_ONCE(t->woken) && !held(t)) {
		if (t->deadline)
			schedule_hrtimeout_range(&time, 0, HRTIMER_MODE_REL);
		else
			schedule();
	}
	__set_current_state(TASK_RUNNING);
	slept = rdtsc() - begin;
	learn(t, slept);
	if (t->deadline && slept > left)
		t->margin = min_t(u64, (3 * t->margin + 2 * (slept - left)) / 4,
				  ticks_of(POLL_MAX_US));
}

/* Until something has come, or is due: root finds out what. */
static void sleep_halted(struct keel_vcpu_thread *t)
{
	if (!poll_halted(t))
		sleep_until(t);
	if (held(t) || (t->deadline > rdtsc() && !READ_ONCE(t->woken)))
		return;
	t->halted = false;
	/* What comes from here on, root sees, or it wakes the thread once more. */
	WRITE_ONCE(t->woken, false);
}

/* Since it was made, ns that a thread has waited for a CPU */
static u64 delay_of(const struct task_struct *task)
{
#ifdef CONFIG_SCHED_INFO
	return READ_ONCE(task->sched_info.run_delay);
#else
	return 0;
#endif
}

/*
 * How long the thread has waited for a CPU, when that is more than before.  What takes its
 * CPU away is an interrupt, or that it has yielded: so it is told at the next one.
 */
static void tell_delay(struct keel_vcpu_thread *t)
{
	u64 delay = delay_of(current);

	if (delay == t->delay)
		return;
	t->delay = delay;
	keel_hypercall3(KEEL_HC_VCPU_STEAL, t->vm->slot, t->index, delay - t->past_delay);
}

static void serve(struct keel_vcpu_thread *t, s64 reason, const struct keel_run *run)
{
	struct keel_vm *vm = t->vm;

	switch (reason) {
	case KEEL_RUN_INTR:
		fill_if_low(vm, run);
		tell_delay(t);
		break;
	case KEEL_RUN_KICK:
		keel_kick();
		break;
	case KEEL_RUN_MOVE:
		smp_call_function_single(run->cpu, park, NULL, 1);
		break;
	case KEEL_RUN_FILL:
		fill(vm);
		break;
	case KEEL_RUN_IO:
		keel_device_io(t, run);
		break;
	case KEEL_RUN_MMIO:
		keel_device_mmio(t, run);
		break;
	case KEEL_RUN_HLT:
		stop_until(t, run->deadline);
		break;
	case KEEL_RUN_IPI:
		keel_irq_tell(vm, run->wake, run->kick);
		break;
	case KEEL_RUN_EOI:
		keel_ioapic_eoi(vm, run->vector);
		break;
	case KEEL_RUN_YIELD:
		yield_to_another(t);
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
	struct keel_run run;
	s64 reason;

	kernel_fpu_begin();
	local_irq_disable();
	if (held(t)) {
		local_irq_enable();
		kernel_fpu_end();
		return;
	}
	reason = keel_hypercall3(KEEL_HC_VCPU_RUN, t->vm->slot, t->index, t->input);
	run = keel->cpus[smp_processor_id()].shared->run;
	local_irq_enable();
	kernel_fpu_end();
	serve(t, reason, &run);
	cond_resched();
}

static void thread_main(void *arg)
{
	struct keel_vcpu_thread *t = arg;
	struct keel_vm *vm = t->vm;

	while (!READ_ONCE(t->quit)) {
		if (held(t)) {
			/* Pairs with all_out(): whatever the guest did is over. */
			smp_store_release(&t->out, true);
			wake_up_all(&vm->wait);
			wait_event_idle(vm->wait, !held(t) || READ_ONCE(t->quit));
			WRITE_ONCE(t->out, false);
			continue;
		}
		if (t->halted)
			sleep_halted(t);
		else
			run(t);
	}
}

/* Of a weight as cgroups have it, the nearest nice level: each is a factor of 1.25. */
static int nice_of(u32 weight)
{
	u32 level = 100;
	int nice = 0;

	for (; weight * 9 > level * 10 && nice > -20; nice--)
		level = level * 5 / 4;
	for (; weight * 10 < level * 9 && nice < 19; nice++)
		level = level * 4 / 5;
	return nice;
}

/**
 * keel_vcpus_weight() - let a guest's threads have its weight
 * @vm: the guest
 */
void keel_vcpus_weight(struct keel_vm *vm)
{
	int nice = nice_of(vm->config.weight);
	struct task_struct *task;
	u32 i;

	for (i = 0; i < vm->config.vcpus; i++) {
		task = vm->thread[i].task;
		if (task && task_nice(task) != nice)
			sched_set_normal(task, nice);
	}
}

static int get_thread(struct keel_vcpu_thread *t)
{
	char name[TASK_COMM_LEN];
	struct keel_hand *hand;
	struct task_struct *task;

	snprintf(name, sizeof(name), "keel/%u:%u", t->vm->id, t->index);
	hand = keel_vm_step_fails() ? ERR_PTR(-ENOMEM) : keel_hand_get(name);
	if (IS_ERR(hand))
		return PTR_ERR(hand);
	task = keel_hand_task(hand);
	t->hand = hand;
	WRITE_ONCE(t->pid, task_pid_nr(task));
	spin_lock(&t->vm->thread_lock);
	t->task = task;
	spin_unlock(&t->vm->thread_lock);
	return 0;
}

/* A guest that starts again may have its thread still. */
static int make_ready(struct keel_vm *vm, u32 i)
{
	struct keel_vcpu_thread *t = &vm->thread[i];
	int err = 0;

	t->vm = vm;
	t->index = i;
	t->quit = false;
	t->out = false;
	t->halted = false;
	t->woken = false;
	t->poll = 0;
	t->margin = 0;
	t->input = 0;
	if (!t->task)
		err = get_thread(t);
	if (!err) {
		t->past = t->task->se.sum_exec_runtime;
		t->delay = delay_of(t->task);
		t->past_delay = t->delay;
	}
	return err;
}

/**
 * keel_vcpus_start() - let a guest's vCPUs run
 * @vm: the guest, which is in root
 *
 * Return: 0 or an errno; there are no threads then.
 */
int keel_vcpus_start(struct keel_vm *vm)
{
	int err = 0;
	u32 i;

	for (i = 0; i < vm->config.vcpus && !err; i++)
		err = make_ready(vm, i);
	if (err) {
		keel_vcpus_stop(vm);
		return err;
	}
	keel_vcpus_weight(vm);
	for (i = 0; i < vm->config.vcpus; i++)
		keel_hand_go(vm->thread[i].hand, thread_main, &vm->thread[i]);
	return 0;
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

	for (i = 0; i < vm->config.vcpus; i++)
		WRITE_ONCE(vm->thread[i].quit, true);
	kick(vm);
	for (i = 0; i < vm->config.vcpus; i++)
		if (vm->thread[i].task)
			keel_hand_wait(vm->thread[i].hand);
}

/**
 * keel_vcpus_stop() - end a guest's threads
 * @vm: the guest
 */
void keel_vcpus_stop(struct keel_vm *vm)
{
	struct keel_vcpu_thread *t;
	u32 i;

	keel_vcpus_rest(vm);
	for (i = 0; i < vm->config.vcpus; i++) {
		t = &vm->thread[i];
		if (!t->task)
			continue;
		WRITE_ONCE(t->pid, 0);
		spin_lock(&vm->thread_lock);
		t->task = NULL;
		spin_unlock(&vm->thread_lock);
		keel_hand_put(t->hand);
	}
}

static bool all_out(struct keel_vm *vm)
{
	u32 i;

	for (i = 0; i < vm->config.vcpus; i++)
		/* Pairs with thread_main(). */
		if (vm->thread[i].task && !smp_load_acquire(&vm->thread[i].out))
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
	WRITE_ONCE(vm->pausing, false);
	wake_up_all(&vm->wait);
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
	return keel_work ? 0 : -ENOMEM;
}

/**
 * keel_vcpus_exit() - what guests have left behind is done when this returns
 */
void keel_vcpus_exit(void)
{
	destroy_workqueue(keel_work);
	keel_crew_dismiss();
}
