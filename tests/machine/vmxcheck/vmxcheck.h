/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vmxcheck: a VM entry that has to fail, as data.
 *
 * World: host (a test module).  No locks.
 */
#ifndef VMXCHECK_H
#define VMXCHECK_H

#include "vmx/check.h"

#define VMXCHECK_EDITS	12
#define VMXCHECK_ALSO	4

/* how an entry ends */
enum vmxcheck_how {
	ENTERED = 0,
	BAD_CONTROL = 7,	/* VM-instruction errors */
	BAD_HOST = 8,
	BAD_GUEST = 33,		/* basic exit reason */
};

/* what the guest is before the edits */
enum vmxcheck_guest { GUEST_LINUX, GUEST_V86 };

/**
 * struct vmxcheck_edit - a change of the valid VMCS
 * @ix: index of the field + 1; 0 ends a list
 * @clear: bits to clear
 * @set: bits to set then
 */
struct vmxcheck_edit {
	u16 ix;
	u64 clear;
	u64 set;
};

/**
 * struct vmxcheck_case - one entry
 * @name: its name
 * @how: how it has to fail
 * @raw: its point is a control that the CPU does not have; other cases are
 *       skipped on a CPU that lacks a control they set
 * @code: skipped on a CPU that leaves error codes to software: the emulator lets
 *        any pass on such a CPU, also those that the SDM forbids
 * @guest: what the edits change
 * @check: the check that it violates, + 1
 * @also: further ones, + 1
 * @says: what the emulator logs
 * @edit: what to change
 */
struct vmxcheck_case {
	const char *name;
	enum vmxcheck_how how;
	bool raw;
	bool code;
	enum vmxcheck_guest guest;
	u16 check;
	u16 also[VMXCHECK_ALSO];
	const char *says;
	struct vmxcheck_edit edit[VMXCHECK_EDITS];
};

extern const struct vmxcheck_case vmxcheck_cases[];
extern const unsigned int vmxcheck_nr;

/* enter.S */
int vmxcheck_enter(void);
extern const u8 vmxcheck_exit[], vmxcheck_guest[];

#endif /* VMXCHECK_H */
