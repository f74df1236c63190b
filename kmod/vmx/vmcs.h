/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VMCS as data: an image of all its fields, their names and encodings, and
 * the two instructions that touch the real one.
 *
 * World: root, host (before launch and for its log) and KUnit.  No locks: a
 * VMCS belongs to the CPU that it is current on.
 */
#ifndef KEEL_VMX_VMCS_H
#define KEEL_VMX_VMCS_H

#include <linux/types.h>

#include "fields.h"

/**
 * struct keel_vmcs_image - every field of a VMCS as it was read or is to be written
 * @val: the values, indexed by enum keel_vmcs_index
 * @have: one bit a field: @val holds a value.  A CPU lacks the fields of the
 *        features that it lacks; reading such a field fails.
 */
struct keel_vmcs_image {
	u64 val[VMCS_IX_NR];
	u64 have[(VMCS_IX_NR + 63) / 64];
};

static inline bool keel_vmcs_have(const struct keel_vmcs_image *img, unsigned int ix)
{
	return img->have[ix / 64] >> (ix % 64) & 1;
}

static inline void keel_vmcs_put(struct keel_vmcs_image *img, unsigned int ix, u64 val)
{
	img->val[ix] = val;
	img->have[ix / 64] |= 1ULL << (ix % 64);
}

unsigned int keel_vmcs_encoding(unsigned int ix);
const char *keel_vmcs_name(unsigned int ix);
int keel_vmcs_index_of(unsigned int encoding);
u64 keel_vmcs_width_mask(unsigned int encoding);
void keel_vmcs_capture(struct keel_vmcs_image *img);
int keel_vmcs_apply(const struct keel_vmcs_image *img);

/**
 * keel_vmread() - read a field of the current VMCS (SDM 30.3, VMREAD)
 * @field: the encoding of a field that this CPU is known to have
 *
 * Return: the value.
 */
static inline u64 keel_vmread(unsigned long field)
{
	u64 val;

	asm volatile("vmread %1, %0" : "=r" (val) : "r" (field) : "cc");
	return val;
}

/**
 * keel_vmread_safe() - read a field that the CPU may lack
 * @field: the encoding
 * @val: where the value goes; untouched on failure
 *
 * Return: true when the field exists.
 */
static inline bool keel_vmread_safe(unsigned long field, u64 *val)
{
	bool ok;
	u64 v;

	asm volatile("vmread %2, %0" : "=r" (v), "=@cca" (ok) : "r" (field) : "cc");
	if (ok)
		*val = v;
	return ok;
}

/**
 * keel_vmwrite() - write a field of the current VMCS (SDM 30.3, VMWRITE)
 * @field: the encoding
 * @val: the value
 *
 * Return: true on success, false when the CPU lacks the field or it is read-only.
 */
static inline bool keel_vmwrite(unsigned long field, u64 val)
{
	bool ok;

	asm volatile("vmwrite %1, %2" : "=@cca" (ok) : "r" (val), "r" (field) : "cc");
	return ok;
}

#endif /* KEEL_VMX_VMCS_H */
