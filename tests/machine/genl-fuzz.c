// SPDX-License-Identifier: GPL-2.0
/*
 * genl-fuzz COUNT [SEED] : COUNT random messages to the generic-netlink family
 *
 * Most are commands as they should be, with values that are likely to mean
 * something together, of which then a few bits, lengths or types are changed; some
 * are nothing but bytes behind a header.  The guests that come of it are small and
 * few: all are deleted now and then, and at the end.  It prints how many messages
 * had which answer, and fails when an answer was none that the family may give, or
 * something was left.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "genl.h"

#define FILE_SIZE	65536
#define GUESTS		6
#define SWEEP		200

static struct genl genl;
static struct genl_msg msg;
static uint64_t state;
static int files[6];
static unsigned int answers[4096], carried_out[KEEL_CMD_MAX + 1], odd;
static int command;

static uint32_t rnd(uint32_t below)
{
	/* xorshift64* */
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return ((state * 2685821657736338717ULL) >> 33) % below;
}

static uint64_t wild(void)
{
	static const uint64_t edges[] = {
		0, 1, 4095, 4096, 65536, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
		0x7fffffffffff, 0x800000000000, 0x7fffffffffffffff, 0x8000000000000000,
		0xfffffffffffff000, 0xffffffffffffffff,
	};

	return edges[rnd(sizeof(edges) / sizeof(*edges))];
}

/* Mostly a page within the guest and the file, at times anything */
static uint64_t place(void)
{
	return rnd(16) ? rnd(FILE_SIZE / 4096) * 4096 : wild();
}

static void put_u32(int type, uint32_t value)
{
	genl_put(&msg, type, &value, 4);
}

static void put_u64(int type, uint64_t value)
{
	genl_put(&msg, type, &value, 8);
}

static void put_which(void)
{
	char name[16];

	if (!rnd(4))
		put_u32(KEEL_A_VM_ID, rnd(8) ? 1 + rnd(64) : wild());
	snprintf(name, sizeof(name), "fuzz%u", rnd(GUESTS));
	if (rnd(8))
		genl_put(&msg, KEEL_A_VM_NAME, name, strlen(name) + 1);
}

/* By one of the others' names; a number of them would become thousands now and then. */
static void put_clone(void)
{
	char name[16];

	snprintf(name, sizeof(name), "fuzz%u", rnd(GUESTS));
	genl_put(&msg, KEEL_A_VM_CLONE, name, strlen(name) + 1);
	if (rnd(2))
		genl_put(&msg, KEEL_A_VM_RUN, NULL, 0);
}

static void put_segment(void)
{
	struct nlattr *nest = genl_put(&msg, KEEL_A_VM_SEGMENT | NLA_F_NESTED, NULL, 0);

	put_u64(KEEL_A_SEGMENT_GPA, place());
	put_u64(KEEL_A_SEGMENT_OFFSET, place());
	put_u64(KEEL_A_SEGMENT_SIZE, rnd(8) ? 1 + rnd(8192) : wild());
	genl_nest_end(&msg, nest);
}

static void put_random(void)
{
	struct nlattr *nest = genl_put(&msg, KEEL_A_VM_RANDOM | NLA_F_NESTED, NULL, 0);

	put_u64(KEEL_A_SEGMENT_GPA, place());
	put_u64(KEEL_A_SEGMENT_SIZE, rnd(8) ? 1 + rnd(4096) : wild());
	genl_nest_end(&msg, nest);
}

static void put_start(void)
{
	struct nlattr *nest = genl_put(&msg, KEEL_A_VM_START | NLA_F_NESTED, NULL, 0);
	int type, long_mode = !rnd(3);

	for (type = KEEL_A_START_RIP; type <= KEEL_A_START_GDT_BASE; type++)
		if (!rnd(3) || (long_mode && type == KEEL_A_START_CR3))
			put_u64(type, place());
	if (!rnd(3))
		put_u32(KEEL_A_START_GDT_LIMIT, rnd(65536));
	if (long_mode)
		genl_put(&msg, KEEL_A_START_LONG_MODE, NULL, 0);
	genl_nest_end(&msg, nest);
}

static void put_image(void)
{
	unsigned int nr;

	put_u32(KEEL_A_VM_IMAGE_FD, rnd(8) ? files[0] : files[rnd(6)]);
	for (nr = rnd(16) ? 1 + rnd(2) : rnd(80); nr--;)
		put_segment();
	put_start();
	if (!rnd(4))
		put_random();
}

