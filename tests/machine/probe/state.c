// SPDX-License-Identifier: GPL-2.0
/*
 * The state of every CPU that a demotion and a return could leave different,
 * and what VMX looks like from here.
 */
#include <linux/cpu.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <asm/msr-index.h>

#include "probe.h"
#include "vmx/insn.h"

#define CR4_CET		BIT_ULL(23)

struct seg {
	u32 sel;
	u32 ar;
	u32 limit;
};

struct state {
	u64 cr0, cr4, dr7, xcr0;
	struct keel_dtr gdtr, idtr;
	u16 ldtr;
	struct seg es, cs, ss, ds, fs, gs, tr;
	u64 gdt[16];
	u64 msr[24];
	u64 cet[5];
};

static const struct {
	const char *name;
	u32 msr;
} msrs[] = {
	{ "EFER", MSR_EFER }, { "PAT", MSR_IA32_CR_PAT }, { "STAR", MSR_STAR },
	{ "LSTAR", MSR_LSTAR }, { "CSTAR", MSR_CSTAR }, { "FMASK", MSR_SYSCALL_MASK },
	{ "GS_BASE", MSR_GS_BASE }, { "TSC_AUX", MSR_TSC_AUX },
	{ "SYSENTER_CS", MSR_IA32_SYSENTER_CS }, { "SYSENTER_ESP", MSR_IA32_SYSENTER_ESP },
	{ "SYSENTER_EIP", MSR_IA32_SYSENTER_EIP }, { "DEBUGCTL", MSR_IA32_DEBUGCTLMSR },
	{ "FEAT_CTL", MSR_IA32_FEAT_CTL }, { "APIC_BASE", MSR_IA32_APICBASE },
	{ "MISC_ENABLE", MSR_IA32_MISC_ENABLE }, { "MTRR_DEF", MSR_MTRRdefType },
};

/* Where CR4.CET is set; not in every kernel's msr-index.h. */
static const struct {
	const char *name;
	u32 msr;
} cet_msrs[] = {
	{ "S_CET", 0x6a2 }, { "PL0_SSP", 0x6a4 }, { "PL1_SSP", 0x6a5 }, { "PL2_SSP", 0x6a6 },
	{ "INT_SSP_TAB", 0x6a8 },
};

static struct seg look_up(u16 sel)
{
	struct seg seg = { .sel = sel };

	asm volatile("lar %1, %0" : "+r" (seg.ar) : "r" ((u32)sel) : "cc");
	asm volatile("lsl %1, %0" : "+r" (seg.limit) : "r" ((u32)sel) : "cc");
	return seg;
}

