// SPDX-License-Identifier: GPL-2.0
/*
 * keel-fields: the table of VMCS fields is in order, each field's encoding says
 * what its name and its place say, and Linux's own header agrees; and an image
 * keeps its fields apart.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/vmx.h>

#include "../../kmod/abi.h"
#include "../../kmod/vmx/vmcs.h"
#include "kit.h"

#define WIDTH(encoding)	((encoding) >> 13 & 3)
#define TYPE(encoding)	((encoding) >> 10 & 3)

enum { CONTROL, READ_ONLY, GUEST, HOST };

static void fields_are_in_order(struct kunit *test)
{
	unsigned int ix, other;

	for (ix = 1; ix < VMCS_IX_NR; ix++)
		KUNIT_EXPECT_LT_MSG(test, keel_vmcs_encoding(ix - 1), keel_vmcs_encoding(ix), "%s",
				    keel_vmcs_name(ix));
	for (ix = 0; ix < VMCS_IX_NR; ix++)
		for (other = 0; other < ix; other++)
			KUNIT_EXPECT_NE_MSG(test, strcmp(keel_vmcs_name(ix), keel_vmcs_name(other)),
					    0, "%s", keel_vmcs_name(ix));
}

/* a row a field, by the list that it stands in */
static void fields_have_their_lists_width(struct kunit *test)
{
	static const struct {
		u32 encoding;
		u8 width;
	} rows[] = {
#define W16(name, encoding) { encoding, 0 },
#define W64(name, encoding) { encoding, 1 },
#define W32(name, encoding) { encoding, 2 },
#define NAT(name, encoding) { encoding, 3 },
		KEEL_VMCS_FIELDS_16(W16) KEEL_VMCS_FIELDS_64(W64)
		KEEL_VMCS_FIELDS_32(W32) KEEL_VMCS_FIELDS_NAT(NAT)
#undef W16
#undef W64
#undef W32
#undef NAT
	};
	static const u64 masks[] = { 0xffff, ~0ULL, 0xffffffff, ~0ULL };
	unsigned int i;

	KUNIT_ASSERT_EQ(test, (unsigned int)ARRAY_SIZE(rows), (unsigned int)VMCS_IX_NR);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		KUNIT_EXPECT_EQ(test, keel_vmcs_encoding(i), rows[i].encoding);
		KUNIT_EXPECT_EQ_MSG(test, WIDTH(rows[i].encoding), (u32)rows[i].width, "%s",
				    keel_vmcs_name(i));
		KUNIT_EXPECT_EQ_MSG(test, keel_vmcs_width_mask(rows[i].encoding),
				    masks[rows[i].width], "%s", keel_vmcs_name(i));
		/* the whole field, not its upper half; reserved bits */
		KUNIT_EXPECT_EQ_MSG(test, rows[i].encoding & ~0x6ffeU, 0U, "%s", keel_vmcs_name(i));
	}
}

