// SPDX-License-Identifier: GPL-2.0
/*
 * keel-hostvmcs: the VMCS of the demoted host, on several CPUs that were made
 * up: a CPU would enter it, nothing exits that need not, each field comes from
 * where it should, and the MSR bitmap has VMX's own MSRs and no others.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "../../kmod/mmu/hostmap.h"
#include "../../kmod/vmx/check.h"
#include "../../kmod/vmx/hostvmcs.h"
#include "../../kmod/vmx/root.h"
#include "kit.h"

#define CR4_VMXE	0x2000ULL
#define CR4_LA57	0x1000ULL
#define CR4_MASK	0x4c2000ULL		/* VMXE, OSXSAVE, KL, PKE */

#define ROOT_CPU	(KEEL_ROOT_CPUS + 3ULL * KEEL_ROOT_SLOT + KEEL_SLOT_CPU * 4096ULL)

/**
 * struct cpu_row - a kind of CPU
 * @name: its name
 * @no_proc: primary controls that it lacks
 * @no_proc2: secondary controls that it lacks
 * @no_entry_exit: it has no more entry and exit controls than those that are required
 * @cr4: Linux's CR4 on it
 * @linear_bits: width of a linear address
 * @phys_bits: width of a physical address
 */
struct cpu_row {
	const char *name;
	u32 no_proc;
	u32 no_proc2;
	bool no_entry_exit;
	u64 cr4;
	u8 linear_bits;
	u8 phys_bits;
};

static const struct cpu_row cpus[] = {
	{ "everything", 0, 0, false, 0x00f726f0 & ~CR4_VMXE, 48, 46 },
	{ "five levels", 0, 0, false, (0x00f726f0 & ~CR4_VMXE) | CR4_LA57, 57, 52 },
	{ "Westmere", KEEL_PROC_TERTIARY,
	  ~(u32)(KEEL_PROC2_APIC_ACCESS | KEEL_PROC2_EPT | KEEL_PROC2_DESC_TABLE |
		 KEEL_PROC2_RDTSCP | KEEL_PROC2_X2APIC | KEEL_PROC2_VPID | KEEL_PROC2_WBINVD |
		 KEEL_PROC2_UNRESTRICTED | KEEL_PROC2_PLE), true, 0x6f0, 48, 36 },
	{ "Skylake", KEEL_PROC_TERTIARY,
	  KEEL_PROC2_USER_WAIT | KEEL_PROC2_PCONFIG | KEEL_PROC2_ENCLV | KEEL_PROC2_BUS_LOCK |
	  KEEL_PROC2_INSTR_TIMEOUT | KEEL_PROC2_PASID | KEEL_PROC2_SPP,
	  false, 0x003606f0, 48, 39 },
	{ "no more than is required", KEEL_PROC_TERTIARY,
	  ~(u32)(KEEL_PROC2_EPT | KEEL_PROC2_VPID | KEEL_PROC2_UNRESTRICTED), true, 0x20, 48, 36 },
};

static void cpu_name(const struct cpu_row *cpu, char *desc)
{
	strcpy(desc, cpu->name);
}

KUNIT_ARRAY_PARAM(cpu, cpus, cpu_name);

/* what a case works on */
struct bench {
	struct keel_vmcs_image img;
	struct keel_vmx_caps caps;
	struct keel_host_state host;
	struct keel_hostvmcs in;
	u64 ctl[KEEL_CTL_NR];
	struct keel_vmx_verdict verdict;
};

static struct keel_seg seg(u16 sel, u64 base, u32 limit, u32 ar)
{
	return (struct keel_seg) { .base = base, .limit = limit, .ar = ar, .sel = sel };
}

