// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl doctor: what Keel asks of the CPUs.  The list is that of the module's
 * own check before it starts (kmod/preflight.c); tests/ctl holds the two
 * against each other.
 *
 * What the CPUs can do is read from their MSRs.  Where those cannot be read,
 * /proc/cpuinfo answers as far as it goes, and the rest is unknown.  While Keel
 * is loaded nothing of VT-x can be seen: then the module has found it all there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "kernel.h"
#include "sys.h"

#define MSR_FEAT_CTL	0x3a
#define FEAT_CTL_LOCKED	0x1
#define FEAT_CTL_VMX	0x4		/* outside SMX */

/* Capabilities (SDM appendix A), in the order of their MSRs from 0x480 on */
enum {
	BASIC, PIN, PROC, EXIT, ENTRY, MISC, CR0_FIXED0, CR0_FIXED1, CR4_FIXED0,
	CR4_FIXED1, VMCS_ENUM, PROC2, EPT_VPID, TRUE_PIN, TRUE_PROC, TRUE_EXIT,
	TRUE_ENTRY, VMFUNC, PROC3, EXIT2, NR_CAPS
};

#define CAP(bit)	(1ULL << (bit))
#define MAY(bit)	CAP(32 + (bit))		/* in a word of controls */
#define BASIC_TRUE	CAP(55)

struct cpu {
	unsigned int nr;
	int cpuid_err;
	int msr_err;
	bool vmx;		/* CPUID shows it */
	bool hypervisor;
	char vendor[13];
	__u32 addr_bits;
	__u64 feat_ctl;
	__u64 cap[NR_CAPS];
	const char *flags;	/* of /proc/cpuinfo; NULL without */
	const char *vmx_flags;
};

/* A capability: one or two groups of bits, and the flag that tells of them. */
struct need {
	const char *id;
	const char *text;
	unsigned int cap;
	__u64 bits;
	unsigned int cap2;
	__u64 bits2;
	const char *flag;
};

static const struct need needs[] = {
	{ "preemption_timer", "VMX-preemption timer", PIN, MAY(6), 0, 0, "preemption_timer" },
	{ "msr_bitmaps", "MSR bitmaps", PROC, MAY(28), 0, 0, NULL },
	{ "secondary_controls", "secondary controls", PROC, MAY(31), 0, 0, NULL },
	{ "host_64", "VM exits to, and VM entries of, 64-bit code",
	  EXIT, MAY(9), ENTRY, MAY(9), NULL },
	{ "debug_controls", "save and load debug controls",
	  EXIT, MAY(2), ENTRY, MAY(2), NULL },
	{ "pat", "save and load IA32_PAT", EXIT, MAY(18) | MAY(19), ENTRY, MAY(14), NULL },
	{ "efer", "save and load IA32_EFER", EXIT, MAY(20) | MAY(21), ENTRY, MAY(15), NULL },
	{ "ept", "EPT", PROC2, MAY(1), 0, 0, "ept" },
	{ "vpid", "VPID", PROC2, MAY(5), 0, 0, "vpid" },
	{ "unrestricted_guest", "unrestricted guest", PROC2, MAY(7), 0, 0,
	  "unrestricted_guest" },
	{ "ept_4level", "EPT of 4 levels", EPT_VPID, CAP(6), 0, 0, NULL },
	{ "ept_wb", "EPT in write-back memory", EPT_VPID, CAP(14), 0, 0, NULL },
	{ "ept_2m", "EPT pages of 2M", EPT_VPID, CAP(16), 0, 0, NULL },
	{ "ept_1g", "EPT pages of 1G", EPT_VPID, CAP(17), 0, 0, "ept_1gb" },
	{ "invept", "INVEPT of all contexts", EPT_VPID, CAP(20) | CAP(26), 0, 0, NULL },
	{ "invvpid", "INVVPID of one and of all contexts",
	  EPT_VPID, CAP(32) | CAP(41) | CAP(42), 0, 0, NULL },
	{ NULL }
};

/*
 * Controls that have a name in the SDM and that Keel leaves off: a CPU that has
 * one of them always on cannot be used.
 */
static const struct {
	unsigned int cap;
	__u32 bits;
} off[] = {
	{ PIN, 0x000000e9 },
	{ PROC, 0x6bf99e8c },
	{ PROC2, 0xd3efef55 },
	{ EXIT, 0xffc09000 },
	{ ENTRY, 0x007f2c00 },
	{ NR_CAPS, 0 }
};

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *at = list;

	while (at && (at = strstr(at, word))) {
		if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
		at += len;
	}
	return false;
}

