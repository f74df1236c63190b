// SPDX-License-Identifier: GPL-2.0
/* The begin of the section with the suites: linked first, see stock.c. */
#include "stock.h"

struct kunit_suite *keel_suites_begin[0] __used __section("keel_suites");
