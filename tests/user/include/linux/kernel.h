/* SPDX-License-Identifier: GPL-2.0 */
/* User-space shim: what the kernel's catch-all header is used for. */
#ifndef SHIM_LINUX_KERNEL_H
#define SHIM_LINUX_KERNEL_H

#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <stdio.h>

#define ARRAY_SIZE(a) \
	(sizeof(a) / sizeof((a)[0]) + BUILD_BUG_ON_ZERO(__same_type(a, &(a)[0])))
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#define ALIGN(x, a)		(((x) + ((__typeof__(x))(a) - 1)) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a)	((x) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a)	(((x) & ((__typeof__(x))(a) - 1)) == 0)
#define round_up		ALIGN
#define round_down		ALIGN_DOWN
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define upper_32_bits(n)	((u32)((n) >> 32))
#define lower_32_bits(n)	((u32)(n))

#define U8_MAX			((u8)~0U)
#define U16_MAX			((u16)~0U)
#define U32_MAX			((u32)~0U)
#define U64_MAX			((u64)~0ULL)

#define scnprintf(buf, size, ...) \
	({ int __n = snprintf(buf, size, __VA_ARGS__); __n < (int)(size) ? __n : (int)(size) - 1; })

#define printk(...)		fprintf(stderr, __VA_ARGS__)
#define pr_err			printk
#define pr_warn			printk
#define pr_info			printk
#define pr_debug(...)		do { if (0) printk(__VA_ARGS__); } while (0)

#endif /* SHIM_LINUX_KERNEL_H */
