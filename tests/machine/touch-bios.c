// SPDX-License-Identifier: GPL-2.0
/*
 * Reads a byte of the page at physical 0xf0000 from user space, through a
 * mapping of /dev/mem; on a shadow stack, if there are any, which has to fit the
 * ordinary one when the function that reads it returns.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "shstk.h"

static __attribute__((noinline)) int touch(volatile unsigned char *page)
{
	return page[0] == 0x100;
}

int main(void)
{
	int fd = open("/dev/mem", O_RDONLY);
	volatile unsigned char *page;

	if (fd < 0) {
		perror("/dev/mem");
		return 1;
	}
	page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0xf0000);
	if (page == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	shstk_enable();
	exit(touch(page));
}
