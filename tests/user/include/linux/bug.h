/* SPDX-License-Identifier: GPL-2.0 */
/* User-space shim: assertions at run time: a warning ends the run, as the kernel's fails it. */
#ifndef SHIM_LINUX_BUG_H
#define SHIM_LINUX_BUG_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define BUG() \
	do { fprintf(stderr, "BUG: %s:%d\n", __FILE__, __LINE__); abort(); } while (0)
#define BUG_ON(cond)		do { if (cond) BUG(); } while (0)
#define WARN_ON(cond) \
	({ bool __w = (cond); if (__w) fprintf(stderr, SHIM_WARNING, __FILE__, __LINE__); __w; })
#define SHIM_WARNING		"WARNING: %s:%d\n"
#define WARN_ON_ONCE(cond)	WARN_ON(cond)

#endif /* SHIM_LINUX_BUG_H */