static bool starts(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

static unsigned int type_by_name(const char *name)
{
	static const char *const read_only[] = {
		"GUEST_PHYS_ADDR", "GUEST_LINEAR_ADDR", "INSTR_ERROR", "EXIT_REASON",
		"EXIT_INTR_INFO", "EXIT_INTR_ERROR", "EXIT_INSTR_LEN", "EXIT_INSTR_INFO",
		"IDT_VECTORING_INFO", "IDT_VECTORING_ERROR", "EXIT_QUALIFICATION",
		"IO_RCX", "IO_RSI", "IO_RDI", "IO_RIP",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(read_only); i++)
		if (!strcmp(name, read_only[i]))
			return READ_ONLY;
	if (starts(name, "HOST_"))
		return HOST;
	/* guest state by the SDM, though nothing of the guest's */
	if (starts(name, "GUEST_") || !strcmp(name, "VMCS_LINK_POINTER") ||
	    !strcmp(name, "PREEMPTION_TIMER"))
		return GUEST;
	return CONTROL;
}

static void fields_have_their_names_type(struct kunit *test)
{
	unsigned int ix, nr[4] = { 0 };

	for (ix = 0; ix < VMCS_IX_NR; ix++) {
		const char *name = keel_vmcs_name(ix);

		KUNIT_EXPECT_EQ_MSG(test, TYPE(keel_vmcs_encoding(ix)), type_by_name(name), "%s",
				    name);
		nr[TYPE(keel_vmcs_encoding(ix))]++;
	}
	KUNIT_EXPECT_EQ(test, nr[READ_ONLY], 15U);
}

static void fields_round_trip(struct kunit *test)
{
	static const struct {
		u32 index;
		u32 encoding;
		const char *name;
	} rows[] = {
#define KEEL_F(name, encoding) { VMCS_IX_##name, VMCS_##name, #name },
		KEEL_VMCS_FIELDS(KEEL_F)
#undef KEEL_F
	};
	unsigned int i, encoding, found = 0;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		KUNIT_EXPECT_EQ(test, rows[i].index, i);
		KUNIT_EXPECT_EQ(test, keel_vmcs_encoding(i), rows[i].encoding);
		KUNIT_EXPECT_STREQ(test, keel_vmcs_name(i), rows[i].name);
		KUNIT_EXPECT_EQ(test, keel_vmcs_index_of(rows[i].encoding), (int)i);
		KUNIT_EXPECT_EQ(test, keel_vmcs_index_of(rows[i].encoding | 1), -1);
		KUNIT_EXPECT_EQ(test, keel_vmcs_index_of(rows[i].encoding | 1 << 16), -1);
	}
	for (encoding = 0; encoding < 0x10000; encoding++)
		found += keel_vmcs_index_of(encoding) >= 0;
	KUNIT_EXPECT_EQ(test, found, (unsigned int)VMCS_IX_NR);
	KUNIT_EXPECT_EQ(test, keel_vmcs_index_of(~0U), -1);
}

/* what hostvmcs.c counts on with indices, and leave.c with encodings */
static void fields_segments_are_in_order(struct kunit *test)
{
	static const char *const segs[] = { "ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR" };
	static const struct {
		u32 index;
		u32 encoding;
		const char *what;
	} groups[] = {
		{ VMCS_IX_GUEST_ES_SELECTOR, VMCS_GUEST_ES_SELECTOR, "SELECTOR" },
		{ VMCS_IX_GUEST_ES_LIMIT, VMCS_GUEST_ES_LIMIT, "LIMIT" },
		{ VMCS_IX_GUEST_ES_AR, VMCS_GUEST_ES_AR, "AR" },
		{ VMCS_IX_GUEST_ES_BASE, VMCS_GUEST_ES_BASE, "BASE" },
	};
	unsigned int g, n;
	char name[32];

	for (g = 0; g < ARRAY_SIZE(groups); g++) {
		for (n = 0; n < ARRAY_SIZE(segs); n++) {
			snprintf(name, sizeof(name), "GUEST_%s_%s", segs[n], groups[g].what);
			KUNIT_EXPECT_STREQ(test, keel_vmcs_name(groups[g].index + n), name);
			KUNIT_EXPECT_EQ_MSG(test, keel_vmcs_encoding(groups[g].index + n),
					    groups[g].encoding + 2 * n, "%s", name);
		}
	}
}

