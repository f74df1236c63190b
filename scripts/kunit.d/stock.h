/* SPDX-License-Identifier: GPL-2.0 */
/* The section with the suites of a kernel without KUnit: see stock.c. */
#ifndef KEEL_KUNIT_STOCK_H
#define KEEL_KUNIT_STOCK_H

#include <kunit/test.h>

extern struct kunit_suite *keel_suites_begin[];
extern struct kunit_suite *keel_suites_end[];

#endif /* KEEL_KUNIT_STOCK_H */
