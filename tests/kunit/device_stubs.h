/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What devices have to do with, played: a console, states and events, interrupts.
 *
 * World: KUnit.  No locks.
 */
#ifndef KEEL_TEST_DEVICE_STUBS_H
#define KEEL_TEST_DEVICE_STUBS_H

#include <kunit/test.h>

#include "../../kmod/life.h"
#include "../../kmod/supply.h"
#include "../../kmod/vm.h"

/**
 * struct played - what devices have done, and what they are given
 * @vm: the guest
 * @t: its vCPU's thread
 * @reports: how often an end was reported
 * @state: the state that was reported last
 * @reason: likewise
 * @detail: likewise
 * @events: events of guests
 * @event: the last one
 * @out: what went to the console
 * @nr_out: how much
 * @in: what the console has
 * @nr_in: how much is left of it
 * @said: what root has kept of what the guest has said
 * @nr_said: how much
 * @port: what root was told of the serial port last
 * @told: how often root was told
 * @listens: the console is to tell when it has something
 * @sent: messages that were sent as interrupts
 * @address: of the last one
 * @data: of the last one
 */
struct played {
	struct keel_vm vm;
	struct keel_vcpu_thread t;
	unsigned int reports;
	u32 state;
	u32 reason;
	u64 detail;
	unsigned int events;
	u32 event;
	u8 out[256];
	unsigned int nr_out;
	u8 in[256];
	unsigned int nr_in;
	u8 said[KEEL_SAID_NR];
	unsigned int nr_said;
	u32 port;
	unsigned int told;
	bool listens;
	unsigned int sent;
	u64 address;
	u32 data;
};

extern struct played *played;

/* a machine that was just switched on; it is @played */
struct played *play(struct kunit *test);

void play_out(u16 port, u32 val);
u32 play_in(u16 port);
void play_write(u64 gpa, u32 val);
u32 play_read(u64 gpa);

/* something is typed */
void play_type(const char *text);

/* a pin's entry in the redirection table */
void play_pin(unsigned int pin, u64 entry);
u64 play_pin_of(unsigned int pin);

#endif /* KEEL_TEST_DEVICE_STUBS_H */
