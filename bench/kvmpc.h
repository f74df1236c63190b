/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest of KVM that boots Linux: see kvmpc.c.
 *
 * World: user, in the machine that is measured.
 */
#ifndef BENCH_KVMPC_H
#define BENCH_KVMPC_H

#include "kvmvm.h"

#define KVMPC_VCPUS	8

struct image;

/**
 * struct kvmpc - the guest
 * @vcpu: its vCPUs, of one guest all of them
 * @user: their exits to user space
 * @says: a pipe: gets a byte when its first process has said so
 */
struct kvmpc {
	struct kvmvm vcpu[KVMPC_VCPUS];
	unsigned long user[KVMPC_VCPUS];
	int says;
};

void kvmpc_create(struct kvmpc *guest, const struct image *image);
void kvmpc_start(struct kvmpc *guest, unsigned int vcpus);

#endif /* BENCH_KVMPC_H */
