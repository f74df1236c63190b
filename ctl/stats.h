/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What guests have done and what they have, as the kernel counts it.
 */
#ifndef KEEL_CTL_STATS_H
#define KEEL_CTL_STATS_H

#include <linux/types.h>

#include "nl.h"

/**
 * struct stat_count - a counter
 * @name: what is counted
 * @count: how often
 * @ticks: TSC ticks in root
 */
struct stat_count {
	char name[40];
	__u64 count;
	__u64 ticks;
};

/**
 * struct stat_counts - counters
 * @nr: how many
 * @count: the counters
 */
struct stat_counts {
	unsigned int nr;
	struct stat_count *count;
};

/**
 * struct stat_vcpu - a vCPU
 * @index: its number
 * @thread: its thread
 * @cpu_time: of its thread, in ns
 * @runs: VM entries from Linux
 * @returns: to Linux, by cause
 * @exits: to root, by reason
 * @refused: accesses to MSRs that there are not
 * @last: the last one of these, as "wrmsr 0x1d9"; empty for none
 */
struct stat_vcpu {
	__u32 index;
	__u32 thread;
	__u64 cpu_time;
	__u64 runs;
	struct stat_counts returns;
	struct stat_counts exits;
	__u64 refused;
	char last[20];
};

/**
 * struct stat_guest - a guest
 * @id: its number
 * @name: its name
 * @mapped: bytes of its own memory
 * @huge: those of them that are in large pages
 * @splits: large pages that were split
 * @collapses: large pages that were made of small ones
 * @shared: bytes mapped to frames that others map as well
 * @cloned: bytes of memory that are a clone's as well, or a source's
 * @zero: bytes mapped to the one zero frame
 * @tables: bytes of EPT tables
 * @pool: bytes that wait for a first touch
 * @spare: bytes that merging has freed and that are not back in Linux yet
 * @reserve: bytes that the pool is to have for writes to shared pages
 * @is_short: how often no memory was to be had for these
 * @starved: how often it was paused for lack of memory
 * @filled: bytes ever taken in
 * @read_touches: first touches that were reads
 * @write_touches: first touches that were writes
 * @nr: how many vCPUs are known
 * @vcpu: the vCPUs
 */
struct stat_guest {
	__u32 id;
	char name[KEEL_NAME_MAX + 1];
	__u64 mapped;
	__u64 huge;
	__u64 splits;
	__u64 collapses;
	__u64 shared;
	__u64 cloned;
	__u64 zero;
	__u64 tables;
	__u64 pool;
	__u64 spare;
	__u64 reserve;
	__u32 is_short;
	__u32 starved;
	__u64 filled;
	__u64 read_touches;
	__u64 write_touches;
	unsigned int nr;
	struct stat_vcpu *vcpu;
};

/**
 * struct stats - all guests
 * @nr: how many
 * @stat: the guests, in the order of their ids
 */
struct stats {
	unsigned int nr;
	struct stat_guest *stat;
};

int stats_get(const char *word, struct stats *stats);
void stats_free(struct stats *stats);
void stats_sum(struct stat_counts *sum, const struct stat_counts *counts);
__u64 stats_total(const struct stat_counts *counts);
void stats_sort(struct stat_counts *counts);
void stats_json(const struct stats *stats);

#endif /* KEEL_CTL_STATS_H */
