// SPDX-License-Identifier: GPL-2.0
/*
 * The first process of a Linux kernel whose boot is measured, and the only one: it says so at
 * once, by port I/O, for which no driver is needed, and waits.
 *
 * A guest's says 'init' on the first serial port; its host looks at the clock.  A kernel on the
 * machine itself, which knows from the command line at what tick it was entered (native.c),
 * says 'native-boot linux TICKS' in the way in which the reference machine's own init does what
 * a command says (scripts/machine.d/init.c), and ends the machine.
 *
 * World: user, in a guest or in the machine; no library.
 */
#include <stddef.h>
#include <stdint.h>
#include <asm/unistd.h>

#include "linuxboot.h"

#define COM1		0x3f8
#define COM3		0x3e8
#define DIVISOR_HIGH	1
#define LINE_CONTROL	3
#define LINE_DIVISOR	0x80
#define LINE_8N1	0x03
#define LINE_STATUS	5
#define LINE_EMPTY	0x40
#define PRINTER		0x378
#define PRINTER_CONTROL	2
#define SHUTDOWN	0x8900

static long call(long nr, long arg)
{
	long ret;

	asm volatile("syscall" : "=a" (ret) : "0" (nr), "D" (arg) : "rcx", "r11", "memory");
	return ret;
}

static void outb(uint16_t port, uint8_t val)
{
	asm volatile("outb %0, %1" : : "a" (val), "Nd" (port));
}

static uint8_t inb(uint16_t port)
{
	uint8_t val;

	asm volatile("inb %1, %0" : "=a" (val) : "Nd" (port));
	return val;
}

static uint64_t ticks(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a" (low), "=d" (high));
	return (uint64_t)high << 32 | low;
}

static void write_port(uint16_t port, const char *text)
{
	while (*text)
		outb(port, *text++);
}

static void print(const char *text)
{
	while (*text) {
		outb(PRINTER, *text++);
		outb(PRINTER + PRINTER_CONTROL, 0x0d);
		outb(PRINTER + PRINTER_CONTROL, 0x0c);
	}
}

static void print_number(uint64_t val)
{
	char text[24], *at = text + sizeof(text) - 1;

	*at = 0;
	do {
		at--;
		*at = '0' + val % 10;
		val /= 10;
	} while (val);
	print(at);
}

/* The tick at which the kernel was entered, 0 when that is not known */
static uint64_t entered(char **env)
{
	const char *want, *at;
	uint64_t val = 0;

	for (; *env; env++) {
		for (want = LINUX_ENTERED, at = *env; *want && *want == *at; want++)
			at++;
		if (*want)
			continue;
		for (; *at; at++)
			val = val << 4 | ((*at & 0xf) + (*at > '9' ? 9 : 0));
	}
	return val;
}

/* Linux has looked at the port, and may have left anything there. */
static void say(const char *text)
{
	outb(COM3 + LINE_CONTROL, LINE_DIVISOR);
	outb(COM3, 1);
	outb(COM3 + DIVISOR_HIGH, 0);
	outb(COM3 + LINE_CONTROL, LINE_8N1);
	while (*text) {
		outb(COM3, *text++);
		while (!(inb(COM3 + LINE_STATUS) & LINE_EMPTY))
			;
	}
}

static void native(uint64_t took)
{
	print("native-boot linux ");
	print_number(took);
	print("\nend\n");
	say("\nSTATUS 0\n");
	write_port(SHUTDOWN, "Shutdown");
}

/* The stack as the kernel leaves it: how many arguments, they, NULL, the environment, NULL */
__attribute__((__used__)) void begin(uint64_t *stack)
{
	uint64_t now = ticks(), from = entered((char **)(stack + stack[0] + 2));

	call(__NR_iopl, 3);
	if (from)
		native(now - from);
	else
		write_port(COM1, LINUX_SAYS);
	for (;;)
		call(__NR_pause, 0);
}

asm(".globl _start\n"
	"_start:\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call begin\n");
