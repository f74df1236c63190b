// SPDX-License-Identifier: GPL-2.0
/*
 * Preflight: can this machine be demoted?  Reads only, on every CPU, before
 * anything is allocated or changed; a refusal is one line that names the cause
 * and the remedy.
 *
 * World: host.  Each CPU fills its own struct reading from an IPI; the rest
 * runs in the loading task, on CPUs that may come and go: keel->checked says
 * which ones were looked at.
 */
#define pr_fmt(fmt) "keel: " fmt

#include <linux/cpu.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "keel.h"

#define CR4_FRED	BIT_ULL(32)

/**
 * struct reading - what preflight reads on a CPU
 * @caps: VMX capabilities
 * @feat_ctl: IA32_FEATURE_CONTROL
 * @cr0: control register
 * @cr4: control register
 * @gdt_limit: limit of the GDT
 * @cs: code selector
 * @vmx: CPUID shows VMX; without it, @caps and @feat_ctl are zero
 * @hypervisor: CPUID shows a hypervisor
 */
struct reading {
	struct keel_vmx_caps caps;
	u64 feat_ctl;
	u64 cr0;
	u64 cr4;
	u16 gdt_limit;
	u16 cs;
	bool vmx;
	bool hypervisor;
};

static void read_cpu(struct reading *r)
{
	struct keel_dtr gdtr;
	u32 a, b, c, d;

	memset(r, 0, sizeof(*r));
	keel_cpuid(1, 0, &a, &b, &c, &d);
	r->hypervisor = c >> 31;
	r->vmx = keel_has_vmx();
	r->cr0 = keel_read_cr0();
	r->cr4 = keel_read_cr4();
	r->cs = keel_read_cs();
	keel_sgdt(&gdtr);
	r->gdt_limit = gdtr.limit;
	if (!r->vmx)
		return;
	r->feat_ctl = keel_rdmsr(MSR_IA32_FEAT_CTL);
	keel_caps_read(&r->caps);
}

static void read_this(void *readings)
{
	read_cpu((struct reading *)readings + smp_processor_id());
}

static int refuse(unsigned int cpu, int err, const char *cause, const char *remedy)
{
	pr_err("CPU %u: %s; %s\n", cpu, cause, remedy);
	return err;
}

static int check_usable(unsigned int cpu, const struct reading *r)
{
	if (!r->vmx)
		return refuse(cpu, -ENODEV, "no VT-x: CPUID does not show VMX", r->hypervisor ?
			      "this is a virtual machine: enable nested virtualization for it" :
			      "it takes an Intel CPU with VT-x, turned on in the firmware setup");
	if (!(r->feat_ctl & FEAT_CTL_LOCKED))
		return refuse(cpu, -EACCES, "IA32_FEATURE_CONTROL is not locked",
			      "boot a kernel with CONFIG_IA32_FEAT_CTL");
	if (!(r->feat_ctl & FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX))
		return refuse(cpu, -EACCES, "VT-x is locked off by the firmware",
			      "turn on virtualization (VT-x, VMX) in the firmware setup");
	if (r->cr4 & X86_CR4_VMXE)
		return refuse(cpu, -EBUSY, "VMX is in use by another hypervisor",
			      "stop its guests and unload it (rmmod kvm_intel); since Linux 6.12 kvm_intel holds VMX from load on unless kvm.enable_virt_at_load=0 is given");
	return 0;
}

