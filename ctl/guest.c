// SPDX-License-Identifier: GPL-2.0
/*
 * Guests: how they are asked for, taken out of a message, and told.
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
#include "parse.h"
#include "text.h"

const struct ctl_option name_options[] = {
	{ "id", NULL, "guests are named by their ids" },
	{ NULL }
};

#define NAME(constant, name) [constant] = name,

static const char *const states[] = { KEEL_VM_STATES(NAME) };
static const char *const reasons[] = { KEEL_VM_REASONS(NAME) };

#define NR(array) (sizeof(array) / sizeof((array)[0]))

static const struct nla_policy policy[KEEL_A_VM_MAX + 1] = {
	[KEEL_A_VM_ID] = { .type = NLA_U32 },
	[KEEL_A_VM_NAME] = { .type = NLA_NUL_STRING },
	[KEEL_A_VM_MEMORY] = { .type = NLA_U64 },
	[KEEL_A_VM_VCPUS] = { .type = NLA_U32 },
	[KEEL_A_VM_WEIGHT] = { .type = NLA_U32 },
	[KEEL_A_VM_STATE] = { .type = NLA_U32 },
	[KEEL_A_VM_REASON] = { .type = NLA_U32 },
	[KEEL_A_VM_DETAIL] = { .type = NLA_U64 },
	[KEEL_A_VM_CREATED] = { .type = NLA_U64 },
	[KEEL_A_VM_STARTED] = { .type = NLA_U64 },
	[KEEL_A_VM_CONSOLE] = { .type = NLA_NUL_STRING },
	[KEEL_A_VM_THREAD] = { .type = NLA_U32 },
	[KEEL_A_VM_EVENT] = { .type = NLA_U32 },
	[KEEL_A_VM_TAMPER_ADDRESS] = { .type = NLA_U64 },
	[KEEL_A_VM_TAMPER_CPU] = { .type = NLA_U32 },
	[KEEL_A_VM_TEMPLATE] = { .type = NLA_U32 },
};

static __u32 get_u32(struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

static __u64 get_u64(struct nlattr *attr)
{
	return attr ? nla_get_u64(attr) : 0;
}

/* The kernel always sends one; what it means with other reasons is nothing. */
static bool has_detail(__u32 reason)
{
	switch (reason) {
	case KEEL_VM_REASON_COMMAND:
	case KEEL_VM_REASON_FORCED:
	case KEEL_VM_REASON_SHUTDOWN:
	case KEEL_VM_REASON_MEMORY:
	case KEEL_VM_REASON_ENTRY:
	case KEEL_VM_REASON_PANIC:
	case KEEL_VM_REASON_POWEROFF:
		return false;
	}
	return reason;
}

/**
 * guest_take() - a guest out of a message
 * @msg: the message
 * @guest: a struct guest, filled
 *
 * Return: 0, or -EBADMSG.
 */
int guest_take(struct nlmsghdr *msg, void *guest)
{
	struct nlattr *tb[KEEL_A_VM_MAX + 1], *attr;
	struct guest *g = guest;
	int left;

	if (genlmsg_parse(msg, 0, tb, KEEL_A_VM_MAX, (struct nla_policy *)policy))
		return -EBADMSG;
	memset(g, 0, sizeof(*g));
	g->event = get_u32(tb[KEEL_A_VM_EVENT]);
	g->id = get_u32(tb[KEEL_A_VM_ID]);
	g->memory = get_u64(tb[KEEL_A_VM_MEMORY]);
	g->vcpus = get_u32(tb[KEEL_A_VM_VCPUS]);
	g->weight = get_u32(tb[KEEL_A_VM_WEIGHT]);
	g->state = get_u32(tb[KEEL_A_VM_STATE]);
	g->reason = get_u32(tb[KEEL_A_VM_REASON]);
	g->detail = get_u64(tb[KEEL_A_VM_DETAIL]);
	g->has_detail = tb[KEEL_A_VM_DETAIL] && has_detail(g->reason);
	g->created = get_u64(tb[KEEL_A_VM_CREATED]);
	g->started = get_u64(tb[KEEL_A_VM_STARTED]);
	g->template = get_u32(tb[KEEL_A_VM_TEMPLATE]);
	g->huge = tb[KEEL_A_VM_HUGE];
	if (tb[KEEL_A_VM_NAME])
		nla_strlcpy(g->name, tb[KEEL_A_VM_NAME], sizeof(g->name));
	if (tb[KEEL_A_VM_CONSOLE])
		nla_strlcpy(g->console, tb[KEEL_A_VM_CONSOLE], sizeof(g->console));
	nlmsg_for_each_attr(attr, msg, GENL_HDRLEN, left)
		if (nla_type(attr) == KEEL_A_VM_THREAD && g->threads < KEEL_VCPUS_MAX)
			g->thread[g->threads++] = nla_get_u32(attr);
	return 0;
}

/**
 * guest_which() - say which guest a request is about
 * @msg: the request
 * @word: its name, or with --id its number
 *
 * Return: false when @word cannot be understood; that has been said.
 */
bool guest_which(struct nl_msg *msg, const char *word)
{
	__u32 id;

	if (!ctl_opt("id")) {
		if (!nla_put_string(msg, KEEL_A_VM_NAME, word))
			return true;
		ctl_warn("no guest has a name as long as that");
		return false;
	}
	return parse_u32("--id", word, &id) && !nla_put_u32(msg, KEEL_A_VM_ID, id);
}