/* Linux on one of its CPUs; no two values are the same where that can be */
static void linux_state(struct keel_host_state *host, u64 cr4)
{
	*host = (struct keel_host_state) {
		.cr0 = 0x80050033, .cr3 = 0x0010a001, .cr4 = cr4, .dr7 = 0x455,
		.rip = 0xffffffff81001234, .rsp = 0xffffc90000003e58, .rflags = 0x246,
		.es = seg(0, 0, 0, KEEL_AR_UNUSABLE),
		.cs = seg(0x10, 0, 0xffffffff, 0xa09b),
		.ss = seg(0x18, 0, 0xffffffff, 0xc093),
		.ds = seg(0x2b, 0, 0xfffff, 0x40f3),
		.fs = seg(0x63, 0x00007f1234567000, 0xfffff, 0x40f7),
		.gs = seg(0x6b, 0xffff88813bc00000, 0xffffffff, 0xc0f1),
		.ldtr = seg(0x50, 0xffffc90000010000, 0xffff, 0x82),
		.tr = seg(0x40, 0xfffffe0000003000, 0x206f, 0x8b),
		.gdtr = { .limit = 0x7f, .base = 0xfffffe0000001000 },
		.idtr = { .limit = 0xfff, .base = 0xfffffe0000000000 },
		.efer = 0xd01, .pat = 0x0407050600070106, .debugctl = 0x4000,
		.sysenter_cs = 0x10, .sysenter_esp = 0xfffffe0000003200,
		.sysenter_eip = 0xffffffff81a00123,
	};
}

static struct bench *bench_on(struct kunit *test, const struct cpu_row *cpu)
{
	struct bench *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);
	struct keel_ctl_refusal why = { 0 };
	unsigned int w;

	KUNIT_ASSERT_NOT_NULL(test, b);
	kit_cpu(&b->caps);
	b->caps.ctl[KEEL_CTL_PROC].may &= ~(u64)cpu->no_proc;
	b->caps.ctl[KEEL_CTL_PROC2].may &= ~(u64)cpu->no_proc2;
	if (cpu->no_proc & KEEL_PROC_TERTIARY)
		b->caps.ctl[KEEL_CTL_PROC3].may = 0;
	if (cpu->no_entry_exit)
		for (w = KEEL_CTL_EXIT; w <= KEEL_CTL_ENTRY; w++)
			b->caps.ctl[w].may = keel_host_want[w].required | kit_default1[w];
	b->caps.linear_bits = cpu->linear_bits;
	b->caps.phys_bits = cpu->phys_bits;
	linux_state(&b->host, cpu->cr4);
	KUNIT_ASSERT_TRUE_MSG(test, keel_ctl_resolve(&b->caps, keel_host_want, b->ctl, &why),
			      "word %u bit %u", why.word, why.bit);
	b->in = (struct keel_hostvmcs) {
		.caps = &b->caps,
		.ctl = b->ctl,
		.host = &b->host,
		.root_cr3 = 0x4a000,
		.root_cr4 = keel_root_cr4(b->host.cr4, &b->caps),
		.root_cpu = ROOT_CPU,
		.root_exit = KEEL_ROOT_BASE + 0x1230,
		.msr_bitmap = 0x5b000,
		.eptp = KEEL_EPTP(0x6c000),
	};
	keel_hostvmcs_build(&b->img, &b->in);
	return b;
}

static struct bench *bench(struct kunit *test)
{
	return bench_on(test, &cpus[0]);
}

static void expect_valid(struct kunit *test, struct bench *b)
{
	unsigned int id;

	KUNIT_EXPECT_EQ(test, keel_vmcs_check(&b->img, &b->caps, &b->verdict), 0U);
	for (id = 0; id < KEEL_CHECK_NR; id++)
		KUNIT_EXPECT_FALSE_MSG(test, keel_verdict_has(&b->verdict, id), "%s: %s",
				       keel_check_section(id), keel_check_text(id));
}

/* a CPU that goes by the SDM enters it */
static void hostvmcs_is_valid(struct kunit *test)
{
	expect_valid(test, bench_on(test, test->param_value));
}