/* One record a CPU, of lines "name<tabs>: value"; the text is cut up. */
static void read_cpuinfo(struct cpu *cpus, unsigned int nr, char *text)
{
	struct cpu *c = NULL;
	char *line, *val;
	unsigned int i;

	while (text && (line = strsep(&text, "\n"))) {
		val = strchr(line, ':');
		if (!val)
			continue;
		*val++ = 0;
		val += *val == ' ';
		line[strcspn(line, "\t")] = 0;
		if (!strcmp(line, "processor")) {
			for (c = NULL, i = 0; i < nr; i++)
				if (cpus[i].nr == strtoul(val, NULL, 10))
					c = &cpus[i];
		} else if (c && !strcmp(line, "flags")) {
			c->flags = val;
		} else if (c && !strcmp(line, "vmx flags")) {
			c->vmx_flags = val;
		}
	}
}

static void read_cap(struct cpu *c, unsigned int cap)
{
	if (!c->msr_err)
		c->msr_err = sys_msr(c->nr, 0x480 + cap, &c->cap[cap]);
}

/* "True" words take the place of the others, where there are any. */
static void read_word(struct cpu *c, unsigned int cap, unsigned int true_cap)
{
	if (c->cap[BASIC] & BASIC_TRUE) {
		read_cap(c, true_cap);
		c->cap[cap] = c->cap[true_cap];
	} else {
		read_cap(c, cap);
	}
}

static void read_caps(struct cpu *c)
{
	unsigned int cap;

	c->msr_err = sys_msr(c->nr, MSR_FEAT_CTL, &c->feat_ctl);
	read_cap(c, BASIC);
	read_word(c, PIN, TRUE_PIN);
	read_word(c, PROC, TRUE_PROC);
	read_word(c, EXIT, TRUE_EXIT);
	read_word(c, ENTRY, TRUE_ENTRY);
	for (cap = MISC; cap <= CR4_FIXED1; cap++)
		read_cap(c, cap);
	if (c->cap[PROC] & MAY(31))
		read_cap(c, PROC2);
	if (c->cap[PROC] & MAY(17))
		read_cap(c, PROC3);
	if (c->cap[EXIT] & MAY(31))
		read_cap(c, EXIT2);
	if (c->cap[PROC2] & (MAY(1) | MAY(5)))
		read_cap(c, EPT_VPID);
	if (c->cap[PROC2] & MAY(13))
		read_cap(c, VMFUNC);
}

static void read_cpu(struct cpu *c)
{
	struct sys_cpuid r = { 0 };

	c->cpuid_err = sys_cpuid(c->nr, 0, &r);
	if (c->cpuid_err) {
		c->vmx = has_word(c->flags, "vmx");
	} else {
		memcpy(c->vendor, &r.b, 4);
		memcpy(c->vendor + 4, &r.d, 4);
		memcpy(c->vendor + 8, &r.c, 4);
		sys_cpuid(c->nr, 1, &r);
		c->vmx = r.c >> 5 & 1;
		c->hypervisor = r.c >> 31;
		sys_cpuid(c->nr, 0x80000008, &r);
		c->addr_bits = r.a & 0xffff;
	}
	if (c->vmx)
		read_caps(c);
}

/* Why MSRs are not known */
static const char *msr_note(int err)
{
	switch (-err) {
	case ENOENT:
	case ENXIO:
		return "modprobe msr, run as root";
	case EACCES:
	case EPERM:
		return "run as root";
	default:
		return "the CPU does not let its MSRs be read";
	}
}

static const char too_old[] = "this CPU is too old for Keel";

/*
 * Each check looks at one CPU and fills the row; the first CPU that says no, or
 * else the first that does not know, is what is reported.
 */
typedef void check_cpu(const struct cpu *c, const void *arg, struct doctor_row *row);

static void unknown(struct doctor_row *row, const char *note)
{
	row->met = DOCTOR_UNKNOWN;
	snprintf(row->note, sizeof(row->note), "%s", note);
}

static void missing(struct doctor_row *row, const char *note, const char *remedy)
{
	row->met = DOCTOR_NO;
	snprintf(row->note, sizeof(row->note), "%s", note);
	row->remedy = remedy;
}

