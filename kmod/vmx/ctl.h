/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control bits of a VMCS, declared once, and what a CPU allows of them
 * (SDM 24.6 to 24.8, appendix A).
 *
 * World: root, host and KUnit; no code that touches hardware, no locks.  Each
 * list is C(NAME, bit, text): it gives the mask KEEL_<WORD>_NAME and the name
 * that refusals are told with.
 */
#ifndef KEEL_VMX_CTL_H
#define KEEL_VMX_CTL_H

#include <linux/bits.h>
#include <linux/types.h>

#define KEEL_PIN_BITS(C)					\
	C(PIN, EXT_INTR, 0, "external-interrupt exiting")	\
	C(PIN, NMI, 3, "NMI exiting")				\
	C(PIN, VNMI, 5, "virtual NMIs")				\
	C(PIN, PREEMPTION_TIMER, 6, "VMX-preemption timer")	\
	C(PIN, POSTED_INTR, 7, "posted interrupts")

#define KEEL_PROC_BITS(C)					\
	C(PROC, INTR_WINDOW, 2, "interrupt-window exiting")	\
	C(PROC, TSC_OFFSET, 3, "TSC offsetting")		\
	C(PROC, HLT, 7, "HLT exiting")				\
	C(PROC, INVLPG, 9, "INVLPG exiting")			\
	C(PROC, MWAIT, 10, "MWAIT exiting")			\
	C(PROC, RDPMC, 11, "RDPMC exiting")			\
	C(PROC, RDTSC, 12, "RDTSC exiting")			\
	C(PROC, CR3_LOAD, 15, "CR3-load exiting")		\
	C(PROC, CR3_STORE, 16, "CR3-store exiting")		\
	C(PROC, TERTIARY, 17, "tertiary controls")		\
	C(PROC, CR8_LOAD, 19, "CR8-load exiting")		\
	C(PROC, CR8_STORE, 20, "CR8-store exiting")		\
	C(PROC, TPR_SHADOW, 21, "TPR shadow")			\
	C(PROC, NMI_WINDOW, 22, "NMI-window exiting")		\
	C(PROC, MOV_DR, 23, "MOV-DR exiting")			\
	C(PROC, UNCOND_IO, 24, "unconditional I/O exiting")	\
	C(PROC, IO_BITMAPS, 25, "I/O bitmaps")			\
	C(PROC, MTF, 27, "monitor trap flag")			\
	C(PROC, MSR_BITMAPS, 28, "MSR bitmaps")			\
	C(PROC, MONITOR, 29, "MONITOR exiting")			\
	C(PROC, PAUSE, 30, "PAUSE exiting")			\
	C(PROC, SECONDARY, 31, "secondary controls")

#define KEEL_PROC2_BITS(C)					\
	C(PROC2, APIC_ACCESS, 0, "virtualize APIC accesses")	\
	C(PROC2, EPT, 1, "EPT")					\
	C(PROC2, DESC_TABLE, 2, "descriptor-table exiting")	\
	C(PROC2, RDTSCP, 3, "RDTSCP")				\
	C(PROC2, X2APIC, 4, "virtualize x2APIC mode")		\
	C(PROC2, VPID, 5, "VPID")				\
	C(PROC2, WBINVD, 6, "WBINVD exiting")			\
	C(PROC2, UNRESTRICTED, 7, "unrestricted guest")		\
	C(PROC2, APIC_REGISTER, 8, "APIC-register virtualization") \
	C(PROC2, VIRT_INTR, 9, "virtual-interrupt delivery")	\
	C(PROC2, PLE, 10, "PAUSE-loop exiting")			\
	C(PROC2, RDRAND, 11, "RDRAND exiting")			\
	C(PROC2, INVPCID, 12, "INVPCID")			\
	C(PROC2, VMFUNC, 13, "VM functions")			\
	C(PROC2, SHADOW_VMCS, 14, "VMCS shadowing")		\
	C(PROC2, ENCLS, 15, "ENCLS exiting")			\
	C(PROC2, RDSEED, 16, "RDSEED exiting")			\
	C(PROC2, PML, 17, "page-modification log")		\
	C(PROC2, EPT_VE, 18, "EPT-violation #VE")		\
	C(PROC2, PT_CONCEAL, 19, "conceal VMX from PT")		\
	C(PROC2, XSAVES, 20, "XSAVES")				\
	C(PROC2, PASID, 21, "PASID translation")		\
	C(PROC2, MBEC, 22, "mode-based execute control")	\
	C(PROC2, SPP, 23, "sub-page write permission")		\
	C(PROC2, PT_GPA, 24, "PT uses guest physical addresses") \
	C(PROC2, TSC_SCALING, 25, "TSC scaling")		\
	C(PROC2, USER_WAIT, 26, "user wait and pause")		\
	C(PROC2, PCONFIG, 27, "PCONFIG")			\
	C(PROC2, ENCLV, 28, "ENCLV exiting")			\
	C(PROC2, BUS_LOCK, 30, "VMM bus-lock detection")	\
	C(PROC2, INSTR_TIMEOUT, 31, "instruction timeout")

