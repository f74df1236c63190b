// SPDX-License-Identifier: GPL-2.0
/*
 * The ACPI tables of a guest: of the hardware-reduced kind, since there is neither a
 * PIC nor a PIT nor an ACPI timer.  They lie one behind the other in memory that is
 * reserved, the RSDP first, where it is looked for.
 */
#include <stdlib.h>
#include <string.h>

#include "acpi.h"
#include "aml.h"
#include "../uapi/keel.h"
#include "../uapi/machine.h"

#define PACKED __attribute__((packed))

struct rsdp {
	char signature[8];
	__u8 checksum;
	char oem[6];
	__u8 revision;
	__u32 rsdt;
	__u32 length;
	__u64 xsdt;
	__u8 checksum_all;
	__u8 reserved[3];
} PACKED;

struct header {
	char signature[4];
	__u32 length;
	__u8 revision;
	__u8 checksum;
	char oem[6];
	char table[8];
	__u32 oem_revision;
	char creator[4];
	__u32 creator_revision;
} PACKED;

/* A register: the address space (1: ports), bits, their offset, bytes of an access (log) */
struct gas {
	__u8 space;
	__u8 width;
	__u8 offset;
	__u8 access;
	__u64 address;
} PACKED;

/* Registers that a hardware-reduced machine has not are zeros. */
struct fadt {
	struct header header;
	__u32 facs;
	__u32 dsdt;
	__u8 fixed1[65];
	__u16 boot_arch;
	__u8 reserved;
	__u32 flags;
	struct gas reset_reg;
	__u8 reset_value;
	__u16 arm_boot_arch;
	__u8 minor;
	__u64 x_facs;
	__u64 x_dsdt;
	__u8 fixed2[96];
	struct gas sleep_control;
	struct gas sleep_status;
	char hypervisor[8];
} PACKED;

_Static_assert(sizeof(struct fadt) == 276, "the size of revision 6");

/* Bits 0: WBINVD works; 4, 5: there are no fixed buttons; 10: @reset_reg; 20: hardware-reduced */
#define FADT_FLAGS	0x100431

/* Bit 2: there is no VGA; bit 1 would be an 8042, and bit 5 the lack of an RTC */
#define FADT_BOOT_ARCH	4

struct madt_lapic {
	__u8 type;
	__u8 length;
	__u8 uid;
	__u8 id;
	__u32 flags;
} PACKED;

struct madt_ioapic {
	__u8 type;
	__u8 length;
	__u8 id;
	__u8 reserved;
	__u32 address;
	__u32 gsi;
} PACKED;

struct madt_nmi {
	__u8 type;
	__u8 length;
	__u8 uid;
	__u16 flags;
	__u8 lint;
} PACKED;

static __u8 checksum(const void *data, size_t len)
{
	const __u8 *at = data;
	__u8 sum = 0;

	while (len--)
		sum += *at++;
	return -sum;
}

/* Begin a table: where it is */
static size_t begin(struct aml *out, const char *signature, __u8 revision)
{
	struct header header = {
		.revision = revision, .oem = "KEEL  ", .table = "KEELVM  ", .oem_revision = 1,
		.creator = "KEEL", .creator_revision = 1,
	};

	while (out->len % 16)
		aml_byte(out, 0);
	memcpy(header.signature, signature, sizeof(header.signature));
	aml_bytes(out, &header, sizeof(header));
	return out->len - sizeof(header);
}

/* Its length and checksum; its guest physical address */
static __u64 finish(struct aml *out, size_t at)
{
	struct header *header = (struct header *)(out->data + at);

	header->length = out->len - at;
	header->checksum = checksum(header, header->length);
	return KEEL_MACHINE_ACPI + at;
}

static struct gas port(__u16 number)
{
	return (struct gas) { .space = 1, .width = 8, .access = 1, .address = number };
}

