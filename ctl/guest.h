/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest, as the kernel describes it.
 */
#ifndef KEEL_CTL_GUEST_H
#define KEEL_CTL_GUEST_H

#include <stdbool.h>
#include <linux/types.h>

#include "nl.h"

/**
 * struct guest - a guest
 * @event: enum keel_vm_event when it comes with a notification, else 0
 * @id: its number
 * @name: its name
 * @memory: in bytes
 * @vcpus: how many
 * @weight: its share of the CPUs
 * @state: enum keel_vm_state
 * @reason: enum keel_vm_reason, 0 when there is none
 * @detail: what goes with the reason
 * @has_detail: there is one
 * @created: CLOCK_BOOTTIME in ns
 * @started: the same, 0 for never
 * @template: it is there to be cloned
 * @huge: it takes its memory in large pages, where it can
 * @console: its tty, empty when it has none
 * @threads: how many there are
 * @thread: those of its vCPUs
 */
struct guest {
	__u32 event;
	__u32 id;
	char name[KEEL_NAME_MAX + 1];
	__u64 memory;
	__u32 vcpus;
	__u32 weight;
	__u32 state;
	__u32 reason;
	__u64 detail;
	bool has_detail;
	__u64 created;
	__u64 started;
	bool template;
	bool huge;
	char console[32];
	unsigned int threads;
	__u32 thread[KEEL_VCPUS_MAX];
};

/**
 * struct guests - a list of them
 * @nr: how many
 * @guest: in the order of their ids
 */
struct guests {
	unsigned int nr;
	struct guest *guest;
};

int guest_take(struct nlmsghdr *msg, void *guest);
bool guest_which(struct nl_msg *msg, const char *word);
int guest_get(const char *word, struct guest *guest);
int guest_do(int command, const char *word);
int guest_refused(const char *word);
int guest_list(struct guests *list);
void guest_json(const char *name, const struct guest *guest);
const char *guest_state(__u32 state);
__u32 guest_state_of(const char *word);
const char *guest_reason(__u32 reason);
const char *guest_why(const struct guest *guest);
bool guest_is_up(const struct guest *guest);

#endif /* KEEL_CTL_GUEST_H */
