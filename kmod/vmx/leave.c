// SPDX-License-Identifier: GPL-2.0
/*
 * Leaving: VMX is switched off on this CPU and Linux goes on, on the bare CPU,
 * exactly where it was.
 *
 * World: root, up to the jump into the gate (kmod/gate.S), which is mapped in
 * both.  No locks.
 *
 * A VM exit has left the CPU with root's descriptor tables and with limits and
 * segments that are not Linux's.  Each segment register is loaded from a copy
 * of the descriptor that the VMCS holds, at the index that Linux's selector
 * names, in the gate's own GDT: so nothing of Linux's memory is read, and the
 * busy bit of Linux's TSS stays as it is.  From the moment that the gate's IDT
 * is loaded, NMIs are noted by the gate and raised again once Linux's is.
 */
#include <linux/bits.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <asm/msr-index.h>

#include "exit.h"
#include "hostvmcs.h"
#include "insn.h"
#include "vcpu.h"
#include "vmcs.h"

#define VECTOR_NMI	2
#define VECTOR_MC	18

#define CR4_CET		BIT_ULL(23)

/* Control-flow enforcement (SDM 18.1); not in every kernel's msr-index.h */
#define MSR_U_CET	0x6a0
#define MSR_S_CET	0x6a2
#define MSR_PL3_SSP	0x6a7
#define CET_SHSTK_EN	BIT_ULL(0)
#define CET_TRACKER	BIT_ULL(11)

#define SEL_TI		4
#define DESC_BUSY	BIT_ULL(41)

_Static_assert(offsetof(struct keel_gate, cr3) == KEEL_GATE_CR3, "abi.h: KEEL_GATE_CR3");
_Static_assert(offsetof(struct keel_gate, cr4) == KEEL_GATE_CR4, "abi.h: KEEL_GATE_CR4");
_Static_assert(offsetof(struct keel_gate, latched) == KEEL_GATE_LATCHED, "KEEL_GATE_LATCHED");
_Static_assert(offsetof(struct keel_gate, gdtr) == KEEL_GATE_GDTR, "abi.h: KEEL_GATE_GDTR");
_Static_assert(offsetof(struct keel_gate, idtr) == KEEL_GATE_IDTR, "abi.h: KEEL_GATE_IDTR");
_Static_assert(sizeof(struct keel_gate) + 1024 <= KEEL_PAGE_SIZE, "room for the gate's stack");

static void get_seg(struct keel_seg *seg, unsigned int n)
{
	seg->sel = keel_vmread(VMCS_GUEST_ES_SELECTOR + 2 * n);
	seg->limit = keel_vmread(VMCS_GUEST_ES_LIMIT + 2 * n);
	seg->ar = keel_vmread(VMCS_GUEST_ES_AR + 2 * n);
	seg->base = keel_vmread(VMCS_GUEST_ES_BASE + 2 * n);
}

/**
 * keel_state_from_vmcs() - Linux's state as the current VMCS has it
 * @state: filled
 */
void keel_state_from_vmcs(struct keel_host_state *state)
{
	state->cr0 = (keel_vmread(VMCS_GUEST_CR0) & ~KEEL_CR0_OWNED) |
		     (keel_vmread(VMCS_CR0_SHADOW) & KEEL_CR0_OWNED);
	state->cr3 = keel_vmread(VMCS_GUEST_CR3);
	state->cr4 = (keel_vmread(VMCS_GUEST_CR4) & ~KEEL_CR4_VMXE) |
		     (keel_vmread(VMCS_CR4_SHADOW) & KEEL_CR4_VMXE);
	state->dr7 = keel_vmread(VMCS_GUEST_DR7);
	state->rip = keel_vmread(VMCS_GUEST_RIP);
	state->rsp = keel_vmread(VMCS_GUEST_RSP);
	state->rflags = keel_vmread(VMCS_GUEST_RFLAGS);
	get_seg(&state->es, 0);
	get_seg(&state->cs, 1);
	get_seg(&state->ss, 2);
	get_seg(&state->ds, 3);
	get_seg(&state->fs, 4);
	get_seg(&state->gs, 5);
	get_seg(&state->ldtr, 6);
	get_seg(&state->tr, 7);
	state->gdtr.base = keel_vmread(VMCS_GUEST_GDTR_BASE);
	state->gdtr.limit = keel_vmread(VMCS_GUEST_GDTR_LIMIT);
	state->idtr.base = keel_vmread(VMCS_GUEST_IDTR_BASE);
	state->idtr.limit = keel_vmread(VMCS_GUEST_IDTR_LIMIT);
	state->efer = keel_vmread(VMCS_GUEST_EFER);
	state->pat = keel_vmread(VMCS_GUEST_PAT);
	state->debugctl = keel_vmread(VMCS_GUEST_DEBUGCTL);
	state->sysenter_cs = keel_vmread(VMCS_GUEST_SYSENTER_CS);
	state->sysenter_esp = keel_vmread(VMCS_GUEST_SYSENTER_ESP);
	state->sysenter_eip = keel_vmread(VMCS_GUEST_SYSENTER_EIP);
}

