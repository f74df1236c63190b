// SPDX-License-Identifier: GPL-2.0
/*
 * genl [-u|-U|-n] : carry out the commands on standard input, and see whether
 * each is answered as its line says
 *
 *	COMMAND [ATTRIBUTE...] | WANT...
 *
 * COMMAND is as in uapi/keel.yaml, with "dump " or "echo " before it, or a number.
 * An ATTRIBUTE is name=value; a number with its form, 7:u32=1, 7:u64=1, 7:raw=0a0b;
 * a nest, name{ ... }; or segments=N, N of them, a page each.  A value may have %20
 * for a blank.  A file descriptor may be new:SIZE, a memfd with the guest below, or
 * dir, pipe, writeonly, pathonly.  WANT is ok or the name of an errno; then, after
 * ok, attributes that the (last) reply has to have, or with ! must not have, +N for
 * how many replies; after an errno, a piece of its text.
 *
 *	event | created name=a		the next notification has to be so
 *	event | none			there has to be none
 *	race N				four programs work on the same guests, N times each
 *	run COMMAND			of the shell's
 *	change N			a dump of N guests, some of which come and go meanwhile
 *
 * With -u it gives up its capabilities first, with -U it moves to a user namespace
 * of its own, with -n to a network namespace.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <linux/capability.h>

#include "genl.h"

enum form { NONE, U32, U64, STRING, FLAG, FD, SEGMENT, START };

struct attribute {
	const char *name;
	int id;
	enum form form;
};

static const struct attribute vm_set[] = {
	{ "id", KEEL_A_VM_ID, U32 }, { "name", KEEL_A_VM_NAME, STRING },
	{ "memory", KEEL_A_VM_MEMORY, U64 }, { "vcpus", KEEL_A_VM_VCPUS, U32 },
	{ "weight", KEEL_A_VM_WEIGHT, U32 }, { "state", KEEL_A_VM_STATE, U32 },
	{ "reason", KEEL_A_VM_REASON, U32 }, { "detail", KEEL_A_VM_DETAIL, U64 },
	{ "created", KEEL_A_VM_CREATED, U64 }, { "started", KEEL_A_VM_STARTED, U64 },
	{ "console", KEEL_A_VM_CONSOLE, STRING }, { "thread", KEEL_A_VM_THREAD, U32 },
	{ "image-fd", KEEL_A_VM_IMAGE_FD, FD }, { "segment", KEEL_A_VM_SEGMENT, SEGMENT },
	{ "start", KEEL_A_VM_START, START }, { "timeout", KEEL_A_VM_TIMEOUT, U32 },
	{ "event", KEEL_A_VM_EVENT, U32 }, { "tamper-cpu", KEEL_A_VM_TAMPER_CPU, U32 },
	{ "tamper-address", KEEL_A_VM_TAMPER_ADDRESS, U64 }, { "run", KEEL_A_VM_RUN, FLAG },
	{ "random", KEEL_A_VM_RANDOM, SEGMENT }, { "generation", KEEL_A_VM_GENERATION, U64 },
	{ "template", KEEL_A_VM_TEMPLATE, U32 }, { "clone", KEEL_A_VM_CLONE, STRING },
	{ "count", KEEL_A_VM_COUNT, U32 }, { }
};

static const struct attribute segment_set[] = {
	{ "gpa", KEEL_A_SEGMENT_GPA, U64 }, { "offset", KEEL_A_SEGMENT_OFFSET, U64 },
	{ "size", KEEL_A_SEGMENT_SIZE, U64 }, { }
};

static const struct attribute start_set[] = {
	{ "rip", KEEL_A_START_RIP, U64 }, { "rsp", KEEL_A_START_RSP, U64 },
	{ "cr3", KEEL_A_START_CR3, U64 }, { "gdt-base", KEEL_A_START_GDT_BASE, U64 },
	{ "gdt-limit", KEEL_A_START_GDT_LIMIT, U32 },
	{ "long-mode", KEEL_A_START_LONG_MODE, FLAG }, { }
};

static const struct attribute stat_set[] = {
	{ "id", KEEL_A_STAT_ID, U32 }, { "name", KEEL_A_STAT_NAME, STRING },
	{ "mapped", KEEL_A_STAT_MAPPED, U64 }, { "pool", KEEL_A_STAT_POOL, U64 },
	{ "vcpu", KEEL_A_STAT_VCPU, NONE }, { }
};

static const struct attribute share_set[] = {
	{ "id", KEEL_A_SHARE_ID, U32 }, { "name", KEEL_A_SHARE_NAME, STRING },
	{ "enable", KEEL_A_SHARE_ENABLE, U32 }, { "domain", KEEL_A_SHARE_DOMAIN, U32 },
	{ "budget", KEEL_A_SHARE_BUDGET, U32 }, { "cap", KEEL_A_SHARE_CAP, U32 },
	{ "rate", KEEL_A_SHARE_RATE, U32 }, { "pace", KEEL_A_SHARE_PACE, U32 },
	{ "short", KEEL_A_SHARE_SHORT, U32 }, { "why", KEEL_A_SHARE_WHY, U32 },
	{ "pages-total", KEEL_A_SHARE_PAGES_TOTAL, U64 },
	{ "pages-untouched", KEEL_A_SHARE_PAGES_UNTOUCHED, U64 },
	{ "scans-asked", KEEL_A_SHARE_SCANS_ASKED, U32 }, { }
};

static const struct attribute status_set[] = {
	{ "abi", KEEL_A_STATUS_ABI, U32 }, { "online", KEEL_A_STATUS_ONLINE, U32 },
	{ "demoted", KEEL_A_STATUS_DEMOTED, U32 }, { "vms", KEEL_A_STATUS_VMS, U32 },
	{ "running", KEEL_A_STATUS_RUNNING, U32 }, { "memory", KEEL_A_STATUS_MEMORY, U64 },
	{ "donated", KEEL_A_STATUS_DONATED, U64 }, { "tampered", KEEL_A_STATUS_TAMPERED, U64 },
	{ "guests", KEEL_A_STATUS_GUESTS, STRING }, { }
};

static const struct {
	const char *name;
	int id;
	const struct attribute *set;
} commands[] = {
	{ "status-get", KEEL_CMD_STATUS_GET, status_set }, { "vm-new", KEEL_CMD_VM_NEW, vm_set },
	{ "vm-get", KEEL_CMD_VM_GET, vm_set }, { "vm-set", KEEL_CMD_VM_SET, vm_set },
	{ "vm-del", KEEL_CMD_VM_DEL, vm_set }, { "vm-load", KEEL_CMD_VM_LOAD, vm_set },
	{ "vm-start", KEEL_CMD_VM_START, vm_set }, { "vm-pause", KEEL_CMD_VM_PAUSE, vm_set },
	{ "vm-resume", KEEL_CMD_VM_RESUME, vm_set }, { "vm-stop", KEEL_CMD_VM_STOP, vm_set },
	{ "vm-reset", KEEL_CMD_VM_RESET, vm_set }, { "stat-get", KEEL_CMD_STAT_GET, stat_set },
	{ "share-get", KEEL_CMD_SHARE_GET, share_set },
	{ "share-set", KEEL_CMD_SHARE_SET, share_set },
	{ "share-scan", KEEL_CMD_SHARE_SCAN, share_set },
	{ "vm-clone", KEEL_CMD_VM_CLONE, vm_set }, { "ntf", KEEL_CMD_NTF, vm_set },
};

#define NAMED(constant, name) [constant] = name,
static const char *const events[] = { KEEL_VM_EVENTS(NAMED) };
static const char *const states[] = { KEEL_VM_STATES(NAMED) };

/*
 * For 32-bit mode, from 0: says 6000 letters to its serial port, then answers what
 * it hears with the other case of it.
 */
