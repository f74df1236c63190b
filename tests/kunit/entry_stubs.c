// SPDX-License-Identifier: GPL-2.0
/*
 * Stand-ins for entry.S, so that the exit table and the handlers that it names
 * can be linked.  No suite calls a handler: they need a current VMCS.
 *
 * World: KUnit.  No locks.
 */
#include <linux/types.h>

#include "../../kmod/vmx/exit.h"
#include "../../kmod/vmx/vcpu.h"

void keel_resume_at(struct keel_root_cpu *cpu)
{
	__builtin_trap();
}

void keel_launch_at(struct keel_root_cpu *cpu)
{
	__builtin_trap();
}

const u8 keel_guest_entry[1];

void keel_gate_jump(struct keel_gate *gate, u64 code)
{
	__builtin_trap();
}

void keel_depart_on(struct keel_root_cpu *cpu, const struct keel_host_state *state, u64 stack)
{
	__builtin_trap();
}

void keel_shut_down(void)
{
	__builtin_trap();
}

bool keel_xsetbv(u32 xcr, u64 val)
{
	return false;
}

bool keel_rdmsr_safe(u32 msr, u64 *val)
{
	return false;
}

bool keel_wrmsr_safe(u32 msr, u64 val)
{
	return false;
}
