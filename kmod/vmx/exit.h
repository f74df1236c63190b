/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exits: the table, and the handlers that other files of root have for it.
 *
 * World: root.  Each handler runs on the exiting CPU and touches that CPU's
 * state alone; no locks.
 */
#ifndef KEEL_VMX_EXIT_H
#define KEEL_VMX_EXIT_H

#include <linux/bits.h>
#include <linux/types.h>

#include "reasons.h"
#include "root.h"
#include "vmcs.h"

#define KEEL_NORETURN __attribute__((__noreturn__))

/**
 * struct keel_exit_row - what root does about one exit reason
 * @handle: the handler; false makes the exit an unexpected one
 * @qualified: the handler needs the exit qualification, which costs a VMREAD
 * @name: the reason's name
 *
 * A row without a handler is a reason that the demoted host's controls rule
 * out; it is unexpected when it comes all the same.
 */
struct keel_exit_row {
	bool (*handle)(struct keel_root_cpu *cpu, u64 qualification);
	bool qualified;
	const char *name;
};

extern const struct keel_exit_row keel_exit_table[KEEL_EXIT_NR];

/* entry.S */
KEEL_NORETURN void keel_resume_at(struct keel_root_cpu *cpu);
KEEL_NORETURN void keel_gate_jump(struct keel_gate *gate, u64 code);
KEEL_NORETURN void keel_depart_on(struct keel_root_cpu *cpu, const struct keel_host_state *state,
				  u64 stack);
KEEL_NORETURN void keel_shut_down(void);
bool keel_xsetbv(u32 xcr, u64 val);
bool keel_rdmsr_safe(u32 msr, u64 *val);
bool keel_wrmsr_safe(u32 msr, u64 val);

/* exit.c, called by entry.S */
void keel_exit(struct keel_root_cpu *cpu);
KEEL_NORETURN void keel_resume_failed(struct keel_root_cpu *cpu);

/* exit.c */
void keel_dump(struct keel_root_cpu *cpu);
KEEL_NORETURN void keel_give_back(struct keel_root_cpu *cpu);
KEEL_NORETURN void keel_reset(struct keel_root_cpu *cpu);

/* cpuid.c */
bool keel_exit_cpuid(struct keel_root_cpu *cpu, u64 qualification);
void keel_cpuid_patch(u32 leaf, u64 visible, struct keel_regs *regs);

/* msr.c */
bool keel_exit_rdmsr(struct keel_root_cpu *cpu, u64 qualification);
bool keel_exit_wrmsr(struct keel_root_cpu *cpu, u64 qualification);

/* cr.c */
bool keel_exit_cr(struct keel_root_cpu *cpu, u64 qualification);
bool keel_exit_xsetbv(struct keel_root_cpu *cpu, u64 qualification);
u64 keel_reg_get(struct keel_root_cpu *cpu, unsigned int nr);
void keel_reg_set(struct keel_root_cpu *cpu, unsigned int nr, u64 val);
bool keel_cr4_valid(u64 old, u64 val, u64 fixed1, u64 cr3);

/* tamper.c */
bool keel_exit_ept(struct keel_root_cpu *cpu, u64 qualification);

/* hypercall.c */
bool keel_exit_vmcall(struct keel_root_cpu *cpu, u64 qualification);

/* initsipi.c */
bool keel_exit_init(struct keel_root_cpu *cpu, u64 qualification);
bool keel_exit_sipi(struct keel_root_cpu *cpu, u64 qualification);
void keel_startup_state(struct keel_host_state *state, u8 vector);
void keel_startup_to_vmcs(const struct keel_host_state *state, u64 cr4);

/* inject.c */
void keel_inject_pending(struct keel_root_cpu *cpu);
void keel_inject_ud(void);
void keel_inject_gp(void);
void keel_inject_fault(u32 vector, u32 error);
bool keel_reinject(void);
void keel_disarm(void);

/* Activity (SDM 24.4.2) */
#define KEEL_ACTIVITY_ACTIVE	0ULL
#define KEEL_ACTIVITY_WAIT_SIPI	3ULL

/* Interruptibility (SDM 24.4.2) */
#define KEEL_BLOCKED_BY_STI	1ULL
#define KEEL_BLOCKED_BY_MOV_SS	2ULL
#define KEEL_BLOCKED_BY_NMI	8ULL

#define KEEL_RFLAGS_TF		BIT_ULL(8)
#define KEEL_PENDING_BS		BIT_ULL(14)

/**
 * keel_skip_over() - step over an instruction
 * @len: its length
 *
 * As the CPU would: the shadow of STI and MOV SS ends, and a set TF traps
 * behind the instruction (SDM 24.4.2).
 */
static inline void keel_skip_over(u64 len)
{
	const u64 shadow = KEEL_BLOCKED_BY_STI | KEEL_BLOCKED_BY_MOV_SS;
	u64 blocked = keel_vmread(VMCS_GUEST_INTERRUPTIBILITY);

	keel_vmwrite(VMCS_GUEST_RIP, keel_vmread(VMCS_GUEST_RIP) + len);
	if (__builtin_expect(blocked & shadow, 0))
		keel_vmwrite(VMCS_GUEST_INTERRUPTIBILITY, blocked & ~shadow);
	if (__builtin_expect(keel_vmread(VMCS_GUEST_RFLAGS) & KEEL_RFLAGS_TF, 0))
		keel_vmwrite(VMCS_GUEST_PENDING_DEBUG,
			     keel_vmread(VMCS_GUEST_PENDING_DEBUG) | KEEL_PENDING_BS);
}

/**
 * keel_skip() - step over the instruction that made the exit
 */
static inline void keel_skip(void)
{
	keel_skip_over(keel_vmread(VMCS_EXIT_INSTR_LEN));
}

/**
 * keel_put_seg() - give a guest, or the host, a segment
 * @n: the segment: ES, CS, SS, DS, FS, GS, LDTR, TR from 0 on
 * @seg: what is to be in it
 */
static inline void keel_put_seg(unsigned int n, const struct keel_seg *seg)
{
	keel_vmwrite(VMCS_GUEST_ES_SELECTOR + 2 * n, seg->sel);
	keel_vmwrite(VMCS_GUEST_ES_LIMIT + 2 * n, seg->limit);
	keel_vmwrite(VMCS_GUEST_ES_AR + 2 * n, seg->ar);
	keel_vmwrite(VMCS_GUEST_ES_BASE + 2 * n, seg->base);
}

/* leave.c, called by entry.S */
KEEL_NORETURN void keel_depart(struct keel_root_cpu *cpu, const struct keel_host_state *state);

/* leave.c */
void keel_state_from_vmcs(struct keel_host_state *state);
KEEL_NORETURN void keel_leave(struct keel_root_cpu *cpu, const struct keel_host_state *state);

/* ring.c */
void keel_say(struct keel_root_cpu *cpu, enum keel_event event, u64 a, u64 b, u64 c, u64 d);
bool keel_ring_put(struct keel_ring *ring, const struct keel_message *msg);
bool keel_ring_take(struct keel_ring *ring, struct keel_message *msg);

#endif /* KEEL_VMX_EXIT_H */
