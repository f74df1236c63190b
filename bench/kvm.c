// SPDX-License-Identifier: GPL-2.0
/*
 * kvm : what CPUID and VMCALL cost in a KVM guest, in the guest's TSC ticks.
 *
 * A guest of eight pages, in long mode from its first instruction, runs the loops of
 * rounds.S and leaves their results in a page.  It has KVM's own CPUID table and no
 * interrupt controller in the kernel, which is KVM at its fastest.  The lines are
 * those of rounds.h: 'kvm-cpuid LEAF ...' and 'kvm-vmcall NUMBER ...'.
 *
 * World: user, in the machine that is measured.
 */
#include <err.h>
#include <string.h>

#include "kvmvm.h"
#include "rounds.h"

/* The guest's memory, by physical address, which is its linear one too */
#define PML4		0x1000
#define PDPT		0x2000
#define PD		0x3000
#define CODE		0x4000
#define RESULT		0x5000
#define STACK_TOP	0x7000
#define MEMORY		0x8000

/* out %al, $DONE_PORT: the guest's last instruction, behind its loops */
#define DONE_PORT	0xf4
static const unsigned char done[] = { 0xe6, DONE_PORT };

#define NO_SUCH_CALL	0xffff

#define PTE_TABLE	0x3ULL		/* present, writable */
#define PTE_HUGE	0x83ULL		/* the same, 2 MiB */
#define RFLAGS_FIXED	0x2ULL

static struct kvmvm guest;

static void create(void)
{
	kvmvm_open();
	kvmvm_new(&guest);
	kvmvm_memory(&guest, MEMORY);
	kvmvm_vcpu(&guest);
	*(unsigned long *)(guest.memory + PML4) = PDPT | PTE_TABLE;
	*(unsigned long *)(guest.memory + PDPT) = PD | PTE_TABLE;
	*(unsigned long *)(guest.memory + PD) = PTE_HUGE;
	memcpy(guest.memory + CODE, rounds_start, rounds_stop - rounds_start);
	memcpy(guest.memory + CODE + (rounds_stop - rounds_start), done, sizeof(done));
}

/* Run a loop in the guest; its results, valid until the next run. */
static unsigned int *rounds(rounds_fn *fn, unsigned int eax)
{
	struct kvm_regs regs = {
		.rip = CODE + ((const char *)fn - rounds_start),
		.rsp = STACK_TOP - sizeof(unsigned long),
		.rflags = RFLAGS_FIXED,
		.rdi = RESULT,
		.rsi = ROUNDS_NR,
		.rdx = eax,
	};

	*(unsigned long *)(guest.memory + regs.rsp) = CODE + (rounds_stop - rounds_start);
	kvmvm_registers(&guest, PML4, 0, 0, &regs);
	kvmvm_run(&guest);
	if (guest.run->exit_reason != KVM_EXIT_IO || guest.run->io.port != DONE_PORT)
		errx(1, "the guest ended with exit reason %u", guest.run->exit_reason);
	return (unsigned int *)(guest.memory + RESULT);
}

int main(void)
{
	unsigned int empty, i;

	create();
	empty = rounds_median(rounds(rounds_empty, 0));
	for (i = 0; i < ROUNDS_LEAVES; i++)
		rounds_report("kvm-cpuid", rounds_leaves[i],
			      rounds(rounds_cpuid, rounds_leaves[i]), empty);
	rounds_report("kvm-vmcall", NO_SUCH_CALL, rounds(rounds_vmcall, NO_SUCH_CALL), empty);
	return 0;
}
