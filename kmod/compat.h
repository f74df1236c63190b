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
#include <linux/syscore_ops.h>

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
#endif /* __ASSEMBLER__ */

#endif /* KEEL_COMPAT_H */
