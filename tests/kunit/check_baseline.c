// SPDX-License-Identifier: GPL-2.0
/*
 * What the cases of keel-check start from: a valid VMCS.
 *
 * World: KUnit.  No locks.
 */
#include <linux/kernel.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "check_test.h"

/* a CPU that has every control that Keel knows, and requires the usual ones */
static void cpu(struct keel_vmx_caps *caps)
{
	static const u32 must[KEEL_CTL_NR] = {
		[KEEL_CTL_PIN] = 0x16, [KEEL_CTL_PROC] = 0x04006172,
		[KEEL_CTL_EXIT] = 0x00036dfb, [KEEL_CTL_ENTRY] = 0x000011fb,
	};
	static const struct {
		u8 word;
		u8 bit;
	} known[] = {
#define KEEL_C(word, name, bit, text) { KEEL_CTL_##word, bit },
		KEEL_CTL_BITS(KEEL_C)
#undef KEEL_C
	};
	unsigned int i;

	memset(caps, 0, sizeof(*caps));
	for (i = 0; i < KEEL_CTL_NR; i++)
		caps->ctl[i].must = must[i];
	for (i = 0; i < ARRAY_SIZE(known); i++)
		caps->ctl[known[i].word].may |= 1ULL << known[i].bit;
	for (i = 0; i < KEEL_CTL_NR; i++)
		caps->ctl[i].may |= must[i];
	caps->basic = 1 | 6ULL << KEEL_BASIC_MEMTYPE_SHIFT | KEEL_BASIC_TRUE_CTLS;
	caps->misc = KEEL_MISC_HLT | KEEL_MISC_SHUTDOWN | KEEL_MISC_SIPI | 4 << 16;
	caps->ept_vpid = KEEL_EPT_CAP_WALK4 | KEEL_EPT_CAP_WB | KEEL_EPT_CAP_AD;
	caps->vmfunc = 1;
	caps->cr0_fixed0 = 0x80000021;
	caps->cr0_fixed1 = 0xffffffff;
	caps->cr4_fixed0 = 0x2000;
	caps->cr4_fixed1 = 0x01ff7fff;
	caps->exit2_may = 1 << 3;
	caps->phys_bits = 46;
	caps->linear_bits = 48;
}