static void fields_are_linuxs(struct kunit *test)
{
	static const struct {
		u32 ours;
		u32 linuxs;
	} rows[] = {
		{ VMCS_VPID, VIRTUAL_PROCESSOR_ID },
		{ VMCS_POSTED_INTR_NV, POSTED_INTR_NV },
		{ VMCS_GUEST_ES_SELECTOR, GUEST_ES_SELECTOR },
		{ VMCS_GUEST_TR_SELECTOR, GUEST_TR_SELECTOR },
		{ VMCS_GUEST_INTR_STATUS, GUEST_INTR_STATUS },
		{ VMCS_GUEST_PML_INDEX, GUEST_PML_INDEX },
		{ VMCS_HOST_ES_SELECTOR, HOST_ES_SELECTOR },
		{ VMCS_HOST_CS_SELECTOR, HOST_CS_SELECTOR },
		{ VMCS_HOST_SS_SELECTOR, HOST_SS_SELECTOR },
		{ VMCS_HOST_DS_SELECTOR, HOST_DS_SELECTOR },
		{ VMCS_HOST_FS_SELECTOR, HOST_FS_SELECTOR },
		{ VMCS_HOST_GS_SELECTOR, HOST_GS_SELECTOR },
		{ VMCS_HOST_TR_SELECTOR, HOST_TR_SELECTOR },
		{ VMCS_IO_BITMAP_A, IO_BITMAP_A }, { VMCS_IO_BITMAP_B, IO_BITMAP_B },
		{ VMCS_MSR_BITMAP, MSR_BITMAP },
		{ VMCS_EXIT_MSR_STORE_ADDR, VM_EXIT_MSR_STORE_ADDR },
		{ VMCS_EXIT_MSR_LOAD_ADDR, VM_EXIT_MSR_LOAD_ADDR },
		{ VMCS_ENTRY_MSR_LOAD_ADDR, VM_ENTRY_MSR_LOAD_ADDR },
		{ VMCS_PML_ADDRESS, PML_ADDRESS }, { VMCS_TSC_OFFSET, TSC_OFFSET },
		{ VMCS_VIRTUAL_APIC_PAGE, VIRTUAL_APIC_PAGE_ADDR },
		{ VMCS_APIC_ACCESS_ADDR, APIC_ACCESS_ADDR },
		{ VMCS_POSTED_INTR_DESC, POSTED_INTR_DESC_ADDR },
		{ VMCS_VM_FUNCTION_CTLS, VM_FUNCTION_CONTROL },
		{ VMCS_EPT_POINTER, EPT_POINTER },
		{ VMCS_EOI_EXIT0, EOI_EXIT_BITMAP0 }, { VMCS_EOI_EXIT3, EOI_EXIT_BITMAP3 },
		{ VMCS_EPTP_LIST, EPTP_LIST_ADDRESS },
		{ VMCS_VMREAD_BITMAP, VMREAD_BITMAP }, { VMCS_VMWRITE_BITMAP, VMWRITE_BITMAP },
		{ VMCS_XSS_EXIT_BITMAP, XSS_EXIT_BITMAP },
		{ VMCS_ENCLS_EXIT_BITMAP, ENCLS_EXITING_BITMAP },
		{ VMCS_TSC_MULTIPLIER, TSC_MULTIPLIER },
		{ VMCS_PROC3_CTLS, TERTIARY_VM_EXEC_CONTROL },
		{ VMCS_GUEST_PHYS_ADDR, GUEST_PHYSICAL_ADDRESS },
		{ VMCS_VMCS_LINK_POINTER, VMCS_LINK_POINTER },
		{ VMCS_GUEST_DEBUGCTL, GUEST_IA32_DEBUGCTL },
		{ VMCS_GUEST_PAT, GUEST_IA32_PAT }, { VMCS_GUEST_EFER, GUEST_IA32_EFER },
		{ VMCS_GUEST_PERF_GLOBAL_CTRL, GUEST_IA32_PERF_GLOBAL_CTRL },
		{ VMCS_GUEST_PDPTE0, GUEST_PDPTR0 }, { VMCS_GUEST_PDPTE3, GUEST_PDPTR3 },
		{ VMCS_GUEST_BNDCFGS, GUEST_BNDCFGS },
		{ VMCS_GUEST_RTIT_CTL, GUEST_IA32_RTIT_CTL },
		{ VMCS_HOST_PAT, HOST_IA32_PAT }, { VMCS_HOST_EFER, HOST_IA32_EFER },
		{ VMCS_HOST_PERF_GLOBAL_CTRL, HOST_IA32_PERF_GLOBAL_CTRL },
		{ VMCS_PIN_CTLS, PIN_BASED_VM_EXEC_CONTROL },
		{ VMCS_PROC_CTLS, CPU_BASED_VM_EXEC_CONTROL },
		{ VMCS_EXCEPTION_BITMAP, EXCEPTION_BITMAP },
		{ VMCS_PF_ERROR_MASK, PAGE_FAULT_ERROR_CODE_MASK },
		{ VMCS_PF_ERROR_MATCH, PAGE_FAULT_ERROR_CODE_MATCH },
		{ VMCS_CR3_TARGET_COUNT, CR3_TARGET_COUNT },
		{ VMCS_EXIT_CTLS, VM_EXIT_CONTROLS },
		{ VMCS_EXIT_MSR_STORE_COUNT, VM_EXIT_MSR_STORE_COUNT },
		{ VMCS_EXIT_MSR_LOAD_COUNT, VM_EXIT_MSR_LOAD_COUNT },
		{ VMCS_ENTRY_CTLS, VM_ENTRY_CONTROLS },
		{ VMCS_ENTRY_MSR_LOAD_COUNT, VM_ENTRY_MSR_LOAD_COUNT },
		{ VMCS_ENTRY_INTR_INFO, VM_ENTRY_INTR_INFO_FIELD },
		{ VMCS_ENTRY_EXCEPTION_ERROR, VM_ENTRY_EXCEPTION_ERROR_CODE },
		{ VMCS_ENTRY_INSTR_LEN, VM_ENTRY_INSTRUCTION_LEN },
		{ VMCS_TPR_THRESHOLD, TPR_THRESHOLD },
		{ VMCS_PROC2_CTLS, SECONDARY_VM_EXEC_CONTROL },
		{ VMCS_PLE_GAP, PLE_GAP }, { VMCS_PLE_WINDOW, PLE_WINDOW },
		{ VMCS_INSTR_ERROR, VM_INSTRUCTION_ERROR }, { VMCS_EXIT_REASON, VM_EXIT_REASON },
		{ VMCS_EXIT_INTR_INFO, VM_EXIT_INTR_INFO },
		{ VMCS_EXIT_INTR_ERROR, VM_EXIT_INTR_ERROR_CODE },
		{ VMCS_IDT_VECTORING_INFO, IDT_VECTORING_INFO_FIELD },
		{ VMCS_IDT_VECTORING_ERROR, IDT_VECTORING_ERROR_CODE },
		{ VMCS_EXIT_INSTR_LEN, VM_EXIT_INSTRUCTION_LEN },
		{ VMCS_EXIT_INSTR_INFO, VMX_INSTRUCTION_INFO },
		{ VMCS_GUEST_ES_LIMIT, GUEST_ES_LIMIT }, { VMCS_GUEST_TR_LIMIT, GUEST_TR_LIMIT },
		{ VMCS_GUEST_GDTR_LIMIT, GUEST_GDTR_LIMIT },
		{ VMCS_GUEST_IDTR_LIMIT, GUEST_IDTR_LIMIT },
		{ VMCS_GUEST_ES_AR, GUEST_ES_AR_BYTES }, { VMCS_GUEST_TR_AR, GUEST_TR_AR_BYTES },
		{ VMCS_GUEST_INTERRUPTIBILITY, GUEST_INTERRUPTIBILITY_INFO },
		{ VMCS_GUEST_ACTIVITY, GUEST_ACTIVITY_STATE },
		{ VMCS_GUEST_SYSENTER_CS, GUEST_SYSENTER_CS },
		{ VMCS_PREEMPTION_TIMER, VMX_PREEMPTION_TIMER_VALUE },
		{ VMCS_HOST_SYSENTER_CS, HOST_IA32_SYSENTER_CS },
		{ VMCS_CR0_MASK, CR0_GUEST_HOST_MASK }, { VMCS_CR4_MASK, CR4_GUEST_HOST_MASK },
		{ VMCS_CR0_SHADOW, CR0_READ_SHADOW }, { VMCS_CR4_SHADOW, CR4_READ_SHADOW },
		{ VMCS_EXIT_QUALIFICATION, EXIT_QUALIFICATION },
		{ VMCS_GUEST_LINEAR_ADDR, GUEST_LINEAR_ADDRESS },
		{ VMCS_GUEST_CR0, GUEST_CR0 }, { VMCS_GUEST_CR3, GUEST_CR3 },
		{ VMCS_GUEST_CR4, GUEST_CR4 }, { VMCS_GUEST_ES_BASE, GUEST_ES_BASE },
		{ VMCS_GUEST_TR_BASE, GUEST_TR_BASE }, { VMCS_GUEST_GDTR_BASE, GUEST_GDTR_BASE },
		{ VMCS_GUEST_IDTR_BASE, GUEST_IDTR_BASE }, { VMCS_GUEST_DR7, GUEST_DR7 },
		{ VMCS_GUEST_RSP, GUEST_RSP }, { VMCS_GUEST_RIP, GUEST_RIP },
		{ VMCS_GUEST_RFLAGS, GUEST_RFLAGS },
		{ VMCS_GUEST_PENDING_DEBUG, GUEST_PENDING_DBG_EXCEPTIONS },
		{ VMCS_GUEST_SYSENTER_ESP, GUEST_SYSENTER_ESP },
		{ VMCS_GUEST_SYSENTER_EIP, GUEST_SYSENTER_EIP },
		{ VMCS_HOST_CR0, HOST_CR0 }, { VMCS_HOST_CR3, HOST_CR3 },
		{ VMCS_HOST_CR4, HOST_CR4 }, { VMCS_HOST_FS_BASE, HOST_FS_BASE },
		{ VMCS_HOST_GS_BASE, HOST_GS_BASE }, { VMCS_HOST_TR_BASE, HOST_TR_BASE },
		{ VMCS_HOST_GDTR_BASE, HOST_GDTR_BASE }, { VMCS_HOST_IDTR_BASE, HOST_IDTR_BASE },
		{ VMCS_HOST_SYSENTER_ESP, HOST_IA32_SYSENTER_ESP },
		{ VMCS_HOST_SYSENTER_EIP, HOST_IA32_SYSENTER_EIP },
		{ VMCS_HOST_RSP, HOST_RSP }, { VMCS_HOST_RIP, HOST_RIP },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, rows[i].ours, rows[i].linuxs, "row %u", i);
}

