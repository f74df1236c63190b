// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's memory: frames that Linux allocates and root takes over, and the calls
 * to root that make and end a guest.
 *
 * World: host.  Called with the guest's lock held, or from its vCPU threads, which
 * end before keel_supply_close().
 *
 * All of a guest's frames, those for its EPT and its vCPUs too, are charged to the
 * memory cgroup of whoever made it.
 */
#include <linux/bvec.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/string.h>
#include <linux/uio.h>

#include "call.h"
#include "compat.h"
#include "keel.h"
#include "supply.h"
#include "vm.h"

/* Frames that a guest's pool gets when its tables need some: one a level will do */
#define TABLES		4

/* Pages of an image that go to the guest at once */
#define LOAD_NR		16

/* Order up to which pages are asked for at once: those that Linux has a CPU's own lists of */
#define TOGETHER	PAGE_ALLOC_COSTLY_ORDER

/* A guest can wait for its memory: no process is killed to get some. */
#define GFP_FRAME (GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/*
 * 2^@order pages side by side, if they are at hand, for which no reserve is touched; else one.
 * To be freed one by one: together they only cost less to get.
 */
static struct page *get_pages(unsigned int *order, gfp_t gfp)
{
	struct page *page = NULL;

	if (keel_vm_step_fails())
		return NULL;
	if (*order)
		page = alloc_pages(((GFP_FRAME | __GFP_NOMEMALLOC) & ~__GFP_RECLAIM) | gfp, *order);
	if (page) {
		split_page(page, *order);
		return page;
	}
	*order = 0;
	return alloc_page(GFP_FRAME | gfp);
}

static unsigned int get_batch(struct keel_vm *vm, u64 *batch, unsigned int nr, gfp_t gfp)
{
	struct mem_cgroup *old = keel_charge_to(vm->memcg);
	unsigned int order = TOGETHER, got = 0, i;
	struct page *page;

	while (got < nr) {
		/* What was not at hand is not asked for again. */
		order = min_t(unsigned int, ilog2(nr - got), order);
		page = get_pages(&order, gfp);
		if (!page)
			break;
		for (i = 0; i < 1U << order; i++)
			batch[got++] = page_to_pfn(page) + i;
	}
	keel_charge_to(old);
	return got;
}

/**
 * keel_supply_put() - free frames that root does not have, or has given back
 * @batch: their numbers
 * @nr: how many
 */
void keel_supply_put(const u64 *batch, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		__free_page(pfn_to_page(batch[i]));
}

/* Give root a batch; what it does not take is freed.  0 when it has taken all. */
static int give_batch(u64 nr, struct keel_vm *vm, u64 *batch, unsigned int n, u64 gfn)
{
	unsigned int done = 0;
	s64 ret = 0;

	while (done < n) {
		ret = keel_call_growing(nr, vm->slot, n - done, gfn + done,
					KEEL_WITH(batch, .in = batch + done,
						  .size = (n - done) * sizeof(*batch)));
		/* The guest's pool lacks frames for its tables. */
		if (ret == -ENOSPC && nr == KEEL_HC_VM_MAP) {
			ret = keel_supply_fill(vm, TABLES);
			keel_kick();
			if (!ret)
				continue;
		}
		if (ret <= 0)
			break;
		done += ret;
	}
	keel_supply_put(batch + done, n - done);
	return done == n ? 0 : ret ?: -EIO;
}

/**
 * keel_supply_fill() - more frames for a guest's first touches
 * @vm: the guest
 * @nr: how many
 *
 * They can be used once every CPU has been through root: keel_kick().
 *
 * Return: 0; -ENOMEM, or what root says to it.  What it has taken stays there.
 */
int keel_supply_fill(struct keel_vm *vm, unsigned int nr)
{
	u64 batch[KEEL_BATCH_NR];
	unsigned int want, got;
	int err = 0;

	for (; nr && !err; nr -= want) {
		want = min_t(unsigned int, nr, KEEL_BATCH_NR);
		got = get_batch(vm, batch, want, __GFP_ZERO);
		err = give_batch(KEEL_HC_VM_FILL, vm, batch, got, 0);
		if (!err && got < want)
			err = -ENOMEM;
	}
	return err;
}

/**
 * keel_supply_call() - a call to root that takes frames of a guest's pool
 * @vm: the guest, which gets more of them when it lacks some
 * @nr: enum keel_hypercall
 * @a: its first argument
 * @b: its second
 * @c: its third
 * @with: what goes with it, NULL for nothing
 *
 * Return: root's answer, or -ENOMEM.
 */
