// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of the VM-execution, VM-exit and VM-entry control fields (SDM 26.2.1).
 *
 * World: root, host and KUnit; no code that touches hardware, no locks.
 */
#include "check_walk.h"

/* a word of controls against what the CPU requires and allows */
static void word(struct keel_check_walk *w, u64 val, unsigned int which, unsigned int must,
		 unsigned int may)
{
	const struct keel_ctl_cap *cap = &w->caps->ctl[which];

	keel_check_need(w, !(cap->must & ~val), must);
	keel_check_need(w, !(val & ~cap->may), may);
}

/* the address of a page that the CPU reads or writes; @align is followed by the width's check */
static void page(struct keel_check_walk *w, u64 addr, unsigned int align)
{
	keel_check_need(w, !(addr & 0xfff), align);
	keel_check_need(w, !keel_check_high(addr, keel_check_width(w)), align + 1);
}

#define PAGE(w, field, id) page(w, KEEL_FIELD(w, field), KEEL_CHECK_##id##_ALIGN)

/* an MSR area of 16 bytes an entry; @align is followed by the checks of width and end */
static void area(struct keel_check_walk *w, u64 addr, u64 count, unsigned int align)
{
	u32 bits = keel_check_width(w);

	if (!count)
		return;
	keel_check_need(w, !(addr & 15), align);
	keel_check_need(w, !keel_check_high(addr, bits), align + 1);
	/* nothing to say about the end of what starts too high */
	if (!keel_check_high(addr, bits))
		keel_check_need(w, !keel_check_high(addr + count * 16 - 1, bits), align + 2);
}

