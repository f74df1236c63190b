// SPDX-License-Identifier: GPL-2.0
/*
 * The pieces of an image become a sealed memfd with a table of segments.  A segment
 * begins at a page of the guest's and has any number of bytes; what is behind them in
 * its last page is zero.  So zeros at the end of a page need not be in the memfd, nor
 * whole pages of them, as long as there are segments left to say so: the largest gaps
 * of zeros are left out, the others are filled.  Segments lie close together.
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

/* What a segment costs besides its bytes, about: a gap has to be larger to be left out */
#define GAP_MIN 128

/* The largest gap that is filled when there are too many */
#define GAP_MAX 0x100000ULL

/* Where a segment begins in the memfd is a multiple of this, for copying to be fast. */
#define ALIGNMENT 16

/* A page that is not all zeros, and where the zeros at its end begin */
struct used {
	__u64 gpa;
	__u64 end;
};

struct pages {
	size_t nr;
	size_t room;
	struct used *used;
};

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

/* How many of some bytes are left without the zeros at their end */
static __u64 trimmed(const char *data, __u64 len)
{
	__u64 word;

	for (; len >= sizeof(word); len -= sizeof(word)) {
		memcpy(&word, data + len - sizeof(word), sizeof(word));
		if (word)
			break;
	}
	while (len && !data[len - 1])
		len--;
	return len;
}

/* Pieces come in order, so that what is known of their last page is enough. */
static void note(struct pages *pages, __u64 gpa, __u64 end)
{
	if (pages->nr && pages->used[pages->nr - 1].gpa == gpa) {
		pages->used[pages->nr - 1].end = end;
		return;
	}
	if (pages->nr == pages->room) {
		pages->room = pages->room ? 2 * pages->room : 64;
		pages->used = reallocarray(pages->used, pages->room, sizeof(*pages->used));
		if (!pages->used)
			abort();
	}
	pages->used[pages->nr++] = (struct used) { .gpa = gpa, .end = end };
}

static void find_used(const struct image *image, struct pages *pages)
{
	__u64 at, gpa, page, step, len;
	unsigned int i;

	for (i = 0; i < image->nr; i++) {
		const struct image_piece *p = &image->piece[i];

		for (at = 0; at < p->len; at += step) {
			gpa = p->gpa + at;
			page = gpa & ~(IMAGE_PAGE - 1);
			step = page + IMAGE_PAGE - gpa;
			if (step > p->len - at)
				step = p->len - at;
			len = trimmed((const char *)p->data + at, step);
			if (len)
				note(pages, page, gpa + len);
		}
	}
}

static int by_size(const void *a, const void *b)
{
	const __u64 *x = a, *y = b;

	return *x < *y ? 1 : *x > *y ? -1 : 0;
}

static __u64 gap_before(const struct pages *pages, size_t i)
{
	return pages->used[i].gpa - pages->used[i - 1].end;
}

/*
 * The size from which on gaps are left out; of those that have just this size, as many
 * as *@ties says.
 */
static __u64 choose_gaps(const struct pages *pages, size_t *ties)
{
	__u64 *gaps = calloc(pages->nr, sizeof(*gaps)), least = GAP_MIN;
	size_t i, nr = 0;

	if (!gaps)
		abort();
	for (i = 1; i < pages->nr; i++)
		if (gap_before(pages, i) >= GAP_MIN)
			gaps[nr++] = gap_before(pages, i);
	*ties = nr;
	if (nr >= KEEL_SEGMENTS_MAX) {
		qsort(gaps, nr, sizeof(*gaps), by_size);
		nr = KEEL_SEGMENTS_MAX - 1;
		least = gaps[nr - 1];
		for (*ties = 0; *ties < nr && gaps[nr - 1 - *ties] == least; ++*ties)
			;
	}
	free(gaps);
	return least;
}

static bool make_segments(struct image *image, const struct pages *pages, char say[IMAGE_SAY])
{
	struct image_segment *s = image->segment;
	__u64 least, gap, offset = 0;
	size_t i, ties;

	least = choose_gaps(pages, &ties);
	for (i = 0; i < pages->nr; i++) {
		const struct used *u = &pages->used[i];

		gap = i ? gap_before(pages, i) : 0;
		if (i && (gap < least || (gap == least && !ties))) {
			if (gap > GAP_MAX) {
				snprintf(say, IMAGE_SAY,
					 "it has more than %u pieces that are far apart",
					 KEEL_SEGMENTS_MAX);
				return false;
			}
			s[-1].size = u->end - s[-1].gpa;
			continue;
		}
		if (i && gap == least)
			ties--;
		*s++ = (struct image_segment) { .gpa = u->gpa, .size = u->end - u->gpa };
	}
	image->segments = s - image->segment;
	for (s = image->segment; s < image->segment + image->segments; s++) {
		s->offset = offset;
		/* With its zeros: Linux reads what lies in one piece at once. */
		s->size = (s->size + ALIGNMENT - 1) & ~(ALIGNMENT - 1ULL);
		offset += s->size;
	}
	return true;
}

static bool plan(struct image *image, char say[IMAGE_SAY])
{
	struct pages pages = { 0 };
	bool good;

	image->segment = calloc(KEEL_SEGMENTS_MAX, sizeof(*image->segment));
	if (!image->segment)
		abort();
	find_used(image, &pages);
	/* image_boot() has added a GDT at least. */
	assert(pages.nr);
	good = make_segments(image, &pages, say);
	free(pages.used);
	return good;
}

static bool write_all(int fd, const char *data, __u64 len, __u64 offset)
{
	ssize_t n;

	while (len) {
		n = pwrite(fd, data, len, offset);
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

/* What a segment has of a piece */
static bool write_part(struct image *image, const struct image_segment *s,
		       const struct image_piece *p, __u64 all,
		       void (*progress)(__u64 done, __u64 all))
{
	__u64 from = p->gpa > s->gpa ? p->gpa : s->gpa;
	__u64 to = p->gpa + p->len < s->gpa + s->size ? p->gpa + p->len : s->gpa + s->size;
	__u64 step;

	for (; from < to; from += step) {
		step = to - from < STEP ? to - from : STEP;
		if (!write_all(image->fd, (const char *)p->data + (from - p->gpa), step,
			       s->offset + (from - s->gpa)))
			return false;
		progress(s->offset + (from - s->gpa) + step, all);
	}
	return true;
}

static bool fill(struct image *image, void (*progress)(__u64 done, __u64 all))
{
	const struct image_segment *last = &image->segment[image->segments - 1];
	__u64 all = last->offset + last->size;
	unsigned int i, k;

	if (ftruncate(image->fd, all))
		return false;
	for (i = 0; i < image->segments; i++)
		for (k = 0; k < image->nr; k++)
			if (!write_part(image, &image->segment[i], &image->piece[k], all, progress))
				return false;
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
	if (!is_apart(image, say) || !plan(image, say))
		return false;
	image->fd = memfd_create("keel-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (image->fd >= 0 && fill(image, progress))
		return true;
	snprintf(say, IMAGE_SAY, "no memory for it: %s", strerror(errno));
	return false;
}
