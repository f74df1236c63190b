// SPDX-License-Identifier: GPL-2.0
/*
 * Why a VM entry fails: walk the SDM's list of checks over a VMCS.
 *
 * World: root, host and KUnit; no code that touches hardware, no locks.  This
 * file starts the walk and names its findings; check_ctl.c, check_host.c,
 * check_guest.c and check_seg.c have the checks.
 */
#include "check_walk.h"

static const struct {
	const char *name;
	const char *section;
	const char *text;
} checks[KEEL_CHECK_NR] = {
#define KEEL_K(id, section, text) { #id, section, text },
	KEEL_VMX_CHECKS(KEEL_K)
#undef KEEL_K
};

/**
 * keel_check_name() - the name of a check
 * @id: the check, below KEEL_CHECK_NR
 *
 * Return: its ID as in KEEL_VMX_CHECKS.
 */
const char *keel_check_name(unsigned int id)
{
	return checks[id].name;
}

/**
 * keel_check_section() - where the SDM has a check
 * @id: the check, below KEEL_CHECK_NR
 *
 * Return: the section, as numbered in check.h.
 */
const char *keel_check_section(unsigned int id)
{
	return checks[id].section;
}

/**
 * keel_check_text() - what is wrong when a check is violated
 * @id: the check, below KEEL_CHECK_NR
 *
 * Return: a sentence without a full stop.
 */
const char *keel_check_text(unsigned int id)
{
	return checks[id].text;
}

/**
 * keel_check_width() - the width of the addresses of VMX structures
 * @w: the walk
 *
 * Return: the physical-address width, or 32 on a CPU that keeps these
 * structures below 4 GBytes.
 */
u32 keel_check_width(const struct keel_check_walk *w)
{
	if (w->caps->basic & KEEL_BASIC_32BIT && w->caps->phys_bits > 32)
		return 32;
	return w->caps->phys_bits;
}

/**
 * keel_check_cr3() - can CR3 hold a value?
 * @w: the walk
 * @cr3: the value
 *
 * Return: true when no bit beyond the physical-address width is 1, but those
 * that linear-address masking uses.
 */
bool keel_check_cr3(const struct keel_check_walk *w, u64 cr3)
{
	if (w->caps->cr4_fixed1 & KEEL_CR4_LAM_SUP)
		cr3 &= ~KEEL_CR3_LAM;
	return !keel_check_high(cr3, w->caps->phys_bits);
}

/**
 * keel_check_pat() - can IA32_PAT hold a value?
 * @pat: the value
 *
 * Return: true when each byte is UC, WC, WT, WP, WB or UC-.
 */
bool keel_check_pat(u64 pat)
{
	unsigned int i, type;

	for (i = 0; i < 64; i += 8) {
		type = pat >> i & 0xff;
		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	return true;
}

/**
 * keel_check_s_cet() - are the control bits of IA32_S_CET possible?
 * @cet: the value
 *
 * Return: true when bits 9:6 are 0 and SUPPRESS (10) and TRACKER (11) are not
 * both 1.
 */
bool keel_check_s_cet(u64 cet)
{
	return !(cet & 0x3c0) && (cet & 0xc00) != 0xc00;
}

/**
 * keel_check_event() - the event that the entry injects
 * @w: the walk
 *
 * Return: the VM-entry interruption information, 0 when it is not valid.
 */
u64 keel_check_event(const struct keel_check_walk *w)
{
	u64 info = KEEL_FIELD(w, ENTRY_INTR_INFO);

	return info & KEEL_EVENT_VALID ? info : 0;
}

/**
 * keel_vmcs_check() - find what keeps a VMCS from being entered
 * @img: the VMCS
 * @caps: what the CPU allows
 * @v: filled with the checks violated; enum keel_vmx_check is in the SDM's order
 *
 * The CPU stops at the first violation that it meets; the walk goes on, since
 * the SDM leaves the order within a group open.
 *
 * Return: how many checks are violated.
 */
unsigned int keel_vmcs_check(const struct keel_vmcs_image *img, const struct keel_vmx_caps *caps,
			     struct keel_vmx_verdict *v)
{
	struct keel_check_walk w = { .img = img, .caps = caps, .v = v };
	unsigned int id, count = 0;

	for (id = 0; id < sizeof(v->bad) / sizeof(v->bad[0]); id++)
		v->bad[id] = 0;

	w.pin = KEEL_FIELD(&w, PIN_CTLS);
	w.proc = KEEL_FIELD(&w, PROC_CTLS);
	if (w.proc & KEEL_PROC_SECONDARY)
		w.proc2 = KEEL_FIELD(&w, PROC2_CTLS);
	if (w.proc & KEEL_PROC_TERTIARY)
		w.proc3 = KEEL_FIELD(&w, PROC3_CTLS);
	w.exit = KEEL_FIELD(&w, EXIT_CTLS);
	if (w.exit & KEEL_EXIT_SECONDARY)
		w.exit2 = KEEL_FIELD(&w, EXIT2_CTLS);
	w.entry = KEEL_FIELD(&w, ENTRY_CTLS);

	keel_check_controls(&w);
	keel_check_host(&w);
	keel_check_guest(&w);
	keel_check_guest_segs(&w);

	for (id = 0; id < KEEL_CHECK_NR; id++)
		count += keel_verdict_has(v, id);
	return count;
}
