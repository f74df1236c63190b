/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads for vCPUs, which outlive their guests.
 *
 * World: host.
 */
#ifndef KEEL_CREW_H
#define KEEL_CREW_H

#include <linux/types.h>

struct keel_hand;
struct task_struct;

void keel_crew_init(void);
bool keel_crew_is_full(void);
unsigned int keel_crew_linger(void);
struct keel_hand *keel_hand_get(const char *name);
void keel_hand_name(struct keel_hand *hand, const char *name);
void keel_hand_go(struct keel_hand *hand, void (*job)(void *arg), void *arg);
void keel_hand_wait(struct keel_hand *hand);
void keel_hand_put(struct keel_hand *hand);
bool keel_crew_at_home(void);
bool keel_hand_as_made(const struct keel_hand *hand);
void keel_hand_leave(struct keel_hand *hand);
struct task_struct *keel_hand_task(const struct keel_hand *hand);
void keel_crew_dismiss(void);

#endif /* KEEL_CREW_H */
