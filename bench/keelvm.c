// SPDX-License-Identifier: GPL-2.0
/*
 * A guest of Keel, by netlink alone.  What goes wrong ends the program.
 *
 * World: user, in the machine that is measured.
 */
#include <err.h>
#include <string.h>

#include "../uapi/keel.h"
#include "genl.h"
#include "keelvm.h"

/**
 * keelvm_begin() - begin a request about a guest
 * @cmd: the command
 * @name: the guest's name
 */
void keelvm_begin(uint8_t cmd, const char *name)
{
	genl_begin(cmd);
	genl_put_text(KEEL_A_VM_NAME, name);
}

/**
 * keelvm_command() - a request about a guest that has no further attributes
 * @cmd: the command
 * @name: the guest's name
 */
void keelvm_command(uint8_t cmd, const char *name)
{
	keelvm_begin(cmd, name);
	genl_do();
}

/**
 * keelvm_new() - make a guest
 * @name: its name
 * @memory: its memory in bytes
 */
void keelvm_new(const char *name, uint64_t memory)
{
	keelvm_begin(KEEL_CMD_VM_NEW, name);
	genl_put_u64(KEEL_A_VM_MEMORY, memory);
	genl_do();
}

/**
 * keelvm_own_add() - and what one more guest has
 * @own: the sum
 * @name: the guest's name
 */
void keelvm_own_add(struct keelvm_own *own, const char *name)
{
	keelvm_command(KEEL_CMD_STAT_GET, name);
	own->mapped += genl_number(genl_answer(KEEL_A_STAT_MAPPED));
	own->tables += genl_number(genl_answer(KEEL_A_STAT_TABLES));
	own->pool += genl_number(genl_answer(KEEL_A_STAT_POOL));
}

/**
 * keelvm_own_report() - print '{LINE} GUESTS MAPPED TABLES POOL', in KiB
 * @line: what the line begins with
 * @nr: how many guests
 * @own: what they have together
 */
void keelvm_own_report(const char *line, unsigned int nr, const struct keelvm_own *own)
{
	printf("%s %u %lu %lu %lu\n", line, nr, own->mapped / 1024, own->tables / 1024,
	       own->pool / 1024);
}

/**
 * keelvm_console() - listen to what a guest says
 * @name: its name
 *
 * Return: its serial port's other end.
 */
FILE *keelvm_console(const char *name)
{
	char path[64];
	FILE *file;

	keelvm_command(KEEL_CMD_VM_GET, name);
	snprintf(path, sizeof(path), "/dev/%s", genl_text(genl_answer(KEEL_A_VM_CONSOLE)));
	file = fopen(path, "r");
	if (!file)
		err(1, "%s", path);
	return file;
}

/**
 * keelvm_counted() - what a vCPU has counted, as the last answer to stat-get has it
 * @type: KEEL_A_VCPU_EXIT or KEEL_A_VCPU_RETURN
 * @name: the exit's name, or the return's
 *
 * Return: how often there was one.
 */
unsigned long keelvm_counted(uint16_t type, const char *name)
{
	const struct nlattr *vcpu = genl_answer(KEEL_A_STAT_VCPU), *count = NULL;

	if (!vcpu)
		errx(1, "the guest has ended");
	while ((count = genl_next(vcpu, count, type)))
		if (!strcmp(genl_text(genl_inner(count, KEEL_A_COUNT_NAME)), name))
			return genl_number(genl_inner(count, KEEL_A_COUNT_COUNT));
	return 0;
}

/**
 * keelvm_share() - let a guest share its pages
 * @name: its name
 * @domain: with whom
 */
void keelvm_share(const char *name, uint32_t domain)
{
	genl_begin(KEEL_CMD_SHARE_SET);
	genl_put_text(KEEL_A_SHARE_NAME, name);
	genl_put_u32(KEEL_A_SHARE_ENABLE, 1);
	genl_put_u32(KEEL_A_SHARE_DOMAIN, domain);
	genl_do();
}

static uint64_t share_number(uint16_t type)
{
	genl_begin(KEEL_CMD_SHARE_GET);
	genl_do();
	return genl_number(genl_answer(type));
}

/**
 * keelvm_settle() - have all guests scanned until nothing is found any more
 * @look: called until then
 * @w: for it
 */
void keelvm_settle(void (*look)(struct share_watch *w), struct share_watch *w)
{
	genl_begin(KEEL_CMD_SHARE_SCAN);
	genl_do();
	do {
		look(w);
	} while (share_number(KEEL_A_SHARE_SCANS_ASKED) != share_number(KEEL_A_SHARE_SCANS_DONE));
}