static bool put_desc(struct keel_gate *gate, const struct keel_seg *seg)
{
	unsigned int i = seg->sel >> 3;

	if (seg->ar & KEEL_AR_UNUSABLE || !i || i + !(seg->ar & KEEL_AR_S) >= KEEL_GDT_HOST_NR)
		return false;
	gate->gdt[i] = keel_seg_encode(seg);
	if (!(seg->ar & KEEL_AR_S))
		gate->gdt[i + 1] = seg->base >> 32;
	return true;
}

static void load_data_seg(struct keel_gate *gate, const struct keel_seg *seg, unsigned int n)
{
	u16 sel = seg->sel;

	if (!(sel & SEL_TI) && (sel & ~3) && !put_desc(gate, seg))
		sel = 0;
	switch (n) {
	case 0:
		asm volatile("mov %0, %%es" : : "r" (sel));
		break;
	case 3:
		asm volatile("mov %0, %%ds" : : "r" (sel));
		break;
	case 4:
		asm volatile("mov %0, %%fs" : : "r" (sel));
		break;
	case 5:
		asm volatile("mov %0, %%gs" : : "r" (sel));
		break;
	}
}

/*
 * A selector into the LDT: point LDTR so that the one entry that it names falls
 * on a slot of the gate's GDT.  No limit is in the way, and nothing else uses
 * the LDT.
 */
static void load_ldt_seg(struct keel_gate *gate, const struct keel_seg *seg, unsigned int n)
{
	struct keel_seg ldt = {
		.base = (u64)&gate->gdt[1] - (seg->sel & ~7U),
		.limit = 0xffff,
		.ar = KEEL_AR_P | KEEL_DESC_LDT,
		.sel = 8 * (KEEL_GDT_HOST_NR - 2),
	};

	gate->gdt[1] = keel_seg_encode(seg);
	put_desc(gate, &ldt);
	asm volatile("lldt %0" : : "r" (ldt.sel));
	load_data_seg(gate, seg, n);
}

static void load_segments(struct keel_gate *gate, const struct keel_host_state *state)
{
	const struct keel_seg *const data[] = { &state->es, NULL, NULL, &state->ds,
						&state->fs, &state->gs };
	unsigned int n;
	u16 ldt = 0;

	for (n = 0; n < sizeof(data) / sizeof(data[0]); n++) {
		if (!data[n])
			continue;
		if (data[n]->sel & SEL_TI && !(data[n]->ar & KEEL_AR_UNUSABLE))
			load_ldt_seg(gate, data[n], n);
		else
			load_data_seg(gate, data[n], n);
	}
	if (put_desc(gate, &state->ldtr))
		ldt = state->ldtr.sel;
	asm volatile("lldt %0" : : "r" (ldt));
	put_desc(gate, &state->tr);
	gate->gdt[state->tr.sel >> 3] &= ~DESC_BUSY;
	asm volatile("ltr %0" : : "r" (state->tr.sel));

	keel_wrmsr(MSR_FS_BASE, state->fs.base);
	keel_wrmsr(MSR_GS_BASE, state->gs.base);
}

static void load_msrs(const struct keel_host_state *state)
{
	keel_wrmsr(MSR_EFER, state->efer);
	keel_wrmsr(MSR_IA32_CR_PAT, state->pat);
	keel_wrmsr(MSR_IA32_SYSENTER_CS, state->sysenter_cs);
	keel_wrmsr(MSR_IA32_SYSENTER_ESP, state->sysenter_esp);
	keel_wrmsr(MSR_IA32_SYSENTER_EIP, state->sysenter_eip);
}

