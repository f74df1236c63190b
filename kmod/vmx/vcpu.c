// SPDX-License-Identifier: GPL-2.0
/*
 * vCPUs: how they are made, found, and asked what they have done.
 *
 * World: root.  Making one takes the lock of struct keel_root.  Finding one takes
 * none: a guest that is killed is left alone from then on, and its pages go
 * back to the host only when every CPU has been through root since
 * (mmu/guest.c), so that nobody still looks at them.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "../mmu/pool.h"
#include "exit.h"
#include "insn.h"
#include "vcpu.h"

_Static_assert(sizeof(struct keel_vcpu) + KEEL_FPU_MIN <= KEEL_PAGE_SIZE, "one page a vCPU");

/**
 * keel_vcpu_at() - find a vCPU
 * @root: root
 * @id: the guest, any number
 * @index: the vCPU, any number
 *
 * Return: the vCPU; NULL when there is none, or the guest was killed.
 */
struct keel_vcpu *keel_vcpu_at(struct keel_root *root, u64 id, u64 index)
{
	struct keel_guest *guest = keel_guest_alive(root, id);

	if (!guest || index >= KEEL_VCPUS_MAX || guest->vcpu[index] == KEEL_NO_FRAME)
		return NULL;
	return keel_phys((u64)guest->vcpu[index] << 12);
}

/* FCW and MXCSR where FXRSTOR, and MXCSR where XRSTOR, takes them from */
static void init_fpu(u8 *area)
{
	*(u16 *)area = 0x37f;
	*(u32 *)(area + 24) = 0x1f80;
}

/**
 * keel_vcpu_make() - a vCPU's pages, from those of its guest's pool
 * @root: root
 * @guest: the guest, locked; its EPT gets its first table with the first vCPU
 * @index: the vCPU's number, of which there is none yet
 * @apic: it has an APIC from the beginning
 * @pfn: set to its frame, for keel_vcpu_add()
 *
 * All pages or none: the pool is looked at before anything is taken.
 *
 * Return: the vCPU, which nobody finds yet; NULL when the pool lacks pages.
 */
struct keel_vcpu *keel_vcpu_make(struct keel_root *root, struct keel_guest *guest, u64 index,
				 bool apic, u64 *pfn)
{
	bool big = root->guest.fpu_size > KEEL_PAGE_SIZE - sizeof(struct keel_vcpu);
	struct keel_vcpu *vcpu;
	u64 page;

	if (!keel_guest_has(root, guest, 2U + big + apic + !guest->ept.root))
		return NULL;
	if (!guest->ept.root) {
		keel_guest_page(root, guest, &page);
		guest->ept.root = page << 12;
		guest->ept.tables++;
	}
	vcpu = keel_guest_page(root, guest, pfn);
	*(u32 *)keel_guest_page(root, guest, &page) = root->guest.vmcs_revision;
	vcpu->vmcs_pa = page << 12;
	vcpu->fpu = big ? keel_guest_page(root, guest, &page) : vcpu->area;
	if (apic) {
		vcpu->apic = keel_guest_page(root, guest, &page);
		vcpu->apic_pa = page << 12;
	}
	vcpu->guest = guest;
	vcpu->root = root;
	vcpu->index = index;
	vcpu->on_cpu = KEEL_NO_CPU;
	return vcpu;
}

/**
 * keel_vcpu_add() - a vCPU can be found from now on
 * @vcpu: the vCPU, whose VMCS is active nowhere
 * @pfn: its frame
 */
void keel_vcpu_add(struct keel_vcpu *vcpu, u64 pfn)
{
	struct keel_guest *guest = vcpu->guest;

	guest->nr_vcpus++;
	__atomic_store_n(&guest->vcpu[vcpu->index], (u32)pfn, __ATOMIC_RELEASE);
}

static s64 make(struct keel_root_cpu *cpu, struct keel_root *root, struct keel_guest *guest,
		u64 index)
{
	/* The host can change it any time. */
	struct keel_vcpu_start start = cpu->shared->start;
	struct keel_vcpu *vcpu;
	u64 pfn;

	if (guest->vcpu[index] != KEEL_NO_FRAME)
		return -EEXIST;
	vcpu = keel_vcpu_make(root, guest, index, false, &pfn);
	if (!vcpu)
		return -ENOSPC;
	init_fpu(vcpu->fpu);
	vcpu->xcr0 = 1;
	vcpu->dr6 = KEEL_DR6_INIT;
	vcpu->apic_base = KEEL_APIC_BASE_ADDR | KEEL_APIC_BASE_ENABLE |
			  (index ? 0 : KEEL_APIC_BASE_BSP);
	vcpu->regs = (struct keel_regs) {
		.rax = start.rax, .rbx = start.rbx, .rcx = start.rcx, .rdx = start.rdx,
		.rsi = start.rsi, .rdi = start.rdi,
	};
	keel_vmclear(vcpu->vmcs_pa);
	keel_vmptrld(vcpu->vmcs_pa);
	keel_guest_vmcs(root, vcpu, &start);
	if (start.waits) {
		vcpu->attention = KEEL_ATT_WAIT_SIPI;
		keel_guest_init(vcpu);
	}
	keel_vmclear(vcpu->vmcs_pa);
	keel_vmptrld(cpu->vmcs_pa);
	keel_vcpu_add(vcpu, pfn);
	return 0;
}

