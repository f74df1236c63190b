// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl share: who shares equal pages, with whom, what that may take, and what it saves.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <netlink/genl/genl.h>

#include "ctl.h"
#include "guest.h"
#include "json.h"
#include "nl.h"
#include "parse.h"
#include "text.h"

#define PAGE 4096ULL

/* Between two looks whether a scan is done */
#define POLL_US 50000

const struct ctl_option share_options[] = {
	{ "domain", "N", "of 'on' and 'domain': share with guests of this domain; 0 alone" },
	{ "wait", NULL, "of 'scan': come back when nothing more is found" },
	{ "id", NULL, "guests are named by their ids" },
	{ NULL }
};

/**
 * struct field - a number that is told
 * @attr: KEEL_A_SHARE_...
 * @wide: it is a u64
 * @name: in JSON
 * @text: for people
 */
struct field {
	int attr;
	bool wide;
	const char *name;
	const char *text;
};

static const struct field all[] = {
	{ KEEL_A_SHARE_PAGES_SHARED, true, "pages_shared", "frames that are shared" },
	{ KEEL_A_SHARE_PAGES_SHARING, true, "pages_sharing",
	  "pages that would have frames of their own otherwise" },
	{ KEEL_A_SHARE_PAGES_UNSHARED, true, "pages_unshared", "pages in the index" },
	{ KEEL_A_SHARE_PAGES_VOLATILE, true, "pages_volatile",
	  "pages written to between the last two passes" },
	{ KEEL_A_SHARE_PAGES_ZERO, true, "pages_zero", "pages mapped to the one zero frame" },
	{ KEEL_A_SHARE_FULL_SCANS, true, "full_scans", "passes" },
	{ KEEL_A_SHARE_MERGED, true, "merged", "pages that have given up a frame" },
	{ KEEL_A_SHARE_BREAKS, true, "breaks", "writes to shared pages" },
	{ KEEL_A_SHARE_FAILED, true, "failed", "hints that were wrong" },
	{ KEEL_A_SHARE_HASHED, true, "hashed", "pages that were hashed" },
	{ KEEL_A_SHARE_OVERHEAD, true, "overhead", "bytes of the index" },
	{ KEEL_A_SHARE_CPU_TIME, true, "cpu_time", "ns of CPU time" },
	{ KEEL_A_SHARE_BUDGET, false, "budget", "percent of one CPU that it may take" },
	{ KEEL_A_SHARE_PACE, false, "pace", "percent that it takes at most while little is found" },
	{ KEEL_A_SHARE_RATE, false, "rate", "pages a second that it may look at; 0 for any" },
	{ KEEL_A_SHARE_CAP, false, "cap", "times that a frame may be mapped" },
	{ KEEL_A_SHARE_RESERVE, true, "reserve", "pages kept for writes to shared ones" },
	{ KEEL_A_SHARE_SHORT, false, "short", "guests for which that is too few" },
	{ KEEL_A_SHARE_SPLITS, true, "splits", "large pages that were split" },
	{ KEEL_A_SHARE_COLLAPSES, true, "collapses", "large pages made again of small ones" },
	{ 0 }
};

/* Of a guest; its pages come first, and their sum */
static const struct field pages[] = {
	{ KEEL_A_SHARE_PAGES_SHARING, true, "shared", "pages mapped to shared frames" },
	{ KEEL_A_SHARE_PAGES_ZERO, true, "zero", "mapped to the one zero frame" },
	{ KEEL_A_SHARE_PAGES_VOLATILE, true, "volatile", "written to since the last pass but one" },
	{ KEEL_A_SHARE_PAGES_UNSHARED, true, "unshared", "like no other" },
	{ KEEL_A_SHARE_PAGES_CAPPED, true, "capped",
	  "like a frame that is mapped as often as may be" },
	{ KEEL_A_SHARE_PAGES_UNINDEXED, true, "unindexed", "without memory for them in the index" },
	{ KEEL_A_SHARE_PAGES_HUGE, true, "huge",
	  "in large pages, in each of which too little could be shared" },
	{ KEEL_A_SHARE_PAGES_EXCLUDED, true, "excluded", "not looked at" },
	{ KEEL_A_SHARE_PAGES_UNTOUCHED, true, "untouched", "never touched: they take no memory" },
	{ KEEL_A_SHARE_PAGES_TOTAL, true, "total", "the guest's memory" },
	{ 0 }
};

static const struct field one[] = {
	{ KEEL_A_SHARE_DOMAIN, false, "domain", "with whom it shares; 0 for itself alone" },
	{ KEEL_A_SHARE_MERGED, true, "merged", "pages that have given up a frame" },
	{ KEEL_A_SHARE_BREAKS, true, "breaks", "writes to shared pages" },
	{ 0 }
};

