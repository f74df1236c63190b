/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KEEL_CTL_WAIT_H
#define KEEL_CTL_WAIT_H

#include <linux/types.h>

/* What can be waited for besides a state, whose numbers these do not meet */
#define WAIT_DELETED	0x10000		/* it is no more */
#define WAIT_ENDED	0x10001		/* it neither runs nor could go on */

int wait_for(const char *word, __u32 what, int timeout);

#endif /* KEEL_CTL_WAIT_H */
