// SPDX-License-Identifier: GPL-2.0
/*
 * The switch between the host and a guest's vCPU.
 *
 * World: root.  A vCPU is taken by setting its @running; what else could want it
 * goes back to the host, which tries again.
 *
 * On a CPU at most one guest's VMCS is active: that of the vCPU which ran last, so
 * that it needs no new VMLAUNCH when it goes on there.  A CPU that finds the vCPU
 * active on another one sends the host there, to park it.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "../mmu/pool.h"
#include "exit.h"
#include "insn.h"
#include "vcpu.h"
#include "vmcs.h"

/**
 * keel_vcpu_park() - clear the VMCS of the vCPU that ran last on this CPU
 * @cpu: the CPU, in its host's world
 */
void keel_vcpu_park(struct keel_root_cpu *cpu)
{
	struct keel_vcpu *vcpu = cpu->resident;

	if (!vcpu)
		return;
	keel_vmclear(vcpu->vmcs_pa);
	vcpu->launched = false;
	cpu->resident = NULL;
	__atomic_store_n(&vcpu->on_cpu, KEEL_NO_CPU, __ATOMIC_RELEASE);
}

/**
 * keel_guest_passed() - have the other vCPUs flushed since an epoch?
 * @guest: the guest
 * @epoch: the guest's epoch
 * @self: the struct keel_vcpu that asks, NULL for none
 *
 * A vCPU that is in Linux flushes before it is back in the guest: it sets @running
 * and then looks at the epoch; who bumps the epoch looks at @running afterwards.
 *
 * Return: true when all have.
 */
bool keel_guest_passed(const struct keel_guest *guest, u64 epoch, const void *self)
{
	const struct keel_vcpu *vcpu;
	u32 i, left = guest->nr_vcpus;

	for (i = 0; i < KEEL_VCPUS_MAX && left; i++) {
		if (guest->vcpu[i] == KEEL_NO_FRAME)
			continue;
		left--;
		vcpu = keel_phys((u64)guest->vcpu[i] << 12);
		if (vcpu != self && __atomic_load_n(&vcpu->running, __ATOMIC_SEQ_CST) &&
		    __atomic_load_n(&vcpu->epoch, __ATOMIC_SEQ_CST) < epoch)
			return false;
	}
	return true;
}

/**
 * keel_guest_parked() - is the guest on no CPU any more?
 * @guest: the guest
 *
 * Return: true when none of its vCPUs runs or has its VMCS active.
 */
bool keel_guest_parked(const struct keel_guest *guest)
{
	const struct keel_vcpu *vcpu;
	u32 i;

	for (i = 0; i < KEEL_VCPUS_MAX; i++) {
		if (guest->vcpu[i] == KEEL_NO_FRAME)
			continue;
		vcpu = keel_phys((u64)guest->vcpu[i] << 12);
		if (__atomic_load_n(&vcpu->running, __ATOMIC_SEQ_CST) ||
		    __atomic_load_n(&vcpu->on_cpu, __ATOMIC_ACQUIRE) != KEEL_NO_CPU)
			return false;
	}
	return true;
}

/*
 * Make the vCPU's VMCS current, on a CPU that may have another one active.  True
 * when the vCPU comes from elsewhere: what this CPU remembers of the guest from an
 * earlier visit may be stale then.
 */
static bool take_up(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu)
{
	if (cpu->resident == vcpu) {
		keel_vmptrld(vcpu->vmcs_pa);
		return false;
	}
	keel_vcpu_park(cpu);
	cpu->resident = vcpu;
	__atomic_store_n(&vcpu->on_cpu, cpu->cpu, __ATOMIC_RELEASE);
	keel_guest_vmcs_host(cpu, vcpu);
	return true;
}

/**
 * keel_vcpu_flush() - forget what is stale of a guest's translations on this CPU
 * @root: root
 * @vcpu: the vCPU, which is to go into the guest, with its VMCS current
 * @moved: whatever this CPU knows may be stale
 */
void keel_vcpu_flush(const struct keel_root *root, struct keel_vcpu *vcpu, bool moved)
{
	const struct keel_guest *guest = vcpu->guest;
	u64 epoch = __atomic_load_n(&guest->epoch, __ATOMIC_SEQ_CST), eptp;

	if (!moved && vcpu->epoch == epoch)
		return;
	/* Whether there are accessed and dirty flags changes with the epoch. */
	eptp = keel_guest_eptp(guest, root->guest.eptp_bits);
	keel_vmwrite(VMCS_EPT_POINTER, eptp);
	if (!keel_invept(KEEL_INV_ONE, eptp))
		keel_invept(KEEL_INV_ALL, 0);
	__atomic_store_n(&vcpu->epoch, epoch, __ATOMIC_SEQ_CST);
}

