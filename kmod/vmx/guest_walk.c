// SPDX-License-Identifier: GPL-2.0
/*
 * A walk of a guest's own page tables, as its CPU would make it: without paging, with
 * 32-bit, PAE and 4-level paging (SDM 4.3 to 4.7), their rights and reserved bits, and
 * accessed and dirty set on the way.
 *
 * World: root and KUnit.  No locks; the guest may change its tables meanwhile, and has
 * then to try again.  The tables are read by guest-physical addresses, wherever they lead.
 */
#include <linux/types.h>
#include <asm/msr-index.h>

#include "../mmu/pool.h"
#include "guest_walk.h"
#include "vcpu.h"
#include "vmcs.h"

#define CR0_WP		BIT_ULL(16)
#define CR0_PG		BIT_ULL(31)
#define CR4_PSE		BIT_ULL(4)
#define CR4_PAE		BIT_ULL(5)
#define CR4_SMEP	BIT_ULL(20)
#define CR4_SMAP	BIT_ULL(21)
#define RFLAGS_AC	BIT_ULL(18)

/* An entry, of either size */
#define E_PRESENT	BIT_ULL(0)
#define E_WRITE		BIT_ULL(1)
#define E_USER		BIT_ULL(2)
#define E_ACCESSED	BIT_ULL(5)
#define E_DIRTY		BIT_ULL(6)
#define E_LARGE		BIT_ULL(7)
#define E_NX		BIT_ULL(63)
#define E_ADDR		0x000ffffffffff000ULL

/* Of an error code, beside KEEL_ACCESS_... */
#define ERROR_PRESENT	BIT(0)
#define ERROR_RESERVED	BIT(3)

#define LEAF_MEMBERS	0x80000008
#define LEAF_FEATURES	0x80000001
#define FEATURES_D_1G	BIT(26)

/**
 * struct walk - one walk
 * @vcpu: whose guest it is
 * @p: how it is made
 * @access: what is wanted
 * @bits: of the address, that each level takes
 * @size: bytes of an entry
 * @top: the level that it begins at
 * @level: where it is
 * @at: where the entry of each level is
 * @entry: and what it was
 * @rights: E_WRITE and E_USER of all of them
 * @nx: one of them has E_NX
 */
struct walk {
	struct keel_vcpu *vcpu;
	const struct keel_paging *p;
	u32 access;
	u8 bits;
	u8 size;
	u8 top;
	u8 level;
	u64 at[4];
	u64 entry[4];
	u64 rights;
	bool nx;
};

static bool long_mode(const struct keel_paging *p)
{
	return p->efer & EFER_LMA;
}

/* Bits of an address below a page of @level */
static unsigned int shift_of(const struct walk *w, unsigned int level)
{
	return 12 + w->bits * (level - 1);
}

static bool may_be_large(const struct walk *w)
{
	if (w->size == 4)
		return w->level == 2 && w->p->cr4 & CR4_PSE;
	return w->level == 2 || (w->level == 3 && w->p->gigantic);
}

/* Bits that must be clear in an entry that is present */
static u64 reserved(const struct walk *w, u64 entry, bool leaf)
{
	u64 bits = E_ADDR & ~((1ULL << w->p->phys_bits) - 1);

	if (w->size == 4)
		return leaf && w->level == 2 ? BIT_ULL(21) : 0;
	if (!(w->p->efer & EFER_NX))
		bits |= E_NX;
	if (!long_mode(w->p))
		bits |= 0x7ff0000000000000ULL;
	if (w->level > 1 && leaf)
		bits |= (1ULL << shift_of(w, w->level)) - (1ULL << 13);
	if (w->level > 2 && !leaf)
		bits |= E_LARGE;
	return bits;
}

static bool refuse(const struct walk *w, struct keel_span *span, u32 error)
{
	bool tells_fetch = w->p->cr4 & CR4_SMEP ||
			   (w->p->cr4 & CR4_PAE && w->p->efer & EFER_NX);

	span->refused = true;
	span->error = error | (w->access & (KEEL_ACCESS_WRITE | KEEL_ACCESS_USER));
	if (tells_fetch)
		span->error |= w->access & KEEL_ACCESS_FETCH;
	return false;
}

static bool allowed(const struct walk *w)
{
	bool user = w->access & KEEL_ACCESS_USER;

	if (user && !(w->rights & E_USER))
		return false;
	if (w->access & KEEL_ACCESS_WRITE && !(w->rights & E_WRITE) &&
	    (user || w->p->cr0 & CR0_WP))
		return false;
	if (w->access & KEEL_ACCESS_FETCH && w->nx)
		return false;
	if (user || !(w->rights & E_USER))
		return true;
	return w->access & KEEL_ACCESS_FETCH ? !(w->p->cr4 & CR4_SMEP) :
		!(w->p->cr4 & CR4_SMAP) || w->p->rflags & RFLAGS_AC;
}

