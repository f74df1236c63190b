// SPDX-License-Identifier: GPL-2.0
/*
 * A small guest's image for a VM of KVM's, as image.c has read it.
 *
 * World: user, in the machine that is measured.
 */
#include <string.h>

#include "image.h"
#include "kvmvm.h"

#define RFLAGS_FIXED	0x2ULL

/**
 * kvmvm_fill() - put an image into its memory
 * @k: the guest
 * @image: the image
 */
void kvmvm_fill(struct kvmvm *k, const struct image *image)
{
	unsigned int i;

	for (i = 0; i < image->nr; i++)
		memcpy(k->memory + image->piece[i].gpa, image->piece[i].data,
		       image->piece[i].size);
}

/**
 * kvmvm_begin() - what its vCPU begins an image with
 * @k: the guest
 * @image: the image
 * @arg: the guest's argument
 */
void kvmvm_begin(struct kvmvm *k, const struct image *image, uint64_t arg)
{
	struct kvm_regs regs = { .rip = image->rip, .rsp = image->rsp, .rdi = arg,
				 .rflags = RFLAGS_FIXED };

	kvmvm_registers(k, image->cr3, image->gdt_base, image->gdt_limit, &regs);
}
