/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KEEL_CTL_REFUSAL_H
#define KEEL_CTL_REFUSAL_H

#include <stddef.h>

struct nlmsghdr;

void refusal(const struct nlmsghdr *reply, size_t skip, const struct nlmsghdr *request, int err,
	     char *text, size_t size);

#endif /* KEEL_CTL_REFUSAL_H */
