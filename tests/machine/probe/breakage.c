// SPDX-License-Identifier: GPL-2.0
/*
 * Breaks Keel from outside, as a hardware fault or a bug might: an entry of the
 * demoted host's EPT, fields of the VMCS, what preflight reads.
 *
 * All of it happens on the verge of VMLAUNCH, while the CPU can still reach
 * root's memory.
 *
 *	launch-ept	the page at 0xf0000 is a misconfiguration; who touches it
 *			makes an exit that should not happen
 *	launch-guest	the next launch finds RFLAGS bit 1 clear: the VM entry
 *			fails in the checks of the guest state
 *	launch-ctl	the next launch finds VPID 0: VMLAUNCH itself fails
 *	launch-caps	the next launch finds CPUs that differ
 *	launch-locked	the next launch finds VMX locked off by firmware
 *	launch-fred	the next launch finds FRED in use
 *	launch-bug	root's handler of RDMSR begins with an undefined
 *			instruction
 *	launch-look	nothing is broken: root's page tables are looked at
 *	stay-down	a CPU that goes offline is not given back, and comes up
 *			again by INIT and a start-up IPI beneath root
 *	launch-ok	no more
 *
 * With Keel loaded, the next launch is that of the next CPU that comes up.
 */
#include <linux/io.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <asm/msr-index.h>

#include "keel.h"
#include "probe.h"

#define VICTIM_PA 0xf0000

#define CR4_CET		BIT_ULL(23)
#define CR4_FRED	BIT_ULL(32)
/* IA32_S_CET; not in every kernel's msr-index.h */
#define MSR_S_CET	0x6a2

static const struct keel *keel;
static struct kprobe launch_probe;
static bool launch_armed;
static bool probe_set;
static const char *launch_how;
static atomic_t launches;

/*
 * Indirect branch tracking, where it is on, lets no pointer lead to a function of
 * the kernel's that is never called by one: off with it for a moment.
 */
static unsigned long call_untracked(unsigned long (*lookup)(const char *name), const char *name)
{
	bool tracked = keel_read_cr4() & CR4_CET;
	unsigned long flags, addr;
	u64 cet = 0;

	local_irq_save(flags);
	if (tracked) {
		cet = keel_rdmsr(MSR_S_CET);
		keel_wrmsr(MSR_S_CET, 0);
	}
	addr = lookup(name);
	if (tracked)
		keel_wrmsr(MSR_S_CET, cet);
	local_irq_restore(flags);
	return addr;
}

unsigned long probe_symbol(const char *name)
{
	struct kprobe kp = { .symbol_name = "kallsyms_lookup_name" };
	unsigned long (*lookup)(const char *name);

	if (register_kprobe(&kp))
		return 0;
	lookup = (void *)kp.addr;
	unregister_kprobe(&kp);
	return call_untracked(lookup, name);
}

static u64 *ept_entry(const struct keel *k, u64 pa)
{
	u64 *table = phys_to_virt(k->ept.root);
	int level;

	for (level = 4; level > 1; level--) {
		u64 entry = table[pa >> (12 + 9 * (level - 1)) & 511];

		if (entry & KEEL_TABLE_LARGE && level < 4)
			return NULL;
		table = phys_to_virt(entry & KEEL_TABLE_ADDR);
	}
	return &table[pa >> 12 & 511];
}

static void break_ept(void)
{
	u64 *entry = ept_entry(keel, VICTIM_PA);

	/* Write without read: the CPU calls that a misconfiguration. */
	if (entry)
		WRITE_ONCE(*entry, (*entry & ~7ULL) | KEEL_EPT_WRITE);
}

/* The image lies on pages of the arena; the first of them has its header. */
static void break_code(void)
{
	u64 addr = ROOT_RDMSR_HANDLER, *table = phys_to_virt(keel->table.root);
	int level;

	for (level = keel->table.levels; level > 1; level--)
		table = phys_to_virt(table[addr >> (12 + 9 * (level - 1)) & 511] & KEEL_TABLE_ADDR);
	table = phys_to_virt(table[addr >> 12 & 511] & KEEL_TABLE_ADDR);
	memcpy((u8 *)table + (addr & 4095), "\x0f\x0b", 2);
}