/* and so it does where Linux has other segments loaded, and every bit of CR4 on */
static void hostvmcs_is_valid_otherwise(struct kunit *test)
{
	struct bench *b = bench(test);

	b->host.ldtr = seg(0, 0, 0, KEEL_AR_UNUSABLE);
	b->host.ss = seg(0, 0, 0, KEEL_AR_UNUSABLE);
	b->host.ds = seg(0, 0, 0, KEEL_AR_UNUSABLE);
	b->host.fs = seg(0, 0x00007fffffffffff, 0, KEEL_AR_UNUSABLE);
	b->host.gs = seg(7, 0xffff800000000000, 0, KEEL_AR_UNUSABLE);
	b->host.cr4 = b->caps.cr4_fixed1 & ~(CR4_VMXE | CR4_LA57);
	b->in.root_cr4 = keel_root_cr4(b->host.cr4, &b->caps);
	keel_hostvmcs_build(&b->img, &b->in);
	expect_valid(test, b);
}

/* exactly the fields that this CPU has, none that is read-only, none too wide */
static void hostvmcs_fields_fit(struct kunit *test)
{
	const struct cpu_row *cpu = test->param_value;
	struct bench *b = bench_on(test, cpu);
	bool tertiary = !(cpu->no_proc & KEEL_PROC_TERTIARY);
	bool xsaves = !(cpu->no_proc2 & KEEL_PROC2_XSAVES);
	unsigned int ix;

	KUNIT_EXPECT_EQ(test, keel_vmcs_have(&b->img, VMCS_IX_PROC3_CTLS), tertiary);
	KUNIT_EXPECT_EQ(test, keel_vmcs_have(&b->img, VMCS_IX_XSS_EXIT_BITMAP), xsaves);
	KUNIT_EXPECT_EQ(test, keel_vmcs_have(&b->img, VMCS_IX_PCONFIG_EXIT_BITMAP),
			!!(b->img.val[VMCS_IX_PROC2_CTLS] & KEEL_PROC2_PCONFIG));
	for (ix = 0; ix < VMCS_IX_NR; ix++) {
		unsigned int encoding = keel_vmcs_encoding(ix);

		if (!keel_vmcs_have(&b->img, ix))
			continue;
		KUNIT_EXPECT_NE_MSG(test, encoding >> 10 & 3, 1U, "%s", keel_vmcs_name(ix));
		KUNIT_EXPECT_EQ_MSG(test, b->img.val[ix] & ~keel_vmcs_width_mask(encoding), 0ULL,
				    "%s", keel_vmcs_name(ix));
	}
}

