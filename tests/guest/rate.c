// SPDX-License-Identifier: GPL-2.0
/*
 * rate: what leaving the guest costs, a line for each kind of exit with the median of
 * TSC ticks, less those of an empty measurement.
 *
 * A hypercall is one that there is not.  The ports are those of devices which do nothing
 * then: a keyboard controller's, and ACPI's status of sleep.  First touches go to memory
 * behind the program, of which they take ROUNDS pages for reads, which are then written
 * to, and as many for writes.
 *
 * World: a guest.
 */
#include "../../uapi/machine.h"
#include "sample.h"

#define HC_NONE 0xffff

int guest(uint64_t arg)
{
	volatile uint64_t *reads = (void *)free_memory(), *writes = reads + ROUNDS * PAGE / 8;
	uint32_t regs[4];
	uint64_t result;
	int i;

	for (i = 0; i < ROUNDS; i++)
		MEASURE(i, asm volatile("" : : : "memory"));
	nothing = median();
	print("empty ");
	print_dec(nothing);
	print("\n");

	for (i = 0; i < ROUNDS; i++)
		MEASURE(i, cpuid(0, regs));
	tell("cpuid");
	for (i = 0; i < ROUNDS; i++)
		MEASURE(i, asm volatile("vmcall" : "=a" (result) : "0" (HC_NONE) : "memory"));
	tell("vmcall");
	for (i = 0; i < ROUNDS; i++)
		MEASURE(i, outb(KEEL_MACHINE_RESET, 0));
	tell("out");
	for (i = 0; i < ROUNDS; i++)
		MEASURE(i, inb(KEEL_MACHINE_SLEEP_STATUS));
	tell("in");

	if (arg < (uint64_t)(writes + ROUNDS * PAGE / 8)) {
		print("rate: for first touches, start it with --arg and its memory, 1M or more\n");
		return 0;
	}
	for (i = 0; i < ROUNDS; i++)
		MEASURE(i, (void)reads[i * PAGE / 8]);
	tell("read");
	for (i = 0; i < ROUNDS; i++)
		MEASURE(i, writes[i * PAGE / 8] = 1);
	tell("write");
	for (i = 0; i < ROUNDS; i++)
		MEASURE(i, reads[i * PAGE / 8] = 1);
	tell("write-after-read");
	return 0;
}
