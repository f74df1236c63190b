/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The checks that a CPU makes of a VMCS before it enters the guest, as data:
 * each with the place in the SDM and the sentence that a person needs.
 *
 * World: root, host (for its log) and KUnit; no code that touches hardware, no
 * locks.  Sections are numbered as in the editions of SDM volume 3 in which "VM
 * entries" is chapter 26; in later ones it is chapter 27 or 28, with the same
 * sections.  Not here is what cannot be told from a VMCS and the capability
 * MSRs: what stands in memory (the virtual-APIC page, the header of the VMCS
 * that the link pointer names, PDPTEs without EPT, the MSR areas) and the
 * state of the CPU that enters.  It is taken to be in IA-32e mode and outside
 * SMM.  Of registers whose reserved bits depend on CPUID, only what every CPU
 * reserves is told.
 */
#ifndef KEEL_VMX_CHECK_H
#define KEEL_VMX_CHECK_H

#include <linux/types.h>

#include "ctl.h"
#include "vmcs.h"

/* K(ID, section, sentence); the first three macros make rows that come in groups */
#define KEEL_CHECK_ADDR(K, ID, N, NAME)							\
	K(ID##_ALIGN, N, NAME " is not aligned to 4 KBytes")				\
	K(ID##_WIDTH, N, NAME " sets bits beyond the physical-address width")

#define KEEL_CHECK_AREA(K, ID, N, NAME)							\
	K(ID##_ALIGN, N, NAME " address is not aligned to 16 bytes")			\
	K(ID##_WIDTH, N, NAME " address sets bits beyond the physical-address width")	\
	K(ID##_END, N, NAME " area ends beyond the physical-address width")

#define KEEL_CHECK_WORD(K, ID, N, NAME)							\
	K(ID##_MUST, N, NAME " controls: a bit is 0 that this CPU requires to be 1")	\
	K(ID##_MAY, N, NAME " controls: a bit is 1 that this CPU does not support")

#define KEEL_CHECKS_EXEC(K, N)								\
	KEEL_CHECK_WORD(K, PIN, N, "pin-based VM-execution")				\
	KEEL_CHECK_WORD(K, PROC, N, "primary processor-based VM-execution")		\
	KEEL_CHECK_WORD(K, PROC2, N, "secondary processor-based VM-execution")		\
	K(PROC3_MAY, N, "tertiary processor-based VM-execution controls: a bit is 1 "	\
	  "that this CPU does not support")						\
	K(CR3_TARGETS, N, "CR3-target count is more than this CPU supports")		\
	KEEL_CHECK_ADDR(K, IO_BITMAP_A, N, "address of I/O bitmap A")			\
	KEEL_CHECK_ADDR(K, IO_BITMAP_B, N, "address of I/O bitmap B")			\
	KEEL_CHECK_ADDR(K, MSR_BITMAP, N, "MSR-bitmap address")				\
	KEEL_CHECK_ADDR(K, VAPIC_PAGE, N, "virtual-APIC address")			\
	K(TPR_THRESHOLD, N, "TPR threshold sets bits 31:4 without \"virtual-interrupt "	\
	  "delivery\"")									\
	K(X2APIC_NO_TPR, N, "\"virtualize x2APIC mode\" needs \"use TPR shadow\"")	\
	K(APIC_REG_NO_TPR, N, "\"APIC-register virtualization\" needs \"use TPR shadow\"") \
	K(VID_NO_TPR, N, "\"virtual-interrupt delivery\" needs \"use TPR shadow\"")	\
	K(VNMI_NO_NMI, N, "\"virtual NMIs\" needs \"NMI exiting\"")			\
	K(NMI_WINDOW_NO_VNMI, N, "\"NMI-window exiting\" needs \"virtual NMIs\"")	\
	KEEL_CHECK_ADDR(K, APIC_ACCESS, N, "APIC-access address")			\
	K(X2APIC_ACCESSES, N, "\"virtualize x2APIC mode\" excludes \"virtualize APIC "	\
	  "accesses\"")									\
	K(VID_NO_EXT_INTR, N, "\"virtual-interrupt delivery\" needs "			\
	  "\"external-interrupt exiting\"")						\
	K(POSTED_NO_VID, N, "\"process posted interrupts\" needs "			\
	  "\"virtual-interrupt delivery\"")						\
	K(POSTED_NO_ACK, N, "\"process posted interrupts\" needs "			\
	  "\"acknowledge interrupt on exit\"")						\
	K(POSTED_VECTOR, N, "posted-interrupt notification vector is above 255")	\
	K(POSTED_DESC_ALIGN, N, "posted-interrupt descriptor address is not aligned "	\
	  "to 64 bytes")								\
	K(POSTED_DESC_WIDTH, N, "posted-interrupt descriptor address sets bits beyond "	\
	  "the physical-address width")							\
	K(VPID_ZERO, N, "VPID is 0 with \"enable VPID\"")				\
	K(EPTP_MEMTYPE, N, "EPTP bits 2:0 are not a memory type that this CPU supports") \
	K(EPTP_WALK, N, "EPTP bits 5:3 are not a page-walk length that this CPU supports") \
	K(EPTP_AD, N, "EPTP bit 6 enables accessed and dirty flags that this CPU lacks") \
	K(EPTP_SSS, N, "EPTP bit 7 enables supervisor shadow-stack control that this CPU " \
	  "lacks")									\
	K(EPTP_RESERVED, N, "EPTP bits 11:8 are not 0")					\
	K(EPTP_WIDTH, N, "EPTP sets bits beyond the physical-address width")		\
	K(PML_NO_EPT, N, "\"enable PML\" needs \"enable EPT\"")				\
	KEEL_CHECK_ADDR(K, PML, N, "PML address")					\
	K(UNRESTRICTED_NO_EPT, N, "\"unrestricted guest\" needs \"enable EPT\"")	\
	K(MBEC_NO_EPT, N, "\"mode-based execute control for EPT\" needs \"enable EPT\"") \
	K(SPP_NO_EPT, N, "\"sub-page write permissions for EPT\" needs \"enable EPT\"")	\
	KEEL_CHECK_ADDR(K, SPPT, N, "sub-page-permission-table pointer")		\
	K(VMFUNC_RESERVED, N, "VM-function controls: a bit is 1 that this CPU does not "	\
	  "support")									\
	K(EPTP_SWITCH_NO_EPT, N, "\"EPTP switching\" needs \"enable EPT\"")		\
	KEEL_CHECK_ADDR(K, EPTP_LIST, N, "EPTP-list address")				\
	KEEL_CHECK_ADDR(K, VMREAD_BITMAP, N, "VMREAD-bitmap address")			\
	KEEL_CHECK_ADDR(K, VMWRITE_BITMAP, N, "VMWRITE-bitmap address")			\
	KEEL_CHECK_ADDR(K, VE_INFO, N, "virtualization-exception information address")	\
	K(PT_GPA_NO_EPT, N, "\"Intel PT uses guest physical addresses\" needs "		\
	  "\"enable EPT\"")								\
	K(PT_GPA_NO_LOAD, N, "\"Intel PT uses guest physical addresses\" needs "	\
	  "\"load IA32_RTIT_CTL\"")							\
	K(PT_GPA_NO_CLEAR, N, "\"Intel PT uses guest physical addresses\" needs "	\
	  "\"clear IA32_RTIT_CTL\"")							\
	K(TSC_MULTIPLIER, N, "TSC multiplier is 0 with \"use TSC scaling\"")		\
	K(HLAT_NO_EPT, N, "\"enable HLAT\" needs \"enable EPT\"")			\
	K(PAGING_WRITE_NO_EPT, N, "\"EPT paging-write control\" needs \"enable EPT\"")	\
	K(GUEST_PAGING_NO_EPT, N, "\"guest-paging verification\" needs \"enable EPT\"")	\
	K(IPI_VIRT_NO_TPR, N, "\"IPI virtualization\" needs \"use TPR shadow\"")

#define KEEL_CHECKS_EXIT(K, N)								\
	KEEL_CHECK_WORD(K, EXIT, N, "VM-exit")						\
	K(EXIT2_MAY, N, "secondary VM-exit controls: a bit is 1 that this CPU does not "	\
	  "support")									\
	K(SAVE_TIMER, N, "\"save VMX-preemption timer value\" needs "			\
	  "\"activate VMX-preemption timer\"")						\
	KEEL_CHECK_AREA(K, EXIT_STORE, N, "VM-exit MSR-store")				\
	KEEL_CHECK_AREA(K, EXIT_LOAD, N, "VM-exit MSR-load")

#define KEEL_CHECKS_ENTRY(K, N)								\
	KEEL_CHECK_WORD(K, ENTRY, N, "VM-entry")					\
	K(EVENT_TYPE, N, "VM-entry interruption information: the interruption type is "	\
	  "reserved")									\
	K(EVENT_NMI, N, "VM-entry interruption information: an NMI whose vector is not 2") \
	K(EVENT_EXCEPTION, N, "VM-entry interruption information: a hardware exception "	\
	  "whose vector is above 31")							\
	K(EVENT_OTHER, N, "VM-entry interruption information: an \"other event\" whose "	\
	  "vector is not 0")								\
	K(EVENT_CODE_SET, N, "VM-entry interruption information: deliver-error-code is 1 " \
	  "for an event that has no error code")					\
	K(EVENT_CODE_CLEAR, N, "VM-entry interruption information: deliver-error-code is " \
	  "0 for an exception that has an error code")					\
	K(EVENT_RESERVED, N, "VM-entry interruption information: bits 30:12 are not 0")	\
	K(EVENT_ERROR_CODE, N, "VM-entry exception error code: bits 31:16 are not 0")	\
	K(EVENT_LENGTH, N, "VM-entry instruction length is above 15")			\
	K(EVENT_LENGTH_ZERO, N, "VM-entry instruction length is 0, which this CPU does "	\
	  "not support")								\
	KEEL_CHECK_AREA(K, ENTRY_LOAD, N, "VM-entry MSR-load")				\
	K(SMM_OUTSIDE, N, "\"entry to SMM\" is 1 outside SMM")				\
	K(DUAL_OUTSIDE, N, "\"deactivate dual-monitor treatment\" is 1 outside SMM")	\
	K(SMM_AND_DUAL, N, "\"entry to SMM\" excludes \"deactivate dual-monitor treatment\"")

#define KEEL_CHECKS_HOST_REGS(K, N)							\
	K(HOST_CR0_0, N, "host CR0: a bit is 0 that VMX operation requires to be 1")	\
	K(HOST_CR0_1, N, "host CR0: a bit is 1 that VMX operation requires to be 0")	\
	K(HOST_CR4_0, N, "host CR4: a bit is 0 that VMX operation requires to be 1")	\
	K(HOST_CR4_1, N, "host CR4: a bit is 1 that VMX operation requires to be 0")	\
	K(HOST_CET_WP, N, "host CR4.CET is 1 with CR0.WP 0")				\
	K(HOST_CR3, N, "host CR3 sets bits beyond the physical-address width")		\
	K(HOST_SYSENTER_ESP, N, "host IA32_SYSENTER_ESP is not canonical")		\
	K(HOST_SYSENTER_EIP, N, "host IA32_SYSENTER_EIP is not canonical")		\
	K(HOST_S_CET_RESERVED, N, "host IA32_S_CET: a reserved bit is 1, or SUPPRESS and " \
	  "TRACKER both are")								\
	K(HOST_S_CET, N, "host IA32_S_CET is not canonical, or above 32 bits for a 32-bit " \
	  "host")									\
	K(HOST_SSP_TABLE, N, "host IA32_INTERRUPT_SSP_TABLE_ADDR is not canonical")	\
	K(HOST_SSP_ALIGN, N, "host SSP: bits 1:0 are not 0")				\
	K(HOST_SSP, N, "host SSP is not canonical, or above 32 bits for a 32-bit host")	\
	K(HOST_PERF, N, "host IA32_PERF_GLOBAL_CTRL: a reserved bit is 1")		\
	K(HOST_PAT, N, "host IA32_PAT: a byte is not a memory type")			\
	K(HOST_EFER_RESERVED, N, "host IA32_EFER: a reserved bit is 1")			\
	K(HOST_EFER_LMA, N, "host IA32_EFER.LMA differs from \"host address-space size\"") \
	K(HOST_EFER_LME, N, "host IA32_EFER.LME differs from \"host address-space size\"") \
	K(HOST_PKRS, N, "host IA32_PKRS: bits 63:32 are not 0")

#define KEEL_CHECK_HOST_SEL(K, N, SEG)							\
	K(HOST_##SEG##_SEL, N, "host " #SEG " selector: RPL or TI is not 0")

#define KEEL_CHECKS_HOST_SEGS(K, N)							\
	KEEL_CHECK_HOST_SEL(K, N, ES)							\
	KEEL_CHECK_HOST_SEL(K, N, CS)							\
	KEEL_CHECK_HOST_SEL(K, N, SS)							\
	KEEL_CHECK_HOST_SEL(K, N, DS)							\
	KEEL_CHECK_HOST_SEL(K, N, FS)							\
	KEEL_CHECK_HOST_SEL(K, N, GS)							\
	KEEL_CHECK_HOST_SEL(K, N, TR)							\
	K(HOST_CS_NULL, N, "host CS selector is 0")					\
	K(HOST_TR_NULL, N, "host TR selector is 0")					\
	K(HOST_SS_NULL, N, "host SS selector is 0 for a 32-bit host")			\
	K(HOST_FS_BASE, N, "host FS base is not canonical")				\
	K(HOST_GS_BASE, N, "host GS base is not canonical")				\
	K(HOST_TR_BASE, N, "host TR base is not canonical")				\
	K(HOST_GDTR_BASE, N, "host GDTR base is not canonical")				\
	K(HOST_IDTR_BASE, N, "host IDTR base is not canonical")

#define KEEL_CHECKS_HOST_SIZE(K, N)							\
	K(HOST_NOT_64, N, "\"host address-space size\" is 0 on a CPU in IA-32e mode")	\
	K(HOST_32_GUEST_64, N, "\"IA-32e mode guest\" needs \"host address-space size\"") \
	K(HOST_32_PCIDE, N, "host CR4.PCIDE is 1 for a 32-bit host")			\
	K(HOST_32_RIP, N, "host RIP: bits 63:32 are not 0 for a 32-bit host")		\
	K(HOST_64_PAE, N, "host CR4.PAE is 0 for a 64-bit host")			\
	K(HOST_64_RIP, N, "host RIP is not canonical")

#define KEEL_CHECKS_GUEST_REGS(K, N)							\
	K(GUEST_CR0_0, N, "guest CR0: a bit is 0 that VMX operation requires to be 1")	\
	K(GUEST_CR0_1, N, "guest CR0: a bit is 1 that VMX operation requires to be 0")	\
	K(GUEST_PG_PE, N, "guest CR0.PG is 1 with CR0.PE 0")				\
	K(GUEST_CR4_0, N, "guest CR4: a bit is 0 that VMX operation requires to be 1")	\
	K(GUEST_CR4_1, N, "guest CR4: a bit is 1 that VMX operation requires to be 0")	\
	K(GUEST_CET_WP, N, "guest CR4.CET is 1 with CR0.WP 0")				\
	K(GUEST_DEBUGCTL, N, "guest IA32_DEBUGCTL: a reserved bit is 1")		\
	K(GUEST_64_PG, N, "guest CR0.PG is 0 with \"IA-32e mode guest\"")		\
	K(GUEST_64_PAE, N, "guest CR4.PAE is 0 with \"IA-32e mode guest\"")		\
	K(GUEST_32_PCIDE, N, "guest CR4.PCIDE is 1 without \"IA-32e mode guest\"")	\
	K(GUEST_CR3, N, "guest CR3 sets bits beyond the physical-address width")	\
	K(GUEST_DR7, N, "guest DR7: bits 63:32 are not 0")				\
	K(GUEST_SYSENTER_ESP, N, "guest IA32_SYSENTER_ESP is not canonical")		\
	K(GUEST_SYSENTER_EIP, N, "guest IA32_SYSENTER_EIP is not canonical")		\
	K(GUEST_S_CET_RESERVED, N, "guest IA32_S_CET: a reserved bit is 1, or SUPPRESS "	\
	  "and TRACKER both are")							\
	K(GUEST_S_CET, N, "guest IA32_S_CET is not canonical")				\
	K(GUEST_SSP_TABLE, N, "guest IA32_INTERRUPT_SSP_TABLE_ADDR is not canonical")	\
	K(GUEST_PERF, N, "guest IA32_PERF_GLOBAL_CTRL: a reserved bit is 1")		\
	K(GUEST_PAT, N, "guest IA32_PAT: a byte is not a memory type")			\
	K(GUEST_EFER_RESERVED, N, "guest IA32_EFER: a reserved bit is 1")		\
	K(GUEST_EFER_LMA, N, "guest IA32_EFER.LMA differs from \"IA-32e mode guest\"")	\
	K(GUEST_EFER_LME, N, "guest IA32_EFER.LME differs from LMA with CR0.PG 1")	\
	K(GUEST_BNDCFGS_RESERVED, N, "guest IA32_BNDCFGS: bits 11:2 are not 0")		\
	K(GUEST_BNDCFGS, N, "guest IA32_BNDCFGS: the linear address is not canonical")	\
	K(GUEST_RTIT_CTL, N, "guest IA32_RTIT_CTL: a reserved bit is 1")		\
	K(GUEST_LBR_CTL, N, "guest IA32_LBR_CTL: a reserved bit is 1")			\
	K(GUEST_PKRS, N, "guest IA32_PKRS: bits 63:32 are not 0")

/* a row for each of the six segment registers, in the order of their fields */
#define KEEL_CHECK_SEG6(K, ID, N, TEXT)							\
	K(GUEST_ES_##ID, N, "guest ES " TEXT)						\
	K(GUEST_CS_##ID, N, "guest CS " TEXT)						\
	K(GUEST_SS_##ID, N, "guest SS " TEXT)						\
	K(GUEST_DS_##ID, N, "guest DS " TEXT)						\
	K(GUEST_FS_##ID, N, "guest FS " TEXT)						\
	K(GUEST_GS_##ID, N, "guest GS " TEXT)

/* the same for DS, ES, FS and GS */
#define KEEL_CHECK_DATA4(K, ID, N, TEXT)						\
	K(GUEST_ES_##ID, N, "guest ES " TEXT)						\
	K(GUEST_DS_##ID, N, "guest DS " TEXT)						\
	K(GUEST_FS_##ID, N, "guest FS " TEXT)						\
	K(GUEST_GS_##ID, N, "guest GS " TEXT)

#define KEEL_CHECKS_GUEST_SEGS(K, N)							\
	K(GUEST_TR_TI, N, "guest TR selector: TI is 1")					\
	K(GUEST_LDTR_TI, N, "guest LDTR selector: TI is 1")				\
	K(GUEST_SS_RPL, N, "guest SS selector: RPL differs from that of CS")		\
	KEEL_CHECK_SEG6(K, V86_BASE, N, "base is not the selector times 16 in "		\
			"virtual-8086 mode")						\
	K(GUEST_TR_BASE, N, "guest TR base is not canonical")				\
	K(GUEST_FS_BASE, N, "guest FS base is not canonical")				\
	K(GUEST_GS_BASE, N, "guest GS base is not canonical")				\
	K(GUEST_LDTR_BASE, N, "guest LDTR base is not canonical")			\
	K(GUEST_CS_BASE, N, "guest CS base: bits 63:32 are not 0")			\
	K(GUEST_SS_BASE, N, "guest SS base: bits 63:32 are not 0")			\
	K(GUEST_DS_BASE, N, "guest DS base: bits 63:32 are not 0")			\
	K(GUEST_ES_BASE, N, "guest ES base: bits 63:32 are not 0")			\
	KEEL_CHECK_SEG6(K, V86_LIMIT, N, "limit is not 0xffff in virtual-8086 mode")	\
	KEEL_CHECK_SEG6(K, V86_AR, N, "access rights are not 0xf3 in virtual-8086 mode") \
	K(GUEST_CS_TYPE, N, "guest CS access rights: the type is not one of 9, 11, 13, 15 " \
	  "(or 3 with \"unrestricted guest\")")						\
	K(GUEST_SS_TYPE, N, "guest SS access rights: the type is neither 3 nor 7")	\
	KEEL_CHECK_DATA4(K, ACCESSED, N, "access rights: the type is not \"accessed\"")	\
	KEEL_CHECK_DATA4(K, READABLE, N, "access rights: the type is code that cannot be " \
			 "read")							\
	KEEL_CHECK_SEG6(K, S, N, "access rights: S (bit 4) is 0")			\
	K(GUEST_CS_DPL_DATA, N, "guest CS access rights: DPL is not 0 with type 3")	\
	K(GUEST_CS_DPL_PLAIN, N, "guest CS access rights: DPL of nonconforming code "	\
	  "differs from the DPL of SS")							\
	K(GUEST_CS_DPL_CONFORMING, N, "guest CS access rights: DPL of conforming code is " \
	  "above the DPL of SS")							\
	K(GUEST_SS_DPL_RPL, N, "guest SS access rights: DPL differs from the selector's "	\
	  "RPL without \"unrestricted guest\"")						\
	K(GUEST_SS_DPL_0, N, "guest SS access rights: DPL is not 0 with CR0.PE 0 or CS "	\
	  "type 3")									\
	KEEL_CHECK_DATA4(K, DPL, N, "access rights: DPL is below the selector's RPL")	\
	KEEL_CHECK_SEG6(K, P, N, "access rights: P (bit 7) is 0")			\
	KEEL_CHECK_SEG6(K, AR_LOW, N, "access rights: bits 11:8 are not 0")		\
	K(GUEST_CS_DB, N, "guest CS access rights: D/B is 1 with L 1 and \"IA-32e mode "	\
	  "guest\"")									\
	KEEL_CHECK_SEG6(K, G, N, "access rights: G does not fit the limit")		\
	KEEL_CHECK_SEG6(K, AR_HIGH, N, "access rights: bits 31:17 are not 0")		\
	K(GUEST_TR_TYPE, N, "guest TR access rights: the type is not 11 (nor 3 without "	\
	  "\"IA-32e mode guest\")")							\
	KEEL_CHECK_SYS(K, TR, N)							\
	K(GUEST_TR_UNUSABLE, N, "guest TR access rights: TR is unusable")		\
	K(GUEST_LDTR_TYPE, N, "guest LDTR access rights: the type is not 2")		\
	KEEL_CHECK_SYS(K, LDTR, N)

/* what TR and LDTR have in common with the others, in the same order */
#define KEEL_CHECK_SYS(K, SEG, N)							\
	K(GUEST_##SEG##_S, N, "guest " #SEG " access rights: S (bit 4) is 1")		\
	K(GUEST_##SEG##_P, N, "guest " #SEG " access rights: P (bit 7) is 0")		\
	K(GUEST_##SEG##_AR_LOW, N, "guest " #SEG " access rights: bits 11:8 are not 0")	\
	K(GUEST_##SEG##_G, N, "guest " #SEG " access rights: G does not fit the limit")	\
	K(GUEST_##SEG##_AR_HIGH, N, "guest " #SEG " access rights: bits 31:17 are not 0")

#define KEEL_CHECKS_GUEST_TABLES(K, N)							\
	K(GUEST_GDTR_BASE, N, "guest GDTR base is not canonical")			\
	K(GUEST_IDTR_BASE, N, "guest IDTR base is not canonical")			\
	K(GUEST_GDTR_LIMIT, N, "guest GDTR limit: bits 31:16 are not 0")		\
	K(GUEST_IDTR_LIMIT, N, "guest IDTR limit: bits 31:16 are not 0")

#define KEEL_CHECKS_GUEST_RIP(K, N)							\
	K(GUEST_RIP_32, N, "guest RIP: bits 63:32 are not 0 outside 64-bit mode")	\
	K(GUEST_RIP_64, N, "guest RIP: the bits beyond the linear-address width differ")	\
	K(GUEST_RFLAGS_0, N, "guest RFLAGS: a reserved bit (63:22, 15, 5 or 3) is 1")	\
	K(GUEST_RFLAGS_1, N, "guest RFLAGS: bit 1 is 0")				\
	K(GUEST_VM, N, "guest RFLAGS.VM is 1 with \"IA-32e mode guest\" or CR0.PE 0")	\
	K(GUEST_IF, N, "guest RFLAGS.IF is 0 where an external interrupt is injected")	\
	K(GUEST_SSP_ALIGN, N, "guest SSP: bits 1:0 are not 0")				\
	K(GUEST_SSP, N, "guest SSP: the bits beyond the linear-address width differ")

#define KEEL_CHECKS_GUEST_STATE(K, N)							\
	K(ACTIVITY, N, "activity state is not one that this CPU supports")		\
	K(ACTIVITY_HLT_DPL, N, "activity state is HLT with the DPL of SS not 0")	\
	K(ACTIVITY_BLOCKING, N, "activity state is not active with blocking by STI or by "	\
	  "MOV SS")									\
	K(ACTIVITY_HLT_EVENT, N, "activity state is HLT and the injected event cannot end " \
	  "it")										\
	K(ACTIVITY_SHUTDOWN_EVENT, N, "activity state is shutdown and the injected event "	\
	  "is neither NMI nor #MC")							\
	K(ACTIVITY_SIPI_EVENT, N, "activity state is wait-for-SIPI and an event is injected") \
	K(ACTIVITY_SIPI_SMM, N, "activity state is wait-for-SIPI with \"entry to SMM\"") \
	K(BLOCK_RESERVED, N, "interruptibility state: bits 31:5 are not 0")		\
	K(BLOCK_BOTH, N, "interruptibility state: blocking by STI and by MOV SS at once") \
	K(BLOCK_STI_IF, N, "interruptibility state: blocking by STI with RFLAGS.IF 0")	\
	K(BLOCK_INTR, N, "interruptibility state: blocking by STI or by MOV SS where an "	\
	  "external interrupt is injected")						\
	K(BLOCK_NMI_MOV_SS, N, "interruptibility state: blocking by MOV SS where an NMI is " \
	  "injected")									\
	K(BLOCK_SMI, N, "interruptibility state: blocking by SMI outside SMM")		\
	K(BLOCK_SMI_ENTRY, N, "interruptibility state: no blocking by SMI with \"entry to " \
	  "SMM\"")									\
	K(BLOCK_NMI_STI, N, "interruptibility state: blocking by STI where an NMI is "	\
	  "injected (some CPUs refuse this)")						\
	K(BLOCK_NMI_NMI, N, "interruptibility state: blocking by NMI where a virtual NMI "	\
	  "is injected")								\
	K(BLOCK_ENCLAVE, N, "interruptibility state: enclave interruption with blocking by " \
	  "MOV SS")									\
	K(PENDING_RESERVED, N, "pending debug exceptions: a reserved bit is 1")		\
	K(PENDING_BS_CLEAR, N, "pending debug exceptions: BS is 0 though RFLAGS.TF is 1 "	\
	  "and IA32_DEBUGCTL.BTF is 0")							\
	K(PENDING_BS_SET, N, "pending debug exceptions: BS is 1 though RFLAGS.TF is 0 or "	\
	  "IA32_DEBUGCTL.BTF is 1")							\
	K(PENDING_RTM, N, "pending debug exceptions: RTM is 1 with other bits than bit 12, " \
	  "or without it")								\
	K(PENDING_RTM_MOV_SS, N, "pending debug exceptions: RTM is 1 with blocking by MOV SS") \
	KEEL_CHECK_ADDR(K, LINK, N, "VMCS link pointer")

#define KEEL_CHECKS_GUEST_PDPTES(K, N)							\
	K(PDPTE0, N, "guest PDPTE0: a reserved bit is 1")				\
	K(PDPTE1, N, "guest PDPTE1: a reserved bit is 1")				\
	K(PDPTE2, N, "guest PDPTE2: a reserved bit is 1")				\
	K(PDPTE3, N, "guest PDPTE3: a reserved bit is 1")

#define KEEL_VMX_CHECKS(K)				\
	KEEL_CHECKS_EXEC(K, "26.2.1.1")			\
	KEEL_CHECKS_EXIT(K, "26.2.1.2")			\
	KEEL_CHECKS_ENTRY(K, "26.2.1.3")		\
	KEEL_CHECKS_HOST_REGS(K, "26.2.2")		\
	KEEL_CHECKS_HOST_SEGS(K, "26.2.3")		\
	KEEL_CHECKS_HOST_SIZE(K, "26.2.4")		\
	KEEL_CHECKS_GUEST_REGS(K, "26.3.1.1")		\
	KEEL_CHECKS_GUEST_SEGS(K, "26.3.1.2")		\
	KEEL_CHECKS_GUEST_TABLES(K, "26.3.1.3")		\
	KEEL_CHECKS_GUEST_RIP(K, "26.3.1.4")		\
	KEEL_CHECKS_GUEST_STATE(K, "26.3.1.5")		\
	KEEL_CHECKS_GUEST_PDPTES(K, "26.3.1.6")

#define KEEL_K(id, section, text) KEEL_CHECK_##id,
enum keel_vmx_check { KEEL_VMX_CHECKS(KEEL_K) KEEL_CHECK_NR };
#undef KEEL_K

/**
 * struct keel_vmx_verdict - the checks that a VMCS violates
 * @bad: one bit a check, by enum keel_vmx_check; that order is the SDM's
 */
struct keel_vmx_verdict {
	u64 bad[(KEEL_CHECK_NR + 63) / 64];
};

/**
 * keel_verdict_has() - is a check violated?
 * @v: the verdict
 * @id: enum keel_vmx_check
 *
 * Return: true when it is.
 */
static inline bool keel_verdict_has(const struct keel_vmx_verdict *v, unsigned int id)
{
	return v->bad[id / 64] >> (id % 64) & 1;
}

unsigned int keel_vmcs_check(const struct keel_vmcs_image *img, const struct keel_vmx_caps *caps,
			     struct keel_vmx_verdict *v);
const char *keel_check_name(unsigned int id);
const char *keel_check_section(unsigned int id);
const char *keel_check_text(unsigned int id);

#endif /* KEEL_VMX_CHECK_H */