/* Down to the page's entry; false when the walk has ended, for whatever @ret says */
static bool descend(struct walk *w, u64 addr, u64 table, struct keel_span *span,
		    enum keel_fault *ret)
{
	struct keel_guest *guest = w->vcpu->guest;
	u64 entry, at;
	bool leaf;

	for (w->level = w->top;; w->level--) {
		at = table + (addr >> shift_of(w, w->level) & ((1U << w->bits) - 1)) * w->size;
		entry = 0;
		*ret = keel_gmem_read(keel_root_state(), guest, at, &entry, w->size);
		if (*ret != KEEL_FAULT_DONE)
			return false;
		if (!(entry & E_PRESENT))
			return refuse(w, span, 0);
		leaf = w->level == 1 || (entry & E_LARGE && may_be_large(w));
		if (entry & reserved(w, entry, leaf))
			return refuse(w, span, ERROR_PRESENT | ERROR_RESERVED);
		w->at[w->level - 1] = at;
		w->entry[w->level - 1] = entry;
		w->rights &= entry;
		w->nx |= !!(entry & E_NX);
		if (leaf)
			return allowed(w) || refuse(w, span, ERROR_PRESENT);
		table = entry & E_ADDR;
	}
}

/* Accessed and dirty; KEEL_FAULT_BUSY when an entry has changed meanwhile */
static enum keel_fault mark(const struct walk *w)
{
	unsigned int level;
	enum keel_fault ret;
	u64 old, bits;
	bool same;
	void *at;

	for (level = w->top; level >= w->level; level--) {
		old = w->entry[level - 1];
		bits = E_ACCESSED;
		if (level == w->level && w->access & KEEL_ACCESS_WRITE)
			bits |= E_DIRTY;
		if ((old & bits) == bits)
			continue;
		ret = keel_gmem_at(keel_root_state(), w->vcpu->guest, w->at[level - 1],
				   w->vcpu, &at);
		if (ret != KEEL_FAULT_DONE)
			return ret;
		if (w->size == 4) {
			u32 half = old;

			same = __atomic_compare_exchange_n((u32 *)at, &half, (u32)(old | bits),
							   false, __ATOMIC_SEQ_CST,
							   __ATOMIC_RELAXED);
		} else {
			same = __atomic_compare_exchange_n((u64 *)at, &old, old | bits, false,
							   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
		}
		if (!same)
			return KEEL_FAULT_BUSY;
	}
	return KEEL_FAULT_DONE;
}

static u64 translate(const struct walk *w, u64 addr)
{
	u64 entry = w->entry[w->level - 1], below = (1ULL << shift_of(w, w->level)) - 1;
	u64 page = entry & E_ADDR & ~below;

	/* 4 MiB pages can lie beyond 4 GiB (PSE-36). */
	if (w->size == 4 && w->level == 2)
		page = (entry & 0xffc00000) | (entry >> 13 & 0xff) << 32;
	return page | (addr & below);
}

/* One address; @span's @refused and @error when it is not allowed */
static enum keel_fault walk(struct keel_vcpu *vcpu, const struct keel_paging *p, u64 addr,
			    u32 access, struct keel_span *span, u64 *gpa)
{
	struct walk w = {
		.vcpu = vcpu, .p = p, .access = access,
		.bits = 9, .size = 8, .top = 4, .rights = E_WRITE | E_USER,
	};
	u64 table = p->cr3 & E_ADDR;
	enum keel_fault ret = KEEL_FAULT_DONE;

	if (!long_mode(p))
		addr = (u32)addr;
	if (!(p->cr0 & CR0_PG)) {
		*gpa = addr;
		return KEEL_FAULT_DONE;
	}
	if (!long_mode(p) && p->cr4 & CR4_PAE) {
		table = p->pdpte[addr >> 30];
		w.top = 2;
		if (!(table & E_PRESENT)) {
			refuse(&w, span, 0);
			return KEEL_FAULT_DONE;
		}
		table &= E_ADDR;
	} else if (!long_mode(p)) {
		table &= 0xfffff000;
		w.top = 2;
		w.bits = 10;
		w.size = 4;
	}
	if (!descend(&w, addr, table, span, &ret))
		return ret;
	ret = mark(&w);
	if (ret == KEEL_FAULT_DONE)
		*gpa = translate(&w, addr);
	return ret;
}

/**
 * keel_paging_of() - how a vCPU's addresses are translated
 * @vcpu: the vCPU, whose VMCS is current
 * @paging: filled
 */
void keel_paging_of(const struct keel_vcpu *vcpu, struct keel_paging *paging)
{
	const struct keel_cpuid *cpuid = vcpu->root->guest.cpuid;
	unsigned int i;

	paging->cr0 = keel_vmread(VMCS_GUEST_CR0);
	paging->cr3 = keel_vmread(VMCS_GUEST_CR3);
	paging->cr4 = keel_vmread(VMCS_GUEST_CR4);
	paging->efer = keel_vmread(VMCS_GUEST_EFER);
	paging->rflags = keel_vmread(VMCS_GUEST_RFLAGS);
	for (i = 0; i < 4; i++)
		paging->pdpte[i] = keel_vmread(VMCS_GUEST_PDPTE0 + 2 * i);
	paging->phys_bits = cpuid[keel_guest_leaf_simple(LEAF_MEMBERS)].a & 0xff;
	paging->gigantic = cpuid[keel_guest_leaf_simple(LEAF_FEATURES)].d & FEATURES_D_1G;
}

/**
 * keel_guest_span() - where bytes at a linear address are
 * @vcpu: the vCPU that gets at them
 * @paging: how its addresses are translated
 * @addr: the address, canonical
 * @size: how many, at most a page
 * @access: KEEL_ACCESS_..., with KEEL_ACCESS_USER at CPL 3
 * @span: filled, if KEEL_FAULT_DONE; they may not be had when it says @refused
 *
 * Return: enum keel_fault: of the guest's tables, not of the place where they lead.
 */
enum keel_fault keel_guest_span(struct keel_vcpu *vcpu, const struct keel_paging *paging,
				u64 addr, u32 size, u32 access, struct keel_span *span)
{
	u32 rest = KEEL_PAGE_SIZE - (addr & (KEEL_PAGE_SIZE - 1));
	enum keel_fault ret;

	*span = (struct keel_span) { .first = size < rest ? size : rest, .size = size,
				     .addr = addr };
	ret = walk(vcpu, paging, addr, access, span, &span->gpa[0]);
	if (ret != KEEL_FAULT_DONE || span->refused || span->first == size)
		return ret;
	span->addr = addr + rest;
	if (!long_mode(paging))
		span->addr = (u32)span->addr;
	return walk(vcpu, paging, span->addr, access, span, &span->gpa[1]);
}

/**
 * keel_span_read() - read bytes that keel_guest_span() has found
 * @vcpu: the vCPU
 * @span: where
 * @buf: room for them
 *
 * Return: KEEL_FAULT_DONE, or KEEL_FAULT_OUTSIDE.
 */
enum keel_fault keel_span_read(struct keel_vcpu *vcpu, const struct keel_span *span, void *buf)
{
	struct keel_root *root = keel_root_state();
	enum keel_fault ret = keel_gmem_read(root, vcpu->guest, span->gpa[0], buf, span->first);