static void read_state(void *all)
{
	struct state *s = (struct state *)all + smp_processor_id();
	u32 lo, hi;
	int i;

	s->cr0 = keel_read_cr0();
	s->cr4 = keel_read_cr4();
	s->dr7 = keel_read_dr7();
	if (s->cr4 & 1 << 18) {
		asm volatile("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
		s->xcr0 = (u64)hi << 32 | lo;
	}
	keel_sgdt(&s->gdtr);
	keel_sidt(&s->idtr);
	s->ldtr = keel_sldt();
	s->es = look_up(keel_read_es());
	s->cs = look_up(keel_read_cs());
	/* An interrupt out of user mode has left it null, a system call has not. */
	s->ss = look_up(keel_read_ss() ?: __KERNEL_DS);
	s->ds = look_up(keel_read_ds());
	s->fs = look_up(keel_read_fs());
	s->gs = look_up(keel_read_gs());
	s->tr = look_up(keel_str());
	memcpy(s->gdt, (void *)s->gdtr.base, min_t(size_t, sizeof(s->gdt), s->gdtr.limit + 1));
	for (i = 0; i < ARRAY_SIZE(msrs); i++)
		s->msr[i] = keel_rdmsr(msrs[i].msr);
	for (i = 0; s->cr4 & CR4_CET && i < ARRAY_SIZE(cet_msrs); i++)
		s->cet[i] = keel_rdmsr(cet_msrs[i].msr);
}

static void show_seg(struct seq_file *m, const char *name, const struct seg *seg)
{
	seq_printf(m, "%s %#x ar %#x limit %#x\n", name, seg->sel, seg->ar, seg->limit);
}

static void show(struct seq_file *m, int cpu, const struct state *s)
{
	int i;

	seq_printf(m, "cpu %d\ncr0 %#llx\ncr4 %#llx\ndr7 %#llx\nxcr0 %#llx\n", cpu,
		   s->cr0, s->cr4, s->dr7, s->xcr0);
	seq_printf(m, "gdtr %#llx limit %#x\nidtr %#llx limit %#x\nldtr %#x\n",
		   s->gdtr.base, s->gdtr.limit, s->idtr.base, s->idtr.limit, s->ldtr);
	show_seg(m, "es", &s->es);
	show_seg(m, "cs", &s->cs);
	show_seg(m, "ss", &s->ss);
	show_seg(m, "ds", &s->ds);
	show_seg(m, "fs", &s->fs);
	show_seg(m, "gs", &s->gs);
	show_seg(m, "tr", &s->tr);
	/* Entries 12 to 14 are the running task's. */
	for (i = 0; i < 12; i++)
		seq_printf(m, "gdt[%d] %#llx\n", i, s->gdt[i]);
	for (i = 0; i < ARRAY_SIZE(msrs); i++)
		seq_printf(m, "%s %#llx\n", msrs[i].name, s->msr[i]);
	for (i = 0; s->cr4 & CR4_CET && i < ARRAY_SIZE(cet_msrs); i++)
		seq_printf(m, "%s %#llx\n", cet_msrs[i].name, s->cet[i]);
}

void probe_state(struct seq_file *m)
{
	struct state *all = kcalloc(nr_cpu_ids, sizeof(*all), GFP_KERNEL);
	int cpu;

	BUILD_BUG_ON(ARRAY_SIZE(msrs) > ARRAY_SIZE(all->msr));
	BUILD_BUG_ON(ARRAY_SIZE(cet_msrs) > ARRAY_SIZE(all->cet));
	if (!all)
		return;
	cpus_read_lock();
	on_each_cpu(read_state, all, 1);
	for_each_online_cpu(cpu)
		show(m, cpu, &all[cpu]);
	cpus_read_unlock();
	kfree(all);
}

/* Which exception, if any, an instruction raises: Linux's fix-up table tells. */
#define TRY(insn, operand) TRY_AFTER("", insn, operand)
#define TRY_AFTER(setup, insn, operand)				\
({								\
	int __trap;						\
								\
	asm volatile(setup "\n"					\
		     "1: " insn "\n"				\
		     "mov $-1, %0\n"				\
		     "2:\n"					\
		     _ASM_EXTABLE_FAULT(1b, 2b)				\
		     : "=&a" (__trap) : "m" (operand) : "cc", "memory", "rbx", "rcx", "rdx"); \
	__trap;							\
})

static const char *trap_name(int trap)
{
	switch (trap) {
	case -1:
		return "ok";
	case 6:
		return "#UD";
	case 13:
		return "#GP";
	default:
		return "?";
	}
}

static int try_rdmsr(u32 msr)
{
	u32 lo, hi;

	return rdmsr_safe(msr, &lo, &hi) ? 13 : -1;
}

void probe_vmx(struct seq_file *m)
{
	static u64 region[512] __aligned(4096);
	u64 pa = page_to_phys(vmalloc_to_page(region));
	u32 a, b, c, d;

	preempt_disable();
	keel_cpuid(1, 0, &a, &b, &c, &d);
	seq_printf(m, "cpuid.vmx %u\ncpuid.hypervisor %u\n", c >> 5 & 1, c >> 31);
	keel_cpuid(0x40000000, 0, &a, &b, &c, &d);
	seq_printf(m, "signature %.4s%.4s%.4s\n", (char *)&b, (char *)&c, (char *)&d);
	seq_printf(m, "cr4.vmxe %llu\n", keel_read_cr4() >> 13 & 1);
	seq_printf(m, "feat_ctl %#llx\n", keel_rdmsr(MSR_IA32_FEAT_CTL));
	seq_printf(m, "rdmsr.vmx_basic %s\n", trap_name(try_rdmsr(MSR_IA32_VMX_BASIC)));
	seq_printf(m, "rdmsr.beyond_bitmap %s\n", trap_name(try_rdmsr(0x40000105)));
	seq_printf(m, "vmxon %s\n", trap_name(TRY("vmxon %1", pa)));
	seq_printf(m, "vmptrld %s\n", trap_name(TRY("vmptrld %1", pa)));
	seq_printf(m, "vmclear %s\n", trap_name(TRY("vmclear %1", pa)));
	seq_printf(m, "vmlaunch %s\n", trap_name(TRY("vmlaunch", pa)));
	seq_printf(m, "vmresume %s\n", trap_name(TRY("vmresume", pa)));
	seq_printf(m, "vmxoff %s\n", trap_name(TRY("vmxoff", pa)));
	seq_printf(m, "vmread %s\n", trap_name(TRY("vmread %%rbx, %%rcx", pa)));
	seq_printf(m, "vmwrite %s\n", trap_name(TRY("vmwrite %%rbx, %%rcx", pa)));
	seq_printf(m, "invept %s\n", trap_name(TRY("invept %1, %%rbx", region)));
	seq_printf(m, "invvpid %s\n", trap_name(TRY("invvpid %1, %%rbx", region)));
	seq_printf(m, "vmcall %s\n", trap_name(TRY_AFTER("xor %%eax, %%eax", "vmcall", pa)));
	seq_printf(m, "xsetbv.bad %s\n",
		   trap_name(TRY_AFTER("mov $0, %%ecx\n"
				     "mov $4, %%eax\n"
				     "xor %%edx, %%edx", "xsetbv", pa)));
	preempt_enable();
}
