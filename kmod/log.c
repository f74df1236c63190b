// SPDX-License-Identifier: GPL-2.0
/*
 * Root's messages and dumps to the kernel log, and what a failed launch tells.
 *
 * World: host.  One work item drains the rings of all CPUs, so that each ring
 * has one consumer at a time; keel_log_stop() runs it a last time by hand.
 */
#define pr_fmt(fmt) "keel: " fmt

#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/workqueue.h>

#include "keel.h"
#include "trace.h"
#include "vm.h"

#define DRAIN_PERIOD	HZ

static struct keel *drained;

static const struct {
	bool severe;
	const char *format;
} events[KEEL_EVENT_NR] = {
#define KEEL_E(name, severe, format) { severe, format },
	KEEL_EVENTS(KEEL_E)
#undef KEEL_E
};

static void log_message(const struct keel_message *msg)
{
	char text[160];

	trace_keel_message(msg->cpu, msg->event, msg->tsc, msg->arg[0], msg->arg[1]);
	if (msg->event >= KEEL_EVENT_NR)
		return;
	/* The formats are this build's own: KEEL_EVENTS in abi.h. */
	snprintf(text, sizeof(text), events[msg->event].format,
		 msg->arg[0], msg->arg[1], msg->arg[2], msg->arg[3]);
	if (events[msg->event].severe)
		pr_crit_ratelimited("CPU %u: %s\n", msg->cpu, text);
	else
		pr_err_ratelimited("CPU %u: %s\n", msg->cpu, text);
	if (msg->event == KEEL_EVENT_TAMPER)
		keel_notify_tamper(msg->cpu, msg->arg[0]);
}

static void log_image(unsigned int cpu, const struct keel_vmcs_image *img)
{
	unsigned int ix;

	for (ix = 0; ix < VMCS_IX_NR; ix++)
		if (keel_vmcs_have(img, ix))
			pr_err("CPU %u: VMCS %s %#llx\n", cpu, keel_vmcs_name(ix), img->val[ix]);
}

static void log_verdict(unsigned int cpu, const struct keel_vmcs_image *img,
			const struct keel_vmx_caps *caps)
{
	struct keel_vmx_verdict verdict;
	unsigned int id;

	if (!keel_vmcs_check(img, caps, &verdict)) {
		pr_err("CPU %u: the VMCS breaks no rule that Keel knows of\n", cpu);
		return;
	}
	for (id = 0; id < KEEL_CHECK_NR; id++)
		if (keel_verdict_has(&verdict, id))
			pr_err("CPU %u: SDM %s: %s\n", cpu, keel_check_section(id),
			       keel_check_text(id));
}

static void log_dump(struct keel *keel, struct keel_cpu *c)
{
	const struct keel_shared *shared = c->shared;
	struct keel_vmcs_image *img = &c->image;
	/* Pairs with the release in vmx/exit.c: the dump is whole. */
	u64 dumps = smp_load_acquire(&shared->dumps);

	if (dumps == c->dumps_seen)
		return;
	c->dumps_seen = dumps;
	*img = *(const struct keel_vmcs_image *)shared->dump;
	log_image(c->cpu, img);
	if (img->val[VMCS_IX_EXIT_REASON] & KEEL_REASON_ENTRY_FAILED)
		log_verdict(c->cpu, img, &keel->caps);
}

static void drain_cpu(struct keel *keel, struct keel_cpu *c)
{
	struct keel_message msg;
	u64 lost;

	while (keel_ring_take(&c->shared->ring, &msg))
		log_message(&msg);
	lost = READ_ONCE(c->shared->ring.lost);
	if (lost != c->lost_seen)
		pr_warn("CPU %u: %llu messages of root's were lost\n", c->cpu, lost - c->lost_seen);
	c->lost_seen = lost;
	log_dump(keel, c);
}

static void drain(struct keel *keel)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (keel->cpus[cpu].shared)
			drain_cpu(keel, &keel->cpus[cpu]);
}

static void drain_work_fn(struct work_struct *unused);
static DECLARE_DEFERRABLE_WORK(drain_work, drain_work_fn);

static void drain_work_fn(struct work_struct *unused)
{
	drain(drained);
	schedule_delayed_work(&drain_work, DRAIN_PERIOD);
}

/**
 * keel_log_launch() - say why a CPU's launch failed, if it did
 * @keel: Keel
 * @c: the CPU
 */
void keel_log_launch(struct keel *keel, struct keel_cpu *c)
{
	if (c->failed) {
		if (c->failed == -1ULL) {
			pr_err("CPU %u: VMLAUNCH failed with instruction error %llu\n", c->cpu,
			       c->image.val[VMCS_IX_INSTR_ERROR]);
			log_verdict(c->cpu, &c->image, &keel->caps);
		}
		drain_cpu(keel, c);
	} else if (c->error) {
		pr_err("CPU %u: could not be demoted (%d)\n", c->cpu, c->error);
	}
	c->failed = 0;
}

/**
 * keel_log_start() - bring root's messages to the log from now on
 * @keel: Keel
 */
void keel_log_start(struct keel *keel)
{
	drained = keel;
	schedule_delayed_work(&drain_work, DRAIN_PERIOD);
}

/**
 * keel_log_stop() - the last messages; none can come any more
 * @keel: Keel, on no CPU
 */
void keel_log_stop(struct keel *keel)
{
	cancel_delayed_work_sync(&drain_work);
	drain(keel);
}
