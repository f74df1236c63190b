/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Root's own state of one CPU.
 *
 * World: root; the host fills it once, before launch.  Only its CPU touches
 * it, from exits and from root's own trap handlers, which an NMI can run at any
 * instruction: @pending is the only word that both write.  Other CPUs set
 * KEEL_LATCH_FLUSH in it, and read @epoch and @active.
 */
#ifndef KEEL_VMX_ROOT_H
#define KEEL_VMX_ROOT_H

#include <linux/bits.h>
#include <linux/types.h>

#include "../abi.h"
#include "ctl.h"
#include "layout.h"
#include "state.h"

struct keel_vcpu;

/* The bit of CPUID's leaf 1, ECX, that tells of a hypervisor */
#define KEEL_CPUID_HYPERVISOR	BIT_ULL(31)

/* Root's own selectors, behind Linux's */
#define KEEL_SEL_TSS		(KEEL_GDT_HOST_NR * 8)
#define KEEL_GDT_NR		(KEEL_GDT_HOST_NR + 2)

/* Interrupt stacks of the TSS */
#define KEEL_IST_NMI		1
#define KEEL_IST_DF		2
#define KEEL_IST_MC		3
#define KEEL_IST_EXC		4

struct keel_tss {
	u32 pad0;
	u64 rsp[3];
	u64 pad1;
	u64 ist[7];
	u64 pad2;
	u16 pad3;
	u16 iomap;
} __attribute__((packed));

/* The same, beside KEEL_BARRIER_RSB (layout.h) */
#define KEEL_BARRIER_IBPB	BIT(1)	/* forget indirect branches between guests */
#define KEEL_BARRIER_VERW	BIT(2)	/* overwrite buffers before a guest */
#define KEEL_BARRIER_L1D	BIT(3)	/* flush the L1 data cache before a guest */

/* The answer of CPUID: EAX, EBX, ECX and EDX */
struct keel_cpuid {
	u32 a;
	u32 b;
	u32 c;
	u32 d;
};

/* Leaves that guests see: basic ones, and those from 0x80000000 on behind them */
#define KEEL_GUEST_BASIC	24
#define KEEL_GUEST_LEAVES	(KEEL_GUEST_BASIC + 9)

/**
 * struct keel_guest_setup - what guests run with; the same on all CPUs
 * @able: there can be guests
 * @ctl: their controls
 * @msr_bitmap: physical address
 * @msr_bitmap_apic: the same, for a vCPU whose APIC the CPU helps with
 * @eptp_bits: what an EPT pointer has beside the address
 * @xfeatures: bits of XCR0 that they may set; 0 on a CPU that Linux uses without
 *             XSAVE
 * @barriers: KEEL_BARRIER_...
 * @immune: what the CPU is immune to: their IA32_ARCH_CAPABILITIES
 * @misc_enable: their IA32_MISC_ENABLE
 * @vmcs_revision: what a VMCS begins with
 * @slice: VMX-preemption timer: as long as a guest runs at the most before Linux is
 *         asked
 * @timer_shift: that timer counts once in 2 to the power of this many ticks of the TSC
 * @assist: the CPU delivers virtual interrupts (KEEL_ASSIST_PROC2)
 * @fpu_size: bytes of an XSAVE area with @xfeatures
 * @cr4: bits of CR4 that they can set
 * @steal: Linux can say how long a thread has waited for a CPU
 * @tsc_khz: frequency of the TSC
 * @clock_mul: KVM's clock: ns in a tick, in 2^-32
 * @clock_shift: and the power of two of ticks that goes ahead
 * @clock_stable: it is the same on all CPUs, and never stops
 * @kvm_features: leaf 0x40000001, EAX
 * @cpuid: their leaves of CPUID
 */