static const unsigned char guest[] = {
	0xbe, 0x70, 0x17, 0x00, 0x00,	/* 0	mov $6000, %esi */
	0xb0, 0x61,			/* 5	mov $'a', %al */
	0x66, 0xba, 0xf8, 0x03,		/* 7	mov $0x3f8, %dx */
	0xee,				/* 11	out %al, (%dx) */
	0xfe, 0xc0,			/* 12	inc %al */
	0x3c, 0x7b,			/* 14	cmp $'z' + 1, %al */
	0x75, 0x02,			/* 16	jne 20 */
	0xb0, 0x61,			/* 18	mov $'a', %al */
	0x4e,				/* 20	dec %esi */
	0x75, 0xf4,			/* 21	jnz 11 */
	0x66, 0xba, 0xfd, 0x03,		/* 23	mov $0x3fd, %dx */
	0xec,				/* 27	in (%dx), %al */
	0xa8, 0x01,			/* 28	test $1, %al */
	0x74, 0xf7,			/* 30	jz 23 */
	0x66, 0xba, 0xf8, 0x03,		/* 32	mov $0x3f8, %dx */
	0xec,				/* 36	in (%dx), %al */
	0x34, 0x20,			/* 37	xor $0x20, %al */
	0xee,				/* 39	out %al, (%dx) */
	0xeb, 0xed,			/* 40	jmp 23 */
};