/* every CPU with VMX has these: what they held before counts for nothing, so all are written */
static void hostvmcs_fields_are_all(struct kunit *test)
{
	static const u16 needed[] = {
		VMCS_IX_PIN_CTLS, VMCS_IX_PROC_CTLS, VMCS_IX_PROC2_CTLS, VMCS_IX_EXIT_CTLS,
		VMCS_IX_ENTRY_CTLS, VMCS_IX_EXCEPTION_BITMAP, VMCS_IX_PF_ERROR_MASK,
		VMCS_IX_PF_ERROR_MATCH, VMCS_IX_CR3_TARGET_COUNT, VMCS_IX_EXIT_MSR_STORE_COUNT,
		VMCS_IX_EXIT_MSR_LOAD_COUNT, VMCS_IX_ENTRY_MSR_LOAD_COUNT,
		VMCS_IX_ENTRY_INTR_INFO, VMCS_IX_CR0_MASK, VMCS_IX_CR4_MASK, VMCS_IX_CR0_SHADOW,
		VMCS_IX_CR4_SHADOW, VMCS_IX_VPID, VMCS_IX_MSR_BITMAP, VMCS_IX_EPT_POINTER,
		VMCS_IX_VMCS_LINK_POINTER, VMCS_IX_GUEST_DEBUGCTL, VMCS_IX_GUEST_PAT,
		VMCS_IX_GUEST_EFER, VMCS_IX_HOST_PAT, VMCS_IX_HOST_EFER,
		VMCS_IX_GUEST_INTERRUPTIBILITY, VMCS_IX_GUEST_ACTIVITY,
		VMCS_IX_GUEST_PENDING_DEBUG,
	};
	static const u16 spans[][2] = {
		{ VMCS_IX_GUEST_ES_SELECTOR, VMCS_IX_GUEST_TR_SELECTOR },
		{ VMCS_IX_HOST_ES_SELECTOR, VMCS_IX_HOST_TR_SELECTOR },
		{ VMCS_IX_GUEST_ES_LIMIT, VMCS_IX_GUEST_ACTIVITY },
		{ VMCS_IX_GUEST_CR0, VMCS_IX_GUEST_SYSENTER_EIP },
		{ VMCS_IX_HOST_CR0, VMCS_IX_HOST_RIP },
		{ VMCS_IX_GUEST_SYSENTER_CS, VMCS_IX_GUEST_SYSENTER_CS },
		{ VMCS_IX_HOST_SYSENTER_CS, VMCS_IX_HOST_SYSENTER_CS },
	};
	struct bench *b = bench_on(test, test->param_value);
	unsigned int i, ix;

	for (i = 0; i < ARRAY_SIZE(needed); i++)
		KUNIT_EXPECT_TRUE_MSG(test, keel_vmcs_have(&b->img, needed[i]), "%s",
				      keel_vmcs_name(needed[i]));
	for (i = 0; i < ARRAY_SIZE(spans); i++)
		for (ix = spans[i][0]; ix <= spans[i][1]; ix++)
			KUNIT_EXPECT_TRUE_MSG(test, keel_vmcs_have(&b->img, ix), "%s",
					      keel_vmcs_name(ix));
}

/* what an image held before is gone */
static void hostvmcs_image_is_filled_whole(struct kunit *test)
{
	struct bench *b = bench(test), *dirty = bench(test);
	unsigned int ix;

	memset(&dirty->img, 0xff, sizeof(dirty->img));
	keel_hostvmcs_build(&dirty->img, &dirty->in);
	for (ix = 0; ix < VMCS_IX_NR; ix++) {
		KUNIT_EXPECT_EQ_MSG(test, keel_vmcs_have(&dirty->img, ix),
				    keel_vmcs_have(&b->img, ix), "%s", keel_vmcs_name(ix));
		if (keel_vmcs_have(&b->img, ix))
			KUNIT_EXPECT_EQ_MSG(test, dirty->img.val[ix], b->img.val[ix], "%s",
					    keel_vmcs_name(ix));
	}
}