s64 keel_supply_call(struct keel_vm *vm, u64 nr, u64 a, u64 b, u64 c,
		     const struct keel_with *with)
{
	s64 ret = keel_call_growing(nr, a, b, c, with);
	int err = 0;

	while (ret == -ENOSPC && !err) {
		err = keel_supply_fill(vm, TABLES);
		keel_kick();
		if (!err)
			ret = keel_call(nr, a, b, c, with);
	}
	return err ?: ret;
}

/* Pages of an image that are read and mapped together */
struct load {
	unsigned int nr;
	u64 pfn[LOAD_NR];
	u64 gfn[LOAD_NR];
	loff_t pos[LOAD_NR];
	struct bio_vec room[LOAD_NR];
};

/* The next pages, from @at on in a segment: where they lie in the file, and what of them */
static void plan(const struct keel_image *image, unsigned int *segment, u64 *at,
		 struct load *load)
{
	const struct keel_segment *seg;

	load->nr = 0;
	while (*segment < image->nr && load->nr < LOAD_NR) {
		seg = &image->segment[*segment];
		if (*at >= seg->size) {
			++*segment;
			*at = 0;
			continue;
		}
		load->gfn[load->nr] = (seg->gpa + *at) >> PAGE_SHIFT;
		load->pos[load->nr] = seg->offset + *at;
		load->room[load->nr].bv_len = min_t(u64, PAGE_SIZE, seg->size - *at);
		load->room[load->nr].bv_offset = 0;
		load->nr++;
		*at += PAGE_SIZE;
	}
}

/* Pages one behind the other in the file, from the first one on */
static int read_run(struct file *file, const struct load *load, unsigned int first,
		    unsigned int *end)
{
	loff_t pos = load->pos[first];
	struct iov_iter iter;
	size_t size = 0;
	ssize_t got;

	for (*end = first; *end < load->nr && load->pos[*end] == pos + size; ++*end)
		size += load->room[*end].bv_len;
	iov_iter_bvec(&iter, READ, load->room + first, *end - first, size);
	while (iov_iter_count(&iter)) {
		got = vfs_iter_read(file, &iter, &pos, 0);
		if (got <= 0)
			return got ?: -ENODATA;	/* it has shrunk since it was loaded */
	}
	return 0;
}

/* What is random of a page of the guest's is so from now on. */
static void put_random(const struct keel_image *image, u64 gpa, void *page)
{
	u64 from = max(gpa, image->random.gpa);
	u64 to = min_t(u64, gpa + PAGE_SIZE, image->random.gpa + image->random.size);

	if (from < to)
		get_random_bytes(page + (from - gpa), to - from);
}

/* What the file has of the pages, then zeros; and what is random */
static int read_pages(const struct keel_image *image, struct load *load)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < load->nr; i++) {
		struct bio_vec *room = &load->room[i];

		room->bv_page = pfn_to_page(load->pfn[i]);
		/* Most kernels have zeroed it already. */
		if (room->bv_len < PAGE_SIZE && !want_init_on_alloc(GFP_FRAME))
			memset(page_address(room->bv_page) + room->bv_len, 0,
			       PAGE_SIZE - room->bv_len);
	}
	for (i = 0; i < load->nr && !err; )
		err = read_run(image->file, load, i, &i);
	for (i = 0; i < load->nr && !err; i++)
		put_random(image, load->gfn[i] << PAGE_SHIFT, page_address(load->room[i].bv_page));
	return err;
}

/* Map them, those together that lie side by side; what root does not take is freed. */
static int map_pages(struct keel_vm *vm, struct load *load)
{
	unsigned int first, end;
	int err = 0;

	for (first = 0; first < load->nr && !err; first = end) {
		for (end = first + 1; end < load->nr; end++)
			if (load->gfn[end] != load->gfn[end - 1] + 1)
				break;
		err = give_batch(KEEL_HC_VM_MAP, vm, load->pfn + first, end - first,
				 load->gfn[first]);
	}
	keel_supply_put(load->pfn + first, load->nr - first);
	return err;
}

/**
 * keel_supply_image() - an image's segments become a guest's memory
 * @vm: the guest
 * @image: the image, which has been checked against the guest's memory
 *
 * Return: 0; -ENOMEM, or what reading the file says.
 */
