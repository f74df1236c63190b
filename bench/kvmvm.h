/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest of KVM: see kvmvm.c.
 *
 * World: user, in the machine that is measured.
 */
#ifndef BENCH_KVMVM_H
#define BENCH_KVMVM_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/kvm.h>

struct image;

/**
 * struct kvmvm - a guest with one vCPU
 * @vm: file descriptors: its own
 * @vcpu: and its vCPU's
 * @stats: what KVM counts of that, -1 until it is asked for
 * @run: what KVM says of an exit
 * @run_size: bytes of @run
 * @memory: its memory, from physical address 0 on
 * @size: in bytes
 */
struct kvmvm {
	int vm;
	int vcpu;
	int stats;
	struct kvm_run *run;
	long run_size;
	unsigned char *memory;
	unsigned long size;
};

/**
 * struct kvmvm_said - a line that a guest says, byte by byte
 * @line: it, with a NUL behind it
 * @len: bytes that there are yet
 * @exits: exits from @since on until it began
 * @since: exits of the guest's when that is counted from
 */
struct kvmvm_said {
	char line[80];
	unsigned int len;
	unsigned long exits;
	unsigned long since;
};

int kvmvm_call(int fd, unsigned long request, void *arg, const char *name);

#define KVMVM_CALL(fd, request, arg) kvmvm_call(fd, request, (void *)(arg), #request)

void kvmvm_open(void);
void kvmvm_new(struct kvmvm *k);
void kvmvm_irqchip(struct kvmvm *k);
void kvmvm_memory(struct kvmvm *k, unsigned long size);
void kvmvm_memory_large(struct kvmvm *k, unsigned long size);
void kvmvm_vcpu(struct kvmvm *k);
void kvmvm_vcpu_nr(struct kvmvm *k, unsigned int nr);
void kvmvm_cpuid(struct kvmvm *k, unsigned int nr);
void kvmvm_flat(struct kvm_sregs *sregs, bool long_mode);
void kvmvm_registers(struct kvmvm *k, uint64_t cr3, uint64_t gdt_base, uint32_t gdt_limit,
		     const struct kvm_regs *regs);
unsigned long kvmvm_exits(struct kvmvm *k);
bool kvmvm_hear(struct kvmvm *k, struct kvmvm_said *said, char byte);
void kvmvm_run(struct kvmvm *k);
void kvmvm_destroy(struct kvmvm *k);

/* kvmimage.c: a small guest's */
void kvmvm_fill(struct kvmvm *k, const struct image *image);
void kvmvm_begin(struct kvmvm *k, const struct image *image, uint64_t arg);

#endif /* BENCH_KVMVM_H */
