// SPDX-License-Identifier: GPL-2.0
/*
 * Images: pieces are collected here.  They may share a page, as those of an ELF file
 * do, but no byte.  What there is of a piece beyond its data is memory that begins as
 * zeros anyway.
 *
 * Where the guest's memory does not fit below the hole, it goes on above it.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "image.h"
#include "../uapi/machine.h"

static __u64 page_up(__u64 gpa)
{
	return (gpa + IMAGE_PAGE - 1) & ~(IMAGE_PAGE - 1);
}

/**
 * image_low() - how much memory there is below the hole
 * @image: the image
 *
 * Return: bytes.
 */
__u64 image_low(const struct image *image)
{
	return image->memory < KEEL_MACHINE_HOLE ? image->memory : KEEL_MACHINE_HOLE;
}

static bool is_memory(const struct image *image, __u64 gpa, __u64 size)
{
	__u64 room = image_low(image);

	if (gpa >= KEEL_MACHINE_HOLE_END) {
		gpa -= KEEL_MACHINE_HOLE_END;
		room = image->memory - room;
	}
	return size <= room && gpa <= room - size;
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
	if (!is_memory(image, gpa, size)) {
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

	if (!is_memory(image, gpa, size))
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

/**
 * image_free_high() - the highest pages that no piece uses
 * @image: the image
 * @size: bytes in a row, not 0
 * @limit: they end here at the latest
 *
 * Return: their address, or 0 when there are none below the hole.
 */
__u64 image_free_high(const struct image *image, __u64 size, __u64 limit)
{
	__u64 at, end = limit < image_low(image) ? limit : image_low(image), best = 0;
	unsigned int i;

	if (size > end)
		return 0;
	at = (end - size) & ~(IMAGE_PAGE - 1);
	if (is_free(image, at, size))
		return at;
	for (i = 0; i < image->nr; i++) {
		if (image->piece[i].gpa > end || image->piece[i].gpa < size)
			continue;
		at = (image->piece[i].gpa - size) & ~(IMAGE_PAGE - 1);
		if (at > best && is_free(image, at, size))
			best = at;
	}
	return best;
}

/**
 * image_own() - memory that lives as long as an image
 * @image: the image
 * @size: bytes
 *
 * Return: zeros.
 */
void *image_own(struct image *image, size_t size)
{
	void *own = calloc(1, size);

	if (!own)
		abort();
	assert(image->owns < IMAGE_BUFFERS);
	image->own[image->owns++] = own;
	return own;
}

/**
 * image_put() - put bytes into the lowest pages that no piece uses
 * @image: the image
 * @data: bytes, which have to stay where they are; they may still change
 * @len: how many
 * @gpa: filled with where they are
 * @say: filled when there is no room
 *
 * Return: false when there is no room.
 */
bool image_put(struct image *image, const void *data, size_t len, __u64 *gpa,
	       char say[IMAGE_SAY])
{
	*gpa = image_free_pages(image, page_up(len) / IMAGE_PAGE);
	if (*gpa)
		return image_add(image, *gpa, len, data, len, say);
	snprintf(say, IMAGE_SAY, "it leaves no room for what it has to be told");
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
	while (image->owns)
		free(image->own[--image->owns]);
	image->fd = -1;
	image->segment = NULL;
}
