/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A user shadow stack, for programs that the C library gives none.
 */
#ifndef KEEL_TEST_SHSTK_H
#define KEEL_TEST_SHSTK_H

#include <sys/syscall.h>

#define ARCH_SHSTK_ENABLE	0x5001
#define ARCH_SHSTK_SHSTK	1

/*
 * Turns it on, empty: the function that asks for it must never return.  Inline
 * always, and the system call too, for the same reason.  False where there is none.
 */
static inline __attribute__((always_inline)) int shstk_enable(void)
{
	long ret = SYS_arch_prctl;

	asm volatile("syscall" : "+a" (ret) : "D" (ARCH_SHSTK_ENABLE), "S" (ARCH_SHSTK_SHSTK)
		     : "rcx", "r11", "memory");
	return !ret;
}

#endif /* KEEL_TEST_SHSTK_H */