static __u64 value(struct nlattr **tb, const struct field *f)
{
	if (!tb[f->attr] || nla_len(tb[f->attr]) < (f->wide ? 8 : 4))
		return 0;
	return f->wide ? nla_get_u64(tb[f->attr]) : nla_get_u32(tb[f->attr]);
}

static void print_fields(struct nlattr **tb, const struct field *f)
{
	for (; f->attr; f++) {
		if (ctl_options.json)
			json_u64(f->name, value(tb, f));
		else
			printf("%14llu  %-14s %s\n", (unsigned long long)value(tb, f), f->name,
			       f->text);
	}
}

#define NAME(constant, name) [constant] = name,

static const char *const names[] = { KEEL_SHARE_WHYS(NAME) };

static const char *const reasons[] = {
	[KEEL_SHARE_WHY_OFF] = "does not share: its pages are not looked at",
	[KEEL_SHARE_WHY_STOPPED] = "is stopped: it has no memory",
	[KEEL_SHARE_WHY_YOUNG] = "was started only now: it is left alone in its first seconds",
	[KEEL_SHARE_WHY_WAITING] = "is to share: no pass has come to its end in it yet",
};

_Static_assert(sizeof(reasons) == (KEEL_SHARE_WHY_MAX + 1) * sizeof(*reasons), "each has one");

/* Why none of its pages is looked at; NULL when they are. */
static const char *why(struct nlattr **tb, const char *const *table)
{
	__u32 nr = tb[KEEL_A_SHARE_WHY] ? nla_get_u32(tb[KEEL_A_SHARE_WHY]) : 0;

	if (!nr)
		return NULL;
	return nr <= KEEL_SHARE_WHY_MAX ? table[nr] : "is not looked at, for a reason unknown here";
}

/* What all of it saves, after what it costs; never less than nothing, which is told apart */
static void print_saved(struct nlattr **tb)
{
	__u64 gross = value(tb, &all[1]) * PAGE, cost = value(tb, &all[10]);
	__u64 net = gross > cost ? gross - cost : 0;

	if (ctl_options.json)
		json_u64("saved", net);
	else
		printf("%14llu  %-14s %s\n", (unsigned long long)net, "saved",
		       "bytes, without those of the index");
}

static int parse(struct nlmsghdr *msg, struct nlattr **tb)
{
	return genlmsg_parse(msg, 0, tb, KEEL_A_SHARE_MAX, NULL) ? -1 : 0;
}

static int take_all(struct nlmsghdr *msg, void *unused)
{
	struct nlattr *tb[KEEL_A_SHARE_MAX + 1];

	if (parse(msg, tb))
		return -EBADMSG;
	if (ctl_options.json)
		json_open(NULL, '{');
	print_saved(tb);
	print_fields(tb, all);
	if (ctl_options.json)
		json_close();
	return 0;
}

static int take_one(struct nlmsghdr *msg, void *unused)
{
	struct nlattr *tb[KEEL_A_SHARE_MAX + 1];
	char name[KEEL_NAME_MAX + 1] = "";
	const char *text;
	bool on;

	if (parse(msg, tb) || !tb[KEEL_A_SHARE_ID] || !tb[KEEL_A_SHARE_ENABLE] ||
	    !tb[KEEL_A_SHARE_NAME])
		return -EBADMSG;
	nla_strlcpy(name, tb[KEEL_A_SHARE_NAME], sizeof(name));
	on = nla_get_u32(tb[KEEL_A_SHARE_ENABLE]);
	if (ctl_options.json) {
		json_open(NULL, '{');
		json_u64("id", nla_get_u32(tb[KEEL_A_SHARE_ID]));
		json_str("name", name);
		json_bool("on", on);
		text = why(tb, names);
		if (text)
			json_str("why", text);
		else
			json_null("why");
		print_fields(tb, pages);
		print_fields(tb, one);
		json_close();
		return 0;
	}
	text = why(tb, reasons);
	printf("%s%s%s  %s\n\n", ctl_paint(CTL_BOLD), text_quote(name), ctl_paint(CTL_PLAIN),
	       text ?: "shares");
	print_fields(tb, pages);
	puts("");
	print_fields(tb, one);
	return 0;
}

static int ask_kernel(struct nl_msg *msg, const char *word, nl_take take, void *arg)
{
	if (!ctl_do(msg, take, arg))
		return CTL_OK;
	if (word)
		return guest_refused(word);
	ctl_warn("%s", ctl_why());
	return CTL_REFUSED;
}

