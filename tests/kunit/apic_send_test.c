// SPDX-License-Identifier: GPL-2.0
/*
 * keel-apic-send: who gets an interrupt, by the ways that there are to name him, what is
 * left with him, and who has to be told.
 *
 * World: KUnit.  No locks.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../../kmod/vmx/vcpu.h"
#include "fake_machine.h"
#include "kit.h"

#define ID	6
#define VCPUS	5
#define ALL	0x1fU

/* a guest with five vCPUs in x2APIC mode, and pages for their APICs */
static struct keel_guest *guest_with_vcpus(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);
	struct keel_guest *guest;
	u64 batch[2 * VCPUS + 2];
	unsigned int i;

	KUNIT_ASSERT_EQ(test, keel_guest_new(root, ID, 16), 0LL);
	for (i = 0; i < ARRAY_SIZE(batch); i++)
		batch[i] = 100 + i;
	KUNIT_ASSERT_EQ(test, keel_guest_fill(root, ID, batch, ARRAY_SIZE(batch)),
			(s64)ARRAY_SIZE(batch));
	fake_pass_all();
	guest = keel_guest_at(root, ID);
	KUNIT_ASSERT_NOT_NULL(test, guest);
	keel_guest_settle(root, guest);
	for (i = 0; i < VCPUS; i++) {
		KUNIT_ASSERT_NOT_NULL(test, fake_vcpu(guest, i));
		fake_vcpu(guest, i)->apic_base = KEEL_APIC_BASE_MODE;
	}
	return guest;
}

static void give_apic(struct keel_guest *guest, unsigned int i, bool on)
{
	struct keel_vcpu *vcpu = fake_vcpu(guest, i);
	u64 pfn;

	vcpu->apic = keel_guest_page(&fake->root, guest, &pfn);
	keel_apic_reset(vcpu->apic, i, vcpu->apic_base & KEEL_APIC_BASE_X2APIC);
	if (on)
		keel_apic_write(vcpu->apic, 0x80f, 0x1ff, 0);
}

/* Who has that vector since the last time */
static u32 got(struct keel_guest *guest, u32 vector)
{
	struct keel_vcpu *vcpu;
	u32 i, mask = 0;

	for (i = 0; i < VCPUS; i++) {
		vcpu = fake_vcpu(guest, i);
		if (!(vcpu->posted[vector / 64] >> vector % 64 & 1))
			continue;
		mask |= vcpu->attention & KEEL_ATT_IRQ ? 1U << i : 1U << 31;
		vcpu->posted[vector / 64] = 0;
		vcpu->attention &= ~(u32)KEEL_ATT_IRQ;
	}
	return mask;
}

static void send_targets(struct kunit *test)
{
	struct keel_guest *guest = guest_with_vcpus(test);
	u32 i;

	KUNIT_EXPECT_EQ(test, keel_apic_present(guest), ALL);
	for (i = 0; i < 40; i++)
		KUNIT_EXPECT_EQ_MSG(test, keel_apic_targets(guest, i, false),
				    i < VCPUS ? 1U << i : 0, "%u", i);
	KUNIT_EXPECT_EQ(test, keel_apic_targets(guest, 0xff, false), 0U);
	KUNIT_EXPECT_EQ(test, keel_apic_targets(guest, ~0U, false), ALL);
	KUNIT_EXPECT_EQ(test, keel_apic_targets(guest, ~0U, true), ALL);
	for (i = 0; i < 256; i++)
		KUNIT_EXPECT_EQ(test, keel_apic_targets(guest, i, true), i & ALL);
	KUNIT_EXPECT_EQ(test, keel_apic_targets(guest, 0x1ffff, true), 0U);
	KUNIT_EXPECT_EQ(test, keel_apic_targets(guest, 0xffff, true), ALL);
}

