// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's accesses to the memory of devices, which the host serves, and to its APIC's.
 *
 * World: root, on the CPU that runs the guest; no locks.  The instruction is read where
 * the guest has it: another vCPU can have changed it meanwhile, which harms nobody but
 * that guest.
 */
#include <linux/bits.h>
#include <linux/types.h>

#include "../../uapi/machine.h"
#include "exit.h"
#include "guest_walk.h"
#include "mmio.h"
#include "vcpu.h"
#include "vmcs.h"

#define EVENT_VALID	BIT(31)
#define AR_LONG		BIT(13)
#define AR_32		BIT(14)

static bool within(u64 gpa, u64 from, u64 size)
{
	return gpa >= from && gpa - from < size;
}

static bool is_device(u64 gpa)
{
	return within(gpa, KEEL_MACHINE_IOAPIC, KEEL_PAGE_SIZE) ||
	       within(gpa, KEEL_MACHINE_VIRTIO,
		      KEEL_MACHINE_VIRTIO_SLOTS * KEEL_MACHINE_VIRTIO_SIZE);
}

static unsigned int code_bits(const struct keel_paging *paging)
{
	u64 ar = keel_vmread(VMCS_GUEST_CS_AR);

	if (paging->efer & EFER_LMA && ar & AR_LONG)
		return 64;
	return ar & AR_32 ? 32 : 16;
}

/* The first @nr bytes of the instruction: not all that follow are on a page that is there */
static enum keel_fault fetch(struct keel_vcpu *vcpu, const struct keel_paging *paging,
			     u64 at, u32 nr, u8 *code)
{
	u32 user = KEEL_AR_DPL(keel_vmread(VMCS_GUEST_SS_AR)) == 3 ? KEEL_ACCESS_USER : 0;
	struct keel_span span;
	enum keel_fault ret;

	ret = keel_guest_span(vcpu, paging, at, nr, KEEL_ACCESS_FETCH | user, &span);
	if (ret != KEEL_FAULT_DONE)
		return ret;
	return span.refused ? KEEL_FAULT_OUTSIDE : keel_span_read(vcpu, &span, code);
}

/* Its instruction; its second page is looked at if it gets there. */
static enum keel_fault decode(struct keel_vcpu *vcpu, struct keel_mmio *mmio)
{
	struct keel_paging paging;
	u8 code[KEEL_INSN_MAX];
	enum keel_decoded done;
	enum keel_fault ret;
	unsigned int bits;
	u32 nr;
	u64 at;

	keel_paging_of(vcpu, &paging);
	bits = code_bits(&paging);
	at = keel_vmread(VMCS_GUEST_CS_BASE) + keel_vmread(VMCS_GUEST_RIP);
	if (bits != 64)
		at = (u32)at;
	nr = KEEL_PAGE_SIZE - (at & (KEEL_PAGE_SIZE - 1));
	if (nr > KEEL_INSN_MAX)
		nr = KEEL_INSN_MAX;
	ret = fetch(vcpu, &paging, at, nr, code);
	if (ret != KEEL_FAULT_DONE)
		return ret;
	done = keel_mmio_decode(code, nr, bits, mmio);
	if (done == KEEL_DECODE_MORE) {
		ret = fetch(vcpu, &paging, at, KEEL_INSN_MAX, code);
		if (ret != KEEL_FAULT_DONE)
			return ret;
		done = keel_mmio_decode(code, KEEL_INSN_MAX, bits, mmio);
	}
	return done == KEEL_DECODED ? KEEL_FAULT_DONE : KEEL_FAULT_OUTSIDE;
}

/**
 * keel_guest_mmio() - an access where there is no memory, maybe a device's
 * @cpu: the CPU
 * @vcpu: the vCPU
 * @gpa: where
 * @write: it writes
 * @next: what the exit's handler returns, if that is known: KEEL_GUEST_LEFT when the host
 *        is to serve it, as @cpu's struct keel_run has it
 *
 * Return: KEEL_FAULT_DONE when @next is set, and the instruction is stepped over or is to be
 * executed again; KEEL_FAULT_OUTSIDE when it is no device's, or is made by an instruction
 * that is not known; others as they are.
 */
enum keel_fault keel_guest_mmio(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u64 gpa,
				bool write, enum keel_guest_next *next)
{
	struct keel_run *run = &cpu->shared->run;
	bool apic = keel_apic_at(vcpu, gpa);
	struct keel_mmio mmio;
	enum keel_fault ret;

	/* A device's memory is no place for a stack or a table that an event goes by. */
	if (!(apic || is_device(gpa)) ||
	    keel_vmread(VMCS_IDT_VECTORING_INFO) & EVENT_VALID)
		return KEEL_FAULT_OUTSIDE;
	ret = decode(vcpu, &mmio);
	if (ret != KEEL_FAULT_DONE)
		return ret;
	if (mmio.write != write || (gpa & (KEEL_PAGE_SIZE - 1)) + mmio.size > KEEL_PAGE_SIZE)
		return KEEL_FAULT_OUTSIDE;
	if (apic) {
		*next = keel_apic_mmio(cpu, vcpu, gpa, &mmio);
		return KEEL_FAULT_DONE;
	}
	/* The host answers with a value, and does no more. */
	if (mmio.op != KEEL_MMIO_MOV)
		return KEEL_FAULT_OUTSIDE;
	run->gpa = gpa;
	run->size = mmio.size;
	run->write = write;
	run->val = write ? keel_mmio_value(&mmio, &cpu->regs) : 0;
	vcpu->in_size = write ? 0 : KEEL_ANSWER_MMIO;
	vcpu->mmio = mmio;
	keel_skip_over(mmio.len);
	keel_vcpu_leave(cpu, KEEL_RUN_MMIO);
	*next = KEEL_GUEST_LEFT;
	return KEEL_FAULT_DONE;
}
