/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory for guests: frames from Linux to root, and back.
 *
 * World: host.
 */
#ifndef KEEL_SUPPLY_H
#define KEEL_SUPPLY_H

#include <linux/types.h>

#include "abi.h"

struct keel_image;
struct keel_vm;
struct keel_with;

/* supply.c */
int keel_supply_open(struct keel_vm *vm);
int keel_supply_fill(struct keel_vm *vm, unsigned int nr);
s64 keel_supply_call(struct keel_vm *vm, u64 nr, u64 a, u64 b, u64 c,
		     const struct keel_with *with);
int keel_supply_image(struct keel_vm *vm, const struct keel_image *image);
int keel_supply_vcpu(struct keel_vm *vm, u32 index, const struct keel_vcpu_start *start);
void keel_supply_stat(struct keel_vm *vm, struct keel_vm_stat *stat);
bool keel_supply_vcpu_stat(struct keel_vm *vm, u32 index, struct keel_vcpu_stat *stat);
unsigned int keel_supply_said(struct keel_vm *vm, u8 *bytes);
void keel_supply_port(struct keel_vm *vm, u32 port);
void keel_supply_close(struct keel_vm *vm);
void keel_supply_put(const u64 *batch, unsigned int nr);

/* supply_share.c */
int keel_supply_domain(struct keel_vm *vm, u32 domain);
s64 keel_supply_scan(struct keel_vm *vm, u64 gfn, u64 seed, struct keel_scan *scan);
s64 keel_supply_merge(u64 *batch, unsigned int nr, u32 most);
bool keel_supply_trim(struct keel_vm *vm);

#endif /* KEEL_SUPPLY_H */
