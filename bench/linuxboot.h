/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the boots of Linux that are measured have in common: see linuxboot.c.
 *
 * World: user, in the machine that is measured, and in what it boots.
 */
#ifndef BENCH_LINUXBOOT_H
#define BENCH_LINUXBOOT_H

#include <stddef.h>
#include <stdint.h>

/* The same for all of them; what is behind the last word is for the machine itself to fill in. */
#define LINUX_ENTERED	"entered="
#define LINUX_CMDLINE	"console=ttyS0 quiet cryptomgr.notests tsc=reliable idle=nomwait " \
			LINUX_ENTERED "0000000000000000"
#define LINUX_MEMORY	0x8000000UL

/* What the first process of a guest says */
#define LINUX_SAYS	"init\n"

struct image;

void *linux_file(const char *path, size_t *size);
void linux_image(struct image *image, const char *vmlinux, const char *initrd,
		 unsigned int vcpus);

/* The machine's time stamp counter */
static inline uint64_t linux_ticks(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a" (low), "=d" (high));
	return (uint64_t)high << 32 | low;
}

#endif /* BENCH_LINUXBOOT_H */
