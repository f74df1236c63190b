// SPDX-License-Identifier: GPL-2.0
/*
 * kvm : what CPUID and VMCALL cost in a KVM guest, in the guest's TSC ticks.
 *
 * It drives /dev/kvm itself: a guest of eight pages, in long mode from its first
 * instruction, runs the loops of rounds.S and leaves their results in a page.
 * It has KVM's own CPUID table and no interrupt controller in the kernel, which
 * is KVM at its fastest.  The lines are those of rounds.h: 'kvm-cpuid LEAF ...'
 * and 'kvm-vmcall NUMBER ...'.
 */
#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/kvm.h>

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
#define CR0_LONG	0x80000033ULL	/* PG, NE, ET, MP, PE */
#define CR4_PAE		0x20ULL
#define EFER_LONG	0x500ULL	/* LMA, LME */
#define RFLAGS_FIXED	0x2ULL

#define CPUID_ENTRIES	128

static unsigned char *memory;
static struct kvm_run *run;
static int vcpu;

static int call(int fd, unsigned long request, void *arg, const char *name)
{
	int ret = ioctl(fd, request, arg);

	if (ret < 0)
		err(1, "%s", name);
	return ret;
}

#define CALL(fd, request, arg) call(fd, request, (void *)(arg), #request)

static void set_cpuid(int kvm)
{
	struct kvm_cpuid2 *cpuid;

	cpuid = calloc(1, sizeof(*cpuid) + CPUID_ENTRIES * sizeof(cpuid->entries[0]));
	if (!cpuid)
		err(1, "calloc");
	cpuid->nent = CPUID_ENTRIES;
	CALL(kvm, KVM_GET_SUPPORTED_CPUID, cpuid);
	CALL(vcpu, KVM_SET_CPUID2, cpuid);
	free(cpuid);
}

static void set_long_mode(void)
{
	struct kvm_segment data = { .limit = ~0U, .selector = 0x10, .type = 3, .present = 1,
				    .db = 1, .s = 1, .g = 1 };
	struct kvm_segment code = { .limit = ~0U, .selector = 0x8, .type = 11, .present = 1,
				    .l = 1, .s = 1, .g = 1 };
	struct kvm_sregs sregs;

	*(unsigned long *)(memory + PML4) = PDPT | PTE_TABLE;
	*(unsigned long *)(memory + PDPT) = PD | PTE_TABLE;
	*(unsigned long *)(memory + PD) = PTE_HUGE;

	CALL(vcpu, KVM_GET_SREGS, &sregs);
	sregs.cs = code;
	sregs.ds = data;
	sregs.es = data;
	sregs.fs = data;
	sregs.gs = data;
	sregs.ss = data;
	sregs.cr0 = CR0_LONG;
	sregs.cr3 = PML4;
	sregs.cr4 = CR4_PAE;
	sregs.efer = EFER_LONG;
	CALL(vcpu, KVM_SET_SREGS, &sregs);
}

static void create(void)
{
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY };
	int kvm, vm;

	kvm = open("/dev/kvm", O_RDWR);
	if (kvm < 0)
		err(1, "/dev/kvm");
	vm = CALL(kvm, KVM_CREATE_VM, 0);
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		err(1, "mmap");
	region.userspace_addr = (unsigned long)memory;
	CALL(vm, KVM_SET_TSS_ADDR, 0xfffbd000UL);
	CALL(vm, KVM_SET_USER_MEMORY_REGION, &region);
	vcpu = CALL(vm, KVM_CREATE_VCPU, 0);
	run = mmap(NULL, CALL(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE,
		   MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		err(1, "mmap");
	set_cpuid(kvm);
	set_long_mode();
	memcpy(memory + CODE, rounds_start, rounds_stop - rounds_start);
	memcpy(memory + CODE + (rounds_stop - rounds_start), done, sizeof(done));
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

	*(unsigned long *)(memory + regs.rsp) = CODE + (rounds_stop - rounds_start);
	CALL(vcpu, KVM_SET_REGS, &regs);
	CALL(vcpu, KVM_RUN, 0);
	if (run->exit_reason != KVM_EXIT_IO || run->io.port != DONE_PORT)
		errx(1, "the guest ended with exit reason %u", run->exit_reason);
	return (unsigned int *)(memory + RESULT);
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
