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

static inline struct keel_root *fake_machine(struct kunit *test)
{
	struct keel_shared *shared = kunit_kzalloc(test, sizeof(*shared), GFP_KERNEL);
	u32 i;

	fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fake);
	KUNIT_ASSERT_NOT_NULL(test, shared);
	fake->cpu[0].shared = shared;
	for (i = 0; i < FAKE_FRAMES; i++) {
		fake->page[i] = kunit_kzalloc(test, 4096, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, fake->page[i]);
	}
	KUNIT_ASSERT_TRUE(test, fake_build());
	return &fake->root;
}

/* with memory for blocks */
static inline struct keel_root *fake_machine_large(struct kunit *test)
{
	struct keel_root *root = fake_machine(test);
	u32 i;

	for (i = FAKE_FRAMES; i < FAKE_END; i++) {
		fake->page[i] = kunit_kzalloc(test, 4096, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, fake->page[i]);
	}
	fake_extend();
	return root;
}

#endif /* KEEL_TEST_FAKE_MACHINE_H */
