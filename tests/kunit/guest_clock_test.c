// SPDX-License-Identifier: GPL-2.0
/*
 * keel-guest-clock: what guests are told of time: the frequency, KVM's clock and its
 * scale, the wall clock, and a TSC that guests move, against the definitions of all that.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/vmx/pv.h"
#include "fake_machine.h"
#include "kit.h"

#define ID	5
#define FRAMES	4096
#define START	1000000000000ULL	/* TSC when the guest was made */
#define WALL	1700000000123456789ULL
#define TSC	0x10
#define ADJUST	0x3b

static const u32 frequencies[] = {
	1, 999, 1000000, 1000001, 1999999, 2000000, 2000001, 2300000, 2594107, 3800000, 4294967,
	4294968, 5300000,
};

/* As a guest does it (Linux: pvclock_scale_delta()) */
static u64 scaled(u64 ticks, u32 mul, s8 shift)
{
	if (shift < 0)
		ticks >>= -shift;
	else
		ticks <<= shift;
	return (u64)(((__uint128_t)ticks * mul) >> 32);
}

static void clock_scale(struct kunit *test)
{
	u64 ticks, ns, want;
	unsigned int i, s;
	s8 shift;
	u32 mul;

	for (i = 0; i < ARRAY_SIZE(frequencies); i++) {
		keel_clock_scale(frequencies[i], &mul, &shift);
		KUNIT_EXPECT_TRUE_MSG(test, mul >> 31, "%u kHz", frequencies[i]);
		/* a tick, a ms, a second, an hour, a day, a year */
		for (s = 0; s < 6; s++) {
			static const u64 ms[] = { 0, 1, 1000, 3600000, 86400000, 31536000000ULL };

			ticks = s ? ms[s] * frequencies[i] : 1;
			ns = scaled(ticks, mul, shift);
			want = s ? ms[s] * 1000000 : 1000000 / frequencies[i];
			/* to some parts in 10^9, and what is lost by the shift */
			KUNIT_EXPECT_LE_MSG(test, ns, want + want / 400000000 + 2, "%u kHz, %llu",
					    frequencies[i], ticks);
			KUNIT_EXPECT_GE_MSG(test, ns + want / 400000000 + 2, want, "%u kHz, %llu",
					    frequencies[i], ticks);
		}
		/* as Linux derives the frequency from it (pvclock_tsc_khz()) */
		ticks = (1000000ULL << 32) / mul;
		ticks = shift < 0 ? ticks << -shift : ticks >> shift;
		KUNIT_EXPECT_LE(test, ticks, (u64)frequencies[i] + 4);
		KUNIT_EXPECT_GE(test, ticks + 4, (u64)frequencies[i]);
	}
}

/* The leaves, and what Linux makes of them (native_calibrate_tsc()) */
static void clock_leaves(struct kunit *test)
{
	struct keel_guest_setup *setup = kunit_kzalloc(test, sizeof(*setup), GFP_KERNEL);
	struct keel_cpuid r;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, setup);
	for (i = 0; i < ARRAY_SIZE(frequencies); i++) {
		setup->tsc_khz = frequencies[i];
		keel_guest_time(setup);
		r = setup->cpuid[0x15];
		KUNIT_EXPECT_EQ(test, r.a, 1U);
		KUNIT_EXPECT_EQ(test, (u64)r.b * r.c, frequencies[i] * 1000ULL);
		KUNIT_EXPECT_EQ(test, r.c / 1000 * r.b / r.a, frequencies[i]);
		r = setup->cpuid[0x16];
		KUNIT_EXPECT_LE(test, abs((int)(r.a * 1000) - (int)frequencies[i]), 500);
		KUNIT_EXPECT_EQ(test, r.b, r.a);
		r = (struct keel_cpuid) { 0 };
		keel_guest_leaf_kvm(setup, 0x40000010, &r);
		KUNIT_EXPECT_TRUE(test, r.a == frequencies[i] && r.b == r.a && !r.c && !r.d);
	}
	KUNIT_EXPECT_FALSE(test, setup->clock_stable);
	keel_guest_leaf_kvm(setup, 0x40000000, &r);
	KUNIT_EXPECT_EQ(test, memcmp(&r.b, "KVMKVMKVM\0\0\0", 12), 0);
	KUNIT_EXPECT_EQ(test, r.a, 0x40000010U);
	r = (struct keel_cpuid) { 0 };
	keel_guest_leaf_kvm(setup, 0x40000001, &r);
	KUNIT_EXPECT_EQ(test, r.a & BIT(24), 0U);
	KUNIT_EXPECT_EQ(test, r.a & BIT(6), (u32)BIT(6));
	setup->assist = true;
	setup->cpuid[KEEL_GUEST_BASIC + 7].d = BIT(8);
	keel_guest_time(setup);
	KUNIT_EXPECT_TRUE(test, setup->clock_stable);
	keel_guest_leaf_kvm(setup, 0x40000001, &r);
	/*
	 * the clock, not the old one, and stable; no delays; kick, IPIs, yield; neither
	 * asynchronous page faults, nor EOI, polling, migration; flushes go with steal time
	 */
	KUNIT_EXPECT_EQ(test, r.a, 0x100288aU);
	setup->steal = true;
	keel_guest_time(setup);
	keel_guest_leaf_kvm(setup, 0x40000001, &r);
	KUNIT_EXPECT_EQ(test, r.a, 0x100288aU | BIT(5) | BIT(9));
	r = (struct keel_cpuid) { 1, 2, 3, 4 };
	for (i = 0x40000002; i < 0x40000100; i++)
		if (i != 0x40000010)
			keel_guest_leaf_kvm(setup, i, &r);
	KUNIT_EXPECT_TRUE(test, r.a == 1 && r.b == 2 && r.c == 3 && r.d == 4);
}

