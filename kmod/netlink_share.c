// SPDX-License-Identifier: GPL-2.0
/*
 * The commands of the family that are about sharing equal pages.
 *
 * World: host, as netlink.c.
 */
#include <linux/err.h>
#include <net/genetlink.h>

#include "compat.h"
#include "keel.h"
#include "netlink.h"
#include "policy.h"
#include "share.h"
#include "vm.h"

static int put(struct sk_buff *msg, int attr, u64 val)
{
	return nla_put_u64_64bit(msg, attr, val, KEEL_A_SHARE_PAD);
}

/* What all guests have together */
static void add_up(struct keel_vm_stat *sum)
{
	struct keel_vm_stat stat;
	struct keel_vm *vm;
	u32 id;

	memset(sum, 0, sizeof(*sum));
	for (id = 1; id && (vm = keel_vm_next(id)); keel_vm_put(vm)) {
		keel_vm_stat(vm, &stat);
		sum->shared += stat.shared;
		sum->zero += stat.zero;
		sum->merged += stat.merged;
		sum->breaks += stat.breaks;
		sum->reserve += stat.reserve;
		sum->splits += stat.splits;
		sum->collapses += stat.collapses;
		id = vm->id + 1;
	}
}

static int put_all(struct sk_buff *msg)
{
	struct keel_share_stat stat;
	struct keel_vm_stat sum;

	add_up(&sum);
	keel_share_stat(&stat);
	/* The two were not looked at in the same moment. */
	stat.sharing = sum.shared > stat.frames ? sum.shared - stat.frames : 0;
	return nla_put_u32(msg, KEEL_A_SHARE_BUDGET, stat.budget) ?:
	       nla_put_u32(msg, KEEL_A_SHARE_CAP, stat.cap) ?:
	       put(msg, KEEL_A_SHARE_PAGES_SHARED, stat.frames) ?:
	       put(msg, KEEL_A_SHARE_PAGES_SHARING, stat.sharing) ?:
	       put(msg, KEEL_A_SHARE_PAGES_UNSHARED, stat.unshared) ?:
	       put(msg, KEEL_A_SHARE_PAGES_VOLATILE, stat.dirty) ?:
	       put(msg, KEEL_A_SHARE_PAGES_ZERO, sum.zero) ?:
	       put(msg, KEEL_A_SHARE_FULL_SCANS, stat.passes) ?:
	       put(msg, KEEL_A_SHARE_MERGED, sum.merged) ?:
	       put(msg, KEEL_A_SHARE_BREAKS, sum.breaks) ?:
	       put(msg, KEEL_A_SHARE_FAILED, stat.failed) ?:
	       put(msg, KEEL_A_SHARE_HASHED, stat.hashed) ?:
	       put(msg, KEEL_A_SHARE_OVERHEAD, stat.overhead) ?:
	       put(msg, KEEL_A_SHARE_CPU_TIME, stat.cpu_time) ?:
	       nla_put_u32(msg, KEEL_A_SHARE_SCANS_ASKED, stat.asked) ?:
	       nla_put_u32(msg, KEEL_A_SHARE_SCANS_DONE, stat.done) ?:
	       nla_put_u32(msg, KEEL_A_SHARE_RATE, stat.rate) ?:
	       nla_put_u32(msg, KEEL_A_SHARE_PACE, stat.pace) ?:
	       put(msg, KEEL_A_SHARE_RESERVE, sum.reserve) ?:
	       nla_put_u32(msg, KEEL_A_SHARE_SHORT, stat.is_short) ?:
	       put(msg, KEEL_A_SHARE_SPLITS, sum.splits) ?:
	       put(msg, KEEL_A_SHARE_COLLAPSES, sum.collapses);
}

