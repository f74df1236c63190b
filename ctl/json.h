/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KEEL_CTL_JSON_H
#define KEEL_CTL_JSON_H

#include <stdbool.h>
#include <linux/types.h>

void json_open(const char *name, char kind);
void json_close(void);
void json_str(const char *name, const char *val);
void json_u64(const char *name, __u64 val);
void json_bool(const char *name, bool val);
void json_null(const char *name);

#endif /* KEEL_CTL_JSON_H */
