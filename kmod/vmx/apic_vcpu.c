// SPDX-License-Identifier: GPL-2.0
/*
 * A vCPU and its local APIC: what has come for it on its way into the guest, its timer,
 * HLT, and the exits that have to do with interrupts.
 *
 * World: root, on the CPU that runs the vCPU, with its VMCS current; no locks but the
 * guest's, for the APIC's page.
 *
 * Where the CPU delivers virtual interrupts (@assist), and the guest has gone to x2APIC
 * mode, it is told the highest one that is pending and does the rest; elsewhere they are
 * injected one by one, and a window is asked for when the guest cannot take one.
 */
#include <linux/bits.h>
#include <linux/types.h>

#include "../mmu/pool.h"
#include "apic.h"
#include "ctl.h"
#include "exit.h"
#include "insn.h"
#include "vcpu.h"
#include "vmcs.h"

#define RFLAGS_IF		BIT_ULL(9)

#define INTR_VALID		BIT(31)
#define INTR_EXTERNAL		0U
#define INTR_NMI		(2U << 8 | 2)

/* Guest interrupt status: the vector that is pending, below that in service (SDM 24.4.2) */
#define STATUS_RVI		0xffULL

static bool assisted(const struct keel_vcpu *vcpu)
{
	return vcpu->root->guest.assist && vcpu->apic_base & KEEL_APIC_BASE_X2APIC;
}

/* The CPU learns what is pending; what is in service it knows itself. */
static void load_pending(const struct keel_apic *apic)
{
	u64 old = keel_vmread(VMCS_GUEST_INTR_STATUS);
	u64 status = (old & ~STATUS_RVI) | keel_apic_highest(apic, KEEL_APIC_IRR);

	if (status != old)
		keel_vmwrite(VMCS_GUEST_INTR_STATUS, status);
}

/* Whose EOI is to be told */
static void load_eoi_exits(const struct keel_apic *apic)
{
	u32 i;

	for (i = 0; i < 4; i++)
		keel_vmwrite(VMCS_EOI_EXIT0 + 2 * i,
			     keel_apic_get(apic, KEEL_APIC_TMR + 32 * i) |
			     (u64)keel_apic_get(apic, KEEL_APIC_TMR + 32 * i + 16) << 32);
}

/*
 * The CPU helps, or does no more.  A window for an interrupt is not asked for by who does;
 * and when it ends, the APIC has nothing that could wait for one.
 */
static void set_controls(const struct keel_vcpu *vcpu, bool helps)
{
	const u64 without = KEEL_PROC_CR8_LOAD | KEEL_PROC_CR8_STORE | KEEL_PROC_INTR_WINDOW;
	const struct keel_guest_setup *setup = &vcpu->root->guest;
	u64 proc = keel_vmread(VMCS_PROC_CTLS) & ~(without | KEEL_PROC_TPR_SHADOW);
	u64 proc2 = keel_vmread(VMCS_PROC2_CTLS) & ~(u64)KEEL_ASSIST_PROC2;

	keel_vmwrite(VMCS_MSR_BITMAP, helps ? setup->msr_bitmap_apic : setup->msr_bitmap);
	keel_vmwrite(VMCS_PROC_CTLS, proc | (helps ? KEEL_PROC_TPR_SHADOW :
					     KEEL_PROC_CR8_LOAD | KEEL_PROC_CR8_STORE));
	keel_vmwrite(VMCS_PROC2_CTLS, proc2 | (helps ? KEEL_ASSIST_PROC2 : 0));
}

/**
 * keel_apic_assist() - let the CPU help with a vCPU's APIC, or not
 * @vcpu: the vCPU, which has its APIC from now on, or has it in another mode
 *
 * It does not help where the APIC is not in x2APIC mode.
 */
