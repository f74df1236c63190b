/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest's vCPU, and what root's files about guests have for each other.
 *
 * World: root.  A struct keel_vcpu belongs to the CPU that has set its @running;
 * its VMCS is active on at most one CPU, which has it as @resident.
 */
#ifndef KEEL_VMX_VCPU_H
#define KEEL_VMX_VCPU_H

#include <linux/errno.h>
#include <linux/types.h>
#include <asm/msr-index.h>

#include "../abi.h"
#include "../mmu/guest.h"
#include "apic.h"
#include "exit.h"
#include "guest_setup.h"
#include "guest_walk.h"
#include "mmio.h"
#include "root.h"

/* No CPU has the vCPU's VMCS. */
#define KEEL_NO_CPU	(~0U)

/* In place of a number of bytes: it waits for the answer to a read of MMIO. */
#define KEEL_ANSWER_MMIO	0xff

/* A vCPU's tag for translations; other guests' EPTs tell theirs apart. */
#define KEEL_VPID_VCPU	2

/* Of @in_size */
#define KEEL_IN_STRING	0x80

/**
 * struct keel_vcpu - a vCPU; a page of root's
 * @regs: registers while it does not run
 * @guest: whose it is
 * @root: what all CPUs' root shares
 * @vmcs_pa: its VMCS
 * @fpu: its XSAVE area, here or in a page of its own
 * @index: its number
 * @running: 1 from the moment that a CPU takes it until it is back in Linux
 * @on_cpu: Linux's number of the CPU on which its VMCS is active, KEEL_NO_CPU
 * @launched: VMLAUNCH was done since its VMCS was last cleared
 * @debug: it has touched its debug registers, which are switched from then on
 * @in_size: it waits for the answer to an IN of so many bytes, 0 when it does not;
 *           with KEEL_IN_STRING it was an INS, and the answer goes to
 * @ins: this place in its memory
 * @mmio: the instruction that it has left for, when that is MMIO
 * @epoch: the guest's epoch that it has flushed for
 * @cr2: while it does not run
 * @xcr0: its XCR0
 * @cr8: its task priority
 * @dr: DR0 to DR3 while it does not run
 * @dr6: and DR6
 * @msr: the MSRs of keel_swap_msr while it does not run
 * @stat: what it counts
 * @attention: KEEL_ATT_...: what it has to see to before it goes into the guest; set by
 *             anybody
 * @sipi: vector of the start-up IPI that is among it
 * @posted: interrupts that have come for its APIC, by vector; set by anybody
 * @level: those among them that are level-triggered
 * @apic: its APIC, NULL before its first use
 * @apic_pa: physical address of that
 * @apic_base: IA32_APIC_BASE, read by others
 * @slice_left: what the VMX-preemption timer still has to count, behind what it was given,
 *              before Linux is asked
 * @tsc_offset: its TSC, less the machine's
 * @tsc_adjust: IA32_TSC_ADJUST
 * @wall_clock: the KVM_WALL_CLOCK that it has written
 * @clock: KVM_SYSTEM_TIME, read by others
 * @eoi_at: KVM_PV_EOI_EN
 * @steal_at: KVM_STEAL_TIME, read by others
 * @steal: ns that its thread has waited for a CPU, written by others
 * @steal_told: how many of these the guest has been told of
 * @area: room for @fpu, where it is enough
 */
struct keel_vcpu {
	struct keel_regs regs;
	struct keel_guest *guest;
	const struct keel_root *root;
	u64 vmcs_pa;
	u8 *fpu;
	u32 index;
	u32 running;
	u32 on_cpu;
	bool launched;
	bool debug;
	u8 in_size;
	struct keel_mmio mmio;
	u64 epoch;
	u64 cr2;
	u64 xcr0;
	u64 cr8;
	u64 dr[4];
	u64 dr6;
	u64 msr[KEEL_SWAP_MSRS];
	struct keel_vcpu_stat stat;
	u32 attention;
	u8 sipi;
	u64 posted[4];
	u64 level[4];
	struct keel_apic *apic;
	u64 apic_pa;
	u64 apic_base;
	u64 slice_left;
	u64 tsc_offset;
	u64 tsc_adjust;
	u64 wall_clock;
	u64 clock;
	u64 eoi_at;
	u64 steal_at;
	u64 steal;
	u64 steal_told;
	struct keel_span ins;
	u8 area[] __attribute__((aligned(64)));
};

