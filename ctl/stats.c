// SPDX-License-Identifier: GPL-2.0
/*
 * Guests' counters: asked for, taken out of messages, added up, and as JSON.  A
 * counter that this program does not know is told like any other.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/genetlink.h>
#include <netlink/genl/genl.h>

#include "ctl.h"
#include "guest.h"
#include "json.h"
#include "stats.h"
#include "text.h"

static const struct nla_policy stat_policy[KEEL_A_STAT_MAX + 1] = {
	[KEEL_A_STAT_ID] = { .type = NLA_U32 },
	[KEEL_A_STAT_NAME] = { .type = NLA_NUL_STRING },
	[KEEL_A_STAT_MAPPED] = { .type = NLA_U64 },
	[KEEL_A_STAT_ZERO] = { .type = NLA_U64 },
	[KEEL_A_STAT_TABLES] = { .type = NLA_U64 },
	[KEEL_A_STAT_POOL] = { .type = NLA_U64 },
	[KEEL_A_STAT_FILLED] = { .type = NLA_U64 },
	[KEEL_A_STAT_READ_TOUCHES] = { .type = NLA_U64 },
	[KEEL_A_STAT_WRITE_TOUCHES] = { .type = NLA_U64 },
	[KEEL_A_STAT_SHARED] = { .type = NLA_U64 },
	[KEEL_A_STAT_SPARE] = { .type = NLA_U64 },
	[KEEL_A_STAT_RESERVE] = { .type = NLA_U64 },
	[KEEL_A_STAT_SHORT] = { .type = NLA_U32 },
	[KEEL_A_STAT_STARVED] = { .type = NLA_U32 },
	[KEEL_A_STAT_CLONED] = { .type = NLA_U64 },
	[KEEL_A_STAT_HUGE] = { .type = NLA_U64 },
	[KEEL_A_STAT_SPLITS] = { .type = NLA_U64 },
	[KEEL_A_STAT_COLLAPSES] = { .type = NLA_U64 },
};

static const struct nla_policy vcpu_policy[KEEL_A_VCPU_MAX + 1] = {
	[KEEL_A_VCPU_INDEX] = { .type = NLA_U32 },
	[KEEL_A_VCPU_THREAD] = { .type = NLA_U32 },
	[KEEL_A_VCPU_CPU_TIME] = { .type = NLA_U64 },
	[KEEL_A_VCPU_RUNS] = { .type = NLA_U64 },
	[KEEL_A_VCPU_REFUSED] = { .type = NLA_U64 },
	[KEEL_A_VCPU_REFUSED_MSR] = { .type = NLA_U32 },
	[KEEL_A_VCPU_REFUSED_WRITE] = { .type = NLA_FLAG },
};

static const struct nla_policy count_policy[KEEL_A_COUNT_MAX + 1] = {
	[KEEL_A_COUNT_NAME] = { .type = NLA_NUL_STRING },
	[KEEL_A_COUNT_COUNT] = { .type = NLA_U64 },
	[KEEL_A_COUNT_TICKS] = { .type = NLA_U64 },
};

static __u32 get_u32(struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

static __u64 get_u64(struct nlattr *attr)
{
	return attr ? nla_get_u64(attr) : 0;
}

/* One more of an array, zeroed */
static void *more(void *array, unsigned int nr, size_t size)
{
	char *bytes = realloc(array, (nr + 1) * size);

	if (!bytes)
		abort();
	memset(bytes + nr * size, 0, size);
	return bytes;
}

static struct stat_count *more_counts(struct stat_counts *counts)
{
	counts->count = more(counts->count, counts->nr, sizeof(*counts->count));
	return &counts->count[counts->nr++];
}

static int take_count(struct nlattr *nest, struct stat_counts *counts)
{
	struct nlattr *tb[KEEL_A_COUNT_MAX + 1];
	struct stat_count *count;

	if (nla_parse_nested(tb, KEEL_A_COUNT_MAX, nest, (struct nla_policy *)count_policy))
		return -EBADMSG;
	count = more_counts(counts);
	if (tb[KEEL_A_COUNT_NAME])
		nla_strlcpy(count->name, tb[KEEL_A_COUNT_NAME], sizeof(count->name));
	count->count = get_u64(tb[KEEL_A_COUNT_COUNT]);
	count->ticks = get_u64(tb[KEEL_A_COUNT_TICKS]);
	return 0;
}