KEEL_NORETURN static void enter(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu)
{
	const struct keel_root *root = vcpu->root;

	vcpu->stat.runs++;
	cpu->host_regs = cpu->regs;
	cpu->regs = vcpu->regs;
	cpu->vcpu = vcpu;
	keel_swap_in(cpu, vcpu);
	keel_barrier_guests(cpu, vcpu);
	keel_barrier_enter(root);
	if (vcpu->launched)
		keel_resume_at(cpu);
	keel_launch_at(cpu);
}

/*
 * With its VMCS current; something has come for it, or may have.  0, or the host's VMCS is
 * current again.
 */
static s64 __attribute__((__noinline__))
attend(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu)
{
	s64 reason;

	vcpu->slice_left = 0;
	reason = keel_vcpu_attend(cpu, vcpu);
	if (reason)
		keel_vmptrld(cpu->vmcs_pa);
	return reason;
}

/* Whether it may run now; 0 or a reason why not, with the vCPU taken if 0. */
static s64 take(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu)
{
	s64 ret = keel_vcpu_take(vcpu);
	u32 on_cpu;

	if (ret)
		return ret;
	on_cpu = __atomic_load_n(&vcpu->on_cpu, __ATOMIC_ACQUIRE);
	if (on_cpu == KEEL_NO_CPU || on_cpu == cpu->cpu)
		return 0;
	keel_vcpu_let_go(vcpu);
	cpu->shared->run.cpu = on_cpu;
	return KEEL_RUN_MOVE;
}

/**
 * keel_vcpu_run() - run a vCPU until Linux is needed
 * @cpu: the CPU, in its host's world, past the VMCALL
 * @id: the guest
 * @index: the vCPU
 * @input: answers the IN that it has left for, if it has
 *
 * When it runs, this does not return: keel_vcpu_leave() answers the hypercall.
 *
 * Return: enum keel_run_reason when it cannot run now; -ENOENT when there is no
 * such vCPU any more, -EBUSY when another CPU runs it, -ESHUTDOWN when the guest
 * is killed this moment.
 */
s64 keel_vcpu_run(struct keel_root_cpu *cpu, u64 id, u64 index, u64 input)
{
	struct keel_root *root = keel_root_state();
	struct keel_vcpu *vcpu = keel_vcpu_at(root, id, index);
	u32 attention;
	s64 ret;

	if (!vcpu)
		return -ENOENT;
	ret = take(cpu, vcpu);
	if (ret)
		return ret;
	if (!keel_guest_ready(root, vcpu->guest)) {
		keel_vcpu_let_go(vcpu);
		return KEEL_RUN_KICK;
	}
	ret = keel_vcpu_answer(vcpu, input);
	if (__builtin_expect(ret, 0)) {
		keel_vcpu_let_go(vcpu);
		return ret;
	}
	attention = __atomic_load_n(&vcpu->attention, __ATOMIC_SEQ_CST);
	if (__builtin_expect(attention & KEEL_ATT_IDLE, 0) && keel_vcpu_idle(cpu, vcpu)) {
		keel_vcpu_let_go(vcpu);
		return KEEL_RUN_HLT;
	}
	keel_vcpu_flush(root, vcpu, take_up(cpu, vcpu));
	keel_vmwrite(VMCS_PREEMPTION_TIMER, root->guest.slice);
	if (__builtin_expect(attention, 0)) {
		ret = attend(cpu, vcpu);
		if (ret) {
			keel_vcpu_let_go(vcpu);
			return ret;
		}
	}
	enter(cpu, vcpu);
}

/**
 * keel_vcpu_leave() - back to the host, which has made the RUN hypercall
 * @cpu: the CPU, with a guest's VMCS current
 * @reason: the answer
 *
 * Afterwards the host's VMCS is current and its registers are in place.
 */
void keel_vcpu_leave(struct keel_root_cpu *cpu, enum keel_run_reason reason)
{
	struct keel_vcpu *vcpu = cpu->vcpu;

	cpu->shared->run.pool = vcpu->guest->pool.nr;
	cpu->shared->run.said = vcpu->guest->said.nr;
	cpu->shared->run.blocks = keel_block_wants(vcpu->guest);
	vcpu->stat.returns[reason]++;
	vcpu->regs = cpu->regs;
	keel_swap_out(cpu, vcpu);
	cpu->regs = cpu->host_regs;
	cpu->regs.rax = reason;
	cpu->vcpu = NULL;
	keel_vmptrld(cpu->vmcs_pa);
	keel_vcpu_let_go(vcpu);
}
