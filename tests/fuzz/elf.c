// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer over keelctl's loader of ELF files: whatever is in the file and however
 * much memory the guest has, the image is refused with a sentence, or made of whole
 * pages in the guest's memory that hold what the file says, with registers that lie
 * in it.  (scripts/fuzz includes ctl/image.h here.)
 *
 * The first byte says how much memory there is, and whether the headers are mended, so
 * that more than one file in a million gets further than them.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static const struct image_segment *find(const struct image *image, __u64 gpa, __u64 len)
{
	unsigned int i;

	for (i = 0; i < image->segments; i++)
		if (gpa >= image->segment[i].gpa &&
		    gpa + len <= image->segment[i].gpa + image->segment[i].size)
			return &image->segment[i];
	return NULL;
}

static void check_image(const struct image *image, const char *file, size_t size)
{
	__u64 offset = 0;
	unsigned int i;

	for (i = 0; i < image->segments; i++) {
		const struct image_segment *s = &image->segment[i];

		check(s->offset == offset && s->size && !(s->size % IMAGE_PAGE));
		check(!(s->gpa % IMAGE_PAGE) && s->gpa <= image->memory &&
		      s->size <= ((image->memory + IMAGE_PAGE - 1) & ~(IMAGE_PAGE - 1)) - s->gpa);
		check(!i || s->gpa > s[-1].gpa + s[-1].size);
		offset += s->size;
	}
	for (i = 0; i < image->nr; i++) {
		const struct image_piece *p = &image->piece[i];
		const struct image_segment *s = find(image, p->gpa, p->len);
		char *got = malloc(p->len + 1);

		check(p->len <= p->size && p->gpa <= image->memory &&
		      p->size <= image->memory - p->gpa);
		check(!i || p[-1].gpa + p[-1].size <= p->gpa);
		check(!p->len || (s && pread(image->fd, got, p->len,
					     s->offset + p->gpa - s->gpa) == (ssize_t)p->len &&
				  !memcmp(got, p->data, p->len)));
		check(p->data != image->own || p->gpa == image->start.gdt_base);
		free(got);
	}
	check(find(image, image->start.rip, 1) && find(image, image->start.gdt_base, 32) &&
	      find(image, image->start.cr3, 3 * IMAGE_PAGE));
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
			check_image(&image, file, size - 1);
		else
			check(*say && memchr(say, 0, sizeof(say)));
	}
	image_drop(&image);
	free(file);
	return 0;
}
