// SPDX-License-Identifier: GPL-2.0
/*
 * Images: pieces are collected, and become a sealed memfd with a table of segments,
 * each a run of pages.  Pieces may share a page, as those of an ELF file do, but no
 * byte.  Only pages with data go in; what else there is of a piece is memory that
 * begins as zeros anyway.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>

#include "image.h"
#include "../uapi/keel.h"

/* Bytes between two looks at the progress */
#define STEP 0x100000ULL

static __u64 page_down(__u64 gpa)
{
	return gpa & ~(IMAGE_PAGE - 1);
}

static __u64 page_up(__u64 gpa)
{
	return page_down(gpa + IMAGE_PAGE - 1);
}

/**
 * image_add() - add a piece
 * @image: to this image
 * @gpa: guest physical address
 * @size: bytes in memory
 * @data: bytes from the beginning on, which have to stay where they are
 * @len: how many, at most @size
 * @say: filled when it cannot be
 *
 * Return: false when it does not lie in the guest's memory, or there are too many.
 */
bool image_add(struct image *image, __u64 gpa, __u64 size, const void *data, __u64 len,
	       char say[IMAGE_SAY])
{
	if (!size)
		return true;
	if (gpa > image->memory || size > image->memory - gpa) {
		snprintf(say, IMAGE_SAY,
			 "%#llx bytes at %#llx do not fit into %#llx bytes of memory",
			 (unsigned long long)size, (unsigned long long)gpa,
			 (unsigned long long)image->memory);
		return false;
	}
	if (image->nr == IMAGE_PIECES) {
		snprintf(say, IMAGE_SAY, "it has more than %u pieces", IMAGE_PIECES);
		return false;
	}
	image->piece[image->nr++] = (struct image_piece) {
		.gpa = gpa, .size = size, .data = data, .len = len,
	};
	return true;
}

static bool is_free(const struct image *image, __u64 gpa, __u64 size)
{
	unsigned int i;

	if (size > image->memory || gpa > image->memory - size)
		return false;
	for (i = 0; i < image->nr; i++)
		if (image->piece[i].gpa < gpa + size &&
		    gpa < image->piece[i].gpa + image->piece[i].size)
			return false;
	return true;
}

/**
 * image_free_pages() - the lowest pages that no piece uses
 * @image: the image
 * @pages: how many in a row
 *
 * Page 0 is left alone, and nothing above 4 GiB is looked at.
 *
 * Return: their address, or 0 when there are none.
 */
__u64 image_free_pages(const struct image *image, unsigned int pages)
{
	__u64 size = pages * IMAGE_PAGE, at, best = 0;
	unsigned int i;

	if (is_free(image, IMAGE_PAGE, size))
		return IMAGE_PAGE;
	for (i = 0; i < image->nr; i++) {
		at = page_up(image->piece[i].gpa + image->piece[i].size);
		if (at >= IMAGE_PAGE && at + size <= 1ULL << 32 && (!best || at < best) &&
		    is_free(image, at, size))
			best = at;
	}
	return best;
}

static int by_gpa(const void *a, const void *b)
{
	const struct image_piece *x = a, *y = b;

	return x->gpa < y->gpa ? -1 : x->gpa > y->gpa;
}

static bool is_apart(const struct image *image, char say[IMAGE_SAY])
{
	const struct image_piece *p = image->piece;
	unsigned int i;

	for (i = 1; i < image->nr; i++) {
		if (p[i - 1].gpa + p[i - 1].size <= p[i].gpa)
			continue;
		snprintf(say, IMAGE_SAY, "what goes to %#llx and what goes to %#llx overlap",
			 (unsigned long long)p[i - 1].gpa, (unsigned long long)p[i].gpa);
		return false;
	}
	return true;
}

/* Runs of pages with data, and where they are in the memfd */
static bool make_segments(struct image *image, char say[IMAGE_SAY])
{
	struct image_segment *s = NULL;
	__u64 offset = 0, end;
	unsigned int i;

	image->segments = 0;
	image->segment = calloc(KEEL_SEGMENTS_MAX, sizeof(*image->segment));
	if (!image->segment)
		abort();
	for (i = 0; i < image->nr; i++) {
		const struct image_piece *p = &image->piece[i];

		if (!p->len)
			continue;
		end = page_up(p->gpa + p->len);
		if (s && page_down(p->gpa) <= s->gpa + s->size) {
			if (end > s->gpa + s->size)
				s->size = end - s->gpa;
			continue;
		}
		if (image->segments == KEEL_SEGMENTS_MAX) {
			snprintf(say, IMAGE_SAY, "it has more than %u pieces that are apart",
				 KEEL_SEGMENTS_MAX);
			return false;
		}
		s = &image->segment[image->segments++];
		s->gpa = page_down(p->gpa);
		s->size = end - s->gpa;
	}
	for (i = 0; i < image->segments; i++) {
		image->segment[i].offset = offset;
		offset += image->segment[i].size;
	}
	/* image_boot() has added some. */
	assert(image->segments);
	return true;
}

static bool write_all(int fd, const char *data, __u64 len, __u64 offset)
{
	ssize_t n;

	while (len) {
		n = pwrite(fd, data, len < STEP ? len : STEP, offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= n;
		offset += n;
	}
	return true;
}

static bool fill(struct image *image, void (*progress)(__u64 done, __u64 all))
{
	const struct image_segment *last = &image->segment[image->segments - 1];
	__u64 all = last->offset + last->size, done, step;
	const struct image_segment *s = image->segment;
	unsigned int i;

	if (ftruncate(image->fd, all))
		return false;
	for (i = 0; i < image->nr; i++) {
		const struct image_piece *p = &image->piece[i];

		if (!p->len)
			continue;
		while (p->gpa >= s->gpa + s->size)
			s++;
		for (done = 0; done < p->len; done += step) {
			step = p->len - done < STEP ? p->len - done : STEP;
			if (!write_all(image->fd, (const char *)p->data + done, step,
				       s->offset + (p->gpa - s->gpa) + done))
				return false;
			progress(s->offset + done + step, all);
		}
	}
	progress(all, all);
	return !fcntl(image->fd, F_ADD_SEALS,
		      F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
}

/**
 * image_seal() - make the memfd, which nobody can change afterwards
 * @image: the image, with all of its pieces
 * @progress: is told how many bytes are written of how many
 * @say: filled when it cannot be made
 *
 * Return: false when it cannot be made.
 */
bool image_seal(struct image *image, void (*progress)(__u64 done, __u64 all),
		char say[IMAGE_SAY])
{
	qsort(image->piece, image->nr, sizeof(image->piece[0]), by_gpa);
	if (!is_apart(image, say) || !make_segments(image, say))
		return false;
	image->fd = memfd_create("keel-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (image->fd >= 0 && fill(image, progress))
		return true;
	snprintf(say, IMAGE_SAY, "no memory for it: %s", strerror(errno));
	return false;
}

/**
 * image_drop() - free what an image holds, but for the data of pieces
 * @image: the image
 */
void image_drop(struct image *image)
{
	if (image->fd >= 0)
		close(image->fd);
	free(image->segment);
	free(image->own);
	image->fd = -1;
	image->segment = NULL;
	image->own = NULL;
}
