// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the suites of keel_kunit.ko at its insertion, on a kernel without KUnit.
 * compat.h makes kunit_test_suites() put them into one section.  It begins in
 * stock-begin.c, which is linked first, and ends here, in what is linked last:
 * a module has no linker script that could mark the two.
 */
#include <linux/module.h>

#include "stock.h"

struct kunit_suite *keel_suites_end[0] __used __section("keel_suites");

static int __init keel_kunit_init(void)
{
	size_t bytes = (uintptr_t)keel_suites_end - (uintptr_t)keel_suites_begin;

	return __kunit_test_suites_init(keel_suites_begin, bytes / sizeof(keel_suites_begin[0]));
}
module_init(keel_kunit_init);

static void __exit keel_kunit_exit(void)
{
}
module_exit(keel_kunit_exit);