static struct keel_vcpu *vcpu(struct kunit *test, unsigned int pool)
{
	struct keel_root *root = fake_machine(test);
	u64 batch[KEEL_BATCH_NR];
	struct keel_guest *guest;
	struct keel_vcpu *v;
	unsigned int i;

	root->guest.tsc_khz = 2300000;
	root->guest.cpuid[KEEL_GUEST_BASIC + 7].d = BIT(8);
	root->guest.cpuid[7].b = BIT(1);
	keel_guest_time(&root->guest);
	KUNIT_ASSERT_EQ(test, keel_guest_new(root, ID, FRAMES), 0LL);
	for (i = 0; i < pool; i++)
		batch[i] = 100 + i;
	KUNIT_ASSERT_EQ(test, keel_guest_fill(root, ID, batch, pool), (s64)pool);
	fake_pass_all();
	guest = keel_guest_at(root, ID);
	keel_guest_settle(root, guest);
	guest->tsc_start = START;
	guest->wall_start = WALL;
	for (i = 0; i < 2; i++) {
		v = fake_vcpu(guest, i);
		KUNIT_ASSERT_NOT_NULL(test, v);
		v->root = root;
	}
	return fake_vcpu(guest, 0);
}

static struct keel_pvclock page_of(struct keel_vcpu *v)
{
	struct keel_pvclock page;

	keel_gmem_read(&fake->root, v->guest, v->clock & ~1ULL, &page, sizeof(page));
	return page;
}

/* What a guest reads of its clock when the machine's TSC is @now */
static u64 time_of(struct keel_vcpu *v, u64 now)
{
	struct keel_pvclock page = page_of(v);

	return page.time + scaled(now + v->tsc_offset - page.tsc, page.mul, page.shift);
}

/* What ticks are, as the machine has it */
static u64 ns(u64 ticks)
{
	return scaled(ticks, fake->root.guest.clock_mul, fake->root.guest.clock_shift);
}

static enum keel_fault set(struct keel_vcpu *v, u32 msr, u64 val, u64 now)
{
	return keel_clock_wrmsr(v, msr, val, now);
}

