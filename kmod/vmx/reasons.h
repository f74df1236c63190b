/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Basic exit reasons, declared once (SDM appendix C): R(number, NAME, text).
 *
 * World: root, host and KUnit; constants only.
 */
#ifndef KEEL_VMX_REASONS_H
#define KEEL_VMX_REASONS_H

#define KEEL_EXIT_REASONS(R)						\
	R(0, EXCEPTION_NMI, "exception or NMI")				\
	R(1, EXT_INTR, "external interrupt")				\
	R(2, TRIPLE_FAULT, "triple fault")				\
	R(3, INIT, "INIT signal")					\
	R(4, SIPI, "start-up IPI")					\
	R(5, IO_SMI, "I/O system-management interrupt")			\
	R(6, OTHER_SMI, "other system-management interrupt")		\
	R(7, INTR_WINDOW, "interrupt window")				\
	R(8, NMI_WINDOW, "NMI window")					\
	R(9, TASK_SWITCH, "task switch")				\
	R(10, CPUID, "CPUID")						\
	R(11, GETSEC, "GETSEC")						\
	R(12, HLT, "HLT")						\
	R(13, INVD, "INVD")						\
	R(14, INVLPG, "INVLPG")						\
	R(15, RDPMC, "RDPMC")						\
	R(16, RDTSC, "RDTSC")						\
	R(17, RSM, "RSM in SMM")					\
	R(18, VMCALL, "VMCALL")						\
	R(19, VMCLEAR, "VMCLEAR")					\
	R(20, VMLAUNCH, "VMLAUNCH")					\
	R(21, VMPTRLD, "VMPTRLD")					\
	R(22, VMPTRST, "VMPTRST")					\
	R(23, VMREAD, "VMREAD")						\
	R(24, VMRESUME, "VMRESUME")					\
	R(25, VMWRITE, "VMWRITE")					\
	R(26, VMXOFF, "VMXOFF")						\
	R(27, VMXON, "VMXON")						\
	R(28, CR_ACCESS, "control-register access")			\
	R(29, MOV_DR, "MOV DR")						\
	R(30, IO, "I/O instruction")					\
	R(31, RDMSR, "RDMSR")						\
	R(32, WRMSR, "WRMSR")						\
	R(33, ENTRY_GUEST, "VM-entry failure: guest state")		\
	R(34, ENTRY_MSR, "VM-entry failure: MSR loading")		\
	R(36, MWAIT, "MWAIT")						\
	R(37, MTF, "monitor trap flag")					\
	R(39, MONITOR, "MONITOR")					\
	R(40, PAUSE, "PAUSE")						\
	R(41, ENTRY_MCE, "VM-entry failure: machine check")		\
	R(43, TPR, "TPR below threshold")				\
	R(44, APIC_ACCESS, "APIC access")				\
	R(45, VIRT_EOI, "virtualized EOI")				\
	R(46, GDTR_IDTR, "access to GDTR or IDTR")			\
	R(47, LDTR_TR, "access to LDTR or TR")				\
	R(48, EPT_VIOLATION, "EPT violation")				\
	R(49, EPT_MISCONFIG, "EPT misconfiguration")			\
	R(50, INVEPT, "INVEPT")						\
	R(51, RDTSCP, "RDTSCP")						\
	R(52, PREEMPTION_TIMER, "VMX-preemption timer")			\
	R(53, INVVPID, "INVVPID")					\
	R(54, WBINVD, "WBINVD or WBNOINVD")				\
	R(55, XSETBV, "XSETBV")						\
	R(56, APIC_WRITE, "APIC write")					\
	R(57, RDRAND, "RDRAND")						\
	R(58, INVPCID, "INVPCID")					\
	R(59, VMFUNC, "VMFUNC")						\
	R(60, ENCLS, "ENCLS")						\
	R(61, RDSEED, "RDSEED")						\
	R(62, PML_FULL, "page-modification log full")			\
	R(63, XSAVES, "XSAVES")						\
	R(64, XRSTORS, "XRSTORS")					\
	R(65, PCONFIG, "PCONFIG")					\
	R(66, SPP, "sub-page permission event")				\
	R(67, UMWAIT, "UMWAIT")						\
	R(68, TPAUSE, "TPAUSE")						\
	R(69, LOADIWKEY, "LOADIWKEY")					\
	R(70, ENCLV, "ENCLV")						\
	R(72, ENQCMD_PASID, "ENQCMD PASID translation")			\
	R(73, ENQCMDS_PASID, "ENQCMDS PASID translation")		\
	R(74, BUS_LOCK, "bus lock")					\
	R(75, INSTR_TIMEOUT, "instruction timeout")			\
	R(76, SEAMCALL, "SEAMCALL")					\
	R(77, TDCALL, "TDCALL")						\
	R(78, RDMSRLIST, "RDMSRLIST")					\
	R(79, WRMSRLIST, "WRMSRLIST")

#define KEEL_R(nr, name, text) KEEL_REASON_##name = (nr),
enum keel_reason { KEEL_EXIT_REASONS(KEEL_R) };
#undef KEEL_R

/* Bit 31 of the exit reason: the VM entry failed (SDM 24.9.1) */
#define KEEL_REASON_ENTRY_FAILED 0x80000000U

const char *keel_reason_name(unsigned int reason);
const char *keel_reason_text(unsigned int reason);

#endif /* KEEL_VMX_REASONS_H */