/* no control is on that makes an exit, or that gives an instruction another meaning */
static void hostvmcs_fewest_exits(struct kunit *test)
{
	static const u32 allowed[KEEL_CTL_NR] = {
		[KEEL_CTL_PIN] = 0,
		[KEEL_CTL_PROC] = KEEL_PROC_MSR_BITMAPS | KEEL_PROC_SECONDARY | KEEL_PROC_TERTIARY,
		[KEEL_CTL_PROC2] = KEEL_PROC2_EPT | KEEL_PROC2_VPID | KEEL_PROC2_UNRESTRICTED |
				   KEEL_PROC2_RDTSCP | KEEL_PROC2_INVPCID | KEEL_PROC2_XSAVES |
				   KEEL_PROC2_USER_WAIT | KEEL_PROC2_PCONFIG,
		[KEEL_CTL_PROC3] = KEEL_PROC3_MSR_LIST,
		[KEEL_CTL_EXIT] = KEEL_EXIT_HOST_64 | KEEL_EXIT_SAVE_DEBUG | KEEL_EXIT_SAVE_PAT |
				  KEEL_EXIT_LOAD_PAT | KEEL_EXIT_SAVE_EFER | KEEL_EXIT_LOAD_EFER,
		[KEEL_CTL_ENTRY] = KEEL_ENTRY_IA32E | KEEL_ENTRY_LOAD_DEBUG | KEEL_ENTRY_LOAD_PAT |
				   KEEL_ENTRY_LOAD_EFER,
	};
	static const u16 fields[KEEL_CTL_NR] = {
		VMCS_IX_PIN_CTLS, VMCS_IX_PROC_CTLS, VMCS_IX_PROC2_CTLS, VMCS_IX_PROC3_CTLS,
		VMCS_IX_EXIT_CTLS, VMCS_IX_ENTRY_CTLS,
	};
	static const u16 zero[] = {
		VMCS_IX_EXCEPTION_BITMAP, VMCS_IX_PF_ERROR_MASK, VMCS_IX_PF_ERROR_MATCH,
		VMCS_IX_CR3_TARGET_COUNT, VMCS_IX_EXIT_MSR_STORE_COUNT,
		VMCS_IX_EXIT_MSR_LOAD_COUNT, VMCS_IX_ENTRY_MSR_LOAD_COUNT,
		VMCS_IX_ENTRY_INTR_INFO, VMCS_IX_XSS_EXIT_BITMAP, VMCS_IX_PCONFIG_EXIT_BITMAP,
		VMCS_IX_GUEST_INTERRUPTIBILITY, VMCS_IX_GUEST_ACTIVITY,
		VMCS_IX_GUEST_PENDING_DEBUG,
	};
	struct bench *b = bench_on(test, test->param_value);
	unsigned int w, i;

	for (w = 0; w < KEEL_CTL_NR; w++) {
		if (!keel_vmcs_have(&b->img, fields[w]))
			continue;
		KUNIT_EXPECT_EQ_MSG(test, b->img.val[fields[w]] & ~allowed[w], (u64)kit_default1[w],
				    "%s", keel_ctl_word_name(w));
		KUNIT_EXPECT_EQ_MSG(test, b->img.val[fields[w]], b->ctl[w], "%s",
				    keel_ctl_word_name(w));
	}
	for (i = 0; i < ARRAY_SIZE(zero); i++)
		if (keel_vmcs_have(&b->img, zero[i]))
			KUNIT_EXPECT_EQ_MSG(test, b->img.val[zero[i]], 0ULL, "%s",
					    keel_vmcs_name(zero[i]));
}

/* Linux reads CR4 as it was; a change of VMXE exits, and of what root has to follow */
static void hostvmcs_cr4(struct kunit *test)
{
	struct bench *b = bench(test);

	KUNIT_EXPECT_EQ(test, b->img.val[VMCS_IX_CR4_MASK], CR4_MASK);
	KUNIT_EXPECT_EQ(test, b->img.val[VMCS_IX_CR4_SHADOW], b->host.cr4);
	KUNIT_EXPECT_EQ(test, b->img.val[VMCS_IX_GUEST_CR4], b->host.cr4 | CR4_VMXE);
	/* even where it was captured with VMXE on */
	b->host.cr4 |= CR4_VMXE;
	keel_hostvmcs_build(&b->img, &b->in);
	KUNIT_EXPECT_EQ(test, b->img.val[VMCS_IX_CR4_SHADOW], b->host.cr4 & ~CR4_VMXE);
	KUNIT_EXPECT_EQ(test, b->img.val[VMCS_IX_GUEST_CR4], b->host.cr4);
}

/* NE can seem to be off, as it is after INIT, and is on */
static void hostvmcs_cr0(struct kunit *test)
{
	struct bench *b = bench(test);

	KUNIT_EXPECT_EQ(test, b->img.val[VMCS_IX_CR0_MASK], 0x20ULL);
	KUNIT_EXPECT_EQ(test, b->img.val[VMCS_IX_CR0_SHADOW] & 0x20, 0x20ULL);
	KUNIT_EXPECT_EQ(test, b->img.val[VMCS_IX_GUEST_CR0], b->host.cr0);
}

