// SPDX-License-Identifier: GPL-2.0
/*
 * The state of a CPU that no VMCS switches between the host and a guest: vector
 * and floating-point registers, system-call MSRs, debug registers, CR2; and the
 * barriers against speculation that go with a switch.
 *
 * World: root, on the CPU that switches; no locks.
 *
 * Linux calls RUN with its own vector registers saved, so the host's need not be
 * kept, but a guest's never stay: they are written over before the host goes on.
 */
#include <linux/bits.h>
#include <linux/types.h>
#include <asm/msr-index.h>

#include "exit.h"
#include "insn.h"
#include "vcpu.h"
#include "vmcs.h"

#define TSC_AUX		5	/* its place in keel_swap_msr */

const u32 keel_swap_msr[KEEL_SWAP_MSRS] = {
	MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SYSCALL_MASK, MSR_KERNEL_GS_BASE, MSR_TSC_AUX,
};

/* An area that loads the initial state: FCW 0x37f, MXCSR 0x1f80, XSTATE_BV 0 */
static const struct {
	u16 fcw;
	u8 pad0[22];
	u32 mxcsr;
	u32 mxcsr_mask;
	u8 pad1[544];
} __attribute__((aligned(64))) initial = { .fcw = 0x37f, .mxcsr = 0x1f80, .mxcsr_mask = 0xffff };

static void load_fpu(const void *area, u64 xfeatures)
{
	if (xfeatures)
		asm volatile("xrstor64 %0" : : "m" (*(const u8 (*)[KEEL_FPU_MIN])area),
			     "a" ((u32)xfeatures), "d" ((u32)(xfeatures >> 32)) : "memory");
	else
		asm volatile("fxrstor64 %0" : : "m" (*(const u8 (*)[512])area) : "memory");
}

static void save_fpu(void *area, u64 xfeatures)
{
	if (xfeatures)
		asm volatile("xsave64 %0" : : "m" (*(u8 (*)[KEEL_FPU_MIN])area),
			     "a" ((u32)xfeatures), "d" ((u32)(xfeatures >> 32)) : "memory");
	else
		asm volatile("fxsave64 %0" : : "m" (*(u8 (*)[512])area) : "memory");
}

static u64 read_xcr0(void)
{
	u32 lo, hi;

	asm volatile("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
	return (u64)hi << 32 | lo;
}

static void write_xcr0(u64 val)
{
	asm volatile("xsetbv" : : "c" (0), "a" ((u32)val), "d" ((u32)(val >> 32)));
}

static unsigned int swapped(const struct keel_root *root)
{
	return root->guest.ctl[KEEL_CTL_PROC2] & KEEL_PROC2_RDTSCP ? KEEL_SWAP_MSRS : TSC_AUX;
}

#define READ_DR(n, val) asm volatile("mov %%dr" #n ", %0" : "=r" (val))
#define WRITE_DR(n, val) asm volatile("mov %0, %%dr" #n : : "r" (val))

static void load_debug(const u64 dr[4], u64 dr6)
{
	WRITE_DR(0, dr[0]);
	WRITE_DR(1, dr[1]);
	WRITE_DR(2, dr[2]);
	WRITE_DR(3, dr[3]);
	WRITE_DR(6, dr6);
}

static void save_debug(u64 dr[4], u64 *dr6)
{
	READ_DR(0, dr[0]);
	READ_DR(1, dr[1]);
	READ_DR(2, dr[2]);
	READ_DR(3, dr[3]);
	READ_DR(6, *dr6);
}

/**
 * keel_swap_debug() - give a guest its debug registers, from now on
 * @cpu: the CPU
 * @vcpu: the vCPU, which runs
 *
 * DR7 is switched by the VMCS, and off in root: so nothing triggers on the way.
 */
void keel_swap_debug(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu)
{
	vcpu->debug = true;
	save_debug(cpu->host_dr, &cpu->host_dr6);
	load_debug(vcpu->dr, vcpu->dr6);
}

/**
 * keel_swap_in() - from the host to a guest
 * @cpu: the CPU
 * @vcpu: the vCPU that is to run
 */
void keel_swap_in(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu)
{
	const struct keel_root *root = vcpu->root;
	unsigned int i, nr = swapped(root);
	u64 xfeatures = root->guest.xfeatures;

	for (i = 0; i < nr; i++) {
		cpu->host_msr[i] = keel_rdmsr(keel_swap_msr[i]);
		if (vcpu->msr[i] != cpu->host_msr[i])
			keel_wrmsr(keel_swap_msr[i], vcpu->msr[i]);
	}
	keel_write_cr2(vcpu->cr2);
	if (vcpu->debug)
		keel_swap_debug(cpu, vcpu);
	load_fpu(vcpu->fpu, xfeatures);
	if (!xfeatures)
		return;
	cpu->host_xcr0 = read_xcr0();
	if (vcpu->xcr0 != cpu->host_xcr0)
		write_xcr0(vcpu->xcr0);
}

/**
 * keel_swap_out() - from a guest to the host
 * @cpu: the CPU
 * @vcpu: the vCPU that has run
 */
void keel_swap_out(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu)
{
	const struct keel_root *root = vcpu->root;
	unsigned int i, nr = swapped(root);
	u64 xfeatures = root->guest.xfeatures;

	if (xfeatures && vcpu->xcr0 != cpu->host_xcr0)
		write_xcr0(cpu->host_xcr0);
	save_fpu(vcpu->fpu, xfeatures);
	load_fpu(&initial, xfeatures);
	if (vcpu->debug) {
		save_debug(vcpu->dr, &vcpu->dr6);
		load_debug(cpu->host_dr, cpu->host_dr6);
	}
	vcpu->cr2 = keel_read_cr2();
	for (i = 0; i < nr; i++) {
		vcpu->msr[i] = keel_rdmsr(keel_swap_msr[i]);
		if (vcpu->msr[i] != cpu->host_msr[i])
			keel_wrmsr(keel_swap_msr[i], cpu->host_msr[i]);
	}
}

/**
 * keel_barrier_guests() - keep one guest's branches from steering another's
 * @cpu: the CPU
 * @vcpu: the vCPU that is to run
 */
void keel_barrier_guests(struct keel_root_cpu *cpu, const struct keel_vcpu *vcpu)
{
	u32 next = vcpu->guest->id + 1U;

	if (cpu->last_guest == next)
		return;
	cpu->last_guest = next;
	if (vcpu->root->guest.barriers & KEEL_BARRIER_IBPB)
		keel_wrmsr(MSR_IA32_PRED_CMD, PRED_CMD_IBPB);
}

/**
 * keel_barrier_enter() - keep what the host has left in buffers from a guest
 * @root: root
 *
 * Right before an entry that comes from the host (VERW, L1D_FLUSH).
 */
void keel_barrier_enter(const struct keel_root *root)
{
	static const u16 selector;

	if (root->guest.barriers & KEEL_BARRIER_L1D)
		keel_wrmsr(MSR_IA32_FLUSH_CMD, L1D_FLUSH);
	if (root->guest.barriers & KEEL_BARRIER_VERW)
		asm volatile("verw %0" : : "m" (selector) : "cc");
}
