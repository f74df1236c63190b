/* SPDX-License-Identifier: GPL-2.0 */
/* User-space shim: bits and masks. */
#ifndef SHIM_LINUX_BITS_H
#define SHIM_LINUX_BITS_H

#include <linux/const.h>

#define BITS_PER_BYTE		8
#define BITS_PER_LONG		64
#define BITS_PER_LONG_LONG	64
#define BIT(n)			(UL(1) << (n))
#define BIT_ULL(n)		(ULL(1) << (n))
#define BIT_MASK(n)		(UL(1) << ((n) % BITS_PER_LONG))
#define BIT_WORD(n)		((n) / BITS_PER_LONG)
#define GENMASK(h, l)		((~UL(0) << (l)) & (~UL(0) >> (63 - (h))))
#define GENMASK_ULL(h, l)	((~ULL(0) << (l)) & (~ULL(0) >> (63 - (h))))

#endif /* SHIM_LINUX_BITS_H */
