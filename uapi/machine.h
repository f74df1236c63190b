/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause */
/*
 * The machine that a guest finds: where its memory, its devices and the tables that
 * describe them are.  keelctl writes the tables, keel.ko serves the devices; what
 * stands here is part of both.
 */
#ifndef _UAPI_KEEL_MACHINE_H
#define _UAPI_KEEL_MACHINE_H

/* Memory is below the hole; what does not fit there goes on above it. */
#define KEEL_MACHINE_HOLE		0xc0000000ULL
#define KEEL_MACHINE_HOLE_END		0x100000000ULL

/* Reserved pages of memory: the ACPI tables, and the VM generation id in the last one */
#define KEEL_MACHINE_ACPI		0xe0000ULL
#define KEEL_MACHINE_GENID		0xff000ULL
#define KEEL_MACHINE_ACPI_END		0x100000ULL

/* Interrupts: an I/O APIC, whose pins are the global system interrupts from 0 on */
#define KEEL_MACHINE_IOAPIC		0xfec00000ULL
#define KEEL_MACHINE_IOAPIC_PINS	24
#define KEEL_MACHINE_LAPIC		0xfee00000ULL

/* virtio-mmio: each slot has a page and a pin */
#define KEEL_MACHINE_VIRTIO		0xfeb00000ULL
#define KEEL_MACHINE_VIRTIO_SIZE	0x1000
#define KEEL_MACHINE_VIRTIO_SLOTS	8
#define KEEL_MACHINE_VIRTIO_GSI		16

/* Ports */
#define KEEL_MACHINE_PIT_COUNT		0x42	/* an 8254's third channel */
#define KEEL_MACHINE_PIT_CONTROL	0x43
#define KEEL_MACHINE_PORT_B		0x61	/* its gate and its output */
#define KEEL_MACHINE_RESET		0x64	/* write KEEL_MACHINE_RESET_VALUE */
#define KEEL_MACHINE_RESET_VALUE	0xfe
#define KEEL_MACHINE_RTC		0x70	/* index; data at the next one */
#define KEEL_MACHINE_EXIT		0xf4	/* write: end so; read: 1 if asked to stop */
#define KEEL_MACHINE_UART		0x3f8
#define KEEL_MACHINE_UART_PORTS		8
#define KEEL_MACHINE_UART_GSI		4
#define KEEL_MACHINE_PVPANIC		0x505
#define KEEL_MACHINE_SLEEP_CONTROL	0x600
#define KEEL_MACHINE_SLEEP_STATUS	0x601
#define KEEL_MACHINE_GED		0x602	/* read: KEEL_MACHINE_GED_..., which it clears */
#define KEEL_MACHINE_GED_GSI		9

/* The sleep type of S5, soft off */
#define KEEL_MACHINE_S5			5

/* What the event device tells */
#define KEEL_MACHINE_GED_POWER		1	/* the power button was pressed */
#define KEEL_MACHINE_GED_GENID		2	/* the VM generation id has changed */

#endif /* _UAPI_KEEL_MACHINE_H */