/* Half of them for a guest, half for all; at times what is not theirs */
static void put_share(void)
{
	if (rnd(2)) {
		put_which();
		if (rnd(4))
			put_u32(KEEL_A_SHARE_ENABLE, rnd(8) ? rnd(2) : wild());
		if (rnd(2))
			put_u32(KEEL_A_SHARE_DOMAIN, rnd(3));
		if (rnd(4))
			return;
	}
	if (!rnd(3))
		put_u32(KEEL_A_SHARE_BUDGET, rnd(8) ? 1 + rnd(100) : wild());
	if (!rnd(3))
		put_u32(KEEL_A_SHARE_CAP, rnd(8) ? 2 + rnd(4) : wild());
	if (!rnd(3))
		put_u32(KEEL_A_SHARE_RATE, rnd(2) ? 0 : rnd(100000));
}

static void put_attributes(int cmd)
{
	if (cmd == KEEL_CMD_SHARE_SET) {
		put_share();
		return;
	}
	if (cmd != KEEL_CMD_STATUS_GET && cmd != KEEL_CMD_SHARE_SCAN &&
	    (cmd != KEEL_CMD_SHARE_GET || rnd(2)))
		put_which();
	switch (cmd) {
	case KEEL_CMD_VM_NEW:
		put_u64(KEEL_A_VM_MEMORY, rnd(8) ? (1 + rnd(64)) * 4096 : wild());
		if (rnd(2))
			put_u32(KEEL_A_VM_VCPUS, 1 + rnd(3));
		if (!rnd(3))
			put_image();
		if (!rnd(3))
			genl_put(&msg, KEEL_A_VM_RUN, NULL, 0);
		break;
	case KEEL_CMD_VM_SET:
		if (rnd(2))
			put_u32(KEEL_A_VM_WEIGHT, rnd(10002));
		if (!rnd(4))
			put_u32(KEEL_A_VM_TEMPLATE, rnd(3));
		break;
	case KEEL_CMD_VM_CLONE:
		put_clone();
		break;
	case KEEL_CMD_VM_STOP:
		put_u32(KEEL_A_VM_TIMEOUT, rnd(4) ? 0 : rnd(100));
		break;
	case KEEL_CMD_VM_LOAD:
		put_image();
		break;
	}
}

/* Change a few things; the type is the family's whatever becomes of it here. */
static void mutate(void)
{
	uint32_t first = sizeof(msg.head.nlmsg_len) + sizeof(msg.head.nlmsg_type);
	uint32_t len = msg.head.nlmsg_len, nr = 1 + rnd(4), at;

	while (nr-- && len > NLMSG_HDRLEN) {
		at = NLMSG_HDRLEN + rnd(len - NLMSG_HDRLEN);
		switch (rnd(6)) {
		case 0:
			msg.bytes[at] ^= 1 << rnd(8);
			break;
		case 1:
			msg.bytes[at] = rnd(256);
			break;
		case 2:
			*(uint16_t *)(msg.bytes + (at & ~3)) = rnd(64);
			break;
		case 3:
			msg.head.nlmsg_len = rnd(len + 16);
			break;
		case 4:
			at = first + rnd(NLMSG_HDRLEN - first);
			msg.bytes[at] ^= 1 << rnd(8);
			break;
		default:
			put_u64(1 + rnd(KEEL_A_VM_MAX + 2), wild());
			len = msg.head.nlmsg_len;
		}
	}
}

static void garbage(void)
{
	uint32_t len = NLMSG_HDRLEN + rnd(200), i;

	for (i = NLMSG_HDRLEN; i < len; i++)
		msg.bytes[i] = rnd(256);
	msg.head.nlmsg_len = len;
}

static int may_be(int err)
{
	static const int fair[] = {
		0, EINVAL, ENOENT, EEXIST, EBUSY, ERANGE, EBADF, E2BIG, ENOMEM, EOPNOTSUPP,
		EMSGSIZE, ENODATA, ENOSPC, EAGAIN, EPERM, EPROTONOSUPPORT,
	};
	unsigned int i;

	for (i = 0; i < sizeof(fair) / sizeof(*fair); i++)
		if (err == fair[i])
			return 1;
	return 0;
}

