// SPDX-License-Identifier: GPL-2.0
/*
 * What is told of Keel and of guests: objects to attributes.
 *
 * World: host.  A guest is told without its lock, so that one that is busy keeps
 * nobody waiting: every value is whole, and some may be older than others.  Its
 * statistics take it.
 */
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "keel.h"
#include "netlink.h"
#include "policy.h"
#include "vm.h"

/* In the order of enum keel_run_reason, of which root counts returns */
static const char *const return_names[] = {
	"interrupt", "kick", "move", "fill", "io", "mmio", "hlt", "outside", "shutdown",
	"entry", "unknown", "ipi", "eoi", "yield", "said",
};

static_assert(ARRAY_SIZE(return_names) == KEEL_RUN_NR);

static unsigned int count_running(void)
{
	unsigned int running = 0;
	struct keel_vm *vm;
	u32 id;

	for (id = 1; id && (vm = keel_vm_next(id)); keel_vm_put(vm)) {
		running += READ_ONCE(vm->state) == KEEL_VM_STATE_RUNNING;
		id = vm->id + 1;
	}
	return running;
}

/**
 * keel_reply_status() - put what there is to tell of Keel itself
 * @skb: where to
 * @keel: Keel
 *
 * Return: 0; -EMSGSIZE when there is no room.
 */
int keel_reply_status(struct sk_buff *skb, const struct keel *keel)
{
	struct keel_counters counters;
	int err;

	keel_count(keel, &counters);
	err = nla_put_u32(skb, KEEL_A_STATUS_ABI, KEEL_ABI_VERSION) ?:
	      nla_put_u32(skb, KEEL_A_STATUS_ONLINE, num_online_cpus()) ?:
	      nla_put_u32(skb, KEEL_A_STATUS_DEMOTED, counters.demoted) ?:
	      nla_put_u32(skb, KEEL_A_STATUS_VMS, keel_vms_count()) ?:
	      nla_put_u32(skb, KEEL_A_STATUS_RUNNING, count_running()) ?:
	      nla_put_u64_64bit(skb, KEEL_A_STATUS_MEMORY, counters.memory,
				KEEL_A_STATUS_PAD) ?:
	      nla_put_u64_64bit(skb, KEEL_A_STATUS_DONATED,
				(u64)keel->nr_donated * KEEL_PAGE_SIZE, KEEL_A_STATUS_PAD) ?:
	      nla_put_u64_64bit(skb, KEEL_A_STATUS_TAMPERED, counters.tampered,
				KEEL_A_STATUS_PAD);
	if (!err && keel->unable)
		err = nla_put_string(skb, KEEL_A_STATUS_GUESTS, keel->unable);
	return err;
}

static int put_threads(struct sk_buff *skb, const struct keel_vm *vm)
{
	unsigned int i;
	u32 pid;

	for (i = 0; i < vm->config.vcpus; i++) {
		pid = READ_ONCE(vm->thread[i].pid);
		if (pid && nla_put_u32(skb, KEEL_A_VM_THREAD, pid))
			return -EMSGSIZE;
	}
	return 0;
}

/**
 * keel_reply_vm() - put a guest
 * @skb: where to
 * @vm: the guest
 * @tell: its tty's name, too, which has the tty made if it is not there yet
 *
 * Context: may sleep.
 *
 * Return: 0; -EMSGSIZE when there is no room.
 */
