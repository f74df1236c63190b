// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of the guest's segment registers (SDM 26.3.1.2).
 *
 * World: root, host and KUnit; no code that touches hardware, no locks.
 */
#include "check_walk.h"

/* the order of the fields: selectors, bases, limits and access rights are all in it */
enum seg { ES, CS, SS, DS, FS, GS, LDTR, TR };

#define RFLAGS_VM	BIT_ULL(17)

/* access rights */
#define AR_TYPE(ar)	((ar) & 0xf)
#define AR_S		BIT(4)
#define AR_DPL(ar)	((ar) >> 5 & 3)
#define AR_P		BIT(7)
#define AR_L		BIT(13)
#define AR_DB		BIT(14)
#define AR_G		BIT(15)
#define AR_UNUSABLE	BIT(16)
#define AR_LOW		0x00000f00U
#define AR_HIGH		0xfffe0000U

static u32 sel(const struct keel_check_walk *w, enum seg s)
{
	return w->img->val[VMCS_IX_GUEST_ES_SELECTOR + s];
}

static u64 base(const struct keel_check_walk *w, enum seg s)
{
	return w->img->val[VMCS_IX_GUEST_ES_BASE + s];
}

static u32 limit(const struct keel_check_walk *w, enum seg s)
{
	return w->img->val[VMCS_IX_GUEST_ES_LIMIT + s];
}

static u32 ar(const struct keel_check_walk *w, enum seg s)
{
	return w->img->val[VMCS_IX_GUEST_ES_AR + s];
}

static bool usable(const struct keel_check_walk *w, enum seg s)
{
	return !(ar(w, s) & AR_UNUSABLE);
}

static bool unrestricted(const struct keel_check_walk *w)
{
	return w->proc2 & KEEL_PROC2_UNRESTRICTED;
}

static void virtual_8086(struct keel_check_walk *w)
{
	enum seg s;

	for (s = ES; s <= GS; s++) {
		keel_check_need(w, base(w, s) == (u64)sel(w, s) << 4,
				KEEL_CHECK_GUEST_ES_V86_BASE + s);
		keel_check_need(w, limit(w, s) == 0xffff, KEEL_CHECK_GUEST_ES_V86_LIMIT + s);
		keel_check_need(w, ar(w, s) == 0xf3, KEEL_CHECK_GUEST_ES_V86_AR + s);
	}
}

static void selectors(struct keel_check_walk *w, bool v86)
{
	keel_check_need(w, !(sel(w, TR) & 4), KEEL_CHECK_GUEST_TR_TI);
	keel_check_need(w, !usable(w, LDTR) || !(sel(w, LDTR) & 4), KEEL_CHECK_GUEST_LDTR_TI);
	keel_check_need(w, v86 || unrestricted(w) || (sel(w, SS) & 3) == (sel(w, CS) & 3),
			KEEL_CHECK_GUEST_SS_RPL);
}

static void bases(struct keel_check_walk *w)
{
	keel_check_need(w, keel_check_canonical(w, base(w, TR)), KEEL_CHECK_GUEST_TR_BASE);
	keel_check_need(w, keel_check_canonical(w, base(w, FS)), KEEL_CHECK_GUEST_FS_BASE);
	keel_check_need(w, keel_check_canonical(w, base(w, GS)), KEEL_CHECK_GUEST_GS_BASE);
	keel_check_need(w, !usable(w, LDTR) || keel_check_canonical(w, base(w, LDTR)),
			KEEL_CHECK_GUEST_LDTR_BASE);
	keel_check_need(w, !(base(w, CS) >> 32), KEEL_CHECK_GUEST_CS_BASE);
	keel_check_need(w, !usable(w, SS) || !(base(w, SS) >> 32), KEEL_CHECK_GUEST_SS_BASE);
	keel_check_need(w, !usable(w, DS) || !(base(w, DS) >> 32), KEEL_CHECK_GUEST_DS_BASE);
	keel_check_need(w, !usable(w, ES) || !(base(w, ES) >> 32), KEEL_CHECK_GUEST_ES_BASE);
}

/* limits are in bytes, or in 4-KByte pages with the low 12 bits all 1 */
static bool granularity_fits(u32 lim, u32 rights)
{
	if (rights & AR_G)
		return (lim & 0xfff) == 0xfff;
	return !(lim & 0xfff00000);
}

struct common {
	u16 s;
	u16 present;
	u16 low;
	u16 granularity;
	u16 high;
};

/* what access rights have in common: S is 1 for code and data, 0 for TR and LDTR */
static void common(struct keel_check_walk *w, enum seg s, const struct common *id)
{
	u32 rights = ar(w, s);

	keel_check_need(w, !(rights & AR_S) == (s >= LDTR), id->s);
	keel_check_need(w, rights & AR_P, id->present);
	keel_check_need(w, !(rights & AR_LOW), id->low);
	keel_check_need(w, granularity_fits(limit(w, s), rights), id->granularity);
	keel_check_need(w, !(rights & AR_HIGH), id->high);
}

