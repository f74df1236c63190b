/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KEEL_CTL_TEXT_H
#define KEEL_CTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

size_t text_utf8(const char *s);
const char *text_quote(const char *s);
const char *text_size(__u64 bytes);
const char *text_time(__u64 ns);
void text_table(const char *align);
void text_cell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void text_table_end(unsigned int rows);

#endif /* KEEL_CTL_TEXT_H */
