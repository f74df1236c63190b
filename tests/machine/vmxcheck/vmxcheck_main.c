// SPDX-License-Identifier: GPL-2.0
/*
 * vmxcheck: VM entries that have to fail, and what Keel says of each.
 *
 * World: host (a test module).  Loading it does everything: on one CPU, with
 * interrupts off, it enters VMX, proves that a valid VMCS is entered, tries each
 * broken one, and leaves VMX.  Then it prints a line a case:
 *
 *	vmxcheck: NAME|ended|has to end|found|has to be found|emulator|sentences
 *
 * where "ended" is 7 or 8 (VM-instruction error), 33 (exit reason of a failed
 * entry), 0 (entered and left by VMCALL), 1000 and more (entered, and left
 * by another exit), or "skip" where the CPU lacks a feature.
 */
#include <linux/cpu.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <asm/desc.h>
#include <asm/msr.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/special_insns.h>

#include "vmx/caps.h"
#include "vmx/insn.h"
#include "vmxcheck.h"

#define EXIT_FAILED_ENTRY	BIT_ULL(31)
#define EXIT_VMCALL		18
#define SKIPPED			(-1)

struct outcome {
	int how;
	struct keel_vmx_verdict verdict;
};

/* all that a run works with; big, so not on the stack */
struct run {
	struct keel_vmx_caps caps;
	struct keel_vmcs_image base;
	struct keel_vmcs_image img;
	struct keel_vmx_verdict base_verdict;
	int valid[2];
	void *vmxon;
	void *vmcs;
	void *spare;
	struct outcome outcome[];
};

static bool vmx_op(u8 op, u64 phys)
{
	bool ok;

	switch (op) {
	case 0:
		asm volatile("vmxon %1" : "=@cca" (ok) : "m" (phys) : "memory");
		break;
	case 1:
		asm volatile("vmclear %1" : "=@cca" (ok) : "m" (phys) : "memory");
		break;
	default:
		asm volatile("vmptrld %1" : "=@cca" (ok) : "m" (phys) : "memory");
	}
	return ok;
}

static bool vmxon(void *page)	{ return vmx_op(0, virt_to_phys(page)); }
static bool vmclear(void *page)	{ return vmx_op(1, virt_to_phys(page)); }
static bool vmptrld(void *page)	{ return vmx_op(2, virt_to_phys(page)); }

/* CR4 behind Linux's back: VMXE must not show in its copy, and is gone at the end */
static void write_cr4(unsigned long val)
{
	asm volatile("mov %0, %%cr4" : : "r" (val) : "memory");
}

static u64 rights(u16 sel)
{
	u32 ar;
	bool ok;

	asm volatile("lar %2, %0" : "=r" (ar), "=@ccz" (ok) : "r" ((u32)sel));
	return sel && ok ? (ar >> 8) & 0xf0ff : 0x10000;
}

static u64 limit(u16 sel)
{
	u32 lim;
	bool ok;

	asm volatile("lsl %2, %0" : "=r" (lim), "=@ccz" (ok) : "r" ((u32)sel));
	return sel && ok ? lim : 0;
}

#define SEL(reg) ({ u16 _sel; asm volatile("mov %%" #reg ", %0" : "=r" (_sel)); _sel; })
#define PUT(field, value) keel_vmcs_put(img, VMCS_IX_##field, (value))