/* Why is none of a guest's pages looked at?  0 when they are. */
static u32 why_not(struct keel_vm *vm, const struct keel_share_pages *pages)
{
	u32 state = READ_ONCE(vm->state);

	if (!pages->on)
		return KEEL_SHARE_WHY_OFF;
	if (state != KEEL_VM_STATE_RUNNING && state != KEEL_VM_STATE_PAUSED)
		return KEEL_SHARE_WHY_STOPPED;
	if (pages->seen)
		return 0;
	return pages->young ? KEEL_SHARE_WHY_YOUNG : KEEL_SHARE_WHY_WAITING;
}

static u64 take(u64 *left, u64 most)
{
	u64 nr = min(*left, most);

	*left -= nr;
	return nr;
}

/*
 * Every page of the guest's memory in one of the sums; those that clones have as well are
 * shared.  How many pages it has of its own, shared and zero ones is true now; what its own
 * are is as the last pass has found it, and what it did not find to be clean has been written
 * to since then.
 */
static int put_pages(struct sk_buff *msg, struct keel_vm *vm, const struct keel_share_pages *pages,
		     const struct keel_vm_stat *stat)
{
	u64 total = vm->config.memory >> PAGE_SHIFT, left = total;
	u64 shared = take(&left, stat->shared + stat->cloned), zero = take(&left, stat->zero);
	u64 own = take(&left, stat->mapped);
	u32 why = why_not(vm, pages);
	u64 excluded = take(&own, why ? own : 0);
	u64 huge = take(&own, stat->huge);
	u64 clean = take(&own, pages->clean);
	u64 capped = take(&clean, pages->capped);
	u64 unindexed = take(&clean, pages->unindexed);
	int err;

	err = put(msg, KEEL_A_SHARE_PAGES_TOTAL, total) ?:
	      put(msg, KEEL_A_SHARE_PAGES_SHARING, shared) ?:
	      put(msg, KEEL_A_SHARE_PAGES_ZERO, zero) ?:
	      put(msg, KEEL_A_SHARE_PAGES_VOLATILE, own) ?:
	      put(msg, KEEL_A_SHARE_PAGES_UNSHARED, clean) ?:
	      put(msg, KEEL_A_SHARE_PAGES_CAPPED, capped) ?:
	      put(msg, KEEL_A_SHARE_PAGES_UNINDEXED, unindexed) ?:
	      put(msg, KEEL_A_SHARE_PAGES_HUGE, huge) ?:
	      put(msg, KEEL_A_SHARE_PAGES_EXCLUDED, excluded) ?:
	      put(msg, KEEL_A_SHARE_PAGES_UNTOUCHED, left);
	if (!err && why)
		err = nla_put_u32(msg, KEEL_A_SHARE_WHY, why);
	return err;
}

static int put_guest(struct sk_buff *msg, struct keel_vm *vm)
{
	struct keel_share_pages pages;
	struct keel_vm_stat stat;

	keel_vm_stat(vm, &stat);
	keel_share_pages(vm, &pages);
	return nla_put_u32(msg, KEEL_A_SHARE_ID, vm->id) ?:
	       nla_put_string(msg, KEEL_A_SHARE_NAME, vm->config.name) ?:
	       nla_put_u32(msg, KEEL_A_SHARE_ENABLE, pages.on) ?:
	       nla_put_u32(msg, KEEL_A_SHARE_DOMAIN, pages.domain) ?:
	       put_pages(msg, vm, &pages, &stat) ?:
	       put(msg, KEEL_A_SHARE_MERGED, stat.merged) ?:
	       put(msg, KEEL_A_SHARE_BREAKS, stat.breaks);
}

/**
 * keel_nl_share_get_doit() - show what sharing has done
 * @skb: the command
 * @info: the command
 *
 * Return: 0, what was asked for being sent; an errno with its reason.
 */