static void clock_page(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test, 40), *w = fake_vcpu(v->guest, 1);
	struct keel_pvclock page;
	u64 val;

	KUNIT_EXPECT_EQ(test, set(v, KEEL_KVM_SYSTEM_TIME, 0x5040, START), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, v->guest->stat.mapped, 0ULL);
	/* enabled; on the end of a page, which Linux never does */
	KUNIT_EXPECT_EQ(test, set(v, KEEL_KVM_SYSTEM_TIME, 0x5041, START), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, set(w, KEEL_KVM_SYSTEM_TIME, 0x8ff5, START + 5), KEEL_FAULT_DONE);
	KUNIT_EXPECT_TRUE(test, keel_clock_rdmsr(w, KEEL_KVM_SYSTEM_TIME, &val));
	KUNIT_EXPECT_EQ(test, val, 0x8ff5ULL);
	page = page_of(v);
	KUNIT_EXPECT_EQ(test, page.version, 2U);
	KUNIT_EXPECT_EQ(test, page.tsc, START);
	KUNIT_EXPECT_EQ(test, page.time, 0ULL);
	KUNIT_EXPECT_EQ(test, page.flags, 1);
	KUNIT_EXPECT_EQ(test, page.mul, fake->root.guest.clock_mul);
	KUNIT_EXPECT_EQ(test, page.shift, fake->root.guest.clock_shift);
	KUNIT_EXPECT_EQ(test, time_of(v, START + 2300000), ns(2300000));
	KUNIT_EXPECT_EQ(test, time_of(w, START + 2300000), ns(2300000));
	/* the same page anew: another version */
	KUNIT_EXPECT_EQ(test, set(v, KEEL_KVM_SYSTEM_TIME, 0x5041, START), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, page_of(v).version, 4U);
	/* where there is no memory */
	KUNIT_EXPECT_EQ(test, set(v, KEEL_KVM_SYSTEM_TIME, ~0ULL, START), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, set(v, KEEL_KVM_SYSTEM_TIME, (FRAMES << 12) - 15, START),
			KEEL_FAULT_DONE);
	/* a TSC that is no clock */
	fake->root.guest.clock_stable = false;
	KUNIT_EXPECT_EQ(test, set(v, KEEL_KVM_SYSTEM_TIME, 0x5041, START), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, page_of(v).flags, 0);
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

static void clock_wall(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test, 40);
	struct keel_wall_clock page;
	u64 val;

	KUNIT_EXPECT_EQ(test, set(v, KEEL_KVM_WALL_CLOCK, 0x9000, START), KEEL_FAULT_DONE);
	KUNIT_EXPECT_TRUE(test, keel_clock_rdmsr(v, KEEL_KVM_WALL_CLOCK, &val));
	KUNIT_EXPECT_EQ(test, val, 0x9000ULL);
	keel_gmem_read(&fake->root, v->guest, 0x9000, &page, sizeof(page));
	KUNIT_EXPECT_EQ(test, page.version, 2U);
	KUNIT_EXPECT_EQ(test, page.sec, 1700000000U);
	KUNIT_EXPECT_EQ(test, page.nsec, 123456789U);
	KUNIT_EXPECT_EQ(test, set(v, KEEL_KVM_WALL_CLOCK, 0x9000, START), KEEL_FAULT_DONE);
	keel_gmem_read(&fake->root, v->guest, 0x9000, &page, sizeof(page));
	KUNIT_EXPECT_EQ(test, page.version, 4U);
}

/* no frame for the page: the instruction is executed again, and nothing has happened */
static void clock_waits(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test, 2);
	u64 batch[8] = { 300, 301, 302, 303, 304, 305, 306, 307 };

	KUNIT_EXPECT_EQ(test, set(v, KEEL_KVM_SYSTEM_TIME, 0x5001, START), KEEL_FAULT_FILL);
	KUNIT_EXPECT_EQ(test, set(v, TSC, 77, START), KEEL_FAULT_FILL);
	KUNIT_EXPECT_EQ(test, v->tsc_offset, 0ULL);
	KUNIT_EXPECT_EQ(test, v->tsc_adjust, 0ULL);
	KUNIT_EXPECT_EQ(test, set(v, KEEL_KVM_WALL_CLOCK, 0x6000, START), KEEL_FAULT_FILL);
	KUNIT_EXPECT_EQ(test, v->wall_clock, 0ULL);
	KUNIT_EXPECT_EQ(test, keel_guest_fill(&fake->root, ID, batch, 8), 8LL);
	fake_pass_all();
	KUNIT_EXPECT_EQ(test, set(v, KEEL_KVM_SYSTEM_TIME, 0x5001, START), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, page_of(v).version, 2U);
}

