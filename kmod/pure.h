/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one door from host files to the sources that they share with root: the
 * logic that is needed before there is a root, and names for the log.
 *
 * World: host.
 */
#ifndef KEEL_PURE_H
#define KEEL_PURE_H

#include "mmu/frame.h"
#include "mmu/guest.h"
#include "mmu/hash.h"
#include "mmu/hostmap.h"
#include "mmu/memtype.h"
#include "mmu/pool.h"
#include "mmu/table.h"
#include "vmx/caps.h"
#include "vmx/check.h"
#include "vmx/ctl.h"
#include "vmx/exit.h"
#include "vmx/guest_setup.h"
#include "vmx/hostvmcs.h"
#include "vmx/insn.h"
#include "vmx/layout.h"
#include "vmx/reasons.h"
#include "vmx/root.h"
#include "vmx/state.h"
#include "vmx/vmcs.h"

#endif /* KEEL_PURE_H */
