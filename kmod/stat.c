// SPDX-License-Identifier: GPL-2.0
/*
 * Counters, under debugfs keel/: every file explains itself.
 *
 * World: host.  The counters are written by each CPU's root and read here
 * without a lock: a reader sees each of them whole, and some before others.
 */
#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "keel.h"

static struct dentry *dir;

static int exits_show(struct seq_file *m, void *unused)
{
	const struct keel *keel = m->private;
	const struct keel_exit_stat *stat;
	unsigned int cpu, reason;
	u64 count;

	seq_puts(m, "# exits of the demoted host: TSC ticks are those spent in root\n");
	seq_puts(m, "cpu\treason\tcount\tticks\tdescription\n");
	for_each_present_cpu(cpu) {
		if (!keel->cpus[cpu].shared)
			continue;
		stat = keel->cpus[cpu].shared->exit;
		for (reason = 0; reason < KEEL_EXIT_NR; reason++) {
			count = READ_ONCE(stat[reason].count);
			if (count)
				seq_printf(m, "%u\t%s\t%llu\t%llu\t%s\n", cpu,
					   keel_reason_name(reason), count,
					   READ_ONCE(stat[reason].ticks),
					   keel_reason_text(reason));
		}
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(exits);

/**
 * keel_count() - add up what the CPUs have counted
 * @keel: Keel
 * @counters: answers the sums
 */
void keel_count(const struct keel *keel, struct keel_counters *counters)
{
	unsigned int cpu;

	memset(counters, 0, sizeof(*counters));
	counters->memory = keel->arena.nr * PAGE_SIZE;
	for_each_present_cpu(cpu) {
		const struct keel_cpu *c = &keel->cpus[cpu];

		if (!c->shared)
			continue;
		counters->demoted += READ_ONCE(c->state) == KEEL_CPU_DEMOTED;
		counters->sent += READ_ONCE(c->shared->ring.head);
		counters->lost += READ_ONCE(c->shared->ring.lost);
		counters->dumps += READ_ONCE(c->shared->dumps);
		counters->tampered += READ_ONCE(c->shared->tampered);
		counters->memory += PAGE_ALIGN(sizeof(*c->shared));
	}
}

static int counters_show(struct seq_file *m, void *unused)
{
	const struct keel *keel = m->private;
	struct keel_counters sum;

	keel_count(keel, &sum);
	seq_printf(m, "demoted\t%u\tCPUs on which Linux runs as a guest\n", sum.demoted);
	seq_printf(m, "messages\t%llu\tmessages from root\n", sum.sent);
	seq_printf(m, "messages_lost\t%llu\tmessages from root that found the ring full\n",
		   sum.lost);
	seq_printf(m, "dumps\t%llu\tVMCS dumps after exits that should not happen\n", sum.dumps);
	seq_printf(m, "tampered\t%llu\taccesses to root's memory that were refused\n",
		   sum.tampered);
	seq_printf(m, "memory\t%llu\tbytes of root and of what it shares with Linux\n",
		   sum.memory);
	seq_printf(m, "donated\t%lu\tpages that Linux has given to root\n", keel->nr_donated);
	seq_printf(m, "ept_tables\t%llu\tpages of the host's EPT when it was launched\n",
		   keel->ept.tables);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

static int audit_show(struct seq_file *m, void *unused)
{
	struct keel *keel = m->private;
	int err = keel_audit_all(keel);

	if (err)
		return err;
	seq_printf(m, "ok\t%lu pages of root's, %lu donated\n", keel->arena.nr, keel->nr_donated);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(audit);

/**
 * keel_stat_init() - show the counters
 * @keel: Keel
 *
 * Debugfs may be absent; then there are none to see.
 */
void keel_stat_init(struct keel *keel)
{
	dir = debugfs_create_dir("keel", NULL);
	debugfs_create_file("exits", 0400, dir, keel, &exits_fops);
	debugfs_create_file("audit", 0400, dir, keel, &audit_fops);
	debugfs_create_file("counters", 0400, dir, keel, &counters_fops);
}

/**
 * keel_stat_exit() - the counters are gone when this returns
 */
void keel_stat_exit(void)
{
	debugfs_remove_recursive(dir);
}
