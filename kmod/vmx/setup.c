// SPDX-License-Identifier: GPL-2.0
/*
 * Root's descriptor tables of one CPU: GDT, IDT and TSS.
 *
 * World: host, before launch, and KUnit.  Touches no hardware; the caller owns
 * the CPU's page until it is launched.  No locks.
 */
#include <linux/stddef.h>
#include <linux/types.h>

#include "layout.h"
#include "root.h"

static u64 page_end(const struct keel_root_setup *setup, unsigned int page)
{
	return setup->slot + (page + 1) * KEEL_PAGE_SIZE;
}

static unsigned int ist_of(unsigned int vector)
{
	switch (vector) {
	case 2:
		return KEEL_IST_NMI;
	case 8:
		return KEEL_IST_DF;
	case 18:
		return KEEL_IST_MC;
	default:
		return KEEL_IST_EXC;
	}
}

/**
 * keel_root_cpu_init() - fill in root's descriptor tables
 * @cpu: the CPU's state, zeroed
 * @setup: what they depend on
 *
 * Root runs on the selectors that Linux runs its kernel on, with flat
 * descriptors behind them, so that no far jump is needed between the two.
 */
void keel_root_cpu_init(struct keel_root_cpu *cpu, const struct keel_root_setup *setup)
{
	u16 cs = setup->host->cs.sel;
	struct keel_seg tss = {
		.base = setup->slot + KEEL_SLOT_CPU * KEEL_PAGE_SIZE +
			offsetof(struct keel_root_cpu, tss),
		.limit = sizeof(struct keel_tss) - 1,
		.ar = KEEL_AR_P | KEEL_DESC_TSS_BUSY,
	};
	unsigned int i;

	cpu->launch = *setup->host;
	cpu->gdt[cs >> 3] = keel_seg_encode(&setup->host->cs);
	cpu->gdt[KEEL_SEL_TSS >> 3] = keel_seg_encode(&tss);
	cpu->gdt[(KEEL_SEL_TSS >> 3) + 1] = tss.base >> 32;

	cpu->tss.ist[KEEL_IST_NMI - 1] = page_end(setup, KEEL_SLOT_NMI);
	cpu->tss.ist[KEEL_IST_DF - 1] = page_end(setup, KEEL_SLOT_DF);
	cpu->tss.ist[KEEL_IST_MC - 1] = page_end(setup, KEEL_SLOT_MC);
	cpu->tss.ist[KEEL_IST_EXC - 1] = page_end(setup, KEEL_SLOT_EXC);
	cpu->tss.iomap = sizeof(struct keel_tss);

	for (i = 0; i < KEEL_TRAP_NR; i++)
		keel_gate_write(&cpu->idt[2 * i],
				setup->header->traps + (u64)i * KEEL_TRAP_STRIDE,
				cs, ist_of(i));
}
