// SPDX-License-Identifier: GPL-2.0
/*
 * VMX controls: what is wanted against what the CPU allows.
 *
 * World: root, host and KUnit; touches no hardware.  No locks.
 */
#include <linux/stddef.h>
#include <linux/types.h>

#include "ctl.h"

static const char *const words[KEEL_CTL_NR] = {
#define KEEL_W(word, text) [KEEL_CTL_##word] = text,
	KEEL_CTL_WORDS(KEEL_W)
#undef KEEL_W
};

static const char *const bits[KEEL_CTL_NR][32] = {
#define KEEL_C(word, name, bit, text) [KEEL_CTL_##word][bit] = text,
	KEEL_CTL_BITS(KEEL_C)
#undef KEEL_C
};

/**
 * keel_ctl_word_name() - the name of a word of controls
 * @word: enum keel_ctl_word
 *
 * Return: the name, as the SDM has it.
 */
const char *keel_ctl_word_name(unsigned int word)
{
	return words[word];
}

/**
 * keel_ctl_bit_name() - the name of a control
 * @word: enum keel_ctl_word
 * @bit: 0 to 63
 *
 * Return: the name, NULL for a bit without one (reserved, or fixed to 1 by
 * every CPU).
 */
const char *keel_ctl_bit_name(unsigned int word, unsigned int bit)
{
	return bit < 32 ? bits[word][bit] : NULL;
}

static bool refuse(struct keel_ctl_refusal *why, unsigned int word, u64 mask, bool stuck)
{
	why->word = word;
	why->bit = __builtin_ctzll(mask);
	why->stuck = stuck;
	return false;
}

static u64 named_bits(unsigned int word)
{
	u64 mask = 0;
	int bit;

	for (bit = 0; bit < 32; bit++)
		if (bits[word][bit])
			mask |= 1ULL << bit;
	return mask;
}

/**
 * keel_ctl_resolve() - choose the controls of a VMCS (SDM 31.5.1, appendix A.3)
 * @caps: what the CPU allows
 * @want: what is asked, a row a word
 * @ctl: filled with the words to write
 * @why: on failure, the control that cannot be had
 *
 * Required bits are set, optional ones where the CPU can, and of the bits that
 * nobody asked for only those that the CPU holds at 1 and that have no name
 * (the "default1" bits, which change nothing).  A named bit that is stuck at 1
 * would add exits and is refused.  The secondary and tertiary words are
 * resolved against an all-zero capability where the CPU does not have them.
 *
 * Return: true when all required bits could be had.
 */
bool keel_ctl_resolve(const struct keel_vmx_caps *caps,
		      const struct keel_ctl_want want[KEEL_CTL_NR],
		      u64 ctl[KEEL_CTL_NR], struct keel_ctl_refusal *why)
{
	unsigned int w;

	for (w = 0; w < KEEL_CTL_NR; w++) {
		const struct keel_ctl_cap *cap = &caps->ctl[w];
		u64 missing = (want[w].required | want[w].later) & ~cap->may;
		u64 stuck;

		if (missing)
			return refuse(why, w, missing, false);
		ctl[w] = want[w].required | (want[w].optional & cap->may);
		stuck = cap->must & ~ctl[w];
		if (stuck & named_bits(w))
			return refuse(why, w, stuck & named_bits(w), true);
		ctl[w] |= stuck;
	}
	return true;
}
