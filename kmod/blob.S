/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The root image, carried as data.
 *
 * World: host.
 */
#include <linux/linkage.h>

	.section .rodata, "a"
	.balign	8
SYM_DATA_START(keel_blob)
	.incbin	"root.bin"
SYM_DATA_END_LABEL(keel_blob, SYM_L_GLOBAL, keel_blob_end)