/**
 * guest_refused() - say why the last request about a guest was refused
 * @word: the guest, as the user has it
 *
 * Return: CTL_REFUSED.
 */
int guest_refused(const char *word)
{
	ctl_warn("%s: %s", text_quote(word), ctl_why());
	return CTL_REFUSED;
}

static int ask(int command, const char *word, nl_take take, void *arg)
{
	struct nl_msg *msg;
	int status = ctl_connect();

	if (status != CTL_OK)
		return status;
	msg = ctl_request(command);
	if (!guest_which(msg, word)) {
		nlmsg_free(msg);
		return CTL_USAGE;
	}
	return ctl_do(msg, take, arg) ? guest_refused(word) : CTL_OK;
}

/**
 * guest_get() - find a guest
 * @word: its name, or with --id its number
 * @guest: filled
 *
 * Return: the exit status; why it is not CTL_OK has been said.
 */
int guest_get(const char *word, struct guest *guest)
{
	memset(guest, 0, sizeof(*guest));
	return ask(KEEL_CMD_VM_GET, word, guest_take, guest);
}

/**
 * guest_do() - a command that takes a guest and nothing else
 * @command: KEEL_CMD_VM_...
 * @word: its name, or with --id its number
 *
 * Return: the exit status; why it is not CTL_OK has been said.
 */
int guest_do(int command, const char *word)
{
	return ask(command, word, NULL, NULL);
}

static int take_one(struct nlmsghdr *msg, void *arg)
{
	struct guests *list = arg;

	list->guest = realloc(list->guest, (list->nr + 1) * sizeof(*list->guest));
	if (!list->guest)
		abort();
	return guest_take(msg, &list->guest[list->nr++]);
}

static void forget(void *arg)
{
	struct guests *list = arg;

	list->nr = 0;
}

/**
 * guest_list() - all guests
 * @list: filled; the caller frees @list->guest
 *
 * Return: the exit status; why it is not CTL_OK has been said.
 */
int guest_list(struct guests *list)
{
	int status = ctl_connect();

	memset(list, 0, sizeof(*list));
	if (status != CTL_OK || !ctl_dump(KEEL_CMD_VM_GET, take_one, forget, list))
		return status;
	ctl_warn("%s", ctl_why());
	free(list->guest);
	memset(list, 0, sizeof(*list));
	return CTL_REFUSED;
}

/**
 * guest_state() - a state's name
 * @state: enum keel_vm_state
 *
 * Return: the name, or its number when this program has none.
 */
const char *guest_state(__u32 state)
{
	static char unheard[16];

	if (state && state < NR(states))
		return states[state];
	snprintf(unheard, sizeof(unheard), "%u", state);
	return unheard;
}

/**
 * guest_state_of() - the state that a word means
 * @word: its name
 *
 * Return: enum keel_vm_state, or 0.
 */
__u32 guest_state_of(const char *word)
{
	__u32 i;

	for (i = 1; i < NR(states); i++)
		if (!strcmp(states[i], word))
			return i;
	return 0;
}

/**
 * guest_reason() - a reason's name
 * @reason: enum keel_vm_reason
 *
 * Return: the name, its number when this program has none, or NULL for 0.
 */
const char *guest_reason(__u32 reason)
{
	static char unheard[16];

	if (!reason)
		return NULL;
	if (reason < NR(reasons))
		return reasons[reason];
	snprintf(unheard, sizeof(unheard), "%u", reason);
	return unheard;
}

/**
 * guest_why() - why a guest is in its state, for people
 * @guest: the guest
 *
 * Return: such as "exit 3"; empty for what a command has brought about; good
 * until the next call.
 */
const char *guest_why(const struct guest *guest)
{
	static char text[64];
	const char *reason = guest_reason(guest->reason);

	if (!reason || guest->reason == KEEL_VM_REASON_COMMAND)
		return "";
	if (!guest->has_detail)
		return reason;
	snprintf(text, sizeof(text), guest->reason == KEEL_VM_REASON_OUTSIDE ? "%s %#llx" :
		 "%s %llu", reason, (unsigned long long)guest->detail);
	return text;
}

/**
 * guest_is_up() - does a guest run, or could it go on?
 * @guest: the guest
 *
 * Return: true when it is running or paused.
 */
bool guest_is_up(const struct guest *guest)
{
	return guest->state == KEEL_VM_STATE_RUNNING || guest->state == KEEL_VM_STATE_PAUSED;
}

/**
 * guest_json() - a guest as a JSON object
 * @name: the member's name
 * @g: the guest
 */
void guest_json(const char *name, const struct guest *g)
{
	unsigned int i;

	json_open(name, '{');
	json_u64("id", g->id);
	json_str("name", g->name);
	json_str("state", guest_state(g->state));
	json_str("reason", guest_reason(g->reason));
	if (g->has_detail)
		json_u64("detail", g->detail);
	else
		json_null("detail");
	json_u64("memory", g->memory);
	json_u64("vcpus", g->vcpus);
	json_u64("weight", g->weight);
	json_u64("created", g->created);
	if (g->started)
		json_u64("started", g->started);
	else
		json_null("started");
	json_bool("template", g->template);
	json_bool("huge", g->huge);
	json_str("console", *g->console ? g->console : NULL);
	json_open("threads", '[');
	for (i = 0; i < g->threads; i++)
		json_u64(NULL, g->thread[i]);
	json_close();
	json_close();
}
