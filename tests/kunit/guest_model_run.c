// SPDX-License-Identifier: GPL-2.0
/*
 * The model of guests' memory (guest_model.h): what vCPUs see of it.
 *
 * World: KUnit.  No locks.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "guest_model.h"

/* A vCPU's access, and what the EPT has for it afterwards */
void model_fault(struct model *m, unsigned int v, unsigned int place, bool write)
{
	struct model_guest *guest = &m->guest[v / 2];
	struct keel_guest *real = keel_guest_at(&fake->root, model_ids[v / 2]);
	unsigned int level, other = v ^ 1;
	struct keel_vcpu *self;
	enum keel_fault ret;
	u64 entry, pfn, *word;
	bool outside;

	if (!m->in[v])
		return;
	self = fake_vcpu(real, v % 2);
	ret = keel_guest_fault(&fake->root, real, model_places[place] << 12 | 0x123, write, self);
	outside = ret == KEEL_FAULT_OUTSIDE;
	if (!EXPECT(model_is_memory(model_places[place]) != outside))
		return;
	entry = keel_table_lookup(&real->ept, model_places[place] << 12, &level);
	pfn = (entry & KEEL_TABLE_ADDR) >> 12;
	switch (ret) {
	case KEEL_FAULT_OUTSIDE:
		EXPECT(!entry);
		return;
	case KEEL_FAULT_FILL:
		if (!EXPECT(guest->state[place] != MODEL_OWN && real->pool.nr < 5))
			return;
		EXPECT(!real->cooling.nr || !model_passed(real->cooling_epoch));
		return;
	case KEEL_FAULT_KICK:
		if (!EXPECT(m->in[other] && fake_vcpu(real, other % 2)->epoch < real->epoch))
			return;
		if (!EXPECT((write && guest->state[place] == MODEL_ZERO) ||
			    guest->state[place] == MODEL_PENDING))
			return;
		if (!EXPECT(!entry))
			return;
		guest->state[place] = MODEL_PENDING;
		break;
	case KEEL_FAULT_DONE:
		if (!write && guest->state[place] < MODEL_OWN) {
			if (!EXPECT(entry == (fake->root.zero_pa | 0x75)))
				return;
			guest->state[place] = MODEL_ZERO;
			m->zero[v][place] = true;
			break;
		}
		if (!EXPECT(entry == (pfn << 12 | 0x77) && m->owner[pfn] == OWNER_GUEST + v / 2))
			return;
		word = &fake->page[pfn][model_places[place] % 512];
		if (guest->state[place] != MODEL_OWN) {
			if (!EXPECT(model_passed(m->since[pfn]) && !m->dirty[pfn]) ||
			    !EXPECT(!m->zero[other][place] || !m->in[other]))
				return;
			/* it has zeros by an old translation itself, and has to flush */
			if (!EXPECT(!m->zero[v][place] || self->epoch < real->epoch))
				return;
			m->dirty[pfn] = true;
			guest->state[place] = MODEL_OWN;
		} else if (!EXPECT(*word == guest->tag[place])) {
			return;
		}
		if (write || !guest->tag[place]) {
			guest->tag[place] = ++m->tag;
			*word = m->tag;
		}
		break;
	default:
		if (!EXPECT(ret != KEEL_FAULT_BUSY))
			return;
	}
	/* it flushes on its way in, as it has to be */
	if (self->epoch < real->epoch) {
		memset(m->zero[v], 0, sizeof(m->zero[v]));
		self->epoch = real->epoch;
	}
	m->done[MODEL_FAULT]++;
}

void model_enter(struct model *m, unsigned int v)
{
	struct keel_guest *real = keel_guest_at(&fake->root, model_ids[v / 2]);
	struct keel_vcpu *self;

	if (!real || real->dead || m->in[v])
		return;
	self = fake_vcpu(real, v % 2);
	if (!self)
		return;
	m->dirty[real->vcpu[v % 2]] = true;
	self->running = 1;
	if (!keel_guest_ready(&fake->root, real)) {
		self->running = 0;
		return;
	}
	self->epoch = real->epoch;
	memset(m->zero[v], 0, sizeof(m->zero[v]));
	m->in[v] = true;
	m->done[MODEL_ENTER]++;
}

/* To Linux; with its VMCS active on that CPU, or parked */
void model_leave(struct model *m, unsigned int v, bool park)
{
	struct keel_guest *real = keel_guest_at(&fake->root, model_ids[v / 2]);
	struct keel_vcpu *self;

	if (!m->in[v] && !m->active[v])
		return;
	self = fake_vcpu(real, v % 2);
	self->running = 0;
	self->on_cpu = park ? KEEL_NO_CPU : 0;
	m->in[v] = false;
	m->active[v] = !park;
	m->done[MODEL_EXIT]++;
}
