// SPDX-License-Identifier: GPL-2.0
/*
 * Made from uapi/keel.yaml by scripts/ynl: change that, and run it.
 *
 * What may stand in a command, the commands, and the names of enums.  The
 * kernel refuses what a policy does not name, before any code of ours runs.
 *
 * World: host.  Read-only.
 */
#include <linux/module.h>

#include "compat.h"
#include "policy.h"

static struct netlink_range_validation keel_a_start_gdt_limit_range = {
	.max = 65535ULL,
};

static struct netlink_range_validation keel_a_vm_count_range = {
	.min = 1ULL,
	.max = 65279ULL,
};

static const struct nla_policy keel_segment_nl_policy[] = {
	[KEEL_A_SEGMENT_GPA] = { .type = NLA_U64 },
	[KEEL_A_SEGMENT_OFFSET] = { .type = NLA_U64 },
	[KEEL_A_SEGMENT_SIZE] = NLA_POLICY_MIN(NLA_U64, 1),
};

static const struct nla_policy keel_start_nl_policy[] = {
	[KEEL_A_START_RIP] = { .type = NLA_U64 },
	[KEEL_A_START_RSP] = { .type = NLA_U64 },
	[KEEL_A_START_RAX] = { .type = NLA_U64 },
	[KEEL_A_START_RBX] = { .type = NLA_U64 },
	[KEEL_A_START_RCX] = { .type = NLA_U64 },
	[KEEL_A_START_RDX] = { .type = NLA_U64 },
	[KEEL_A_START_RSI] = { .type = NLA_U64 },
	[KEEL_A_START_RDI] = { .type = NLA_U64 },
	[KEEL_A_START_CR3] = { .type = NLA_U64 },
	[KEEL_A_START_GDT_BASE] = { .type = NLA_U64 },
	[KEEL_A_START_GDT_LIMIT] = NLA_POLICY_FULL_RANGE(NLA_U32, &keel_a_start_gdt_limit_range),
	[KEEL_A_START_LONG_MODE] = { .type = NLA_FLAG },
};

static const struct nla_policy keel_vm_new_nl_policy[] = {
	[KEEL_A_VM_NAME] = { .type = NLA_NUL_STRING, .len = 63 },
	[KEEL_A_VM_MEMORY] = NLA_POLICY_MIN(NLA_U64, 4096),
	[KEEL_A_VM_VCPUS] = NLA_POLICY_RANGE(NLA_U32, 1, 16),
	[KEEL_A_VM_WEIGHT] = NLA_POLICY_RANGE(NLA_U32, 1, 10000),
	[KEEL_A_VM_HUGE] = { .type = NLA_FLAG },
	[KEEL_A_VM_IMAGE_FD] = { .type = NLA_U32 },
	[KEEL_A_VM_SEGMENT] = NLA_POLICY_NESTED(keel_segment_nl_policy),
	[KEEL_A_VM_START] = NLA_POLICY_NESTED(keel_start_nl_policy),
	[KEEL_A_VM_RANDOM] = NLA_POLICY_NESTED(keel_segment_nl_policy),
	[KEEL_A_VM_GENERATION] = { .type = NLA_U64 },
	[KEEL_A_VM_RUN] = { .type = NLA_FLAG },
};

static const struct nla_policy keel_vm_get_nl_policy[] = {
	[KEEL_A_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KEEL_A_VM_NAME] = { .type = NLA_NUL_STRING, .len = 63 },
};

static const struct nla_policy keel_vm_set_nl_policy[] = {
	[KEEL_A_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KEEL_A_VM_NAME] = { .type = NLA_NUL_STRING, .len = 63 },
	[KEEL_A_VM_WEIGHT] = NLA_POLICY_RANGE(NLA_U32, 1, 10000),
	[KEEL_A_VM_TEMPLATE] = NLA_POLICY_MAX(NLA_U32, 1),
};

