// SPDX-License-Identifier: GPL-2.0
/*
 * Creates a KVM guest and holds it until standard input ends: meanwhile VMX is
 * KVM's.  Exits with 1 when there can be no such guest.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/kvm.h>

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	char c;

	if (kvm < 0 || ioctl(kvm, KVM_CREATE_VM, 0) < 0) {
		perror("KVM");
		return 1;
	}
	puts("held");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}
