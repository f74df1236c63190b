// SPDX-License-Identifier: GPL-2.0
/*
 * The devices of a guest's machine, in AML: what a Linux guest cannot find by itself.
 * uapi/machine.h says where they are.
 */
#include <stdio.h>

#include "acpi.h"
#include "aml.h"
#include "../uapi/machine.h"

/* _STA: present, working, shown, decoding; or not there */
#define STA_PRESENT 0xf
#define STA_ABSENT 0

/* What a button and the VM generation id tell: that something has happened */
#define NOTIFY_CHANGED 0x80

static void name_int(struct aml *aml, const char *name, __u64 val)
{
	aml_op(aml, AML_NAME);
	aml_path(aml, name);
	aml_int(aml, val);
}

static void name_string(struct aml *aml, const char *name, const char *text)
{
	aml_op(aml, AML_NAME);
	aml_path(aml, name);
	aml_string(aml, text);
}

static void open_device(struct aml *aml, const char *name)
{
	aml_open(aml, AML_DEVICE);
	aml_path(aml, name);
}

static void name_hid(struct aml *aml, const char *id)
{
	aml_op(aml, AML_NAME);
	aml_path(aml, "_HID");
	aml_eisa(aml, id);
}

static void open_package(struct aml *aml, const char *name, unsigned int nr)
{
	aml_op(aml, AML_NAME);
	aml_path(aml, name);
	aml_open(aml, AML_PACKAGE);
	aml_byte(aml, nr);
}

static void sleep(struct aml *aml)
{
	open_package(aml, "\\_S5_", 4);
	aml_int(aml, KEEL_MACHINE_S5);
	aml_int(aml, KEEL_MACHINE_S5);
	aml_int(aml, 0);
	aml_int(aml, 0);
	aml_close(aml);
}

static void uart(struct aml *aml)
{
	open_device(aml, "COM1");
	name_hid(aml, "PNP0501");
	name_int(aml, "_UID", 1);
	name_int(aml, "_STA", STA_PRESENT);
	aml_open_crs(aml);
	aml_crs_ports(aml, KEEL_MACHINE_UART, KEEL_MACHINE_UART_PORTS);
	aml_crs_irq(aml, KEEL_MACHINE_UART_GSI);
	aml_close_crs(aml);
	aml_close(aml);
}

static void rtc(struct aml *aml)
{
	open_device(aml, "RTC_");
	name_hid(aml, "PNP0B00");
	aml_open_crs(aml);
	aml_crs_ports(aml, KEEL_MACHINE_RTC, 2);
	aml_close_crs(aml);
	aml_close(aml);
}

static void power_button(struct aml *aml)
{
	open_device(aml, "PWRB");
	name_hid(aml, "PNP0C0C");
	name_int(aml, "_UID", 0);
	aml_close(aml);
}

/* Hosts that offer it and guests that look for it have more than one name for it. */
static void generation(struct aml *aml)
{
	open_device(aml, "VGEN");
	name_string(aml, "_HID", "KEEL0001");
	open_package(aml, "_CID", 2);
	aml_string(aml, "VM_Gen_Counter");
	aml_string(aml, "VMGENCTR");
	aml_close(aml);
	name_string(aml, "_DDN", "VM_Gen_Counter");
	open_package(aml, "ADDR", 2);
	aml_int(aml, KEEL_MACHINE_GENID & 0xffffffff);
	aml_int(aml, KEEL_MACHINE_GENID >> 32);
	aml_close(aml);
	aml_close(aml);
}

static void notify(struct aml *aml, unsigned int bit, const char *device)
{
	aml_open(aml, AML_IF);
	aml_op(aml, AML_AND);
	aml_op(aml, AML_LOCAL0);
	aml_int(aml, bit);
	aml_op(aml, AML_NOWHERE);
	aml_op(aml, AML_NOTIFY);
	aml_path(aml, device);
	aml_int(aml, NOTIFY_CHANGED);
	aml_close(aml);
}

/* It says what has happened once: reading clears it. */
static void events(struct aml *aml)
{
	open_device(aml, "GED_");
	name_string(aml, "_HID", "ACPI0013");
	name_int(aml, "_UID", 0);
	aml_open_crs(aml);
	aml_crs_irq(aml, KEEL_MACHINE_GED_GSI);
	aml_close_crs(aml);
	aml_op(aml, AML_REGION);
	aml_path(aml, "PORT");
	aml_byte(aml, 1);		/* ports */
	aml_int(aml, KEEL_MACHINE_GED);
	aml_int(aml, 1);
	aml_open(aml, AML_FIELD);
	aml_path(aml, "PORT");
	aml_byte(aml, 1);		/* by bytes, without a lock */
	aml_field(aml, "PEND", 8);
	aml_close(aml);
	aml_open(aml, AML_METHOD);
	aml_path(aml, "_EVT");
	aml_byte(aml, 1 | 8);		/* one argument, one caller at a time */
	aml_op(aml, AML_STORE);
	aml_path(aml, "PEND");
	aml_op(aml, AML_LOCAL0);
	notify(aml, KEEL_MACHINE_GED_POWER, "PWRB");
	notify(aml, KEEL_MACHINE_GED_GENID, "VGEN");
	aml_close(aml);
	aml_close(aml);
}

static void pvpanic(struct aml *aml)
{
	open_device(aml, "PEVT");
	name_string(aml, "_HID", "QEMU0001");
	name_int(aml, "_STA", STA_PRESENT);
	aml_open_crs(aml);
	aml_crs_ports(aml, KEEL_MACHINE_PVPANIC, 1);
	aml_close_crs(aml);
	aml_close(aml);
}

/* No slot has a device yet. */
static void virtio(struct aml *aml)
{
	unsigned int i;
	char name[5];

	for (i = 0; i < KEEL_MACHINE_VIRTIO_SLOTS; i++) {
		snprintf(name, sizeof(name), "VIO%u", i % 10);
		open_device(aml, name);
		name_string(aml, "_HID", "LNRO0005");
		name_int(aml, "_UID", i);
		name_int(aml, "_STA", STA_ABSENT);
		aml_open_crs(aml);
		aml_crs_memory(aml, KEEL_MACHINE_VIRTIO + i * KEEL_MACHINE_VIRTIO_SIZE,
			       KEEL_MACHINE_VIRTIO_SIZE);
		aml_crs_irq(aml, KEEL_MACHINE_VIRTIO_GSI + i);
		aml_close_crs(aml);
		aml_close(aml);
	}
}

/**
 * dsdt_write() - write the description of the machine's devices
 * @aml: gets it, behind what it has
 */
void dsdt_write(struct aml *aml)
{
	sleep(aml);
	aml_open(aml, AML_SCOPE);
	aml_path(aml, "\\_SB_");
	uart(aml);
	rtc(aml);
	power_button(aml);
	generation(aml);
	events(aml);
	pvpanic(aml);
	virtio(aml);
	aml_close(aml);
}
