// SPDX-License-Identifier: GPL-2.0
/*
 * devices: uses one of the machine's devices, as its argument says.  The I/O APIC and
 * memory above 4 GiB want memory beyond 3 GiB, of which keelctl's tables map 4.
 *
 * World: a guest.
 */
#include "guest.h"
#include "../../uapi/machine.h"

enum { CLOCK = 1, PANIC, CRASH_KERNEL, OFF, BUTTON, SERIAL_IRQ, PINS, ABOVE, HOLE };

#define SERIAL_VECTOR	0x41
#define GED_VECTOR	0x42

/* The serial port's registers */
#define IER		(SERIAL + 1)
#define IIR		(SERIAL + 2)
#define MCR		(SERIAL + 4)
#define IER_DATA	1
#define IER_EMPTY	2

#define MSR_APIC_BASE	0x1b
#define X2APIC_MODE	0xfee00d00
#define MSR_EOI		0x80b
#define MSR_SVR		0x80f

#define LEVEL		0x8000
#define MASKED		0x10000
#define REMOTE_IRR	0x4000

#define GIB		0x40000000UL

struct gate {
	uint16_t low;
	uint16_t selector;
	uint16_t type;
	uint16_t middle;
	uint32_t high;
	uint32_t zero;
};

static struct gate idt[256];

static volatile unsigned int serial_irqs, ged_irqs;
static volatile uint8_t ged;
/* of serial interrupts: how many are let be before the device is looked at */
static volatile unsigned int ignored;

static volatile uint8_t out[256];
static volatile uint8_t sent, queued;
static volatile bool done;

static void wrmsr(uint32_t msr, uint32_t val)
{
	asm volatile("wrmsr" : : "c" (msr), "a" (val), "d" (0));
}

static uint64_t mmio_read(uint64_t offset)
{
	uint32_t val;

	asm volatile("movl (%1), %0" : "=r" (val) : "r" (KEEL_MACHINE_IOAPIC + offset) : "memory");
	return val;
}

static void mmio_write(uint64_t offset, uint32_t val)
{
	asm volatile("movl %0, (%1)" : : "r" (val), "r" (KEEL_MACHINE_IOAPIC + offset) : "memory");
}

static uint32_t ioapic(uint32_t reg)
{
	mmio_write(0, reg);
	return mmio_read(0x10);
}

static void pin(uint32_t nr, uint32_t entry)
{
	mmio_write(0, 0x11 + 2 * nr);
	mmio_write(0x10, 0);
	mmio_write(0, 0x10 + 2 * nr);
	mmio_write(0x10, entry);
}

/* What is said to it goes back in capitals; a q ends it. */
static void serve_serial(void)
{
	uint8_t c, what;

	while (!((what = inb(IIR)) & 1)) {
		switch (what & 0xf) {
		case 0x4:
		case 0xc:
			c = inb(SERIAL);
			done |= c == 'q';
			out[queued++] = c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
			outb(IER, IER_DATA | IER_EMPTY);
			break;
		case 0x2:
			if (sent != queued)
				outb(SERIAL, out[sent++]);
			else
				outb(IER, IER_DATA);
			break;
		}
	}
}

static __attribute__((interrupt)) void on_serial(void *frame)
{
	(void)frame;
	serial_irqs++;
	if (ignored)
		ignored--;
	else
		serve_serial();
	wrmsr(MSR_EOI, 0);
}

static __attribute__((interrupt)) void on_ged(void *frame)
{
	(void)frame;
	ged_irqs++;
	ged |= inb(KEEL_MACHINE_GED);
	wrmsr(MSR_EOI, 0);
}

static void gate(unsigned int vector, void (*handler)(void *frame))
{
	uint64_t at = (uint64_t)handler;

	idt[vector] = (struct gate) {
		.low = at, .selector = 0x10, .type = 0x8e00, .middle = at >> 16, .high = at >> 32,
	};
}

static void interrupts(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = { sizeof(idt) - 1, (uint64_t)idt };

	gate(SERIAL_VECTOR, on_serial);
	gate(GED_VECTOR, on_ged);
	asm volatile("lidt %0" : : "m" (idtr));
	wrmsr(MSR_APIC_BASE, X2APIC_MODE);
	wrmsr(MSR_SVR, 0x1ff);
}

static void sleep(void)
{
	asm volatile("sti; hlt; cli" : : : "memory");
}

/* Interrupts that are due come here. */
static void window(void)
{
	asm volatile("sti; nop; nop; cli" : : : "memory");
}

static unsigned int cmos(uint8_t index)
{
	uint8_t val;

	outb(KEEL_MACHINE_RTC, index);
	val = inb(KEEL_MACHINE_RTC + 1);
	return (val >> 4) * 10 + (val & 0xf);
}

/* Seconds since the epoch, of the days that have a leap year every four years */
static uint64_t now(void)
{
	static const uint16_t before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	uint64_t years, days;
	unsigned int month;

	do {
		outb(KEEL_MACHINE_RTC, 0x0a);
	} while (inb(KEEL_MACHINE_RTC + 1) & 0x80);
	years = cmos(0x32) * 100 + cmos(9) - 1970;
	month = cmos(8);
	days = years * 365 + (years + 1) / 4 + before[month - 1] + cmos(7) - 1;
	days += month > 2 && years % 4 == 2;
	return ((days * 24 + cmos(4)) * 60 + cmos(2)) * 60 + cmos(0);
}

