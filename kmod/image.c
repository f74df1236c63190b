// SPDX-License-Identifier: GPL-2.0
/*
 * An image as vm-load describes it: a file of the sender's, what of it goes where,
 * and the first registers.  Everything that can be wrong with it is found here,
 * when it is loaded, but for what the file holds and for a file that shrinks.
 *
 * World: host.  No locks; the sender's task.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "compat.h"
#include "netlink.h"
#include "policy.h"
#include "pure.h"
#include "vm.h"

/* Each register of 64 bits: where it comes from, and where it goes */
static const struct {
	int attr;
	size_t offset;
} registers[] = {
#define REGISTER(NAME, name) { KEEL_A_START_##NAME, offsetof(struct keel_vcpu_start, name) }
	REGISTER(RIP, rip), REGISTER(RSP, rsp), REGISTER(RAX, rax), REGISTER(RBX, rbx),
	REGISTER(RCX, rcx), REGISTER(RDX, rdx), REGISTER(RSI, rsi), REGISTER(RDI, rdi),
	REGISTER(CR3, cr3), REGISTER(GDT_BASE, gdt_base),
#undef REGISTER
};

static bool canonical(u64 address)
{
	return (u64)((s64)(address << 16) >> 16) == address;
}

/* What would make the first VM entry fail, or the guest triple-fault at once */
static int check_start(struct nlattr *attrs[], const struct keel_vcpu_start *start, u64 memory,
		       struct netlink_ext_ack *extack)
{
	if (!start->long_mode)
		return 0;
	if (!canonical(start->rip)) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[KEEL_A_START_RIP],
				    "start rip: has to be canonical, its upper 17 bits alike");
		return -EINVAL;
	}
	if (!canonical(start->gdt_base)) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[KEEL_A_START_GDT_BASE],
				    "start gdt-base: has to be canonical, its upper 17 bits alike");
		return -EINVAL;
	}
	if (!attrs[KEEL_A_START_CR3]) {
		NL_SET_ERR_ATTR_MISS(extack, NULL, KEEL_A_START_CR3);
		NL_SET_ERR_MSG(extack, "start cr3: 64-bit mode has to have page tables");
		return -EINVAL;
	}
	if (start->cr3 % KEEL_PAGE_SIZE ||
	    !keel_gfn_ok(memory / KEEL_PAGE_SIZE, start->cr3 / KEEL_PAGE_SIZE)) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[KEEL_A_START_CR3],
				    "start cr3: has to be a multiple of 4096 in the guest's memory");
		return -EINVAL;
	}
	return 0;
}

/* The attributes in another one; the policy was looked at when the message came. */
static void sort_out(struct nlattr *nest, struct nlattr *attrs[], int max)
{
	struct nlattr *attr;
	int rem;

	memset(attrs, 0, (max + 1) * sizeof(*attrs));
	nla_for_each_nested(attr, nest, rem)
		attrs[nla_type(attr)] = attr;
}

static int read_start(struct genl_info *info, struct keel_vcpu_start *start, u64 memory)
{
	struct nlattr *attrs[KEEL_A_START_MAX + 1], *attr = info->attrs[KEEL_A_VM_START];
	unsigned int i;

	if (!attr) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, KEEL_A_VM_START);
		NL_SET_ERR_MSG(info->extack,
			       "start: the registers of the first vCPU have to be given");
		return -EINVAL;
	}
	sort_out(attr, attrs, KEEL_A_START_MAX);
	start->long_mode = !!attrs[KEEL_A_START_LONG_MODE];
	if (attrs[KEEL_A_START_GDT_LIMIT])
		start->gdt_limit = nla_get_u32(attrs[KEEL_A_START_GDT_LIMIT]);
	for (i = 0; i < ARRAY_SIZE(registers); i++) {
		attr = attrs[registers[i].attr];
		if (!attr)
			continue;
		if (!start->long_mode && nla_get_u64(attr) > U32_MAX) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr,
					    "start: a register has 32 bits without long-mode");
			return -EINVAL;
		}
		*(u64 *)((char *)start + registers[i].offset) = nla_get_u64(attr);
	}
	return check_start(attrs, start, memory, info->extack);
}