void keel_apic_assist(const struct keel_vcpu *vcpu)
{
	if (!vcpu->root->guest.assist || !vcpu->apic)
		return;
	set_controls(vcpu, assisted(vcpu));
	if (!assisted(vcpu))
		return;
	keel_vmwrite(VMCS_VIRTUAL_APIC_PAGE, vcpu->apic_pa);
	keel_vmwrite(VMCS_TPR_THRESHOLD, 0);
	keel_vmwrite(VMCS_GUEST_INTR_STATUS, keel_apic_highest(vcpu->apic, KEEL_APIC_IRR) |
		     keel_apic_highest(vcpu->apic, KEEL_APIC_ISR) << 8);
	load_eoi_exits(vcpu->apic);
}

/**
 * keel_apic_attach() - give a vCPU its APIC, if it has none
 * @vcpu: the vCPU
 *
 * Return: 0; KEEL_RUN_FILL when the guest's pool is empty, KEEL_RUN_KICK when another CPU
 * works on the guest's memory.
 */
s64 keel_apic_attach(struct keel_vcpu *vcpu)
{
	struct keel_apic *apic;
	u64 pfn;

	if (vcpu->apic)
		return 0;
	if (!keel_guest_lock(vcpu->guest))
		return KEEL_RUN_KICK;
	apic = keel_guest_page(keel_root_state(), vcpu->guest, &pfn);
	keel_guest_unlock(vcpu->guest);
	if (!apic)
		return KEEL_RUN_FILL;
	keel_apic_reset(apic, vcpu->index, vcpu->apic_base & KEEL_APIC_BASE_X2APIC);
	*keel_apic_reg(apic, KEEL_APIC_TPR) = vcpu->cr8 << 4;
	keel_apic_priority(apic);
	vcpu->apic_pa = pfn << 12;
	__atomic_store_n(&vcpu->apic, apic, __ATOMIC_RELEASE);
	keel_apic_assist(vcpu);
	return 0;
}

/**
 * keel_apic_clear() - the APIC after INIT, or after it was switched off
 * @vcpu: the vCPU
 */
void keel_apic_clear(struct keel_vcpu *vcpu)
{
	u32 i;

	for (i = 0; i < 4; i++)
		__atomic_store_n(&vcpu->posted[i], 0, __ATOMIC_SEQ_CST);
	__atomic_and_fetch(&vcpu->attention, ~(u32)(KEEL_ATT_NMI | KEEL_ATT_IRQ),
			   __ATOMIC_SEQ_CST);
	vcpu->cr8 = 0;
	if (!vcpu->apic)
		return;
	keel_apic_reset(vcpu->apic, vcpu->index, vcpu->apic_base & KEEL_APIC_BASE_X2APIC);
	if (assisted(vcpu)) {
		keel_vmwrite(VMCS_GUEST_INTR_STATUS, 0);
		load_eoi_exits(vcpu->apic);
	}
}

/*
 * The VMX-preemption timer ends at the APIC timer's deadline or with the time until Linux
 * is asked, whichever comes first; what is left of the latter is kept.
 */
static void program_timer(struct keel_vcpu *vcpu, u64 now)
{
	u64 deadline = vcpu->apic->deadline, left, part;

	left = keel_vmread(VMCS_PREEMPTION_TIMER) + vcpu->slice_left;
	part = left;
	if (deadline) {
		part = deadline > now ? ((deadline - now) >> vcpu->root->guest.timer_shift) + 1 : 0;
		if (part > left)
			part = left;
		else if (!part)
			part = 1;
	}
	keel_vmwrite(VMCS_PREEMPTION_TIMER, part);
	vcpu->slice_left = left - part;
	if (!deadline)
		__atomic_and_fetch(&vcpu->attention, ~(u32)KEEL_ATT_TIMER, __ATOMIC_SEQ_CST);
	else if (!(vcpu->attention & KEEL_ATT_TIMER))
		__atomic_or_fetch(&vcpu->attention, KEEL_ATT_TIMER, __ATOMIC_SEQ_CST);
}

