// SPDX-License-Identifier: GPL-2.0
/*
 * INS and OUTS of guests.  Root does all of the instruction but the I/O itself: what
 * Linux gets to see is an IN or an OUT for each element.
 *
 * World: root, and KUnit for what does not touch a VMCS.  No locks.
 *
 * An exit comes before all faults of the operand in memory (SDM 25.1.1), so root raises
 * them.  With a repeat count the guest executes the instruction again until there is
 * nothing left, and takes its interrupts in between.
 */
#include <linux/bits.h>
#include <linux/types.h>
#include <asm/msr-index.h>

#include "exit.h"
#include "guest_string.h"
#include "guest_walk.h"
#include "insn.h"
#include "vcpu.h"
#include "vmcs.h"

#define CR0_PE		BIT_ULL(0)
#define RFLAGS_DF	BIT_ULL(10)
#define RFLAGS_VM	BIT_ULL(17)

#define SEG_ES		0
#define SEG_SS		2

#define VECTOR_SS	12
#define VECTOR_GP	13
#define VECTOR_PF	14

/* Of a segment's type */
#define TYPE_CODE	8
#define TYPE_DOWN	4	/* of data */
#define TYPE_WRITE	2	/* of data; of code: it can be read */

/**
 * keel_string_index() - the register that says where the element is
 * @regs: registers
 * @qualification: of the exit
 *
 * Return: RDI of INS, RSI of OUTS.
 */
u64 *keel_string_index(struct keel_regs *regs, u64 qualification)
{
	return KEEL_IO_IN(qualification) ? &regs->rdi : &regs->rsi;
}

/**
 * keel_string_mask() - the bits of registers that count as an address
 * @info: instruction information
 *
 * Return: the bits.
 */
u64 keel_string_mask(u64 info)
{
	switch (KEEL_STRING_ADDR(info)) {
	case 0:
		return 0xffff;
	case 1:
		return 0xffffffff;
	default:
		return ~0ULL;
	}
}

/* 32 bits clear the upper half, 16 leave the rest alone. */
static void add(u64 *reg, u64 val, u64 mask)
{
	*reg = ((*reg + val) & mask) | (mask == 0xffff ? *reg & ~mask : 0);
}

/**
 * keel_string_step() - an element is done: the next one
 * @regs: registers, changed
 * @qualification: of the exit
 * @info: instruction information
 * @down: RFLAGS.DF
 *
 * Return: true when there are more.
 */
bool keel_string_step(struct keel_regs *regs, u64 qualification, u64 info, bool down)
{
	u64 mask = keel_string_mask(info), size = KEEL_IO_SIZE(qualification);

	add(keel_string_index(regs, qualification), down ? -size : size, mask);
	if (!KEEL_IO_REP(qualification))
		return false;
	add(&regs->rcx, -1ULL, mask);
	return regs->rcx & mask;
}

/**
 * keel_segment_allows() - may memory be had through a segment?
 * @ar: its access rights, as in a VMCS
 * @limit: its limit
 * @offset: where in it
 * @size: how many bytes
 * @write: to write, else to read
 * @protected: in protected mode, where its type counts
 *
 * Outside 64-bit mode, where nothing of this is looked at (SDM 5.3, 5.5).
 *
 * Return: true when it may.
 */
bool keel_segment_allows(u64 ar, u64 limit, u64 offset, u32 size, bool write, bool protected)
{
	u64 last = offset + size - 1;

	if (protected) {
		if (ar & KEEL_AR_UNUSABLE)
			return false;
		if (ar & TYPE_CODE ? write || !(ar & TYPE_WRITE) : write && !(ar & TYPE_WRITE))
			return false;
		if ((ar & (TYPE_CODE | TYPE_DOWN)) == TYPE_DOWN)
			return offset > limit && last <= (ar & KEEL_AR_DB ? 0xffffffff : 0xffff);
	}
	return last <= limit;
}

static bool canonical(u64 addr)
{
	return (u64)((s64)(addr << 16) >> 16) == addr;
}

/* Is the element where it may be, as far as segments go? */
static bool placed(u64 addr, u64 offset, u32 size, unsigned int seg, bool write)
{
	u64 rflags = keel_vmread(VMCS_GUEST_RFLAGS);
	bool protected = keel_vmread(VMCS_GUEST_CR0) & CR0_PE && !(rflags & RFLAGS_VM);

	if (keel_vmread(VMCS_GUEST_EFER) & EFER_LMA && keel_vmread(VMCS_GUEST_CS_AR) & KEEL_AR_L)
		return canonical(addr) && canonical(addr + size - 1);
	return keel_segment_allows(keel_vmread(VMCS_GUEST_ES_AR + 2 * seg),
				   keel_vmread(VMCS_GUEST_ES_LIMIT + 2 * seg), offset, size, write,
				   protected);
}