static void clock_tsc(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test, 40), *w = fake_vcpu(v->guest, 1);
	u64 val;

	KUNIT_EXPECT_EQ(test, set(v, KEEL_KVM_SYSTEM_TIME, 0x5041, START), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, set(w, KEEL_KVM_SYSTEM_TIME, 0x5081, START), KEEL_FAULT_DONE);
	/* what it is already changes nothing */
	KUNIT_EXPECT_EQ(test, set(v, ADJUST, 0, START), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, set(v, TSC, START, START), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, page_of(v).flags, 1);
	/* to zero: the clock goes on, and is stable no more */
	KUNIT_EXPECT_EQ(test, set(v, TSC, 0, START + 23), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, v->tsc_offset, -(START + 23));
	KUNIT_EXPECT_TRUE(test, keel_clock_rdmsr(v, ADJUST, &val));
	KUNIT_EXPECT_EQ(test, val, -(START + 23));
	KUNIT_EXPECT_EQ(test, time_of(v, START + 2300), ns(2300));
	KUNIT_EXPECT_EQ(test, time_of(w, START + 2300), ns(2300));
	KUNIT_EXPECT_EQ(test, page_of(v).flags, 0);
	KUNIT_EXPECT_EQ(test, page_of(w).flags, 0);
	KUNIT_EXPECT_EQ(test, page_of(v).version % 2, 0U);
	/* and back */
	KUNIT_EXPECT_EQ(test, set(v, ADJUST, 0, START + 99), KEEL_FAULT_DONE);
	KUNIT_EXPECT_EQ(test, v->tsc_offset, 0ULL);
	KUNIT_EXPECT_EQ(test, time_of(v, START + 2300), ns(2300));
	/* it is there where CPUID says so */
	fake->root.guest.cpuid[7].b = 0;
	KUNIT_EXPECT_FALSE(test, keel_clock_rdmsr(v, ADJUST, &val));
	KUNIT_EXPECT_EQ(test, set(v, ADJUST, 5, START), KEEL_FAULT_OUTSIDE);
}

/* whatever is written to the TSC of two vCPUs, their clocks agree, and only grow */
static void clock_random(struct kunit *test)
{
	struct keel_vcpu *v[2], *one = vcpu(test, 40);
	u64 now = START, last = 0, time, val;
	struct rnd_state rnd;
	unsigned int i, k;

	v[0] = one;
	v[1] = fake_vcpu(one->guest, 1);
	prandom_seed_state(&rnd, 0xc10c);
	for (k = 0; k < 2; k++)
		set(v[k], KEEL_KVM_SYSTEM_TIME, 0x7001 + 64 * k, now);
	for (i = 0; i < 3000; i++) {
		now += 4 + kit_below(&rnd, 1U << kit_below(&rnd, 31));
		k = kit_below(&rnd, 2);
		val = kit_random(&rnd) >> kit_below(&rnd, 64);
		KUNIT_ASSERT_EQ(test, set(v[k], kit_below(&rnd, 2) ? TSC : ADJUST, val, now),
				KEEL_FAULT_DONE);
		KUNIT_ASSERT_EQ(test, v[k]->tsc_offset, v[k]->tsc_adjust);
		time = time_of(v[0], now);
		KUNIT_ASSERT_EQ(test, time, time_of(v[1], now));
		KUNIT_ASSERT_GT(test, time, last);
		last = time;
	}
	KUNIT_EXPECT_EQ(test, fake_audit(), 0LL);
}

/* no other MSR is one of the clock's */
static void clock_others(struct kunit *test)
{
	struct keel_vcpu *v = vcpu(test, 40);
	u32 msr, read = 0, written = 0;
	u64 val;

	for (msr = 0; msr < 0x2000; msr++) {
		read += keel_clock_rdmsr(v, msr, &val);
		written += set(v, msr, 0, 0) != KEEL_FAULT_OUTSIDE;
	}
	KUNIT_EXPECT_EQ(test, read, 1U);
	KUNIT_EXPECT_EQ(test, written, 2U);
	for (msr = 0x4b564d00; msr < 0x4b564e00; msr++) {
		read += keel_clock_rdmsr(v, msr, &val);
		written += set(v, msr, 0, 0) != KEEL_FAULT_OUTSIDE;
	}
	KUNIT_EXPECT_EQ(test, read, 3U);
	KUNIT_EXPECT_EQ(test, written, 4U);
}

static struct kunit_case keel_guest_clock_cases[] = {
	KUNIT_CASE(clock_scale),
	KUNIT_CASE(clock_leaves),
	KUNIT_CASE(clock_page),
	KUNIT_CASE(clock_wall),
	KUNIT_CASE(clock_waits),
	KUNIT_CASE(clock_tsc),
	KUNIT_CASE(clock_random),
	KUNIT_CASE(clock_others),
	{}
};

static struct kunit_suite keel_guest_clock_suite = {
	.name = "keel-guest-clock",
	.test_cases = keel_guest_clock_cases,
};

kunit_test_suites(&keel_guest_clock_suite);
