/* SPDX-License-Identifier: GPL-2.0 */
/* User-space shim: the size of a structure with an array at its end. */
#ifndef SHIM_LINUX_OVERFLOW_H
#define SHIM_LINUX_OVERFLOW_H

#include <linux/kernel.h>

#define struct_size(p, member, n)	(sizeof(*(p)) + sizeof(*(p)->member) * (n))

#endif /* SHIM_LINUX_OVERFLOW_H */