static void hostvmcs_root_cr4(struct kunit *test)
{
	struct keel_vmx_caps caps;
	unsigned int bit;

	kit_cpu(&caps);
	/* PAE, OSFXSR and VMXE always; of Linux's, MCE 6, LA57 12, OSXSAVE 18, KL 19, PKE 22 */
	KUNIT_EXPECT_EQ(test, keel_root_cr4(0, &caps), 0x2220ULL);
	for (bit = 0; bit < 64; bit++) {
		bool kept = bit == 6 || bit == 12 || bit == 18 || bit == 19 || bit == 22;

		KUNIT_EXPECT_EQ_MSG(test, keel_root_cr4(1ULL << bit, &caps),
				    0x2220 | (u64)kept << bit, "bit %u", bit);
		/* and whatever the CPU wants */
		caps.cr4_fixed0 = 1ULL << bit;
		KUNIT_EXPECT_EQ_MSG(test, keel_root_cr4(0, &caps), 0x2220 | 1ULL << bit, "bit %u",
				    bit);
		caps.cr4_fixed0 = 0;
	}
}

struct value_row {
	u16 ix;
	u64 val;
};

static void expect_values(struct kunit *test, const struct bench *b, const struct value_row *rows,
			  unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_TRUE_MSG(test, keel_vmcs_have(&b->img, rows[i].ix), "%s",
				      keel_vmcs_name(rows[i].ix));
		KUNIT_EXPECT_EQ_MSG(test, b->img.val[rows[i].ix], rows[i].val, "%s",
				    keel_vmcs_name(rows[i].ix));
	}
}

