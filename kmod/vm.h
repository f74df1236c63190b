/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest, as Linux knows it: the object that netlink names, its states, its vCPU
 * threads and its memory.
 *
 * World: host.  Locks, in this order: the table of guests (vm.c), a guest's @lock,
 * and beneath them spinlocks of single files.  A guest is kept by a reference; its
 * memory in root exists while it runs or is paused.
 */
#ifndef KEEL_VM_H
#define KEEL_VM_H

#include <linux/kref.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "abi.h"
#include "device.h"
#include "../uapi/keel.h"

struct file;
struct mem_cgroup;
struct task_struct;
struct keel_console;
struct keel_hand;
struct keel_large;
struct keel_sharer;

/**
 * struct keel_segment - a piece of an image
 * @gpa: where it goes
 * @offset: where it is in the file
 * @size: in bytes
 */
struct keel_segment {
	u64 gpa;
	u64 offset;
	u64 size;
};

/**
 * struct keel_image - what a guest starts from
 * @ref: guests that have it: a clone has that of its source
 * @file: holds the segments
 * @nr: number of segments
 * @start: first registers of vCPU 0
 * @random: what is made anew each time, in one of the segments; of no size if nothing is
 * @generation: where the VM generation id is
 * @has_generation: there is one
 * @segment: the segments
 */
struct keel_image {
	struct kref ref;
	struct file *file;
	unsigned int nr;
	struct keel_vcpu_start start;
	struct keel_segment random;
	u64 generation;
	bool has_generation;
	struct keel_segment segment[];
};

/**
 * struct keel_vm_config - what a guest is made from
 * @name: unique, not empty
 * @memory: in bytes, a multiple of the page size
 * @vcpus: 1 to KEEL_VCPUS_MAX
 * @weight: share of the CPUs, 1 to 10000, 100 is that of a process
 * @huge: it takes its memory in large pages, where it can
 */
struct keel_vm_config {
	char name[KEEL_NAME_MAX + 1];
	u64 memory;
	u32 vcpus;
	u32 weight;
	bool huge;
};

/**
 * struct keel_clone_config - what guests are cloned to
 * @name: of the one, or what the names of many begin with
 * @numbered: it is that
 * @count: how many
 * @run: they run at once
 */
struct keel_clone_config {
	char name[KEEL_NAME_MAX + 1];
	bool numbered;
	u32 count;
	bool run;
};

/**
 * struct keel_vcpu_thread - a vCPU's thread
 * @vm: whose
 * @index: which vCPU
 * @hand: the thread, while @task is one
 * @task: the thread, NULL when there is none; changes under @vm's @thread_lock
 * @away: there is none as there was nothing to do for it; under the same lock
 * @called: @back is on its way, or was since the guest was started
 * @back: gets another one
 * @spent: CPU time in ns that those before have used since the guest was started
 * @past: CPU time in ns that this one had before
 * @pid: its number, 0 when there is none; read without a lock
 * @quit: it is to end
 * @out: it is not in the guest and will not go there
 * @halted: the guest has executed HLT, or waits to be started: nothing had come when root
 *          looked last
 * @woken: something has come since then; set by anybody
 * @deadline: TSC at which something is due, 0 for never
 * @stays: it does not leave, as somebody has placed it
 * @listed: it is looked at whether it sleeps for long; changes under idle.c's lock
 * @sleeper: among those that are, under the same lock
 * @sleeps: so many times it has gone to sleep
 * @sleeps_seen: the same, at the last look
 * @poll: so many ticks it looks before it goes to sleep
 * @margin: so many ticks before @deadline it wants to be woken
 * @input: answers an IN, or a read of MMIO, that RUN has come back for
 * @delay: ns that the thread has ever waited for a CPU, when root was told last
 * @past_delay: the same, when the guest was started, had it been with it since
 * @notifier: Linux tells by it that it takes the CPU from the thread
 */
