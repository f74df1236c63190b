/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KEEL_CTL_PARSE_H
#define KEEL_CTL_PARSE_H

#include <stdbool.h>
#include <linux/types.h>

bool parse_size(const char *what, const char *text, __u64 *val);
bool parse_number(const char *what, const char *text, __u64 *val);
bool parse_u32(const char *what, const char *text, __u32 *val);
bool parse_seconds(const char *what, const char *text, __u32 *val);

#endif /* KEEL_CTL_PARSE_H */