static void hostvmcs_guest_is_linux(struct kunit *test)
{
	static const struct value_row rows[] = {
		{ VMCS_IX_GUEST_CR0, 0x80050033 }, { VMCS_IX_GUEST_CR3, 0x0010a001 },
		{ VMCS_IX_GUEST_DR7, 0x455 }, { VMCS_IX_GUEST_RIP, 0xffffffff81001234 },
		{ VMCS_IX_GUEST_RSP, 0xffffc90000003e58 }, { VMCS_IX_GUEST_RFLAGS, 0x246 },
		{ VMCS_IX_GUEST_GDTR_BASE, 0xfffffe0000001000 }, { VMCS_IX_GUEST_GDTR_LIMIT, 0x7f },
		{ VMCS_IX_GUEST_IDTR_BASE, 0xfffffe0000000000 },
		{ VMCS_IX_GUEST_IDTR_LIMIT, 0xfff },
		{ VMCS_IX_GUEST_EFER, 0xd01 }, { VMCS_IX_GUEST_PAT, 0x0407050600070106 },
		{ VMCS_IX_GUEST_DEBUGCTL, 0x4000 }, { VMCS_IX_GUEST_SYSENTER_CS, 0x10 },
		{ VMCS_IX_GUEST_SYSENTER_ESP, 0xfffffe0000003200 },
		{ VMCS_IX_GUEST_SYSENTER_EIP, 0xffffffff81a00123 },
		{ VMCS_IX_VMCS_LINK_POINTER, ~0ULL },
	};
	static const u16 sel[] = {
		VMCS_IX_GUEST_ES_SELECTOR, VMCS_IX_GUEST_CS_SELECTOR, VMCS_IX_GUEST_SS_SELECTOR,
		VMCS_IX_GUEST_DS_SELECTOR, VMCS_IX_GUEST_FS_SELECTOR, VMCS_IX_GUEST_GS_SELECTOR,
		VMCS_IX_GUEST_LDTR_SELECTOR, VMCS_IX_GUEST_TR_SELECTOR,
	};
	static const u16 limit[] = {
		VMCS_IX_GUEST_ES_LIMIT, VMCS_IX_GUEST_CS_LIMIT, VMCS_IX_GUEST_SS_LIMIT,
		VMCS_IX_GUEST_DS_LIMIT, VMCS_IX_GUEST_FS_LIMIT, VMCS_IX_GUEST_GS_LIMIT,
		VMCS_IX_GUEST_LDTR_LIMIT, VMCS_IX_GUEST_TR_LIMIT,
	};
	static const u16 ar[] = {
		VMCS_IX_GUEST_ES_AR, VMCS_IX_GUEST_CS_AR, VMCS_IX_GUEST_SS_AR, VMCS_IX_GUEST_DS_AR,
		VMCS_IX_GUEST_FS_AR, VMCS_IX_GUEST_GS_AR, VMCS_IX_GUEST_LDTR_AR,
		VMCS_IX_GUEST_TR_AR,
	};
	static const u16 base[] = {
		VMCS_IX_GUEST_ES_BASE, VMCS_IX_GUEST_CS_BASE, VMCS_IX_GUEST_SS_BASE,
		VMCS_IX_GUEST_DS_BASE, VMCS_IX_GUEST_FS_BASE, VMCS_IX_GUEST_GS_BASE,
		VMCS_IX_GUEST_LDTR_BASE, VMCS_IX_GUEST_TR_BASE,
	};
	struct bench *b = bench(test);
	const struct keel_seg *const segs[] = {
		&b->host.es, &b->host.cs, &b->host.ss, &b->host.ds,
		&b->host.fs, &b->host.gs, &b->host.ldtr, &b->host.tr,
	};
	unsigned int n;

	expect_values(test, b, rows, ARRAY_SIZE(rows));
	for (n = 0; n < ARRAY_SIZE(segs); n++) {
		KUNIT_EXPECT_EQ_MSG(test, b->img.val[sel[n]], (u64)segs[n]->sel, "%s",
				    keel_vmcs_name(sel[n]));
		KUNIT_EXPECT_EQ_MSG(test, b->img.val[limit[n]], (u64)segs[n]->limit, "%s",
				    keel_vmcs_name(limit[n]));
		KUNIT_EXPECT_EQ_MSG(test, b->img.val[ar[n]], (u64)segs[n]->ar, "%s",
				    keel_vmcs_name(ar[n]));
		KUNIT_EXPECT_EQ_MSG(test, b->img.val[base[n]], segs[n]->base, "%s",
				    keel_vmcs_name(base[n]));
	}
}