#define KEEL_PROC3_BITS(C)					\
	C(PROC3, LOADIWKEY, 0, "LOADIWKEY exiting")		\
	C(PROC3, HLAT, 1, "HLAT")				\
	C(PROC3, PAGING_WRITE, 2, "EPT paging-write control")	\
	C(PROC3, GUEST_PAGING, 3, "guest-paging verification")	\
	C(PROC3, IPI_VIRT, 4, "IPI virtualization")		\
	C(PROC3, MSR_LIST, 6, "RDMSRLIST and WRMSRLIST")	\
	C(PROC3, VIRT_SPEC_CTRL, 7, "virtualize IA32_SPEC_CTRL")

#define KEEL_EXIT_BITS(C)					\
	C(EXIT, SAVE_DEBUG, 2, "save debug controls")		\
	C(EXIT, HOST_64, 9, "host address-space size")		\
	C(EXIT, LOAD_PERF, 12, "load IA32_PERF_GLOBAL_CTRL")	\
	C(EXIT, ACK_INTR, 15, "acknowledge interrupt on exit")	\
	C(EXIT, SAVE_PAT, 18, "save IA32_PAT")			\
	C(EXIT, LOAD_PAT, 19, "load IA32_PAT")			\
	C(EXIT, SAVE_EFER, 20, "save IA32_EFER")		\
	C(EXIT, LOAD_EFER, 21, "load IA32_EFER")		\
	C(EXIT, SAVE_TIMER, 22, "save VMX-preemption timer")	\
	C(EXIT, CLEAR_BNDCFGS, 23, "clear IA32_BNDCFGS")	\
	C(EXIT, PT_CONCEAL, 24, "conceal VM exits from PT")	\
	C(EXIT, CLEAR_RTIT, 25, "clear IA32_RTIT_CTL")		\
	C(EXIT, CLEAR_LBR, 26, "clear IA32_LBR_CTL")		\
	C(EXIT, CLEAR_UINV, 27, "clear UINV")			\
	C(EXIT, LOAD_CET, 28, "load CET state")			\
	C(EXIT, LOAD_PKRS, 29, "load PKRS")			\
	C(EXIT, SAVE_PERF, 30, "save IA32_PERF_GLOBAL_CTRL")	\
	C(EXIT, SECONDARY, 31, "secondary VM-exit controls")

#define KEEL_ENTRY_BITS(C)					\
	C(ENTRY, LOAD_DEBUG, 2, "load debug controls")		\
	C(ENTRY, IA32E, 9, "IA-32e mode guest")			\
	C(ENTRY, SMM, 10, "entry to SMM")			\
	C(ENTRY, DEACT_DUAL, 11, "deactivate dual-monitor treatment") \
	C(ENTRY, LOAD_PERF, 13, "load IA32_PERF_GLOBAL_CTRL")	\
	C(ENTRY, LOAD_PAT, 14, "load IA32_PAT")			\
	C(ENTRY, LOAD_EFER, 15, "load IA32_EFER")		\
	C(ENTRY, LOAD_BNDCFGS, 16, "load IA32_BNDCFGS")		\
	C(ENTRY, PT_CONCEAL, 17, "conceal VM entries from PT")	\
	C(ENTRY, LOAD_RTIT, 18, "load IA32_RTIT_CTL")		\
	C(ENTRY, LOAD_UINV, 19, "load UINV")			\
	C(ENTRY, LOAD_CET, 20, "load CET state")		\
	C(ENTRY, LOAD_LBR, 21, "load guest IA32_LBR_CTL")	\
	C(ENTRY, LOAD_PKRS, 22, "load PKRS")

#define KEEL_CTL_WORDS(W)					\
	W(PIN, "pin-based")					\
	W(PROC, "primary processor-based")			\
	W(PROC2, "secondary processor-based")			\
	W(PROC3, "tertiary processor-based")			\
	W(EXIT, "VM-exit")					\
	W(ENTRY, "VM-entry")

#define KEEL_CTL_BITS(C)					\
	KEEL_PIN_BITS(C) KEEL_PROC_BITS(C) KEEL_PROC2_BITS(C)	\
	KEEL_PROC3_BITS(C) KEEL_EXIT_BITS(C) KEEL_ENTRY_BITS(C)

#define KEEL_W(word, text) KEEL_CTL_##word,
enum keel_ctl_word { KEEL_CTL_WORDS(KEEL_W) KEEL_CTL_NR };
#undef KEEL_W

#define KEEL_C(word, name, bit, text) KEEL_##word##_##name = 1U << (bit),
enum keel_ctl_pin { KEEL_PIN_BITS(KEEL_C) };
enum keel_ctl_proc { KEEL_PROC_BITS(KEEL_C) };
enum keel_ctl_proc2 { KEEL_PROC2_BITS(KEEL_C) };
enum keel_ctl_proc3 { KEEL_PROC3_BITS(KEEL_C) };
enum keel_ctl_exit { KEEL_EXIT_BITS(KEEL_C) };
enum keel_ctl_entry { KEEL_ENTRY_BITS(KEEL_C) };
#undef KEEL_C