static int check_ept(unsigned int cpu, const struct keel_vmx_caps *caps)
{
	static const struct {
		u64 bit;
		const char *cause;
	} needed[] = {
		{ KEEL_EPT_CAP_WALK4, "EPT without 4-level tables" },
		{ KEEL_EPT_CAP_WB, "EPT without write-back tables" },
		{ KEEL_EPT_CAP_2M, "EPT without 2M pages" },
		{ KEEL_EPT_CAP_1G, "EPT without 1G pages" },
		{ KEEL_EPT_CAP_INVEPT, "no INVEPT" },
		{ KEEL_EPT_CAP_INVEPT_ALL, "no INVEPT of all contexts" },
		{ KEEL_EPT_CAP_INVVPID, "no INVVPID" },
		{ KEEL_EPT_CAP_INVVPID_ONE, "no INVVPID of one context" },
		{ KEEL_EPT_CAP_INVVPID_ALL, "no INVVPID of all contexts" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(needed); i++)
		if (!(caps->ept_vpid & needed[i].bit))
			return refuse(cpu, -EOPNOTSUPP, needed[i].cause, "this CPU is too old");
	return 0;
}

static int check_controls(unsigned int cpu, const struct keel_vmx_caps *caps,
			  u64 ctl[KEEL_CTL_NR])
{
	struct keel_ctl_refusal why;
	const char *name;
	char cause[96];

	if ((caps->basic >> KEEL_BASIC_MEMTYPE_SHIFT & 15) != KEEL_MT_WB)
		return refuse(cpu, -EOPNOTSUPP, "VMCSs are not write-back memory",
			      "this CPU is not known to work");
	if (keel_ctl_resolve(caps, keel_host_want, ctl, &why)) {
		/* Off but for moments (vmx/inject.c), so not among the wanted. */
		if (caps->ctl[KEEL_CTL_PIN].may & KEEL_PIN_PREEMPTION_TIMER)
			return 0;
		return refuse(cpu, -EOPNOTSUPP, "no VMX-preemption timer", "this CPU is too old");
	}
	name = keel_ctl_bit_name(why.word, why.bit);
	snprintf(cause, sizeof(cause), "%s VMX control \"%s\" (bit %u) cannot be %u",
		 keel_ctl_word_name(why.word), name ?: "?", why.bit, !why.stuck);
	return refuse(cpu, -EOPNOTSUPP, cause, "this CPU is too old");
}

static int check_state(unsigned int cpu, const struct reading *r)
{
	u64 odd = r->cr4 & ~r->caps.cr4_fixed1;
	char cause[64];

	if (r->cr4 & CR4_FRED)
		return refuse(cpu, -EOPNOTSUPP, "the kernel uses FRED, which Keel does not know",
			      "boot with fred=off");
	if (odd) {
		snprintf(cause, sizeof(cause), "CR4 bit %u is set, which VMX does not allow",
			 (unsigned int)__builtin_ctzll(odd));
		return refuse(cpu, -EOPNOTSUPP, cause, "turn that feature off at boot");
	}
	if (~r->cr0 & r->caps.cr0_fixed0)
		return refuse(cpu, -EOPNOTSUPP, "CR0 lacks bits that VMX needs",
			      "this kernel is not known to work");
	if (r->gdt_limit >= KEEL_GDT_HOST_NR * 8 || r->cs & 7)
		return refuse(cpu, -EOPNOTSUPP, "the kernel's GDT is not as expected",
			      "this kernel is not known to work");
	return 0;
}

static int check_cpu(unsigned int cpu, const struct reading *r, u64 ctl[KEEL_CTL_NR])
{
	int err = check_usable(cpu, r);

	if (!err)
		err = check_controls(cpu, &r->caps, ctl);
	if (!err)
		err = check_ept(cpu, &r->caps);
	return err ?: check_state(cpu, r);
}

static int check_same(unsigned int cpu, const struct keel_vmx_caps *a,
		      const struct keel_vmx_caps *b)
{
	if (!memcmp(a, b, sizeof(*a)))
		return 0;
	return refuse(cpu, -EOPNOTSUPP, "its VMX capabilities differ from the first CPU's",
		      "update the microcode, or keep this CPU offline");
}

/**
 * keel_preflight() - look at every CPU that is online
 * @keel: Keel; its capabilities and controls are filled in
 *
 * Return: 0; -ENODEV without VT-x, -EACCES when firmware has locked it off,
 * -EBUSY when somebody else uses it, -EOPNOTSUPP when the CPU or the kernel
 * lacks something or does something that Keel does not know, -ENOMEM.
 */
int keel_preflight(struct keel *keel)
{
	struct reading *readings;
	unsigned int cpu, first;
	int err = 0;

	readings = keel_step_fails() ? NULL : kcalloc(nr_cpu_ids, sizeof(*readings), GFP_KERNEL);
	if (!readings)
		return -ENOMEM;
	cpus_read_lock();
	on_each_cpu(read_this, readings, 1);
	cpumask_copy(&keel->checked, cpu_online_mask);
	cpus_read_unlock();
	first = cpumask_first(&keel->checked);
	for_each_cpu(cpu, &keel->checked) {
		err = check_cpu(cpu, &readings[cpu], keel->ctl);
		if (!err)
			err = check_same(cpu, &readings[cpu].caps, &readings[first].caps);
		if (err)
			break;
	}
	keel->caps = readings[first].caps;
	kfree(readings);
	return err;
}

/**
 * keel_preflight_cpu() - look at this CPU, which has come up later
 * @keel: Keel
 *
 * Return: as keel_preflight().
 */
int keel_preflight_cpu(const struct keel *keel)
{
	struct reading r;
	u64 ctl[KEEL_CTL_NR];
	unsigned int cpu;
	int err;

	preempt_disable();
	cpu = smp_processor_id();
	read_cpu(&r);
	preempt_enable();
	err = check_cpu(cpu, &r, ctl);
	return err ?: check_same(cpu, &r.caps, &keel->caps);
}
