/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the host files know of each other.
 *
 * World: host.  Everything hangs off one struct keel, which lives from load to
 * unload.  It is built by the loading task, read-only while CPUs are demoted but
 * for each CPU's own struct keel_cpu, and freed when all are back.
 */
#ifndef KEEL_KEEL_H
#define KEEL_KEEL_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/types.h>

#include "abi.h"
#include "pure.h"

/**
 * enum keel_cpu_state - how far a CPU is; teardown goes by it from any state
 * @KEEL_CPU_NONE: nothing is allocated
 * @KEEL_CPU_READY: allocated, VMX off
 * @KEEL_CPU_VMXON: in VMX operation, Linux is still beside root
 * @KEEL_CPU_DEMOTED: Linux runs as a guest
 */
enum keel_cpu_state {
	KEEL_CPU_NONE,
	KEEL_CPU_READY,
	KEEL_CPU_VMXON,
	KEEL_CPU_DEMOTED,
};

/**
 * struct keel_cpu - the host's view of a CPU
 * @state: enum keel_cpu_state, changed on the CPU itself with interrupts off
 * @cpu: its number
 * @root: root's state of it, at the host's address
 * @slot: root's address of its slot
 * @shared: what it shares with root
 * @vmxon_pa: the VMXON region
 * @vmcs_pa: the VMCS
 * @error: how its last step ended
 * @failed: what keel_vmlaunch() returned, 0 when it was not tried or went well
 * @host: Linux's state at launch
 * @image: the VMCS as it was written, later as it was read back
 * @dumps_seen: VMCS dumps that were printed
 * @lost_seen: lost messages that were told
 */
struct keel_cpu {
	enum keel_cpu_state state;
	unsigned int cpu;
	struct keel_root_cpu *root;
	u64 slot;
	struct keel_shared *shared;
	phys_addr_t vmxon_pa;
	phys_addr_t vmcs_pa;
	int error;
	u64 failed;
	struct keel_host_state host;
	struct keel_vmcs_image image;
	u64 dumps_seen;
	u64 lost_seen;
};

/* Root's memory comes in blocks of 2^this pages, so that few 2M pages of the
 * host's EPT have to be split to hide it.
 */
#define KEEL_BLOCK_ORDER 4

/**
 * struct keel_arena - root's memory, which the demoted host cannot reach
 * @blocks: of pages, through page->lru; page->private is the order
 * @nr: how many pages that is
 * @next: the first page of the last block that is not in use yet
 * @left: how many of these there are
 */
struct keel_arena {
	struct list_head blocks;
	unsigned long nr;
	void *next;
	unsigned long left;
};

/**
 * struct keel - all of Keel
 * @caps: what every CPU can
 * @ctl: the demoted host's controls
 * @arena: root's memory
 * @arena_pages: @arena as a source of tables
 * @ept: the demoted host's EPT
 * @table: root's page tables
 * @root: what all CPUs' root shares, at the host's address; hidden from it once
 *        it is demoted
 * @donated: pages given to root, through page->lru
 * @nr_donated: how many
 * @reserve: how many were asked for at load
 * @header: head of the root image, at the host's address
 * @msr_bitmap_pa: the demoted host's MSR bitmap
 * @checked: the CPUs that preflight has looked at
 * @unable: why there can be no guests, NULL when there can
 * @active: CPUs are demoted; changed while the machine is stopped
 * @cpus: by CPU number, nr_cpu_ids of them
 */
struct keel {
	struct keel_vmx_caps caps;
	u64 ctl[KEEL_CTL_NR];
	struct keel_arena arena;
	struct keel_pages arena_pages;
	struct keel_table ept;
	struct keel_table table;
	struct keel_root *root;
	struct list_head donated;
	unsigned long nr_donated;
	unsigned int reserve;
	const struct keel_root_header *header;
	phys_addr_t msr_bitmap_pa;
	struct cpumask checked;
	const char *unable;
	bool active;
	struct keel_cpu *cpus;
};

/**
 * struct keel_counters - sums over all CPUs
 * @demoted: CPUs on which Linux runs as a guest
 * @sent: messages from root
 * @lost: those that found the ring full
 * @dumps: VMCS dumps
 * @tampered: accesses to root's memory that were refused
 * @memory: bytes of root and of what it shares with Linux
 */
struct keel_counters {
	unsigned int demoted;
	u64 sent;
	u64 lost;
	u64 dumps;
	u64 tampered;
	u64 memory;
};

extern bool keel_visible;

/* memory.c */
bool keel_step_fails(void);
void keel_arena_init(struct keel_arena *arena);
void *keel_arena_page(struct keel_arena *arena);

/* ability.c */
int keel_ability(struct keel *keel);

/* donation.c */
int keel_seal(struct keel *keel);
void keel_kick(void);
int keel_reserve(struct keel *keel, unsigned int nr);
void keel_unreserve(struct keel *keel);
void keel_mend(struct keel *keel, unsigned int keep, unsigned int (*guests)(void));
void keel_drop_donated(struct keel *keel);
int keel_audit_all(struct keel *keel);
void keel_arena_free(struct keel_arena *arena);
extern const struct keel_pages keel_arena_pages;

/* preflight.c */
int keel_preflight(struct keel *keel);
int keel_preflight_cpu(const struct keel *keel);

/* root.c */
int keel_root_load(struct keel *keel);
int keel_root_add_cpu(struct keel *keel, unsigned int cpu);
void keel_root_drop_cpu(struct keel_cpu *c);

/* launch.c */
int keel_launch_all(struct keel *keel);
int keel_launch_this(struct keel *keel);
void keel_return_all(struct keel *keel);
void keel_return_this(struct keel *keel);
s64 keel_hypercall(u64 nr, u64 arg);
s64 keel_hypercall3(u64 nr, u64 a, u64 b, u64 c);

/* gate.S */
extern const char keel_gate[], keel_gate_trap[], keel_launched[];
u64 keel_vmlaunch(u64 *rsp);

/* cpu.c */
int keel_cpu_watch(struct keel *keel);
void keel_cpu_unwatch(void);
int keel_cpu_demote_this(struct keel *keel);

/* power.c */
int keel_power_watch(struct keel *keel);
void keel_power_unwatch(void);

/* log.c */
void keel_log_launch(struct keel *keel, struct keel_cpu *c);
void keel_log_start(struct keel *keel);
void keel_log_stop(struct keel *keel);

/* stat.c */
void keel_count(const struct keel *keel, struct keel_counters *counters);
void keel_stat_init(struct keel *keel);
void keel_stat_exit(void);

#endif /* KEEL_KEEL_H */
