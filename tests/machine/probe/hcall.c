// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls at random, from every CPU at once: numbers that there are and that
 * there are not, with and without the magic, and arguments of every kind; and then
 * guests that begin with any registers.  Only pages of the probe's own are ever
 * offered that root could take.
 */
#include <linux/cpu.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/smp.h>
#include <asm/fpu/api.h>

#include "keel.h"
#include "probe.h"

#define CALLS	100000
#define ROUNDS	20	/* the watchdog is not to bark */
#define OWN_ORDER 6
#define OWN	BIT(OWN_ORDER)
#define GUESTS	4	/* ids 1 to this are made and ended at random */
#define STARTS	1000
#define RUNS	8	/* of a guest that was started */
#define FILL	16	/* of the probe's pages, for its pool; as many are root's meanwhile */

static atomic64_t made, donated, back, refused, undefined, odd, ran, merged, cloned;
static struct page *own[OWN];

/* And a block of them, for large pages */
#define BLOCK_ORDER	9
static struct page *block;

static s64 call_root(u64 rax, u64 rdi, u64 rsi, u64 rdx)
{
	asm volatile("1: vmcall\n"
		     "2:\n"
		     _ASM_EXTABLE(1b, 2b)
		     : "+a" (rax) : "D" (rdi), "S" (rsi), "d" (rdx) : "cc", "memory");
	return rax;
}

static u64 random64(struct rnd_state *rnd)
{
	return (u64)prandom_u32_state(rnd) << 32 | prandom_u32_state(rnd);
}

/* Frames that are not the host's to give, or no memory, or the probe's own */
static u64 frame(struct rnd_state *rnd, const struct keel *keel)
{
	switch (prandom_u32_state(rnd) % 5) {
	case 0:
		return random64(rnd) | 1ULL << 40;
	case 1:
		return 0xa0 + prandom_u32_state(rnd) % 0x60;
	case 2:
		return 0xfee00 + prandom_u32_state(rnd) % 16;
	case 3:
		return page_to_pfn(list_first_entry(&keel->arena.blocks, struct page, lru)) +
		       prandom_u32_state(rnd) % 4;
	default:
		return page_to_pfn(own[prandom_u32_state(rnd) % OWN]);
	}
}

/* Frames for a guest, in the CPU's own batch; more are announced than there are */
static u64 fill_batch(struct rnd_state *rnd, const struct keel *keel)
{
	u64 *batch = keel->cpus[raw_smp_processor_id()].shared->batch;
	unsigned int i;

	for (i = 0; i < 4; i++)
		batch[i] = frame(rnd, keel);
	for (; i < KEEL_BATCH_NR; i++)
		batch[i] = random64(rnd);
	return prandom_u32_state(rnd) % 8 ? prandom_u32_state(rnd) % 6 : random64(rnd);
}

/* Pages of any guests, or of none; where there is memory, now and then, it is by VM_MAP. */
static u64 merge_batch(struct rnd_state *rnd, const struct keel *keel)
{
	u64 *batch = keel->cpus[raw_smp_processor_id()].shared->batch;
	unsigned int i;

	for (i = 0; i < KEEL_BATCH_NR; i++)
		batch[i] = KEEL_HINT(1 + prandom_u32_state(rnd) % GUESTS,
				     prandom_u32_state(rnd) % 64);
	for (i = 0; i < 4; i++)
		batch[prandom_u32_state(rnd) % KEEL_BATCH_NR] =
			prandom_u32_state(rnd) % 2 ? KEEL_HINT_ZERO : random64(rnd);
	return prandom_u32_state(rnd) % (KEEL_MERGE_NR + 2);
}