/* In xAPIC mode, in both models; those that have no APIC yet have no logical id either. */
static void send_logical(struct kunit *test)
{
	static const struct {
		u32 dest;
		u32 flat;
		u32 cluster;
	} rows[] = {
		/* vCPU 0 is in x2APIC mode; the others are 2, 4, 0x18 and nobody, or 0x12 ... */
		{ 0x00, 0, 0 }, { 0x01, 1, 1 }, { 0x02, 1 << 1, 0 }, { 0x04, 1 << 2, 0 },
		{ 0x08, 1 << 3, 0 }, { 0x10, 1 << 3, 0 }, { 0x07, 7, 1 },
		{ 0x12, 1 << 1 | 1 << 3, 1 << 1 }, { 0x13, 3 | 1 << 3, 3 },
		{ 0x24, 1 << 2, 1 << 2 }, { 0x2c, 1 << 2 | 1 << 3, 1 << 2 },
		{ 0x18, 1 << 3, 1 << 3 }, { 0x1f, 0xf, 0xb }, { 0xfe, 0xe, 0 }, { 0xff, ALL, ALL },
		{ 0x102, 0, 0 }, { 0x1012, 0, 0 }, { 0x10002, 0, 0 },
	};
	static const u8 flat[] = { 0, 0x02, 0x04, 0x18 }, cluster[] = { 0, 0x12, 0x24, 0x18 };
	struct keel_guest *guest = guest_with_vcpus(test);
	struct keel_apic *apic;
	unsigned int i;
	u32 dest;

	for (i = 1; i < VCPUS; i++)
		fake_vcpu(guest, i)->apic_base = KEEL_APIC_BASE_ENABLE;
	for (i = 1; i < ARRAY_SIZE(flat); i++) {
		give_apic(guest, i, true);
		keel_xapic_write(fake_vcpu(guest, i)->apic, KEEL_APIC_LDR, 4, flat[i] << 24, 0);
	}
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		dest = rows[i].dest == 0xff ? KEEL_APIC_EVERYBODY : rows[i].dest;
		KUNIT_EXPECT_EQ_MSG(test, keel_apic_targets(guest, dest, true), rows[i].flat,
				    "%#x", dest);
	}
	for (i = 1; i < ARRAY_SIZE(flat); i++) {
		apic = fake_vcpu(guest, i)->apic;
		keel_xapic_write(apic, KEEL_APIC_DFR, 4, 0, 0);
		keel_xapic_write(apic, KEEL_APIC_LDR, 4, cluster[i] << 24, 0);
	}
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		dest = rows[i].dest == 0xff ? KEEL_APIC_EVERYBODY : rows[i].dest;
		KUNIT_EXPECT_EQ_MSG(test, keel_apic_targets(guest, dest, true), rows[i].cluster,
				    "%#x", dest);
	}
	/* no model that there is */
	keel_xapic_write(fake_vcpu(guest, 1)->apic, KEEL_APIC_DFR, 4, 0x70000000, 0);
	KUNIT_EXPECT_EQ(test, keel_apic_targets(guest, 0x12, true), 0U);
	/* ids are ids in any mode */
	KUNIT_EXPECT_EQ(test, keel_apic_targets(guest, 4, false), 1U << 4);
}

static void send_commands(struct kunit *test)
{
	static const struct {
		u64 icr;
		u32 got;
	} rows[] = {
		{ 0x40045, 1 << 2 }, { 0x80045, ALL }, { 0xc0045, ALL & ~(1U << 2) },
		{ 0x300000045ULL, 1 << 3 }, { 0x200000045ULL, 1 << 2 }, { 0x900000045ULL, 0 },
		{ 0xffffffff00000045ULL, ALL }, { 0x1900000845ULL, 0x19 },
		{ 0xffffffff00000845ULL, ALL }, { 0x1001900000845ULL, 0 },
		/* a level means nothing here */
		{ 0x30000c045ULL, 1 << 3 },
		/* modes that there are not: SMI, and those that are reserved */
		{ 0x300000245ULL, 0 }, { 0x300000345ULL, 0 }, { 0x300000745ULL, 0 },
	};
	struct keel_guest *guest = guest_with_vcpus(test);
	struct keel_vcpu *self = fake_vcpu(guest, 2);
	struct keel_notify notify;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		notify = (struct keel_notify) { 0 };
		keel_apic_command(self, rows[i].icr, &notify);
		KUNIT_EXPECT_EQ_MSG(test, got(guest, 0x45), rows[i].got, "%#llx", rows[i].icr);
		KUNIT_EXPECT_EQ(test, notify.self, rows[i].got >> 2 & 1);
		/* none of them runs, or has halted */
		KUNIT_EXPECT_EQ(test, notify.wake | notify.kick, 0U);
		KUNIT_EXPECT_EQ(test, fake_vcpu(guest, 3)->level[1], 0ULL);
	}
}

