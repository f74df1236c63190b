// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of the guest-state area but its segment registers (SDM 26.3.1.1 and
 * 26.3.1.3 to 26.3.1.6).
 *
 * World: root, host and KUnit; no code that touches hardware, no locks.
 */
#include "check_walk.h"

#define RFLAGS_TF	BIT_ULL(8)
#define RFLAGS_IF	BIT_ULL(9)
#define RFLAGS_VM	BIT_ULL(17)

/* what every CPU reserves of registers that grow with features */
#define DEBUGCTL_RESERVED	(~0xffffULL | 0x38)
#define DEBUGCTL_BTF		BIT_ULL(1)
#define RTIT_CTL_RESERVED	(~0ULL << 57 | 0x7fULL << 48 | 7ULL << 28 | 1 << 23 | 1 << 18)
#define LBR_CTL_RESERVED	(~0ULL << 23 | 0xfff0)

/* interruptibility state (SDM 24.4.2) */
#define BLOCK_STI	BIT_ULL(0)
#define BLOCK_MOV_SS	BIT_ULL(1)
#define BLOCK_SMI	BIT_ULL(2)
#define BLOCK_NMI	BIT_ULL(3)
#define BLOCK_ENCLAVE	BIT_ULL(4)

/* pending debug exceptions (SDM 24.4.2); bit 11 is reserved on some CPUs only */
#define PENDING_ENABLED	BIT_ULL(12)
#define PENDING_BS	BIT_ULL(14)
#define PENDING_RTM	BIT_ULL(16)
#define PENDING_RESERVED (~0ULL << 17 | 1 << 15 | 1 << 13 | 0x7f0)

enum activity { ACTIVE, HLT, SHUTDOWN, WAIT_FOR_SIPI };

static bool guest_64(const struct keel_check_walk *w)
{
	return w->entry & KEEL_ENTRY_IA32E;
}

static void control_registers(struct keel_check_walk *w)
{
	u64 cr0 = KEEL_FIELD(w, GUEST_CR0), cr4 = KEEL_FIELD(w, GUEST_CR4);
	u64 cr0_must = w->caps->cr0_fixed0 & ~KEEL_CR0_UNCHECKED;

	if (w->proc2 & KEEL_PROC2_UNRESTRICTED)
		cr0_must &= ~(KEEL_CR0_PE | KEEL_CR0_PG);
	keel_check_need(w, !(cr0_must & ~cr0), KEEL_CHECK_GUEST_CR0_0);
	keel_check_need(w, !(cr0 & ~w->caps->cr0_fixed1 & ~KEEL_CR0_UNCHECKED),
			KEEL_CHECK_GUEST_CR0_1);
	keel_check_need(w, !(cr0 & KEEL_CR0_PG) || cr0 & KEEL_CR0_PE, KEEL_CHECK_GUEST_PG_PE);
	keel_check_need(w, !(w->caps->cr4_fixed0 & ~cr4), KEEL_CHECK_GUEST_CR4_0);
	keel_check_need(w, !(cr4 & ~w->caps->cr4_fixed1), KEEL_CHECK_GUEST_CR4_1);
	keel_check_need(w, !(cr4 & KEEL_CR4_CET) || cr0 & KEEL_CR0_WP, KEEL_CHECK_GUEST_CET_WP);
	if (guest_64(w)) {
		keel_check_need(w, cr0 & KEEL_CR0_PG, KEEL_CHECK_GUEST_64_PG);
		keel_check_need(w, cr4 & KEEL_CR4_PAE, KEEL_CHECK_GUEST_64_PAE);
	} else {
		keel_check_need(w, !(cr4 & KEEL_CR4_PCIDE), KEEL_CHECK_GUEST_32_PCIDE);
	}
	keel_check_need(w, keel_check_cr3(w, KEEL_FIELD(w, GUEST_CR3)), KEEL_CHECK_GUEST_CR3);
}

static void cet(struct keel_check_walk *w)
{
	u64 s_cet = KEEL_FIELD(w, GUEST_S_CET), ssp = KEEL_FIELD(w, GUEST_SSP);

	keel_check_need(w, keel_check_s_cet(s_cet), KEEL_CHECK_GUEST_S_CET_RESERVED);
	keel_check_need(w, keel_check_canonical(w, s_cet), KEEL_CHECK_GUEST_S_CET);
	keel_check_need(w, keel_check_canonical(w, KEEL_FIELD(w, GUEST_INTR_SSP_TABLE)),
			KEEL_CHECK_GUEST_SSP_TABLE);
	keel_check_need(w, !(ssp & 3), KEEL_CHECK_GUEST_SSP_ALIGN);
	/* as RIP, one bit short of canonical */
	keel_check_need(w, keel_check_same(ssp, w->caps->linear_bits), KEEL_CHECK_GUEST_SSP);
}

