/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A writer of AML, the byte code of ACPI's tables, for the few things that the
 * description of a guest's machine is made of.
 */
#ifndef KEEL_CTL_AML_H
#define KEEL_CTL_AML_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

/* Packages within each other */
#define AML_DEPTH 8

/* What begins a package: aml_open() */
#define AML_BUFFER	0x11
#define AML_PACKAGE	0x12
#define AML_METHOD	0x14
#define AML_SCOPE	0x10
#define AML_IF		0xa0
#define AML_FIELD	0x5b81
#define AML_DEVICE	0x5b82

/* Single bytes: aml_op() */
#define AML_NAME	0x08
#define AML_LOCAL0	0x60
#define AML_STORE	0x70
#define AML_AND		0x7b
#define AML_NOTIFY	0x86
#define AML_NOWHERE	0x00	/* a target */
#define AML_REGION	0x5b80

/* How an interrupt's resource says that it is edge-triggered, active high, one's own */
#define AML_EDGE	0x03

/**
 * struct aml - what has been written
 * @data: the bytes
 * @len: how many
 * @room: how many fit
 * @depth: packages that are open
 * @open: where each of them has its length
 */
struct aml {
	__u8 *data;
	size_t len;
	size_t room;
	unsigned int depth;
	size_t open[AML_DEPTH];
};

void aml_bytes(struct aml *aml, const void *data, size_t len);
void aml_byte(struct aml *aml, __u8 byte);
void aml_op(struct aml *aml, unsigned int op);
void aml_open(struct aml *aml, unsigned int op);
void aml_close(struct aml *aml);
void aml_path(struct aml *aml, const char *path);
void aml_int(struct aml *aml, __u64 val);
void aml_string(struct aml *aml, const char *text);
void aml_eisa(struct aml *aml, const char *id);
void aml_field(struct aml *aml, const char *name, unsigned int bits);

/* Resources, between these two */
void aml_open_crs(struct aml *aml);
void aml_crs_ports(struct aml *aml, __u16 port, __u8 nr);
void aml_crs_memory(struct aml *aml, __u32 gpa, __u32 size);
void aml_crs_irq(struct aml *aml, __u32 gsi);
void aml_close_crs(struct aml *aml);

#endif /* KEEL_CTL_AML_H */