static void check_vmx(const struct cpu *c, const void *arg, struct doctor_row *row)
{
	if (c->vmx)
		return;
	if (c->cpuid_err)
		unknown(row, "may not run on that CPU");
	else if (strcmp(c->vendor, "GenuineIntel"))
		missing(row, c->vendor, "Keel takes a machine with Intel CPUs that have VT-x");
	else if (c->hypervisor)
		missing(row, "this is a virtual machine",
			"enable nested virtualization for it, where it is hosted");
	else
		missing(row, "CPUID does not show VMX",
			"turn on virtualization (VT-x, VMX) in the firmware setup; if there is no such setting, the CPU has no VT-x");
}

static void check_firmware(const struct cpu *c, const void *arg, struct doctor_row *row)
{
	if (c->msr_err) {
		/* The kernel takes the flag away when the firmware has VMX off. */
		if (!has_word(c->flags, "vmx") || !c->vmx_flags)
			unknown(row, msr_note(c->msr_err));
	} else if (!(c->feat_ctl & FEAT_CTL_LOCKED)) {
		missing(row, "IA32_FEATURE_CONTROL is not locked",
			"boot a kernel with CONFIG_IA32_FEAT_CTL");
	} else if (!(c->feat_ctl & FEAT_CTL_VMX)) {
		missing(row, "IA32_FEATURE_CONTROL is locked without VMX",
			"turn on virtualization (VT-x, VMX) in the firmware setup");
	}
}

static void check_need(const struct cpu *c, const void *arg, struct doctor_row *row)
{
	const struct need *need = arg;

	if (!c->msr_err) {
		if (need->bits & ~c->cap[need->cap] || need->bits2 & ~c->cap[need->cap2])
			missing(row, "", too_old);
	} else if (!need->flag || !c->vmx_flags) {
		unknown(row, msr_note(c->msr_err));
	} else if (!has_word(c->vmx_flags, need->flag)) {
		missing(row, "", too_old);
	}
}

static void check_off(const struct cpu *c, const void *arg, struct doctor_row *row)
{
	unsigned int i;

	if (c->msr_err)
		unknown(row, msr_note(c->msr_err));
	else
		for (i = 0; off[i].bits; i++)
			if (c->cap[off[i].cap] & off[i].bits)
				missing(row, "a control is always on", too_old);
}

static void check_wb(const struct cpu *c, const void *arg, struct doctor_row *row)
{
	if (c->msr_err)
		unknown(row, msr_note(c->msr_err));
	else if ((c->cap[BASIC] >> 50 & 15) != 6)
		missing(row, "", "this CPU is not known to work");
}

static void check_alike(const struct cpu *c, const void *arg, struct doctor_row *row)
{
	static const char remedy[] = "update the microcode, or keep this CPU offline";
	const struct cpu *first = arg;

	if (c == first)
		return;
	if (strcmp(c->vmx_flags ?: "", first->vmx_flags ?: ""))
		missing(row, "other VMX flags in /proc/cpuinfo than the first CPU's", remedy);
	else if (c->msr_err || first->msr_err)
		unknown(row, msr_note(c->msr_err ?: first->msr_err));
	else if (memcmp(c->cap, first->cap, sizeof(c->cap)) ||
		 (!c->cpuid_err && !first->cpuid_err && c->addr_bits != first->addr_bits))
		missing(row, "other VMX capabilities than the first CPU's", remedy);
}

static void check_fred(const struct cpu *c, const void *arg, struct doctor_row *row)
{
	if (!c->flags)
		unknown(row, "/proc/cpuinfo has no flags");
	else if (has_word(c->flags, "fred"))
		missing(row, "the kernel uses FRED", "boot with fred=off");
}

/* All that is asked of every CPU */
struct asked {
	struct cpu *cpus;
	unsigned int nr;
	struct doctor_report *report;
};

static void ask(const struct asked *asked, const char *id, const char *text,
		check_cpu *check, const void *arg)
{
	struct doctor_row *row = doctor_row(asked->report, "cpu", id, text);
	struct doctor_row one;
	unsigned int i;
	char note[sizeof(one.note)];

	if (asked->report->loaded) {
		snprintf(row->note, sizeof(row->note), "found when Keel was loaded");
		return;
	}
	if (!asked->nr)
		unknown(row, "no CPU is listed in /sys/devices/system/cpu/online");
	for (i = 0; i < asked->nr && row->met != DOCTOR_NO; i++) {
		one = *row;
		one.met = DOCTOR_YES;
		if (check != check_vmx && check != check_fred && !asked->cpus[i].vmx) {
			unknown(&one, "there is no VT-x");
			one.blocked = true;
		} else {
			check(&asked->cpus[i], arg, &one);
		}
		if (one.met == DOCTOR_YES || (row->met == DOCTOR_UNKNOWN && one.met != DOCTOR_NO))
			continue;
		if (asked->nr > 1 && one.met == DOCTOR_NO) {
			snprintf(note, sizeof(note), "CPU %u%s%.100s", asked->cpus[i].nr,
				 *one.note ? ": " : "", one.note);
			strcpy(one.note, note);
		}
		*row = one;
	}
}