static int take_vcpu(struct nlattr *nest, struct stat_guest *stat)
{
	struct nlattr *tb[KEEL_A_VCPU_MAX + 1], *attr;
	struct stat_vcpu *vcpu;
	int left, err = 0;

	if (nla_parse_nested(tb, KEEL_A_VCPU_MAX, nest, (struct nla_policy *)vcpu_policy))
		return -EBADMSG;
	stat->vcpu = more(stat->vcpu, stat->nr, sizeof(*stat->vcpu));
	vcpu = &stat->vcpu[stat->nr++];
	vcpu->index = get_u32(tb[KEEL_A_VCPU_INDEX]);
	vcpu->thread = get_u32(tb[KEEL_A_VCPU_THREAD]);
	vcpu->cpu_time = get_u64(tb[KEEL_A_VCPU_CPU_TIME]);
	vcpu->runs = get_u64(tb[KEEL_A_VCPU_RUNS]);
	vcpu->refused = get_u64(tb[KEEL_A_VCPU_REFUSED]);
	if (tb[KEEL_A_VCPU_REFUSED_MSR])
		snprintf(vcpu->last, sizeof(vcpu->last), "%s %#x",
			 tb[KEEL_A_VCPU_REFUSED_WRITE] ? "wrmsr" : "rdmsr",
			 nla_get_u32(tb[KEEL_A_VCPU_REFUSED_MSR]));
	nla_for_each_nested(attr, nest, left) {
		if (nla_type(attr) == KEEL_A_VCPU_RETURN)
			err = err ?: take_count(attr, &vcpu->returns);
		else if (nla_type(attr) == KEEL_A_VCPU_EXIT)
			err = err ?: take_count(attr, &vcpu->exits);
	}
	return err;
}

/* A guest, or more vCPUs of the one before */
static int take_stat(struct nlmsghdr *msg, void *arg)
{
	struct nlattr *tb[KEEL_A_STAT_MAX + 1], *attr;
	struct stats *stats = arg;
	struct stat_guest *stat;
	int left, err = 0;

	if (genlmsg_parse(msg, 0, tb, KEEL_A_STAT_MAX, (struct nla_policy *)stat_policy))
		return -EBADMSG;
	stat = stats->nr ? &stats->stat[stats->nr - 1] : NULL;
	if (!stat || stat->id != get_u32(tb[KEEL_A_STAT_ID])) {
		stats->stat = more(stats->stat, stats->nr, sizeof(*stats->stat));
		stat = &stats->stat[stats->nr++];
		stat->id = get_u32(tb[KEEL_A_STAT_ID]);
		if (tb[KEEL_A_STAT_NAME])
			nla_strlcpy(stat->name, tb[KEEL_A_STAT_NAME], sizeof(stat->name));
		stat->mapped = get_u64(tb[KEEL_A_STAT_MAPPED]);
		stat->huge = get_u64(tb[KEEL_A_STAT_HUGE]);
		stat->splits = get_u64(tb[KEEL_A_STAT_SPLITS]);
		stat->collapses = get_u64(tb[KEEL_A_STAT_COLLAPSES]);
		stat->cloned = get_u64(tb[KEEL_A_STAT_CLONED]);
		stat->zero = get_u64(tb[KEEL_A_STAT_ZERO]);
		stat->tables = get_u64(tb[KEEL_A_STAT_TABLES]);
		stat->pool = get_u64(tb[KEEL_A_STAT_POOL]);
		stat->filled = get_u64(tb[KEEL_A_STAT_FILLED]);
		stat->read_touches = get_u64(tb[KEEL_A_STAT_READ_TOUCHES]);
		stat->write_touches = get_u64(tb[KEEL_A_STAT_WRITE_TOUCHES]);
		stat->shared = get_u64(tb[KEEL_A_STAT_SHARED]);
		stat->spare = get_u64(tb[KEEL_A_STAT_SPARE]);
		stat->reserve = get_u64(tb[KEEL_A_STAT_RESERVE]);
		stat->is_short = get_u32(tb[KEEL_A_STAT_SHORT]);
		stat->starved = get_u32(tb[KEEL_A_STAT_STARVED]);
	}
	nlmsg_for_each_attr(attr, msg, GENL_HDRLEN, left)
		if (nla_type(attr) == KEEL_A_STAT_VCPU)
			err = err ?: take_vcpu(attr, stat);
	return err;
}

static void forget(void *arg)
{
	stats_free(arg);
}

/**
 * stats_free() - free what stats_get() has filled
 * @stats: is empty then
 */
void stats_free(struct stats *stats)
{
	unsigned int i, j;

	for (i = 0; i < stats->nr; i++) {
		for (j = 0; j < stats->stat[i].nr; j++) {
			free(stats->stat[i].vcpu[j].returns.count);
			free(stats->stat[i].vcpu[j].exits.count);
		}
		free(stats->stat[i].vcpu);
	}
	free(stats->stat);
	memset(stats, 0, sizeof(*stats));
}

