/* SPDX-License-Identifier: GPL-2.0 */
/* User-space shim: memory; the address sanitizer watches over it. */
#ifndef SHIM_LINUX_SLAB_H
#define SHIM_LINUX_SLAB_H

#include <linux/types.h>
#include <asm/page.h>
#include <stdlib.h>

#define GFP_KERNEL	0u
#define GFP_ATOMIC	0u
#define __GFP_ZERO	1u
#define __GFP_NOWARN	0u

static inline void *kmalloc(size_t size, gfp_t gfp)
{
	return gfp & __GFP_ZERO ? calloc(1, size) : malloc(size);
}

static inline void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | __GFP_ZERO);
}

static inline void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	(void)gfp;
	return calloc(n, size);
}

static inline void kfree(const void *p)
{
	free((void *)p);
}

#define kvmalloc	kmalloc
#define kvzalloc	kzalloc
#define kvcalloc	kcalloc
#define kvfree		kfree

#endif /* SHIM_LINUX_SLAB_H */
