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
struct keel_vm;
struct keel_vcpu_thread;

/* life.c; under the guest's lock but for keel_life_init() */
void keel_life_init(struct keel_vm *vm);
void keel_life_end(struct keel_vm *vm, u32 state, u32 reason, u64 detail);
/* from a vCPU's thread: the guest has come to an end, or to a halt */
void keel_life_report(struct keel_vm *vm, u32 state, u32 reason, u64 detail);

/* vcpu.c; under the guest's lock */
int keel_vcpus_init(struct keel *keel);
void keel_vcpus_exit(void);
int keel_vcpus_start(struct keel_vm *vm);
void keel_vcpus_rest(struct keel_vm *vm);
void keel_vcpus_stop(struct keel_vm *vm);
void keel_vcpus_hold(struct keel_vm *vm);
void keel_vcpus_go(struct keel_vm *vm);
void keel_vcpus_weight(struct keel_vm *vm);

/* For work that guests leave behind */
extern struct workqueue_struct *keel_work;

/* device.c: from a vCPU's thread; while there is none */
void keel_device_io(struct keel_vcpu_thread *t, const struct keel_run *run);
void keel_device_mmio(struct keel_vcpu_thread *t, const struct keel_run *run);
void keel_device_reset(struct keel_vm *vm);
/* under the guest's lock */
void keel_device_ask(struct keel_vm *vm);

#endif /* KEEL_LIFE_H */
