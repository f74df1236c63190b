// SPDX-License-Identifier: GPL-2.0
/*
 * INIT and start-up IPIs: how a CPU is started by somebody who does not know
 * that it is beneath root, such as a crash kernel.
 *
 * World: root.  Only the CPU itself touches its VMCS; no locks.
 *
 * A start-up IPI that reaches a CPU in root is lost, and the sender waits but
 * ten microseconds after INIT: so INIT only makes the CPU wait, and all that it
 * changes is made up for when the start-up IPI comes.
 */
#include <linux/bits.h>
#include <linux/types.h>
#include <asm/msr-index.h>

#include "ctl.h"
#include "exit.h"
#include "hostvmcs.h"
#include "insn.h"
#include "vmcs.h"

#define CR0_ET		BIT_ULL(4)
#define CR0_NW		BIT_ULL(29)
#define CR0_CD		BIT_ULL(30)

#define REAL_LIMIT	0xffff
#define REAL_CODE	(KEEL_AR_P | KEEL_AR_S | 11)
#define REAL_DATA	(KEEL_AR_P | KEEL_AR_S | 3)
#define REAL_LDT	(KEEL_AR_P | KEEL_DESC_LDT)
#define REAL_TSS	(KEEL_AR_P | KEEL_DESC_TSS_BUSY)

#define DR6_INIT	0xffff0ff0ULL
#define DR7_INIT	0x400ULL
#define RFLAGS_INIT	2ULL

static void real_seg(struct keel_seg *seg, u16 sel, u32 ar)
{
	seg->sel = sel;
	seg->base = (u64)sel << 4;
	seg->limit = REAL_LIMIT;
	seg->ar = ar;
}

/**
 * keel_startup_state() - the state of a CPU after INIT and a start-up IPI
 * @state: in: the state before; out: the one after (SDM table 9-1)
 * @vector: of the start-up IPI
 *
 * What INIT does not touch (PAT, the MSRs of SYSENTER, the cache bits of CR0) is
 * left as it is, and so is what a VMCS does not have, the local APIC above all:
 * whoever starts a CPU sets that up.
 */
void keel_startup_state(struct keel_host_state *state, u8 vector)
{
	state->cr0 = (state->cr0 & (CR0_NW | CR0_CD)) | CR0_ET;
	state->cr3 = 0;
	state->cr4 = 0;
	state->dr7 = DR7_INIT;
	state->rip = 0;
	state->rsp = 0;
	state->rflags = RFLAGS_INIT;
	real_seg(&state->es, 0, REAL_DATA);
	real_seg(&state->cs, vector << 8, REAL_CODE);
	real_seg(&state->ss, 0, REAL_DATA);
	real_seg(&state->ds, 0, REAL_DATA);
	real_seg(&state->fs, 0, REAL_DATA);
	real_seg(&state->gs, 0, REAL_DATA);
	real_seg(&state->ldtr, 0, REAL_LDT);
	real_seg(&state->tr, 0, REAL_TSS);
	state->gdtr.base = 0;
	state->gdtr.limit = REAL_LIMIT;
	state->idtr.base = 0;
	state->idtr.limit = REAL_LIMIT;
	state->efer = 0;
	state->debugctl = 0;
}

/**
 * keel_startup_to_vmcs() - what INIT and a start-up IPI leave is what runs next
 * @state: what keel_startup_state() has made
 * @cr4: bits of CR4 that are set in it whatever the VMCS's owner sees there
 *
 * All that keel_state_from_vmcs() reads, but for what INIT leaves as it is.
 */
