// SPDX-License-Identifier: GPL-2.0
/*
 * A guest of KVM, by /dev/kvm itself: long mode from its first instruction, KVM's own
 * CPUID table, 4 KiB pages or large ones.  What goes wrong ends the program.
 *
 * World: user, in the machine that is measured.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kvmvm.h"

#define CR0_LONG	0x80000033ULL	/* PG, NE, ET, MP, PE */
#define CR4_PAE		0x20ULL
#define EFER_LONG	0x500ULL	/* LMA, LME */

#define LARGE_PAGE	0x200000UL

#define CPUID_ENTRIES	128
#define CPUID_OWN	0x81000000U	/* leaf 1, ECX: TSC deadline, hypervisor */

static int kvm = -1;
static struct kvm_cpuid2 *cpuid;

/**
 * kvmvm_call() - an ioctl that has to succeed
 * @fd: to whom
 * @request: what
 * @arg: and its argument
 * @name: what to say when it fails
 *
 * Return: what it returns.
 */
int kvmvm_call(int fd, unsigned long request, void *arg, const char *name)
{
	int ret = ioctl(fd, request, arg);

	if (ret < 0)
		err(1, "%s", name);
	return ret;
}

/* What is for user space to say: that there is a hypervisor, and a TSC deadline */
static void complete_cpuid(void)
{
	unsigned int i;

	for (i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == 1)
			cpuid->entries[i].ecx |= CPUID_OWN;
}

/**
 * kvmvm_open() - before the first guest
 */
void kvmvm_open(void)
{
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		err(1, "/dev/kvm");
	cpuid = calloc(1, sizeof(*cpuid) + CPUID_ENTRIES * sizeof(cpuid->entries[0]));
	if (!cpuid)
		err(1, "calloc");
	cpuid->nent = CPUID_ENTRIES;
	KVMVM_CALL(kvm, KVM_GET_SUPPORTED_CPUID, cpuid);
	complete_cpuid();
}

/**
 * kvmvm_new() - make a guest, without memory and vCPU
 * @k: filled
 */
void kvmvm_new(struct kvmvm *k)
{
	*k = (struct kvmvm) { .vcpu = -1, .stats = -1 };
	k->vm = KVMVM_CALL(kvm, KVM_CREATE_VM, 0);
	KVMVM_CALL(k->vm, KVM_SET_TSS_ADDR, 0xfffbd000UL);
}

/**
 * kvmvm_irqchip() - give it interrupt controllers in the kernel, before its vCPU
 * @k: the guest
 */
void kvmvm_irqchip(struct kvmvm *k)
{
	KVMVM_CALL(k->vm, KVM_CREATE_IRQCHIP, 0);
}

static void *map(unsigned long size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		err(1, "memory");
	return memory;
}