/* Does the answer fit the call?  Pages that have changed hands are counted. */
static bool fits(u64 nr, s64 ret)
{
	switch (nr) {
	case KEEL_HC_DONATE:
		atomic64_add(!ret, &donated);
		return !ret;
	case KEEL_HC_VM_FILL:
	case KEEL_HC_VM_MAP:
		atomic64_add(ret, &donated);
		return ret >= 0 && ret <= KEEL_BATCH_NR;
	case KEEL_HC_VM_BLOCK:
		atomic64_add(ret ? 0 : KEEL_BLOCK_NR, &donated);
		return !ret;
	case KEEL_HC_VM_NO_BLOCK:
		return !ret || ret == KEEL_BLOCK_NR;
	case KEEL_HC_VM_SPLIT:
	case KEEL_HC_VM_COLLAPSE:
		return ret >= 0 && ret <= 1;
	case KEEL_HC_RECLAIM:
		atomic64_inc(&back);
		return true;
	case KEEL_HC_VM_DRAIN:
	case KEEL_HC_VM_TRIM:
		atomic64_add(ret, &back);
		return ret >= 0 && ret <= KEEL_BATCH_NR;
	case KEEL_HC_MERGE:
		atomic64_add(ret, &merged);
		return ret >= 0 && ret <= KEEL_MERGE_NR;
	case KEEL_HC_VM_CLONE:
		atomic64_inc(&cloned);
		return !ret;
	case KEEL_HC_SHARED:
		return ret >= 0 && ret < OWN;
	case KEEL_HC_PING:
	case KEEL_HC_VM_SCAN:
	case KEEL_HC_AUDIT:
	case KEEL_HC_MEND:
		return true;
	/* They have said nothing. */
	case KEEL_HC_VM_SAID:
	case KEEL_HC_VM_PORT:
	case KEEL_HC_VM_NEW:
	case KEEL_HC_VM_KILL:
	case KEEL_HC_VM_STAT:
	case KEEL_HC_VM_DOMAIN:
	case KEEL_HC_VCPU_PARK:
	/* There are no vCPUs that would have to hear of it. */
	case KEEL_HC_MSI:
		return !ret;
	default:
		return false;
	}
}

/* Unless there is one: a guest that could be cloned, or become a clone */
static void be_there(struct rnd_state *rnd, const struct keel *keel, u64 id)
{
	s64 ret;

	call_root(KEEL_HC(KEEL_HC_VM_NEW), id, 62, 0);
	fill_batch(rnd, keel);
	ret = call_root(KEEL_HC(KEEL_HC_VM_FILL), id, 4, 0);
	if (ret > 0)
		fits(KEEL_HC_VM_FILL, ret);
}