static struct genl genl;
static int listener = -1;
static int failed;
static char line[4096], *cursor;

static void die(const char *what)
{
	printf("not ok genl: %s: %s\n", what, line);
	exit(1);
}

static void verdict(int good, const char *got)
{
	printf("%s %s%s%s\n", good ? "ok" : "not ok", line, good ? "" : "  -- got ",
	       good ? "" : got);
	failed += !good;
}

static char *word(void)
{
	char *begin;

	while (*cursor == ' ')
		cursor++;
	if (!*cursor || *cursor == '|')
		return NULL;
	begin = cursor;
	while (*cursor && *cursor != ' ')
		cursor++;
	if (*cursor)
		*cursor++ = 0;
	return begin;
}

static void unescape(char *text)
{
	char *to = text, hex[3] = { 0 };

	while (*text) {
		if (*text == '%' && isxdigit(text[1]) && isxdigit(text[2])) {
			memcpy(hex, text + 1, 2);
			*to++ = strtoul(hex, NULL, 16);
			text += 3;
		} else {
			*to++ = *text++;
		}
	}
	*to = 0;
}

static uint32_t descriptor(const char *value)
{
	int fd, ends[2];

	if (!strncmp(value, "new:", 4)) {
		fd = memfd_create("image", MFD_CLOEXEC);
		if (write(fd, guest, sizeof(guest)) < 0 ||
		    ftruncate(fd, strtoull(value + 4, NULL, 0)))
			die("memfd");
		return fd;
	}
	if (!strcmp(value, "dir"))
		return open("/", O_RDONLY | O_DIRECTORY);
	if (!strcmp(value, "pathonly"))
		return open("/bin/busybox", O_PATH);
	if (!strcmp(value, "writeonly"))
		return open("/tmp/writeonly", O_WRONLY | O_CREAT, 0600);
	if (!strcmp(value, "pipe"))
		return pipe(ends) ? -1 : ends[0];
	return strtoul(value, NULL, 0);
}

static void put_value(struct genl_msg *msg, int id, enum form form, char *value)
{
	uint32_t u32 = form == FD ? descriptor(value) : strtoul(value, NULL, 0);
	uint64_t u64 = strtoull(value, NULL, 0);

	unescape(value);
	if (form == U64)
		genl_put(msg, id, &u64, 8);
	else if (form == STRING)
		genl_put(msg, id, value, strlen(value) + 1);
	else
		genl_put(msg, id, &u32, 4);
}

static void put_number(struct genl_msg *msg, char *name, char *value)
{
	int id = strtol(name, &name, 0), len = 0;
	unsigned char raw[256];
	unsigned int byte;

	if (!strcmp(name, ":raw")) {
		for (; sscanf(value, "%2x", &byte) == 1; value += 2)
			raw[len++] = byte;
		genl_put(msg, id, raw, len);
	} else {
		put_value(msg, id, strcmp(name, ":u64") ? U32 : U64, value);
	}
}

static void put_segments(struct genl_msg *msg, unsigned int nr)
{
	uint64_t value[3] = { 0, 0, 1 };
	struct nlattr *nest;

	while (nr--) {
		nest = genl_put(msg, KEEL_A_VM_SEGMENT | NLA_F_NESTED, NULL, 0);
		genl_put(msg, KEEL_A_SEGMENT_GPA, &value[0], 8);
		genl_put(msg, KEEL_A_SEGMENT_OFFSET, &value[1], 8);
		genl_put(msg, KEEL_A_SEGMENT_SIZE, &value[2], 8);
		genl_nest_end(msg, nest);
		value[0] += 4096;
	}
}