static void use(struct kvmvm *k, void *memory, unsigned long size)
{
	struct kvm_userspace_memory_region region = {
		.memory_size = size, .userspace_addr = (unsigned long)memory,
	};

	k->memory = memory;
	k->size = size;
	KVMVM_CALL(k->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

/**
 * kvmvm_memory() - give it memory
 * @k: the guest
 * @size: in bytes
 */
void kvmvm_memory(struct kvmvm *k, unsigned long size)
{
	void *memory = map(size);

	if (madvise(memory, size, MADV_NOHUGEPAGE) && errno != EINVAL)
		err(1, "memory");
	use(k, memory, size);
}

/**
 * kvmvm_memory_large() - the same, as large pages if the machine's Linux has its way
 * @k: the guest
 * @size: in bytes
 */
void kvmvm_memory_large(struct kvmvm *k, unsigned long size)
{
	unsigned long at = (unsigned long)map(size + LARGE_PAGE);

	use(k, (void *)((at + LARGE_PAGE - 1) & -LARGE_PAGE), size);
}

/**
 * kvmvm_vcpu() - give it a vCPU
 * @k: the guest
 */
void kvmvm_vcpu(struct kvmvm *k)
{
	kvmvm_vcpu_nr(k, 0);
}

/**
 * kvmvm_vcpu_nr() - the same with one of several
 * @k: the guest, or a copy of it
 * @nr: which
 */
void kvmvm_vcpu_nr(struct kvmvm *k, unsigned int nr)
{
	k->vcpu = KVMVM_CALL(k->vm, KVM_CREATE_VCPU, (unsigned long)nr);
	k->run_size = KVMVM_CALL(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	k->run = mmap(NULL, k->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, k->vcpu, 0);
	if (k->run == MAP_FAILED)
		err(1, "mmap");
}

/**
 * kvmvm_cpuid() - what its vCPU sees of the CPU
 * @k: the guest
 * @nr: which vCPU it is
 */
void kvmvm_cpuid(struct kvmvm *k, unsigned int nr)
{
	struct kvm_cpuid_entry2 *entry;
	unsigned int i;

	for (i = 0; i < cpuid->nent; i++) {
		entry = &cpuid->entries[i];
		if (entry->function == 1)
			entry->ebx = (entry->ebx & 0xffffff) | nr << 24;
		else if (entry->function == 0xb)
			entry->edx = nr;
	}
	KVMVM_CALL(k->vcpu, KVM_SET_CPUID2, cpuid);
}

/**
 * kvmvm_flat() - flat segments
 * @sregs: gets them
 * @long_mode: code of 64 bits, else of 32
 */
void kvmvm_flat(struct kvm_sregs *sregs, bool long_mode)
{
	struct kvm_segment data = { .limit = ~0U, .selector = 0x18, .type = 3, .present = 1,
				    .db = 1, .s = 1, .g = 1 };
	struct kvm_segment code = { .limit = ~0U, .selector = 0x10, .type = 11, .present = 1,
				    .db = !long_mode, .l = long_mode, .s = 1, .g = 1 };

	sregs->cs = code;
	sregs->ds = data;
	sregs->es = data;
	sregs->fs = data;
	sregs->gs = data;
	sregs->ss = data;
}

/**
 * kvmvm_registers() - what its vCPU begins with
 * @k: the guest
 * @cr3: its page tables
 * @gdt_base: its GDT
 * @gdt_limit: the limit of that
 * @regs: general registers
 */
void kvmvm_registers(struct kvmvm *k, uint64_t cr3, uint64_t gdt_base, uint32_t gdt_limit,
		     const struct kvm_regs *regs)
{
	struct kvm_sregs sregs;

	KVMVM_CALL(k->vcpu, KVM_SET_CPUID2, cpuid);
	KVMVM_CALL(k->vcpu, KVM_GET_SREGS, &sregs);
	kvmvm_flat(&sregs, true);
	sregs.gdt.base = gdt_base;
	sregs.gdt.limit = gdt_limit;
	sregs.cr0 = CR0_LONG;
	sregs.cr3 = cr3;
	sregs.cr4 = CR4_PAE;
	sregs.efer = EFER_LONG;
	KVMVM_CALL(k->vcpu, KVM_SET_SREGS, &sregs);
	KVMVM_CALL(k->vcpu, KVM_SET_REGS, regs);
}

/**
 * kvmvm_exits() - how often its vCPU has left the guest
 * @k: the guest
 *
 * Return: exits of any kind, by KVM's own statistics.
 */
unsigned long kvmvm_exits(struct kvmvm *k)
{
	static struct kvm_stats_header head;
	static off_t at;
	char buffer[512] __attribute__((aligned(8)));
	struct kvm_stats_desc *desc = (void *)buffer;
	size_t size;
	uint64_t val;
	unsigned int i;

	if (k->stats < 0)
		k->stats = KVMVM_CALL(k->vcpu, KVM_GET_STATS_FD, 0);
	if (!at && pread(k->stats, &head, sizeof(head), 0) != sizeof(head))
		err(1, "statistics");
	size = sizeof(*desc) + head.name_size;
	for (i = 0; !at && i < head.num_desc; i++) {
		if (pread(k->stats, desc, size, head.desc_offset + i * size) != (ssize_t)size)
			err(1, "statistics");
		if (!strcmp(desc->name, "exits"))
			at = head.data_offset + desc->offset;
	}
	if (!at || pread(k->stats, &val, sizeof(val), at) != sizeof(val))
		errx(1, "KVM does not count exits");
	return val;
}

/**
 * kvmvm_hear() - a byte that its vCPU has said
 * @k: the guest
 * @said: what it says; what lies before a line is measured
 * @byte: the byte
 *
 * Return: true when that ends a line.
 */
bool kvmvm_hear(struct kvmvm *k, struct kvmvm_said *said, char byte)
{
	/* but for the exit by which it begins to speak */
	if (!said->len)
		said->exits = kvmvm_exits(k) - said->since - 1;
	if (said->len < sizeof(said->line) - 1)
		said->line[said->len++] = byte;
	if (byte != '\n')
		return false;
	said->line[said->len] = 0;
	said->len = 0;
	return true;
}

/**
 * kvmvm_run() - run its vCPU until user space is needed
 * @k: the guest
 */
void kvmvm_run(struct kvmvm *k)
{
	while (ioctl(k->vcpu, KVM_RUN, 0) < 0)
		/* One that waited to be started has been. */
		if (errno != EAGAIN)
			err(1, "KVM_RUN");
}

/**
 * kvmvm_destroy() - take it away
 * @k: the guest
 */
void kvmvm_destroy(struct kvmvm *k)
{
	munmap(k->run, k->run_size);
	if (k->stats >= 0)
		close(k->stats);
	close(k->vcpu);
	close(k->vm);
	munmap(k->memory, k->size);
}