/* the host half: Linux as it is; the guest half: the same, at another address */
static void describe_linux(struct keel_vmcs_image *img)
{
	const u16 sel[] = { SEL(es), SEL(cs), SEL(ss), SEL(ds), SEL(fs), SEL(gs), 0, 0 };
	struct desc_ptr gdt, idt;
	struct ldttss_desc *tss;
	unsigned int i;
	u16 tr;

	native_store_gdt(&gdt);
	store_idt(&idt);
	asm volatile("str %0" : "=r" (tr));
	tss = (void *)gdt.address + tr;

	PUT(HOST_CR0, native_read_cr0());
	PUT(HOST_CR3, __native_read_cr3());
	PUT(HOST_CR4, native_read_cr4());
	PUT(HOST_TR_BASE, tss->base0 | (u64)tss->base1 << 16 | (u64)tss->base2 << 24 |
	    (u64)tss->base3 << 32);
	PUT(HOST_GDTR_BASE, gdt.address);
	PUT(HOST_IDTR_BASE, idt.address);
	PUT(HOST_FS_BASE, keel_rdmsr(MSR_FS_BASE));
	PUT(HOST_GS_BASE, keel_rdmsr(MSR_GS_BASE));
	PUT(HOST_SYSENTER_CS, keel_rdmsr(MSR_IA32_SYSENTER_CS));
	PUT(HOST_SYSENTER_ESP, keel_rdmsr(MSR_IA32_SYSENTER_ESP));
	PUT(HOST_SYSENTER_EIP, keel_rdmsr(MSR_IA32_SYSENTER_EIP));
	PUT(HOST_EFER, keel_rdmsr(MSR_EFER));
	PUT(HOST_PAT, keel_rdmsr(MSR_IA32_CR_PAT));
	PUT(HOST_RIP, (unsigned long)vmxcheck_exit);
	PUT(HOST_TR_SELECTOR, tr);

	for (i = 0; i < 6; i++) {
		keel_vmcs_put(img, VMCS_IX_HOST_ES_SELECTOR + i, sel[i]);
		keel_vmcs_put(img, VMCS_IX_GUEST_ES_SELECTOR + i, sel[i]);
		keel_vmcs_put(img, VMCS_IX_GUEST_ES_LIMIT + i, limit(sel[i]));
		keel_vmcs_put(img, VMCS_IX_GUEST_ES_AR + i, rights(sel[i]));
	}
	PUT(GUEST_CR0, img->val[VMCS_IX_HOST_CR0]);
	PUT(GUEST_CR3, img->val[VMCS_IX_HOST_CR3]);
	PUT(GUEST_CR4, img->val[VMCS_IX_HOST_CR4]);
	PUT(GUEST_FS_BASE, img->val[VMCS_IX_HOST_FS_BASE]);
	PUT(GUEST_GS_BASE, img->val[VMCS_IX_HOST_GS_BASE]);
	PUT(GUEST_TR_SELECTOR, tr);
	PUT(GUEST_TR_BASE, img->val[VMCS_IX_HOST_TR_BASE]);
	PUT(GUEST_TR_LIMIT, limit(tr));
	PUT(GUEST_TR_AR, rights(tr));
	PUT(GUEST_LDTR_AR, 0x10000);
	PUT(GUEST_GDTR_BASE, gdt.address);
	PUT(GUEST_GDTR_LIMIT, gdt.size);
	PUT(GUEST_IDTR_BASE, idt.address);
	PUT(GUEST_IDTR_LIMIT, idt.size);
	PUT(GUEST_SYSENTER_CS, img->val[VMCS_IX_HOST_SYSENTER_CS]);
	PUT(GUEST_SYSENTER_ESP, img->val[VMCS_IX_HOST_SYSENTER_ESP]);
	PUT(GUEST_SYSENTER_EIP, img->val[VMCS_IX_HOST_SYSENTER_EIP]);
	PUT(GUEST_EFER, img->val[VMCS_IX_HOST_EFER]);
	PUT(GUEST_PAT, img->val[VMCS_IX_HOST_PAT]);
	PUT(GUEST_DR7, 0x400);
	PUT(GUEST_RFLAGS, 2);
	PUT(GUEST_RIP, (unsigned long)vmxcheck_guest);
	PUT(VMCS_LINK_POINTER, ~0ULL);
}