static void fields_image_keeps_them_apart(struct kunit *test)
{
	struct keel_vmcs_image *img = kunit_kzalloc(test, sizeof(*img), GFP_KERNEL);
	unsigned int ix, other;

	KUNIT_ASSERT_NOT_NULL(test, img);
	for (ix = 0; ix < VMCS_IX_NR; ix++) {
		memset(img, 0, sizeof(*img));
		keel_vmcs_put(img, ix, ~0ULL - ix);
		for (other = 0; other < VMCS_IX_NR; other++) {
			KUNIT_ASSERT_EQ(test, keel_vmcs_have(img, other), other == ix);
			KUNIT_ASSERT_EQ(test, img->val[other], other == ix ? ~0ULL - ix : 0);
		}
	}
	/* a dump in the shared pages has room for all of them */
	KUNIT_EXPECT_LE(test, (unsigned int)VMCS_IX_NR, (unsigned int)KEEL_DUMP_NR);
}

static struct kunit_case keel_fields_cases[] = {
	KUNIT_CASE(fields_are_in_order),
	KUNIT_CASE(fields_have_their_lists_width),
	KUNIT_CASE(fields_have_their_names_type),
	KUNIT_CASE(fields_round_trip),
	KUNIT_CASE(fields_segments_are_in_order),
	KUNIT_CASE(fields_are_linuxs),
	KUNIT_CASE(fields_image_keeps_them_apart),
	{}
};

static struct kunit_suite keel_fields_suite = {
	.name = "keel-fields",
	.test_cases = keel_fields_cases,
};

kunit_test_suites(&keel_fields_suite);
