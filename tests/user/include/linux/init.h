/* SPDX-License-Identifier: GPL-2.0 */
/* User-space shim: the attributes of init code are in linux/compiler.h. */
#ifndef SHIM_LINUX_INIT_H
#define SHIM_LINUX_INIT_H

#include <linux/compiler.h>

#endif /* SHIM_LINUX_INIT_H */