static u32 pending(const struct keel_vcpu *vcpu)
{
	u32 irr;

	if (!vcpu->apic)
		return 0;
	if (!assisted(vcpu))
		return keel_apic_deliverable(vcpu->apic);
	irr = keel_vmread(VMCS_GUEST_INTR_STATUS) & STATUS_RVI;
	return irr >> 4 > keel_apic_get(vcpu->apic, KEEL_APIC_PPR) >> 4 ? irr : 0;
}

static u64 inject_nmi(struct keel_vcpu *vcpu, u64 blocked)
{
	/* The guest, or what it is about to be given, is in the way. */
	if (blocked & (KEEL_BLOCKED_BY_STI | KEEL_BLOCKED_BY_MOV_SS | KEEL_BLOCKED_BY_NMI) ||
	    keel_vmread(VMCS_ENTRY_INTR_INFO) & INTR_VALID)
		return KEEL_PROC_NMI_WINDOW;
	keel_vmwrite(VMCS_ENTRY_INTR_INFO, INTR_VALID | INTR_NMI);
	__atomic_and_fetch(&vcpu->attention, ~(u32)KEEL_ATT_NMI, __ATOMIC_SEQ_CST);
	return 0;
}

static u64 inject_interrupt(struct keel_vcpu *vcpu, u64 blocked)
{
	u32 vector = pending(vcpu);

	if (!vector || assisted(vcpu))
		return 0;
	if (blocked & (KEEL_BLOCKED_BY_STI | KEEL_BLOCKED_BY_MOV_SS) ||
	    !(keel_vmread(VMCS_GUEST_RFLAGS) & RFLAGS_IF) ||
	    keel_vmread(VMCS_ENTRY_INTR_INFO) & INTR_VALID)
		return KEEL_PROC_INTR_WINDOW;
	keel_apic_accept(vcpu->apic, vector);
	keel_vmwrite(VMCS_ENTRY_INTR_INFO, INTR_VALID | INTR_EXTERNAL | vector);
	return 0;
}

static void inject(struct keel_vcpu *vcpu, u32 attention)
{
	u64 blocked, proc, window = 0;

	/* Nothing to inject, and no window is open: that for an NMI is until it has gone. */
	if (assisted(vcpu) && !(attention & KEEL_ATT_NMI))
		return;
	blocked = keel_vmread(VMCS_GUEST_INTERRUPTIBILITY);
	proc = keel_vmread(VMCS_PROC_CTLS);
	if (attention & KEEL_ATT_NMI)
		window |= inject_nmi(vcpu, blocked);
	window |= inject_interrupt(vcpu, blocked);
	if ((proc & KEEL_WINDOWS) != window)
		keel_vmwrite(VMCS_PROC_CTLS, (proc & ~(u64)KEEL_WINDOWS) | window);
}

static void take_posted(struct keel_vcpu *vcpu)
{
	bool changed;

	__atomic_and_fetch(&vcpu->attention, ~(u32)KEEL_ATT_IRQ, __ATOMIC_SEQ_CST);
	/* Nobody takes anything who has not enabled the APIC. */
	if (!vcpu->apic)
		return;
	changed = keel_apic_merge(vcpu->apic, vcpu->posted, vcpu->level);
	if (assisted(vcpu) && changed)
		load_eoi_exits(vcpu->apic);
}

/* An interrupt that the guest's flags let through, an NMI, or a word from another vCPU */
static bool wakes(struct keel_vcpu *vcpu, u32 attention)
{
	if (attention & KEEL_ATT_NMI &&
	    !(keel_vmread(VMCS_GUEST_INTERRUPTIBILITY) & KEEL_BLOCKED_BY_NMI))
		return true;
	return attention & KEEL_ATT_WAKE ||
	       (pending(vcpu) && keel_vmread(VMCS_GUEST_RFLAGS) & RFLAGS_IF);
}

/* The guest's memory was needed: 0, or what RUN answers when that has to wait */
static s64 with_memory(struct keel_vcpu *vcpu, enum keel_fault fault)
{
	switch (fault) {
	case KEEL_FAULT_DONE:
		keel_vcpu_flush(vcpu->root, vcpu, false);
		return 0;
	case KEEL_FAULT_FILL:
		return KEEL_RUN_FILL;
	default:
		return KEEL_RUN_KICK;
	}
}

