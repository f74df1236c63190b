// SPDX-License-Identifier: GPL-2.0
/*
 * Guests' accesses to their local APIC, as far as they exit: RDMSR and WRMSR, those to its
 * page in xAPIC mode, and MOV CR8.
 *
 * World: root, on the CPU that runs the vCPU.  No locks.
 *
 * A vCPU gets its APIC with the first access.  When there is no page for it at the moment,
 * the instruction is executed again later.
 */
#include <linux/bits.h>
#include <linux/types.h>
#include <asm/msr-index.h>

#include "apic.h"
#include "exit.h"
#include "insn.h"
#include "vcpu.h"
#include "vmcs.h"

static enum keel_guest_next refuse(void)
{
	keel_inject_gp();
	return KEEL_GUEST_RESUME;
}

static enum keel_guest_next later(struct keel_root_cpu *cpu, s64 reason)
{
	if (reason != KEEL_RUN_FILL)
		return KEEL_GUEST_RESUME;
	keel_vcpu_leave(cpu, reason);
	return KEEL_GUEST_LEFT;
}

/*
 * The APIC is as the guest has left it, whether it is there or not.  False when that has to
 * wait: then @next is what the exit's handler returns.
 */
static bool settled(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, enum keel_guest_next *next)
{
	enum keel_fault fault = keel_eoi_take(vcpu);

	*next = keel_guest_later(cpu, vcpu, fault);
	return fault == KEEL_FAULT_DONE;
}

/* Likewise, and it is there */
static bool ready(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, enum keel_guest_next *next)
{
	s64 reason = keel_apic_attach(vcpu);

	if (!reason)
		return settled(cpu, vcpu, next);
	*next = later(cpu, reason);
	return false;
}

static enum keel_guest_next read_done(struct keel_root_cpu *cpu, u64 val)
{
	cpu->regs.rax = (u32)val;
	cpu->regs.rdx = val >> 32;
	keel_skip();
	return KEEL_GUEST_RESUME;
}

static u64 written(const struct keel_root_cpu *cpu)
{
	return (u32)cpu->regs.rax | cpu->regs.rdx << 32;
}

static bool in_x2apic_mode(const struct keel_vcpu *vcpu, u32 msr)
{
	return msr == MSR_IA32_TSC_DEADLINE || vcpu->apic_base & KEEL_APIC_BASE_X2APIC;
}

/**
 * keel_apic_rdmsr() - a guest reads IA32_APIC_BASE, or what keel_apic_owns()
 * @cpu: the CPU
 * @vcpu: the vCPU
 * @msr: which
 *
 * Return: what the exit's handler returns.
 */
enum keel_guest_next keel_apic_rdmsr(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u32 msr)
{
	enum keel_guest_next next;
	u64 val;

	if (msr == MSR_IA32_APICBASE)
		return read_done(cpu, vcpu->apic_base);
	if (!in_x2apic_mode(vcpu, msr))
		return refuse();
	if (!ready(cpu, vcpu, &next))
		return next;
	if (!keel_apic_read(vcpu->apic, msr, keel_rdtsc(), &val))
		return refuse();
	/* The deadline is one of the guest's TSC. */
	if (msr == MSR_IA32_TSC_DEADLINE && val)
		val += vcpu->tsc_offset;
	return read_done(cpu, val);
}

static enum keel_guest_next write_base(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu)
{
	u32 phys_bits = vcpu->root->guest.cpuid[KEEL_GUEST_BASIC + 8].a & 0xff;
	u64 val = written(cpu), old = vcpu->apic_base;
	enum keel_guest_next next;

	if (!keel_apic_base_valid(old, val, phys_bits))
		return refuse();
	if (!settled(cpu, vcpu, &next))
		return next;
	__atomic_store_n(&vcpu->apic_base, val, __ATOMIC_RELAXED);
	if (old & ~val & KEEL_APIC_BASE_ENABLE)
		keel_apic_clear(vcpu);
	else if ((old ^ val) & KEEL_APIC_BASE_MODE && vcpu->apic)
		keel_apic_enter(vcpu->apic, vcpu->index, val & KEEL_APIC_BASE_X2APIC);
	if ((old ^ val) & KEEL_APIC_BASE_MODE)
		keel_apic_assist(vcpu);
	keel_skip();
	return KEEL_GUEST_RESUME;
}

