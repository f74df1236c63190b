/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine that was made up, for root's memory side: a few megabytes of memory,
 * three CPUs, and what root keeps, in place of kmod/mmu/phys.c.
 *
 * World: KUnit.  No locks.
 */
#ifndef KEEL_TEST_PHYS_STUBS_H
#define KEEL_TEST_PHYS_STUBS_H

#include "../../kmod/mmu/guest.h"
#include "../../kmod/vmx/vcpu.h"

#define FAKE_FRAMES	1024

/* Where there are blocks of frames for large pages, memory goes on up to here. */
#define FAKE_END	5120
#define FAKE_CPUS	3

/* Memory ends here, root's own pages lie behind it; there is a hole in it. */
#define FAKE_RAM_END	960
#define FAKE_HOLE	500

/**
 * struct fake - the machine
 * @root: what root keeps
 * @cpu: its CPUs
 * @page: its memory
 * @wild: an address was used that is none
 * @flushes: how often a CPU has flushed
 * @meanwhile: what another CPU does right before root looks at the page @meanwhile_pa the next
 *             time, NULL for nothing
 * @meanwhile_pa: the page's address
 */
struct fake {
	struct keel_root root;
	struct keel_root_cpu cpu[FAKE_CPUS];
	u64 *page[FAKE_END];
	bool wild;
	unsigned int flushes;
	void (*meanwhile)(void);
	u64 meanwhile_pa;
};

extern struct fake *fake;

bool fake_build(void);
/* the memory for blocks, whose pages are there */
void fake_extend(void);
void fake_pass(unsigned int i);
void fake_pass_all(void);
s64 fake_audit(void);
/* a vCPU of a guest, made if there are pages; NULL when there is none */
struct keel_vcpu *fake_vcpu(struct keel_guest *guest, unsigned int index);

#endif /* KEEL_TEST_PHYS_STUBS_H */