static s64 tell_steal(struct keel_vcpu *vcpu)
{
	bool flush;
	s64 reason = with_memory(vcpu, keel_steal_tell(vcpu, &flush));

	if (flush)
		keel_invvpid(KEEL_INV_ONE, KEEL_VPID_VCPU + vcpu->index);
	return reason;
}

/* HLT: true when it is over */
static bool stay_halted(struct keel_vcpu *vcpu, u32 attention)
{
	if (!(attention & KEEL_ATT_HALTED))
		return false;
	if (!wakes(vcpu, attention))
		return true;
	__atomic_and_fetch(&vcpu->attention, ~(u32)(KEEL_ATT_HALTED | KEEL_ATT_WAKE),
			   __ATOMIC_SEQ_CST);
	return false;
}

/**
 * keel_vcpu_attend() - see to what has come for a vCPU before it goes into the guest
 * @cpu: the CPU
 * @vcpu: the vCPU
 *
 * Return: 0 when it may go in; else what RUN answers.
 */
s64 keel_vcpu_attend(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu)
{
	u32 attention = __atomic_load_n(&vcpu->attention, __ATOMIC_SEQ_CST);
	struct keel_apic *apic = vcpu->apic;
	s64 reason = 0;
	u64 now = 0;

	if (attention & (KEEL_ATT_INIT | KEEL_ATT_SIPI | KEEL_ATT_WAIT_SIPI)) {
		/* Not in the middle of an exit, when its registers are elsewhere */
		if (cpu->vcpu)
			return KEEL_RUN_INTR;
		attention = keel_guest_startup(vcpu);
		if (attention & KEEL_ATT_WAIT_SIPI) {
			cpu->shared->run.deadline = 0;
			return KEEL_RUN_HLT;
		}
	}
	if (attention & KEEL_ATT_STEAL)
		reason = tell_steal(vcpu);
	if (!reason && attention & KEEL_ATT_EOI)
		reason = with_memory(vcpu, keel_eoi_take(vcpu));
	if (reason)
		return reason;
	if (attention & KEEL_ATT_IRQ)
		take_posted(vcpu);
	if (apic) {
		now = keel_rdtsc();
		if (apic->deadline && apic->deadline <= now)
			keel_apic_fire(apic, now);
		if (assisted(vcpu))
			load_pending(apic);
	}
	if (stay_halted(vcpu, attention)) {
		cpu->shared->run.deadline = apic ? apic->deadline : 0;
		return KEEL_RUN_HLT;
	}
	if (apic)
		program_timer(vcpu, now);
	inject(vcpu, attention);
	if (vcpu->eoi_at && apic) {
		keel_eoi_give(vcpu);
		keel_vcpu_flush(vcpu->root, vcpu, false);
	}
	return 0;
}

/**
 * keel_vcpu_idle() - can it be told at a look that a vCPU has nothing to do?
 * @cpu: the CPU; its @shared->run is filled if so
 * @vcpu: the vCPU, taken by this CPU
 *
 * Return: true when it has halted, or waits to be started, and nothing has come.
 */
bool keel_vcpu_idle(struct keel_root_cpu *cpu, const struct keel_vcpu *vcpu)
{
	u32 attention = __atomic_load_n(&vcpu->attention, __ATOMIC_SEQ_CST);
	u64 deadline = vcpu->apic ? vcpu->apic->deadline : 0;

	if (!(attention & KEEL_ATT_IDLE) || attention & KEEL_ATT_NEWS ||
	    (deadline && deadline <= keel_rdtsc()))
		return false;
	cpu->shared->run.deadline = deadline;
	return true;
}

static enum keel_guest_next leave(struct keel_root_cpu *cpu, s64 reason)
{
	keel_vcpu_leave(cpu, reason);
	return KEEL_GUEST_LEFT;
}