/* as few controls as can be; whatever happens to the guest comes back as an exit */
static void describe_controls(struct run *r)
{
	static const u16 pages[] = {
		VMCS_IX_IO_BITMAP_A, VMCS_IX_IO_BITMAP_B, VMCS_IX_MSR_BITMAP,
		VMCS_IX_VIRTUAL_APIC_PAGE, VMCS_IX_APIC_ACCESS_ADDR, VMCS_IX_POSTED_INTR_DESC,
		VMCS_IX_EPTP_LIST, VMCS_IX_VMREAD_BITMAP, VMCS_IX_VMWRITE_BITMAP,
		VMCS_IX_VE_INFO_ADDR, VMCS_IX_PML_ADDRESS, VMCS_IX_SPPT_POINTER,
	};
	const struct keel_ctl_cap *cap = r->caps.ctl;
	struct keel_vmcs_image *img = &r->base;
	unsigned int i;

	PUT(PIN_CTLS, cap[KEEL_CTL_PIN].must |
	    (cap[KEEL_CTL_PIN].may & KEEL_PIN_PREEMPTION_TIMER));
	PUT(PROC_CTLS, cap[KEEL_CTL_PROC].must | KEEL_PROC_HLT);
	PUT(PROC2_CTLS, cap[KEEL_CTL_PROC2].must);
	PUT(EXIT_CTLS, cap[KEEL_CTL_EXIT].must | KEEL_EXIT_HOST_64);
	PUT(ENTRY_CTLS, cap[KEEL_CTL_ENTRY].must | KEEL_ENTRY_IA32E);
	PUT(EXCEPTION_BITMAP, 0xffffffff);
	PUT(PREEMPTION_TIMER, 100000);
	PUT(EPT_POINTER, virt_to_phys(r->spare) | 0x1e);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		keel_vmcs_put(img, pages[i], virt_to_phys(r->spare));
}

/* fields of features that the CPU lacks cannot be written, and need not be */
static void keep_what_exists(struct keel_vmcs_image *img)
{
	unsigned int ix;
	u64 val;

	for (ix = 0; ix < VMCS_IX_NR; ix++)
		if (!keel_vmread_safe(keel_vmcs_encoding(ix), &val))
			img->have[ix / 64] &= ~(1ULL << (ix % 64));
		else if (!keel_vmcs_have(img, ix))
			keel_vmcs_put(img, ix, 0);
}

/* a VM exit leaves limits of 0xffff in GDTR and IDTR, of 0x67 in TR, and a DR7 of 0x400 */
static int enter(void)
{
	struct desc_ptr gdt, idt;
	unsigned long dr7;
	u64 debugctl;
	int failed;

	native_store_gdt(&gdt);
	store_idt(&idt);
	asm volatile("mov %%dr7, %0" : "=r" (dr7));
	debugctl = keel_rdmsr(MSR_IA32_DEBUGCTLMSR);

	failed = vmxcheck_enter();
	if (failed)
		return keel_vmread(VMCS_INSTR_ERROR);

	native_load_gdt(&gdt);
	native_load_idt(&idt);
	force_reload_TR();
	asm volatile("mov %0, %%dr7" : : "r" (dr7));
	keel_wrmsr(MSR_IA32_DEBUGCTLMSR, debugctl);

	if (keel_vmread(VMCS_EXIT_REASON) & EXIT_FAILED_ENTRY)
		return keel_vmread(VMCS_EXIT_REASON) & 0xffff;
	/* anything but the guest's VMCALL is told as reason + 1000 */
	return keel_vmread(VMCS_EXIT_REASON) == EXIT_VMCALL ? ENTERED :
	       1000 + (int)keel_vmread(VMCS_EXIT_REASON);
}

