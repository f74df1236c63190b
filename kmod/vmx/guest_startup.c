// SPDX-License-Identifier: GPL-2.0
/*
 * INIT and start-up IPIs of guests: the state of a vCPU that waits to be started, and
 * where it begins.
 *
 * World: root, with the vCPU's VMCS current and its registers in its struct keel_vcpu.
 * No locks.
 */
#include <linux/bits.h>
#include <linux/types.h>

#include "apic.h"
#include "ctl.h"
#include "exit.h"
#include "guest_setup.h"
#include "hostvmcs.h"
#include "insn.h"
#include "vcpu.h"
#include "vmcs.h"

#define CR0_NW		BIT_ULL(29)
#define CR0_CD		BIT_ULL(30)

/* Where a processor begins that nobody has to start */
#define RESET_CS	0xf000
#define RESET_BASE	0xffff0000ULL
#define RESET_RIP	0xfff0

/**
 * keel_guest_init() - the state that INIT leaves (SDM table 9-1)
 * @vcpu: the vCPU
 *
 * Vector registers, XCR0 and most MSRs stay as they are.
 */
void keel_guest_init(struct keel_vcpu *vcpu)
{
	struct keel_host_state state = {
		.cr0 = keel_vmread(VMCS_CR0_SHADOW) & (CR0_NW | CR0_CD),
	};
	unsigned int i;

	keel_startup_state(&state, 0);
	state.cs.sel = RESET_CS;
	state.cs.base = RESET_BASE;
	state.rip = RESET_RIP;
	keel_startup_to_vmcs(&state, KEEL_GUEST_CR4_HELD);
	keel_vmwrite(VMCS_GUEST_INTERRUPTIBILITY, 0);
	keel_vmwrite(VMCS_ENTRY_INTR_INFO, 0);
	keel_vmwrite(VMCS_PROC_CTLS, keel_vmread(VMCS_PROC_CTLS) & ~(u64)KEEL_WINDOWS);
	vcpu->regs = (struct keel_regs) { .rdx = vcpu->root->guest.cpuid[1].a };
	vcpu->cr2 = 0;
	vcpu->dr6 = KEEL_DR6_INIT;
	for (i = 0; i < 4; i++)
		vcpu->dr[i] = 0;
	vcpu->in_size = 0;
	/* As with KVM: who starts anew has its pages elsewhere. */
	__atomic_store_n(&vcpu->clock, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&vcpu->steal_at, 0, __ATOMIC_SEQ_CST);
	vcpu->eoi_at = 0;
	__atomic_and_fetch(&vcpu->attention, ~(u32)KEEL_ATT_EOI, __ATOMIC_SEQ_CST);
	keel_apic_clear(vcpu);
	keel_invvpid(KEEL_INV_ONE, KEEL_VPID_VCPU + vcpu->index);
}

/* The state is that which INIT has left: only the place is missing. */
static void start_at(u8 vector)
{
	keel_vmwrite(VMCS_GUEST_CS_SELECTOR, vector << 8);
	keel_vmwrite(VMCS_GUEST_CS_BASE, vector << 12);
	keel_vmwrite(VMCS_GUEST_RIP, 0);
}

static u32 forget(struct keel_vcpu *vcpu, u32 what)
{
	return __atomic_and_fetch(&vcpu->attention, ~what, __ATOMIC_SEQ_CST);
}

/**
 * keel_guest_startup() - carry out INIT, then a start-up IPI, if they have come
 * @vcpu: the vCPU
 *
 * The first vCPU waits for nobody.
 *
 * Return: its @attention.
 */
u32 keel_guest_startup(struct keel_vcpu *vcpu)
{
	u32 attention = __atomic_load_n(&vcpu->attention, __ATOMIC_SEQ_CST);

	if (attention & KEEL_ATT_INIT) {
		if (vcpu->index)
			__atomic_or_fetch(&vcpu->attention, KEEL_ATT_WAIT_SIPI, __ATOMIC_SEQ_CST);
		forget(vcpu, KEEL_ATT_INIT | KEEL_ATT_HALTED | KEEL_ATT_WAKE);
		keel_guest_init(vcpu);
		attention = __atomic_load_n(&vcpu->attention, __ATOMIC_SEQ_CST);
	}
	if (!(attention & KEEL_ATT_SIPI))
		return attention;
	if (attention & KEEL_ATT_WAIT_SIPI)
		start_at(__atomic_load_n(&vcpu->sipi, __ATOMIC_RELAXED));
	return forget(vcpu, KEEL_ATT_SIPI | KEEL_ATT_WAIT_SIPI);
}