/* What a handler of a guest's exit says */
enum keel_guest_next {
	KEEL_GUEST_RESUME,	/* into the guest again */
	KEEL_GUEST_LEFT,	/* keel_vcpu_leave() was called: on with the host */
	KEEL_GUEST_UNKNOWN,	/* it is not known what to do */
};

/**
 * struct keel_guest_row - what root does about a guest's exit
 * @handle: the handler, NULL for an exit that is not known
 * @qualified: the handler needs the exit qualification
 */
struct keel_guest_row {
	enum keel_guest_next (*handle)(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				       u64 qualification);
	bool qualified;
};

extern const struct keel_guest_row keel_guest_table[KEEL_EXIT_NR];

/* entry.S */
extern const u8 keel_guest_entry[];
KEEL_NORETURN void keel_launch_at(struct keel_root_cpu *cpu);

/* vcpu.c */
s64 keel_vcpu_new(struct keel_root_cpu *cpu, u64 id, u64 index);
s64 keel_vcpu_msi(u64 id, u64 address, u64 data);
s64 keel_vcpu_stat(struct keel_root_cpu *cpu, u64 id, u64 index);
s64 keel_vcpu_write(struct keel_root_cpu *cpu, u64 id, u64 gpa, u64 size);
struct keel_vcpu *keel_vcpu_make(struct keel_root *root, struct keel_guest *guest, u64 index,
				 bool apic, u64 *pfn);
void keel_vcpu_add(struct keel_vcpu *vcpu, u64 pfn);
struct keel_vcpu *keel_vcpu_at(struct keel_root *root, u64 id, u64 index);

/**
 * keel_vcpu_let_go() - that is over
 * @vcpu: the vCPU
 */
static inline void keel_vcpu_let_go(struct keel_vcpu *vcpu)
{
	__atomic_store_n(&vcpu->running, 0, __ATOMIC_SEQ_CST);
}

/**
 * keel_vcpu_take() - have a vCPU for oneself
 * @vcpu: the vCPU
 *
 * Return: 0; -EBUSY when another CPU has it, -ESHUTDOWN when the guest is killed this moment.
 */
static inline s64 keel_vcpu_take(struct keel_vcpu *vcpu)
{
	if (__atomic_exchange_n(&vcpu->running, 1, __ATOMIC_SEQ_CST))
		return -EBUSY;
	if (!__atomic_load_n(&vcpu->guest->dead, __ATOMIC_SEQ_CST))
		return 0;
	keel_vcpu_let_go(vcpu);
	return -ESHUTDOWN;
}

/* clone.c */
s64 keel_vcpu_clone(struct keel_root_cpu *cpu, u64 from, u64 index, u64 to);
void keel_vcpu_copy(struct keel_vcpu *new, const struct keel_vcpu *old);

/* run.c */
s64 keel_vcpu_run(struct keel_root_cpu *cpu, u64 id, u64 index, u64 input);
void keel_vcpu_leave(struct keel_root_cpu *cpu, enum keel_run_reason reason);
void keel_vcpu_park(struct keel_root_cpu *cpu);
void keel_vcpu_flush(const struct keel_root *root, struct keel_vcpu *vcpu, bool moved);

/* swap.c */
extern const u32 keel_swap_msr[KEEL_SWAP_MSRS];
void keel_swap_in(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu);
void keel_swap_out(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu);
void keel_swap_debug(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu);
void keel_barrier_guests(struct keel_root_cpu *cpu, const struct keel_vcpu *vcpu);
void keel_barrier_enter(const struct keel_root *root);

/* guest_vmcs.c; see also guest_setup.h */
void keel_guest_vmcs(const struct keel_root *root, const struct keel_vcpu *vcpu,
		     const struct keel_vcpu_start *start);
void keel_guest_vmcs_host(const struct keel_root_cpu *cpu, const struct keel_vcpu *vcpu);

