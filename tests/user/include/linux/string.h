/* SPDX-License-Identifier: GPL-2.0 */
/* User-space shim: strings, and what the C library lacks of the kernel's. */
#ifndef SHIM_LINUX_STRING_H
#define SHIM_LINUX_STRING_H

#include <linux/errno.h>
#include <linux/types.h>
#include <string.h>

static inline ssize_t strscpy(char *dest, const char *src, size_t size)
{
	size_t len = strnlen(src, size);

	if (!size)
		return -E2BIG;
	if (len == size)
		len--;
	memcpy(dest, src, len);
	dest[len] = '\0';
	return src[len] ? -E2BIG : (ssize_t)len;
}

static inline void *memchr_inv(const void *start, int c, size_t bytes)
{
	const unsigned char *p = start;

	for (; bytes; bytes--, p++)
		if (*p != (unsigned char)c)
			return (void *)p;
	return NULL;
}

static inline void memset64(u64 *p, u64 v, size_t n)
{
	while (n--)
		*p++ = v;
}

#endif /* SHIM_LINUX_STRING_H */
