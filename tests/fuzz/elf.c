// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer over keelctl's loader of ELF files, programs and kernels with an entry for
 * PVH, of 64 and of 32 bits.
 *
 * A byte says whether the headers are mended, so that more than one file in a million
 * gets further than them.
 */
#include <elf.h>

#include "image.h"

/* Most program headers become such as could be; their flags say which do not. */
static void mend_segment(Elf64_Phdr *ph, size_t size)
{
	if ((ph->p_flags & 7) == 7)
		return;
	ph->p_type = (ph->p_flags & 7) == 6 ? PT_NOTE : PT_LOAD;
	ph->p_offset %= size + 1;
	ph->p_filesz %= size - ph->p_offset + 1;
	ph->p_paddr %= 1 << 21;
	ph->p_memsz = ph->p_filesz + ph->p_memsz % (1 << 14);
}

/* A note with an entry for PVH, at the beginning of a segment of notes */
static void mend_note(char *file, size_t size, const Elf64_Phdr *ph, __u32 entry)
{
	const __u32 note[] = { 4, 4, 18, 0x6e6558, entry };

	if (ph->p_type == PT_NOTE && ph->p_flags & 8 && ph->p_filesz >= sizeof(note) &&
	    ph->p_offset <= size - sizeof(note))
		memcpy(file + ph->p_offset, note, sizeof(note));
}

static void mend64(char *file, size_t size)
{
	Elf64_Ehdr header;
	Elf64_Phdr ph, first = { 0 };
	size_t i, at;

	if (size < sizeof(header))
		return;
	memcpy(&header, file, sizeof(header));
	memcpy(header.e_ident, ELFMAG "\2\1\1", 7);
	header.e_type = ET_EXEC;
	header.e_machine = EM_X86_64;
	header.e_phentsize = sizeof(Elf64_Phdr);
	header.e_phnum %= 8;
	header.e_phoff = sizeof(header);
	for (i = 0; i < header.e_phnum; i++) {
		at = sizeof(header) + i * sizeof(ph);
		if (at + sizeof(ph) > size)
			break;
		memcpy(&ph, file + at, sizeof(ph));
		mend_segment(&ph, size);
		memcpy(file + at, &ph, sizeof(ph));
		if (!i)
			first = ph;
		mend_note(file, size, &ph, first.p_paddr);
	}
	if (header.e_flags % 8)
		header.e_entry = first.p_paddr;
	memcpy(file, &header, sizeof(header));
}

static void mend32(char *file, size_t size)
{
	Elf32_Ehdr header;
	Elf32_Phdr narrow;
	Elf64_Phdr ph, first = { 0 };
	size_t i, at;

	if (size < sizeof(header))
		return;
	memcpy(&header, file, sizeof(header));
	memcpy(header.e_ident, ELFMAG "\1\1\1", 7);
	header.e_type = ET_EXEC;
	header.e_machine = EM_386;
	header.e_phentsize = sizeof(narrow);
	header.e_phnum %= 8;
	header.e_phoff = sizeof(header);
	for (i = 0; i < header.e_phnum; i++) {
		at = sizeof(header) + i * sizeof(narrow);
		if (at + sizeof(narrow) > size)
			break;
		memcpy(&narrow, file + at, sizeof(narrow));
		ph = (Elf64_Phdr) {
			.p_type = narrow.p_type, .p_flags = narrow.p_flags,
			.p_offset = narrow.p_offset, .p_paddr = narrow.p_paddr,
			.p_filesz = narrow.p_filesz, .p_memsz = narrow.p_memsz,
		};
		mend_segment(&ph, size);
		narrow.p_type = ph.p_type;
		narrow.p_offset = ph.p_offset;
		narrow.p_paddr = ph.p_paddr;
		narrow.p_filesz = ph.p_filesz;
		narrow.p_memsz = ph.p_memsz;
		memcpy(file + at, &narrow, sizeof(narrow));
		if (!i)
			first = ph;
		mend_note(file, size, &ph, first.p_paddr);
	}
	memcpy(file, &header, sizeof(header));
}

static void check_entered(const struct image *image)
{
	struct packed packed = check_image(image);
	__u64 info = image->start.rbx, module;

	check(!image->start.rsi && !image->start.rdi);
	if (info) {
		check(!image->start.long_mode && !image->arg);
		check(word(&packed, info, 8) == 0x1336ec578);
		check(word(&packed, info + 12, 4) == !!image->initrd);
		module = image->initrd ? word(&packed, word(&packed, info + 16, 8), 8) : 0;
		check_told(&packed, word(&packed, info + 24, 8), module);
	} else {
		check(image->start.long_mode && !image->cmdline && !image->initrd);
	}
	free(packed.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct image image;
	char say[IMAGE_SAY] = "";
	char *file;

	if (size < FUZZ_HEAD)
		return 0;
	prepare(&image, data);
	size -= FUZZ_HEAD;
	/* of just this size, for the sanitizer to see who reads beyond */
	file = malloc(size);
	memcpy(file, data + FUZZ_HEAD, size);
	if (data[3] & 1)
		data[3] & 2 ? mend32(file, size) : mend64(file, size);
	if (elf_is(file, size)) {
		if (elf_load(&image, file, size, say) && image_seal(&image, progress, say))
			check_entered(&image);
		else
			check(*say && memchr(say, 0, sizeof(say)));
	}
	image_drop(&image);
	free(file);
	return 0;
}
