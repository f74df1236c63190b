/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading what a CPU has and how it stands.
 *
 * World: host, before launch.
 */
#ifndef KEEL_VMX_CAPS_H
#define KEEL_VMX_CAPS_H

#include <linux/types.h>

#include "../mmu/memtype.h"
#include "ctl.h"
#include "state.h"

bool keel_has_vmx(void);
void keel_caps_read(struct keel_vmx_caps *caps);
void keel_mtrrs_read(struct keel_mtrrs *m, u32 phys_bits);
void keel_host_state_read(struct keel_host_state *host);

#endif /* KEEL_VMX_CAPS_H */