/* What has been answered by now; the kernel answers before send() is over. */
static void drain(void)
{
	static char bytes[GENL_ROOM] __attribute__((aligned(8)));
	struct genl_result result = { 0 };
	const struct nlmsghdr *head;
	int len;

	while ((len = recv(genl.fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
		for (head = (void *)bytes; NLMSG_OK(head, len); head = NLMSG_NEXT(head, len)) {
			if (head->nlmsg_type != NLMSG_ERROR)
				continue;
			genl_refusal(head, &result);
			answers[result.err & 4095]++;
			carried_out[command] += !result.err;
			if (may_be(result.err))
				continue;
			odd++;
			printf("odd: errno %d '%s'\n", result.err, result.text);
		}
	}
}

struct ids {
	uint32_t id[1024];
	unsigned int nr;
};

static void take_id(const struct nlmsghdr *head, void *arg)
{
	struct ids *ids = arg;

	if (ids->nr < 1024)
		ids->id[ids->nr++] = *(const uint32_t *)genl_data(genl_first(head));
}

/* On a socket of its own: the other may be in the midst of a dump. */
static void sweep(void)
{
	static struct ids ids;
	struct genl_result result;
	struct genl clean;
	unsigned int i;

	if (genl_open(&clean)) {
		odd++;
		return;
	}
	ids.nr = 0;
	genl_begin(&clean, &msg, clean.family, KEEL_CMD_VM_GET, NLM_F_DUMP);
	genl_do(&clean, &msg, &result, take_id, &ids);
	for (i = 0; i < ids.nr; i++) {
		genl_begin(&clean, &msg, clean.family, KEEL_CMD_VM_DEL, 0);
		put_u32(KEEL_A_VM_ID, ids.id[i]);
		/* Others may be at it too. */
		if (genl_do(&clean, &msg, &result, NULL, NULL) && result.err != ENOENT) {
			odd++;
			printf("odd: guest %u could not be deleted: errno %d\n", ids.id[i],
			       result.err);
		}
	}
	close(clean.fd);
}

static void one(void)
{
	static const int useful[] = {
		KEEL_CMD_VM_NEW, KEEL_CMD_VM_LOAD, KEEL_CMD_VM_START, KEEL_CMD_SHARE_SET,
		KEEL_CMD_VM_NEW, KEEL_CMD_VM_LOAD, KEEL_CMD_VM_START,
	};
	int cmd = 1 + rnd(KEEL_CMD_MAX), flags = NLM_F_ACK;

	/* Without guests the other commands have little to do. */
	if (!rnd(2))
		cmd = useful[rnd(7)];
	if (!rnd(8))
		flags |= rnd(2) ? NLM_F_DUMP : NLM_F_ECHO;
	command = cmd;
	genl_begin(&genl, &msg, genl.family, cmd, flags);
	if (rnd(20))
		put_attributes(cmd);
	else
		garbage();
	if (rnd(2))
		mutate();
	msg.head.nlmsg_type = genl.family;
	/* At times of another length than the header says */
	send(genl.fd, &msg, rnd(16) ? NLMSG_ALIGN(msg.head.nlmsg_len) : rnd(512), MSG_DONTWAIT);
	drain();
}

static void open_files(void)
{
	int ends[2];

	files[0] = memfd_create("image", 0);
	if (ftruncate(files[0], FILE_SIZE))
		exit(2);
	files[1] = open("/", O_RDONLY);
	files[2] = open("/dev/null", O_RDWR);
	files[3] = pipe(ends) ? -1 : ends[0];
	files[4] = 999;
	files[5] = memfd_create("empty", 0);
}

int main(int argc, char **argv)
{
	unsigned int count = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000, i;
	unsigned char code[4096];

	state = (argc > 2 ? strtoul(argv[2], NULL, 0) : 1) * 0x9e3779b97f4a7c15ULL;
	open_files();
	/* Guests that run something: any bytes at all */
	for (i = 0; i < sizeof(code); i++)
		code[i] = rnd(256);
	if (write(files[0], code, sizeof(code)) < 0 || genl_open(&genl))
		return 2;
	for (i = 1; i <= count; i++) {
		one();
		if (i % SWEEP == 0)
			sweep();
		if (i % 50)
			continue;
		/* Also what was left unread goes. */
		close(genl.fd);
		if (genl_open(&genl))
			return 2;
	}
	sweep();
	for (i = 0; i < 4096; i++)
		if (answers[i])
			printf("%u times %s\n", answers[i], i ? strerrorname_np(i) : "ok");
	printf("%u made, %u loaded, %u sharing, %u scanned, %u started\n",
	       carried_out[KEEL_CMD_VM_NEW], carried_out[KEEL_CMD_VM_LOAD],
	       carried_out[KEEL_CMD_SHARE_SET], carried_out[KEEL_CMD_SHARE_SCAN],
	       carried_out[KEEL_CMD_VM_START]);
	printf("odd %u\n", odd);
	return !!odd;
}