/**
 * stats_get() - ask for the counters of a guest, or of all
 * @word: which, NULL for all
 * @stats: filled, also when there are none
 *
 * Return: the exit status; why it is not CTL_OK has been said.
 */
int stats_get(const char *word, struct stats *stats)
{
	struct nl_msg *msg;
	int status = ctl_connect();

	memset(stats, 0, sizeof(*stats));
	if (status != CTL_OK)
		return status;
	if (!word) {
		if (!ctl_dump(KEEL_CMD_STAT_GET, take_stat, forget, stats))
			return CTL_OK;
		ctl_warn("%s", ctl_why());
		stats_free(stats);
		return CTL_REFUSED;
	}
	msg = ctl_request(KEEL_CMD_STAT_GET);
	if (!guest_which(msg, word)) {
		nlmsg_free(msg);
		return CTL_USAGE;
	}
	if (!ctl_do(msg, take_stat, stats))
		return CTL_OK;
	stats_free(stats);
	return guest_refused(word);
}

/**
 * stats_sum() - add counters up, by their names
 * @sum: to these, whose @count the caller frees
 * @counts: what is added
 */
void stats_sum(struct stat_counts *sum, const struct stat_counts *counts)
{
	struct stat_count *to;
	unsigned int i, j;

	for (i = 0; i < counts->nr; i++) {
		for (to = NULL, j = 0; j < sum->nr && !to; j++)
			if (!strcmp(sum->count[j].name, counts->count[i].name))
				to = &sum->count[j];
		if (!to) {
			to = more_counts(sum);
			strcpy(to->name, counts->count[i].name);
		}
		to->count += counts->count[i].count;
		to->ticks += counts->count[i].ticks;
	}
}

/**
 * stats_total() - how often in all
 * @counts: what is added
 *
 * Return: the sum.
 */
__u64 stats_total(const struct stat_counts *counts)
{
	__u64 sum = 0;
	unsigned int i;

	for (i = 0; i < counts->nr; i++)
		sum += counts->count[i].count;
	return sum;
}

static int by_count(const void *a, const void *b)
{
	const struct stat_count *x = a, *y = b;

	return x->count < y->count ? 1 : x->count > y->count ? -1 : strcmp(x->name, y->name);
}

/**
 * stats_sort() - the most frequent first
 * @counts: what is sorted
 */
void stats_sort(struct stat_counts *counts)
{
	if (counts->nr)
		qsort(counts->count, counts->nr, sizeof(*counts->count), by_count);
}

static void json_counts(const char *name, const struct stat_counts *counts, bool ticks)
{
	unsigned int i;

	json_open(name, '[');
	for (i = 0; i < counts->nr; i++) {
		json_open(NULL, '{');
		json_str("name", counts->count[i].name);
		json_u64("count", counts->count[i].count);
		if (ticks)
			json_u64("ticks", counts->count[i].ticks);
		json_close();
	}
	json_close();
}

static void json_vcpu(const struct stat_vcpu *vcpu)
{
	json_open(NULL, '{');
	json_u64("index", vcpu->index);
	json_u64("thread", vcpu->thread);
	json_u64("cpu_time", vcpu->cpu_time);
	json_u64("runs", vcpu->runs);
	json_counts("returns", &vcpu->returns, false);
	json_counts("exits", &vcpu->exits, true);
	json_u64("refused_msrs", vcpu->refused);
	if (*vcpu->last)
		json_str("last_refused", vcpu->last);
	else
		json_null("last_refused");
	json_close();
}

/**
 * stats_json() - the counters as a JSON array
 * @stats: of these guests
 */
void stats_json(const struct stats *stats)
{
	const struct stat_guest *s;
	unsigned int i, j;

	json_open("guests", '[');
	for (i = 0; i < stats->nr; i++) {
		s = &stats->stat[i];
		json_open(NULL, '{');
		json_u64("id", s->id);
		json_str("name", s->name);
		json_u64("mapped", s->mapped);
		json_u64("huge", s->huge);
		json_u64("splits", s->splits);
		json_u64("collapses", s->collapses);
		json_u64("cloned", s->cloned);
		json_u64("zero", s->zero);
		json_u64("shared", s->shared);
		json_u64("tables", s->tables);
		json_u64("pool", s->pool);
		json_u64("spare", s->spare);
		json_u64("reserve", s->reserve);
		json_u64("short", s->is_short);
		json_u64("starved", s->starved);
		json_u64("filled", s->filled);
		json_u64("read_touches", s->read_touches);
		json_u64("write_touches", s->write_touches);
		json_open("vcpus", '[');
		for (j = 0; j < s->nr; j++)
			json_vcpu(&s->vcpu[j]);
		json_close();
		json_close();
	}
	json_close();
}