static void send_messages(struct kunit *test)
{
	static const struct {
		u64 address;
		u32 data;
		u32 got;
		bool level;
	} rows[] = {
		{ 0xfee03000, 0x45, 1 << 3, false }, { 0xfee07000, 0x45, 0, false },
		{ 0xfee03000, 0xc045, 1 << 3, true }, { 0xfee03000, 0x8045, 1 << 3, true },
		{ 0xfeeff000, 0x45, ALL, false }, { 0xfee09004, 0x45, 9, false },
		{ 0xfeeff004, 0x45, ALL, false },
		/* more bits of the destination, as guests of KVM know them */
		{ 0xfee03020, 0x45, 0, false },
		/* no address of a message; no vector */
		{ 0xfef03000, 0x45, 0, false }, { 0x1fee03000ULL, 0x45, 0, false },
		{ 0xfee03000, 0xf, 0, false },
	};
	struct keel_guest *guest = guest_with_vcpus(test);
	struct keel_notify notify = { 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		keel_apic_message(guest, rows[i].address, rows[i].data, &notify);
		KUNIT_EXPECT_EQ_MSG(test, got(guest, 0x45) | got(guest, 0xf), rows[i].got,
				    "%#llx %#x", rows[i].address, rows[i].data);
		if (rows[i].got == 1 << 3)
			KUNIT_EXPECT_EQ(test, fake_vcpu(guest, 3)->level[1] >> 5 & 1,
					(u64)rows[i].level);
	}
	KUNIT_EXPECT_FALSE(test, notify.self);
	KUNIT_EXPECT_EQ(test, keel_vcpu_msi(ID, 0xfee03000, 0x45), 0LL);
	KUNIT_EXPECT_EQ(test, got(guest, 0x45), 1U << 3);
	KUNIT_EXPECT_EQ(test, keel_vcpu_msi(ID + 1, 0xfee03000, 0x45), -2LL);
	guest->dead = true;
	KUNIT_EXPECT_EQ(test, keel_vcpu_msi(ID, 0xfee03000, 0x45), -2LL);
}

/* One of those that have their APIC on; always the same for a vector, and all in turn */
static void send_lowest(struct kunit *test)
{
	struct keel_guest *guest = guest_with_vcpus(test);
	struct keel_notify notify = { 0 };
	u32 vector, one, all = 0;

	keel_apic_send(guest, NULL, ALL, 0x145, &notify);
	KUNIT_EXPECT_EQ(test, got(guest, 0x45), 0U);
	give_apic(guest, 1, true);
	give_apic(guest, 2, false);
	give_apic(guest, 4, true);
	for (vector = 16; vector < 256; vector++) {
		keel_apic_send(guest, NULL, ALL, 0x100 | vector, &notify);
		one = got(guest, vector);
		KUNIT_EXPECT_TRUE_MSG(test, one == 1 << 1 || one == 1 << 4, "%u", vector);
		all |= one;
		keel_apic_send(guest, NULL, ALL, 0x100 | vector, &notify);
		KUNIT_EXPECT_EQ(test, got(guest, vector), one);
		keel_apic_send(guest, NULL, 1 << 4, 0x100 | vector, &notify);
		KUNIT_EXPECT_EQ(test, got(guest, vector), 1U << 4);
	}
	KUNIT_EXPECT_EQ(test, all, 0x12U);
}

static void send_notifies(struct kunit *test)
{
	struct keel_guest *guest = guest_with_vcpus(test);
	struct keel_notify notify = { 0 };

	fake_vcpu(guest, 0)->running = 1;
	fake_vcpu(guest, 1)->running = 1;
	fake_vcpu(guest, 2)->attention = KEEL_ATT_HALTED;
	fake_vcpu(guest, 3)->attention = KEEL_ATT_TIMER;
	keel_apic_command(fake_vcpu(guest, 0), 0x80045, &notify);
	KUNIT_EXPECT_TRUE(test, notify.self);
	KUNIT_EXPECT_EQ(test, notify.kick, 1U << 1);
	/* who is in the guest may be about to halt */
	KUNIT_EXPECT_EQ(test, notify.wake, 1U << 1 | 1U << 2);
	notify = (struct keel_notify) { 0 };
	keel_vcpu_wake(fake_vcpu(guest, 2), &notify);
	KUNIT_EXPECT_EQ(test, notify.wake, 1U << 2);
	KUNIT_EXPECT_TRUE(test, fake_vcpu(guest, 2)->attention & KEEL_ATT_WAKE);
	KUNIT_EXPECT_EQ(test, keel_vcpu_msi(ID, 0xfeeff000, 0x46), 0x30007LL);
}