/**
 * keel_guest_notify() - after a vCPU has sent something: on with it, or let the host tell
 * @cpu: the CPU
 * @vcpu: the vCPU that has sent, past its instruction
 * @notify: who has to be told
 *
 * Return: what the exit's handler returns.
 */
enum keel_guest_next keel_guest_notify(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				       const struct keel_notify *notify)
{
	s64 reason = notify->self ? keel_vcpu_attend(cpu, vcpu) : 0;

	if (notify->wake | notify->kick) {
		cpu->shared->run.wake = notify->wake;
		cpu->shared->run.kick = notify->kick;
		reason = KEEL_RUN_IPI;
	}
	return reason ? leave(cpu, reason) : KEEL_GUEST_RESUME;
}

/**
 * keel_guest_hlt() - exit reason 12 of a guest
 * @cpu: the CPU
 * @vcpu: the vCPU
 * @qualification: not used
 *
 * Return: KEEL_GUEST_RESUME when there is something to do already.
 */
enum keel_guest_next keel_guest_hlt(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				    u64 qualification)
{
	u32 old = __atomic_fetch_or(&vcpu->attention, KEEL_ATT_HALTED, __ATOMIC_SEQ_CST);

	keel_skip();
	if (vcpu->apic || old & KEEL_ATT_NEWS) {
		s64 reason = keel_vcpu_attend(cpu, vcpu);

		return reason ? leave(cpu, reason) : KEEL_GUEST_RESUME;
	}
	cpu->shared->run.deadline = 0;
	return leave(cpu, KEEL_RUN_HLT);
}

/**
 * keel_guest_window() - exit reasons 7 and 8 of a guest: it can take what waits for it
 * @cpu: the CPU
 * @vcpu: the vCPU
 * @qualification: not used
 *
 * Return: KEEL_GUEST_RESUME, or KEEL_GUEST_LEFT.
 */
enum keel_guest_next keel_guest_window(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				       u64 qualification)
{
	s64 reason;

	keel_guest_reinject();
	reason = keel_vcpu_attend(cpu, vcpu);
	return reason ? leave(cpu, reason) : KEEL_GUEST_RESUME;
}

/**
 * keel_guest_timer() - exit reason 52 of a guest
 * @cpu: the CPU
 * @vcpu: the vCPU
 * @qualification: not used
 *
 * Return: KEEL_GUEST_RESUME when it was the APIC's timer, KEEL_GUEST_LEFT when Linux is
 * to be asked.
 */
enum keel_guest_next keel_guest_timer(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				      u64 qualification)
{
	if (vcpu->slice_left)
		return keel_guest_window(cpu, vcpu, qualification);
	keel_guest_reinject();
	return leave(cpu, KEEL_RUN_INTR);
}

/**
 * keel_guest_eoi() - exit reason 45 of a guest: the end of a level-triggered interrupt
 * @cpu: the CPU
 * @vcpu: the vCPU
 * @qualification: the vector
 *
 * Return: KEEL_GUEST_LEFT.
 */
enum keel_guest_next keel_guest_eoi(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				    u64 qualification)
{
	cpu->shared->run.vector = qualification;
	return leave(cpu, KEEL_RUN_EOI);
}

/**
 * keel_guest_apic_write() - exit reason 56 of a guest: a self-IPI with a vector that
 * there is not
 * @cpu: the CPU
 * @vcpu: the vCPU
 * @qualification: the register
 *
 * Return: KEEL_GUEST_RESUME, KEEL_GUEST_LEFT, or KEEL_GUEST_UNKNOWN for any other.
 */
enum keel_guest_next keel_guest_apic_write(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
					   u64 qualification)
{
	if (qualification != KEEL_APIC_SELF_IPI)
		return KEEL_GUEST_UNKNOWN;
	keel_apic_write(vcpu->apic, KEEL_APIC_MSR_OF(KEEL_APIC_SELF_IPI),
			keel_apic_get(vcpu->apic, KEEL_APIC_SELF_IPI) & 0xff, 0);
	return keel_guest_window(cpu, vcpu, qualification);
}