/*
 * Control-flow enforcement is off in root and comes back in the gate, with CR4.
 * The gate is not the ENDBR that the CPU may be waiting for, if the exit came
 * right behind an indirect branch; and IRET to user space takes the pointer of
 * the shadow stack from an MSR, where it was put on the way in.
 */
static void settle_cet(const struct keel_host_state *state)
{
	if (!(state->cr4 & CR4_CET))
		return;
	keel_wrmsr(MSR_S_CET, keel_rdmsr(MSR_S_CET) & ~CET_TRACKER);
	if (state->cs.sel & 3 && keel_rdmsr(MSR_U_CET) & CET_SHSTK_EN)
		keel_wrmsr(MSR_PL3_SSP, keel_vmread(VMCS_GUEST_SSP));
}

static void fill_gate(struct keel_root_cpu *cpu, const struct keel_host_state *state)
{
	struct keel_gate *gate = &cpu->shared->gate;
	const struct keel_seg *cs = &cpu->launch.cs;
	unsigned int i;

	gate->regs = cpu->regs;
	gate->rip = state->rip;
	gate->cs = state->cs.sel;
	gate->rflags = state->rflags;
	gate->rsp = state->rsp;
	gate->ss = state->ss.sel;
	gate->cr3 = state->cr3;
	gate->cr4 = state->cr4;
	gate->gdtr = state->gdtr;
	gate->idtr = state->idtr;
	for (i = 0; i < KEEL_GDT_HOST_NR; i++)
		gate->gdt[i] = 0;
	put_desc(gate, cs);
	gate->gate_gdtr.base = (u64)gate->gdt;
	gate->gate_gdtr.limit = sizeof(gate->gdt) - 1;
	for (i = 0; i < sizeof(gate->idt) / sizeof(gate->idt[0]); i++)
		gate->idt[i] = 0;
	keel_gate_write(&gate->idt[2 * VECTOR_NMI], cpu->gate_trap, cs->sel, 0);
	keel_gate_write(&gate->idt[2 * VECTOR_MC], cpu->gate_trap + KEEL_GATE_TRAP_STRIDE,
			cs->sel, 0);
	gate->gate_idtr.base = (u64)gate->idt;
	gate->gate_idtr.limit = sizeof(gate->idt) - 1;
	gate->latched = 0;
}

/**
 * keel_leave() - switch VMX off on this CPU and go on as Linux
 * @cpu: the CPU, in root operation; its @regs are the registers to leave with
 * @state: the rest of the state to leave with
 *
 * Return: never.
 */
void keel_leave(struct keel_root_cpu *cpu, const struct keel_host_state *state)
{
	cpu->leaving = true;
	cpu->active = false;
	cpu->shared->left = 1;
	fill_gate(cpu, state);
	keel_depart_on(cpu, state, (u64)cpu->shared + KEEL_PAGE_SIZE);
}

/**
 * keel_depart() - the second half of keel_leave(), on the gate's stack
 * @cpu: the CPU
 * @state: Linux's state
 *
 * The stack is mapped in both worlds and tells the gate's NMI stub where the
 * gate is.
 *
 * Return: never.
 */
void keel_depart(struct keel_root_cpu *cpu, const struct keel_host_state *state)
{
	struct keel_gate *gate = &cpu->shared->gate;

	settle_cet(state);
	keel_vcpu_park(cpu);
	keel_vmclear(cpu->vmcs_pa);
	keel_vmxoff();

	/* Same code selector in both tables: an NMI between the two is fine. */
	asm volatile("lgdt %0" : : "m" (gate->gate_gdtr));
	asm volatile("lidt %0" : : "m" (gate->gate_idtr) : "memory");
	/* From here NMIs go to the gate's stub; what came before them goes along. */
	__atomic_or_fetch(&gate->latched,
			  (__atomic_load_n(&cpu->pending, __ATOMIC_RELAXED) | cpu->deferred) &
			  (KEEL_LATCH_NMI | KEEL_LATCH_MC), __ATOMIC_RELAXED);

	load_segments(gate, state);
	load_msrs(state);
	keel_write_dr7(state->dr7);
	keel_wrmsr(MSR_IA32_DEBUGCTLMSR, state->debugctl);
	keel_write_cr0(state->cr0);
	keel_gate_jump(gate, cpu->gate_code);
}
