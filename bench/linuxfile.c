// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel and initrd of what is booted, as they are in their files.
 *
 * World: user, in the machine that is measured.
 */
#include <err.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "linuxboot.h"

/**
 * linux_file() - a file in memory
 * @path: its name
 * @size: answers its size
 *
 * What cannot be read ends the program.
 *
 * Return: its bytes.
 */
void *linux_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	void *data;

	if (fd < 0 || fstat(fd, &stat))
		err(1, "%s", path);
	*size = stat.st_size;
	data = mmap(NULL, *size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (data == MAP_FAILED)
		err(1, "%s", path);
	close(fd);
	return data;
}
