/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of a guest's life have for each other: its states, its vCPU
 * threads, its devices.
 *
 * World: host.
 */
#ifndef KEEL_LIFE_H
#define KEEL_LIFE_H

#include <linux/types.h>

#include "abi.h"

struct keel;
struct keel_hand;
struct keel_vm;
struct keel_vcpu_thread;
struct netlink_ext_ack;
struct task_struct;

/* life.c; under the guest's lock but for keel_life_init() and keel_life_follow() */
void keel_life_init(struct keel_vm *vm);
void keel_life_follow(struct keel_vm *vm, struct keel_hand **hand, bool run);
int keel_life_gone(const struct keel_vm *vm, struct netlink_ext_ack *extack);
void keel_life_end(struct keel_vm *vm, u32 state, u32 reason, u64 detail);
/* from a vCPU's thread: the guest has come to an end, or to a halt */
void keel_life_report(struct keel_vm *vm, u32 state, u32 reason, u64 detail);

/* vcpu.c; under the guest's lock */
int keel_vcpus_init(struct keel *keel);
void keel_vcpus_exit(void);
int keel_vcpus_get(struct keel_vm *vm);
void keel_vcpus_start(struct keel_vm *vm);
void keel_vcpus_rest(struct keel_vm *vm);
void keel_vcpus_stop(struct keel_vm *vm);
void keel_vcpus_hold(struct keel_vm *vm);
void keel_vcpus_go(struct keel_vm *vm);
void keel_vcpus_follow(struct keel_vm *vm, struct keel_hand **hand, bool run);
/* in a vCPU's thread, or of any */
void keel_vcpu_main(void *arg);
bool keel_vcpu_held(const struct keel_vcpu_thread *t);

/* halt.c: in a vCPU's thread */
void keel_halt(struct keel_vcpu_thread *t, u64 deadline);
bool keel_halt_wait(struct keel_vcpu_thread *t);

/* idle.c */
void keel_idle_sleeps(struct keel_vcpu_thread *t);
void keel_idle_forget(struct keel_vcpu_thread *t);
void keel_idle_exit(void);

/* thread.c; get, put and settle under the guest's lock, leave in a vCPU's thread */
void keel_threads_init(struct keel_vm *vm);
int keel_thread_get(struct keel_vcpu_thread *t);
struct keel_hand *keel_thread_call(struct keel_vcpu_thread *t);
void keel_thread_come(struct keel_vcpu_thread *t, struct keel_hand *hand);
void keel_thread_copy(struct keel_vcpu_thread *t, const struct keel_vcpu_thread *from);
bool keel_thread_needed(const struct keel_vcpu_thread *t, bool run);
void keel_thread_put(struct keel_vcpu_thread *t);
void keel_thread_settle(struct keel_vcpu_thread *t);
void keel_thread_weight(struct keel_vcpu_thread *t);
bool keel_thread_wake(struct keel_vcpu_thread *t, bool kick, bool wait);
bool keel_thread_leave(struct keel_vcpu_thread *t);
void keel_thread_recall(struct keel_vcpu_thread *t, bool due);
u64 keel_thread_delay(const struct task_struct *task);

/* preempt.c: in a vCPU's thread; before the first and after the last of them */
#ifdef CONFIG_PREEMPT_NOTIFIERS
void keel_preempt_watch(struct keel_vcpu_thread *t);
void keel_preempt_forget(struct keel_vcpu_thread *t);
void keel_preempt_init(void);
void keel_preempt_exit(void);
#else
static inline void keel_preempt_watch(struct keel_vcpu_thread *t) {}
static inline void keel_preempt_forget(struct keel_vcpu_thread *t) {}
static inline void keel_preempt_init(void) {}
static inline void keel_preempt_exit(void) {}
#endif

/* For work that guests leave behind */
extern struct workqueue_struct *keel_work;

/* device.c: from a vCPU's thread; while there is none */
void keel_device_io(struct keel_vcpu_thread *t, const struct keel_run *run);
void keel_device_mmio(struct keel_vcpu_thread *t, const struct keel_run *run);
void keel_device_reset(struct keel_vm *vm);
/* under the source's @device_lock, for a guest that nobody knows yet; then, when it is in root */
void keel_device_copy(struct keel_vm *vm, const struct keel_vm *from);
void keel_device_renewed(struct keel_vm *vm);
/* under the guest's lock */
void keel_device_ask(struct keel_vm *vm);

#endif /* KEEL_LIFE_H */
