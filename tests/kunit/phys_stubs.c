// SPDX-License-Identifier: GPL-2.0
/*
 * The made-up machine's addresses (phys_stubs.h).
 *
 * World: KUnit.  No locks.
 */
#include <linux/kernel.h>
#include <linux/types.h>

#include "../../kmod/mmu/hostmap.h"
#include "phys_stubs.h"

struct fake *fake;

void *keel_phys(u64 pa)
{
	void (*meanwhile)(void) = fake->meanwhile;

	if (meanwhile && pa >> 12 == fake->meanwhile_pa >> 12) {
		fake->meanwhile = NULL;
		meanwhile();
	}
	if (pa >> 12 >= FAKE_END || !fake->page[pa >> 12]) {
		fake->wild = true;
		pa = 0;
	}
	return (u8 *)fake->page[pa >> 12] + (pa & 4095);
}

struct keel_root *keel_root_state(void)
{
	return &fake->root;
}

struct keel_root_cpu *keel_root_cpu_at(const struct keel_root *root, u32 i)
{
	return &fake->cpu[i];
}

void keel_flush(void)
{
	fake->flushes++;
}

/*
 * As in vmx/run.c, which is linked in its place where a suite needs the rest of that file
 */
bool __weak keel_guest_passed(const struct keel_guest *guest, u64 epoch, const void *self)
{
	const struct keel_vcpu *vcpu;
	unsigned int i;

	for (i = 0; i < KEEL_VCPUS_MAX; i++) {
		if (guest->vcpu[i] == KEEL_NO_FRAME)
			continue;
		vcpu = keel_phys((u64)guest->vcpu[i] << 12);
		if (vcpu != self && vcpu->running && vcpu->epoch < epoch)
			return false;
	}
	return true;
}

bool __weak keel_guest_parked(const struct keel_guest *guest)
{
	const struct keel_vcpu *vcpu;
	unsigned int i;

	for (i = 0; i < KEEL_VCPUS_MAX; i++) {
		if (guest->vcpu[i] == KEEL_NO_FRAME)
			continue;
		vcpu = keel_phys((u64)guest->vcpu[i] << 12);
		if (vcpu->running || vcpu->on_cpu != KEEL_NO_CPU)
			return false;
	}
	return true;
}

struct keel_vcpu *fake_vcpu(struct keel_guest *guest, unsigned int index)
{
	struct keel_vcpu *vcpu;
	u64 pfn;

	if (guest->vcpu[index] != KEEL_NO_FRAME)
		return keel_phys((u64)guest->vcpu[index] << 12);
	vcpu = keel_guest_page(&fake->root, guest, &pfn);
	if (!vcpu)
		return NULL;
	vcpu->guest = guest;
	vcpu->index = index;
	vcpu->on_cpu = KEEL_NO_CPU;
	guest->vcpu[index] = pfn;
	guest->nr_vcpus++;
	return vcpu;
}

static u32 next;

/* what the host does at load: pages that are root's from the start */
static u64 *boot_alloc(void *arg, u64 *pa)
{
	if (next >= (FAKE_FRAMES - FAKE_RAM_END))
		return NULL;
	*pa = (u64)(FAKE_RAM_END + next++) << 12;
	return keel_phys(*pa);
}

static u64 *boot_at(void *arg, u64 pa)
{
	return keel_phys(pa);
}

static const struct keel_pages boot_pages = { .alloc = boot_alloc, .at = boot_at };

/* Sixteen pages of stock, and everything hidden and accounted for: keel_seal() */
bool fake_build(void)
{
	struct keel_root *root = &fake->root;
	u64 pa, stock[16];
	u32 i;

	next = 0;
	root->nr_cpus = FAKE_CPUS;
	root->nr_ram = 2;
	root->ram[0].end = FAKE_HOLE;
	root->ram[1].start = FAKE_HOLE + 1;
	root->ram[1].end = FAKE_RAM_END;
	keel_ept_init(&root->ept, &boot_pages);
	if (keel_table_map(&root->ept, 0, 0, KEEL_LEVEL_1G, 0x37))
		return false;
	keel_frames_init(&root->frames, &boot_pages, FAKE_FRAMES);
	boot_alloc(NULL, &root->zero_pa);
	for (i = 0; i < ARRAY_SIZE(stock); i++)
		boot_alloc(NULL, &stock[i]);
	for (i = 0; i < next; i++) {
		pa = (u64)(FAKE_RAM_END + i) << 12;
		if (keel_hostmap_hide(&root->ept, pa, root->zero_pa) ||
		    keel_frame_take(keel_frame_make(&root->frames, pa >> 12), KEEL_OWNER_ROOT))
			return false;
	}
	root->owned = next;
	keel_pool_init(&root->stock);
	keel_pool_init(&root->free);
	keel_pool_init(&root->cooling);
	for (i = 0; i < ARRAY_SIZE(stock); i++)
		keel_pool_put(root, &root->stock, stock[i] >> 12);
	for (i = 0; i < FAKE_CPUS; i++)
		fake->cpu[i].active = true;
	return keel_root_lock(root);
}

void fake_extend(void)
{
	struct keel_root *root = &fake->root;

	root->ram[root->nr_ram].start = FAKE_FRAMES;
	root->ram[root->nr_ram++].end = FAKE_END;
	root->frames.nr = FAKE_END;
}

/* A CPU goes through an exit. */
void fake_pass(unsigned int i)
{
	struct keel_root_cpu *cpu = &fake->cpu[i];

	if (cpu->pending & KEEL_LATCH_FLUSH)
		keel_epoch_pass(cpu);
	cpu->pending = 0;
}

void fake_pass_all(void)
{
	unsigned int i;

	for (i = 0; i < FAKE_CPUS; i++)
		fake_pass(i);
}

s64 fake_audit(void)
{
	s64 at = 0;

	do {
		at = keel_audit(&fake->cpu[0], at);
	} while (at > 0);
	return at;
}