static void hostvmcs_host_is_root(struct kunit *test)
{
	static const struct value_row rows[] = {
		/* PE, MP, ET, NE, WP, PG; neither TS nor EM, nor caches off */
		{ VMCS_IX_HOST_CR0, 0x80010033 }, { VMCS_IX_HOST_CR3, 0x4a000 },
		/* long mode and NX, but no SYSCALL */
		{ VMCS_IX_HOST_EFER, 0xd00 }, { VMCS_IX_HOST_PAT, 0x0407050600070106 },
		{ VMCS_IX_HOST_CS_SELECTOR, 0x10 }, { VMCS_IX_HOST_SS_SELECTOR, 0 },
		{ VMCS_IX_HOST_DS_SELECTOR, 0 }, { VMCS_IX_HOST_ES_SELECTOR, 0 },
		{ VMCS_IX_HOST_FS_SELECTOR, 0 }, { VMCS_IX_HOST_GS_SELECTOR, 0 },
		{ VMCS_IX_HOST_TR_SELECTOR, KEEL_SEL_TSS },
		{ VMCS_IX_HOST_FS_BASE, 0 }, { VMCS_IX_HOST_GS_BASE, 0 },
		{ VMCS_IX_HOST_TR_BASE, ROOT_CPU + offsetof(struct keel_root_cpu, tss) },
		{ VMCS_IX_HOST_GDTR_BASE, ROOT_CPU + offsetof(struct keel_root_cpu, gdt) },
		{ VMCS_IX_HOST_IDTR_BASE, ROOT_CPU + offsetof(struct keel_root_cpu, idt) },
		{ VMCS_IX_HOST_SYSENTER_CS, 0 }, { VMCS_IX_HOST_SYSENTER_ESP, 0 },
		{ VMCS_IX_HOST_SYSENTER_EIP, 0 },
		/* right behind the registers, which entry.S pushes */
		{ VMCS_IX_HOST_RSP, ROOT_CPU + 15 * 8 },
		{ VMCS_IX_HOST_RIP, KEEL_ROOT_BASE + 0x1230 },
		{ VMCS_IX_VPID, 1 }, { VMCS_IX_MSR_BITMAP, 0x5b000 },
		/* write-back, four levels, no accessed and dirty flags */
		{ VMCS_IX_EPT_POINTER, 0x6c01e },
	};
	struct bench *b = bench(test);

	expect_values(test, b, rows, ARRAY_SIZE(rows));
	KUNIT_EXPECT_EQ(test, b->img.val[VMCS_IX_HOST_CR4], b->in.root_cr4);
	KUNIT_EXPECT_EQ(test, (unsigned int)offsetof(struct keel_root_cpu, regs), 0U);
	/* what VMX operation wants of CR0 comes on top */
	b->caps.cr0_fixed0 |= 1 << 18;
	keel_hostvmcs_build(&b->img, &b->in);
	KUNIT_EXPECT_EQ(test, b->img.val[VMCS_IX_HOST_CR0], 0x80050033ULL);
}

static void hostvmcs_msr_bitmap(struct kunit *test)
{
	u8 *bitmap = kunit_kzalloc(test, 4096, GFP_KERNEL);
	unsigned int part, i, set = 0;

	KUNIT_ASSERT_NOT_NULL(test, bitmap);
	memset(bitmap, 0xa5, 4096);
	keel_host_msr_bitmap(bitmap);
	/* reads of 0 to 1fff, reads of c0000000 to c0001fff, then writes alike (SDM 24.6.9) */
	for (part = 0; part < 4; part++) {
		for (i = 0; i < 8192; i++) {
			bool exits = !(part & 1) && (i == 0x3a || (i >= 0x480 && i <= 0x493));
			bool bit = bitmap[1024 * part + i / 8] >> (i % 8) & 1;

			KUNIT_EXPECT_EQ_MSG(test, bit, exits, "part %u, MSR %#x", part, i);
			set += bit;
		}
	}
	KUNIT_EXPECT_EQ(test, set, 2U * 21);
}

static struct kunit_case keel_hostvmcs_cases[] = {
	KUNIT_CASE_PARAM(hostvmcs_is_valid, cpu_gen_params),
	KUNIT_CASE(hostvmcs_is_valid_otherwise),
	KUNIT_CASE_PARAM(hostvmcs_fields_fit, cpu_gen_params),
	KUNIT_CASE_PARAM(hostvmcs_fields_are_all, cpu_gen_params),
	KUNIT_CASE(hostvmcs_image_is_filled_whole),
	KUNIT_CASE_PARAM(hostvmcs_fewest_exits, cpu_gen_params),
	KUNIT_CASE(hostvmcs_cr0),
	KUNIT_CASE(hostvmcs_cr4),
	KUNIT_CASE(hostvmcs_root_cr4),
	KUNIT_CASE(hostvmcs_guest_is_linux),
	KUNIT_CASE(hostvmcs_host_is_root),
	KUNIT_CASE(hostvmcs_msr_bitmap),
	{}
};

static struct kunit_suite keel_hostvmcs_suite = {
	.name = "keel-hostvmcs",
	.test_cases = keel_hostvmcs_cases,
};

kunit_test_suites(&keel_hostvmcs_suite);
