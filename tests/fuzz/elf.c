// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer over keelctl's loader of ELF files: whatever is in the file and however
 * much memory the guest has, the image is refused with a sentence, or made of segments
 * in the guest's memory that hold what the file says and else zeros, with registers that
 * lie in it.  (scripts/fuzz includes ctl/image.h here.)
 *
 * The first byte says how much memory there is, and whether the headers are mended, so
 * that more than one file in a million gets further than them.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../uapi/keel.h"

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void progress(__u64 done, __u64 all)
{
	check(done <= all);
}

/* Most program headers become such as could be; their flags say which do not. */
static void mend_segment(char *at, size_t size)
{
	Elf64_Phdr ph;

	memcpy(&ph, at, sizeof(ph));
	if ((ph.p_flags & 7) == 7)
		return;
	ph.p_type = (ph.p_flags & 7) == 6 ? PT_NOTE : PT_LOAD;
	ph.p_offset %= size + 1;
	ph.p_filesz %= size - ph.p_offset + 1;
	ph.p_paddr %= 1 << 18;
	ph.p_memsz = ph.p_filesz + ph.p_memsz % (1 << 14);
	memcpy(at, &ph, sizeof(ph));
}

static void mend(char *file, size_t size)
{
	Elf64_Ehdr header;
	Elf64_Phdr ph;
	size_t i;

	if (size < sizeof(header))
		return;
	memcpy(&header, file, sizeof(header));
	memcpy(header.e_ident, ELFMAG "\2\1\1", 7);
	header.e_type = ET_EXEC;
	header.e_machine = EM_X86_64;
	header.e_phentsize = sizeof(Elf64_Phdr);
	header.e_phnum %= 8;
	header.e_phoff = sizeof(header);
	for (i = 0; i < header.e_phnum && sizeof(header) + (i + 1) * sizeof(ph) <= size; i++)
		mend_segment(file + sizeof(header) + i * sizeof(ph), size);
	if (i && header.e_flags % 8) {
		memcpy(&ph, file + sizeof(header), sizeof(ph));
		header.e_entry = ph.p_paddr;
	}
	memcpy(file, &header, sizeof(header));
}

/* What a byte of the guest's memory is at first */
static unsigned char at(const struct image *image, const unsigned char *packed, __u64 gpa)
{
	unsigned int i;

	for (i = 0; i < image->segments; i++)
		if (gpa >= image->segment[i].gpa &&
		    gpa - image->segment[i].gpa < image->segment[i].size)
			return packed[image->segment[i].offset + (gpa - image->segment[i].gpa)];
	return 0;
}

static void check_image(const struct image *image)
{
	__u64 offset = 0, k;
	unsigned char *packed;
	unsigned int i;

	check(image->segments && image->segments <= KEEL_SEGMENTS_MAX);
	for (i = 0; i < image->segments; i++) {
		const struct image_segment *s = &image->segment[i];

		check(s->offset >= offset && s->offset < offset + 16 && s->size);
		check(!(s->gpa % IMAGE_PAGE) && s->gpa <= image->memory &&
		      s->size <= image->memory - s->gpa);
		check(!i || s->gpa >= s[-1].gpa + s[-1].size);
		offset = s->offset + s->size;
	}
	packed = malloc(offset);
	check(pread(image->fd, packed, offset, 0) == (ssize_t)offset);
	for (i = 0; i < image->nr; i++) {
		const struct image_piece *p = &image->piece[i];

		check(p->len <= p->size && p->gpa <= image->memory &&
		      p->size <= image->memory - p->gpa);
		check(!i || p[-1].gpa + p[-1].size <= p->gpa);
		check(p->data != image->own || p->gpa == image->start.gdt_base);
		for (k = 0; k < p->size && k < p->len + 2 * IMAGE_PAGE; k++)
			check(at(image, packed, p->gpa + k) ==
			      (k < p->len ? ((const unsigned char *)p->data)[k] : 0));
	}
	free(packed);
	check(image->start.rip < image->memory && image->start.cr3 < image->memory);
	check(image->start.rsp == image->start.gdt_base && image->start.rsp >= 2 * IMAGE_PAGE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct image image;
	char say[IMAGE_SAY] = "";
	char *file;

	if (!size)
		return 0;
	memset(&image, 0, sizeof(image));
	image.fd = -1;
	image.memory = IMAGE_PAGE << (*data >> 2);
	/* of just this size, for the sanitizer to see who reads beyond */
	file = malloc(size - 1);
	memcpy(file, data + 1, size - 1);
	if (*data & 1)
		mend(file, size - 1);
	if (elf_is(file, size - 1)) {
		if (elf_load(&image, file, size - 1, say) && image_seal(&image, progress, say))
			check_image(&image);
		else
			check(*say && memchr(say, 0, sizeof(say)));
	}
	image_drop(&image);
	free(file);
	return 0;
}
