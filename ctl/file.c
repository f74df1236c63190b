// SPDX-License-Identifier: GPL-2.0
/*
 * Files as a whole.  One that can be is mapped: what of a kernel goes to a guest is then
 * copied once, from the page cache to the memfd, and the rest of it not at all.  Any
 * other, a pipe for example, is read.
 *
 * Whoever makes a mapped file shorter takes bytes away that are being looked at; the
 * program ends then, and says why.  No guest was made before its image is.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "ctl.h"
#include "file.h"
#include "text.h"

/* The largest file that is taken for a kernel */
#define FILE_MAX 0x40000000ULL

static void on_gone(int signal)
{
	static const char text[] =
		"keelctl: a file cannot be read, or has become shorter while it was\n";

	(void)signal;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(CTL_REFUSED);
	_exit(CTL_USAGE);
}

/* False when it has to be read; one that is too large is not mapped, but is so long. */
static bool map(struct file *file, int fd)
{
	struct sigaction action = { .sa_handler = on_gone };
	struct stat stat;

	if (fstat(fd, &stat) || !S_ISREG(stat.st_mode) || !stat.st_size)
		return false;
	file->len = stat.st_size;
	if (file->len > FILE_MAX)
		return true;
	file->data = mmap(NULL, stat.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (file->data == MAP_FAILED) {
		*file = (struct file) { .data = NULL };
		return false;
	}
	file->mapped = true;
	sigaction(SIGBUS, &action, NULL);
	return true;
}

/* As much as there is, but not much more than FILE_MAX; -1 when it cannot be read */
static int read_all(struct file *file, int fd)
{
	size_t size = 1 << 16;
	ssize_t n = 1;

	for (file->data = malloc(size); n > 0 && file->len <= FILE_MAX; file->len += n) {
		if (file->len == size) {
			size *= 2;
			file->data = realloc(file->data, size);
		}
		if (!file->data)
			abort();
		do
			n = read(fd, file->data + file->len, size - file->len);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return -1;
	}
	return 0;
}

/**
 * file_open() - have a whole file at hand
 * @file: filled
 * @path: its name
 *
 * Return: false when it cannot be; that has been said.
 */
bool file_open(struct file *file, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *why = NULL;

	*file = (struct file) { .data = NULL };
	if (fd < 0 || (!map(file, fd) && read_all(file, fd)))
		why = strerror(errno);
	else if (file->len > FILE_MAX)
		why = "it is larger than 1 GiB";
	if (fd >= 0)
		close(fd);
	if (!why)
		return true;
	ctl_warn("%s: %s", text_quote(path), why);
	file_close(file);
	return false;
}

/**
 * file_close() - it is not needed any more
 * @file: the file, which need not be open
 */
void file_close(struct file *file)
{
	if (file->mapped)
		munmap(file->data, file->len);
	else
		free(file->data);
	*file = (struct file) { .data = NULL };
}