#define AREA(w, field, id)						\
	area(w, KEEL_FIELD(w, field##_ADDR), KEEL_FIELD(w, field##_COUNT),	\
	     KEEL_CHECK_##id##_ALIGN)

/* pairs of the kind "the 1-setting of this control needs that of the other" */
enum half { H_PIN, H_PROC, H_PROC2, H_PROC3, H_EXIT, H_ENTRY };

static const struct pair {
	u8 word;
	u8 needs_word;
	u16 id;
	u32 bit;
	u32 needs;
} pairs[] = {
#define P(w1, c, w2, n, id) { H_##w1, H_##w2, KEEL_CHECK_##id, KEEL_##w1##_##c, KEEL_##w2##_##n }
	P(PROC2, X2APIC, PROC, TPR_SHADOW, X2APIC_NO_TPR),
	P(PROC2, APIC_REGISTER, PROC, TPR_SHADOW, APIC_REG_NO_TPR),
	P(PROC2, VIRT_INTR, PROC, TPR_SHADOW, VID_NO_TPR),
	P(PIN, VNMI, PIN, NMI, VNMI_NO_NMI),
	P(PROC, NMI_WINDOW, PIN, VNMI, NMI_WINDOW_NO_VNMI),
	P(PROC2, VIRT_INTR, PIN, EXT_INTR, VID_NO_EXT_INTR),
	P(PIN, POSTED_INTR, PROC2, VIRT_INTR, POSTED_NO_VID),
	P(PIN, POSTED_INTR, EXIT, ACK_INTR, POSTED_NO_ACK),
	P(PROC2, PML, PROC2, EPT, PML_NO_EPT),
	P(PROC2, UNRESTRICTED, PROC2, EPT, UNRESTRICTED_NO_EPT),
	P(PROC2, MBEC, PROC2, EPT, MBEC_NO_EPT),
	P(PROC2, SPP, PROC2, EPT, SPP_NO_EPT),
	P(PROC2, PT_GPA, PROC2, EPT, PT_GPA_NO_EPT),
	P(PROC2, PT_GPA, ENTRY, LOAD_RTIT, PT_GPA_NO_LOAD),
	P(PROC2, PT_GPA, EXIT, CLEAR_RTIT, PT_GPA_NO_CLEAR),
	P(PROC3, HLAT, PROC2, EPT, HLAT_NO_EPT),
	P(PROC3, PAGING_WRITE, PROC2, EPT, PAGING_WRITE_NO_EPT),
	P(PROC3, GUEST_PAGING, PROC2, EPT, GUEST_PAGING_NO_EPT),
	P(PROC3, IPI_VIRT, PROC, TPR_SHADOW, IPI_VIRT_NO_TPR),
	P(EXIT, SAVE_TIMER, PIN, PREEMPTION_TIMER, SAVE_TIMER),
#undef P
};

static void dependencies(struct keel_check_walk *w)
{
	const u64 words[] = {
		[H_PIN] = w->pin, [H_PROC] = w->proc, [H_PROC2] = w->proc2,
		[H_PROC3] = w->proc3, [H_EXIT] = w->exit, [H_ENTRY] = w->entry,
	};
	const struct pair *p;

	for (p = pairs; p < pairs + sizeof(pairs) / sizeof(pairs[0]); p++)
		keel_check_need(w, !(words[p->word] & p->bit) ||
				words[p->needs_word] & p->needs, p->id);
}

static void exec_words(struct keel_check_walk *w)
{
	word(w, w->pin, KEEL_CTL_PIN, KEEL_CHECK_PIN_MUST, KEEL_CHECK_PIN_MAY);
	word(w, w->proc, KEEL_CTL_PROC, KEEL_CHECK_PROC_MUST, KEEL_CHECK_PROC_MAY);
	/* words that are not activated are not checked */
	if (w->proc & KEEL_PROC_SECONDARY)
		word(w, w->proc2, KEEL_CTL_PROC2, KEEL_CHECK_PROC2_MUST, KEEL_CHECK_PROC2_MAY);
	keel_check_need(w, !(w->proc3 & ~w->caps->ctl[KEEL_CTL_PROC3].may), KEEL_CHECK_PROC3_MAY);
}

static void exec_primary(struct keel_check_walk *w)
{
	/* a count of targets is 4 at most on all CPUs up to now, but IA32_VMX_MISC decides */
	keel_check_need(w, KEEL_FIELD(w, CR3_TARGET_COUNT) <= KEEL_MISC_CR3_TARGETS(w->caps->misc),
			KEEL_CHECK_CR3_TARGETS);
	if (w->proc & KEEL_PROC_IO_BITMAPS) {
		PAGE(w, IO_BITMAP_A, IO_BITMAP_A);
		PAGE(w, IO_BITMAP_B, IO_BITMAP_B);
	}
	if (w->proc & KEEL_PROC_MSR_BITMAPS)
		PAGE(w, MSR_BITMAP, MSR_BITMAP);
}

static void exec_apic(struct keel_check_walk *w)
{
	u64 desc = KEEL_FIELD(w, POSTED_INTR_DESC);

	if (w->proc & KEEL_PROC_TPR_SHADOW) {
		PAGE(w, VIRTUAL_APIC_PAGE, VAPIC_PAGE);
		if (!(w->proc2 & KEEL_PROC2_VIRT_INTR))
			keel_check_need(w, !(KEEL_FIELD(w, TPR_THRESHOLD) & ~15ULL),
					KEEL_CHECK_TPR_THRESHOLD);
	}
	if (w->proc2 & KEEL_PROC2_APIC_ACCESS) {
		PAGE(w, APIC_ACCESS_ADDR, APIC_ACCESS);
		keel_check_need(w, !(w->proc2 & KEEL_PROC2_X2APIC), KEEL_CHECK_X2APIC_ACCESSES);
	}
	if (w->pin & KEEL_PIN_POSTED_INTR) {
		keel_check_need(w, KEEL_FIELD(w, POSTED_INTR_NV) <= 0xff, KEEL_CHECK_POSTED_VECTOR);
		keel_check_need(w, !(desc & 63), KEEL_CHECK_POSTED_DESC_ALIGN);
		keel_check_need(w, !keel_check_high(desc, keel_check_width(w)),
				KEEL_CHECK_POSTED_DESC_WIDTH);
	}
}

static void eptp(struct keel_check_walk *w)
{
	u64 val = KEEL_FIELD(w, EPT_POINTER), cap = w->caps->ept_vpid;
	unsigned int type = val & 7, walk = val >> 3 & 7;

	keel_check_need(w, (type == 0 && cap & KEEL_EPT_CAP_UC) ||
			(type == 6 && cap & KEEL_EPT_CAP_WB), KEEL_CHECK_EPTP_MEMTYPE);
	keel_check_need(w, (walk == 3 && cap & KEEL_EPT_CAP_WALK4) ||
			(walk == 4 && cap & KEEL_EPT_CAP_WALK5), KEEL_CHECK_EPTP_WALK);
	keel_check_need(w, !(val & 1 << 6) || cap & KEEL_EPT_CAP_AD, KEEL_CHECK_EPTP_AD);
	keel_check_need(w, !(val & 1 << 7) || cap & KEEL_EPT_CAP_SSS, KEEL_CHECK_EPTP_SSS);
	keel_check_need(w, !(val & 0xf00), KEEL_CHECK_EPTP_RESERVED);
	keel_check_need(w, !keel_check_high(val, w->caps->phys_bits), KEEL_CHECK_EPTP_WIDTH);
}

static void exec_vmfunc(struct keel_check_walk *w)
{
	u64 funcs = KEEL_FIELD(w, VM_FUNCTION_CTLS);

	keel_check_need(w, !(funcs & ~w->caps->vmfunc), KEEL_CHECK_VMFUNC_RESERVED);
	if (funcs & 1) {
		keel_check_need(w, w->proc2 & KEEL_PROC2_EPT, KEEL_CHECK_EPTP_SWITCH_NO_EPT);
		PAGE(w, EPTP_LIST, EPTP_LIST);
	}
}

static void exec_secondary(struct keel_check_walk *w)
{
	if (w->proc2 & KEEL_PROC2_VPID)
		keel_check_need(w, KEEL_FIELD(w, VPID), KEEL_CHECK_VPID_ZERO);
	if (w->proc2 & KEEL_PROC2_EPT)
		eptp(w);
	if (w->proc2 & KEEL_PROC2_PML)
		PAGE(w, PML_ADDRESS, PML);
	if (w->proc2 & KEEL_PROC2_SPP)
		PAGE(w, SPPT_POINTER, SPPT);
	if (w->proc2 & KEEL_PROC2_VMFUNC)
		exec_vmfunc(w);
	if (w->proc2 & KEEL_PROC2_SHADOW_VMCS) {
		PAGE(w, VMREAD_BITMAP, VMREAD_BITMAP);
		PAGE(w, VMWRITE_BITMAP, VMWRITE_BITMAP);
	}
	if (w->proc2 & KEEL_PROC2_EPT_VE)
		PAGE(w, VE_INFO_ADDR, VE_INFO);
	if (w->proc2 & KEEL_PROC2_TSC_SCALING)
		keel_check_need(w, KEEL_FIELD(w, TSC_MULTIPLIER), KEEL_CHECK_TSC_MULTIPLIER);
}

static void exit_fields(struct keel_check_walk *w)
{
	word(w, w->exit, KEEL_CTL_EXIT, KEEL_CHECK_EXIT_MUST, KEEL_CHECK_EXIT_MAY);
	keel_check_need(w, !(w->exit2 & ~w->caps->exit2_may), KEEL_CHECK_EXIT2_MAY);
	AREA(w, EXIT_MSR_STORE, EXIT_STORE);
	AREA(w, EXIT_MSR_LOAD, EXIT_LOAD);
}

/* does the guest take an error code with this exception? */
static bool has_error_code(u64 info)
{
	/* #DF, #TS, #NP, #SS, #GP, #PF and #AC */
	const u32 with_code = 1 << 8 | 0x1f << 10 | 1 << 17;
	unsigned int vector = KEEL_EVENT_VECTOR(info);

	return vector < 32 && with_code >> vector & 1;
}

static void event_code(struct keel_check_walk *w, u64 info)
{
	bool deliver = info & KEEL_EVENT_CODE, can, any;

	/* real mode has no error codes; without "unrestricted guest" CR0.PE is 1, or at fault */
	can = KEEL_EVENT_TYPE(info) == KEEL_EVENT_EXCEPTION &&
	      (!(w->proc2 & KEEL_PROC2_UNRESTRICTED) || KEEL_FIELD(w, GUEST_CR0) & KEEL_CR0_PE);
	/* newer CPUs, with #CP, leave it to software for which exceptions there is a code */
	any = w->caps->basic & KEEL_BASIC_NO_ERROR_OK;

	if (deliver)
		keel_check_need(w, can && (any || has_error_code(info)),
				KEEL_CHECK_EVENT_CODE_SET);
	else
		keel_check_need(w, !can || any || !has_error_code(info),
				KEEL_CHECK_EVENT_CODE_CLEAR);
	if (deliver)
		keel_check_need(w, !(KEEL_FIELD(w, ENTRY_EXCEPTION_ERROR) >> 16),
				KEEL_CHECK_EVENT_ERROR_CODE);
}

static void event(struct keel_check_walk *w)
{
	u64 info = keel_check_event(w), len = KEEL_FIELD(w, ENTRY_INSTR_LEN);
	unsigned int vector = KEEL_EVENT_VECTOR(info);

	if (!info)
		return;
	switch (KEEL_EVENT_TYPE(info)) {
	case KEEL_EVENT_RESERVED:
		keel_check_need(w, false, KEEL_CHECK_EVENT_TYPE);
		break;
	case KEEL_EVENT_NMI:
		keel_check_need(w, vector == 2, KEEL_CHECK_EVENT_NMI);
		break;
	case KEEL_EVENT_EXCEPTION:
		keel_check_need(w, vector < 32, KEEL_CHECK_EVENT_EXCEPTION);
		break;
	case KEEL_EVENT_OTHER:
		/* a pending MTF VM exit: the type exists where the monitor trap flag does */
		keel_check_need(w, w->caps->ctl[KEEL_CTL_PROC].may & KEEL_PROC_MTF,
				KEEL_CHECK_EVENT_TYPE);
		keel_check_need(w, vector == 0, KEEL_CHECK_EVENT_OTHER);
		break;
	case KEEL_EVENT_SOFT_INTR:
	case KEEL_EVENT_PRIV_EXCEPTION:
	case KEEL_EVENT_SOFT_EXCEPTION:
		keel_check_need(w, len <= 15, KEEL_CHECK_EVENT_LENGTH);
		keel_check_need(w, len || w->caps->misc & KEEL_MISC_ZERO_LEN,
				KEEL_CHECK_EVENT_LENGTH_ZERO);
		break;
	}
	keel_check_need(w, !(info & 0x7ffff000), KEEL_CHECK_EVENT_RESERVED);
	event_code(w, info);
}

static void entry_fields(struct keel_check_walk *w)
{
	word(w, w->entry, KEEL_CTL_ENTRY, KEEL_CHECK_ENTRY_MUST, KEEL_CHECK_ENTRY_MAY);
	event(w);
	AREA(w, ENTRY_MSR_LOAD, ENTRY_LOAD);
	keel_check_need(w, !(w->entry & KEEL_ENTRY_SMM), KEEL_CHECK_SMM_OUTSIDE);
	keel_check_need(w, !(w->entry & KEEL_ENTRY_DEACT_DUAL), KEEL_CHECK_DUAL_OUTSIDE);
	keel_check_need(w, ~w->entry & (KEEL_ENTRY_SMM | KEEL_ENTRY_DEACT_DUAL),
			KEEL_CHECK_SMM_AND_DUAL);
}

/**
 * keel_check_controls() - the checks of SDM 26.2.1
 * @w: the walk
 */
void keel_check_controls(struct keel_check_walk *w)
{
	exec_words(w);
	exec_primary(w);
	exec_apic(w);
	exec_secondary(w);
	dependencies(w);
	exit_fields(w);
	entry_fields(w);
}
