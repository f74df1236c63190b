/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the machine's memory is used for, exactly.
 *
 * World: user, in the machine that is measured.
 */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

/**
 * struct memory - the machine's memory, in KiB
 * @free: free, the lists of single CPUs included
 * @slab: of the slab allocator
 * @stacks: of kernel threads and of processes in the kernel
 * @tables: of page tables, those of KVM's guests included
 * @files: of memfds and tmpfs
 */
struct memory {
	long free;
	long slab;
	long stacks;
	long tables;
	long files;
};

long memory_free(void);
void memory_read(struct memory *m);
void memory_report(const char *name, unsigned int nr, const struct memory *before,
		   const struct memory *after);

#endif /* BENCH_MEMORY_H */
