/* SPDX-License-Identifier: GPL-2.0 */
/* User-space shim: offsets within structures. */
#ifndef SHIM_LINUX_STDDEF_H
#define SHIM_LINUX_STDDEF_H

#include_next <linux/stddef.h>
#include <stdbool.h>
#include <stddef.h>

#define sizeof_field(type, member)	sizeof(((type *)0)->member)
#define offsetofend(type, member)	(offsetof(type, member) + sizeof_field(type, member))
#define typeof_member(type, member)	__typeof__(((type *)0)->member)

#endif /* SHIM_LINUX_STDDEF_H */