/* a 64-bit host and a 64-bit guest as Linux sets itself up */
static const struct check_edit linux_64[] = {
	F(PIN_CTLS, 0x16),
	F(PROC_CTLS, 0x04006172 | KEEL_PROC_MSR_BITMAPS | KEEL_PROC_SECONDARY),
	F(PROC2_CTLS, KEEL_PROC2_EPT | KEEL_PROC2_VPID | KEEL_PROC2_UNRESTRICTED |
	  KEEL_PROC2_RDTSCP),
	F(EXIT_CTLS, 0x00036dfb | KEEL_EXIT_HOST_64 | KEEL_EXIT_SAVE_EFER |
	  KEEL_EXIT_LOAD_EFER | KEEL_EXIT_SAVE_PAT | KEEL_EXIT_LOAD_PAT | KEEL_EXIT_SAVE_DEBUG),
	F(ENTRY_CTLS, 0x000011fb | KEEL_ENTRY_IA32E | KEEL_ENTRY_LOAD_EFER |
	  KEEL_ENTRY_LOAD_PAT | KEEL_ENTRY_LOAD_DEBUG),
	F(VPID, 1), F(EPT_POINTER, 0x10005e), F(MSR_BITMAP, 0x2000),
	F(VMCS_LINK_POINTER, ~0ULL),

	F(HOST_CR0, 0x80050033), F(HOST_CR3, 0x4a000), F(HOST_CR4, 0x3626f0),
	F(HOST_CS_SELECTOR, 0x10), F(HOST_SS_SELECTOR, 0x18), F(HOST_TR_SELECTOR, 0x40),
	F(HOST_FS_BASE, 0x00007f0012345678), F(HOST_GS_BASE, 0xffff888100000000),
	F(HOST_TR_BASE, 0xfffffe0000003000), F(HOST_GDTR_BASE, 0xfffffe0000001000),
	F(HOST_IDTR_BASE, 0xfffffe0000000000), F(HOST_RIP, 0xffffffff81000000),
	F(HOST_SYSENTER_ESP, 0xfffffe0000003200), F(HOST_SYSENTER_EIP, 0xffffffff81a00000),
	F(HOST_EFER, 0xd01), F(HOST_PAT, 0x0007040600070406),

	F(GUEST_CR0, 0x80050033), F(GUEST_CR3, 0x10a000), F(GUEST_CR4, 0x3626f0),
	F(GUEST_ES_SELECTOR, 0x2b), F(GUEST_ES_AR, 0xc0f3), F(GUEST_ES_LIMIT, 0xffffffff),
	F(GUEST_CS_SELECTOR, 0x10), F(GUEST_CS_AR, 0xa09b), F(GUEST_CS_LIMIT, 0xffffffff),
	F(GUEST_SS_SELECTOR, 0x18), F(GUEST_SS_AR, 0xc093), F(GUEST_SS_LIMIT, 0xffffffff),
	F(GUEST_DS_SELECTOR, 0x2b), F(GUEST_DS_AR, 0xc0f3), F(GUEST_DS_LIMIT, 0xffffffff),
	F(GUEST_FS_SELECTOR, 0x2b), F(GUEST_FS_AR, 0xc0f3), F(GUEST_FS_LIMIT, 0xffffffff),
	F(GUEST_GS_SELECTOR, 0x2b), F(GUEST_GS_AR, 0xc0f3), F(GUEST_GS_LIMIT, 0xffffffff),
	F(GUEST_FS_BASE, 0x00007f0012345678), F(GUEST_GS_BASE, 0xffff888100000000),
	F(GUEST_LDTR_SELECTOR, 0x50), F(GUEST_LDTR_AR, 0x82), F(GUEST_LDTR_LIMIT, 0xf),
	F(GUEST_LDTR_BASE, 0xfffffe0000010000),
	F(GUEST_TR_SELECTOR, 0x40), F(GUEST_TR_AR, 0x8b), F(GUEST_TR_LIMIT, 0x206f),
	F(GUEST_TR_BASE, 0xfffffe0000003000),
	F(GUEST_GDTR_BASE, 0xfffffe0000001000), F(GUEST_GDTR_LIMIT, 0x7f),
	F(GUEST_IDTR_BASE, 0xfffffe0000000000), F(GUEST_IDTR_LIMIT, 0xfff),
	F(GUEST_DR7, 0x400), F(GUEST_RIP, 0xffffffff81000000), F(GUEST_RFLAGS, 2),
	F(GUEST_SYSENTER_CS, 0x10), F(GUEST_SYSENTER_ESP, 0xfffffe0000003200),
	F(GUEST_SYSENTER_EIP, 0xffffffff81a00000),
	F(GUEST_EFER, 0xd01), F(GUEST_PAT, 0x0007040600070406),
	{ 0 },
};

/**
 * check_edit() - change a VMCS and its CPU
 * @b: both
 * @e: the edits
 */
void check_edit(struct check_bench *b, const struct check_edit *e)
{
	u64 *field;

	for (; e->where; e++) {
		if (e->where >= CHECK_CAPS) {
			field = (u64 *)((u8 *)&b->caps + (e->where - CHECK_CAPS));
			*field = (*field & ~e->clear) | e->set;
			continue;
		}
		keel_vmcs_put(&b->img, e->where - 1,
			      (b->img.val[e->where - 1] & ~e->clear) | e->set);
	}
}

/**
 * check_baseline() - a valid VMCS, and a CPU that it is valid on
 * @b: filled whole but for the verdict
 */
void check_baseline(struct check_bench *b)
{
	cpu(&b->caps);
	memset(&b->img, 0, sizeof(b->img));
	check_edit(b, linux_64);
}
