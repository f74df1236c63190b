// SPDX-License-Identifier: GPL-2.0
/*
 * A vCPU that goes on where another one is: the copy of everything that it knows.
 *
 * World: root, under the lock of struct keel_root and that of the new guest; the vCPU that
 * is copied was taken, and its VMCS is active on no CPU but perhaps this one.  What others
 * leave for that one meanwhile comes before the copy or is for it alone.
 *
 * Time goes on for the copy: the offset of its TSC and the deadline of its timer are what
 * they were, as if it had been paused.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "../mmu/pool.h"
#include "apic.h"
#include "exit.h"
#include "insn.h"
#include "vcpu.h"
#include "vmcs.h"

/* What every CPU's VMCS has, but for root's half and what names the guest's memory */
static const u16 fields[] = {
	VMCS_PIN_CTLS, VMCS_PROC_CTLS, VMCS_PROC2_CTLS, VMCS_EXIT_CTLS, VMCS_ENTRY_CTLS,
	VMCS_EXCEPTION_BITMAP, VMCS_PF_ERROR_MASK, VMCS_PF_ERROR_MATCH, VMCS_CR3_TARGET_COUNT,
	VMCS_EXIT_MSR_STORE_COUNT, VMCS_EXIT_MSR_LOAD_COUNT, VMCS_ENTRY_MSR_LOAD_COUNT,
	VMCS_ENTRY_INTR_INFO, VMCS_ENTRY_EXCEPTION_ERROR, VMCS_ENTRY_INSTR_LEN,
	VMCS_VPID, VMCS_TSC_OFFSET, VMCS_MSR_BITMAP, VMCS_VMCS_LINK_POINTER,
	VMCS_GUEST_ES_SELECTOR, VMCS_GUEST_ES_LIMIT, VMCS_GUEST_ES_AR, VMCS_GUEST_ES_BASE,
	VMCS_GUEST_CS_SELECTOR, VMCS_GUEST_CS_LIMIT, VMCS_GUEST_CS_AR, VMCS_GUEST_CS_BASE,
	VMCS_GUEST_SS_SELECTOR, VMCS_GUEST_SS_LIMIT, VMCS_GUEST_SS_AR, VMCS_GUEST_SS_BASE,
	VMCS_GUEST_DS_SELECTOR, VMCS_GUEST_DS_LIMIT, VMCS_GUEST_DS_AR, VMCS_GUEST_DS_BASE,
	VMCS_GUEST_FS_SELECTOR, VMCS_GUEST_FS_LIMIT, VMCS_GUEST_FS_AR, VMCS_GUEST_FS_BASE,
	VMCS_GUEST_GS_SELECTOR, VMCS_GUEST_GS_LIMIT, VMCS_GUEST_GS_AR, VMCS_GUEST_GS_BASE,
	VMCS_GUEST_LDTR_SELECTOR, VMCS_GUEST_LDTR_LIMIT, VMCS_GUEST_LDTR_AR, VMCS_GUEST_LDTR_BASE,
	VMCS_GUEST_TR_SELECTOR, VMCS_GUEST_TR_LIMIT, VMCS_GUEST_TR_AR, VMCS_GUEST_TR_BASE,
	VMCS_GUEST_GDTR_LIMIT, VMCS_GUEST_GDTR_BASE, VMCS_GUEST_IDTR_LIMIT,
	VMCS_GUEST_IDTR_BASE,
	VMCS_CR0_MASK, VMCS_CR0_SHADOW, VMCS_CR4_MASK, VMCS_CR4_SHADOW,
	VMCS_GUEST_CR0, VMCS_GUEST_CR3, VMCS_GUEST_CR4, VMCS_GUEST_EFER, VMCS_GUEST_PAT,
	VMCS_GUEST_DEBUGCTL, VMCS_GUEST_DR7, VMCS_GUEST_RIP, VMCS_GUEST_RSP, VMCS_GUEST_RFLAGS,
	VMCS_GUEST_SYSENTER_CS, VMCS_GUEST_SYSENTER_ESP, VMCS_GUEST_SYSENTER_EIP,
	VMCS_GUEST_PDPTE0, VMCS_GUEST_PDPTE1, VMCS_GUEST_PDPTE2, VMCS_GUEST_PDPTE3,
	VMCS_GUEST_INTERRUPTIBILITY, VMCS_GUEST_ACTIVITY, VMCS_GUEST_PENDING_DEBUG,
};

