// SPDX-License-Identifier: GPL-2.0
/*
 * All that keelctl looks at or touches but for netlink: files of /proc and /sys,
 * CPUID, MSRs through the msr driver, guests' terminals, modules.  The tests put a
 * made-up machine in place of this file.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "sys.h"

/**
 * sys_read() - a whole file
 * @path: where
 *
 * Return: its text without the last line feed, for the caller to free, or NULL
 * with errno.
 */
char *sys_read(const char *path)
{
	size_t len = 0, size = 0;
	char *text = NULL, *more;
	ssize_t n = 1;
	int fd, err;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	while (n) {
		if (size - len < 4096) {
			size += size + 8192;
			more = realloc(text, size);
			if (!more)
				break;
			text = more;
		}
		n = read(fd, text + len, size - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		len += n;
	}
	err = errno;
	close(fd);
	if (n) {
		free(text);
		errno = err;
		return NULL;
	}
	if (len && text[len - 1] == '\n')
		len--;
	text[len] = 0;
	return text;
}

/**
 * sys_count() - how many files there are
 * @pattern: as the shell has them
 *
 * Return: their number, 0 too when they may not be looked at.
 */
unsigned int sys_count(const char *pattern)
{
	unsigned int count;
	glob_t found;

	if (glob(pattern, GLOB_NOSORT, NULL, &found))
		return 0;
	count = found.gl_pathc;
	globfree(&found);
	return count;
}

/**
 * sys_cpuid() - CPUID as a CPU executes it
 * @cpu: which; the caller stays there
 * @leaf: EAX
 * @regs: filled
 *
 * Return: 0, or -errno when this process may not run on the CPU.
 */
int sys_cpuid(unsigned int cpu, __u32 leaf, struct sys_cpuid *regs)
{
	size_t size = CPU_ALLOC_SIZE(cpu + 1);
	cpu_set_t *set = CPU_ALLOC(cpu + 1);
	int err = 0;

	if (!set)
		return -ENOMEM;
	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
	if (sched_setaffinity(0, size, set))
		err = -errno;
	CPU_FREE(set);
	if (!err)
		__cpuid_count(leaf, 0, regs->a, regs->b, regs->c, regs->d);
	return err;
}

/**
 * sys_msr() - read an MSR
 * @cpu: of which CPU
 * @msr: which
 * @val: filled
 *
 * Return: 0, or -errno: -ENOENT without the msr driver, -EACCES or -EPERM for
 * others than root, -EIO when the CPU has no such MSR.
 */
int sys_msr(unsigned int cpu, __u32 msr, __u64 *val)
{
	static unsigned int opened;
	static int fd = -1;
	char path[40];
	ssize_t n;

	if (fd < 0 || opened != cpu) {
		if (fd >= 0)
			close(fd);
		snprintf(path, sizeof(path), "/dev/cpu/%u/msr", cpu);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		opened = cpu;
	}
	n = pread(fd, val, sizeof(*val), msr);
	if (n < 0)
		return -errno;
	return n == sizeof(*val) ? 0 : -EIO;
}

/**
 * sys_release() - the kernel's release, as uname -r prints it
 *
 * Return: the name.
 */
const char *sys_release(void)
{
	static struct utsname name;

	uname(&name);
	return name.release;
}

/**
 * sys_terminal() - open a terminal, which does not become this program's
 * @name: its name in /dev
 *
 * Return: a descriptor that does not block, or -errno.
 */
int sys_terminal(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/**
 * sys_unload() - unload a module, unless it is in use
 * @module: its name
 *
 * Return: 0, or -errno: -EWOULDBLOCK when it is in use, -EBUSY when it does not
 * want to go.
 */
int sys_unload(const char *module)
{
	return syscall(SYS_delete_module, module, O_NONBLOCK) ? -errno : 0;
}