static int clock(void)
{
	print("clock ");
	print_dec(now());
	print("\n");
	return 0;
}

/* It does not come back. */
static int off(void)
{
	outb(KEEL_MACHINE_SLEEP_CONTROL, 0x20 | KEEL_MACHINE_S5 << 2);
	return 254;
}

static int button(void)
{
	interrupts();
	pin(KEEL_MACHINE_GED_GSI, GED_VECTOR);
	print("waits\n");
	while (!ged)
		sleep();
	print("power button ");
	print_dec(ged_irqs);
	print("\n");
	return off();
}

static int serial(void)
{
	interrupts();
	outb(IIR, 1);
	outb(MCR, 0xb);
	pin(KEEL_MACHINE_UART_GSI, SERIAL_VECTOR);
	outb(IER, IER_DATA);
	while (!done || sent != queued)
		sleep();
	outb(IER, 0);
	print("\n");
	return serial_irqs > 255 ? 255 : serial_irqs;
}

static int wrong(const char *what, uint64_t got)
{
	print("pins: ");
	print(what);
	print(" ");
	print_hex(got);
	print("\n");
	return 1;
}

/* A device that wants something for good, by the interrupts of its empty transmitter */
static int pins(void)
{
	uint64_t val;
	uint8_t byte;

	interrupts();
	if (ioapic(1) != 0x170020)
		return wrong("version", ioapic(1));
	mmio_write(0, 1);
	asm volatile("movzbl (%1), %k0" : "=r" (val) : "r" (KEEL_MACHINE_IOAPIC));
	if (val != 0xff)
		return wrong("a byte", val);
	asm volatile("movabsl 0xfec00010, %%eax" : "=a" (val));
	if ((uint32_t)val != 0x170020)
		return wrong("movabs", val);
	asm volatile("movl $0x12, (%0)" : : "r" (KEEL_MACHINE_IOAPIC) : "memory");
	asm volatile("movb (%1), %h0" : "=Q" (val) : "r" (KEEL_MACHINE_VIRTIO), "0" (0UL));
	if (val != 0xff00)
		return wrong("ah", val);
	asm volatile("movslq (%1), %0" : "=r" (val) : "r" (KEEL_MACHINE_VIRTIO + 0x7000));
	if (val != ~0UL)
		return wrong("a slot", val);
	if (mmio_read(0) != 0x12 || ioapic(0x12) != MASKED)
		return wrong("an entry", ioapic(0x12));

	/* masked */
	pin(KEEL_MACHINE_UART_GSI, MASKED | LEVEL | SERIAL_VECTOR);
	outb(IER, IER_EMPTY);
	window();
	if (serial_irqs)
		return wrong("masked", serial_irqs);
	/* comes again for as long as nobody looks */
	ignored = 3;
	pin(KEEL_MACHINE_UART_GSI, LEVEL | SERIAL_VECTOR);
	while (ignored)
		window();
	window();
	window();
	if (serial_irqs != 4)
		return wrong("level", serial_irqs);
	outb(IER, 0);
	if (ioapic(0x10 + 2 * KEEL_MACHINE_UART_GSI) & REMOTE_IRR)
		return wrong("EOI", ioapic(0x10 + 2 * KEEL_MACHINE_UART_GSI));
	/* and once when it is an edge */
	pin(KEEL_MACHINE_UART_GSI, SERIAL_VECTOR);
	ignored = 1;
	outb(IER, IER_EMPTY);
	window();
	window();
	if (serial_irqs != 5)
		return wrong("edge", serial_irqs);
	byte = inb(IIR);
	if (byte != 2)
		return wrong("IIR", byte);
	outb(IER, 0);
	print("pins ok\n");
	return 0;
}

/* 4 GiB lie where the tables end. */
static int above(void)
{
	uint64_t *pml4, *pdpt, *pd = (uint64_t *)free_memory(), i;
	volatile uint64_t *high = (void *)(4 * GIB), *low = (void *)(2 * GIB);

	asm volatile("mov %%cr3, %0" : "=r" (pml4));
	pdpt = (uint64_t *)(pml4[0] & ~0xfffUL);
	for (i = 0; i < 512; i++)
		pd[i] = 4 * GIB + (i << 21) + 0x83;
	pdpt[4] = (uint64_t)pd | 3;
	if (high[0] || high[GIB / 16 - 1])
		return 1;
	high[0] = 0x1234567812345678;
	high[GIB / 16 - 1] = 5;
	low[0] = 6;
	if (high[0] != 0x1234567812345678 || high[GIB / 16 - 1] != 5)
		return 2;
	print("above ok\n");
	/* behind the end */
	return high[GIB / 16];
}

int guest(uint64_t arg)
{
	switch (arg) {
	case CLOCK:
		return clock();
	case PANIC:
		outb(KEEL_MACHINE_PVPANIC, 1);
		return 253;
	case CRASH_KERNEL:
		outb(KEEL_MACHINE_PVPANIC, 2);
		return inb(KEEL_MACHINE_PVPANIC);
	case OFF:
		return off();
	case BUTTON:
		return button();
	case SERIAL_IRQ:
		return serial();
	case PINS:
		return pins();
	case ABOVE:
		return above();
	case HOLE:
		return *(volatile uint8_t *)KEEL_MACHINE_HOLE;
	}
	return 255;
}
