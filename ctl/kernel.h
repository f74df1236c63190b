/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KEEL_CTL_KERNEL_H
#define KEEL_CTL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

bool kernel_is(const char *path, const char *text);
bool kernel_module(const char *name);
bool kernel_mounted(const char *type, char *where, size_t size);
unsigned int kernel_cpus(unsigned int *cpus, unsigned int nr);

#endif /* KEEL_CTL_KERNEL_H */