static void efer(struct keel_check_walk *w)
{
	u64 val = KEEL_FIELD(w, GUEST_EFER);
	bool lma = val & KEEL_EFER_LMA, lme = val & KEEL_EFER_LME;

	keel_check_need(w, !(val & KEEL_EFER_RESERVED), KEEL_CHECK_GUEST_EFER_RESERVED);
	keel_check_need(w, lma == guest_64(w), KEEL_CHECK_GUEST_EFER_LMA);
	keel_check_need(w, !(KEEL_FIELD(w, GUEST_CR0) & KEEL_CR0_PG) || lma == lme,
			KEEL_CHECK_GUEST_EFER_LME);
}

static void bndcfgs(struct keel_check_walk *w)
{
	u64 val = KEEL_FIELD(w, GUEST_BNDCFGS);

	keel_check_need(w, !(val & 0xffc), KEEL_CHECK_GUEST_BNDCFGS_RESERVED);
	keel_check_need(w, keel_check_canonical(w, val & ~0xfffULL), KEEL_CHECK_GUEST_BNDCFGS);
}

static void msrs(struct keel_check_walk *w)
{
	if (w->entry & KEEL_ENTRY_LOAD_DEBUG) {
		keel_check_need(w, !(KEEL_FIELD(w, GUEST_DEBUGCTL) & DEBUGCTL_RESERVED),
				KEEL_CHECK_GUEST_DEBUGCTL);
		keel_check_need(w, !keel_check_high(KEEL_FIELD(w, GUEST_DR7), 32),
				KEEL_CHECK_GUEST_DR7);
	}
	keel_check_need(w, keel_check_canonical(w, KEEL_FIELD(w, GUEST_SYSENTER_ESP)),
			KEEL_CHECK_GUEST_SYSENTER_ESP);
	keel_check_need(w, keel_check_canonical(w, KEEL_FIELD(w, GUEST_SYSENTER_EIP)),
			KEEL_CHECK_GUEST_SYSENTER_EIP);
	if (w->entry & KEEL_ENTRY_LOAD_CET)
		cet(w);
	if (w->entry & KEEL_ENTRY_LOAD_PERF)
		keel_check_need(w, !(KEEL_FIELD(w, GUEST_PERF_GLOBAL_CTRL) & KEEL_PERF_RESERVED),
				KEEL_CHECK_GUEST_PERF);
	if (w->entry & KEEL_ENTRY_LOAD_PAT)
		keel_check_need(w, keel_check_pat(KEEL_FIELD(w, GUEST_PAT)), KEEL_CHECK_GUEST_PAT);
	if (w->entry & KEEL_ENTRY_LOAD_EFER)
		efer(w);
	if (w->entry & KEEL_ENTRY_LOAD_BNDCFGS)
		bndcfgs(w);
	if (w->entry & KEEL_ENTRY_LOAD_RTIT)
		keel_check_need(w, !(KEEL_FIELD(w, GUEST_RTIT_CTL) & RTIT_CTL_RESERVED),
				KEEL_CHECK_GUEST_RTIT_CTL);
	if (w->entry & KEEL_ENTRY_LOAD_LBR)
		keel_check_need(w, !(KEEL_FIELD(w, GUEST_LBR_CTL) & LBR_CTL_RESERVED),
				KEEL_CHECK_GUEST_LBR_CTL);
	if (w->entry & KEEL_ENTRY_LOAD_PKRS)
		keel_check_need(w, !keel_check_high(KEEL_FIELD(w, GUEST_PKRS), 32),
				KEEL_CHECK_GUEST_PKRS);
}

static void descriptor_tables(struct keel_check_walk *w)
{
	keel_check_need(w, keel_check_canonical(w, KEEL_FIELD(w, GUEST_GDTR_BASE)),
			KEEL_CHECK_GUEST_GDTR_BASE);
	keel_check_need(w, keel_check_canonical(w, KEEL_FIELD(w, GUEST_IDTR_BASE)),
			KEEL_CHECK_GUEST_IDTR_BASE);
	keel_check_need(w, KEEL_FIELD(w, GUEST_GDTR_LIMIT) <= 0xffff, KEEL_CHECK_GUEST_GDTR_LIMIT);
	keel_check_need(w, KEEL_FIELD(w, GUEST_IDTR_LIMIT) <= 0xffff, KEEL_CHECK_GUEST_IDTR_LIMIT);
}

