/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every difference between kernel versions that the host world has to know.
 *
 * World: host.  Nothing here goes by the version's number, since point releases
 * and distributions carry changes back: an option of the configuration, or a
 * macro that comes with what is wanted, tells.
 */
#ifndef KEEL_COMPAT_H
#define KEEL_COMPAT_H

#ifdef __ASSEMBLER__
#include <linux/objtool.h>
#include <asm/unwind_hints.h>

/* Indirect branch tracking, since 5.18, wants it where a pointer or an event leads. */
#ifdef CONFIG_X86_KERNEL_IBT
#include <asm/ibt.h>
#endif
#ifndef ENDBR
#define ENDBR
#endif

/*
 * No stack that the unwinder could follow.  The hints are macros of the
 * assembler's, which the preprocessor cannot see; the constant that it can came
 * together with this one, when UNWIND_HINT_EMPTY was split in two in 6.4.
 */
#ifdef UNWIND_HINT_TYPE_UNDEFINED
#define KEEL_HINT_NO_STACK	UNWIND_HINT_UNDEFINED
#else
#define KEEL_HINT_NO_STACK	UNWIND_HINT_EMPTY
#endif
#endif /* __ASSEMBLER__ */

#ifndef __ASSEMBLER__
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/syscore_ops.h>
#include <linux/tty_driver.h>
#include <asm/cpufeature.h>
#include <asm/msr-index.h>
#include <net/genetlink.h>

/*
 * The memory cgroup that this thread's allocations are charged to: set_active_memcg(),
 * which 5.10 has only for itself since it serves interrupts, too.
 */
static inline struct mem_cgroup *keel_charge_to(struct mem_cgroup *memcg)
{
#ifdef CONFIG_MEMCG
	struct mem_cgroup *old = current->active_memcg;

	current->active_memcg = memcg;
	return old;
#else
	return NULL;
#endif
}

/*
 * What suspend and resume call with one CPU left and interrupts off has got an
 * argument, and its registration another name; Kbuild looks which it is.
 */
#ifdef KEEL_SYSCORE_DATA
#define KEEL_SYSCORE_ARG	void *unused

#define KEEL_SYSCORE(name, do_suspend, do_resume)	\
static const struct syscore_ops name##_ops = {		\
	.suspend = (do_suspend),			\
	.resume = (do_resume),				\
};							\
static struct syscore name = { .ops = &name##_ops }

#define keel_register_syscore	register_syscore
#define keel_unregister_syscore	unregister_syscore
#else
#define KEEL_SYSCORE_ARG	void

#define KEEL_SYSCORE(name, do_suspend, do_resume)	\
static struct syscore_ops name = {			\
	.suspend = (do_suspend),			\
	.resume = (do_resume),				\
}

#define keel_register_syscore	register_syscore_ops
#define keel_unregister_syscore	unregister_syscore_ops
#endif

/* Until 6.7, and in what was not given that fix, anybody may listen to a group. */
#ifdef GENL_MCAST_CAP_NET_ADMIN
#define KEEL_MCGRP_ADMIN	.flags = GENL_MCAST_CAP_NET_ADMIN,
#else
#define KEEL_MCGRP_ADMIN
#endif

/* Since 6.1 a refusal can say by number which attribute is missing. */
#ifndef NL_SET_ERR_ATTR_MISS
#define NL_SET_ERR_ATTR_MISS(extack, nest, type)	do { } while (0)
#endif

/*
 * What a tty driver is asked and answers was int, until 5.14 and 6.6.  Its methods
 * tell: the types that they return came with those that they take.
 */
#define KEEL_TTY_OPS		((const struct tty_operations *)NULL)
#define KEEL_TTY_ROOM		typeof(KEEL_TTY_OPS->write_room(NULL))
#define KEEL_TTY_WRITTEN	typeof(KEEL_TTY_OPS->write(NULL, NULL, 0))
#define KEEL_TTY_COUNT		typeof(__builtin_choose_expr(sizeof(KEEL_TTY_WRITTEN) == \
							     sizeof(int), 0, (size_t)0))

/* For some years, a CPU could be too old for anybody to know. */
#ifdef X86_BUG_MMIO_UNKNOWN
#define KEEL_MMIO_UNKNOWN	boot_cpu_has_bug(X86_BUG_MMIO_UNKNOWN)
#else
#define KEEL_MMIO_UNKNOWN	false
#endif

/*
 * What CPUs can be immune to that not every kernel knows of: of IA32_ARCH_CAPABILITIES.  A
 * kernel that does not know cannot say so.
 */
static inline u64 keel_immune(void)
{
	u64 bits = 0;

#ifdef X86_BUG_MMIO_STALE_DATA
	if (!boot_cpu_has_bug(X86_BUG_MMIO_STALE_DATA) && !KEEL_MMIO_UNKNOWN)
		bits |= ARCH_CAP_SBDR_SSDP_NO | ARCH_CAP_FBSDP_NO | ARCH_CAP_PSDP_NO;
#endif
#if defined(X86_BUG_GDS) && defined(ARCH_CAP_GDS_NO)
	if (!boot_cpu_has_bug(X86_BUG_GDS))
		bits |= ARCH_CAP_GDS_NO;
#endif
#if defined(X86_BUG_RFDS) && defined(ARCH_CAP_RFDS_NO)
	if (!boot_cpu_has_bug(X86_BUG_RFDS))
		bits |= ARCH_CAP_RFDS_NO;
#endif
#if defined(X86_BUG_BHI) && defined(ARCH_CAP_BHI_NO)
	if (!boot_cpu_has_bug(X86_BUG_BHI))
		bits |= ARCH_CAP_BHI_NO;
#endif
#if defined(X86_BUG_ITS) && defined(ARCH_CAP_ITS_NO)
	if (!boot_cpu_has_bug(X86_BUG_ITS))
		bits |= ARCH_CAP_ITS_NO;
#endif
	return bits;
}

#endif /* __ASSEMBLER__ */

#endif /* KEEL_COMPAT_H */