/* DR6 as reset and INIT leave it */
#define KEEL_DR6_INIT	0xffff0ff0ULL

/* guest_exit.c, called by entry.S */
void keel_guest_exit(struct keel_root_cpu *cpu);
enum keel_guest_next keel_guest_later(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				      enum keel_fault fault);

/* Leaves of the table that depend on more than the leaf */
#define KEEL_LEAVES_SPECIAL	(BIT(1) | BIT(4) | BIT(7) | BIT(0xb) | BIT(0xd))

static inline void keel_guest_answer(struct keel_root_cpu *cpu, const struct keel_cpuid *r)
{
	cpu->regs.rax = r->a;
	cpu->regs.rbx = r->b;
	cpu->regs.rcx = r->c;
	cpu->regs.rdx = r->d;
	keel_skip();
}

/**
 * keel_guest_leaf_simple() - the place in the table of a leaf that is always the same
 * @leaf: the leaf
 *
 * Return: the index; KEEL_GUEST_LEAVES when it takes keel_guest_cpuid().
 */
static inline u32 keel_guest_leaf_simple(u32 leaf)
{
	if (leaf < KEEL_GUEST_BASIC)
		return KEEL_LEAVES_SPECIAL >> leaf & 1 ? KEEL_GUEST_LEAVES : leaf;
	leaf -= 0x80000000;
	return leaf < KEEL_GUEST_LEAVES - KEEL_GUEST_BASIC ? leaf + KEEL_GUEST_BASIC :
							     KEEL_GUEST_LEAVES;
}

/* guest_uart.c */
bool keel_guest_uart(struct keel_vcpu *vcpu, struct keel_regs *regs, u64 port, bool in);
s64 keel_guest_said(u64 id, u8 *bytes);
s64 keel_guest_port(u64 id, u64 port);
bool keel_said_put(struct keel_said *said, u8 byte);
bool keel_said_gone(struct keel_said *said);
s64 keel_said_take(struct keel_said *said, u8 *bytes);

/* guest_port.c */
bool keel_port_nobody(struct keel_regs *regs, u64 port, u64 size, bool in);
enum keel_guest_next keel_guest_io(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				   u64 qualification);

/* guest_string.c */
enum keel_guest_next keel_guest_string(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				       u64 qualification);
s64 keel_string_answer(struct keel_vcpu *vcpu, u64 input);

/**
 * keel_vcpu_answer() - the answer to the IN, or the read, that a vCPU has left for, if it has
 * @vcpu: the vCPU
 * @input: the answer, as much of it as is taken; 32 bits clear the upper half
 *
 * Return: 0, or keel_string_answer()'s.
 */
static inline s64 keel_vcpu_answer(struct keel_vcpu *vcpu, u64 input)
{
	u64 *rax = &vcpu->regs.rax;

	if (!vcpu->in_size)
		return 0;
	switch (vcpu->in_size) {
	case 1:
		*rax = (*rax & ~0xffULL) | (input & 0xff);
		break;
	case 2:
		*rax = (*rax & ~0xffffULL) | (input & 0xffff);
		break;
	case 4:
		*rax = (u32)input;
		break;
	case KEEL_ANSWER_MMIO:
		keel_mmio_answer(&vcpu->mmio, &vcpu->regs, input);
		break;
	default:
		return keel_string_answer(vcpu, input);
	}
	vcpu->in_size = 0;
	return 0;
}

/* guest_mmio.c */
enum keel_fault keel_guest_mmio(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u64 gpa,
				bool write, enum keel_guest_next *next);

/* guest_cpuid.c */
void keel_guest_leaf_4(struct keel_cpuid *r);
void keel_guest_leaf_b(const struct keel_vcpu *vcpu, u32 sub, struct keel_cpuid *r);
void keel_guest_leaf_kvm(const struct keel_guest_setup *setup, u32 leaf, struct keel_cpuid *r);
void keel_guest_leaf_d(const struct keel_guest_setup *setup, u32 sub, struct keel_cpuid *r);
enum keel_guest_next keel_guest_cpuid(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				      u64 qualification);

