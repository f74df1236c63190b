/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the small guests have: a serial port to print to, a debug-exit port to end by
 * and to be asked to end by, and the time-stamp counter.
 *
 * World: a guest.  64-bit mode, memory mapped as itself, no interrupts, and
 * no IDT: an exception is a triple fault.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stdint.h>

#define SERIAL		0x3f8
#define SERIAL_LSR	(SERIAL + 5)
#define LSR_DATA	0x01

#define DEBUG_EXIT	0xf4

#define PAGE		4096UL

/* Where the program ends, and free memory begins; from guest.lds */
extern char guest_end[];

static inline void outb(uint16_t port, uint8_t val)
{
	asm volatile("outb %0, %1" : : "a" (val), "Nd" (port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t val;

	asm volatile("inb %1, %0" : "=a" (val) : "Nd" (port));
	return val;
}

static inline uint64_t ticks(void)
{
	uint32_t low, high;

	asm volatile("lfence; rdtsc; lfence" : "=a" (low), "=d" (high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void cpuid(uint32_t leaf, uint32_t regs[4])
{
	asm volatile("cpuid"
		     : "=a" (regs[0]), "=b" (regs[1]), "=c" (regs[2]), "=d" (regs[3])
		     : "0" (leaf), "2" (0));
}

/* Which vCPU is this? */
static inline uint32_t vcpu(void)
{
	uint32_t regs[4];

	cpuid(1, regs);
	return regs[1] >> 24;
}

/* Are there others? */
static inline bool has_others(void)
{
	uint32_t regs[4] = { 0 };

	asm volatile("cpuid"
		     : "=a" (regs[0]), "=b" (regs[1]), "=c" (regs[2]), "=d" (regs[3])
		     : "0" (0xb), "2" (1));
	return regs[1] > 1;
}

/* Has the host asked the guest to stop? */
static inline bool is_asked(void)
{
	return inb(DEBUG_EXIT) == 1;
}

/* The first page behind the program, as an address */
static inline uint64_t free_memory(void)
{
	return ((uint64_t)guest_end + PAGE - 1) & ~(PAGE - 1);
}

/*
 * others.S, for programs that the Makefile names: the other vCPUs come to guest(arg), or
 * one of them does once more
 */
uint32_t ready_others(uint64_t arg);
void start_others(uint64_t arg);
void start_other(uint32_t i);

/* print.c */
void print(const char *text);
void print_dec(uint64_t val);
void print_hex(uint64_t val);

/* What it returns is the exit code; @arg is what keelctl create --arg says. */
int guest(uint64_t arg);

#endif /* GUEST_H */