static void put_all(struct genl_msg *msg, const struct attribute *set)
{
	const struct attribute *a;
	struct nlattr *nest;
	char *name, *value;

	while ((name = word()) && strcmp(name, "}")) {
		size_t len = strlen(name);
		int nested = name[len - 1] == '{';

		value = strchr(name, '=');
		if (value)
			*value++ = 0;
		if (nested)
			name[len - 1] = 0;
		if (!strcmp(name, "segments") && value) {
			put_segments(msg, strtoul(value, NULL, 0));
			continue;
		}
		if (isdigit(*name) && value) {
			put_number(msg, name, value);
			continue;
		}
		for (a = set; a && a->name && strcmp(a->name, name); a++)
			;
		if (!a || !a->name)
			die(name);
		if (nested) {
			nest = genl_put(msg, a->id | NLA_F_NESTED, NULL, 0);
			put_all(msg, a->form == SEGMENT ? segment_set : start_set);
			genl_nest_end(msg, nest);
		} else if (a->form == FLAG) {
			genl_put(msg, a->id, NULL, 0);
		} else {
			put_value(msg, a->id, a->form, value ?: "");
		}
	}
}

struct seen {
	const struct attribute *set;
	char text[2048];
};

/* The reply as " name=value name=value " */
static void take(const struct nlmsghdr *head, void *arg)
{
	const char *end = (const char *)head + head->nlmsg_len;
	const struct attribute *a;
	const struct nlattr *attr;
	struct seen *seen = arg;
	size_t len = sprintf(seen->text, " ");

	genl_for_each(attr, genl_first(head), end) {
		const void *data = genl_data(attr);

		for (a = seen->set; a->name && a->id != (attr->nla_type & NLA_TYPE_MASK); a++)
			;
		if (!a->name || sizeof(seen->text) - len < 128)
			continue;
		len += sprintf(seen->text + len, "%s=", a->name);
		if (seen->set == vm_set && a->id == KEEL_A_VM_STATE)
			len += sprintf(seen->text + len, "%s ", states[*(uint32_t *)data]);
		else if (a->form == U32)
			len += sprintf(seen->text + len, "%u ", *(uint32_t *)data);
		else if (a->form == U64)
			len += sprintf(seen->text + len, "%llu ", *(unsigned long long *)data);
		else if (a->form == STRING)
			len += sprintf(seen->text + len, "%s ", (const char *)data);
		else
			len += sprintf(seen->text + len, " ");
	}
}

/* Each word of @want is in @text; a word "name=" has to be there with any value. */
static int has_all(const char *text, char *want)
{
	char *piece, pattern[256];

	for (piece = strtok(want, " "); piece; piece = strtok(NULL, " ")) {
		int absent = *piece == '!', present;

		unescape(piece);
		snprintf(pattern, sizeof(pattern), " %s%s", piece + absent,
			 piece[strlen(piece) - 1] == '=' ? "" : " ");
		present = !!strstr(text, pattern);
		if (present == absent)
			return 0;
	}
	return 1;
}

static void command(char *name, char *want)
{
	static struct genl_msg msg;
	static char got[4096];
	struct seen seen = { 0 };
	struct genl_result result;
	int flags = 0, id = 0, good;
	size_t i, len;

	if (!strcmp(name, "dump"))
		flags = NLM_F_DUMP;
	else if (!strcmp(name, "echo"))
		flags = NLM_F_ECHO;
	if (flags)
		name = word();
	for (i = 0; name && i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(name, commands[i].name))
			continue;
		id = commands[i].id;
		seen.set = commands[i].set;
	}
	if (!id && name)
		id = strtoul(name, NULL, 0);
	genl_begin(&genl, &msg, genl.family, id, flags);
	put_all(&msg, seen.set);
	genl_do(&genl, &msg, &result, take, &seen);
	snprintf(got, sizeof(got), "%s '%s', %u replies, the last%s",
		 result.err ? strerrorname_np(result.err) : "ok", result.text, result.replies,
		 seen.text);
	len = strcspn(want, " ");
	if (!strncmp(want, "ok", len) && len == 2) {
		want += len;
		good = !result.err;
		if (*want == ' ' && want[1] == '+')
			good = good && strtoul(want + 2, &want, 0) == result.replies;
		verdict(good && has_all(seen.text, want), got);
		return;
	}
	good = result.err && !strncmp(want, strerrorname_np(result.err), len) &&
	       strlen(strerrorname_np(result.err)) == len && !result.replies;
	want += len + (want[len] == ' ');
	verdict(good && strstr(result.text, want), got);
}

