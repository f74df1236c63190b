/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a guest starts from: the options that say so, the image that is made of them,
 * and how the kernel gets it.
 */
#ifndef KEEL_CTL_LOAD_H
#define KEEL_CTL_LOAD_H

#include "image.h"

struct nl_msg;

#define IMAGE_OPTIONS								\
	{ "kernel", "FILE", "what it starts from: Linux, ELF, or any file with --entry" },	\
	{ "entry", "ADDR", "FILE goes to ADDR as it is, and is entered there in 64-bit mode" }, \
	{ "entry32", "ADDR", "the same, in 32-bit mode without paging" },	\
	{ "arg", "N", "a number for the program, in RDI" },			\
	{ "initrd", "FILE", "for kernels: Linux, and what has a PVH entry" },	\
	{ "cmdline", "TEXT", "for kernels" }

bool load_options_good(void);
bool load_make(struct image *image, __u64 memory, unsigned int vcpus);
void load_put(struct nl_msg *msg, const struct image *image);

#endif /* KEEL_CTL_LOAD_H */
