// SPDX-License-Identifier: GPL-2.0
/*
 * ELF files as images: executables for x86-64, loaded by their physical addresses
 * and entered in 64-bit mode.
 *
 * The file is whatever somebody has handed over, so that nothing in it is believed:
 * each offset and size is checked against the file before it is used, each address
 * against the guest's memory.
 */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "image.h"

/* The note by which Linux says that it has a PVH entry */
#define NOTE_PHYS32_ENTRY 18

static bool wrong(char say[IMAGE_SAY], const char *what)
{
	snprintf(say, IMAGE_SAY, "it is a broken ELF file: %s", what);
	return false;
}

static bool other(char say[IMAGE_SAY], const char *what)
{
	snprintf(say, IMAGE_SAY,
		 "it is %s; what can be loaded are ELF executables for x86-64 with fixed addresses",
		 what);
	return false;
}

/**
 * elf_is() - does a file say that it is in the ELF format?
 * @file: its bytes
 * @size: how many
 *
 * Return: true when it does.
 */
bool elf_is(const void *file, size_t size)
{
	return size >= SELFMAG && !memcmp(file, ELFMAG, SELFMAG);
}

static bool check_header(const Elf64_Ehdr *header, size_t size, char say[IMAGE_SAY])
{
	if (header->e_ident[EI_CLASS] != ELFCLASS64)
		return other(say, "an ELF file that is not of 64 bits");
	if (header->e_ident[EI_DATA] != ELFDATA2LSB || header->e_machine != EM_X86_64)
		return other(say, "an ELF file for another processor");
	if (header->e_type != ET_EXEC)
		return other(say, "an ELF file that is no executable with fixed addresses");
	if (!header->e_phnum)
		return wrong(say, "it has no program headers");
	if (header->e_phentsize != sizeof(Elf64_Phdr))
		return wrong(say, "its program headers are of another size");
	if (header->e_phoff > size ||
	    (size - header->e_phoff) / sizeof(Elf64_Phdr) < header->e_phnum)
		return wrong(say, "its program headers are beyond its end");
	return true;
}

static bool in_file(const Elf64_Phdr *ph, size_t size)
{
	return ph->p_offset <= size && ph->p_filesz <= size - ph->p_offset;
}

/* A name of four bytes and NUL, and a type, stand at the head of such a note. */
static bool is_linux(const char *notes, size_t size)
{
	Elf64_Nhdr note;
	__u64 step;

	for (; size >= sizeof(note); notes += step, size -= step) {
		memcpy(&note, notes, sizeof(note));
		step = sizeof(note) + ((note.n_namesz + 3ULL) & ~3ULL) +
		       ((note.n_descsz + 3ULL) & ~3ULL);
		if (step > size)
			return false;
		if (note.n_type == NOTE_PHYS32_ENTRY && note.n_namesz == 4 &&
		    !memcmp(notes + sizeof(note), "Xen", 4))
			return true;
	}
	return false;
}

static bool take(struct image *image, const char *file, size_t size, const Elf64_Phdr *ph,
		 __u64 entry, bool *entered, char say[IMAGE_SAY])
{
	if (ph->p_type != PT_LOAD && ph->p_type != PT_NOTE)
		return true;
	if (!in_file(ph, size))
		return wrong(say, "a segment is beyond its end");
	if (ph->p_type == PT_NOTE)
		return !is_linux(file + ph->p_offset, ph->p_filesz) || other(say, "a Linux kernel");
	if (ph->p_filesz > ph->p_memsz)
		return wrong(say, "a segment is larger than its place in memory");
	if (!image_add(image, ph->p_paddr, ph->p_memsz, file + ph->p_offset, ph->p_filesz, say))
		return false;
	if (entry >= ph->p_paddr && entry - ph->p_paddr < ph->p_filesz)
		*entered = true;
	return true;
}

/**
 * elf_load() - load an ELF file
 * @image: gets its pieces, and the registers to enter it with
 * @file: its bytes, which have to stay where they are; elf_is() is true of them
 * @size: how many
 * @say: filled when it cannot be loaded
 *
 * Return: false when it cannot be loaded.
 */
bool elf_load(struct image *image, const void *file, size_t size, char say[IMAGE_SAY])
{
	Elf64_Ehdr header;
	Elf64_Phdr ph;
	bool entered = false;
	unsigned int i;

	if (size < sizeof(header))
		return wrong(say, "it is too short");
	memcpy(&header, file, sizeof(header));
	if (!check_header(&header, size, say))
		return false;
	for (i = 0; i < header.e_phnum; i++) {
		memcpy(&ph, (const char *)file + header.e_phoff + i * sizeof(ph), sizeof(ph));
		if (!take(image, file, size, &ph, header.e_entry, &entered, say))
			return false;
	}
	if (!entered)
		return wrong(say, "its entry is in none of its segments, by physical address");
	return image_boot(image, header.e_entry, true, say);
}