/**
 * struct keel_ctl_cap - what a CPU allows in one word of controls
 * @must: bits that have to be 1 (the "allowed 0-settings")
 * @may: bits that can be 1 (the "allowed 1-settings")
 */
struct keel_ctl_cap {
	u64 must;
	u64 may;
};

/**
 * struct keel_vmx_caps - the capability MSRs of a CPU, and what else checks need
 * @basic: IA32_VMX_BASIC
 * @misc: IA32_VMX_MISC
 * @ept_vpid: IA32_VMX_EPT_VPID_CAP, 0 where the CPU has no such MSR
 * @vmfunc: IA32_VMX_VMFUNC, 0 where the CPU has no such MSR
 * @cr0_fixed0: CR0 bits that have to be 1 in VMX operation
 * @cr0_fixed1: CR0 bits that can be 1
 * @cr4_fixed0: CR4 bits that have to be 1
 * @cr4_fixed1: CR4 bits that can be 1
 * @ctl: the words of controls, the "true" MSRs where the CPU has them
 * @exit2_may: secondary VM-exit controls that can be 1
 * @phys_bits: width of a physical address (CPUID 0x80000008)
 * @linear_bits: the most that a linear address can have: 48 or 57 (same leaf)
 */
struct keel_vmx_caps {
	u64 basic;
	u64 misc;
	u64 ept_vpid;
	u64 vmfunc;
	u64 cr0_fixed0;
	u64 cr0_fixed1;
	u64 cr4_fixed0;
	u64 cr4_fixed1;
	struct keel_ctl_cap ctl[KEEL_CTL_NR];
	u64 exit2_may;
	u32 phys_bits;
	u32 linear_bits;
};

/* IA32_VMX_EPT_VPID_CAP (SDM A.10) */
#define KEEL_EPT_CAP_EXEC_ONLY	BIT_ULL(0)
#define KEEL_EPT_CAP_WALK4	BIT_ULL(6)
#define KEEL_EPT_CAP_WALK5	BIT_ULL(7)
#define KEEL_EPT_CAP_UC		BIT_ULL(8)
#define KEEL_EPT_CAP_WB		BIT_ULL(14)
#define KEEL_EPT_CAP_2M		BIT_ULL(16)
#define KEEL_EPT_CAP_1G		BIT_ULL(17)
#define KEEL_EPT_CAP_INVEPT	BIT_ULL(20)
#define KEEL_EPT_CAP_AD		BIT_ULL(21)
#define KEEL_EPT_CAP_SSS	BIT_ULL(23)
#define KEEL_EPT_CAP_INVEPT_ONE	BIT_ULL(25)
#define KEEL_EPT_CAP_INVEPT_ALL	BIT_ULL(26)
#define KEEL_EPT_CAP_INVVPID	BIT_ULL(32)
#define KEEL_EPT_CAP_INVVPID_ONE BIT_ULL(41)
#define KEEL_EPT_CAP_INVVPID_ALL BIT_ULL(42)

/* IA32_VMX_BASIC (SDM A.1) */
#define KEEL_BASIC_REVISION	0x7fffffffULL
#define KEEL_BASIC_32BIT	BIT_ULL(48)
#define KEEL_BASIC_MEMTYPE_SHIFT 50
#define KEEL_BASIC_TRUE_CTLS	BIT_ULL(55)
#define KEEL_BASIC_NO_ERROR_OK	BIT_ULL(56)

/* IA32_VMX_MISC (SDM A.6) */
#define KEEL_MISC_HLT		BIT_ULL(6)
#define KEEL_MISC_SHUTDOWN	BIT_ULL(7)
#define KEEL_MISC_SIPI		BIT_ULL(8)
#define KEEL_MISC_CR3_TARGETS(misc) ((misc) >> 16 & 0x1ff)
#define KEEL_MISC_ZERO_LEN	BIT_ULL(30)

const char *keel_ctl_word_name(unsigned int word);
const char *keel_ctl_bit_name(unsigned int word, unsigned int bit);

/**
 * struct keel_ctl_want - what a VMCS asks of one word of controls
 * @required: bits without which Keel cannot work
 * @optional: bits set where the CPU can
 * @later: bits that are set at times: the CPU has to be able to
 */
struct keel_ctl_want {
	u64 required;
	u64 optional;
	u64 later;
};

/**
 * struct keel_ctl_refusal - why a set of controls cannot be had
 * @word: enum keel_ctl_word
 * @bit: the lowest offending bit
 * @stuck: false: a required bit cannot be 1; true: a bit that nobody wants
 *         cannot be 0
 */
struct keel_ctl_refusal {
	u8 word;
	u8 bit;
	bool stuck;
};

bool keel_ctl_resolve(const struct keel_vmx_caps *caps,
		      const struct keel_ctl_want want[KEEL_CTL_NR],
		      u64 ctl[KEEL_CTL_NR], struct keel_ctl_refusal *why);

#endif /* KEEL_VMX_CTL_H */
