// SPDX-License-Identifier: GPL-2.0
/*
 * Writing AML.  A package has its length, itself included, at its head, in as many
 * bytes as that takes: what is in it is written first, and moved to make room.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "aml.h"

/* More room than that is no guest's machine. */
#define LEN_MAX 0x10000

static void *grow(struct aml *aml, size_t len)
{
	while (aml->room - aml->len < len) {
		aml->room = aml->room ? 2 * aml->room : 4096;
		aml->data = realloc(aml->data, aml->room);
		if (!aml->data)
			abort();
	}
	aml->len += len;
	assert(aml->len <= LEN_MAX);
	return aml->data + aml->len - len;
}

/**
 * aml_bytes() - write bytes as they are
 * @aml: what has been written
 * @data: bytes
 * @len: how many
 */
void aml_bytes(struct aml *aml, const void *data, size_t len)
{
	memcpy(grow(aml, len), data, len);
}

/**
 * aml_byte() - write a byte as it is
 * @aml: what has been written
 * @byte: the byte
 */
void aml_byte(struct aml *aml, __u8 byte)
{
	aml_bytes(aml, &byte, 1);
}

/**
 * aml_op() - write an opcode
 * @aml: what has been written
 * @op: one byte, or two with 0x5b as the upper one
 */
void aml_op(struct aml *aml, unsigned int op)
{
	if (op >> 8)
		aml_byte(aml, op >> 8);
	aml_byte(aml, op);
}

/**
 * aml_open() - begin something that has a length
 * @aml: what has been written
 * @op: what it is
 */
void aml_open(struct aml *aml, unsigned int op)
{
	aml_op(aml, op);
	assert(aml->depth < AML_DEPTH);
	aml->open[aml->depth++] = aml->len;
}

/* Lengths up to 63 are in one byte; else it has the lower four bits, and how many follow. */
static unsigned int put_length(__u8 *at, size_t len)
{
	unsigned int more;

	if (len + 1 < 0x40) {
		*at = len + 1;
		return 1;
	}
	more = len + 2 < 1 << 12 ? 1 : 2;
	len += 1 + more;
	at[0] = more << 6 | (len & 0xf);
	at[1] = len >> 4;
	if (more == 2)
		at[2] = len >> 12;
	return 1 + more;
}

/**
 * aml_close() - end what was opened last
 * @aml: what has been written
 */
void aml_close(struct aml *aml)
{
	size_t at, len;
	unsigned int n;
	__u8 head[4];

	assert(aml->depth);
	at = aml->open[--aml->depth];
	len = aml->len - at;
	n = put_length(head, len);
	grow(aml, n);
	memmove(aml->data + at + n, aml->data + at, len);
	memcpy(aml->data + at, head, n);
}

/**
 * aml_path() - write a name
 * @aml: what has been written
 * @path: a name of four characters, perhaps behind a backslash
 */
void aml_path(struct aml *aml, const char *path)
{
	aml_bytes(aml, path, strlen(path));
}

/**
 * aml_int() - write an integer
 * @aml: what has been written
 * @val: the integer
 */
void aml_int(struct aml *aml, __u64 val)
{
	static const __u8 prefix[] = { 0x0a, 0x0b, 0x0c, 0x0e };
	unsigned int log;

	if (val <= 1) {
		aml_byte(aml, val);
		return;
	}
	for (log = 0; log < 3 && val >> (8 << log); log++)
		;
	aml_byte(aml, prefix[log]);
	aml_bytes(aml, &val, 1 << log);
}

/**
 * aml_string() - write a string
 * @aml: what has been written
 * @text: the string, in ASCII
 */
void aml_string(struct aml *aml, const char *text)
{
	aml_byte(aml, 0x0d);
	aml_bytes(aml, text, strlen(text) + 1);
}

/**
 * aml_eisa() - write the id of a kind of devices, packed into an integer
 * @aml: what has been written
 * @id: three capitals and four hexadecimal digits
 */
void aml_eisa(struct aml *aml, const char *id)
{
	unsigned int letters = (id[0] - '@') << 10 | (id[1] - '@') << 5 | (id[2] - '@');
	unsigned int number = strtoul(id + 3, NULL, 16);

	aml_int(aml, __builtin_bswap32(letters << 16 | number));
}

/**
 * aml_field() - write a field of the region whose fields are open
 * @aml: what has been written
 * @name: its name
 * @bits: how large, less than 64
 */
void aml_field(struct aml *aml, const char *name, unsigned int bits)
{
	aml_path(aml, name);
	aml_byte(aml, bits);
}

/**
 * aml_open_crs() - begin the resources of a device
 * @aml: what has been written
 *
 * It is a name with a buffer, whose size aml_close_crs() fills in.
 */
void aml_open_crs(struct aml *aml)
{
	aml_op(aml, AML_NAME);
	aml_path(aml, "_CRS");
	aml_open(aml, AML_BUFFER);
	aml_bytes(aml, "\x0a", 2);
}

/**
 * aml_crs_ports() - ports
 * @aml: what has been written
 * @port: the first one
 * @nr: how many
 */
void aml_crs_ports(struct aml *aml, __u16 port, __u8 nr)
{
	const __u8 res[] = { 0x47, 1, port & 0xff, port >> 8, port & 0xff, port >> 8, 1, nr };

	aml_bytes(aml, res, sizeof(res));
}

/**
 * aml_crs_memory() - registers in memory
 * @aml: what has been written
 * @gpa: where
 * @size: bytes
 */
void aml_crs_memory(struct aml *aml, __u32 gpa, __u32 size)
{
	aml_bytes(aml, "\x86\x09\0\x01", 4);
	aml_bytes(aml, &gpa, sizeof(gpa));
	aml_bytes(aml, &size, sizeof(size));
}

/**
 * aml_crs_irq() - an interrupt that is edge-triggered
 * @aml: what has been written
 * @gsi: its number
 */
void aml_crs_irq(struct aml *aml, __u32 gsi)
{
	const __u8 head[] = { 0x89, 6, 0, AML_EDGE, 1 };

	aml_bytes(aml, head, sizeof(head));
	aml_bytes(aml, &gsi, sizeof(gsi));
}

/**
 * aml_close_crs() - end the resources
 * @aml: what has been written
 */
void aml_close_crs(struct aml *aml)
{
	size_t at = aml->open[aml->depth - 1];

	/* an end, with a checksum of 0 for none */
	aml_bytes(aml, "\x79", 2);
	assert(aml->len - at - 2 < 256);
	aml->data[at + 1] = aml->len - at - 2;
	aml_close(aml);
}
