// SPDX-License-Identifier: GPL-2.0
/*
 * What the module itself says of a CPU's VMX controls, for comparison with what
 * keelctl says.  Reads lines of six pairs "MUST MAY", in hexadecimal, one a word
 * of controls in the order of enum keel_ctl_word; prints 1 or 0 for each line.
 */
#include <stdio.h>

#include "vmx/hostvmcs.h"

int main(void)
{
	struct keel_ctl_refusal why;
	struct keel_vmx_caps caps;
	u64 ctl[KEEL_CTL_NR];
	unsigned long long must, may;
	unsigned int w = 0;

	while (scanf("%llx %llx", &must, &may) == 2) {
		caps.ctl[w].must = must;
		caps.ctl[w].may = may;
		if (++w < KEEL_CTL_NR)
			continue;
		printf("%d\n", keel_ctl_resolve(&caps, keel_host_want, ctl, &why) &&
		       caps.ctl[KEEL_CTL_PIN].may & KEEL_PIN_PREEMPTION_TIMER);
		w = 0;
	}
	return 0;
}