static void put_v86_guest(struct keel_vmcs_image *img)
{
	unsigned int s;

	for (s = 0; s < 6; s++) {
		keel_vmcs_put(img, VMCS_IX_GUEST_ES_SELECTOR + s, 0x100);
		keel_vmcs_put(img, VMCS_IX_GUEST_ES_BASE + s, 0x1000);
		keel_vmcs_put(img, VMCS_IX_GUEST_ES_LIMIT + s, 0xffff);
		keel_vmcs_put(img, VMCS_IX_GUEST_ES_AR + s, 0xf3);
	}
	PUT(GUEST_RFLAGS, 1 << 17 | 2);
	PUT(GUEST_RIP, 0x100);
	PUT(ENTRY_CTLS, img->val[VMCS_IX_ENTRY_CTLS] & ~KEEL_ENTRY_IA32E);
	PUT(GUEST_CR4, img->val[VMCS_IX_GUEST_CR4] & ~X86_CR4_PCIDE);
}

/* can this CPU try the case? */
static bool possible(const struct run *r, const struct vmxcheck_case *c)
{
	static const u16 word[] = {
		[KEEL_CTL_PIN] = VMCS_IX_PIN_CTLS, [KEEL_CTL_PROC] = VMCS_IX_PROC_CTLS,
		[KEEL_CTL_PROC2] = VMCS_IX_PROC2_CTLS, [KEEL_CTL_PROC3] = VMCS_IX_PROC3_CTLS,
		[KEEL_CTL_EXIT] = VMCS_IX_EXIT_CTLS, [KEEL_CTL_ENTRY] = VMCS_IX_ENTRY_CTLS,
	};
	unsigned int i;

	if (c->code && r->caps.basic & KEEL_BASIC_NO_ERROR_OK)
		return false;
	for (i = 0; i < VMXCHECK_EDITS && c->edit[i].ix; i++)
		if (!keel_vmcs_have(&r->img, c->edit[i].ix - 1))
			return false;
	for (i = 0; !c->raw && i < ARRAY_SIZE(word); i++)
		if (r->img.val[word[i]] & ~r->caps.ctl[i].may)
			return false;
	return true;
}

/* write a VMCS, try to enter it, and leave it as the CPU left it */
static int attempt(struct run *r)
{
	if (!vmclear(r->vmcs) || !vmptrld(r->vmcs) || keel_vmcs_apply(&r->img) >= 0)
		return -EIO;
	keel_vmcs_capture(&r->img);
	return enter();
}

static void try_case(struct run *r, const struct vmxcheck_case *c, struct outcome *out)
{
	const struct vmxcheck_edit *e;

	r->img = r->base;
	if (c->guest == GUEST_V86)
		put_v86_guest(&r->img);
	for (e = c->edit; e < c->edit + VMXCHECK_EDITS && e->ix; e++)
		r->img.val[e->ix - 1] = (r->img.val[e->ix - 1] & ~e->clear) | e->set;
	if (!possible(r, c)) {
		out->how = SKIPPED;
		return;
	}
	out->how = attempt(r);
	keel_vmcs_check(&r->img, &r->caps, &out->verdict);
}

static void try_all(struct run *r)
{
	unsigned int i;

	if (!vmclear(r->vmcs) || !vmptrld(r->vmcs))
		return;
	describe_linux(&r->base);
	describe_controls(r);
	keep_what_exists(&r->base);

	r->img = r->base;
	r->valid[0] = attempt(r);
	keel_vmcs_check(&r->img, &r->caps, &r->base_verdict);
	/* where the valid one fails, the others tell nothing, and this one is to be told */
	for (i = 0; r->valid[0] == ENTERED && i < vmxcheck_nr; i++)
		try_case(r, &vmxcheck_cases[i], &r->outcome[i]);
	r->img = r->base;
	r->valid[1] = attempt(r);
	vmclear(r->vmcs);
}

