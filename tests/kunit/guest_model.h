/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What guests' memory has to do, said in the plainest way, beside the real thing on the
 * made-up machine: the random test and the fuzzer choose the steps.
 *
 * World: KUnit.  No locks.
 */
#ifndef KEEL_TEST_GUEST_MODEL_H
#define KEEL_TEST_GUEST_MODEL_H

#include "phys_stubs.h"

#define MODEL_GUESTS	3
#define MODEL_VCPUS	(2 * MODEL_GUESTS)

/* Places in a guest's memory that are used, some of them beyond its ends */
#define MODEL_PLACES	15

/* What a step does */
enum model_op {
	MODEL_DONATE, MODEL_RECLAIM, MODEL_NEW, MODEL_FILL, MODEL_MAP, MODEL_FAULT,
	MODEL_ENTER, MODEL_EXIT, MODEL_PASS, MODEL_KILL, MODEL_DRAIN, MODEL_STAT, MODEL_MEND,
	MODEL_SWITCH, MODEL_PAGE, MODEL_AUDIT, MODEL_OPS
};

/* What is at a place */
enum model_state { MODEL_NOTHING, MODEL_ZERO, MODEL_OWN, MODEL_PENDING };

/**
 * struct model_guest - a guest
 * @there: it exists
 * @dead: it was killed
 * @filled: frames that it was given and has not given back
 * @state: enum model_state, by place
 * @tag: what was written there last
 */
struct model_guest {
	bool there;
	bool dead;
	u64 filled;
	u8 state[MODEL_PLACES];
	u64 tag[MODEL_PLACES];
};

/**
 * struct model - what there is
 * @owner: of each frame: 0 the host, 1 root, 2 and more a guest
 * @since: the epoch that each frame was taken in
 * @dirty: the guest or root has written to it
 * @guest: guests
 * @in: by vCPU: it is in its guest
 * @active: by vCPU: its VMCS is active on a CPU
 * @zero: by vCPU and place: it reads zeros there by an old translation
 * @done: steps that have come to something, by operation
 * @tag: the last tag
 * @wrong: what is wrong, NULL for nothing
 */
struct model {
	u8 owner[FAKE_FRAMES];
	u64 since[FAKE_FRAMES];
	bool dirty[FAKE_FRAMES];
	struct model_guest guest[MODEL_GUESTS];
	bool in[MODEL_VCPUS];
	bool active[MODEL_VCPUS];
	bool zero[MODEL_VCPUS][MODEL_PLACES];
	unsigned int done[MODEL_OPS];
	u64 tag;
	const char *wrong;
};

void model_start(struct model *m);
/* false when something is wrong */
bool model_step(struct model *m, enum model_op op, u64 a, u64 b, u64 c);

/* Between the model's two files: */

/* Owners in struct model */
#define OWNER_HOST	0
#define OWNER_ROOT	1
#define OWNER_GUEST	2

/* Frames of memory that each guest can have */
#define MODEL_FRAMES	((1ULL << 27) + 3)

/* Where it ends */
#define MODEL_END	(MODEL_FRAMES + KEEL_GFN_HOLE_END - KEEL_GFN_HOLE)

extern const u16 model_ids[MODEL_GUESTS];
extern const u64 model_places[MODEL_PLACES];
bool model_is_memory(u64 gfn);

/* It has to be so; the first time that it is not, the model says what. */
#define EXPECT(cond)	model_expect(m, cond, #cond)
bool model_expect(struct model *m, bool ok, const char *what);
bool model_passed(u64 epoch);

void model_fault(struct model *m, unsigned int v, unsigned int place, bool write);
void model_enter(struct model *m, unsigned int v);
void model_leave(struct model *m, unsigned int v, bool park);

#endif /* KEEL_TEST_GUEST_MODEL_H */