/* Where the element is; of INS, with a frame of its own for what will be written there */
static enum keel_fault find(struct keel_vcpu *vcpu, u64 addr, u32 size, bool write,
			    struct keel_span *span)
{
	u32 access = write ? KEEL_ACCESS_WRITE : 0;
	struct keel_paging paging;
	enum keel_fault ret;

	if (KEEL_AR_DPL(keel_vmread(VMCS_GUEST_SS_AR)) == 3)
		access |= KEEL_ACCESS_USER;
	keel_paging_of(vcpu, &paging);
	ret = keel_guest_span(vcpu, &paging, addr, size, access, span);
	if (ret != KEEL_FAULT_DONE || span->refused || !write)
		return ret;
	return keel_span_touch(vcpu, span);
}

static enum keel_guest_next outside(struct keel_root_cpu *cpu, const struct keel_span *span,
				    bool write)
{
	cpu->shared->run.gpa = span->gpa[0];
	cpu->shared->run.write = write;
	keel_vcpu_leave(cpu, KEEL_RUN_OUTSIDE);
	return KEEL_GUEST_LEFT;
}

/**
 * keel_guest_string() - an INS or OUTS of a guest has made an exit
 * @cpu: the CPU
 * @vcpu: the vCPU
 * @qualification: which, and its port
 *
 * Return: KEEL_GUEST_LEFT for the I/O, or what has to come first.
 */
enum keel_guest_next keel_guest_string(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				       u64 qualification)
{
	u64 info = keel_vmread(VMCS_EXIT_INSTR_INFO), mask = keel_string_mask(info);
	u64 addr = keel_vmread(VMCS_GUEST_LINEAR_ADDR);
	u64 offset = *keel_string_index(&cpu->regs, qualification) & mask;
	bool in = KEEL_IO_IN(qualification), more;
	u32 size = KEEL_IO_SIZE(qualification), seg = in ? SEG_ES : KEEL_STRING_SEG(info), val = 0;
	struct keel_run *run = &cpu->shared->run;
	struct keel_span span;
	enum keel_fault ret;

	if (KEEL_IO_REP(qualification) && !(cpu->regs.rcx & mask)) {
		keel_skip();
		return KEEL_GUEST_RESUME;
	}
	if (!placed(addr, offset, size, seg, in)) {
		keel_inject_fault(seg == SEG_SS ? VECTOR_SS : VECTOR_GP, 0);
		return KEEL_GUEST_RESUME;
	}
	ret = find(vcpu, addr, size, in, &span);
	if (ret == KEEL_FAULT_DONE && span.refused) {
		keel_write_cr2(span.addr);
		keel_inject_fault(VECTOR_PF, span.error);
		return KEEL_GUEST_RESUME;
	}
	if (ret == KEEL_FAULT_DONE && !in)
		ret = keel_span_read(vcpu, &span, &val);
	if (ret == KEEL_FAULT_OUTSIDE)
		return outside(cpu, &span, in);
	if (ret != KEEL_FAULT_DONE)
		return keel_guest_later(cpu, vcpu, ret);

	more = keel_string_step(&cpu->regs, qualification, info,
				keel_vmread(VMCS_GUEST_RFLAGS) & RFLAGS_DF);
	keel_skip_over(more ? 0 : keel_vmread(VMCS_EXIT_INSTR_LEN));
	run->port = KEEL_IO_PORT(qualification);
	run->size = size;
	run->write = !in;
	run->val = val;
	vcpu->in_size = in ? size | KEEL_IN_STRING : 0;
	vcpu->ins = span;
	keel_vcpu_leave(cpu, KEEL_RUN_IO);
	return KEEL_GUEST_LEFT;
}

/**
 * keel_string_answer() - Linux has what an INS has asked for
 * @vcpu: the vCPU, about to go into the guest again
 * @input: the answer
 *
 * Return: 0; or enum keel_run_reason when the guest's memory takes it only later, if
 * RUN is called with it again.
 */
s64 keel_string_answer(struct keel_vcpu *vcpu, u64 input)
{
	switch (keel_span_write(vcpu, &vcpu->ins, &input)) {
	case KEEL_FAULT_FILL:
		return KEEL_RUN_FILL;
	case KEEL_FAULT_KICK:
	case KEEL_FAULT_BUSY:
		return KEEL_RUN_KICK;
	case KEEL_FAULT_DONE:
	case KEEL_FAULT_OUTSIDE:
		break;
	}
	vcpu->in_size = 0;
	return 0;
}