/* is an event of this type injected? */
static bool injects(const struct keel_check_walk *w, unsigned int type)
{
	u64 info = keel_check_event(w);

	return info && KEEL_EVENT_TYPE(info) == type;
}

static void rip_rflags(struct keel_check_walk *w)
{
	u64 rip = KEEL_FIELD(w, GUEST_RIP), flags = KEEL_FIELD(w, GUEST_RFLAGS);
	bool cs_l = KEEL_FIELD(w, GUEST_CS_AR) & 1 << 13;

	if (guest_64(w) && cs_l)
		/* bits 63:N, not 63:N-1: RIP may have run over the end of the lower half */
		keel_check_need(w, keel_check_same(rip, w->caps->linear_bits),
				KEEL_CHECK_GUEST_RIP_64);
	else
		keel_check_need(w, !keel_check_high(rip, 32), KEEL_CHECK_GUEST_RIP_32);

	keel_check_need(w, !(flags & (~0ULL << 22 | 0x8028)), KEEL_CHECK_GUEST_RFLAGS_0);
	keel_check_need(w, flags & 2, KEEL_CHECK_GUEST_RFLAGS_1);
	keel_check_need(w, !(flags & RFLAGS_VM) ||
			(!guest_64(w) && KEEL_FIELD(w, GUEST_CR0) & KEEL_CR0_PE),
			KEEL_CHECK_GUEST_VM);
	keel_check_need(w, flags & RFLAGS_IF || !injects(w, KEEL_EVENT_INTR), KEEL_CHECK_GUEST_IF);
}

/* the events that wake a CPU from HLT */
static bool ends_hlt(u64 info)
{
	unsigned int vector = KEEL_EVENT_VECTOR(info);

	switch (KEEL_EVENT_TYPE(info)) {
	case KEEL_EVENT_INTR:
	case KEEL_EVENT_NMI:
		return true;
	case KEEL_EVENT_EXCEPTION:
		return vector == 1 || vector == 18;
	case KEEL_EVENT_OTHER:
		return vector == 0;
	default:
		return false;
	}
}

static bool ends_shutdown(u64 info)
{
	return KEEL_EVENT_TYPE(info) == KEEL_EVENT_NMI ||
	       (KEEL_EVENT_TYPE(info) == KEEL_EVENT_EXCEPTION && KEEL_EVENT_VECTOR(info) == 18);
}

static void activity(struct keel_check_walk *w)
{
	u64 state = KEEL_FIELD(w, GUEST_ACTIVITY), info = keel_check_event(w);
	u64 blocking = KEEL_FIELD(w, GUEST_INTERRUPTIBILITY) & (BLOCK_STI | BLOCK_MOV_SS);

	/* IA32_VMX_MISC has a bit for each state from HLT on */
	keel_check_need(w, state == ACTIVE ||
			(state <= WAIT_FOR_SIPI && w->caps->misc & KEEL_MISC_HLT << (state - 1)),
			KEEL_CHECK_ACTIVITY);
	keel_check_need(w, state == ACTIVE || !blocking, KEEL_CHECK_ACTIVITY_BLOCKING);

	switch (state) {
	case HLT:
		keel_check_need(w, !(KEEL_FIELD(w, GUEST_SS_AR) & 0x60),
				KEEL_CHECK_ACTIVITY_HLT_DPL);
		keel_check_need(w, !info || ends_hlt(info), KEEL_CHECK_ACTIVITY_HLT_EVENT);
		break;
	case SHUTDOWN:
		keel_check_need(w, !info || ends_shutdown(info),
				KEEL_CHECK_ACTIVITY_SHUTDOWN_EVENT);
		break;
	case WAIT_FOR_SIPI:
		keel_check_need(w, !info, KEEL_CHECK_ACTIVITY_SIPI_EVENT);
		keel_check_need(w, !(w->entry & KEEL_ENTRY_SMM), KEEL_CHECK_ACTIVITY_SIPI_SMM);
		break;
	}
}