static void blocker(struct doctor_report *report)
{
	struct doctor_row *row = doctor_row(report, "cpu", "free",
					    "VMX not in use by another hypervisor");
	static const char remedy[] = "stop its virtual machines and unload it";
	bool at_load = kernel_is("/sys/module/kvm/parameters/enable_virt_at_load", "Y");
	char debugfs[200], path[256];
	char *kvm = sys_read("/sys/module/kvm_intel/refcnt");
	bool builtin = !kvm && sys_count("/sys/module/kvm_intel");
	unsigned int guests = 0;
	bool counted;

	counted = kernel_mounted("debugfs", debugfs, sizeof(debugfs));
	if (counted) {
		snprintf(path, sizeof(path), "%s/kvm/[0-9]*-*", debugfs);
		guests = sys_count(path);
		snprintf(path, sizeof(path), "%s/kvm", debugfs);
		counted = sys_count(path);
	}

	if (report->loaded) {
		snprintf(row->note, sizeof(row->note), "Keel has it");
	} else if (kernel_is("/sys/module/vboxdrv/initstate", "live") &&
		   !kernel_is("/sys/module/vboxdrv/refcnt", "0")) {
		missing(row, "VirtualBox's driver is in use", remedy);
	} else if (kernel_is("/sys/module/vmmon/initstate", "live") &&
		   !kernel_is("/sys/module/vmmon/refcnt", "0")) {
		missing(row, "VMware's driver is in use", remedy);
	} else if ((kvm || builtin) && at_load) {
		missing(row, "kvm_intel holds VMX from its load on", builtin ?
			"boot with kvm.enable_virt_at_load=0" :
			"stop its virtual machines and rmmod kvm_intel, or boot with kvm.enable_virt_at_load=0");
	} else if (guests) {
		snprintf(row->note, sizeof(row->note), "%u virtual machine%s of KVM", guests,
			 guests > 1 ? "s" : "");
		row->met = DOCTOR_NO;
		row->remedy = "stop the virtual machines (and rmmod kvm_intel)";
	} else if ((kvm || builtin) && !counted && !(kvm && !strcmp(kvm, "0"))) {
		unknown(row, "whether KVM has virtual machines: run as root, with debugfs mounted");
	} else if (kvm || builtin) {
		snprintf(row->note, sizeof(row->note), "kvm_intel is there, but idle");
	}
	free(kvm);
}

/**
 * doctor_cpu() - what Keel asks of the CPUs
 * @report: rows are added
 */
void doctor_cpu(struct doctor_report *report)
{
	struct asked asked = { .report = report, .nr = kernel_cpus(NULL, 0) };
	unsigned int *nrs = calloc(asked.nr + 1, sizeof(*nrs));
	char *cpuinfo = sys_read("/proc/cpuinfo");
	const struct need *need;
	unsigned int i;

	asked.cpus = calloc(asked.nr + 1, sizeof(*asked.cpus));
	if (!nrs || !asked.cpus)
		abort();
	kernel_cpus(nrs, asked.nr);
	report->cpus = asked.nr;
	for (i = 0; i < asked.nr; i++)
		asked.cpus[i].nr = nrs[i];
	read_cpuinfo(asked.cpus, asked.nr, cpuinfo);
	for (i = 0; i < asked.nr && !report->loaded; i++)
		read_cpu(&asked.cpus[i]);

	ask(&asked, "vmx", "Intel CPU with VT-x", check_vmx, NULL);
	ask(&asked, "firmware", "VT-x turned on by the firmware", check_firmware, NULL);
	blocker(report);
	for (need = needs; need->id; need++)
		ask(&asked, need->id, need->text, check_need, need);
	ask(&asked, "controls", "controls that can be turned off", check_off, NULL);
	ask(&asked, "vmcs_wb", "VMCS in write-back memory", check_wb, NULL);
	ask(&asked, "alike", "all CPUs alike", check_alike, asked.cpus);
	ask(&asked, "fred", "FRED not in use", check_fred, NULL);
	free(cpuinfo);
	free(asked.cpus);
	free(nrs);
}