/* guest_msr.c */
bool keel_guest_msr(const struct keel_guest_setup *setup, u32 msr, bool write, u64 *val);
enum keel_guest_next keel_guest_rdmsr(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				      u64 qualification);
enum keel_guest_next keel_guest_wrmsr(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				      u64 qualification);

/* apic_vcpu.c */
s64 keel_apic_attach(struct keel_vcpu *vcpu);
void keel_apic_assist(const struct keel_vcpu *vcpu);
void keel_apic_clear(struct keel_vcpu *vcpu);
s64 keel_vcpu_attend(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu);
bool keel_vcpu_idle(struct keel_root_cpu *cpu, const struct keel_vcpu *vcpu);
enum keel_guest_next keel_guest_notify(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				       const struct keel_notify *notify);
enum keel_guest_next keel_guest_hlt(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				    u64 qualification);
enum keel_guest_next keel_guest_window(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				       u64 qualification);
enum keel_guest_next keel_guest_timer(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				      u64 qualification);
enum keel_guest_next keel_guest_eoi(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				    u64 qualification);
enum keel_guest_next keel_guest_apic_write(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
					   u64 qualification);

/* apic_access.c */
enum keel_guest_next keel_apic_rdmsr(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u32 msr);
enum keel_guest_next keel_apic_wrmsr(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u32 msr);
enum keel_guest_next keel_apic_mmio(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u64 gpa,
				    const struct keel_mmio *mmio);
u64 keel_apic_read_cr8(const struct keel_vcpu *vcpu);
enum keel_guest_next keel_apic_write_cr8(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
					 u64 val);

/**
 * keel_apic_owns() - is it the APIC that answers for an MSR?
 * @msr: the MSR
 *
 * Return: true when it is.
 */
static inline bool keel_apic_owns(u32 msr)
{
	return msr - KEEL_APIC_MSR < 0x100 || msr == MSR_IA32_APICBASE ||
	       msr == MSR_IA32_TSC_DEADLINE;
}

/**
 * keel_apic_at() - is it the page of the vCPU's APIC?
 * @vcpu: the vCPU
 * @gpa: where there is no memory
 *
 * Return: true when it is, which it is in xAPIC mode only.
 */
static inline bool keel_apic_at(const struct keel_vcpu *vcpu, u64 gpa)
{
	u64 base = vcpu->apic_base;

	return !((gpa ^ base) >> 12) && (base & KEEL_APIC_BASE_MODE) == KEEL_APIC_BASE_ENABLE;
}

/* guest_startup.c */
void keel_guest_init(struct keel_vcpu *vcpu);
u32 keel_guest_startup(struct keel_vcpu *vcpu);

/* guest_exit.c */
void keel_guest_reinject(void);

/* guest_hypercall.c */
u32 keel_hypercall_targets(u64 low, u64 min, u32 present);
bool keel_hypercall_lacks_cpu(const struct keel_vcpu *vcpu, u64 id);
enum keel_guest_next keel_guest_hypercall(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
					  u64 nr);

/* guest_steal.c */
bool keel_steal_wrmsr(struct keel_vcpu *vcpu, u64 val);
enum keel_fault keel_steal_tell(struct keel_vcpu *vcpu, bool *flush);
s64 keel_vcpu_preempted(u64 id, u64 index);
s64 keel_vcpu_steal(u64 id, u64 index, u64 ns);

/* guest_eoi.c */
enum keel_fault keel_eoi_wrmsr(struct keel_vcpu *vcpu, u64 val);
enum keel_fault keel_eoi_take(struct keel_vcpu *vcpu);
void keel_eoi_give(struct keel_vcpu *vcpu);

/* guest_clock.c */
bool keel_clock_rdmsr(const struct keel_vcpu *vcpu, u32 msr, u64 *val);
enum keel_fault keel_clock_wrmsr(struct keel_vcpu *vcpu, u32 msr, u64 val, u64 now);

/* guest_cr.c */
bool keel_guest_xcr0_valid(u64 val, u64 xfeatures);
enum keel_guest_next keel_guest_cr(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				   u64 qualification);
enum keel_guest_next keel_guest_dr(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				   u64 qualification);
enum keel_guest_next keel_guest_xsetbv(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				       u64 qualification);

#endif /* KEEL_VMX_VCPU_H */