struct keel_vcpu_thread {
	struct keel_vm *vm;
	u32 index;
	struct keel_hand *hand;
	struct task_struct *task;
	bool away;
	bool called;
	struct delayed_work back;
	u64 spent;
	u64 past;
	u32 pid;
	bool quit;
	bool out;
	bool halted;
	bool woken;
	bool stays;
	bool listed;
	struct list_head sleeper;
	u32 sleeps;
	u32 sleeps_seen;
	u64 deadline;
	u64 poll;
	u64 margin;
	u64 input;
	u64 delay;
	u64 past_delay;
#ifdef CONFIG_PREEMPT_NOTIFIERS
	struct preempt_notifier notifier;
#endif
};

/**
 * struct keel_vm - a guest
 * @ref: references
 * @node: in the table of names
 * @id: stable, never used again while Keel is loaded
 * @slot: root's id of it
 * @config: changes under @lock
 * @lock: one command at a time
 * @state: enum keel_vm_state, written under @lock
 * @reason: enum keel_vm_reason, why it is in @state
 * @detail: what goes with the reason: exit code, address
 * @template: it is there to be cloned, and stays paused
 * @gone: deleted; it only waits for its last reference
 * @created: CLOCK_BOOTTIME, when
 * @started: CLOCK_BOOTTIME, when it was started last, 0 for never
 * @image: what it starts from, NULL before load
 * @memcg: whom its memory is charged to
 * @console: its serial port's other end
 * @pausing: its threads stay out of the guest
 * @ending: a thread has seen its end; its threads stay out, and @end does the rest
 * @reported: one was faster to see it; 0 or 1
 * @end_state: the state that the guest is to be in
 * @end_reason: why
 * @end_detail: what goes with the reason
 * @end: ends it
 * @stopping: the guest was asked to stop, and @force comes when it does not
 * @force: forces the stop
 * @thread_lock: whoever has something for a thread finds it there, or that it is away
 * @wait: threads that have to wait, and who waits for them
 * @fill: frames that the pool was filled with the last time
 * @fill_lock: one thread at a time fills it
 * @device_lock: one thread at a time is at a device
 * @devices: what they know
 * @domain: guests of the same one share pages, 0 for itself alone
 * @sharer: what it is to the scanner, NULL while it does not share
 * @large: its large pages, NULL when it has none
 * @is_short: its reserve is short, and no memory was to be had for that
 * @shortages: how often it has become so
 * @starved: how often it was paused since no memory was to be had for it
 * @last: statistics of the last run, while it does not run
 * @thread: its vCPUs
 */
struct keel_vm {
	struct kref ref;
	struct hlist_node node;
	u32 id;
	u32 slot;
	struct keel_vm_config config;
	struct mutex lock;	/* one command at a time */
	u32 state;
	u32 reason;
	u64 detail;
	bool template;
	bool gone;
	u64 created;
	u64 started;
	struct keel_image *image;
	struct mem_cgroup *memcg;
	struct keel_console *console;
	bool pausing;
	bool ending;
	u32 reported;
	u32 end_state;
	u32 end_reason;
	u64 end_detail;
	struct work_struct end;
	bool stopping;
	struct delayed_work force;
	spinlock_t thread_lock;	/* @thread[].task, @thread[].away */
	wait_queue_head_t wait;
	u32 fill;
	struct mutex fill_lock;	/* @fill */
	struct mutex device_lock;	/* @devices */
	struct keel_devices devices;
	u32 domain;
	struct keel_sharer *sharer;
	struct keel_large *large;
	bool is_short;
	u32 shortages;
	u32 starved;
	struct keel_vm_stat last;
	struct keel_vcpu_thread thread[];
};

/* Is it in root?  Under its @lock */
static inline bool keel_lives(const struct keel_vm *vm)
{
	return vm->state == KEEL_VM_STATE_RUNNING || vm->state == KEEL_VM_STATE_PAUSED;
}