static void listen_events(void)
{
	struct timeval second = { .tv_sec = 1 };
	struct genl other;

	if (genl_open(&other))
		die("no family");
	listener = other.fd;
	setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	if (setsockopt(listener, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &genl.group,
		       sizeof(genl.group)))
		die("NETLINK_ADD_MEMBERSHIP");
}

static void event(char *want)
{
	struct genl_msg *msg = calloc(1, sizeof(*msg));
	struct seen seen = { .set = vm_set };
	const struct nlattr *attr;
	const char *what = "none";
	char text[4096];
	size_t len = strcspn(want, " ");

	if (recv(listener, msg, sizeof(*msg), 0) > 0) {
		take(&msg->head, &seen);
		attr = genl_first(&msg->head);
		what = events[*(uint32_t *)genl_data(attr)];
	}
	free(msg);
	snprintf(text, sizeof(text), "%s%s", what, seen.text);
	verdict(strlen(what) == len && !strncmp(want, what, len) && has_all(seen.text, want + len),
		text);
}

/* Which answers a command may get that races with others for its guest */
static int fair(int err)
{
	return !err || err == ENOENT || err == EEXIST || err == EBUSY || err == EINVAL ||
	       err == ENODATA;
}

static int racer(unsigned int seed, unsigned int rounds)
{
	static struct genl_msg msg;
	struct genl_result result;
	uint64_t memory = 65536;
	unsigned int odd = 0;
	int flags, cmd;
	char name[8];

	if (genl_open(&genl))
		return 1;
	while (rounds--) {
		cmd = KEEL_CMD_VM_NEW + rand_r(&seed) % (KEEL_CMD_STAT_GET - KEEL_CMD_VM_NEW + 1);
		flags = (cmd == KEEL_CMD_VM_GET || cmd == KEEL_CMD_STAT_GET) &&
			rand_r(&seed) % 4 == 0 ? NLM_F_DUMP : 0;
		if (rand_r(&seed) % 2 == 0)
			cmd = rand_r(&seed) % 2 ? KEEL_CMD_VM_NEW : KEEL_CMD_VM_DEL, flags = 0;
		snprintf(name, sizeof(name), "race%u", rand_r(&seed) % 3);
		genl_begin(&genl, &msg, genl.family, cmd, flags);
		if (!flags)
			genl_put(&msg, KEEL_A_VM_NAME, name, strlen(name) + 1);
		if (cmd == KEEL_CMD_VM_NEW)
			genl_put(&msg, KEEL_A_VM_MEMORY, &memory, 8);
		genl_do(&genl, &msg, &result, NULL, NULL);
		if (!fair(result.err) || (result.err && !*result.text)) {
			printf("# command %d: %s '%s'\n", cmd, strerrorname_np(result.err),
			       result.text);
			odd++;
		}
	}
	return !!odd;
}

/* A guest by the name of @base and a number comes or goes. */
static int change_guest(struct genl *other, int cmd, const char *base, unsigned int number)
{
	static struct genl_msg msg;
	struct genl_result result;
	uint64_t memory = 65536;
	char name[16];

	snprintf(name, sizeof(name), "%s%u", base, number);
	genl_begin(other, &msg, other->family, cmd, 0);
	genl_put(&msg, KEEL_A_VM_NAME, name, strlen(name) + 1);
	if (cmd == KEEL_CMD_VM_NEW)
		genl_put(&msg, KEEL_A_VM_MEMORY, &memory, 8);
	return genl_do(other, &msg, &result, NULL, NULL);
}

static void race(unsigned int rounds)
{
	int i, status, odd = 0;

	fflush(stdout);
	for (i = 0; i < 4; i++)
		if (!fork())
			exit(racer(i + 1, rounds));
	while (wait(&status) > 0)
		odd += !!status;
	for (i = 0; i < 3; i++)
		change_guest(&genl, KEEL_CMD_VM_DEL, "race", i);
	verdict(!odd, "answers that are not fair");
}

