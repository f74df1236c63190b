// SPDX-License-Identifier: GPL-2.0
/*
 * Cases of keel-check: VMCSs whose guest segment registers are wrong (SDM
 * 26.3.1.2), and RFLAGS.VM with them.
 *
 * World: KUnit.  No locks.
 */
#include <linux/kernel.h>
#include <linux/stddef.h>

#include "check_test.h"

#define RESTRICTED	OFF(PROC2_CTLS, KEEL_PROC2_UNRESTRICTED)
#define COMPATIBILITY	F(GUEST_CS_AR, 0xc09b), F(GUEST_RIP, 0x100000)

/* what all segment registers have in common; the limit is a G = 0 one here */
#define COMMON_ROWS(seg, s_edit)						\
	ROW(GUEST_##seg##_S, s_edit(GUEST_##seg##_AR, 1 << 4)),			\
	ROW(GUEST_##seg##_P, OFF(GUEST_##seg##_AR, 1 << 7)),			\
	ROW(GUEST_##seg##_AR_LOW, ON(GUEST_##seg##_AR, 1 << 8)),		\
	ROW(GUEST_##seg##_AR_LOW, ON(GUEST_##seg##_AR, 1 << 11)),		\
	ROW(GUEST_##seg##_G, ON(GUEST_##seg##_AR, 1 << 15),			\
	    F(GUEST_##seg##_LIMIT, 0xfffffffe)),				\
	ROW(GUEST_##seg##_G, ON(GUEST_##seg##_AR, 1 << 15),			\
	    F(GUEST_##seg##_LIMIT, 0xfffff7ff)),				\
	ROW(GUEST_##seg##_G, OFF(GUEST_##seg##_AR, 1 << 15),			\
	    F(GUEST_##seg##_LIMIT, 0x00100fff)),				\
	ROW(GUEST_##seg##_AR_HIGH, ON(GUEST_##seg##_AR, 1 << 17)),		\
	ROW(GUEST_##seg##_AR_HIGH, ON(GUEST_##seg##_AR, 1U << 31))

#define DATA_ROWS(seg)								\
	COMMON_ROWS(seg, OFF),							\
	ROW(GUEST_##seg##_ACCESSED, OFF(GUEST_##seg##_AR, 1)),			\
	ROW(GUEST_##seg##_READABLE, SWAP(GUEST_##seg##_AR, 0xf, 9)),		\
	ROW(GUEST_##seg##_DPL, SWAP(GUEST_##seg##_AR, 3 << 5, 2 << 5), RESTRICTED), \
	ROW(GUEST_##seg##_DPL, SWAP(GUEST_##seg##_AR, 3 << 5 | 0xf, 11), RESTRICTED)

#define V86_ROWS(seg)								\
	V86_ROW(GUEST_##seg##_V86_BASE, ON(GUEST_##seg##_BASE, 1)),		\
	V86_ROW(GUEST_##seg##_V86_BASE, ON(GUEST_##seg##_SELECTOR, 8)),		\
	V86_ROW(GUEST_##seg##_V86_LIMIT, F(GUEST_##seg##_LIMIT, 0xfffff)),	\
	V86_ROW(GUEST_##seg##_V86_AR, OFF(GUEST_##seg##_AR, 3 << 5))

const struct check_row check_seg_rows[] = {
	ROW(GUEST_TR_TI, ON(GUEST_TR_SELECTOR, 4)),
	ROW(GUEST_LDTR_TI, ON(GUEST_LDTR_SELECTOR, 4)),
	ROW(GUEST_SS_RPL, RESTRICTED, ON(GUEST_CS_SELECTOR, 3)),
	ROW(GUEST_TR_BASE, F(GUEST_TR_BASE, ODD)),
	ROW(GUEST_FS_BASE, F(GUEST_FS_BASE, ODD)),
	ROW(GUEST_FS_BASE, F(GUEST_FS_BASE, ODD), F(GUEST_FS_AR, 0x10000)),
	ROW(GUEST_GS_BASE, F(GUEST_GS_BASE, ODD)),
	ROW(GUEST_LDTR_BASE, F(GUEST_LDTR_BASE, ODD)),
	ROW(GUEST_CS_BASE, F(GUEST_CS_BASE, 1ULL << 32)),
	ROW(GUEST_SS_BASE, F(GUEST_SS_BASE, 1ULL << 32)),
	ROW(GUEST_DS_BASE, F(GUEST_DS_BASE, 1ULL << 32)),
	ROW(GUEST_ES_BASE, F(GUEST_ES_BASE, 1ULL << 32)),

	V86_ROWS(ES),
	V86_ROWS(CS),
	V86_ROWS(SS),
	V86_ROWS(DS),
	V86_ROWS(FS),
	V86_ROWS(GS),
	V86_ROW(GUEST_VM, ON(ENTRY_CTLS, KEEL_ENTRY_IA32E), F(GUEST_EFER, 0x500)),
	V86_ROW(GUEST_VM, F(GUEST_CR0, 0x20)),

	ROW(GUEST_CS_TYPE, RESTRICTED, SWAP(GUEST_CS_AR, 0xf, 3)),
	ROW(GUEST_CS_TYPE, SWAP(GUEST_CS_AR, 0xf, 10)),
	ROW(GUEST_CS_TYPE, SWAP(GUEST_CS_AR, 0xf, 7)),
	ROW(GUEST_SS_TYPE, SWAP(GUEST_SS_AR, 0xf, 1)),
	ROW(GUEST_SS_TYPE, SWAP(GUEST_SS_AR, 0xf, 11)),
	ROW(GUEST_CS_DPL_DATA, SWAP(GUEST_CS_AR, 0xf, 3), ON(GUEST_CS_AR, 1 << 5)),
	ROW(GUEST_CS_DPL_PLAIN, ON(GUEST_CS_AR, 3 << 5)),
	ROW(GUEST_CS_DPL_PLAIN, ON(GUEST_SS_AR, 3 << 5)),
	ROW(GUEST_CS_DPL_PLAIN, SWAP(GUEST_CS_AR, 0xf, 9), ON(GUEST_SS_AR, 3 << 5)),
	ROW(GUEST_CS_DPL_CONFORMING, SWAP(GUEST_CS_AR, 0xf, 15), ON(GUEST_CS_AR, 1 << 5)),
	ROW(GUEST_CS_DPL_CONFORMING, SWAP(GUEST_CS_AR, 0xf, 13), ON(GUEST_CS_AR, 1 << 5)),
	ROW(GUEST_SS_DPL_RPL, RESTRICTED, ON(GUEST_SS_AR, 3 << 5), ON(GUEST_CS_AR, 3 << 5)),
	ROW(GUEST_SS_DPL_0, SWAP(GUEST_CS_AR, 0xf, 3), ON(GUEST_SS_AR, 1 << 5)),
	ROW_ALSO(GUEST_SS_DPL_0, ALSO(A(GUEST_64_PG)), F(GUEST_CR0, 0x20),
		 ON(GUEST_SS_AR, 3 << 5), ON(GUEST_CS_AR, 3 << 5)),
	ROW(GUEST_CS_DB, ON(GUEST_CS_AR, 1 << 14)),
	COMMON_ROWS(CS, OFF),
	COMMON_ROWS(SS, OFF),
	DATA_ROWS(ES),
	DATA_ROWS(DS),
	DATA_ROWS(FS),
	DATA_ROWS(GS),
	ROW(GUEST_ES_DPL, COMPATIBILITY, RESTRICTED, OFF(GUEST_ES_AR, 3 << 5)),

	ROW(GUEST_TR_TYPE, SWAP(GUEST_TR_AR, 0xf, 9)),
	ROW(GUEST_TR_TYPE, SWAP(GUEST_TR_AR, 0xf, 3)),
	COMMON_ROWS(TR, ON),
	ROW(GUEST_TR_UNUSABLE, ON(GUEST_TR_AR, 1 << 16)),
	ROW(GUEST_LDTR_TYPE, SWAP(GUEST_LDTR_AR, 0xf, 3)),
	COMMON_ROWS(LDTR, ON),
};

const unsigned int check_seg_nr = ARRAY_SIZE(check_seg_rows);
