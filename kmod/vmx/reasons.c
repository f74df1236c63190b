// SPDX-License-Identifier: GPL-2.0
/*
 * The names of exit reasons, for people.
 *
 * World: host and KUnit (root knows reasons by number).  No locks.
 */
#include <linux/stddef.h>
#include <linux/types.h>

#include "../abi.h"
#include "reasons.h"

static const struct {
	const char *name;
	const char *text;
} reasons[KEEL_EXIT_NR] = {
#define KEEL_R(nr, name, text) [nr] = { #name, text },
	KEEL_EXIT_REASONS(KEEL_R)
#undef KEEL_R
};

/**
 * keel_reason_name() - the name of a basic exit reason (SDM appendix C)
 * @reason: the reason, any number
 *
 * Return: the name as in KEEL_EXIT_REASONS, NULL when there is none.
 */
const char *keel_reason_name(unsigned int reason)
{
	return reason < KEEL_EXIT_NR ? reasons[reason].name : NULL;
}

/**
 * keel_reason_text() - a basic exit reason in words
 * @reason: the reason, any number
 *
 * Return: a short text, NULL when there is no such reason.
 */
const char *keel_reason_text(unsigned int reason)
{
	return reason < KEEL_EXIT_NR ? reasons[reason].text : NULL;
}