static void interruptibility(struct keel_check_walk *w)
{
	u64 block = KEEL_FIELD(w, GUEST_INTERRUPTIBILITY);
	bool sti = block & BLOCK_STI, mov_ss = block & BLOCK_MOV_SS;
	bool nmi = injects(w, KEEL_EVENT_NMI);

	keel_check_need(w, !(block & ~0x1fULL), KEEL_CHECK_BLOCK_RESERVED);
	keel_check_need(w, !(sti && mov_ss), KEEL_CHECK_BLOCK_BOTH);
	keel_check_need(w, !sti || KEEL_FIELD(w, GUEST_RFLAGS) & RFLAGS_IF,
			KEEL_CHECK_BLOCK_STI_IF);
	keel_check_need(w, !(sti || mov_ss) || !injects(w, KEEL_EVENT_INTR), KEEL_CHECK_BLOCK_INTR);
	keel_check_need(w, !(nmi && mov_ss), KEEL_CHECK_BLOCK_NMI_MOV_SS);
	keel_check_need(w, !(block & BLOCK_SMI), KEEL_CHECK_BLOCK_SMI);
	keel_check_need(w, block & BLOCK_SMI || !(w->entry & KEEL_ENTRY_SMM),
			KEEL_CHECK_BLOCK_SMI_ENTRY);
	keel_check_need(w, !(nmi && sti), KEEL_CHECK_BLOCK_NMI_STI);
	keel_check_need(w, !(nmi && block & BLOCK_NMI && w->pin & KEEL_PIN_VNMI),
			KEEL_CHECK_BLOCK_NMI_NMI);
	keel_check_need(w, !(block & BLOCK_ENCLAVE && mov_ss), KEEL_CHECK_BLOCK_ENCLAVE);
}

static void pending_debug(struct keel_check_walk *w)
{
	u64 pending = KEEL_FIELD(w, GUEST_PENDING_DEBUG);
	u64 block = KEEL_FIELD(w, GUEST_INTERRUPTIBILITY);
	bool step = KEEL_FIELD(w, GUEST_RFLAGS) & RFLAGS_TF &&
		    !(KEEL_FIELD(w, GUEST_DEBUGCTL) & DEBUGCTL_BTF);

	keel_check_need(w, !(pending & PENDING_RESERVED), KEEL_CHECK_PENDING_RESERVED);
	if (block & (BLOCK_STI | BLOCK_MOV_SS) || KEEL_FIELD(w, GUEST_ACTIVITY) == HLT) {
		keel_check_need(w, !step || pending & PENDING_BS, KEEL_CHECK_PENDING_BS_CLEAR);
		keel_check_need(w, step || !(pending & PENDING_BS), KEEL_CHECK_PENDING_BS_SET);
	}
	if (pending & PENDING_RTM) {
		keel_check_need(w, (pending & 0x1ffff) == (PENDING_RTM | PENDING_ENABLED),
				KEEL_CHECK_PENDING_RTM);
		keel_check_need(w, !(block & BLOCK_MOV_SS), KEEL_CHECK_PENDING_RTM_MOV_SS);
	}
}

static void link_pointer(struct keel_check_walk *w)
{
	u64 link = KEEL_FIELD(w, VMCS_LINK_POINTER);

	if (link == ~0ULL)
		return;
	keel_check_need(w, !(link & 0xfff), KEEL_CHECK_LINK_ALIGN);
	keel_check_need(w, !keel_check_high(link, keel_check_width(w)), KEEL_CHECK_LINK_WIDTH);
}

static void pdptes(struct keel_check_walk *w)
{
	unsigned int i;
	u64 pdpte;
	bool bad;

	/* the fields count with EPT only; without, the CPU reads PDPTEs from memory */
	if (guest_64(w) || !(KEEL_FIELD(w, GUEST_CR0) & KEEL_CR0_PG) ||
	    !(KEEL_FIELD(w, GUEST_CR4) & KEEL_CR4_PAE) || !(w->proc2 & KEEL_PROC2_EPT))
		return;
	for (i = 0; i < 4; i++) {
		pdpte = w->img->val[VMCS_IX_GUEST_PDPTE0 + i];
		bad = pdpte & 0x1e6 || keel_check_high(pdpte, w->caps->phys_bits);
		keel_check_need(w, !(pdpte & 1) || !bad, KEEL_CHECK_PDPTE0 + i);
	}
}

/**
 * keel_check_guest() - the checks of SDM 26.3.1 but those of 26.3.1.2
 * @w: the walk
 */
void keel_check_guest(struct keel_check_walk *w)
{
	control_registers(w);
	msrs(w);
	descriptor_tables(w);
	rip_rflags(w);
	activity(w);
	interruptibility(w);
	pending_debug(w);
	link_pointer(w);
	pdptes(w);
}
