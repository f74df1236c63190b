/* SPDX-License-Identifier: GPL-2.0 */
/* User-space shim: error numbers, also those that the kernel keeps to itself. */
#ifndef SHIM_LINUX_ERRNO_H
#define SHIM_LINUX_ERRNO_H

#include_next <linux/errno.h>
#include <errno.h>

#define EPROBE_DEFER	517
#define ENOTSUPP	524

#endif /* SHIM_LINUX_ERRNO_H */