int keel_supply_image(struct keel_vm *vm, const struct keel_image *image)
{
	unsigned int segment = 0, got;
	struct load load;
	u64 at = 0;
	int err;

	for (;;) {
		plan(image, &segment, &at, &load);
		if (!load.nr)
			return 0;
		got = get_batch(vm, load.pfn, load.nr, 0);
		err = got < load.nr ? -ENOMEM : read_pages(image, &load);
		if (err) {
			keel_supply_put(load.pfn, got);
			return err;
		}
		err = map_pages(vm, &load);
		if (err)
			return err;
		cond_resched();
	}
}

/**
 * keel_supply_open() - make a guest in root, without memory yet
 * @vm: the guest
 *
 * Return: 0 or an errno.
 */
int keel_supply_open(struct keel_vm *vm)
{
	int err = keel_call_growing(KEEL_HC_VM_NEW, vm->slot, vm->config.memory >> PAGE_SHIFT,
				    ktime_get_real_ns(), NULL);

	/* It begins as one that is alone. */
	if (err || !vm->domain)
		return err;
	err = keel_supply_domain(vm, vm->domain);
	if (err)
		keel_supply_close(vm);
	return err;
}

/**
 * keel_supply_vcpu() - make a vCPU
 * @vm: the guest, with frames in its pool
 * @index: its number
 * @start: its first registers
 *
 * Return: 0 or an errno.
 */
int keel_supply_vcpu(struct keel_vm *vm, u32 index, const struct keel_vcpu_start *start)
{
	if (keel_vm_step_fails())
		return -ENOMEM;
	return keel_call(KEEL_HC_VCPU_NEW, vm->slot, index, 0,
			 KEEL_WITH(start, .in = start, .size = sizeof(*start)));
}

/**
 * keel_supply_stat() - a guest's memory
 * @vm: the guest, which is in root
 * @stat: filled, with zeros if root does not say
 */
void keel_supply_stat(struct keel_vm *vm, struct keel_vm_stat *stat)
{
	memset(stat, 0, sizeof(*stat));
	keel_call(KEEL_HC_VM_STAT, vm->slot, 0, 0,
		  KEEL_WITH(vm_stat, .out = stat, .size = sizeof(*stat)));
}

/**
 * keel_supply_vcpu_stat() - what a vCPU has done
 * @vm: the guest, which is in root
 * @index: the vCPU
 * @stat: filled
 *
 * Return: false when root does not say.
 */
bool keel_supply_vcpu_stat(struct keel_vm *vm, u32 index, struct keel_vcpu_stat *stat)
{
	return !keel_call(KEEL_HC_VCPU_STAT, vm->slot, index, 0,
			  KEEL_WITH(vcpu_stat, .out = stat, .size = sizeof(*stat)));
}

/**
 * keel_supply_said() - what a guest has said by its serial port, from root
 * @vm: the guest
 * @bytes: room for KEEL_SAID_NR
 *
 * Return: how many bytes; 0 when root does not say.
 */
unsigned int keel_supply_said(struct keel_vm *vm, u8 *bytes)
{
	s64 ret = keel_call(KEEL_HC_VM_SAID, vm->slot, 0, 0,
			    KEEL_WITH(batch, .out = bytes, .size = KEEL_SAID_NR));

	return ret > 0 ? ret : 0;
}

/**
 * keel_supply_port() - tell root whether a guest's serial port does no more than send
 * @vm: the guest
 * @port: KEEL_PORT_SENDS() if it does no more, else 0
 */
void keel_supply_port(struct keel_vm *vm, u32 port)
{
	keel_hypercall3(KEEL_HC_VM_PORT, vm->slot, port, 0);
}

/**
 * keel_supply_close() - end a guest in root, and free its memory
 * @vm: the guest, whose threads have ended
 *
 * It does nothing to a guest that is not in root.
 */
void keel_supply_close(struct keel_vm *vm)
{
	u64 batch[KEEL_BATCH_NR];
	s64 nr;

	if (keel_call(KEEL_HC_VM_KILL, vm->slot, 0, 0, NULL))
		return;
	/* Whoever has run it last forgets it, and everybody flushes. */
	keel_call_park();
	do {
		nr = keel_call(KEEL_HC_VM_DRAIN, vm->slot, 0, 0,
			       KEEL_WITH(batch, .out = batch, .size = sizeof(batch)));
		if (nr > 0)
			keel_supply_put(batch, nr);
		cond_resched();
	} while (nr > 0);
	WARN_ONCE(nr < 0, "guest %u keeps its memory (%lld)\n", vm->id, nr);
}
