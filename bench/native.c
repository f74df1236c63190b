// SPDX-License-Identifier: GPL-2.0
/*
 * native VMLINUX INITRD : boot Linux on the machine itself, to see what that costs.
 *
 * It is the kernel that guests get, with the same command line, initrd and size of memory, and
 * the machine's own devices; it is entered by kexec, without a look at its bytes on the way.
 * What there is to say is said by its first process, linuxinit.c.  The program does not return
 * when all is well.
 *
 * World: user, in the machine that is measured, which has one CPU.
 */
#include <elf.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <asm/bootparam.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <sys/syscall.h>

#include "linuxboot.h"
#include "native.h"

#define PAGE		4096UL
#define SEGMENTS	KEXEC_SEGMENT_MAX

/* Where things go that are not the kernel's own: memory on every PC, and the end of the guests' */
#define STUB		0x80000UL
#define PARAMS		0x90000UL
#define CMDLINE		(PARAMS + PAGE)
#define INITRD		(LINUX_MEMORY - 0x1000000UL)

/* A boot loader without a number of its own */
#define LOADER_OTHER	0xff

static struct kexec_segment segment[SEGMENTS];
static unsigned int nr;

static void add(unsigned long at, const void *data, size_t size, size_t room)
{
	if (nr == SEGMENTS)
		errx(1, "too many segments");
	segment[nr++] = (struct kexec_segment) {
		.buf = (void *)data, .bufsz = size,
		.mem = (void *)at, .memsz = (room + PAGE - 1) & -PAGE,
	};
}

static uint64_t add_kernel(const char *path)
{
	size_t size;
	const char *file = linux_file(path, &size);
	const Elf64_Ehdr *head = (const void *)file;
	const Elf64_Phdr *ph = (const void *)(file + head->e_phoff);
	unsigned int i;

	for (i = 0; i < head->e_phnum; i++, ph++)
		if (ph->p_type == PT_LOAD)
			add(ph->p_paddr, file + ph->p_offset, ph->p_filesz, ph->p_memsz);
	return head->e_entry;
}

static unsigned long range_at(unsigned int i, const char *name)
{
	unsigned long val = 0;
	char path[80];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/firmware/memmap/%u/%s", i, name);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%li", (long *)&val) != 1)
		errx(1, "%s: no number", path);
	fclose(file);
	return val;
}

/* Whether a range is memory; all others are kept for what they are, by whoever has them. */
static bool is_memory(unsigned int i)
{
	char path[80], type[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/firmware/memmap/%u/type", i);
	file = fopen(path, "r");
	if (!file || !fgets(type, sizeof(type), file))
		err(1, "%s", path);
	fclose(file);
	return !strncmp(type, "System RAM", 10);
}

/* The firmware's map, with as much memory as guests have */
static void fill_map(struct boot_params *params)
{
	struct boot_e820_entry *entry = params->e820_table;
	unsigned long start, end;
	char path[80];
	unsigned int i;

	for (i = 0; i < E820_MAX_ENTRIES_ZEROPAGE; i++) {
		snprintf(path, sizeof(path), "/sys/firmware/memmap/%u", i);
		if (access(path, F_OK))
			break;
		start = range_at(i, "start");
		end = range_at(i, "end") + 1;
		if (is_memory(i) && end > LINUX_MEMORY)
			end = LINUX_MEMORY;
		if (start >= end)
			continue;
		*entry++ = (struct boot_e820_entry) {
			.addr = start, .size = end - start, .type = is_memory(i) ? 1 : 2,
		};
	}
	params->e820_entries = entry - params->e820_table;
}

static void add_params(size_t initrd)
{
	static struct boot_params params;

	params.hdr.boot_flag = 0xaa55;
	params.hdr.header = 0x53726448;		/* "HdrS" */
	params.hdr.version = 0x20f;
	params.hdr.type_of_loader = LOADER_OTHER;
	params.hdr.cmd_line_ptr = CMDLINE;
	params.hdr.ramdisk_image = INITRD;
	params.hdr.ramdisk_size = initrd;
	fill_map(&params);
	add(PARAMS, &params, sizeof(params), sizeof(params));
	add(CMDLINE, LINUX_CMDLINE, sizeof(LINUX_CMDLINE), sizeof(LINUX_CMDLINE));
}

static void put(char *stub, const char *label, uint64_t val)
{
	memcpy(stub + (label - native_start), &val, sizeof(val));
}

static void add_stub(uint64_t entry)
{
	size_t size = native_stop - native_start;
	char *stub = malloc(size);

	if (!stub)
		err(1, "malloc");
	memcpy(stub, native_start, size);
	put(stub, native_digits, CMDLINE + sizeof(LINUX_CMDLINE) - 1 - 16);
	put(stub, native_params, PARAMS);
	put(stub, native_entry, entry);
	add(STUB, stub, size, size);
}

int main(int argc, char **argv)
{
	const void *initrd;
	size_t size;

	if (argc != 3)
		errx(2, "usage: native VMLINUX INITRD");
	add_stub(add_kernel(argv[1]));
	initrd = linux_file(argv[2], &size);
	add(INITRD, initrd, size, size);
	add_params(size);
	if (syscall(SYS_kexec_load, STUB, nr, segment, KEXEC_ARCH_X86_64))
		err(1, "kexec_load");
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, 0);
	err(1, "kexec");
}
