/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Made from uapi/keel.yaml by scripts/ynl: change that, and run it.
 *
 * The generic-netlink family keel: what policy.c has, and what it calls.
 *
 * World: host.
 */
#ifndef KEEL_POLICY_H
#define KEEL_POLICY_H

#include <net/genetlink.h>

#include "../uapi/keel.h"

/* Multicast groups */
enum {
	KEEL_NLGRP_EVENTS,
};

extern struct genl_family keel_nl_family;

/* By value; NULL for what is none */
extern const char *const keel_vm_state_name[KEEL_VM_STATE_MAX + 1];
extern const char *const keel_vm_reason_name[KEEL_VM_REASON_MAX + 1];
extern const char *const keel_vm_event_name[KEEL_VM_EVENT_MAX + 1];
extern const char *const keel_share_why_name[KEEL_SHARE_WHY_MAX + 1];

/* netlink.c, dump.c */
int keel_nl_status_get_doit(struct sk_buff *skb, struct genl_info *info);
int keel_nl_vm_new_doit(struct sk_buff *skb, struct genl_info *info);
int keel_nl_vm_get_doit(struct sk_buff *skb, struct genl_info *info);
int keel_nl_vm_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int keel_nl_vm_set_doit(struct sk_buff *skb, struct genl_info *info);
int keel_nl_vm_del_doit(struct sk_buff *skb, struct genl_info *info);
int keel_nl_vm_load_doit(struct sk_buff *skb, struct genl_info *info);
int keel_nl_vm_start_doit(struct sk_buff *skb, struct genl_info *info);
int keel_nl_vm_pause_doit(struct sk_buff *skb, struct genl_info *info);
int keel_nl_vm_resume_doit(struct sk_buff *skb, struct genl_info *info);
int keel_nl_vm_stop_doit(struct sk_buff *skb, struct genl_info *info);
int keel_nl_vm_reset_doit(struct sk_buff *skb, struct genl_info *info);
int keel_nl_stat_get_doit(struct sk_buff *skb, struct genl_info *info);
int keel_nl_stat_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int keel_nl_share_get_doit(struct sk_buff *skb, struct genl_info *info);
int keel_nl_share_set_doit(struct sk_buff *skb, struct genl_info *info);
int keel_nl_share_scan_doit(struct sk_buff *skb, struct genl_info *info);
int keel_nl_vm_clone_doit(struct sk_buff *skb, struct genl_info *info);

#endif /* KEEL_POLICY_H */
