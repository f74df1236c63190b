// SPDX-License-Identifier: GPL-2.0
/*
 * ELF files as images: executables for x86, loaded by their physical addresses.  One
 * that has a note with an entry for PVH is a kernel, and entered there; else a program
 * of 64 bits is entered in 64-bit mode.
 *
 * The file is whatever somebody has handed over, so that nothing in it is believed:
 * each offset and size is checked against the file before it is used, each address
 * against the guest's memory.
 */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "image.h"

/* Notes: of Xen's, the physical address of the entry for PVH; of Linux's, any */
#define NOTE_PHYS32_ENTRY 18

/**
 * struct elf - a file that is being read
 * @file: its bytes
 * @size: how many
 * @wide: of 64 bits, else of 32
 * @phoff: where its program headers are
 * @phnum: how many
 * @entry: its entry
 * @is_linux: it has a note of Linux's
 * @pvh: it has an entry for PVH
 * @pvh_entry: that entry
 */
struct elf {
	const char *file;
	size_t size;
	bool wide;
	__u64 phoff;
	unsigned int phnum;
	__u64 entry;
	bool is_linux;
	bool pvh;
	__u64 pvh_entry;
};

static bool wrong(char say[IMAGE_SAY], const char *what)
{
	snprintf(say, IMAGE_SAY, "it is a broken ELF file: %s", what);
	return false;
}

