/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Links the root world into a flat image (vmx/layout.h).  Nothing in it is
 * ever written: a .data or .bss section is an error, and so is anything that
 * is not placed here.
 */
#include "vmx/layout.h"

OUTPUT_FORMAT(elf64-x86-64)
ENTRY(keel_exit_entry)

SECTIONS
{
	. = KEEL_ROOT_BASE;
	.text : {
		KEEP(*(.head))
		*(.text .text.*)
		. = ALIGN(4096);
	}
	keel_text_end = .;
	.rodata : {
		*(.rodata .rodata.*)
		. = ALIGN(8);
		keel_fixups = .;
		KEEP(*(.fixup_table))
		keel_fixups_end = .;
		. = ALIGN(4096);
	}
	keel_image_end = .;
	.data : { *(.data .data.* .bss .bss.* COMMON) }
	ASSERT(SIZEOF(.data) == 0, "the root image has no writable data")
	.dyn : { *(.got .got.* .igot.* .iplt .rela.*) }
	ASSERT(SIZEOF(.dyn) == 0, "the root image is linked to its address")

	/DISCARD/ : {
		*(.comment) *(.note .note.*)
	}
}