static int break_launch(struct kprobe *kp, struct pt_regs *regs)
{
	/* One CPU alone: the others have to come back too. */
	if (atomic_inc_return(&launches) != 1)
		return 0;
	if (!strcmp(launch_how, "launch-guest"))
		keel_vmwrite(VMCS_GUEST_RFLAGS, 0);
	else if (!strcmp(launch_how, "launch-ctl"))
		keel_vmwrite(VMCS_VPID, 0);
	else if (!strcmp(launch_how, "launch-ept"))
		break_ept();
	else if (!strcmp(launch_how, "launch-bug"))
		break_code();
	else
		probe_roottab_look(keel);
	return 0;
}

/* keel_return_this() returns at once. */
static int skip_return(struct kprobe *kp, struct pt_regs *regs)
{
	regs->ip = *(unsigned long *)regs->sp;
	regs->sp += sizeof(long);
	return 1;
}

/* What keel_caps_read() returns in its argument is changed behind its back. */
static int note_caps(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	*(struct keel_vmx_caps **)ri->data = (void *)regs->di;
	return 0;
}

static int break_caps(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct keel_vmx_caps *caps = *(struct keel_vmx_caps **)ri->data;

	/* Behind the capabilities, preflight has IA32_FEATURE_CONTROL, CR0 and CR4. */
	u64 *behind = (u64 *)(caps + 1);

	if (!strcmp(launch_how, "launch-locked"))
		behind[0] = FEAT_CTL_LOCKED;
	else if (!strcmp(launch_how, "launch-fred"))
		behind[2] |= CR4_FRED;
	else if (raw_smp_processor_id())
		caps->misc ^= KEEL_MISC_SHUTDOWN;
	return 0;
}

static struct kretprobe caps_probe;

static void drop_probe(void)
{
	/* The module that it was in may be gone, and kprobes knows. */
	if (probe_set && caps_probe.handler)
		unregister_kretprobe(&caps_probe);
	else if (probe_set)
		unregister_kprobe(&launch_probe);
	caps_probe.handler = NULL;
	probe_set = false;
}

static void set_probe(void)
{
	if (!strcmp(launch_how, "launch-caps") || !strcmp(launch_how, "launch-locked") ||
	    !strcmp(launch_how, "launch-fred")) {
		caps_probe = (struct kretprobe) {
			.kp.symbol_name = "keel:keel_caps_read",
			.entry_handler = note_caps,
			.handler = break_caps,
			.data_size = sizeof(void *),
		};
		probe_set = !register_kretprobe(&caps_probe);
		return;
	}
	launch_probe = (struct kprobe) {
		.symbol_name = "keel:keel_vmlaunch",
		.pre_handler = break_launch,
	};
	if (!strcmp(launch_how, "stay-down")) {
		launch_probe.symbol_name = "keel:keel_return_this";
		launch_probe.pre_handler = skip_return;
	}
	probe_set = !register_kprobe(&launch_probe);
}

static void arm_probe(void)
{
	drop_probe();
	/* Not from the probe itself: the look-up takes locks. */
	keel = (void *)probe_symbol("keel:keel");
	if (!keel)
		return;
	atomic_set(&launches, 0);
	set_probe();
	if (!probe_set)
		pr_err("keel_probe: %s cannot be had\n", launch_how);
}

/* The probe can be set only once the module is there. */
static int keel_comes(struct notifier_block *nb, unsigned long state, void *module)
{
	if (state == MODULE_STATE_COMING && !strcmp(((struct module *)module)->name, "keel"))
		arm_probe();
	return NOTIFY_DONE;
}

static struct notifier_block module_nb = { .notifier_call = keel_comes };

static int break_launches(const char *how)
{
	int err;

	probe_break_exit();
	launch_how = how;
	err = register_module_notifier(&module_nb);
	launch_armed = !err;
	if (launch_armed && probe_symbol("keel:keel"))
		arm_probe();
	return err;
}

int probe_break(const char *what)
{
	static const char *const ways[] = {
		"launch-guest", "launch-ctl", "launch-caps", "launch-locked", "launch-ept",
		"launch-bug", "launch-fred", "launch-look", "stay-down",
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(what, ways[i]))
			return break_launches(ways[i]);
	if (!strcmp(what, "launch-ok")) {
		probe_break_exit();
		return 0;
	}
	return -EINVAL;
}

void probe_break_exit(void)
{
	if (!launch_armed)
		return;
	unregister_module_notifier(&module_nb);
	drop_probe();
	launch_armed = false;
}