#define CHANGES	3

/*
 * Guests 0 to N - 1; after each of the first messages of the dump, one of those with
 * an odd number goes, and a new one comes.  Those with an even number have to be seen
 * once each, and the dump has to say that it was interrupted.
 */
static void change(unsigned int nr)
{
	static char bytes[4096] __attribute__((aligned(8)));
	unsigned int i, messages = 0, wrong = 0, number;
	int len, done = 0, interrupted = 0;
	unsigned char *seen = calloc(2 * nr, 1);
	static struct genl_msg msg;
	const struct nlmsghdr *head;
	const struct nlattr *attr;
	struct genl other;
	char got[64];
	int fd;

	if (genl_open(&other))
		die("no family");
	/* The kernel's messages are as large as a socket has ever read. */
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	for (i = 0; i < nr; i++)
		wrong += !!change_guest(&other, KEEL_CMD_VM_NEW, "change", i);
	genl_begin(&genl, &msg, genl.family, KEEL_CMD_VM_GET, NLM_F_DUMP);
	send(fd, &msg, msg.head.nlmsg_len, 0);
	while (!done) {
		/* The kernel has the next message ready when this is read. */
		len = recv(fd, bytes, sizeof(bytes), 0);
		if (len <= 0)
			break;
		for (head = (void *)bytes; NLMSG_OK(head, len); head = NLMSG_NEXT(head, len)) {
			interrupted |= head->nlmsg_flags & NLM_F_DUMP_INTR;
			done |= head->nlmsg_type == NLMSG_DONE || head->nlmsg_type == NLMSG_ERROR;
			if (done)
				break;
			genl_for_each(attr, genl_first(head), (char *)head + head->nlmsg_len)
				if (attr->nla_type == KEEL_A_VM_NAME &&
				    sscanf(genl_data(attr), "change%u", &number) == 1)
					seen[number]++;
		}
		/* The dump goes on for as long as new ones come. */
		if (messages++ >= CHANGES)
			continue;
		wrong += !!change_guest(&other, KEEL_CMD_VM_DEL, "change", nr + 1 - 2 * messages);
		wrong += !!change_guest(&other, KEEL_CMD_VM_NEW, "change", nr - 1 + messages);
	}
	for (i = 0; i < nr; i += 2)
		wrong += seen[i] != 1;
	for (i = 1; i < 2 * nr; i += 2)
		wrong += seen[i] > 1;
	for (i = 0; i < nr + CHANGES; i++)
		change_guest(&other, KEEL_CMD_VM_DEL, "change", i);
	snprintf(got, sizeof(got), "%u wrong, %u messages, flags %#x", wrong, messages,
		 interrupted);
	verdict(!wrong && messages > 2 && interrupted, got);
	free(seen);
	close(fd);
	close(other.fd);
}

static void give_up(const char *option)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };
	int err;

	if (!strcmp(option, "-u"))
		err = syscall(SYS_capset, &head, none);
	else
		err = unshare(!strcmp(option, "-U") ? CLONE_NEWUSER : CLONE_NEWNET);
	if (err)
		die(option);
}

int main(int argc, char **argv)
{
	char copy[sizeof(line)], *want, *name;
	int err;

	setlinebuf(stdout);
	if (argc > 1)
		give_up(argv[1]);
	err = genl_open(&genl);
	if (err) {
		printf("no family: %s\n", strerrorname_np(err));
		return 2;
	}
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (!*line || *line == '#')
			continue;
		strcpy(copy, line);
		cursor = copy;
		want = strstr(copy, " | ");
		name = word();
		if (want) {
			*want = 0;
			want += 3;
		}
		if (!strcmp(name, "listen"))
			listen_events();
		else if (!strcmp(name, "race"))
			race(strtoul(cursor, NULL, 0));
		else if (!strcmp(name, "run"))
			failed += !!system(cursor);
		else if (!strcmp(name, "change"))
			change(strtoul(cursor, NULL, 0));
		else if (!want)
			die("no |");
		else if (!strcmp(name, "event"))
			event(want);
		else
			command(name, want);
	}
	printf("# genl: %d failed\n", failed);
	return !!failed;
}