/**
 * keel_vcpu_new() - make a vCPU, from pages of the guest's pool
 * @cpu: the CPU, in its host's world; its @shared->start has the registers
 * @id: the guest
 * @index: the vCPU
 *
 * Any registers will do: those that a VM entry refuses make it fail, no more.
 *
 * Return: 0; -EOPNOTSUPP when this CPU can have no guests, -ENOENT when there is
 * no such guest, -EINVAL for a bad index, -EEXIST when it is there, -ENOSPC when
 * the guest's pool lacks pages, -EAGAIN when another CPU works on the guest.
 */
s64 keel_vcpu_new(struct keel_root_cpu *cpu, u64 id, u64 index)
{
	struct keel_root *root = keel_root_state();
	struct keel_guest *guest = keel_guest_at(root, id);
	s64 ret;

	if (!root->guest.able)
		return -EOPNOTSUPP;
	if (!guest || guest->dead)
		return -ENOENT;
	if (index >= KEEL_VCPUS_MAX)
		return -EINVAL;
	if (!keel_guest_lock(guest))
		return -EAGAIN;
	ret = make(cpu, root, guest, index);
	keel_guest_unlock(guest);
	return ret;
}

/**
 * keel_vcpu_stat() - what a vCPU has done
 * @cpu: the CPU, in its host's world; its @shared->vcpu_stat is filled
 * @id: the guest
 * @index: the vCPU
 *
 * Return: 0, or -ENOENT.
 */
s64 keel_vcpu_stat(struct keel_root_cpu *cpu, u64 id, u64 index)
{
	const struct keel_vcpu *vcpu = keel_vcpu_at(keel_root_state(), id, index);

	if (!vcpu)
		return -ENOENT;
	cpu->shared->vcpu_stat = vcpu->stat;
	return 0;
}

/**
 * keel_vcpu_msi() - an interrupt from a device
 * @id: the guest
 * @address: of the message
 * @data: what it holds
 *
 * Return: who has to hear of it, KEEL_MSI_WAKE() and KEEL_MSI_KICK(); -ENOENT.
 */
s64 keel_vcpu_msi(u64 id, u64 address, u64 data)
{
	struct keel_guest *guest = keel_guest_alive(keel_root_state(), id);
	struct keel_notify notify = { 0 };

	if (!guest)
		return -ENOENT;
	keel_apic_message(guest, address, data, &notify);
	return notify.wake | (s64)notify.kick << 16;
}

/**
 * keel_vcpu_write() - Linux writes to a guest's memory
 * @cpu: the CPU, in its host's world; its @shared->batch has the bytes
 * @id: the guest, whose first vCPU is in Linux
 * @gpa: to where
 * @size: how many bytes
 *
 * Nothing is written unless all is.
 *
 * Return: 0; -EINVAL when they are too many or there is no memory, -ENOENT when there is no
 * such guest or it has no vCPU, -ENOSPC when its pool lacks frames, -EBUSY when a CPU has its
 * first vCPU, -ESHUTDOWN when it is killed this moment, -EAGAIN when a CPU works on its memory.
 */
s64 keel_vcpu_write(struct keel_root_cpu *cpu, u64 id, u64 gpa, u64 size)
{
	struct keel_root *root = keel_root_state();
	struct keel_vcpu *vcpu = keel_vcpu_at(root, id, 0);
	enum keel_fault fault;
	s64 ret;

	if (!vcpu)
		return -ENOENT;
	if (size > sizeof(cpu->shared->batch))
		return -EINVAL;
	ret = keel_vcpu_take(vcpu);
	if (ret)
		return ret;
	fault = keel_gmem_write(root, vcpu->guest, gpa, cpu->shared->batch, size, vcpu);
	keel_vcpu_let_go(vcpu);
	switch (fault) {
	case KEEL_FAULT_DONE:
		return 0;
	case KEEL_FAULT_FILL:
		return -ENOSPC;
	case KEEL_FAULT_OUTSIDE:
		return -EINVAL;
	default:
		return -EAGAIN;
	}
}