static bool other(char say[IMAGE_SAY], const char *what)
{
	snprintf(say, IMAGE_SAY,
		 "it is %s; what can be loaded are ELF executables for x86-64 with fixed addresses, and kernels with a PVH entry",
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

static void widen(Elf64_Ehdr *to, const Elf32_Ehdr *from)
{
	memcpy(to->e_ident, from->e_ident, sizeof(to->e_ident));
	to->e_type = from->e_type;
	to->e_machine = from->e_machine;
	to->e_entry = from->e_entry;
	to->e_phoff = from->e_phoff;
	to->e_phentsize = from->e_phentsize;
	to->e_phnum = from->e_phnum;
}

static size_t segment_size(const struct elf *elf)
{
	return elf->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
}

static bool check_header(struct elf *elf, const Elf64_Ehdr *header, char say[IMAGE_SAY])
{
	if (header->e_ident[EI_DATA] != ELFDATA2LSB ||
	    header->e_machine != (elf->wide ? EM_X86_64 : EM_386))
		return other(say, "an ELF file for another processor");
	if (header->e_type != ET_EXEC)
		return other(say, "an ELF file that is no executable with fixed addresses");
	if (!header->e_phnum)
		return wrong(say, "it has no program headers");
	if (header->e_phentsize != segment_size(elf))
		return wrong(say, "its program headers are of another size");
	if (header->e_phoff > elf->size ||
	    (elf->size - header->e_phoff) / segment_size(elf) < header->e_phnum)
		return wrong(say, "its program headers are beyond its end");
	elf->phoff = header->e_phoff;
	elf->phnum = header->e_phnum;
	elf->entry = header->e_entry;
	return true;
}

static bool read_header(struct elf *elf, char say[IMAGE_SAY])
{
	Elf64_Ehdr header = { 0 };
	Elf32_Ehdr narrow;

	if (elf->size <= EI_DATA)
		return wrong(say, "it is too short");
	elf->wide = elf->file[EI_CLASS] == ELFCLASS64;
	if (!elf->wide && elf->file[EI_CLASS] != ELFCLASS32)
		return wrong(say, "it is neither of 64 nor of 32 bits");
	if (elf->size < (elf->wide ? sizeof(header) : sizeof(narrow)))
		return wrong(say, "it is too short");
	if (elf->wide) {
		memcpy(&header, elf->file, sizeof(header));
	} else {
		memcpy(&narrow, elf->file, sizeof(narrow));
		widen(&header, &narrow);
	}
	return check_header(elf, &header, say);
}

static Elf64_Phdr read_segment(const struct elf *elf, unsigned int i)
{
	const char *at = elf->file + elf->phoff + i * segment_size(elf);
	Elf32_Phdr narrow;
	Elf64_Phdr ph;

	if (elf->wide) {
		memcpy(&ph, at, sizeof(ph));
		return ph;
	}
	memcpy(&narrow, at, sizeof(narrow));
	return (Elf64_Phdr) {
		.p_type = narrow.p_type, .p_offset = narrow.p_offset, .p_paddr = narrow.p_paddr,
		.p_filesz = narrow.p_filesz, .p_memsz = narrow.p_memsz, .p_align = narrow.p_align,
	};
}

static bool read_note(struct elf *elf, const Elf64_Nhdr *note, const char *name, const char *desc,
		      char say[IMAGE_SAY])
{
	if (note->n_namesz == 6 && !memcmp(name, "Linux", 6))
		elf->is_linux = true;
	if (note->n_type != NOTE_PHYS32_ENTRY || note->n_namesz != 4 || memcmp(name, "Xen", 4))
		return true;
	if (note->n_descsz != 4 && note->n_descsz != 8)
		return wrong(say, "its note with the PVH entry is of another size");
	elf->pvh = true;
	elf->pvh_entry = 0;
	memcpy(&elf->pvh_entry, desc, note->n_descsz);
	return true;
}

/* A note has a name and a description, each filled up to the alignment, behind its head. */
static bool read_notes(struct elf *elf, const char *notes, __u64 size, __u64 align,
		       char say[IMAGE_SAY])
{
	__u64 name, desc;
	Elf64_Nhdr note;

	align = align == 8 ? 7 : 3;
	while (size >= sizeof(note)) {
		memcpy(&note, notes, sizeof(note));
		name = (sizeof(note) + note.n_namesz + align) & ~align;
		desc = (name + note.n_descsz + align) & ~align;
		if (name > size || note.n_descsz > size - name)
			break;
		if (!read_note(elf, &note, notes + sizeof(note), notes + name, say))
			return false;
		if (desc >= size)
			break;
		notes += desc;
		size -= desc;
	}
	return true;
}

static bool take(struct elf *elf, struct image *image, const Elf64_Phdr *ph, char say[IMAGE_SAY])
{
	if (ph->p_type != PT_LOAD && ph->p_type != PT_NOTE)
		return true;
	if (ph->p_offset > elf->size || ph->p_filesz > elf->size - ph->p_offset)
		return wrong(say, "a segment is beyond its end");
	if (ph->p_type == PT_NOTE)
		return read_notes(elf, elf->file + ph->p_offset, ph->p_filesz, ph->p_align, say);
	if (ph->p_filesz > ph->p_memsz)
		return wrong(say, "a segment is larger than its place in memory");
	return image_add(image, ph->p_paddr, ph->p_memsz, elf->file + ph->p_offset, ph->p_filesz,
			 say);
}

/* Is there something of the file's at an address? */
static bool has(const struct image *image, __u64 gpa)
{
	unsigned int i;

	for (i = 0; i < image->nr; i++)
		if (gpa >= image->piece[i].gpa && gpa - image->piece[i].gpa < image->piece[i].len)
			return true;
	return false;
}

static bool enter(const struct elf *elf, struct image *image, char say[IMAGE_SAY])
{
	if (elf->pvh) {
		if (elf->pvh_entry >> 32 || !has(image, elf->pvh_entry))
			return wrong(say, "its PVH entry is in none of its segments");
		return pvh_boot(image, elf->pvh_entry, say);
	}
	if (!elf->wide)
		return other(say, "an ELF file of 32 bits without a PVH entry");
	if (elf->is_linux)
		return other(say, "a Linux kernel without a PVH entry (CONFIG_PVH)");
	if (image->cmdline || image->initrd) {
		snprintf(say, IMAGE_SAY,
			 "it is a program without a PVH entry, and --%s is for kernels; programs take --arg",
			 image->initrd ? "initrd" : "cmdline");
		return false;
	}
	if (!has(image, elf->entry))
		return wrong(say, "its entry is in none of its segments, by physical address");
	return image_boot(image, elf->entry, true, say);
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
	struct elf elf = { .file = file, .size = size };
	Elf64_Phdr ph;
	unsigned int i;

	if (!read_header(&elf, say))
		return false;
	for (i = 0; i < elf.phnum; i++) {
		ph = read_segment(&elf, i);
		if (!take(&elf, image, &ph, say))
			return false;
	}
	return enter(&elf, image, say);
}
