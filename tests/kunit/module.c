// SPDX-License-Identifier: GPL-2.0
/* What a module needs beside its suites: they come from the other files here. */
#include <linux/module.h>

MODULE_DESCRIPTION("Keel: KUnit suites");
MODULE_LICENSE("GPL");