/* VMX is off, or could not be turned on */
static int with_vmx(struct run *r)
{
	unsigned long flags, cr4;
	u64 feature;
	int err = 0;

	local_irq_save(flags);
	cr4 = native_read_cr4();
	feature = keel_rdmsr(MSR_IA32_FEAT_CTL);
	if (!(feature & FEAT_CTL_LOCKED)) {
		feature |= FEAT_CTL_LOCKED | FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX;
		keel_wrmsr(MSR_IA32_FEAT_CTL, feature);
	}
	if (cr4 & X86_CR4_VMXE || !(feature & FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX)) {
		err = -EBUSY;
	} else {
		keel_caps_read(&r->caps);
		*(u32 *)r->vmxon = r->caps.basic & KEEL_BASIC_REVISION;
		*(u32 *)r->vmcs = r->caps.basic & KEEL_BASIC_REVISION;
		write_cr4(cr4 | X86_CR4_VMXE);
		if (vmxon(r->vmxon)) {
			try_all(r);
			asm volatile("vmxoff" : : : "cc");
		} else {
			err = -EIO;
		}
		write_cr4(cr4);
	}
	local_irq_restore(flags);
	return err;
}

static void list(char *buf, size_t size, const struct keel_vmx_verdict *v, bool sentences)
{
	unsigned int id;
	size_t n = 0;

	buf[0] = 0;
	for (id = 0; id < KEEL_CHECK_NR; id++) {
		if (!keel_verdict_has(v, id))
			continue;
		if (sentences)
			n += scnprintf(buf + n, size - n, "%s%s (%s)", n ? "; " : "",
				       keel_check_text(id), keel_check_section(id));
		else
			n += scnprintf(buf + n, size - n, "%s%s", n ? " " : "",
				       keel_check_name(id));
	}
}

static void print_line(const char *name, int how, int want_how,
		       const struct keel_vmx_verdict *found, const struct keel_vmx_verdict *want,
		       const char *says)
{
	static char names[256], wanted[256], text[400];

	list(names, sizeof(names), found, false);
	list(wanted, sizeof(wanted), want, false);
	list(text, sizeof(text), found, true);
	if (how == SKIPPED)
		pr_info("vmxcheck: %s|skip|%d||||\n", name, want_how);
	else
		pr_info("vmxcheck: %s|%d|%d|%s|%s|%s|%s\n", name, how, want_how, names, wanted,
			says, text);
}

static void want(struct keel_vmx_verdict *v, unsigned int id)
{
	v->bad[id / 64] |= 1ULL << (id % 64);
}

static void print_all(const struct run *r)
{
	const struct keel_vmx_verdict none = { };
	const struct vmxcheck_case *c;
	struct keel_vmx_verdict wanted;
	unsigned int i, k;

	print_line("valid-first", r->valid[0], ENTERED, &r->base_verdict, &none, "");
	for (i = 0; i < vmxcheck_nr; i++) {
		c = &vmxcheck_cases[i];
		wanted = none;
		want(&wanted, c->check - 1);
		for (k = 0; k < VMXCHECK_ALSO && c->also[k]; k++)
			want(&wanted, c->also[k] - 1);
		print_line(c->name, r->outcome[i].how, c->how, &r->outcome[i].verdict, &wanted,
			   c->says);
	}
	print_line("valid-last", r->valid[1], ENTERED, &none, &none, "");
}

static int __init vmxcheck_init(void)
{
	struct run *r;
	int err = -ENOMEM;

	if (!keel_has_vmx())
		return -ENODEV;
	r = vzalloc(struct_size(r, outcome, vmxcheck_nr));
	if (!r)
		return err;
	r->vmxon = (void *)get_zeroed_page(GFP_KERNEL);
	r->vmcs = (void *)get_zeroed_page(GFP_KERNEL);
	r->spare = (void *)get_zeroed_page(GFP_KERNEL);
	if (r->vmxon && r->vmcs && r->spare) {
		get_cpu();
		err = with_vmx(r);
		put_cpu();
		if (!err)
			print_all(r);
	}
	free_page((unsigned long)r->spare);
	free_page((unsigned long)r->vmcs);
	free_page((unsigned long)r->vmxon);
	vfree(r);
	return err;
}
module_init(vmxcheck_init);

static void __exit vmxcheck_exit_module(void)
{
}
module_exit(vmxcheck_exit_module);

MODULE_DESCRIPTION("Keel test: VM entries that have to fail");
MODULE_LICENSE("GPL");