int keel_nl_share_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct keel_vm *vm = NULL;
	struct sk_buff *msg;
	int err = -ENOMEM;
	void *head;

	if (info->attrs[KEEL_A_SHARE_ID] || info->attrs[KEEL_A_SHARE_NAME]) {
		vm = keel_nl_find(info);
		if (IS_ERR(vm))
			return PTR_ERR(vm);
	}
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		goto out;
	head = genlmsg_put_reply(msg, info, &keel_nl_family, 0, KEEL_CMD_SHARE_GET);
	err = !head ? -EMSGSIZE : vm ? put_guest(msg, vm) : put_all(msg);
	if (err) {
		nlmsg_free(msg);
		goto out;
	}
	genlmsg_end(msg, head);
	err = genlmsg_reply(msg, info);
out:
	if (vm)
		keel_vm_put(vm);
	return err;
}

/* Nothing of a command is left out in silence. */
static int refuse(struct genl_info *info, int attr, const char *why)
{
	NL_SET_BAD_ATTR(info->extack, info->attrs[attr]);
	info->extack->_msg = why;
	return -EINVAL;
}

static int set_all(struct genl_info *info)
{
	struct nlattr *budget = info->attrs[KEEL_A_SHARE_BUDGET];
	struct nlattr *cap = info->attrs[KEEL_A_SHARE_CAP];
	struct nlattr *rate = info->attrs[KEEL_A_SHARE_RATE];

	if (info->attrs[KEEL_A_SHARE_ENABLE])
		return refuse(info, KEEL_A_SHARE_ENABLE,
			      "enable: which guest? id or name has to say");
	if (info->attrs[KEEL_A_SHARE_DOMAIN])
		return refuse(info, KEEL_A_SHARE_DOMAIN,
			      "domain: of which guest? id or name has to say");
	if (!budget && !cap && !rate) {
		NL_SET_ERR_MSG(info->extack, "budget, cap and rate: one of them has to be there");
		return -EINVAL;
	}
	keel_share_set(budget ? nla_data(budget) : NULL, cap ? nla_data(cap) : NULL,
		       rate ? nla_data(rate) : NULL);
	return 0;
}

static int set_guest(struct genl_info *info)
{
	struct nlattr *on_attr = info->attrs[KEEL_A_SHARE_ENABLE];
	struct nlattr *domain_attr = info->attrs[KEEL_A_SHARE_DOMAIN];
	struct keel_vm *vm;
	u32 domain = 0;
	bool on = false;
	int err;

	if (info->attrs[KEEL_A_SHARE_BUDGET])
		return refuse(info, KEEL_A_SHARE_BUDGET, "budget: is not a guest's but for all");
	if (info->attrs[KEEL_A_SHARE_CAP])
		return refuse(info, KEEL_A_SHARE_CAP, "cap: is not a guest's but for all");
	if (info->attrs[KEEL_A_SHARE_RATE])
		return refuse(info, KEEL_A_SHARE_RATE, "rate: is not a guest's but for all");
	if (!on_attr && !domain_attr) {
		NL_SET_ERR_MSG(info->extack, "enable and domain: one of them has to be there");
		return -EINVAL;
	}
	if (on_attr)
		on = nla_get_u32(on_attr);
	if (domain_attr)
		domain = nla_get_u32(domain_attr);
	vm = keel_nl_find(info);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	err = keel_vm_share(vm, on_attr ? &on : NULL, domain_attr ? &domain : NULL, info->extack);
	keel_vm_put(vm);
	return err;
}

/**
 * keel_nl_share_set_doit() - say who shares, with whom, and what it may take
 * @skb: the command
 * @info: the command
 *
 * Return: 0, or an errno with its reason.
 */
int keel_nl_share_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	if (info->attrs[KEEL_A_SHARE_ID] || info->attrs[KEEL_A_SHARE_NAME])
		return set_guest(info);
	return set_all(info);
}

/**
 * keel_nl_share_scan_doit() - find all that there is to be found now
 * @skb: the command
 * @info: the command
 *
 * Nobody waits in here: that would keep others from making families and taking them away.
 *
 * Return: 0.
 */
int keel_nl_share_scan_doit(struct sk_buff *skb, struct genl_info *info)
{
	keel_share_settle();
	return 0;
}