static void one_call(struct rnd_state *rnd, const struct keel *keel)
{
	u64 nr = prandom_u32_state(rnd) % (KEEL_HC_NR + 2), rax, rdx = random64(rnd);
	u64 rdi = random64(rnd), rsi = random64(rnd);
	s64 ret;

	if (nr == KEEL_HC_OFF)
		nr = prandom_u32_state(rnd) | 0x100;
	/* Otherwise root would soon have none left for tables, and refuse all else. */
	if (nr == KEEL_HC_RECLAIM && prandom_u32_state(rnd) % 8)
		nr = KEEL_HC_DONATE;
	if (nr == KEEL_HC_DONATE)
		rdi = frame(rnd, keel);
	if (nr >= KEEL_HC_VM_NEW && prandom_u32_state(rnd) % 8) {
		rdi = 1 + prandom_u32_state(rnd) % GUESTS;
		rsi = prandom_u32_state(rnd) % 64;
		rdx = prandom_u32_state(rnd) % 64;
	}
	if (nr == KEEL_HC_MERGE)
		rdi = merge_batch(rnd, keel);
	/* guests of so few sizes that some of them are equal */
	if (nr == KEEL_HC_VM_NEW && rsi < 64)
		rsi |= 62;
	if (nr == KEEL_HC_VM_CLONE && rsi < 64) {
		rsi = 1 + rsi % GUESTS;
		be_there(rnd, keel, rdi);
		be_there(rnd, keel, rsi);
	}
	if (nr == KEEL_HC_VM_DOMAIN)
		rsi %= 2;
	if (nr == KEEL_HC_VM_FILL || nr == KEEL_HC_VM_MAP)
		rsi = fill_batch(rnd, keel);
	if (nr == KEEL_HC_VM_BLOCK && prandom_u32_state(rnd) % 8)
		rsi = page_to_pfn(block) + !(prandom_u32_state(rnd) % 4);
	if (nr == KEEL_HC_MSI && prandom_u32_state(rnd) % 8)
		rsi = 0xfee00000 | (random64(rnd) & 0xfffff);
	/* A vCPU that could run would leave its own vector registers to whom this interrupts. */
	if (nr == KEEL_HC_VCPU_NEW)
		rsi |= KEEL_VCPUS_MAX;
	rax = KEEL_HC(nr);
	if (prandom_u32_state(rnd) % 8 == 0) {
		rax = random64(rnd);
		if (rax >> 32 == KEEL_HC_MAGIC >> 32)
			return;
	}
	atomic64_inc(&made);
	ret = call_root(rax, rdi, rsi, rdx);
	if (rax >> 32 != KEEL_HC_MAGIC >> 32)
		atomic64_inc((u64)ret == rax ? &undefined : &odd);
	else if (ret < 0 && ret > -4096 && ret != -EUCLEAN)
		atomic64_inc(&refused);
	else if (ret < 0 || !fits(nr, ret))
		atomic64_inc(&odd);
}

struct fire {
	const struct keel *keel;
	int round;
};

static void fire(void *arg)
{
	const struct fire *fire = arg;
	struct rnd_state rnd;
	int i;

	prandom_seed_state(&rnd, 7 + raw_smp_processor_id() + 64 * fire->round);
	for (i = 0; i < CALLS / ROUNDS; i++)
		one_call(&rnd, fire->keel);
}

static s64 call_for(u64 nr, u64 rdi, u64 rsi)
{
	return call_root(KEEL_HC(nr), rdi, rsi, 0);
}

static void park(void *unused)
{
	call_for(KEEL_HC_VCPU_PARK, 0, 0);
}

static void end_guest(u64 id)
{
	s64 ret;

	if (call_for(KEEL_HC_VM_KILL, id, 0))
		return;
	on_each_cpu(park, NULL, 1);
	while ((ret = call_for(KEEL_HC_VM_DRAIN, id, 0)) > 0)
		atomic64_add(ret, &back);
}

/* All of the probe's own pages have to come back in the end, and root has its tables'. */
static void settle(void)
{
	int tries;
	s64 at = 0;
	u64 id;

	for (id = 1; id <= GUESTS; id++)
		end_guest(id);
	do {
		at = call_for(KEEL_HC_MEND, at, 0);
	} while (at > 0);
	for (tries = 0; tries < 10; tries++) {
		on_each_cpu(park, NULL, 1);
		while (call_for(KEEL_HC_RECLAIM, 0, 0) >= 0)
			atomic64_inc(&back);
	}
}

/* Registers that make sense, or nearly, or none at all */
static void any_start(struct rnd_state *rnd, struct keel_vcpu_start *start)
{
	*start = (struct keel_vcpu_start) {
		.rip = random64(rnd),
		.rsp = random64(rnd),
		.cr3 = random64(rnd),
		.gdt_base = random64(rnd),
		.gdt_limit = prandom_u32_state(rnd),
		.long_mode = prandom_u32_state(rnd) % 3,
	};
	if (prandom_u32_state(rnd) % 2)
		start->rip &= 0xffff;
	if (prandom_u32_state(rnd) % 2)
		start->cr3 &= 0xf000;
	if (prandom_u32_state(rnd) % 2)
		start->gdt_base &= 0xffff;
}