static const struct nla_policy keel_vm_load_nl_policy[] = {
	[KEEL_A_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KEEL_A_VM_NAME] = { .type = NLA_NUL_STRING, .len = 63 },
	[KEEL_A_VM_IMAGE_FD] = { .type = NLA_U32 },
	[KEEL_A_VM_SEGMENT] = NLA_POLICY_NESTED(keel_segment_nl_policy),
	[KEEL_A_VM_START] = NLA_POLICY_NESTED(keel_start_nl_policy),
	[KEEL_A_VM_RANDOM] = NLA_POLICY_NESTED(keel_segment_nl_policy),
	[KEEL_A_VM_GENERATION] = { .type = NLA_U64 },
};

static const struct nla_policy keel_vm_stop_nl_policy[] = {
	[KEEL_A_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KEEL_A_VM_NAME] = { .type = NLA_NUL_STRING, .len = 63 },
	[KEEL_A_VM_TIMEOUT] = { .type = NLA_U32 },
};

static const struct nla_policy keel_stat_get_nl_policy[] = {
	[KEEL_A_STAT_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KEEL_A_STAT_NAME] = { .type = NLA_NUL_STRING, .len = 63 },
};

static const struct nla_policy keel_share_get_nl_policy[] = {
	[KEEL_A_SHARE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KEEL_A_SHARE_NAME] = { .type = NLA_NUL_STRING, .len = 63 },
};

static const struct nla_policy keel_share_set_nl_policy[] = {
	[KEEL_A_SHARE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KEEL_A_SHARE_NAME] = { .type = NLA_NUL_STRING, .len = 63 },
	[KEEL_A_SHARE_ENABLE] = NLA_POLICY_MAX(NLA_U32, 1),
	[KEEL_A_SHARE_DOMAIN] = { .type = NLA_U32 },
	[KEEL_A_SHARE_BUDGET] = NLA_POLICY_RANGE(NLA_U32, 1, 100),
	[KEEL_A_SHARE_CAP] = NLA_POLICY_MIN(NLA_U32, 2),
	[KEEL_A_SHARE_RATE] = { .type = NLA_U32 },
};

static const struct nla_policy keel_vm_clone_nl_policy[] = {
	[KEEL_A_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KEEL_A_VM_NAME] = { .type = NLA_NUL_STRING, .len = 63 },
	[KEEL_A_VM_CLONE] = { .type = NLA_NUL_STRING, .len = 63 },
	[KEEL_A_VM_COUNT] = NLA_POLICY_FULL_RANGE(NLA_U32, &keel_a_vm_count_range),
	[KEEL_A_VM_RUN] = { .type = NLA_FLAG },
};

/* Before 6.1, what has no policy takes anything. */
static const struct nla_policy keel_none_nl_policy[] = {
	[1] = { .type = NLA_REJECT },
};

