// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of the host-state area (SDM 26.2.2 to 26.2.4).
 *
 * World: root, host and KUnit; no code that touches hardware, no locks.
 */
#include "check_walk.h"

static bool host_64(const struct keel_check_walk *w)
{
	return w->exit & KEEL_EXIT_HOST_64;
}

static void control_registers(struct keel_check_walk *w)
{
	u64 cr0 = KEEL_FIELD(w, HOST_CR0), cr4 = KEEL_FIELD(w, HOST_CR4);
	const struct keel_vmx_caps *caps = w->caps;

	keel_check_need(w, !(caps->cr0_fixed0 & ~cr0 & ~KEEL_CR0_UNCHECKED), KEEL_CHECK_HOST_CR0_0);
	keel_check_need(w, !(cr0 & ~caps->cr0_fixed1 & ~KEEL_CR0_UNCHECKED), KEEL_CHECK_HOST_CR0_1);
	keel_check_need(w, !(caps->cr4_fixed0 & ~cr4), KEEL_CHECK_HOST_CR4_0);
	keel_check_need(w, !(cr4 & ~caps->cr4_fixed1), KEEL_CHECK_HOST_CR4_1);
	keel_check_need(w, !(cr4 & KEEL_CR4_CET) || cr0 & KEEL_CR0_WP, KEEL_CHECK_HOST_CET_WP);
	keel_check_need(w, keel_check_cr3(w, KEEL_FIELD(w, HOST_CR3)), KEEL_CHECK_HOST_CR3);
}

static void cet(struct keel_check_walk *w)
{
	u64 s_cet = KEEL_FIELD(w, HOST_S_CET), ssp = KEEL_FIELD(w, HOST_SSP);
	bool cet_ok, ssp_ok;

	if (!(w->exit & KEEL_EXIT_LOAD_CET))
		return;
	cet_ok = host_64(w) ? keel_check_canonical(w, s_cet) : !keel_check_high(s_cet, 32);
	ssp_ok = host_64(w) ? keel_check_canonical(w, ssp) : !keel_check_high(ssp, 32);
	keel_check_need(w, keel_check_s_cet(s_cet), KEEL_CHECK_HOST_S_CET_RESERVED);
	keel_check_need(w, cet_ok, KEEL_CHECK_HOST_S_CET);
	keel_check_need(w, keel_check_canonical(w, KEEL_FIELD(w, HOST_INTR_SSP_TABLE)),
			KEEL_CHECK_HOST_SSP_TABLE);
	keel_check_need(w, !(ssp & 3), KEEL_CHECK_HOST_SSP_ALIGN);
	keel_check_need(w, ssp_ok, KEEL_CHECK_HOST_SSP);
}

static void efer(struct keel_check_walk *w)
{
	u64 val = KEEL_FIELD(w, HOST_EFER);

	if (!(w->exit & KEEL_EXIT_LOAD_EFER))
		return;
	keel_check_need(w, !(val & KEEL_EFER_RESERVED), KEEL_CHECK_HOST_EFER_RESERVED);
	keel_check_need(w, !(val & KEEL_EFER_LMA) == !host_64(w), KEEL_CHECK_HOST_EFER_LMA);
	keel_check_need(w, !(val & KEEL_EFER_LME) == !host_64(w), KEEL_CHECK_HOST_EFER_LME);
}

static void msrs(struct keel_check_walk *w)
{
	keel_check_need(w, keel_check_canonical(w, KEEL_FIELD(w, HOST_SYSENTER_ESP)),
			KEEL_CHECK_HOST_SYSENTER_ESP);
	keel_check_need(w, keel_check_canonical(w, KEEL_FIELD(w, HOST_SYSENTER_EIP)),
			KEEL_CHECK_HOST_SYSENTER_EIP);
	cet(w);
	if (w->exit & KEEL_EXIT_LOAD_PERF)
		keel_check_need(w, !(KEEL_FIELD(w, HOST_PERF_GLOBAL_CTRL) & KEEL_PERF_RESERVED),
				KEEL_CHECK_HOST_PERF);
	if (w->exit & KEEL_EXIT_LOAD_PAT)
		keel_check_need(w, keel_check_pat(KEEL_FIELD(w, HOST_PAT)), KEEL_CHECK_HOST_PAT);
	efer(w);
	if (w->exit & KEEL_EXIT_LOAD_PKRS)
		keel_check_need(w, !keel_check_high(KEEL_FIELD(w, HOST_PKRS), 32),
				KEEL_CHECK_HOST_PKRS);
}

static void segments(struct keel_check_walk *w)
{
	unsigned int i;

	/* the seven selectors and their checks are both in the order ES, CS, SS, DS, FS, GS, TR */
	for (i = 0; i <= VMCS_IX_HOST_TR_SELECTOR - VMCS_IX_HOST_ES_SELECTOR; i++)
		keel_check_need(w, !(w->img->val[VMCS_IX_HOST_ES_SELECTOR + i] & 7),
				KEEL_CHECK_HOST_ES_SEL + i);
	keel_check_need(w, KEEL_FIELD(w, HOST_CS_SELECTOR), KEEL_CHECK_HOST_CS_NULL);
	keel_check_need(w, KEEL_FIELD(w, HOST_TR_SELECTOR), KEEL_CHECK_HOST_TR_NULL);
	keel_check_need(w, host_64(w) || KEEL_FIELD(w, HOST_SS_SELECTOR), KEEL_CHECK_HOST_SS_NULL);
}

static void bases(struct keel_check_walk *w)
{
	static const u16 base[][2] = {
		{ VMCS_IX_HOST_FS_BASE, KEEL_CHECK_HOST_FS_BASE },
		{ VMCS_IX_HOST_GS_BASE, KEEL_CHECK_HOST_GS_BASE },
		{ VMCS_IX_HOST_TR_BASE, KEEL_CHECK_HOST_TR_BASE },
		{ VMCS_IX_HOST_GDTR_BASE, KEEL_CHECK_HOST_GDTR_BASE },
		{ VMCS_IX_HOST_IDTR_BASE, KEEL_CHECK_HOST_IDTR_BASE },
	};
	unsigned int i;

	for (i = 0; i < sizeof(base) / sizeof(base[0]); i++)
		keel_check_need(w, keel_check_canonical(w, w->img->val[base[i][0]]), base[i][1]);
}

static void address_space_size(struct keel_check_walk *w)
{
	u64 cr4 = KEEL_FIELD(w, HOST_CR4), rip = KEEL_FIELD(w, HOST_RIP);

	keel_check_need(w, host_64(w), KEEL_CHECK_HOST_NOT_64);
	if (host_64(w)) {
		keel_check_need(w, cr4 & KEEL_CR4_PAE, KEEL_CHECK_HOST_64_PAE);
		keel_check_need(w, keel_check_canonical(w, rip), KEEL_CHECK_HOST_64_RIP);
	} else {
		keel_check_need(w, !(w->entry & KEEL_ENTRY_IA32E), KEEL_CHECK_HOST_32_GUEST_64);
		keel_check_need(w, !(cr4 & KEEL_CR4_PCIDE), KEEL_CHECK_HOST_32_PCIDE);
		keel_check_need(w, !keel_check_high(rip, 32), KEEL_CHECK_HOST_32_RIP);
	}
}

/**
 * keel_check_host() - the checks of SDM 26.2.2 to 26.2.4
 * @w: the walk
 */
void keel_check_host(struct keel_check_walk *w)
{
	control_registers(w);
	msrs(w);
	segments(w);
	bases(w);
	address_space_size(w);
}
