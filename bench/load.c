// SPDX-License-Identifier: GPL-2.0
/*
 * load FILE NAME ROUNDS : what loading and unloading a module costs, by
 * finit_module() and delete_module().
 *
 * The lines: 'cpus N' and those of busy.c, for load and unload.  The CPU time holds
 * the kernel threads that stop the machine and that clean up afterwards.
 *
 * World: user, in the machine that is measured.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/syscall.h>

#include "busy.h"

static const char *path, *name;

static void load(void)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	if (syscall(SYS_finit_module, fd, "", 0))
		err(1, "finit_module %s", path);
	close(fd);
}

static void unload(void)
{
	if (syscall(SYS_delete_module, name, O_NONBLOCK))
		err(1, "delete_module %s", name);
}

int main(int argc, char **argv)
{
	static struct busy_step steps[] = {
		{ .name = "load", .step = load },
		{ .name = "unload", .step = unload },
	};
	unsigned int rounds = argc == 4 ? atoi(argv[3]) : 0;

	if (!rounds || rounds > BUSY_ROUNDS_MAX)
		errx(2, "usage: load FILE NAME ROUNDS");
	path = argv[1];
	name = argv[2];
	printf("cpus %ld\n", sysconf(_SC_NPROCESSORS_ONLN));
	busy_rounds(steps, 2, rounds);
	return 0;
}
