/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included ahead of every file of keel_kunit.ko: what the kernels that run the
 * suites lack, so that the suites and the sources need not know of it.
 */
#ifndef KEEL_KUNIT_COMPAT_H
#define KEEL_KUNIT_COMPAT_H

/* Only for the suites; the sources they test are compiled as they are. */
#ifdef KEEL_KUNIT_SUITE
#include <kunit/test.h>
#include <linux/string.h>

/* User Mode Linux has macros of these names: two fields of a VMCS, and segments */
#ifdef CONFIG_UML
#include <linux/ptrace.h>
#undef HOST_FS_BASE
#undef HOST_GS_BASE
#undef ES
#undef CS
#undef SS
#undef DS
#undef FS
#undef GS
#endif

/* since 6.2 */
#ifndef KUNIT_EXPECT_MEMEQ
#define KUNIT_EXPECT_MEMEQ(test, left, right, size) \
	KUNIT_EXPECT_EQ(test, memcmp(left, right, size), 0)
#define KUNIT_ASSERT_MEMEQ(test, left, right, size) \
	KUNIT_ASSERT_EQ(test, memcmp(left, right, size), 0)
#define KUNIT_EXPECT_MEMNEQ(test, left, right, size) \
	KUNIT_EXPECT_NE(test, memcmp(left, right, size), 0)
#define KUNIT_ASSERT_MEMNEQ(test, left, right, size) \
	KUNIT_ASSERT_NE(test, memcmp(left, right, size), 0)
#endif

/* A module without the kernel's KUnit: stock.c calls the suites, from a section of their own. */
#ifdef KEEL_KUNIT_STOCK
#undef kunit_test_suites
#define kunit_test_suites(...)						\
	static struct kunit_suite *__UNIQUE_ID(suites)[] __used		\
	__aligned(sizeof(struct kunit_suite *))				\
	__section("keel_suites") = { __VA_ARGS__ }
#undef kunit_test_suite
#define kunit_test_suite(suite)	kunit_test_suites(&(suite))
#endif
#endif /* KEEL_KUNIT_SUITE */

#endif /* KEEL_KUNIT_COMPAT_H */