/* NMI, INIT and start-up IPIs */
static void send_others(struct kunit *test)
{
	struct keel_guest *guest = guest_with_vcpus(test);
	struct keel_vcpu *vcpu = fake_vcpu(guest, 3);
	struct keel_notify notify = { 0 };

	keel_apic_command(fake_vcpu(guest, 0), 0x300000400ULL, &notify);
	KUNIT_EXPECT_EQ(test, vcpu->attention, (u32)KEEL_ATT_NMI);
	vcpu->attention = 0;
	/* a start-up IPI is nothing to one that does not wait */
	keel_apic_command(fake_vcpu(guest, 0), 0x300004699ULL, &notify);
	KUNIT_EXPECT_EQ(test, vcpu->attention, 0U);
	keel_apic_command(fake_vcpu(guest, 0), 0x300004500ULL, &notify);
	KUNIT_EXPECT_EQ(test, vcpu->attention, (u32)KEEL_ATT_INIT);
	keel_apic_command(fake_vcpu(guest, 0), 0x300004699ULL, &notify);
	KUNIT_EXPECT_EQ(test, vcpu->attention, (u32)(KEEL_ATT_INIT | KEEL_ATT_SIPI));
	KUNIT_EXPECT_EQ(test, vcpu->sipi, 0x99);
	/* the first one counts, until another INIT */
	keel_apic_command(fake_vcpu(guest, 0), 0x300004677ULL, &notify);
	KUNIT_EXPECT_EQ(test, vcpu->sipi, 0x99);
	keel_apic_command(fake_vcpu(guest, 0), 0x300004500ULL, &notify);
	KUNIT_EXPECT_EQ(test, vcpu->attention, (u32)KEEL_ATT_INIT);
	vcpu->attention = KEEL_ATT_WAIT_SIPI;
	/* the level "de-assert" is none */
	keel_apic_command(fake_vcpu(guest, 0), 0x300008500ULL, &notify);
	KUNIT_EXPECT_EQ(test, vcpu->attention, (u32)KEEL_ATT_WAIT_SIPI);
	notify = (struct keel_notify) { 0 };
	keel_apic_command(fake_vcpu(guest, 0), 0x300004612ULL, &notify);
	KUNIT_EXPECT_EQ(test, vcpu->attention, (u32)(KEEL_ATT_WAIT_SIPI | KEEL_ATT_SIPI));
	KUNIT_EXPECT_EQ(test, vcpu->sipi, 0x12);
	KUNIT_EXPECT_EQ(test, notify.wake, 1U << 3);
}

static void send_topology(struct kunit *test)
{
	struct keel_guest *guest = guest_with_vcpus(test);
	struct keel_cpuid r;

	keel_guest_leaf_b(fake_vcpu(guest, 3), 0, &r);
	KUNIT_EXPECT_TRUE(test, r.a == 0 && r.b == 1 && r.c == 0x100 && r.d == 3);
	keel_guest_leaf_b(fake_vcpu(guest, 4), 1, &r);
	KUNIT_EXPECT_TRUE(test, r.a == 4 && r.b == VCPUS && r.c == 0x201 && r.d == 4);
	keel_guest_leaf_b(fake_vcpu(guest, 4), 2, &r);
	KUNIT_EXPECT_TRUE(test, r.a == 0 && r.b == 0 && r.c == 2 && r.d == 4);
}

static struct kunit_case keel_apic_send_cases[] = {
	KUNIT_CASE(send_targets),
	KUNIT_CASE(send_logical),
	KUNIT_CASE(send_commands),
	KUNIT_CASE(send_messages),
	KUNIT_CASE(send_lowest),
	KUNIT_CASE(send_notifies),
	KUNIT_CASE(send_others),
	KUNIT_CASE(send_topology),
	{}
};

static struct kunit_suite keel_apic_send_suite = {
	.name = "keel-apic-send",
	.test_cases = keel_apic_send_cases,
};

kunit_test_suites(&keel_apic_send_suite);
