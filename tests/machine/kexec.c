// SPDX-License-Identifier: GPL-2.0
/*
 * kexec load|crash CMDLINE : have the kernel in second/ ready for a restart, or
 *			      for a crash
 * kexec run : restart into it
 * kexec spin : do nothing but exit to root
 *
 * Through kexec_file_load(), which checks no signature unless it is locked down.
 */
#include <cpuid.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <sys/reboot.h>
#include <sys/syscall.h>

static int load(const char *cmdline, unsigned long flags)
{
	int kernel = open("second/kernel", O_RDONLY);
	int initrd = open("second/initrd", O_RDONLY);

	if (kernel < 0 || initrd < 0 ||
	    syscall(SYS_kexec_file_load, kernel, initrd, strlen(cmdline) + 1, cmdline, flags)) {
		perror("kexec");
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned int a, b, c, d;

	if (argc == 3 && !strcmp(argv[1], "load"))
		return load(argv[2], 0);
	if (argc == 3 && !strcmp(argv[1], "crash"))
		return load(argv[2], KEXEC_FILE_ON_CRASH);
	while (argc == 2 && !strcmp(argv[1], "spin"))
		__cpuid(0, a, b, c, d);
	if (argc != 2 || strcmp(argv[1], "run"))
		return 2;
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, 0);
	perror("kexec");
	return 1;
}