static void run_some(u64 id)
{
	unsigned int i;
	s64 ret = 0;

	for (i = 0; i < RUNS && ret >= 0; i++) {
		kernel_fpu_begin();
		local_irq_disable();
		ret = call_for(KEEL_HC_VCPU_RUN, id, 0);
		local_irq_enable();
		kernel_fpu_end();
		if (ret == KEEL_RUN_KICK)
			on_each_cpu(park, NULL, 1);
	}
	atomic64_inc(ret >= 0 && ret < KEEL_RUN_NR ? &ran : &odd);
}

/* Guests of a few pages, with noise for memory */
static void start_some(const struct keel *keel)
{
	struct rnd_state rnd;
	unsigned int i, k;
	s64 ret;

	prandom_seed_state(&rnd, 11);
	for (i = FILL; i < 2 * FILL; i++)
		atomic64_add(!call_for(KEEL_HC_DONATE, page_to_pfn(own[i]), 0), &donated);
	on_each_cpu(park, NULL, 1);
	for (i = 0; i < STARTS; i++) {
		cond_resched();
		for (k = 0; k < FILL; k++)
			*(u64 *)page_address(own[k]) = random64(&rnd);
		preempt_disable();
		ret = call_for(KEEL_HC_VM_NEW, 1, 64);
		for (k = 0; k < FILL; k++)
			keel->cpus[smp_processor_id()].shared->batch[k] = page_to_pfn(own[k]);
		if (!ret)
			ret = call_for(KEEL_HC_VM_FILL, 1, FILL);
		preempt_enable();
		atomic64_add(ret > 0 ? ret : 0, &donated);
		on_each_cpu(park, NULL, 1);
		preempt_disable();
		any_start(&rnd, &keel->cpus[smp_processor_id()].shared->start);
		ret = call_for(KEEL_HC_VCPU_NEW, 1, 0);
		preempt_enable();
		if (ret)
			atomic64_inc(&odd);
		else
			run_some(1);
		end_guest(1);
	}
}

void probe_hcall(struct seq_file *m)
{
	const struct keel *keel = (void *)probe_symbol("keel:keel");
	struct fire round = { .keel = keel };
	struct page *pages;
	int i;

	if (!keel)
		return;
	/* Side by side: for pages all over the place root has not enough for tables. */
	pages = alloc_pages(GFP_KERNEL, OWN_ORDER);
	if (!pages)
		return;
	block = alloc_pages(GFP_KERNEL, BLOCK_ORDER);
	if (!block) {
		__free_pages(pages, OWN_ORDER);
		return;
	}
	split_page(pages, OWN_ORDER);
	for (i = 0; i < OWN; i++)
		own[i] = pages + i;
	atomic64_set(&made, 0);
	atomic64_set(&donated, 0);
	atomic64_set(&back, 0);
	atomic64_set(&refused, 0);
	atomic64_set(&undefined, 0);
	atomic64_set(&odd, 0);
	atomic64_set(&ran, 0);
	/* The table of guests comes from root's own pages, not from the probe's. */
	call_for(KEEL_HC_VM_NEW, 1, 1);
	settle();
	for (; round.round < ROUNDS; round.round++) {
		on_each_cpu(fire, &round, 1);
		cond_resched();
	}
	settle();
	start_some(keel);
	settle();
	seq_printf(m, "made %lld\ndonated %lld\nback %lld\nrefused %lld\nundefined %lld\nodd %lld\nran %lld\nmerged %lld\ncloned %lld\n",
		   atomic64_read(&made), atomic64_read(&donated), atomic64_read(&back),
		   atomic64_read(&refused), atomic64_read(&undefined), atomic64_read(&odd),
		   atomic64_read(&ran), atomic64_read(&merged),
		   atomic64_read(&cloned));
	/* Not while any of them is root's. */
	if (atomic64_read(&donated) != atomic64_read(&back))
		return;
	for (i = 0; i < OWN; i++)
		__free_page(own[i]);
	__free_pages(block, BLOCK_ORDER);
}