	if (ret != KEEL_FAULT_DONE || span->first == span->size)
		return ret;
	return keel_gmem_read(root, vcpu->guest, span->gpa[1], (u8 *)buf + span->first,
			      span->size - span->first);
}

/**
 * keel_span_touch() - see to it that bytes can be written that keel_guest_span() has found
 * @vcpu: the vCPU
 * @span: where
 *
 * Return: as keel_gmem_at().
 */
enum keel_fault keel_span_touch(struct keel_vcpu *vcpu, const struct keel_span *span)
{
	struct keel_root *root = keel_root_state();
	enum keel_fault ret;
	void *at;

	ret = keel_gmem_at(root, vcpu->guest, span->gpa[0], vcpu, &at);
	if (ret != KEEL_FAULT_DONE || span->first == span->size)
		return ret;
	return keel_gmem_at(root, vcpu->guest, span->gpa[1], vcpu, &at);
}

/**
 * keel_span_write() - write bytes where keel_guest_span() has found their place
 * @vcpu: the vCPU
 * @span: where
 * @buf: the bytes
 *
 * Written again after a failure, it is as if it was written once.
 *
 * Return: as keel_gmem_at().
 */
enum keel_fault keel_span_write(struct keel_vcpu *vcpu, const struct keel_span *span,
				const void *buf)
{
	struct keel_root *root = keel_root_state();
	enum keel_fault ret;

	ret = keel_gmem_write(root, vcpu->guest, span->gpa[0], buf, span->first, vcpu);
	if (ret != KEEL_FAULT_DONE || span->first == span->size)
		return ret;
	return keel_gmem_write(root, vcpu->guest, span->gpa[1], (const u8 *)buf + span->first,
			       span->size - span->first, vcpu);
}
