/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files as a whole: see file.c.
 */
#ifndef KEEL_CTL_FILE_H
#define KEEL_CTL_FILE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct file - a file as a whole
 * @data: its bytes; NULL when it is not open
 * @len: how many
 * @mapped: they are the page cache's, else a copy
 */
struct file {
	char *data;
	size_t len;
	bool mapped;
};

bool file_open(struct file *file, const char *path);
void file_close(struct file *file);

#endif /* KEEL_CTL_FILE_H */
