// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as an instruction that accesses the memory of a device: the decoder looks at
 * no more than it was given, and what it makes of them is sound.
 *
 * World: libFuzzer, user space.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmx/mmio.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* A copy that ends where the bytes do, for the sanitizer to see */
static enum keel_decoded decode(const u8 *code, unsigned int nr, unsigned int bits,
				struct keel_mmio *mmio)
{
	u8 *copy = malloc(nr ? nr : 1);
	enum keel_decoded ret;

	memcpy(copy, code, nr);
	ret = keel_mmio_decode(copy, nr, bits, mmio);
	free(copy);
	return ret;
}

static void check_sound(const struct keel_mmio *m, unsigned int bits)
{
	struct keel_regs regs, before;
	unsigned int i, changed = 0;
	u64 val, rflags = 0x202;

	check(m->len >= 2 && m->len <= KEEL_INSN_MAX);
	check(m->size == 1 || m->size == 2 || m->size == 4 || m->size == 8);
	check(m->reg_size >= m->size && m->reg_size <= 8);
	check(m->reg < 16 && (m->reg < 8 || bits == 64));
	check(!m->high || (m->reg < 4 && m->size == 1 && m->reg_size == 1));
	check(!m->immediate || m->write || keel_mmio_compares(m));
	check(!m->sign || (!m->write && m->op == KEEL_MMIO_MOV));
	check(!m->write || !keel_mmio_compares(m));
	check(!m->reversed || (m->op != KEEL_MMIO_MOV && !m->write && !m->immediate));
	memset(&regs, 0x5a, sizeof(regs));
	before = regs;
	val = keel_mmio_value(m, &regs);
	check(m->size == 8 || !(val >> 8 * m->size));
	val = keel_mmio_combine(m, &regs, ~0ULL, &rflags);
	check((m->size == 8 || !(val >> 8 * m->size)) && (rflags & ~0x8d5ULL) == 0x202);
	keel_mmio_answer(m, &regs, ~0ULL);
	for (i = 0; i < sizeof(regs) / 8; i++)
		changed += ((u64 *)&regs)[i] != ((u64 *)&before)[i];
	check(changed == 1);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const unsigned int modes[] = { 64, 32, 16 };
	unsigned int nr, bits;
	struct keel_mmio all, some;
	enum keel_decoded ret;

	if (!size || size > 64)
		return 0;
	bits = modes[data[0] % 3];
	data++;
	size--;
	ret = decode(data, size, bits, &all);
	if (ret == KEEL_DECODED) {
		check(all.len <= size);
		check_sound(&all, bits);
	}
	check(ret != KEEL_DECODE_MORE || size < KEEL_INSN_MAX);
	/* with fewer bytes it is the same, or not known yet */
	for (nr = 0; nr < size; nr++) {
		ret = decode(data, nr, bits, &some);
		if (ret == KEEL_DECODED)
			check(nr >= some.len && !memcmp(&some, &all, sizeof(some)));
	}
	return 0;
}