/* A request about a guest, with what it is to be */
static int set_guest(const char *word, bool with_enable, __u32 enable)
{
	struct nl_msg *msg;
	__u32 domain = 0;

	if (ctl_opt("domain") && !parse_u32("--domain", ctl_opt("domain"), &domain))
		return CTL_USAGE;
	if (!with_enable && !ctl_opt("domain")) {
		ctl_warn("domain: which one? --domain N has to say");
		return CTL_USAGE;
	}
	msg = ctl_request(KEEL_CMD_SHARE_SET);
	if (!guest_which(msg, word)) {
		nlmsg_free(msg);
		return CTL_USAGE;
	}
	if ((with_enable && nla_put_u32(msg, KEEL_A_SHARE_ENABLE, enable)) ||
	    (ctl_opt("domain") && nla_put_u32(msg, KEEL_A_SHARE_DOMAIN, domain))) {
		nlmsg_free(msg);
		return CTL_REFUSED;
	}
	return ask_kernel(msg, word, NULL, NULL);
}

static int set_all(int attr, const char *what, const char *word)
{
	struct nl_msg *msg;
	__u32 val;

	if (!parse_u32(what, word, &val))
		return CTL_USAGE;
	msg = ctl_request(KEEL_CMD_SHARE_SET);
	if (nla_put_u32(msg, attr, val)) {
		nlmsg_free(msg);
		return CTL_REFUSED;
	}
	return ask_kernel(msg, NULL, NULL, NULL);
}

static int explain(const char *word)
{
	struct nl_msg *msg = ctl_request(KEEL_CMD_SHARE_GET);

	if (guest_which(msg, word))
		return ask_kernel(msg, word, take_one, NULL);
	nlmsg_free(msg);
	return CTL_USAGE;
}

/* How many scans were asked for, and how many are done */
struct scans {
	__u32 asked;
	__u32 done;
};

static int take_scans(struct nlmsghdr *msg, void *arg)
{
	struct nlattr *tb[KEEL_A_SHARE_MAX + 1];
	struct scans *scans = arg;

	if (parse(msg, tb) || !tb[KEEL_A_SHARE_SCANS_ASKED] || !tb[KEEL_A_SHARE_SCANS_DONE])
		return -EBADMSG;
	scans->asked = nla_get_u32(tb[KEEL_A_SHARE_SCANS_ASKED]);
	scans->done = nla_get_u32(tb[KEEL_A_SHARE_SCANS_DONE]);
	return 0;
}

/* The one that was asked for just now is done when as many are as were asked for by then. */
static int scan(void)
{
	int status = ask_kernel(ctl_request(KEEL_CMD_SHARE_SCAN), NULL, NULL, NULL);
	struct scans now = { 0 };
	__u32 mine;

	if (status != CTL_OK || !ctl_opt("wait"))
		return status;
	status = ask_kernel(ctl_request(KEEL_CMD_SHARE_GET), NULL, take_scans, &now);
	mine = now.asked;
	while (status == CTL_OK && (__s32)(now.done - mine) < 0) {
		usleep(POLL_US);
		status = ask_kernel(ctl_request(KEEL_CMD_SHARE_GET), NULL, take_scans, &now);
	}
	return status;
}

/**
 * cmd_share() - keelctl share [WHAT [NAME|N]]
 * @argc: how many words
 * @argv: what to do, and to whom or how much
 *
 * Return: the exit status.
 */
int cmd_share(int argc, char **argv)
{
	const char *what = argc ? argv[0] : NULL;
	bool alone = !what || !strcmp(what, "scan");
	int status;

	if (alone && argc > 1) {
		ctl_warn("'%s' takes no further word", what);
		return CTL_USAGE;
	}
	if (!alone && argc < 2) {
		ctl_warn("'%s': of which guest, or how much?", what);
		return CTL_USAGE;
	}
	status = ctl_connect();
	if (status != CTL_OK)
		return status;
	if (!what)
		return ask_kernel(ctl_request(KEEL_CMD_SHARE_GET), NULL, take_all, NULL);
	if (!strcmp(what, "scan"))
		return scan();
	if (!strcmp(what, "on") || !strcmp(what, "off"))
		return set_guest(argv[1], true, !strcmp(what, "on"));
	if (!strcmp(what, "domain"))
		return set_guest(argv[1], false, 0);
	if (!strcmp(what, "explain"))
		return explain(argv[1]);
	if (!strcmp(what, "budget"))
		return set_all(KEEL_A_SHARE_BUDGET, "budget", argv[1]);
	if (!strcmp(what, "rate"))
		return set_all(KEEL_A_SHARE_RATE, "rate", argv[1]);
	if (!strcmp(what, "cap"))
		return set_all(KEEL_A_SHARE_CAP, "cap", argv[1]);
	ctl_warn("no '%s' in 'share'; see 'keelctl help share'", what);
	return CTL_USAGE;
}
