/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The made-up machine of phys_stubs.h, in a case's own memory.
 *
 * World: KUnit.  No locks.
 */
#ifndef KEEL_TEST_FAKE_MACHINE_H
#define KEEL_TEST_FAKE_MACHINE_H

#include <kunit/test.h>
#include <linux/slab.h>

#include "phys_stubs.h"

/* page @i of the machine's memory, of the one that the case had before if there was one */
static inline void fake_page(struct kunit *test, const struct fake *before, u32 i)
{
	fake->page[i] = before ? before->page[i] : NULL;
	if (fake->page[i])
		memset(fake->page[i], 0, 4096);
	else
		fake->page[i] = kunit_kzalloc(test, 4096, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fake->page[i]);
}

/* @test->priv is the case's machine: a case may make many, and has memory for one. */
static inline struct keel_root *fake_machine(struct kunit *test)
{
	struct keel_shared *shared = kunit_kzalloc(test, sizeof(*shared), GFP_KERNEL);
	const struct fake *before = test->priv;
	u32 i;

	fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fake);
	KUNIT_ASSERT_NOT_NULL(test, shared);
	fake->cpu[0].shared = shared;
	for (i = 0; i < FAKE_FRAMES; i++)
		fake_page(test, before, i);
	test->priv = fake;
	KUNIT_ASSERT_TRUE(test, fake_build());
	return &fake->root;
}

/* with memory for blocks */
static inline struct keel_root *fake_machine_large(struct kunit *test)
{
	const struct fake *before = test->priv;
	struct keel_root *root = fake_machine(test);
	u32 i;

	for (i = FAKE_FRAMES; i < FAKE_END; i++)
		fake_page(test, before, i);
	fake_extend();
	return root;
}

#endif /* KEEL_TEST_FAKE_MACHINE_H */
