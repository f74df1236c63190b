// SPDX-License-Identifier: GPL-2.0
/*
 * The table of VMCS fields, and moving a whole VMCS to and from memory.
 *
 * World: root, host and KUnit; keel_vmcs_capture() and keel_vmcs_apply() need
 * a current VMCS.  No locks.
 */
#include "vmcs.h"

static const struct {
	u16 encoding;
	const char *name;
} fields[VMCS_IX_NR] = {
#define KEEL_F(name, encoding) { encoding, #name },
	KEEL_VMCS_FIELDS(KEEL_F)
#undef KEEL_F
};

/**
 * keel_vmcs_encoding() - the encoding of a field (SDM appendix B)
 * @ix: its index, below VMCS_IX_NR
 *
 * Return: the encoding.
 */
unsigned int keel_vmcs_encoding(unsigned int ix)
{
	return fields[ix].encoding;
}

/**
 * keel_vmcs_name() - the name of a field
 * @ix: its index, below VMCS_IX_NR
 *
 * Return: the name, as in KEEL_VMCS_FIELDS.
 */
const char *keel_vmcs_name(unsigned int ix)
{
	return fields[ix].name;
}

/**
 * keel_vmcs_index_of() - find a field by its encoding
 * @encoding: the encoding
 *
 * Return: the index, or -1 when no field has that encoding.
 */
int keel_vmcs_index_of(unsigned int encoding)
{
	int ix;

	for (ix = 0; ix < VMCS_IX_NR; ix++)
		if (fields[ix].encoding == encoding)
			return ix;
	return -1;
}

/**
 * keel_vmcs_width_mask() - the bits that a field can hold
 * @encoding: the encoding; its bits 14:13 give the width (SDM 24.11.2)
 *
 * Return: the mask.
 */
u64 keel_vmcs_width_mask(unsigned int encoding)
{
	switch (encoding >> 13 & 3) {
	case 0:
		return 0xffff;
	case 2:
		return 0xffffffff;
	default:
		return ~0ULL;
	}
}

/**
 * keel_vmcs_capture() - read every field that the current VMCS has
 * @img: filled whole; fields that the CPU lacks are zero and marked absent
 *
 * A VMREAD that fails, since the CPU lacks the field, leaves its own error in
 * the VM-instruction error field: so that one is read first.
 */
void keel_vmcs_capture(struct keel_vmcs_image *img)
{
	u64 error = keel_vmread(VMCS_INSTR_ERROR), val;
	unsigned int ix;

	for (ix = 0; ix < sizeof(img->have) / sizeof(img->have[0]); ix++)
		img->have[ix] = 0;
	for (ix = 0; ix < VMCS_IX_NR; ix++) {
		img->val[ix] = 0;
		if (keel_vmread_safe(fields[ix].encoding, &val))
			keel_vmcs_put(img, ix, val);
	}
	keel_vmcs_put(img, VMCS_IX_INSTR_ERROR, error);
}

/**
 * keel_vmcs_apply() - write the fields of an image to the current VMCS
 * @img: the image; fields it does not have are left alone, and so are the
 *       read-only ones
 *
 * Return: -1 on success, else the index of the first field that the CPU
 * refused.
 */
int keel_vmcs_apply(const struct keel_vmcs_image *img)
{
	int ix;

	for (ix = 0; ix < VMCS_IX_NR; ix++) {
		if (!keel_vmcs_have(img, ix) || (fields[ix].encoding >> 10 & 3) == 1)
			continue;
		if (!keel_vmwrite(fields[ix].encoding, img->val[ix]))
			return ix;
	}
	return -1;
}