static __u64 put_fadt(struct aml *out, __u64 dsdt)
{
	size_t at = begin(out, "FACP", 6);
	struct fadt fadt = {
		.dsdt = dsdt, .x_dsdt = dsdt, .boot_arch = FADT_BOOT_ARCH, .flags = FADT_FLAGS,
		.reset_reg = port(KEEL_MACHINE_RESET), .reset_value = KEEL_MACHINE_RESET_VALUE,
		.sleep_control = port(KEEL_MACHINE_SLEEP_CONTROL),
		.sleep_status = port(KEEL_MACHINE_SLEEP_STATUS), .minor = 3, .hypervisor = "KEEL",
	};

	aml_bytes(out, (const char *)&fadt + sizeof(fadt.header),
		  sizeof(fadt) - sizeof(fadt.header));
	return finish(out, at);
}

static __u64 put_madt(struct aml *out, unsigned int vcpus)
{
	struct madt_ioapic ioapic = {
		.type = 1, .length = sizeof(ioapic), .address = KEEL_MACHINE_IOAPIC,
	};
	/* NMI is the local interrupt 1 of all of them. */
	struct madt_nmi nmi = { .type = 4, .length = sizeof(nmi), .uid = 0xff, .lint = 1 };
	size_t at = begin(out, "APIC", 5);
	/* where local APICs are, and that there is no PIC */
	__u32 head[2] = { KEEL_MACHINE_LAPIC, 0 };
	unsigned int i;

	aml_bytes(out, head, sizeof(head));
	/* A guest with more is refused by the kernel, in its own words. */
	for (i = 0; i < vcpus && i < KEEL_VCPUS_MAX; i++) {
		struct madt_lapic lapic = {
			.length = sizeof(lapic), .uid = i, .id = i, .flags = 1,
		};

		aml_bytes(out, &lapic, sizeof(lapic));
	}
	aml_bytes(out, &ioapic, sizeof(ioapic));
	aml_bytes(out, &nmi, sizeof(nmi));
	return finish(out, at);
}

static void put_rsdp(struct aml *out, __u64 xsdt)
{
	struct rsdp *rsdp = (struct rsdp *)out->data;

	*rsdp = (struct rsdp) {
		.oem = "KEEL  ", .revision = 2, .length = sizeof(*rsdp), .xsdt = xsdt,
	};
	memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
	rsdp->checksum = checksum(rsdp, 20);
	rsdp->checksum_all = checksum(rsdp, sizeof(*rsdp));
}

/**
 * acpi_add() - add the tables, and a VM generation id that no guest has had before
 * @image: to this image, whose vCPUs are known
 * @say: filled when it cannot be
 *
 * The RSDP is at KEEL_MACHINE_ACPI.
 *
 * Return: false when it cannot be.
 */
bool acpi_add(struct image *image, char say[IMAGE_SAY])
{
	static const struct rsdp none;
	struct aml out = { 0 };
	__u64 tables[2], xsdt;
	void *id, *all;
	size_t at;

	aml_bytes(&out, &none, sizeof(none));
	at = begin(&out, "DSDT", 2);
	dsdt_write(&out);
	tables[0] = put_fadt(&out, finish(&out, at));
	tables[1] = put_madt(&out, image->vcpus);
	at = begin(&out, "XSDT", 1);
	aml_bytes(&out, tables, sizeof(tables));
	xsdt = finish(&out, at);
	put_rsdp(&out, xsdt);
	all = image_own(image, out.len);
	memcpy(all, out.data, out.len);
	free(out.data);
	id = image_own(image, 16);
	image->generation = KEEL_MACHINE_GENID;
	return image_random(id, 16, say) &&
	       image_add(image, KEEL_MACHINE_ACPI, KEEL_MACHINE_GENID - KEEL_MACHINE_ACPI, all,
			 out.len, say) &&
	       image_add(image, KEEL_MACHINE_GENID, KEEL_MACHINE_ACPI_END - KEEL_MACHINE_GENID, id,
			 16, say);
}