/* What a CPU's VMCS has that delivers virtual interrupts */
static const u16 fields_assist[] = {
	VMCS_GUEST_INTR_STATUS, VMCS_TPR_THRESHOLD,
	VMCS_EOI_EXIT0, VMCS_EOI_EXIT1, VMCS_EOI_EXIT2, VMCS_EOI_EXIT3,
};

/* And one's that notices loops with PAUSE */
static const u16 fields_ple[] = {
	VMCS_PLE_GAP, VMCS_PLE_WINDOW,
};

#define NR(array) (sizeof(array) / sizeof((array)[0]))

struct values {
	u64 all[NR(fields)];
	u64 assist[NR(fields_assist)];
	u64 ple[NR(fields_ple)];
};

static void read_fields(const u16 *field, u64 *val, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		val[i] = keel_vmread(field[i]);
}

static void write_fields(const u16 *field, const u64 *val, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		keel_vmwrite(field[i], val[i]);
}

/* Neither VMCS is active on a CPU before or afterwards; this CPU's own one is current again. */
static void copy_vmcs(const struct keel_root_cpu *cpu, const struct keel_vcpu *new,
		      const struct keel_vcpu *old)
{
	const struct keel_guest_setup *setup = &new->root->guest;
	bool ple = setup->ctl[KEEL_CTL_PROC2] & KEEL_PROC2_PLE;
	struct values values;

	keel_vmptrld(old->vmcs_pa);
	read_fields(fields, values.all, NR(fields));
	if (setup->assist)
		read_fields(fields_assist, values.assist, NR(fields_assist));
	if (ple)
		read_fields(fields_ple, values.ple, NR(fields_ple));
	keel_vmclear(old->vmcs_pa);

	keel_vmclear(new->vmcs_pa);
	keel_vmptrld(new->vmcs_pa);
	write_fields(fields, values.all, NR(fields));
	if (setup->assist)
		write_fields(fields_assist, values.assist, NR(fields_assist));
	if (ple)
		write_fields(fields_ple, values.ple, NR(fields_ple));
	keel_vmwrite(VMCS_EPT_POINTER, keel_guest_eptp(new->guest, setup->eptp_bits));
	if (setup->assist && new->apic)
		keel_vmwrite(VMCS_VIRTUAL_APIC_PAGE, new->apic_pa);
	keel_vmclear(new->vmcs_pa);
	keel_vmptrld(cpu->vmcs_pa);
}

/* Both have room up to a multiple of 8. */
static void copy_fpu(u8 *to, const u8 *from, u64 size)
{
	u64 nr = (size + 7) / 8;

	asm volatile("rep movsq" : "+D" (to), "+S" (from), "+c" (nr) : : "memory");
}

/*
 * What others leave for a vCPU they leave in @posted first, and say so in @attention
 * afterwards; and to say it once too often does no harm.
 */
static void copy_news(struct keel_vcpu *new, const struct keel_vcpu *old)
{
	bool posted = false;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		new->posted[i] = __atomic_load_n(&old->posted[i], __ATOMIC_SEQ_CST);
		new->level[i] = __atomic_load_n(&old->level[i], __ATOMIC_SEQ_CST);
		posted |= !!new->posted[i];
	}
	new->attention = __atomic_load_n(&old->attention, __ATOMIC_SEQ_CST);
	new->sipi = __atomic_load_n(&old->sipi, __ATOMIC_SEQ_CST);
	if (posted)
		new->attention |= KEEL_ATT_IRQ;
}