/* On with the vCPU, or not, after an access */
static enum keel_guest_next access_done(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
					u32 effect)
{
	struct keel_notify notify = { .self = effect & KEEL_APIC_LOOK };
	enum keel_guest_next next;

	if (effect & KEEL_APIC_SEND)
		keel_apic_command(vcpu, keel_apic_get(vcpu->apic, KEEL_APIC_ICR) |
				  (u64)keel_apic_get(vcpu->apic, KEEL_APIC_ICR + 4) << 32,
				  &notify);
	next = keel_guest_notify(cpu, vcpu, &notify);
	if (!(effect & KEEL_APIC_EOI_LEVEL) || next != KEEL_GUEST_RESUME)
		return next;
	cpu->shared->run.vector = effect >> 24;
	keel_vcpu_leave(cpu, KEEL_RUN_EOI);
	return KEEL_GUEST_LEFT;
}

/**
 * keel_apic_wrmsr() - a guest writes to IA32_APIC_BASE, or what keel_apic_owns()
 * @cpu: the CPU
 * @vcpu: the vCPU
 * @msr: which
 *
 * Return: what the exit's handler returns.
 */
enum keel_guest_next keel_apic_wrmsr(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u32 msr)
{
	u64 val = written(cpu);
	enum keel_guest_next next;
	u32 effect;

	if (msr == MSR_IA32_APICBASE)
		return write_base(cpu, vcpu);
	if (!in_x2apic_mode(vcpu, msr))
		return refuse();
	if (!ready(cpu, vcpu, &next))
		return next;
	if (msr == MSR_IA32_TSC_DEADLINE && val)
		val -= vcpu->tsc_offset;
	effect = keel_apic_write(vcpu->apic, msr, val, keel_rdtsc());
	if (effect & KEEL_APIC_GP)
		return refuse();
	keel_skip();
	return access_done(cpu, vcpu, effect);
}

/* What an instruction does at a place of the page; what that calls for */
static u32 access_page(struct keel_apic *apic, struct keel_regs *regs, u32 offset,
		       const struct keel_mmio *mmio)
{
	u64 now = keel_rdtsc(), rflags, val;
	u32 effect = 0, is = 0;

	if (!mmio->write || mmio->op != KEEL_MMIO_MOV)
		effect = keel_xapic_read(apic, offset, mmio->size, now, &is);
	val = is;
	if (mmio->op != KEEL_MMIO_MOV) {
		rflags = keel_vmread(VMCS_GUEST_RFLAGS);
		val = keel_mmio_combine(mmio, regs, is, &rflags);
		keel_vmwrite(VMCS_GUEST_RFLAGS, rflags);
	} else if (mmio->write) {
		val = keel_mmio_value(mmio, regs);
	}
	if (mmio->write)
		effect |= keel_xapic_write(apic, offset, mmio->size, val, now);
	else if (!keel_mmio_compares(mmio))
		keel_mmio_answer(mmio, regs, val);
	return effect;
}

/**
 * keel_apic_mmio() - a guest accesses the page of its APIC
 * @cpu: the CPU
 * @vcpu: the vCPU, its APIC in xAPIC mode, as keel_apic_at() knows
 * @gpa: where
 * @mmio: the instruction, to be executed
 *
 * Return: what the exit's handler returns.
 */
enum keel_guest_next keel_apic_mmio(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u64 gpa,
				    const struct keel_mmio *mmio)
{
	enum keel_guest_next next;
	u32 effect;

	if (!ready(cpu, vcpu, &next))
		return next;
	effect = access_page(vcpu->apic, &cpu->regs, gpa & (KEEL_PAGE_SIZE - 1), mmio);
	keel_skip_over(mmio->len);
	return access_done(cpu, vcpu, effect);
}

/**
 * keel_apic_read_cr8() - MOV from CR8
 * @vcpu: the vCPU
 *
 * Return: its task priority.
 */
u64 keel_apic_read_cr8(const struct keel_vcpu *vcpu)
{
	return vcpu->apic ? keel_apic_get(vcpu->apic, KEEL_APIC_TPR) >> 4 : vcpu->cr8;
}

/**
 * keel_apic_write_cr8() - MOV to CR8
 * @cpu: the CPU
 * @vcpu: the vCPU, past the instruction
 * @val: 0 to 15
 *
 * Return: what the exit's handler returns.
 */
enum keel_guest_next keel_apic_write_cr8(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
					 u64 val)
{
	vcpu->cr8 = val;
	if (!vcpu->apic)
		return KEEL_GUEST_RESUME;
	return access_done(cpu, vcpu, keel_apic_write(vcpu->apic, KEEL_APIC_MSR_OF(KEEL_APIC_TPR),
						      val << 4, 0));
}
