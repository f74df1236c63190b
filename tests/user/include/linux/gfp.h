/* SPDX-License-Identifier: GPL-2.0 */
/* User-space shim: free pages. */
#ifndef SHIM_LINUX_GFP_H
#define SHIM_LINUX_GFP_H

#include <linux/vmalloc.h>

static inline unsigned long __get_free_page(gfp_t gfp)
{
	return (unsigned long)(gfp & __GFP_ZERO ? vzalloc(PAGE_SIZE) : vmalloc(PAGE_SIZE));
}

#define get_zeroed_page(gfp)	__get_free_page((gfp) | __GFP_ZERO)
#define free_page(addr)		kfree((void *)(addr))

#endif /* SHIM_LINUX_GFP_H */
