/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the cases of keel-check are written in: edits of a VMCS and of a CPU.
 *
 * World: KUnit.  No locks.
 */
#ifndef KEEL_CHECK_TEST_H
#define KEEL_CHECK_TEST_H

#include <linux/bits.h>

#include "../../kmod/vmx/check.h"

/**
 * struct check_bench - what a case works on
 * @img: the VMCS
 * @caps: the CPU
 * @verdict: what the walk found
 */
struct check_bench {
	struct keel_vmcs_image img;
	struct keel_vmx_caps caps;
	struct keel_vmx_verdict verdict;
};

#define CHECK_EDITS	12
#define CHECK_ALSO	8

/**
 * struct check_edit - a change of one field of the image or of the capabilities
 * @where: index of the field + 1, or CHECK_CAPS and the offset in the capabilities;
 *         0 ends a list
 * @clear: bits to clear
 * @set: bits to set then
 */
struct check_edit {
	u32 where;
	u64 clear;
	u64 set;
};

#define CHECK_CAPS	0x10000U

/**
 * struct check_row - a VMCS that violates a check
 * @id: the check
 * @also: further checks that these edits violate (+ 1; 0 ends the list)
 * @v86: start from the guest in virtual-8086 mode, not from the 64-bit one
 * @edit: what to change of the valid VMCS
 */
struct check_row {
	u16 id;
	bool v86;
	u16 also[CHECK_ALSO];
	struct check_edit edit[CHECK_EDITS];
};

#define F(field, value)		{ VMCS_IX_##field + 1, ~0ULL, (value) }
#define ON(field, bits)		{ VMCS_IX_##field + 1, 0, (bits) }
#define OFF(field, bits)	{ VMCS_IX_##field + 1, (bits), 0 }
#define SWAP(field, off, on)	{ VMCS_IX_##field + 1, (off), (on) }
#define CAP(member, value) \
	{ CHECK_CAPS + offsetof(struct keel_vmx_caps, member), ~0ULL, (value) }
#define CAP_OFF(member, bits) \
	{ CHECK_CAPS + offsetof(struct keel_vmx_caps, member), (bits), 0 }
#define CAP_ON(member, bits) \
	{ CHECK_CAPS + offsetof(struct keel_vmx_caps, member), 0, (bits) }
#define A(check)		(KEEL_CHECK_##check + 1)
#define ALSO(...)		{ __VA_ARGS__ }
#define ROW(check, ...)		{ KEEL_CHECK_##check, false, { 0 }, { __VA_ARGS__ } }
#define V86_ROW(check, ...)	{ KEEL_CHECK_##check, true, { 0 }, { __VA_ARGS__ } }
#define ROW_ALSO(check, others, ...) { KEEL_CHECK_##check, false, others, { __VA_ARGS__ } }

/* an address that is too high on a CPU of 46 bits, and one that is not canonical */
#define TOO_HIGH		BIT_ULL(46)
#define ODD			0x0000800000000000ULL

/* events to inject */
#define EVENT(type, vector)	(1U << 31 | (type) << 8 | (vector))
#define EVENT_CODE(type, vector) (EVENT(type, vector) | 1U << 11)

extern const struct check_row check_ctl_rows[];
extern const unsigned int check_ctl_nr;
extern const struct check_row check_state_rows[];
extern const unsigned int check_state_nr;
extern const struct check_row check_seg_rows[];
extern const unsigned int check_seg_nr;

void check_baseline(struct check_bench *b);
void check_edit(struct check_bench *b, const struct check_edit *e);

#endif /* KEEL_CHECK_TEST_H */
