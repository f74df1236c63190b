// SPDX-License-Identifier: GPL-2.0
/*
 * A vCPU that has halted: its thread looks for a moment whether something comes, then
 * sleeps, and goes when it has slept for long.
 *
 * World: host, in the vCPU's thread.
 */
#include <linux/bits.h>
#include <linux/hrtimer.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sched/stat.h>
#include <asm/tsc.h>

#include "crew.h"
#include "life.h"
#include "vm.h"

/* How long a vCPU that has halted keeps its CPU, in case that something comes */
#define POLL_MIN_US	10
#define POLL_MAX_US	200

/* A vCPU that has halted looks again after so many ticks, even if nothing is due. */
#define LOOK_TICKS	BIT_ULL(48)

static u64 ticks_of(u32 us)
{
	return mul_u64_u32_div(us, tsc_khz, USEC_PER_MSEC);
}

/**
 * keel_halt() - the guest has executed HLT, or waits to be started
 * @t: its vCPU
 * @deadline: TSC at which something is due, 0 for never
 */
void keel_halt(struct keel_vcpu_thread *t, u64 deadline)
{
	t->deadline = deadline;
	t->halted = true;
}

/* Something has come, or is due. */
static bool over(const struct keel_vcpu_thread *t)
{
	return READ_ONCE(t->woken) || (t->deadline && t->deadline <= rdtsc());
}

/*
 * A moment's wait costs less than going to sleep and being woken.  Nobody else may want
 * the CPU; and without a deadline, something must have come soon the last times.  False
 * when it has not been worth it.
 */
static bool poll(struct keel_vcpu_thread *t)
{
	u64 begin = rdtsc(), now = begin, end = begin + t->poll;

	if (t->deadline && t->deadline <= begin + ticks_of(POLL_MAX_US))
		end = t->deadline;
	while (!READ_ONCE(t->woken) && !keel_vcpu_held(t)) {
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

/* Answers how long it has slept, in ticks. */
static u64 sleep(struct keel_vcpu_thread *t)
{
	u64 begin = rdtsc(), left = ticks_to_sleep(t, begin), slept;
	ktime_t time = mul_u64_u32_div(left, USEC_PER_SEC, tsc_khz);

	set_current_state(TASK_IDLE);
	if (!t->stays)
		keel_idle_sleeps(t);
	if (!READ_ONCE(t->woken) && !keel_vcpu_held(t)) {
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
	return slept;
}

/**
 * keel_halt_wait() - until something has come, or is due: root finds out what
 * @t: a vCPU that has halted
 *
 * Whether it has halted still is in @t.
 *
 * Return: false when it has slept for long, and still nothing has come.
 */
bool keel_halt_wait(struct keel_vcpu_thread *t)
{
	u64 slept = poll(t) ? 0 : sleep(t);

	if (keel_vcpu_held(t))
		return true;
	if (!over(t)) {
		if (slept >= ticks_of(keel_crew_linger() * USEC_PER_MSEC))
			return false;
		if (t->deadline)
			return true;
	}
	t->halted = false;
	/* What comes from here on, root sees, or it wakes the thread once more. */
	WRITE_ONCE(t->woken, false);
	return true;
}