static u64 pages_end(const struct keel_segment *segment)
{
	return ALIGN(segment->gpa + segment->size, KEEL_PAGE_SIZE);
}

static bool overlaps(const struct keel_image *image, const struct keel_segment *segment)
{
	unsigned int i;

	for (i = 0; i < image->nr; i++)
		if (segment->gpa < pages_end(&image->segment[i]) &&
		    image->segment[i].gpa < pages_end(segment))
			return true;
	return false;
}

/* @size bytes from @at on lie within @room */
static bool within(u64 at, u64 size, u64 room)
{
	return size <= room && at <= room - size;
}

/* Whole pages of the guest's, of which there are none in the hole */
static bool in_memory(const struct keel_segment *segment, u64 memory)
{
	return segment->size <= memory &&
	       keel_gfns_ok(memory / KEEL_PAGE_SIZE, segment->gpa / KEEL_PAGE_SIZE,
			    DIV_ROUND_UP_ULL(segment->size, KEEL_PAGE_SIZE));
}

static int read_segment(struct genl_info *info, struct nlattr *attr, struct keel_image *image,
			u64 memory)
{
	struct keel_segment *segment = &image->segment[image->nr];
	struct nlattr *attrs[KEEL_A_SEGMENT_MAX + 1];

	sort_out(attr, attrs, KEEL_A_SEGMENT_MAX);
	if (!attrs[KEEL_A_SEGMENT_GPA] || !attrs[KEEL_A_SEGMENT_OFFSET] ||
	    !attrs[KEEL_A_SEGMENT_SIZE]) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "segment: has to have all of gpa, offset and size");
		return -EINVAL;
	}
	segment->gpa = nla_get_u64(attrs[KEEL_A_SEGMENT_GPA]);
	segment->offset = nla_get_u64(attrs[KEEL_A_SEGMENT_OFFSET]);
	segment->size = nla_get_u64(attrs[KEEL_A_SEGMENT_SIZE]);
	if (segment->gpa % KEEL_PAGE_SIZE) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[KEEL_A_SEGMENT_GPA],
				    "segment gpa: has to be a multiple of 4096");
		return -EINVAL;
	}
	if (!in_memory(segment, memory)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[KEEL_A_SEGMENT_GPA],
				    "segment: has to lie in the guest's memory, none of which is from 3 to 4 GiB");
		return -ERANGE;
	}
	if (!within(segment->offset, segment->size, i_size_read(file_inode(image->file)))) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[KEEL_A_SEGMENT_OFFSET],
				    "segment: has to end within the file");
		return -ERANGE;
	}
	if (overlaps(image, segment)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[KEEL_A_SEGMENT_GPA],
				    "segment: has to share no page with another one");
		return -EINVAL;
	}
	image->nr++;
	return 0;
}

/* What is left of a segment's last page is its own, too. */
static bool holds(const struct keel_segment *segment, const struct keel_segment *part)
{
	return part->gpa >= segment->gpa &&
	       within(part->gpa - segment->gpa, part->size, pages_end(segment) - segment->gpa);
}

static int read_random(struct genl_info *info, struct keel_image *image)
{
	struct nlattr *attrs[KEEL_A_SEGMENT_MAX + 1], *attr = info->attrs[KEEL_A_VM_RANDOM];
	unsigned int i;

	if (!attr)
		return 0;
	sort_out(attr, attrs, KEEL_A_SEGMENT_MAX);
	if (!attrs[KEEL_A_SEGMENT_GPA] || !attrs[KEEL_A_SEGMENT_SIZE] ||
	    attrs[KEEL_A_SEGMENT_OFFSET]) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "random: has to have gpa and size, and no offset");
		return -EINVAL;
	}
	image->random.gpa = nla_get_u64(attrs[KEEL_A_SEGMENT_GPA]);
	image->random.size = nla_get_u64(attrs[KEEL_A_SEGMENT_SIZE]);
	for (i = 0; i < image->nr; i++)
		if (holds(&image->segment[i], &image->random))
			return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, attr, "random: has to lie in the pages of one segment");
	return -ERANGE;
}

