// SPDX-License-Identifier: GPL-2.0
/*
 * What the running kernel says of itself: modules, mounts, CPUs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "sys.h"

/**
 * kernel_is() - does a file hold just this?
 * @path: the file
 * @text: what it may hold
 *
 * Return: true when it does.
 */
bool kernel_is(const char *path, const char *text)
{
	char *got = sys_read(path);
	bool is = got && !strcmp(got, text);

	free(got);
	return is;
}

/**
 * kernel_module() - is a module loaded?
 * @name: its name, with _ for -
 *
 * Return: true when it has been loaded and is at work; what is built in is no
 * module.
 */
bool kernel_module(const char *name)
{
	char path[80];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", name);
	return kernel_is(path, "live");
}

/**
 * kernel_mounted() - where is a file system mounted?
 * @type: its type
 * @where: filled with the folder
 * @size: of @where
 *
 * Return: false when it is not.
 */
bool kernel_mounted(const char *type, char *where, size_t size)
{
	char *mounts = sys_read("/proc/mounts"), *line, *rest = mounts;
	bool found = false;

	while (!found && rest && (line = strsep(&rest, "\n"))) {
		char *dir;

		strsep(&line, " ");
		dir = strsep(&line, " ");
		if (!line || strcmp(strsep(&line, " "), type))
			continue;
		found = snprintf(where, size, "%s", dir) < (int)size;
	}
	free(mounts);
	return found;
}

/**
 * kernel_cpus() - the CPUs that are online
 * @cpus: filled with their numbers, as far as there is room
 * @nr: how many there is room for
 *
 * Return: how many there are.
 */
unsigned int kernel_cpus(unsigned int *cpus, unsigned int nr)
{
	char *list = sys_read("/sys/devices/system/cpu/online"), *at = list;
	unsigned int count = 0;
	unsigned long first, last;

	while (at && *at >= '0' && *at <= '9') {
		first = strtoul(at, &at, 10);
		last = *at == '-' ? strtoul(at + 1, &at, 10) : first;
		for (; first <= last; first++, count++)
			if (count < nr)
				cpus[count] = first;
		if (*at == ',')
			at++;
	}
	free(list);
	return count;
}
