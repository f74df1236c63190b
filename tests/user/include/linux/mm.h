/* SPDX-License-Identifier: GPL-2.0 */
/* User-space shim: pages. */
#ifndef SHIM_LINUX_MM_H
#define SHIM_LINUX_MM_H

#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#endif /* SHIM_LINUX_MM_H */
