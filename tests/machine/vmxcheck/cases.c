// SPDX-License-Identifier: GPL-2.0
/*
 * vmxcheck: the VM entries that have to fail, in the order of the SDM.
 *
 * World: host (a test module).  No locks.  The emulator's sentences are those of
 * Bochs 3.0 as Debian builds it, which does not make all checks of the SDM: the rest
 * is not here.
 */
#include <linux/kernel.h>

#include "vmxcheck.h"

#define F(field, value)		{ VMCS_IX_##field + 1, ~0ULL, (value) }
#define ON(field, bits)		{ VMCS_IX_##field + 1, 0, (bits) }
#define OFF(field, bits)	{ VMCS_IX_##field + 1, (bits), 0 }
#define SWAP(field, off, on)	{ VMCS_IX_##field + 1, (off), (on) }
#define A(id)			(KEEL_CHECK_##id + 1)
#define CASE(label, end, id, words, ...)					\
	{ .name = label, .how = BAD_##end, .check = A(id), .says = words,	\
	  .edit = { __VA_ARGS__ } }
#define RAW(label, end, id, words, ...)						\
	{ .name = label, .how = BAD_##end, .check = A(id), .says = words,	\
	  .raw = true, .edit = { __VA_ARGS__ } }
#define CODE(label, end, id, words, ...)					\
	{ .name = label, .how = BAD_##end, .check = A(id), .says = words,	\
	  .code = true, .edit = { __VA_ARGS__ } }
#define ALSO(...)		{ __VA_ARGS__ }
#define CASE_ALSO(label, end, id, others, words, ...)				\
	{ .name = label, .how = BAD_##end, .check = A(id), .says = words,	\
	  .also = others, .edit = { __VA_ARGS__ } }
#define V86(label, id, words, ...)						\
	{ .name = label, .how = BAD_GUEST, .check = A(id), .says = words,	\
	  .guest = GUEST_V86, .edit = { __VA_ARGS__ } }

#define TOO_HIGH	BIT_ULL(56)
#define ODD		0x0000800000000000ULL

#define PIN(name)	ON(PIN_CTLS, KEEL_PIN_##name)
#define PROC(name)	ON(PROC_CTLS, KEEL_PROC_##name)
#define PROC2(name)	PROC(SECONDARY), ON(PROC2_CTLS, KEEL_PROC2_##name)
#define EXIT(name)	ON(EXIT_CTLS, KEEL_EXIT_##name)
#define ENTRY(name)	ON(ENTRY_CTLS, KEEL_ENTRY_##name)
#define UNRESTRICTED	PROC2(EPT), PROC2(UNRESTRICTED)
#define VID		PROC(TPR_SHADOW), PROC2(VIRT_INTR), PIN(EXT_INTR)
#define POSTED		VID, PIN(POSTED_INTR), EXIT(ACK_INTR)
#define INJECT(type, vector) F(ENTRY_INTR_INFO, 1U << 31 | (type) << 8 | (vector))
#define IF_ON		ON(GUEST_RFLAGS, 1 << 9)
#define BLOCK(bits)	F(GUEST_INTERRUPTIBILITY, bits)
#define COMPATIBILITY	F(GUEST_CS_AR, 0xc09b), F(GUEST_RIP, 0x100000)
#define PAE_GUEST	OFF(ENTRY_CTLS, KEEL_ENTRY_IA32E), OFF(GUEST_CR4, 1 << 17), COMPATIBILITY

