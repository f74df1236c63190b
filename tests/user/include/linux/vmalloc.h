/* SPDX-License-Identifier: GPL-2.0 */
/* User-space shim: whole pages. */
#ifndef SHIM_LINUX_VMALLOC_H
#define SHIM_LINUX_VMALLOC_H

#include <linux/slab.h>

#define vmalloc(size)	aligned_alloc(PAGE_SIZE, ((size) + PAGE_SIZE - 1) & PAGE_MASK)
#define vfree		kfree

static inline void *vzalloc(size_t size)
{
	unsigned char *p = vmalloc(size);

	for (size_t i = 0; p && i < size; i++)
		p[i] = 0;
	return p;
}

#endif /* SHIM_LINUX_VMALLOC_H */
