/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KEEL_CTL_SYS_H
#define KEEL_CTL_SYS_H

#include <stdbool.h>
#include <linux/types.h>

/* What CPUID returns */
struct sys_cpuid {
	__u32 a, b, c, d;
};

char *sys_read(const char *path);
unsigned int sys_count(const char *pattern);
int sys_cpuid(unsigned int cpu, __u32 leaf, struct sys_cpuid *regs);
int sys_msr(unsigned int cpu, __u32 msr, __u64 *val);
const char *sys_release(void);
int sys_terminal(const char *name);
int sys_unload(const char *module);

#endif /* KEEL_CTL_SYS_H */