/* malformed addresses of pages: low bits, and too high */
#define PAGE(label, id, field, words, ...)					\
	CASE(label "-align", CONTROL, id##_ALIGN, words, ON(field, 0x10), __VA_ARGS__), \
	CASE(label "-width", CONTROL, id##_WIDTH, words, ON(field, TOO_HIGH), __VA_ARGS__)

#define AREA(label, id, field, words)						\
	CASE(label "-align", CONTROL, id##_ALIGN, words " addr malformed",	\
	     F(field##_ADDR, 0x5008), F(field##_COUNT, 1)),			\
	CASE(label "-width", CONTROL, id##_WIDTH, words " addr malformed",	\
	     F(field##_ADDR, TOO_HIGH), F(field##_COUNT, 1))

#define HOST_SEL(label, seg, n)							\
	CASE("host-" label "-ti", HOST, HOST_##seg##_SEL, "host segreg " #n " TI/RPL", \
	     F(HOST_##seg##_SELECTOR, 4)),					\
	CASE("host-" label "-rpl", HOST, HOST_##seg##_SEL, "host segreg " #n " TI/RPL", \
	     F(HOST_##seg##_SELECTOR, 3))

const struct vmxcheck_case vmxcheck_cases[] = {
	RAW("pin-must", CONTROL, PIN_MUST, "VMX pin-based controls allowed 0-settings",
	    OFF(PIN_CTLS, 1 << 4)),
	RAW("pin-may", CONTROL, PIN_MAY, "VMX pin-based controls allowed 1-settings",
	    ON(PIN_CTLS, 1 << 20)),
	RAW("proc-must", CONTROL, PROC_MUST, "VMX proc-based controls allowed 0-settings",
	    OFF(PROC_CTLS, 1 << 8)),
	RAW("proc-may", CONTROL, PROC_MAY, "VMX proc-based controls allowed 1-settings",
	    ON(PROC_CTLS, 1 << 18)),
	RAW("proc2-may", CONTROL, PROC2_MAY, "VMX secondary controls allowed 1-settings",
	    PROC(SECONDARY), ON(PROC2_CTLS, 1 << 29)),
	CASE("cr3-targets", CONTROL, CR3_TARGETS, "too may CR3 targets", F(CR3_TARGET_COUNT, 5)),
	PAGE("io-bitmap-a", IO_BITMAP_A, IO_BITMAP_A, "I/O bitmap A phy addr malformed",
	     PROC(IO_BITMAPS)),
	PAGE("io-bitmap-b", IO_BITMAP_B, IO_BITMAP_B, "I/O bitmap B phy addr malformed",
	     PROC(IO_BITMAPS)),
	PAGE("msr-bitmap", MSR_BITMAP, MSR_BITMAP, "MSR bitmap phy addr malformed",
	     PROC(MSR_BITMAPS)),
	PAGE("vapic-page", VAPIC_PAGE, VIRTUAL_APIC_PAGE, "virtual apic phy addr malformed",
	     PROC(TPR_SHADOW)),
	CASE("tpr-threshold", CONTROL, TPR_THRESHOLD, "TPR threshold too big", PROC(TPR_SHADOW),
	     F(TPR_THRESHOLD, 0x10)),
	CASE("x2apic-no-tpr", CONTROL, X2APIC_NO_TPR, "enabled without TPR shadow",
	     PROC2(X2APIC)),
	CASE("apic-reg-no-tpr", CONTROL, APIC_REG_NO_TPR, "enabled without TPR shadow",
	     PROC2(APIC_REGISTER)),
	CASE("vid-no-tpr", CONTROL, VID_NO_TPR, "enabled without TPR shadow", PROC2(VIRT_INTR),
	     PIN(EXT_INTR)),
	CASE("vnmi-no-nmi", CONTROL, VNMI_NO_NMI, "misconfigured virtual NMI control", PIN(VNMI)),
	CASE("nmi-window-no-vnmi", CONTROL, NMI_WINDOW_NO_VNMI,
	     "misconfigured virtual NMI control", PROC(NMI_WINDOW), PIN(NMI)),
	PAGE("apic-access", APIC_ACCESS, APIC_ACCESS_ADDR, "apic access page phy addr malformed",
	     PROC2(APIC_ACCESS)),
	CASE("x2apic-accesses", CONTROL, X2APIC_ACCESSES,
	     "virtualize X2APIC mode enabled together", PROC(TPR_SHADOW), PROC2(X2APIC),
	     PROC2(APIC_ACCESS)),
	CASE("vid-no-ext-intr", CONTROL, VID_NO_EXT_INTR,
	     "virtual interrupt delivery must be set together with external interrupt",
	     PROC(TPR_SHADOW), PROC2(VIRT_INTR)),
	CASE("posted-no-vid", CONTROL, POSTED_NO_VID,
	     "posted interrupts must be enabled together with virtual interrupt delivery",
	     PROC(TPR_SHADOW), PIN(EXT_INTR), PIN(POSTED_INTR), EXIT(ACK_INTR)),
	CASE("posted-no-ack", CONTROL, POSTED_NO_ACK, "together 'ack interrupt on exit'", VID,
	     PIN(POSTED_INTR)),
	CASE("posted-vector", CONTROL, POSTED_VECTOR, "posted interrupts notification vector",
	     POSTED, F(POSTED_INTR_NV, 0x100)),
	PAGE("posted-desc", POSTED_DESC, POSTED_INTR_DESC,
	     "Posted Interrupt Descriptor phy addr malformed", POSTED),
	CASE("vpid", CONTROL, VPID_ZERO, "guest VPID == 0", PROC2(VPID)),
	CASE("eptp-memtype", CONTROL, EPTP_MEMTYPE, "invalid EPTPTR value", PROC2(EPT),
	     SWAP(EPT_POINTER, 7, 4)),
	CASE("eptp-walk", CONTROL, EPTP_WALK, "invalid EPTPTR value", PROC2(EPT),
	     SWAP(EPT_POINTER, 7 << 3, 2 << 3)),
	CASE("eptp-reserved", CONTROL, EPTP_RESERVED, "invalid EPTPTR value", PROC2(EPT),
	     ON(EPT_POINTER, 1 << 8)),
	CASE("eptp-width", CONTROL, EPTP_WIDTH, "invalid EPTPTR value", PROC2(EPT),
	     ON(EPT_POINTER, TOO_HIGH)),
	CASE("pml-no-ept", CONTROL, PML_NO_EPT, "PML is enabled without EPT", PROC2(PML)),
	PAGE("pml", PML, PML_ADDRESS, "PML base phy addr malformed", PROC2(EPT), PROC2(PML)),
	CASE("unrestricted-no-ept", CONTROL, UNRESTRICTED_NO_EPT,
	     "unrestricted guest without EPT", PROC2(UNRESTRICTED)),
	CASE("mbec-no-ept", CONTROL, MBEC_NO_EPT, "MBE is enabled without EPT", PROC2(MBEC)),
	CASE("spp-no-ept", CONTROL, SPP_NO_EPT, "SPP is enabled without EPT", PROC2(SPP)),
	CASE("vmfunc", CONTROL, VMFUNC_RESERVED, "VM Functions control reserved bits set",
	     PROC2(VMFUNC), F(VM_FUNCTION_CTLS, 1 << 5)),
	CASE("eptp-switch-no-ept", CONTROL, EPTP_SWITCH_NO_EPT,
	     "VMFUNC EPTP-SWITCHING: EPT disabled", PROC2(VMFUNC), F(VM_FUNCTION_CTLS, 1)),
	PAGE("eptp-list", EPTP_LIST, EPTP_LIST, "eptp list phy addr malformed", PROC2(EPT),
	     PROC2(VMFUNC), F(VM_FUNCTION_CTLS, 1)),
	PAGE("vmread-bitmap", VMREAD_BITMAP, VMREAD_BITMAP, "VMREAD bitmap phy addr malformed",
	     PROC2(SHADOW_VMCS)),
	PAGE("vmwrite-bitmap", VMWRITE_BITMAP, VMWRITE_BITMAP, "VMWRITE bitmap phy addr malformed",
	     PROC2(SHADOW_VMCS)),
	PAGE("ve-info", VE_INFO, VE_INFO_ADDR, "broken #VE information address", PROC2(EPT_VE)),
	CASE("tsc-multiplier", CONTROL, TSC_MULTIPLIER, "TSC multiplier should be non zero",
	     PROC2(TSC_SCALING)),

	RAW("exit-must", CONTROL, EXIT_MUST, "VMX vmexit controls allowed 0-settings",
	    OFF(EXIT_CTLS, 1 << 14)),
	RAW("exit-may", CONTROL, EXIT_MAY, "VMX vmexit controls allowed 1-settings",
	    ON(EXIT_CTLS, KEEL_EXIT_PT_CONCEAL)),
	CASE("save-timer", CONTROL, SAVE_TIMER, "save_VMX_preemption_timer", EXIT(SAVE_TIMER),
	     OFF(PIN_CTLS, KEEL_PIN_PREEMPTION_TIMER)),
	AREA("exit-store", EXIT_STORE, EXIT_MSR_STORE, "VMEXIT CTRL: msr store"),
	AREA("exit-load", EXIT_LOAD, EXIT_MSR_LOAD, "VMEXIT CTRL: msr load"),
	RAW("entry-must", CONTROL, ENTRY_MUST, "VMX vmentry controls allowed 0-settings",
	    OFF(ENTRY_CTLS, 1 << 12)),
	RAW("entry-may", CONTROL, ENTRY_MAY, "VMX vmentry controls allowed 1-settings",
	    ON(ENTRY_CTLS, 1U << 31)),
	CASE("event-type", CONTROL, EVENT_TYPE, "bad injected event type 1", INJECT(1, 0)),
	CASE("event-nmi", CONTROL, EVENT_NMI, "bad injected event vector 3", INJECT(2, 3)),
	CASE("event-exception", CONTROL, EVENT_EXCEPTION, "bad injected event vector 32",
	     INJECT(3, 32)),
	CASE("event-other", CONTROL, EVENT_OTHER, "bad MTF injection with vector=1", PROC(MTF),
	     INJECT(7, 1)),
	CODE("event-code-set", CONTROL, EVENT_CODE_SET, "vector 6 broken error code",
	     INJECT(3, 1 << 11 | 6)),
	CODE("event-code-clear", CONTROL, EVENT_CODE_CLEAR, "vector 13 broken error code",
	     INJECT(3, 13)),
	CODE("event-code-interrupt", CONTROL, EVENT_CODE_SET, "vector 48 broken error code",
	     INJECT(0, 1 << 11 | 48), IF_ON),
	CODE("event-code-real-mode", CONTROL, EVENT_CODE_SET, "vector 13 broken error code",
	     INJECT(3, 1 << 11 | 13), UNRESTRICTED, PAE_GUEST, F(GUEST_CR0, 0x20)),
	CASE("event-reserved", CONTROL, EVENT_RESERVED, "broken interruption info field",
	     INJECT(3, 1 << 12 | 6)),
	CASE("event-error-code", CONTROL, EVENT_ERROR_CODE, "bad error code 0x00010000",
	     INJECT(3, 1 << 11 | 13), F(ENTRY_EXCEPTION_ERROR, 0x10000)),
	CASE("event-length", CONTROL, EVENT_LENGTH, "bad injected event instr length",
	     INJECT(4, 0x80), F(ENTRY_INSTR_LEN, 16)),
	AREA("entry-load", ENTRY_LOAD, ENTRY_MSR_LOAD, "VMENTRY CTRL: msr load"),

	CASE("host-cr0-0", HOST, HOST_CR0_0, "host state invalid CR0", OFF(HOST_CR0, 1 << 5)),
	CASE("host-cr0-1", HOST, HOST_CR0_1, "host state invalid CR0", ON(HOST_CR0, 1ULL << 32)),
	CASE("host-cr4-0", HOST, HOST_CR4_0, "host state invalid CR4", OFF(HOST_CR4, 1 << 13)),
	CASE("host-cr4-1", HOST, HOST_CR4_1, "host state invalid CR4", ON(HOST_CR4, 1 << 15)),
	CASE("host-cr3", HOST, HOST_CR3, "host state invalid CR3", ON(HOST_CR3, TOO_HIGH)),
	CASE("host-sysenter-esp", HOST, HOST_SYSENTER_ESP, "host SYSENTER_ESP_MSR non canonical",
	     F(HOST_SYSENTER_ESP, ODD)),
	CASE("host-sysenter-eip", HOST, HOST_SYSENTER_EIP, "host SYSENTER_EIP_MSR non canonical",
	     F(HOST_SYSENTER_EIP, ODD)),
	CASE("host-s-cet-reserved", HOST, HOST_S_CET_RESERVED, "host IA32_S_CET invalid",
	     EXIT(LOAD_CET), F(HOST_S_CET, 1 << 7)),
	CASE("host-s-cet", HOST, HOST_S_CET, "host IA32_S_CET/EB_LEG_BITMAP_BASE non canonical",
	     EXIT(LOAD_CET), F(HOST_S_CET, ODD)),
	CASE("host-ssp-table", HOST, HOST_SSP_TABLE, "host INTERRUPT_SSP_TABLE_ADDR non canonical",
	     EXIT(LOAD_CET), F(HOST_INTR_SSP_TABLE, ODD)),
	CASE("host-ssp-align", HOST, HOST_SSP_ALIGN, "host SSP[1:0] not zero", EXIT(LOAD_CET),
	     F(HOST_SSP, 1)),
	CASE("host-ssp", HOST, HOST_SSP, "host SSP non canonical", EXIT(LOAD_CET),
	     F(HOST_SSP, ODD)),
	CASE("host-pat", HOST, HOST_PAT, "invalid Memory Type in host MSR_PAT", EXIT(LOAD_PAT),
	     F(HOST_PAT, 0x0007040600070402)),
	CASE("host-efer-reserved", HOST, HOST_EFER_RESERVED, "host EFER reserved bits set",
	     EXIT(LOAD_EFER), ON(HOST_EFER, 1 << 1)),
	CASE("host-efer-lma", HOST, HOST_EFER_LMA, "inconsistent value", EXIT(LOAD_EFER),
	     OFF(HOST_EFER, 1 << 10)),
	CASE("host-efer-lme", HOST, HOST_EFER_LME, "inconsistent value", EXIT(LOAD_EFER),
	     OFF(HOST_EFER, 1 << 8)),
	HOST_SEL("es", ES, 0),
	HOST_SEL("ds", DS, 3),
	HOST_SEL("fs", FS, 4),
	HOST_SEL("gs", GS, 5),
	CASE("host-cs-rpl", HOST, HOST_CS_SEL, "host segreg 1 TI/RPL", ON(HOST_CS_SELECTOR, 1)),
	CASE("host-ss-rpl", HOST, HOST_SS_SEL, "host segreg 2 TI/RPL", ON(HOST_SS_SELECTOR, 1)),
	CASE("host-tr-ti", HOST, HOST_TR_SEL, "invalid host TR selector", ON(HOST_TR_SELECTOR, 4)),
	CASE("host-cs-null", HOST, HOST_CS_NULL, "host CS selector 0", F(HOST_CS_SELECTOR, 0)),
	CASE("host-tr-null", HOST, HOST_TR_NULL, "invalid host TR selector",
	     F(HOST_TR_SELECTOR, 0)),
	CASE("host-fs-base", HOST, HOST_FS_BASE, "host FS BASE non canonical",
	     F(HOST_FS_BASE, ODD)),
	CASE("host-gs-base", HOST, HOST_GS_BASE, "host GS BASE non canonical",
	     F(HOST_GS_BASE, ODD)),
	CASE("host-tr-base", HOST, HOST_TR_BASE, "host TR BASE non canonical",
	     F(HOST_TR_BASE, ODD)),
	CASE("host-gdtr-base", HOST, HOST_GDTR_BASE, "host GDTR BASE non canonical",
	     F(HOST_GDTR_BASE, ODD)),
	CASE("host-idtr-base", HOST, HOST_IDTR_BASE, "host IDTR BASE non canonical",
	     F(HOST_IDTR_BASE, ODD)),
	CASE_ALSO("host-32", HOST, HOST_NOT_64, ALSO(A(HOST_32_GUEST_64), A(HOST_32_RIP)),
		  "x86-64 host control invalid", OFF(EXIT_CTLS, KEEL_EXIT_HOST_64),
		  OFF(HOST_CR4, 1 << 17)),
	CASE("host-pae", HOST, HOST_64_PAE, "host CR4.PAE=0 with x86-64 host",
	     OFF(HOST_CR4, 1 << 5)),
	CASE("host-rip", HOST, HOST_64_RIP, "host RIP non-canonical", F(HOST_RIP, ODD)),

	CASE("guest-cr0-0", GUEST, GUEST_CR0_0, "guest invalid CR0", OFF(GUEST_CR0, 1 << 5)),
	CASE("guest-cr0-1", GUEST, GUEST_CR0_1, "guest invalid CR0", ON(GUEST_CR0, 1ULL << 32)),
	CASE("guest-pg-pe", GUEST, GUEST_PG_PE, "CR0.PG without CR0.PE", UNRESTRICTED,
	     OFF(GUEST_CR0, 1)),
	CASE("guest-cr4-0", GUEST, GUEST_CR4_0, "guest invalid CR4", OFF(GUEST_CR4, 1 << 13)),
	CASE("guest-cr4-1", GUEST, GUEST_CR4_1, "guest invalid CR4", ON(GUEST_CR4, 1 << 15)),
	CASE("guest-pae", GUEST, GUEST_64_PAE, "guest CR4.PAE=0 in x86-64 mode",
	     OFF(GUEST_CR4, 1 << 5)),
	CASE("guest-pcide", GUEST, GUEST_32_PCIDE, "CR4.PCIDE set in 32-bit guest", PAE_GUEST,
	     ON(GUEST_CR4, 1 << 17)),
	CASE("guest-cr3", GUEST, GUEST_CR3, "guest invalid CR3", ON(GUEST_CR3, TOO_HIGH)),
	CASE("guest-dr7", GUEST, GUEST_DR7, "guest invalid DR7", ENTRY(LOAD_DEBUG),
	     ON(GUEST_DR7, 1ULL << 32)),
	CASE("guest-cet-wp", GUEST, GUEST_CET_WP, "guest CR4.CET=1 when CR0.WP=0", ENTRY(LOAD_CET),
	     ON(GUEST_CR4, 1 << 23), OFF(GUEST_CR0, 1 << 16)),
	CASE("guest-s-cet", GUEST, GUEST_S_CET, "guest IA32_S_CET/EB_LEG_BITMAP_BASE non canonical",
	     ENTRY(LOAD_CET), F(GUEST_S_CET, ODD)),
	CASE("guest-ssp-align", GUEST, GUEST_SSP_ALIGN, "guest SSP[1:0] not zero", ENTRY(LOAD_CET),
	     F(GUEST_SSP, 2)),
	CASE("guest-ssp-table", GUEST, GUEST_SSP_TABLE,
	     "guest INTERRUPT_SSP_TABLE_ADDR non canonical", ENTRY(LOAD_CET),
	     F(GUEST_INTR_SSP_TABLE, ODD)),
	CASE("guest-sysenter-esp", GUEST, GUEST_SYSENTER_ESP,
	     "guest SYSENTER_ESP_MSR non canonical", F(GUEST_SYSENTER_ESP, ODD)),
	CASE("guest-sysenter-eip", GUEST, GUEST_SYSENTER_EIP,
	     "guest SYSENTER_EIP_MSR non canonical", F(GUEST_SYSENTER_EIP, ODD)),
	CASE("guest-pat", GUEST, GUEST_PAT, "invalid Memory Type in guest MSR_PAT",
	     ENTRY(LOAD_PAT), F(GUEST_PAT, 0x0007040600070403)),
	CASE("guest-efer-reserved", GUEST, GUEST_EFER_RESERVED, "guest EFER reserved bits set",
	     ENTRY(LOAD_EFER), ON(GUEST_EFER, 1 << 1)),
	CASE_ALSO("guest-efer-lma", GUEST, GUEST_EFER_LMA, ALSO(A(GUEST_EFER_LME)),
		  "EFER.LMA doesn't match x86_64_guest", ENTRY(LOAD_EFER),
		  OFF(GUEST_EFER, 1 << 10)),
	CASE("guest-efer-lme", GUEST, GUEST_EFER_LME, "inconsistent value", ENTRY(LOAD_EFER),
	     OFF(GUEST_EFER, 1 << 8)),

	V86("v86-es-base", GUEST_ES_V86_BASE, "v8086 guest bad ES.BASE", ON(GUEST_ES_BASE, 1)),
	V86("v86-cs-base", GUEST_CS_V86_BASE, "v8086 guest bad CS.BASE", ON(GUEST_CS_BASE, 1)),
	V86("v86-ss-limit", GUEST_SS_V86_LIMIT, "v8086 guest SS.LIMIT", F(GUEST_SS_LIMIT, 0xfffff)),
	V86("v86-ds-limit", GUEST_DS_V86_LIMIT, "v8086 guest DS.LIMIT", F(GUEST_DS_LIMIT, 0)),
	V86("v86-fs-ar", GUEST_FS_V86_AR, "v8086 guest FS.AR", F(GUEST_FS_AR, 0x93)),
	V86("v86-gs-ar", GUEST_GS_V86_AR, "v8086 guest GS.AR", F(GUEST_GS_AR, 0x10000)),
	CASE("tr-ti", GUEST, GUEST_TR_TI, "guest TR.TI set", ON(GUEST_TR_SELECTOR, 4)),
	CASE("ldtr-ti", GUEST, GUEST_LDTR_TI, "guest LDTR.TI set", F(GUEST_LDTR_AR, 0x82),
	     F(GUEST_LDTR_SELECTOR, 4)),
	CASE("ss-rpl", GUEST, GUEST_SS_RPL, "guest CS.RPL != SS.RPL", ON(GUEST_CS_SELECTOR, 3)),
	CASE("tr-base", GUEST, GUEST_TR_BASE, "guest TR.BASE non canonical", F(GUEST_TR_BASE, ODD)),
	CASE("fs-base", GUEST, GUEST_FS_BASE, "guest FS.BASE non canonical", F(GUEST_FS_BASE, ODD)),
	CASE("gs-base", GUEST, GUEST_GS_BASE, "guest GS.BASE non canonical", F(GUEST_GS_BASE, ODD)),
	CASE("ldtr-base", GUEST, GUEST_LDTR_BASE, "guest LDTR.BASE non canonical",
	     F(GUEST_LDTR_AR, 0x82), F(GUEST_LDTR_BASE, ODD)),
	CASE("cs-base", GUEST, GUEST_CS_BASE, "guest CS.BASE > 32 bit",
	     F(GUEST_CS_BASE, 1ULL << 32)),
	CASE("ds-base", GUEST, GUEST_DS_BASE, "guest DS.BASE > 32 bit", F(GUEST_DS_AR, 0x4093),
	     F(GUEST_DS_BASE, 1ULL << 32)),
	CASE("cs-type-data", GUEST, GUEST_CS_TYPE, "guest CS.TYPE", SWAP(GUEST_CS_AR, 0xf, 3)),
	CASE("cs-type-unaccessed", GUEST, GUEST_CS_TYPE, "guest CS.TYPE", UNRESTRICTED,
	     SWAP(GUEST_CS_AR, 0xf, 10)),
	CASE("ss-type", GUEST, GUEST_SS_TYPE, "guest SS.TYPE", COMPATIBILITY,
	     SWAP(GUEST_SS_AR, 0xf, 1)),
	CASE("ds-accessed", GUEST, GUEST_DS_ACCESSED, "guest DS not ACCESSED",
	     F(GUEST_DS_AR, 0x4092)),
	CASE("es-readable", GUEST, GUEST_ES_READABLE, "guest CODE segment ES not READABLE",
	     F(GUEST_ES_AR, 0x4099)),
	CASE("cs-s", GUEST, GUEST_CS_S, "guest CS not segment", OFF(GUEST_CS_AR, 1 << 4)),
	CASE("fs-s", GUEST, GUEST_FS_S, "guest FS not segment", F(GUEST_FS_AR, 0xc083),
	     F(GUEST_FS_LIMIT, 0xffffffff)),
	CASE("cs-dpl-data", GUEST, GUEST_CS_DPL_DATA, "unrestricted guest CS.DPL != 0",
	     UNRESTRICTED, SWAP(GUEST_CS_AR, 0xf, 3), ON(GUEST_CS_AR, 1 << 5)),
	CASE("cs-dpl-plain", GUEST, GUEST_CS_DPL_PLAIN, "CS.DPL <> SS.DPL",
	     ON(GUEST_CS_AR, 3 << 5)),
	CASE("cs-dpl-conforming", GUEST, GUEST_CS_DPL_CONFORMING, "CS.DPL > SS.DPL",
	     SWAP(GUEST_CS_AR, 0xf, 15), ON(GUEST_CS_AR, 1 << 5)),
	CASE("ss-dpl-rpl", GUEST, GUEST_SS_DPL_RPL, "guest SS.RPL <> SS.DPL",
	     ON(GUEST_CS_SELECTOR, 3), ON(GUEST_SS_SELECTOR, 3)),
	CASE("ss-dpl-0", GUEST, GUEST_SS_DPL_0, "unrestricted guest SS.DPL != 0", UNRESTRICTED,
	     SWAP(GUEST_CS_AR, 0xf, 3), ON(GUEST_SS_AR, 1 << 5)),
	CASE("gs-dpl", GUEST, GUEST_GS_DPL, "non-conforming GS.RPL < GS.DPL",
	     F(GUEST_GS_AR, 0xc093), F(GUEST_GS_LIMIT, 0xffffffff), F(GUEST_GS_SELECTOR, 3)),
	CASE("cs-p", GUEST, GUEST_CS_P, "guest CS not present", OFF(GUEST_CS_AR, 1 << 7)),
	CASE("ss-p", GUEST, GUEST_SS_P, "guest SS not present", COMPATIBILITY,
	     OFF(GUEST_SS_AR, 1 << 7)),
	CASE("cs-ar-low", GUEST, GUEST_CS_AR_LOW, "guest CS.AR/LIMIT malformed",
	     ON(GUEST_CS_AR, 1 << 9)),
	CASE("cs-db", GUEST, GUEST_CS_DB, "wrong CS.D_B/L", ON(GUEST_CS_AR, 1 << 14)),
	CASE("cs-g-set", GUEST, GUEST_CS_G, "guest CS.AR/LIMIT malformed",
	     F(GUEST_CS_LIMIT, 0xfffffffe)),
	CASE("cs-g-clear", GUEST, GUEST_CS_G, "guest CS.AR/LIMIT malformed",
	     OFF(GUEST_CS_AR, 1 << 15)),
	CASE("es-ar-high", GUEST, GUEST_ES_AR_HIGH, "guest ES.AR/LIMIT malformed",
	     F(GUEST_ES_AR, 0x2c093), F(GUEST_ES_LIMIT, 0xffffffff)),
	CASE("tr-type", GUEST, GUEST_TR_TYPE, "guest incorrect TR type", SWAP(GUEST_TR_AR, 0xf, 9)),
	CASE("tr-type-16", GUEST, GUEST_TR_TYPE, "guest incorrect TR type",
	     SWAP(GUEST_TR_AR, 0xf, 3)),
	CASE("tr-s", GUEST, GUEST_TR_S, "guest TR is not system segment", ON(GUEST_TR_AR, 1 << 4)),
	CASE("tr-p", GUEST, GUEST_TR_P, "guest TR not present", OFF(GUEST_TR_AR, 1 << 7)),
	CASE("tr-ar-low", GUEST, GUEST_TR_AR_LOW, "guest TR.AR/LIMIT malformed",
	     ON(GUEST_TR_AR, 1 << 8)),
	CASE("tr-g", GUEST, GUEST_TR_G, "guest TR.AR/LIMIT malformed", F(GUEST_TR_LIMIT, 1 << 20)),
	CASE("tr-unusable", GUEST, GUEST_TR_UNUSABLE, "guest TR invalid", ON(GUEST_TR_AR, 1 << 16)),
	CASE("ldtr-type", GUEST, GUEST_LDTR_TYPE, "guest incorrect LDTR type",
	     F(GUEST_LDTR_AR, 0x83)),
	CASE("ldtr-s", GUEST, GUEST_LDTR_S, "guest LDTR is not system segment",
	     F(GUEST_LDTR_AR, 0x92)),
	CASE("ldtr-p", GUEST, GUEST_LDTR_P, "guest LDTR not present", F(GUEST_LDTR_AR, 0x02)),
	CASE("ldtr-ar-high", GUEST, GUEST_LDTR_AR_HIGH, "guest LDTR.AR/LIMIT malformed",
	     F(GUEST_LDTR_AR, 0x20082)),

	CASE("gdtr-base", GUEST, GUEST_GDTR_BASE, "BASE non canonical", F(GUEST_GDTR_BASE, ODD)),
	CASE("idtr-base", GUEST, GUEST_IDTR_BASE, "BASE non canonical", F(GUEST_IDTR_BASE, ODD)),
	CASE("gdtr-limit", GUEST, GUEST_GDTR_LIMIT, "GDTR/IDTR limit > 0xFFFF",
	     F(GUEST_GDTR_LIMIT, 0x10000)),
	CASE("idtr-limit", GUEST, GUEST_IDTR_LIMIT, "GDTR/IDTR limit > 0xFFFF",
	     F(GUEST_IDTR_LIMIT, 0x10000)),
	CASE("rip-32", GUEST, GUEST_RIP_32, "guest RIP > 32 bit", F(GUEST_CS_AR, 0xc09b)),
	CASE("rflags-0", GUEST, GUEST_RFLAGS_0, "RFLAGS reserved bits are set",
	     ON(GUEST_RFLAGS, 1 << 15)),
	CASE("rflags-1", GUEST, GUEST_RFLAGS_1, "RFLAGS[1] cleared", OFF(GUEST_RFLAGS, 2)),
	V86("rflags-vm", GUEST_VM, "Enter to x86-64 guest with RFLAGS.VM", ENTRY(IA32E)),
	CASE("rflags-if", GUEST, GUEST_IF, "blocked when injecting external interrupt",
	     INJECT(0, 0x30)),

	CASE("activity", GUEST, ACTIVITY, "guest activity state 9", F(GUEST_ACTIVITY, 9)),
	CASE("hlt-dpl", GUEST, ACTIVITY_HLT_DPL, "HLT state with SS.DPL=3", F(GUEST_ACTIVITY, 1),
	     ON(GUEST_CS_SELECTOR, 3), ON(GUEST_SS_SELECTOR, 3), ON(GUEST_CS_AR, 3 << 5),
	     ON(GUEST_SS_AR, 3 << 5)),
	CASE("hlt-blocking", GUEST, ACTIVITY_BLOCKING, "when entering non active CPU state",
	     F(GUEST_ACTIVITY, 1), BLOCK(2)),
	CASE("shutdown-event", GUEST, ACTIVITY_SHUTDOWN_EVENT, "Only NMI or #MC guest interruption",
	     F(GUEST_ACTIVITY, 2), INJECT(3, 6)),
	CASE("sipi-event", GUEST, ACTIVITY_SIPI_EVENT, "when entering Wait-For-Sipi state",
	     F(GUEST_ACTIVITY, 3), INJECT(2, 2)),
	CASE("block-reserved", GUEST, BLOCK_RESERVED, "interruptibility state broken",
	     BLOCK(1 << 6)),
	CASE("block-both", GUEST, BLOCK_BOTH, "interruptibility state broken", BLOCK(3), IF_ON),
	CASE("block-sti-if", GUEST, BLOCK_STI_IF, "can't be blocked by STI when EFLAGS.IF = 0",
	     BLOCK(1)),
	CASE("block-intr-sti", GUEST, BLOCK_INTR, "blocked when injecting external interrupt",
	     BLOCK(1), IF_ON, INJECT(0, 0x30)),
	CASE("block-intr-mov-ss", GUEST, BLOCK_INTR, "blocked when injecting external interrupt",
	     BLOCK(2), IF_ON, INJECT(0, 0x30)),
	CASE("block-nmi-mov-ss", GUEST, BLOCK_NMI_MOV_SS, "blocked when injecting NMI", BLOCK(2),
	     INJECT(2, 2)),
	CASE("block-nmi-sti", GUEST, BLOCK_NMI_STI, "blocked when injecting NMI", BLOCK(1), IF_ON,
	     INJECT(2, 2)),
	CASE("block-smi", GUEST, BLOCK_SMI, "SMI blocked when not in SMM mode", BLOCK(4)),
	CASE("pending-reserved", GUEST, PENDING_RESERVED, "guest tmpDR6 reserved bits",
	     F(GUEST_PENDING_DEBUG, 1 << 4)),
	CASE("link-align", GUEST, LINK_ALIGN, "VMCS link pointer malformed",
	     F(VMCS_LINK_POINTER, 0x5008)),
	CASE("link-width", GUEST, LINK_WIDTH, "VMCS link pointer malformed",
	     F(VMCS_LINK_POINTER, TOO_HIGH)),
	CASE("pdpte0", GUEST, PDPTE0, "EPT Guest State PDPTRs Checks Failed", PROC2(EPT), PAE_GUEST,
	     F(GUEST_PDPTE0, 0x5003)),
	CASE("pdpte3", GUEST, PDPTE3, "EPT Guest State PDPTRs Checks Failed", PROC2(EPT), PAE_GUEST,
	     F(GUEST_PDPTE3, TOO_HIGH | 1)),
};

const unsigned int vmxcheck_nr = ARRAY_SIZE(vmxcheck_cases);