/**
 * keel_vcpu_copy() - all that a vCPU knows, but for its VMCS
 * @new: zeroed, with its pages: an APIC if @old has one
 * @old: the vCPU, taken
 *
 * What it counts begins at nothing.
 */
void keel_vcpu_copy(struct keel_vcpu *new, const struct keel_vcpu *old)
{
	unsigned int i;

	new->regs = old->regs;
	new->debug = old->debug;
	new->in_size = old->in_size;
	new->ins = old->ins;
	new->mmio = old->mmio;
	new->cr2 = old->cr2;
	new->xcr0 = old->xcr0;
	new->cr8 = old->cr8;
	for (i = 0; i < 4; i++)
		new->dr[i] = old->dr[i];
	new->dr6 = old->dr6;
	for (i = 0; i < KEEL_SWAP_MSRS; i++)
		new->msr[i] = old->msr[i];
	new->apic_base = old->apic_base;
	new->tsc_offset = old->tsc_offset;
	new->tsc_adjust = old->tsc_adjust;
	new->wall_clock = old->wall_clock;
	new->clock = old->clock;
	new->eoi_at = old->eoi_at;
	new->steal_at = old->steal_at;
	new->steal = __atomic_load_n(&old->steal, __ATOMIC_RELAXED);
	new->steal_told = old->steal_told;
	copy_fpu(new->fpu, old->fpu, new->root->guest.fpu_size);
	if (new->apic)
		*new->apic = *old->apic;
	copy_news(new, old);
}

static s64 clone(struct keel_root_cpu *cpu, struct keel_root *root, struct keel_guest *guest,
		 struct keel_vcpu *old)
{
	struct keel_vcpu *new;
	u64 pfn;

	if (guest->vcpu[old->index] != KEEL_NO_FRAME)
		return -EEXIST;
	new = keel_vcpu_make(root, guest, old->index, old->apic, &pfn);
	if (!new)
		return -ENOSPC;
	keel_vcpu_copy(new, old);
	copy_vmcs(cpu, new, old);
	keel_vcpu_add(new, pfn);
	return 0;
}

/**
 * keel_vcpu_clone() - make a vCPU that is where another one is
 * @cpu: the CPU, in its host's world
 * @from: the guest that has that one
 * @index: which one it is, and will be
 * @to: the guest that gets it
 *
 * Return: 0; -EOPNOTSUPP when this CPU can have no guests, -ENOENT when there is no such
 * vCPU, or no such guest, -EEXIST when the guest has one already, -EBUSY when a CPU has the
 * other one or its VMCS: the host parks it; -ENOSPC when the guest's pool lacks pages,
 * -EAGAIN when another CPU works on the guest.
 */
s64 keel_vcpu_clone(struct keel_root_cpu *cpu, u64 from, u64 index, u64 to)
{
	struct keel_root *root = keel_root_state();
	struct keel_vcpu *old = keel_vcpu_at(root, from, index);
	struct keel_guest *guest = keel_guest_alive(root, to);
	s64 ret = -EBUSY;
	u32 on_cpu;

	if (!root->guest.able)
		return -EOPNOTSUPP;
	if (!old || !guest)
		return -ENOENT;
	if (keel_vcpu_take(old))
		return -EBUSY;
	on_cpu = __atomic_load_n(&old->on_cpu, __ATOMIC_ACQUIRE);
	if (on_cpu == cpu->cpu)
		keel_vcpu_park(cpu);
	if (on_cpu == cpu->cpu || on_cpu == KEEL_NO_CPU) {
		ret = -EAGAIN;
		if (keel_guest_lock(guest)) {
			ret = clone(cpu, root, guest, old);
			keel_guest_unlock(guest);
		}
	}
	keel_vcpu_let_go(old);
	return ret;
}