void keel_startup_to_vmcs(const struct keel_host_state *state, u64 cr4)
{
	keel_vmwrite(VMCS_GUEST_CR0, state->cr0 | KEEL_CR0_OWNED);
	keel_vmwrite(VMCS_CR0_SHADOW, state->cr0);
	keel_vmwrite(VMCS_GUEST_CR3, state->cr3);
	keel_vmwrite(VMCS_GUEST_CR4, state->cr4 | cr4);
	keel_vmwrite(VMCS_CR4_SHADOW, state->cr4);
	keel_vmwrite(VMCS_GUEST_DR7, state->dr7);
	keel_vmwrite(VMCS_GUEST_RIP, state->rip);
	keel_vmwrite(VMCS_GUEST_RSP, state->rsp);
	keel_vmwrite(VMCS_GUEST_RFLAGS, state->rflags);
	keel_put_seg(0, &state->es);
	keel_put_seg(1, &state->cs);
	keel_put_seg(2, &state->ss);
	keel_put_seg(3, &state->ds);
	keel_put_seg(4, &state->fs);
	keel_put_seg(5, &state->gs);
	keel_put_seg(6, &state->ldtr);
	keel_put_seg(7, &state->tr);
	keel_vmwrite(VMCS_GUEST_GDTR_BASE, state->gdtr.base);
	keel_vmwrite(VMCS_GUEST_GDTR_LIMIT, state->gdtr.limit);
	keel_vmwrite(VMCS_GUEST_IDTR_BASE, state->idtr.base);
	keel_vmwrite(VMCS_GUEST_IDTR_LIMIT, state->idtr.limit);
	keel_vmwrite(VMCS_GUEST_EFER, state->efer);
	keel_vmwrite(VMCS_GUEST_DEBUGCTL, state->debugctl);
	/* The CPU keeps this bit itself from here on (SDM 27.3.1). */
	keel_vmwrite(VMCS_ENTRY_CTLS, keel_vmread(VMCS_ENTRY_CTLS) & ~(u64)KEEL_ENTRY_IA32E);
	keel_vmwrite(VMCS_GUEST_PENDING_DEBUG, 0);
}

static void reset_registers(struct keel_regs *regs)
{
	u32 signature, b, c, d;

	keel_cpuid(1, 0, &signature, &b, &c, &d);
	*regs = (struct keel_regs) { .rdx = signature };
	keel_write_cr2(0);
	asm volatile("mov %0, %%dr0\n"
		     "mov %0, %%dr1\n"
		     "mov %0, %%dr2\n"
		     "mov %0, %%dr3\n"
		     "mov %1, %%dr6" : : "r" (0ULL), "r" (DR6_INIT));
}

/**
 * keel_exit_init() - exit reason 3
 * @cpu: the CPU
 * @qualification: not used
 *
 * The boot processor gets INIT when the machine is to be reset without its power
 * going: its firmware must not find root beneath it, so it leaves and resets by
 * a triple fault.  The others wait for a start-up IPI.
 *
 * Return: false when this CPU cannot wait in VMX.
 */
bool keel_exit_init(struct keel_root_cpu *cpu, u64 qualification)
{
	if (keel_rdmsr(MSR_IA32_APICBASE) & MSR_IA32_APICBASE_BSP)
		keel_reset(cpu);
	if (!(keel_rdmsr(MSR_IA32_VMX_MISC) & KEEL_MISC_SIPI))
		return false;
	keel_vmwrite(VMCS_GUEST_ACTIVITY, KEEL_ACTIVITY_WAIT_SIPI);
	keel_vmwrite(VMCS_GUEST_INTERRUPTIBILITY, 0);
	keel_vmwrite(VMCS_ENTRY_INTR_INFO, 0);
	keel_disarm();
	cpu->deferred = 0;
	return true;
}

/**
 * keel_exit_sipi() - exit reason 4
 * @cpu: the CPU, which waits since keel_exit_init()
 * @qualification: the vector
 *
 * Return: true.
 */
bool keel_exit_sipi(struct keel_root_cpu *cpu, u64 qualification)
{
	struct keel_host_state state;

	keel_state_from_vmcs(&state);
	keel_startup_state(&state, qualification);
	keel_startup_to_vmcs(&state, KEEL_CR4_VMXE);
	keel_vmwrite(VMCS_HOST_CR4, keel_vmread(VMCS_HOST_CR4) & ~KEEL_CR4_FOLLOWED);
	reset_registers(&cpu->regs);
	keel_vmwrite(VMCS_GUEST_ACTIVITY, KEEL_ACTIVITY_ACTIVE);
	/* Bochs 2.7 has left SMIs blocked, which the next entry would refuse. */
	keel_vmwrite(VMCS_GUEST_INTERRUPTIBILITY, 0);
	keel_invvpid(KEEL_INV_ONE, KEEL_VPID_HOST);
	return true;
}