/* Bytes of a VM generation id */
#define GENERATION	16

static int read_generation(struct genl_info *info, struct keel_image *image)
{
	struct nlattr *attr = info->attrs[KEEL_A_VM_GENERATION];
	struct keel_segment id = { .size = GENERATION };
	unsigned int i;

	if (!attr)
		return 0;
	id.gpa = nla_get_u64(attr);
	image->generation = id.gpa;
	image->has_generation = true;
	for (i = 0; i < image->nr; i++)
		if (holds(&image->segment[i], &id))
			return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, attr,
			    "generation: has to lie in the pages of one segment");
	return -ERANGE;
}

static struct file *get_file_of(struct genl_info *info)
{
	struct nlattr *attr = info->attrs[KEEL_A_VM_IMAGE_FD];
	struct file *file;

	if (!attr) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, KEEL_A_VM_IMAGE_FD);
		NL_SET_ERR_MSG(info->extack, "image-fd: the file with the image has to be given");
		return ERR_PTR(-EINVAL);
	}
	file = fget(nla_get_u32(attr));
	if (!file) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "image-fd: has to be an open file of the sender's");
		return ERR_PTR(-EBADF);
	}
	if (!S_ISREG(file_inode(file)->i_mode)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "image-fd: has to be a regular file or a memfd");
		fput(file);
		return ERR_PTR(-EINVAL);
	}
	if (!(file->f_mode & FMODE_READ) || !(file->f_mode & FMODE_CAN_READ)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "image-fd: has to be open for reading");
		fput(file);
		return ERR_PTR(-EBADF);
	}
	return file;
}

static void release(struct kref *ref)
{
	struct keel_image *image = container_of(ref, struct keel_image, ref);

	fput(image->file);
	kfree(image);
}

/**
 * keel_image_get() - another one has an image
 * @image: the image, or NULL
 *
 * Return: the image.
 */
struct keel_image *keel_image_get(struct keel_image *image)
{
	if (image)
		kref_get(&image->ref);
	return image;
}

/**
 * keel_image_put() - one less has it
 * @image: the image, or NULL
 */
void keel_image_put(struct keel_image *image)
{
	if (image)
		kref_put(&image->ref, release);
}

/**
 * keel_image_from() - make an image of what vm-load says
 * @info: the command
 * @memory: the guest's, in bytes
 *
 * Return: the image, which holds a reference to its file; an ERR_PTR with its
 * reason in @info's extack.
 */
struct keel_image *keel_image_from(struct genl_info *info, u64 memory)
{
	struct keel_image *image;
	struct nlattr *attr;
	unsigned int nr = 0;
	int rem, err;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem)
		nr += nla_type(attr) == KEEL_A_VM_SEGMENT;
	if (!nr) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, KEEL_A_VM_SEGMENT);
		NL_SET_ERR_MSG(info->extack, "segment: an image has to have 1 to 64");
		return ERR_PTR(-EINVAL);
	}
	if (nr > KEEL_SEGMENTS_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KEEL_A_VM_SEGMENT],
				    "segment: an image has to have 1 to 64");
		return ERR_PTR(-E2BIG);
	}
	image = kzalloc(struct_size(image, segment, nr), GFP_KERNEL);
	if (!image)
		return ERR_PTR(-ENOMEM);
	kref_init(&image->ref);
	image->file = get_file_of(info);
	if (IS_ERR(image->file)) {
		err = PTR_ERR(image->file);
		kfree(image);
		return ERR_PTR(err);
	}
	err = read_start(info, &image->start, memory);
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem)
		if (!err && nla_type(attr) == KEEL_A_VM_SEGMENT)
			err = read_segment(info, attr, image, memory);
	if (!err)
		err = read_random(info, image);
	if (!err)
		err = read_generation(info, image);
	if (!err)
		return image;
	keel_image_put(image);
	return ERR_PTR(err);
}