int keel_reply_vm(struct sk_buff *skb, const struct keel_vm *vm, bool tell)
{
	bool has_tty = tell && !READ_ONCE(vm->gone);
	const char *console = has_tty ? keel_console_name(vm->console) : NULL;
	u64 started = READ_ONCE(vm->started);
	int err;

	err = nla_put_u32(skb, KEEL_A_VM_ID, vm->id) ?:
	      nla_put_string(skb, KEEL_A_VM_NAME, vm->config.name) ?:
	      nla_put_u64_64bit(skb, KEEL_A_VM_MEMORY, vm->config.memory, KEEL_A_VM_PAD) ?:
	      nla_put_u32(skb, KEEL_A_VM_VCPUS, vm->config.vcpus) ?:
	      nla_put_u32(skb, KEEL_A_VM_WEIGHT, READ_ONCE(vm->config.weight)) ?:
	      nla_put_u32(skb, KEEL_A_VM_STATE, READ_ONCE(vm->state)) ?:
	      nla_put_u32(skb, KEEL_A_VM_REASON, READ_ONCE(vm->reason)) ?:
	      nla_put_u64_64bit(skb, KEEL_A_VM_DETAIL, READ_ONCE(vm->detail), KEEL_A_VM_PAD) ?:
	      nla_put_u64_64bit(skb, KEEL_A_VM_CREATED, vm->created, KEEL_A_VM_PAD);
	if (!err && started)
		err = nla_put_u64_64bit(skb, KEEL_A_VM_STARTED, started, KEEL_A_VM_PAD);
	if (!err && console)
		err = nla_put_string(skb, KEEL_A_VM_CONSOLE, console);
	if (!err && READ_ONCE(vm->template))
		err = nla_put_u32(skb, KEEL_A_VM_TEMPLATE, 1);
	if (!err && vm->config.huge)
		err = nla_put_flag(skb, KEEL_A_VM_HUGE);
	return err ?: put_threads(skb, vm);
}

static int put_memory(struct sk_buff *skb, struct keel_vm *vm)
{
	struct keel_vm_stat stat = {};

	keel_vm_stat(vm, &stat);
	return nla_put_u64_64bit(skb, KEEL_A_STAT_MAPPED, stat.mapped * KEEL_PAGE_SIZE,
				 KEEL_A_STAT_PAD) ?:
	       nla_put_u64_64bit(skb, KEEL_A_STAT_CLONED, stat.cloned * KEEL_PAGE_SIZE,
				 KEEL_A_STAT_PAD) ?:
	       nla_put_u64_64bit(skb, KEEL_A_STAT_ZERO, stat.zero * KEEL_PAGE_SIZE,
				 KEEL_A_STAT_PAD) ?:
	       nla_put_u64_64bit(skb, KEEL_A_STAT_TABLES, stat.tables * KEEL_PAGE_SIZE,
				 KEEL_A_STAT_PAD) ?:
	       nla_put_u64_64bit(skb, KEEL_A_STAT_POOL,
				 (stat.pool + stat.blocks) * KEEL_PAGE_SIZE,
				 KEEL_A_STAT_PAD) ?:
	       nla_put_u64_64bit(skb, KEEL_A_STAT_FILLED, stat.filled * KEEL_PAGE_SIZE,
				 KEEL_A_STAT_PAD) ?:
	       nla_put_u64_64bit(skb, KEEL_A_STAT_READ_TOUCHES, stat.touched_read,
				 KEEL_A_STAT_PAD) ?:
	       nla_put_u64_64bit(skb, KEEL_A_STAT_WRITE_TOUCHES, stat.touched_write,
				 KEEL_A_STAT_PAD) ?:
	       nla_put_u64_64bit(skb, KEEL_A_STAT_SHARED, stat.shared * KEEL_PAGE_SIZE,
				 KEEL_A_STAT_PAD) ?:
	       nla_put_u64_64bit(skb, KEEL_A_STAT_SPARE, stat.spare * KEEL_PAGE_SIZE,
				 KEEL_A_STAT_PAD) ?:
	       nla_put_u64_64bit(skb, KEEL_A_STAT_RESERVE, stat.reserve * KEEL_PAGE_SIZE,
				 KEEL_A_STAT_PAD) ?:
	       nla_put_u64_64bit(skb, KEEL_A_STAT_HUGE, stat.huge * KEEL_PAGE_SIZE,
				 KEEL_A_STAT_PAD) ?:
	       nla_put_u64_64bit(skb, KEEL_A_STAT_SPLITS, stat.splits, KEEL_A_STAT_PAD) ?:
	       nla_put_u64_64bit(skb, KEEL_A_STAT_COLLAPSES, stat.collapses,
				 KEEL_A_STAT_PAD) ?:
	       nla_put_u32(skb, KEEL_A_STAT_SHORT, READ_ONCE(vm->shortages)) ?:
	       nla_put_u32(skb, KEEL_A_STAT_STARVED, READ_ONCE(vm->starved));
}