struct keel_guest_setup {
	bool able;
	u64 ctl[KEEL_CTL_NR];
	u64 msr_bitmap;
	u64 msr_bitmap_apic;
	u64 eptp_bits;
	u64 xfeatures;
	u32 barriers;
	u64 immune;
	u64 misc_enable;
	u32 vmcs_revision;
	u32 slice;
	u32 timer_shift;
	bool assist;
	u32 fpu_size;
	u64 cr4;
	bool steal;
	u32 tsc_khz;
	u32 clock_mul;
	s8 clock_shift;
	bool clock_stable;
	u32 kvm_features;
	struct keel_cpuid cpuid[KEEL_GUEST_LEAVES];
};

/* MSRs that a guest has for itself and that no VMCS switches */
#define KEEL_SWAP_MSRS		6

/**
 * struct keel_root_cpu - root's state of one CPU
 * @regs: registers at the last exit, of the demoted host or of the guest that runs.
 *        First: HOST_RSP points right behind it, and the stack goes on below
 * @pending: what has to be done before the next entry: KEEL_LATCH_NMI and
 *           KEEL_LATCH_MC, which Linux has still to get, KEEL_LATCH_FLUSH
 * @barriers: as in struct keel_guest_setup
 * @deferred: of these, what could not go with the last entry
 * @cpu: Linux's number of the CPU
 * @shared: the pages shared with the host, at the host's address
 * @gate_code: entry of gate.S, at the host's address
 * @gate_trap: its NMI stub; KEEL_GATE_TRAP_STRIDE further on, that for
 *             machine checks
 * @vmcs_pa: physical address of the VMCS
 * @user_cr3: CR3 bits that mark page tables which lack Linux's own pages (page
 *            table isolation), 0 when there are none
 * @visible: KEEL_CPUID_HYPERVISOR to be seen in CPUID, 0 not to be
 * @epoch: the epoch of struct keel_root that it has passed
 * @active: it may hold translations of the host's EPT
 * @launched: Linux has answered from beneath: it runs as a guest
 * @leaving: a trap from now on is fatal
 * @vcpu: the guest's vCPU that runs: its VMCS is current, its registers are in
 *        @regs, and the host's in @host_regs; NULL while the host runs
 * @resident: the vCPU whose VMCS is active on this CPU, NULL for none
 * @last_guest: the guest that ran last, 0 for none, else its id and one
 * @host_regs: see @vcpu
 * @host_msr: the host's MSRs while a guest runs
 * @host_xcr0: and its XCR0
 * @host_dr: and its DR0 to DR3
 * @host_dr6: and its DR6
 * @launch: Linux's state at launch
 * @gdt: root's GDT: Linux's code and stack selectors, and root's TSS
 * @idt: root's IDT, exceptions only: interrupts stay off in root
 * @tss: root's TSS
 */
struct keel_root_cpu {
	struct keel_regs regs;
	u32 pending;
	u32 barriers;
	u32 deferred;
	u32 cpu;
	struct keel_shared *shared;
	u64 gate_code;
	u64 gate_trap;
	u64 vmcs_pa;
	u64 user_cr3;
	u64 visible;
	u64 epoch;
	bool active;
	bool launched;
	bool leaving;
	struct keel_vcpu *vcpu;
	struct keel_vcpu *resident;
	u32 last_guest;
	struct keel_regs host_regs;
	u64 host_msr[KEEL_SWAP_MSRS];
	u64 host_xcr0;
	u64 host_dr[4];
	u64 host_dr6;
	struct keel_host_state launch;
	u64 gdt[KEEL_GDT_NR];
	u64 idt[2 * KEEL_TRAP_NR];
	struct keel_tss tss;
};

/**
 * struct keel_root_setup - what the host knows when it prepares a CPU's root
 * @header: head of the image
 * @slot: root's address of the CPU's slot
 * @host: Linux's state on that CPU
 */
struct keel_root_setup {
	const struct keel_root_header *header;
	u64 slot;
	const struct keel_host_state *host;
};

void keel_root_cpu_init(struct keel_root_cpu *cpu, const struct keel_root_setup *setup);

#endif /* KEEL_VMX_ROOT_H */
