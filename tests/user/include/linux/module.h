/* SPDX-License-Identifier: GPL-2.0 */
/* User-space shim: nothing of a module is left in a program. */
#ifndef SHIM_LINUX_MODULE_H
#define SHIM_LINUX_MODULE_H

#include <linux/init.h>
#include <linux/kernel.h>

#define MODULE_LICENSE(x)	_Static_assert(1, "")
#define MODULE_DESCRIPTION(x)	_Static_assert(1, "")
#define MODULE_AUTHOR(x)	_Static_assert(1, "")
#define EXPORT_SYMBOL_GPL(x)	_Static_assert(1, "")
#define THIS_MODULE		NULL

#endif /* SHIM_LINUX_MODULE_H */