/* A counter that has counted something; @ticks is NULL where none are. */
static int put_count(struct sk_buff *skb, int attr, const char *name, u64 count, const u64 *ticks)
{
	struct nlattr *nest;

	if (!count)
		return 0;
	nest = nla_nest_start(skb, attr);
	if (!nest || nla_put_string(skb, KEEL_A_COUNT_NAME, name) ||
	    nla_put_u64_64bit(skb, KEEL_A_COUNT_COUNT, count, KEEL_A_COUNT_PAD) ||
	    (ticks && nla_put_u64_64bit(skb, KEEL_A_COUNT_TICKS, *ticks, KEEL_A_COUNT_PAD)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* By name, where the reason has one */
static int put_exit(struct sk_buff *skb, unsigned int reason, const struct keel_exit_stat *exit)
{
	const char *name = keel_reason_name(reason);
	char number[12];

	snprintf(number, sizeof(number), "%u", reason);
	return put_count(skb, KEEL_A_VCPU_EXIT, name ?: number, exit->count, &exit->ticks);
}

static int put_refused(struct sk_buff *skb, const struct keel_vcpu_stat *stat)
{
	if (nla_put_u64_64bit(skb, KEEL_A_VCPU_REFUSED, stat->refused, KEEL_A_VCPU_PAD))
		return -EMSGSIZE;
	if (!stat->refused)
		return 0;
	if (stat->refused_write && nla_put_flag(skb, KEEL_A_VCPU_REFUSED_WRITE))
		return -EMSGSIZE;
	return nla_put_u32(skb, KEEL_A_VCPU_REFUSED_MSR, stat->refused_msr);
}

static int put_vcpu(struct sk_buff *skb, struct keel_vm *vm, unsigned int index,
		    const struct keel_vcpu_stat *stat)
{
	struct nlattr *nest = nla_nest_start(skb, KEEL_A_STAT_VCPU);
	unsigned int i;
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = nla_put_u32(skb, KEEL_A_VCPU_INDEX, index) ?:
	      nla_put_u32(skb, KEEL_A_VCPU_THREAD, READ_ONCE(vm->thread[index].pid)) ?:
	      nla_put_u64_64bit(skb, KEEL_A_VCPU_CPU_TIME, keel_thread_time(&vm->thread[index]),
				KEEL_A_VCPU_PAD) ?:
	      nla_put_u64_64bit(skb, KEEL_A_VCPU_RUNS, stat->runs, KEEL_A_VCPU_PAD);
	for (i = 0; !err && i < KEEL_RUN_NR; i++)
		err = put_count(skb, KEEL_A_VCPU_RETURN, return_names[i], stat->returns[i], NULL);
	for (i = 0; !err && i < KEEL_EXIT_NR; i++)
		err = put_exit(skb, i, &stat->exit[i]);
	err = err ?: put_refused(skb, stat);
	if (err)
		nla_nest_cancel(skb, nest);
	else
		nla_nest_end(skb, nest);
	return err;
}

/**
 * keel_reply_stat() - put a guest's statistics
 * @skb: where to
 * @vm: the guest
 * @vcpu: the vCPU to begin with; then the first that there was no room for
 *
 * Beginning with another vCPU than the first, the message is one that goes on
 * with the guest's, and its memory is not told again.
 *
 * Return: 0; -EMSGSIZE when there is no room, where all vCPUs before @vcpu are
 * in @skb; -ENOMEM.
 */
int keel_reply_stat(struct sk_buff *skb, struct keel_vm *vm, unsigned int *vcpu)
{
	struct keel_vcpu_stat *stat;
	int err;

	err = nla_put_u32(skb, KEEL_A_STAT_ID, vm->id) ?:
	      nla_put_string(skb, KEEL_A_STAT_NAME, vm->config.name);
	if (!err && !*vcpu)
		err = put_memory(skb, vm);
	if (err)
		return err;
	stat = kmalloc(sizeof(*stat), GFP_KERNEL);
	if (!stat)
		return -ENOMEM;
	for (; *vcpu < vm->config.vcpus; ++*vcpu) {
		if (!keel_vm_vcpu_stat(vm, *vcpu, stat))
			continue;
		err = put_vcpu(skb, vm, *vcpu, stat);
		if (err)
			break;
	}
	kfree(stat);
	return err;
}
