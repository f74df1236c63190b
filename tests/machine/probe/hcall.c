// SPDX-License-Identifier: GPL-2.0
/*
 * Hypercalls at random, from every CPU at once: numbers that there are and that
 * there are not, with and without the magic, and arguments of every kind.  Only
 * pages of the probe's own are ever offered that root could take.
 */
#include <linux/cpu.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/smp.h>

#include "keel.h"
#include "probe.h"

#define CALLS	100000
#define OWN	64

static atomic64_t made, donated, back, refused, undefined, odd;
static struct page *own[OWN];

static s64 call_root(u64 rax, u64 rdi)
{
	asm volatile("1: vmcall\n"
		     "2:\n"
		     _ASM_EXTABLE(1b, 2b)
		     : "+a" (rax) : "D" (rdi) : "cc", "memory");
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

static void one_call(struct rnd_state *rnd, const struct keel *keel)
{
	u64 nr = prandom_u32_state(rnd) % 8, arg = random64(rnd), rax;
	s64 ret;

	if (nr == KEEL_HC_OFF)
		nr = prandom_u32_state(rnd) | 8;
	if (nr == KEEL_HC_DONATE)
		arg = frame(rnd, keel);
	rax = KEEL_HC(nr);
	if (prandom_u32_state(rnd) % 8 == 0) {
		rax = random64(rnd);
		if (rax >> 32 == KEEL_HC_MAGIC >> 32)
			return;
	}
	atomic64_inc(&made);
	ret = call_root(rax, arg);
	if (rax >> 32 != KEEL_HC_MAGIC >> 32)
		atomic64_inc((u64)ret == rax ? &undefined : &odd);
	else if (nr == KEEL_HC_DONATE && !ret)
		atomic64_inc(&donated);
	else if (nr == KEEL_HC_RECLAIM && ret >= 0)
		atomic64_inc(&back);
	else if (ret < 0 && ret > -4096 && ret != -EUCLEAN)
		atomic64_inc(&refused);
	else if (nr != KEEL_HC_PING && nr != KEEL_HC_AUDIT)
		atomic64_inc(&odd);
}

static void fire(void *keel)
{
	struct rnd_state rnd;
	int i;

	prandom_seed_state(&rnd, 7 + raw_smp_processor_id());
	for (i = 0; i < CALLS; i++)
		one_call(&rnd, keel);
}

static void ping(void *unused)
{
	call_root(KEEL_HC(KEEL_HC_PING), 0);
}

/* All of the probe's own pages have to come back in the end. */
static void settle(void)
{
	int tries;

	for (tries = 0; tries < 10; tries++) {
		on_each_cpu(ping, NULL, 1);
		while (call_root(KEEL_HC(KEEL_HC_RECLAIM), 0) >= 0)
			atomic64_inc(&back);
	}
}

void probe_hcall(struct seq_file *m)
{
	const struct keel *keel = (void *)probe_symbol("keel:keel");
	int i;

	if (!keel)
		return;
	for (i = 0; i < OWN; i++) {
		own[i] = alloc_page(GFP_KERNEL);
		if (!own[i])
			return;
	}
	atomic64_set(&made, 0);
	atomic64_set(&donated, 0);
	atomic64_set(&back, 0);
	atomic64_set(&refused, 0);
	atomic64_set(&undefined, 0);
	atomic64_set(&odd, 0);
	on_each_cpu(fire, (void *)keel, 1);
	settle();
	seq_printf(m, "made %lld\ndonated %lld\nback %lld\nrefused %lld\nundefined %lld\nodd %lld\n",
		   atomic64_read(&made), atomic64_read(&donated), atomic64_read(&back),
		   atomic64_read(&refused), atomic64_read(&undefined), atomic64_read(&odd));
	/* Not while any of them is root's. */
	if (atomic64_read(&donated) == atomic64_read(&back))
		for (i = 0; i < OWN; i++)
			__free_page(own[i]);
}