static const struct genl_ops keel_nl_ops[] = {
	{
		.cmd = KEEL_CMD_STATUS_GET,
		.policy = keel_none_nl_policy,
		.maxattr = ARRAY_SIZE(keel_none_nl_policy) - 1,
		.doit = keel_nl_status_get_doit,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = KEEL_CMD_VM_NEW,
		.policy = keel_vm_new_nl_policy,
		.maxattr = ARRAY_SIZE(keel_vm_new_nl_policy) - 1,
		.doit = keel_nl_vm_new_doit,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = KEEL_CMD_VM_GET,
		.policy = keel_vm_get_nl_policy,
		.maxattr = ARRAY_SIZE(keel_vm_get_nl_policy) - 1,
		.doit = keel_nl_vm_get_doit,
		.dumpit = keel_nl_vm_get_dumpit,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = KEEL_CMD_VM_SET,
		.policy = keel_vm_set_nl_policy,
		.maxattr = ARRAY_SIZE(keel_vm_set_nl_policy) - 1,
		.doit = keel_nl_vm_set_doit,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = KEEL_CMD_VM_DEL,
		.policy = keel_vm_get_nl_policy,
		.maxattr = ARRAY_SIZE(keel_vm_get_nl_policy) - 1,
		.doit = keel_nl_vm_del_doit,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = KEEL_CMD_VM_LOAD,
		.policy = keel_vm_load_nl_policy,
		.maxattr = ARRAY_SIZE(keel_vm_load_nl_policy) - 1,
		.doit = keel_nl_vm_load_doit,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = KEEL_CMD_VM_START,
		.policy = keel_vm_get_nl_policy,
		.maxattr = ARRAY_SIZE(keel_vm_get_nl_policy) - 1,
		.doit = keel_nl_vm_start_doit,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = KEEL_CMD_VM_PAUSE,
		.policy = keel_vm_get_nl_policy,
		.maxattr = ARRAY_SIZE(keel_vm_get_nl_policy) - 1,
		.doit = keel_nl_vm_pause_doit,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = KEEL_CMD_VM_RESUME,
		.policy = keel_vm_get_nl_policy,
		.maxattr = ARRAY_SIZE(keel_vm_get_nl_policy) - 1,
		.doit = keel_nl_vm_resume_doit,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = KEEL_CMD_VM_STOP,
		.policy = keel_vm_stop_nl_policy,
		.maxattr = ARRAY_SIZE(keel_vm_stop_nl_policy) - 1,
		.doit = keel_nl_vm_stop_doit,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = KEEL_CMD_VM_RESET,
		.policy = keel_vm_get_nl_policy,
		.maxattr = ARRAY_SIZE(keel_vm_get_nl_policy) - 1,
		.doit = keel_nl_vm_reset_doit,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = KEEL_CMD_STAT_GET,
		.policy = keel_stat_get_nl_policy,
		.maxattr = ARRAY_SIZE(keel_stat_get_nl_policy) - 1,
		.doit = keel_nl_stat_get_doit,
		.dumpit = keel_nl_stat_get_dumpit,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = KEEL_CMD_SHARE_GET,
		.policy = keel_share_get_nl_policy,
		.maxattr = ARRAY_SIZE(keel_share_get_nl_policy) - 1,
		.doit = keel_nl_share_get_doit,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = KEEL_CMD_SHARE_SET,
		.policy = keel_share_set_nl_policy,
		.maxattr = ARRAY_SIZE(keel_share_set_nl_policy) - 1,
		.doit = keel_nl_share_set_doit,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = KEEL_CMD_SHARE_SCAN,
		.policy = keel_none_nl_policy,
		.maxattr = ARRAY_SIZE(keel_none_nl_policy) - 1,
		.doit = keel_nl_share_scan_doit,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = KEEL_CMD_VM_CLONE,
		.policy = keel_vm_clone_nl_policy,
		.maxattr = ARRAY_SIZE(keel_vm_clone_nl_policy) - 1,
		.doit = keel_nl_vm_clone_doit,
		.flags = GENL_ADMIN_PERM,
	},
};

static const struct genl_multicast_group keel_nl_mcgrps[] = {
	[KEEL_NLGRP_EVENTS] = {
		.name = KEEL_MCGRP_EVENTS,
		KEEL_MCGRP_ADMIN
	},
};

/* In the initial network namespace only: netnsok is not set. */
struct genl_family keel_nl_family __ro_after_init = {
	.name = KEEL_FAMILY_NAME,
	.version = KEEL_FAMILY_VERSION,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = keel_nl_ops,
	.n_ops = ARRAY_SIZE(keel_nl_ops),
	.mcgrps = keel_nl_mcgrps,
	.n_mcgrps = ARRAY_SIZE(keel_nl_mcgrps),
};

#define KEEL_NAMED(constant, name) [constant] = name,

const char *const keel_vm_state_name[KEEL_VM_STATE_MAX + 1] = {
	KEEL_VM_STATES(KEEL_NAMED)
};

const char *const keel_vm_reason_name[KEEL_VM_REASON_MAX + 1] = {
	KEEL_VM_REASONS(KEEL_NAMED)
};

const char *const keel_vm_event_name[KEEL_VM_EVENT_MAX + 1] = {
	KEEL_VM_EVENTS(KEEL_NAMED)
};

const char *const keel_share_why_name[KEEL_SHARE_WHY_MAX + 1] = {
	KEEL_SHARE_WHYS(KEEL_NAMED)
};
