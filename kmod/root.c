// SPDX-License-Identifier: GPL-2.0
/*
 * Loads the root world: copies its image to pages of its own and builds the
 * page tables that it runs on.
 *
 * World: host, during load; nothing runs on these tables yet, no locks.
 */
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <asm/cpufeature.h>
#include <asm/processor-flags.h>

#include "keel.h"

/* blob.S */
extern const u8 keel_blob[], keel_blob_end[];

/* x86 page-table entries (SDM 4.5.4); accessed and dirty are set beforehand. */
#define PTE_TABLE	(0x1ULL | 0x2 | 0x20)
#define PTE_READ	(0x1ULL | 0x20)
#define PTE_WRITE	(PTE_READ | 0x2 | 0x40)
#define PTE_NX		BIT_ULL(63)

static int map_page(struct keel *keel, u64 addr, void *page, u64 bits)
{
	return keel_table_map(&keel->table, addr, virt_to_phys(page), KEEL_LEVEL_4K, bits);
}

static int load_image(struct keel *keel)
{
	const struct keel_root_header *header = (const void *)keel_blob;
	size_t size = keel_blob_end - keel_blob, at;
	int err;

	if (header->magic != KEEL_ROOT_MAGIC || header->abi != KEEL_ABI_VERSION)
		return -ENOEXEC;
	for (at = 0; at < size; at += PAGE_SIZE) {
		u64 addr = KEEL_ROOT_BASE + at;
		void *page = keel_arena_page(&keel->arena);

		if (!page)
			return -ENOMEM;
		memcpy(page, keel_blob + at, min_t(size_t, PAGE_SIZE, size - at));
		if (!at)
			keel->header = page;
		err = map_page(keel, addr, page,
			       addr < header->text_end ? PTE_READ : PTE_READ | PTE_NX);
		if (err)
			return err;
	}
	return 0;
}

static int find_end(struct resource *res, void *end)
{
	*(u64 *)end = max_t(u64, *(u64 *)end, res->end + 1);
	return 0;
}

/* All memory, in the largest pages that the CPU has. */
static int map_memory(struct keel *keel)
{
	unsigned int level = boot_cpu_has(X86_FEATURE_GBPAGES) ? KEEL_LEVEL_1G : KEEL_LEVEL_2M;
	u64 end = 0, pa;
	int err;

	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, -1,
			    &end, find_end);
	for (pa = 0; pa < end; pa += keel_level_size(level)) {
		err = keel_table_map(&keel->table, KEEL_ROOT_PHYS + pa, pa, level,
				     PTE_WRITE | PTE_NX);
		if (err)
			return err;
	}
	return 0;
}

static int map_state(struct keel *keel)
{
	int err;

	BUILD_BUG_ON(sizeof(struct keel_root) > PAGE_SIZE);
	keel->root = keel_arena_page(&keel->arena);
	if (!keel->root)
		return -ENOMEM;
	err = map_page(keel, KEEL_ROOT_STATE, keel->root, PTE_WRITE | PTE_NX);
	return err ?: map_memory(keel);
}

/**
 * keel_root_load() - bring the root world into memory
 * @keel: Keel, with an arena
 *
 * Return: 0, -ENOMEM, or -ENOEXEC when the image is not of this build.
 */
int keel_root_load(struct keel *keel)
{
	u64 gate = (u64)keel_gate & PAGE_MASK;
	u8 *bitmap;
	int err;

	keel->table = (struct keel_table) {
		.pages = &keel->arena_pages,
		/* It cannot change between Linux and root. */
		.levels = keel_read_cr4() & X86_CR4_LA57 ? 5 : 4,
		.inner = PTE_TABLE,
		.present = 1,
	};
	err = load_image(keel);
	if (err)
		return err;
	/* It is aligned so that all of it lies on one page. */
	err = keel_table_map(&keel->table, gate, (u64)vmalloc_to_pfn(keel_gate) << PAGE_SHIFT,
			     KEEL_LEVEL_4K, PTE_READ);
	if (err)
		return err;

	err = map_state(keel);
	if (err)
		return err;
	bitmap = keel_arena_page(&keel->arena);
	if (!bitmap)
		return -ENOMEM;
	keel_host_msr_bitmap(bitmap);
	keel->msr_bitmap_pa = virt_to_phys(bitmap);
	return 0;
}

static void *add_page(struct keel *keel, struct keel_cpu *c, unsigned int index)
{
	void *page = keel_arena_page(&keel->arena);

	if (!page || map_page(keel, c->slot + index * PAGE_SIZE, page, PTE_WRITE | PTE_NX))
		return NULL;
	return page;
}

static int add_slot(struct keel *keel, struct keel_cpu *c)
{
	static const u8 stacks[] = {
		KEEL_SLOT_NMI, KEEL_SLOT_DF, KEEL_SLOT_MC, KEEL_SLOT_EXC,
		KEEL_SLOT_STACK, KEEL_SLOT_STACK + 1,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stacks); i++)
		if (!add_page(keel, c, stacks[i]))
			return -ENOMEM;
	c->root = add_page(keel, c, KEEL_SLOT_CPU);
	return c->root ? 0 : -ENOMEM;
}

static int add_shared(struct keel *keel, struct keel_cpu *c)
{
	u8 *page, *end;
	int err;

	/* Not from the arena: the host has to reach it. */
	c->shared = keel_step_fails() ? NULL :
		    alloc_pages_exact(sizeof(*c->shared), GFP_KERNEL | __GFP_ZERO);
	if (!c->shared)
		return -ENOMEM;
	end = (u8 *)c->shared + sizeof(*c->shared);
	for (page = (u8 *)c->shared; page < end; page += PAGE_SIZE) {
		err = map_page(keel, (u64)page, page, PTE_WRITE | PTE_NX);
		if (err)
			return err;
	}
	return 0;
}

static int add_region(struct keel *keel, phys_addr_t *pa)
{
	u32 *region = keel_arena_page(&keel->arena);

	if (!region)
		return -ENOMEM;
	*region = keel->caps.basic & KEEL_BASIC_REVISION;
	*pa = virt_to_phys(region);
	return 0;
}

/**
 * keel_root_add_cpu() - everything that a CPU needs to be demoted
 * @keel: Keel, with its root loaded
 * @cpu: the CPU's number
 *
 * Return: 0, -ENOMEM, or -E2BIG when there are too many CPUs.
 */
int keel_root_add_cpu(struct keel *keel, unsigned int cpu)
{
	struct keel_cpu *c = &keel->cpus[cpu];
	int err;

	if (keel->root->nr_cpus == KEEL_CPUS_MAX)
		return -E2BIG;
	keel->root->cpu[keel->root->nr_cpus++] = cpu;
	c->cpu = cpu;
	c->slot = KEEL_ROOT_CPUS + (u64)cpu * KEEL_ROOT_SLOT;
	err = add_slot(keel, c);
	if (!err)
		err = add_shared(keel, c);
	if (!err)
		err = add_region(keel, &c->vmxon_pa);
	if (!err)
		err = add_region(keel, &c->vmcs_pa);
	if (!err)
		c->state = KEEL_CPU_READY;
	return err;
}

/**
 * keel_root_drop_cpu() - the pages that a CPU shared with root
 * @c: the CPU, whether or not keel_root_add_cpu() came that far
 */
void keel_root_drop_cpu(struct keel_cpu *c)
{
	if (c->shared)
		free_pages_exact(c->shared, sizeof(*c->shared));
	c->shared = NULL;
}