/* vm.c: objects.  What returns a guest returns a reference to it. */
struct keel;
int keel_vms_init(struct keel *keel);
void keel_vms_exit(void);
unsigned int keel_vms_count(void);
struct keel_vm *keel_vm_new(const struct keel_vm_config *config,
			    struct netlink_ext_ack *extack);
struct keel_vm *keel_vm_by_id(u32 id);
struct keel_vm *keel_vm_by_name(const char *name);
/* the one with the lowest id not below @id, or NULL */
struct keel_vm *keel_vm_next(u32 id);
void keel_vm_put(struct keel_vm *vm);
int keel_vm_delete(struct keel_vm *vm, struct netlink_ext_ack *extack);
/* an object that nobody finds yet, or NULL; and many of them that can be found, or none */
struct keel_vm *keel_vm_alloc(const struct keel_vm_config *config);
int keel_vms_enter(struct keel_vm **vms, unsigned int nr, struct netlink_ext_ack *extack);

/* life.c: states.  0, or an errno with its reason in @extack; then nothing has changed. */
/* takes over @image on success */
int keel_vm_load(struct keel_vm *vm, struct keel_image *image, struct netlink_ext_ack *extack);
int keel_vm_start(struct keel_vm *vm, struct netlink_ext_ack *extack);
int keel_vm_pause(struct keel_vm *vm, struct netlink_ext_ack *extack);
int keel_vm_resume(struct keel_vm *vm, struct netlink_ext_ack *extack);
int keel_vm_reset(struct keel_vm *vm, struct netlink_ext_ack *extack);
/* asks the guest, and forces it after @timeout ms; 0 forces at once */
int keel_vm_stop(struct keel_vm *vm, u32 timeout, struct netlink_ext_ack *extack);

/* settings.c: NULL leaves as it is what it stands for */
int keel_vm_set(struct keel_vm *vm, const u32 *weight, const bool *template,
		struct netlink_ext_ack *extack);
/* lets it share or not, and with whom */
int keel_vm_share(struct keel_vm *vm, const bool *on, const u32 *domain,
		  struct netlink_ext_ack *extack);
void keel_vm_stat(struct keel_vm *vm, struct keel_vm_stat *stat);
/* of one vCPU; false when there is none, as when the guest does not run */
bool keel_vm_vcpu_stat(struct keel_vm *vm, u32 index, struct keel_vcpu_stat *stat);
struct keel_image *keel_image_get(struct keel_image *image);
void keel_image_put(struct keel_image *image);

/* clone.c: guests that are where @from is */
struct keel_vm *keel_vm_clone(struct keel_vm *from, const struct keel_clone_config *config,
			      struct netlink_ext_ack *extack);

/* console.c: the other end of the serial port.  NULL is a console that swallows all. */
struct keel_console *keel_console_new(u32 id, struct keel_vm *vm);
void keel_console_free(struct keel_console *console);
/* from vCPU threads; may sleep */
void keel_console_put(struct keel_console *console, u8 byte);
bool keel_console_get(struct keel_console *console, u8 *byte);
unsigned int keel_console_waiting(struct keel_console *console);
void keel_console_listen(struct keel_console *console, bool listen);
/* "ttyKEEL3", or NULL; the tty is there from now on */
const char *keel_console_name(struct keel_console *console);
int keel_consoles_init(void);
void keel_consoles_exit(void);

/* thread.c: its thread, with a reference, or NULL; its CPU time in ns */
struct task_struct *keel_thread_task(struct keel_vcpu_thread *t);
u64 keel_thread_time(struct keel_vcpu_thread *t);

/* irq.c: from a context that may sleep */
void keel_irq_msi(struct keel_vm *vm, u64 address, u32 data);
void keel_irq_tell(struct keel_vm *vm, u32 wake, u32 kick);

/* notify.c: may sleep */
void keel_notify_vm(struct keel_vm *vm, u32 event);
void keel_notify_tamper(u32 cpu, u64 address);

/* netlink.c */
int keel_netlink_init(struct keel *keel);
void keel_netlink_exit(void);

#endif /* KEEL_VM_H */