static void code(struct keel_check_walk *w)
{
	unsigned int type = AR_TYPE(ar(w, CS)), dpl = AR_DPL(ar(w, CS));
	unsigned int ss_dpl = AR_DPL(ar(w, SS));

	switch (type) {
	case 3:
		keel_check_need(w, unrestricted(w), KEEL_CHECK_GUEST_CS_TYPE);
		keel_check_need(w, dpl == 0, KEEL_CHECK_GUEST_CS_DPL_DATA);
		break;
	case 9:
	case 11:
		keel_check_need(w, dpl == ss_dpl, KEEL_CHECK_GUEST_CS_DPL_PLAIN);
		break;
	case 13:
	case 15:
		keel_check_need(w, dpl <= ss_dpl, KEEL_CHECK_GUEST_CS_DPL_CONFORMING);
		break;
	default:
		keel_check_need(w, false, KEEL_CHECK_GUEST_CS_TYPE);
	}
	keel_check_need(w, !(w->entry & KEEL_ENTRY_IA32E && ar(w, CS) & AR_L && ar(w, CS) & AR_DB),
			KEEL_CHECK_GUEST_CS_DB);
}

static void stack(struct keel_check_walk *w)
{
	unsigned int type = AR_TYPE(ar(w, SS)), dpl = AR_DPL(ar(w, SS));
	bool real = !(KEEL_FIELD(w, GUEST_CR0) & KEEL_CR0_PE);

	/* DPL is the CPL, so it counts even where SS is unusable */
	keel_check_need(w, !usable(w, SS) || type == 3 || type == 7, KEEL_CHECK_GUEST_SS_TYPE);
	keel_check_need(w, unrestricted(w) || dpl == (sel(w, SS) & 3),
			KEEL_CHECK_GUEST_SS_DPL_RPL);
	keel_check_need(w, dpl == 0 || !(real || AR_TYPE(ar(w, CS)) == 3),
			KEEL_CHECK_GUEST_SS_DPL_0);
}

static void data(struct keel_check_walk *w)
{
	static const u8 segs[] = { ES, DS, FS, GS };
	unsigned int i, type, dpl;

	for (i = 0; i < sizeof(segs); i++) {
		if (!usable(w, segs[i]))
			continue;
		type = AR_TYPE(ar(w, segs[i]));
		dpl = AR_DPL(ar(w, segs[i]));
		keel_check_need(w, type & 1, KEEL_CHECK_GUEST_ES_ACCESSED + i);
		keel_check_need(w, !(type & 8) || type & 2, KEEL_CHECK_GUEST_ES_READABLE + i);
		keel_check_need(w, unrestricted(w) || type > 11 || dpl >= (sel(w, segs[i]) & 3),
				KEEL_CHECK_GUEST_ES_DPL + i);
	}
}

static void code_and_data(struct keel_check_walk *w)
{
	struct common id;
	enum seg s;

	for (s = ES; s <= GS; s++) {
		if (s != CS && !usable(w, s))
			continue;
		id.s = KEEL_CHECK_GUEST_ES_S + s;
		id.present = KEEL_CHECK_GUEST_ES_P + s;
		id.low = KEEL_CHECK_GUEST_ES_AR_LOW + s;
		id.granularity = KEEL_CHECK_GUEST_ES_G + s;
		id.high = KEEL_CHECK_GUEST_ES_AR_HIGH + s;
		common(w, s, &id);
	}
	code(w);
	stack(w);
	data(w);
}

#define COMMON(seg) {							\
	.s = KEEL_CHECK_GUEST_##seg##_S,				\
	.present = KEEL_CHECK_GUEST_##seg##_P,				\
	.low = KEEL_CHECK_GUEST_##seg##_AR_LOW,				\
	.granularity = KEEL_CHECK_GUEST_##seg##_G,			\
	.high = KEEL_CHECK_GUEST_##seg##_AR_HIGH,			\
}

static void system_segments(struct keel_check_walk *w)
{
	static const struct common tr = COMMON(TR), ldtr = COMMON(LDTR);
	unsigned int type = AR_TYPE(ar(w, TR));

	keel_check_need(w, type == 11 || (type == 3 && !(w->entry & KEEL_ENTRY_IA32E)),
			KEEL_CHECK_GUEST_TR_TYPE);
	common(w, TR, &tr);
	keel_check_need(w, usable(w, TR), KEEL_CHECK_GUEST_TR_UNUSABLE);
	if (!usable(w, LDTR))
		return;
	keel_check_need(w, AR_TYPE(ar(w, LDTR)) == 2, KEEL_CHECK_GUEST_LDTR_TYPE);
	common(w, LDTR, &ldtr);
}

/**
 * keel_check_guest_segs() - the checks of SDM 26.3.1.2
 * @w: the walk
 */
void keel_check_guest_segs(struct keel_check_walk *w)
{
	bool v86 = KEEL_FIELD(w, GUEST_RFLAGS) & RFLAGS_VM;

	selectors(w, v86);
	bases(w);
	if (v86)
		virtual_8086(w);
	else
		code_and_data(w);
	system_segments(w);
}
