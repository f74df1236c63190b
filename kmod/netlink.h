/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files behind the generic-netlink family know of each other.
 *
 * World: host.
 */
#ifndef KEEL_NETLINK_H
#define KEEL_NETLINK_H

#include <linux/types.h>

struct genl_info;
struct keel;
struct keel_image;
struct keel_vm;
struct sk_buff;

/* image.c */
struct keel_image *keel_image_from(struct genl_info *info, u64 memory);

/* netlink.c: the guest that a command names, with a reference, or an ERR_PTR */
struct keel_vm *keel_nl_find(struct genl_info *info);
/* likewise: is it a name for a guest; room for what is said of one; and the reply */
bool keel_nl_good_name(const char *name);
struct sk_buff *keel_nl_vm_reply(void);
int keel_nl_vm_send(struct sk_buff *msg, struct genl_info *info, const struct keel_vm *vm);

/* reply.c: -EMSGSIZE when there is no room; what was put by then is to be cancelled */
int keel_reply_status(struct sk_buff *skb, const struct keel *keel);
int keel_reply_vm(struct sk_buff *skb, const struct keel_vm *vm, bool tell);
int keel_reply_stat(struct sk_buff *skb, struct keel_vm *vm, unsigned int *vcpu);

/* notify.c */
void keel_notify_open(void);
void keel_notify_close(void);
u32 keel_notify_generation(void);

#endif /* KEEL_NETLINK_H */
