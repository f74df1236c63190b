/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exceptions, for programs that look whether an MSR faults.
 *
 * World: a guest.
 */
#ifndef TESTS_GUEST_EXCEPTION_H
#define TESTS_GUEST_EXCEPTION_H

#include "apic.h"
#include "check.h"

#define VECTOR_NMI	2
#define VECTOR_GP	13

/* How often an MSR was not to be read, or not to be written so */
static volatile uint32_t faults;

/* Is it none of an APIC's interrupts?  An exception that nobody has meant is the end. */
static bool exception(struct frame *frame)
{
	if (frame->vector >= 32)
		return false;
	if (frame->vector == VECTOR_GP) {
		/* RDMSR and WRMSR are two bytes long. */
		faults++;
		frame->rip += 2;
	} else if (frame->vector != VECTOR_NMI) {
		print("exception ");
		print_dec(frame->vector);
		print(" at ");
		print_hex(frame->rip);
		print("\n");
		check(false, "an exception nobody has meant");
	}
	return true;
}

#endif /* TESTS_GUEST_EXCEPTION_H */
