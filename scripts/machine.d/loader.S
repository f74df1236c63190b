/* SPDX-License-Identifier: GPL-2.0 */
/*
 * 32-bit loader of the reference machine (see bootdisk.py).
 *
 * The kernel's real-mode setup code jumps here in protected mode, with esi
 * pointing to boot_params.  The loader reads the uncompressed kernel and the
 * initial root file system from the boot disk by ATA PIO, clears the kernel's
 * bss, maps the first 4 GiB one to one and enters the kernel in long mode, as
 * Linux's 64-bit boot protocol asks.  An emulated machine would take minutes
 * to decompress the kernel by itself.
 */
	.set	BASE, 0x97000		/* where this code runs */
	.set	PAGE_TABLES, 0x80000
	.set	ATA, 0x1f0
	.set	ATA_CONTROL, 0x3f6
	.set	MSR_EFER, 0xc0000080

	.macro	param name
\name:	.long	0
	.set	at_\name, BASE + \name - _start
	.endm

	.code32
	.globl	_start
_start:
	jmp	start
	.balign	16
	/* Filled in by bootdisk.py, in this order from offset 16. */
	param	kernel_lba
	param	kernel_address
	param	kernel_sectors
	param	kernel_end
	param	initrd_lba
	param	initrd_address
	param	initrd_sectors
	param	kernel_entry

start:
	cli
	cld
	movl	%esi, %ebp		/* keep boot_params */
	movl	$BASE, %esp
	movw	$ATA_CONTROL, %dx
	movb	$2, %al			/* no disk interrupts */
	outb	%al, %dx

	movl	at_kernel_lba, %ebx
	movl	at_kernel_address, %edi
	movl	at_kernel_sectors, %esi
	call	load
	movl	at_kernel_end, %ecx
	subl	%edi, %ecx
	jbe	1f
	shrl	$2, %ecx
	xorl	%eax, %eax
	rep stosl
1:
	movl	at_initrd_lba, %ebx
	movl	at_initrd_address, %edi
	movl	at_initrd_sectors, %esi
	call	load

	movw	$ATA_CONTROL, %dx
	xorb	%al, %al
	outb	%al, %dx

	/* One PML4 page, one PDPT page, four page directories of 2M pages. */
	movl	$PAGE_TABLES, %edi
	xorl	%eax, %eax
	movl	$6 * 1024, %ecx
	rep stosl
	movl	$PAGE_TABLES + 0x1003, PAGE_TABLES
	movl	$PAGE_TABLES + 0x1000, %esi
	movl	$PAGE_TABLES + 0x2003, %eax
	movl	$4, %ecx
1:	movl	%eax, (%esi)
	addl	$8, %esi
	addl	$0x1000, %eax
	loop	1b
	movl	$PAGE_TABLES + 0x2000, %esi
	movl	$0x83, %eax
	movl	$2048, %ecx
1:	movl	%eax, (%esi)
	addl	$8, %esi
	addl	$0x200000, %eax
	loop	1b

	movl	$PAGE_TABLES, %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$0x20, %eax		/* PAE */
	movl	%eax, %cr4
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$0x100, %eax		/* LME */
	wrmsr
	lgdtl	BASE + gdt_pointer - _start
	movl	%cr0, %eax
	orl	$0x80000001, %eax	/* PG, PE */
	movl	%eax, %cr0
	ljmpl	$0x10, $BASE + long_mode - _start

/* load: read esi sectors from LBA ebx on to edi; edi ends behind the data. */
load:
	testl	%esi, %esi
	jz	3f
	movl	$256, %ecx		/* at most 256 sectors a command */
	cmpl	%ecx, %esi
	jae	1f
	movl	%esi, %ecx
1:	subl	%ecx, %esi
	call	wait_idle
	movw	$ATA + 2, %dx
	movb	%cl, %al		/* 0 stands for 256 */
	outb	%al, %dx
	incl	%edx
	movl	%ebx, %eax
	outb	%al, %dx
	incl	%edx
	shrl	$8, %eax
	outb	%al, %dx
	incl	%edx
	shrl	$8, %eax
	outb	%al, %dx
	incl	%edx
	shrl	$8, %eax
	andb	$0x0f, %al
	orb	$0xe0, %al
	outb	%al, %dx
	incl	%edx
	addl	%ecx, %ebx
	movb	$0x20, %al		/* read sectors */
	outb	%al, %dx
2:	pushl	%ecx
	call	wait_data
	movl	$256, %ecx
	movw	$ATA, %dx
	rep insw
	popl	%ecx
	loop	2b
	jmp	load
3:	ret

wait_idle:
	movw	$ATA + 7, %dx
1:	inb	%dx, %al
	testb	$0x80, %al
	jnz	1b
	ret

wait_data:
	movw	$ATA + 7, %dx
1:	inb	%dx, %al
	testb	$0x80, %al
	jnz	1b
	testb	$0x08, %al
	jz	1b
	ret

	.code64
long_mode:
	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%ebp, %esi
	xorl	%ebp, %ebp
	movl	at_kernel_entry, %eax
	jmp	*%rax

	.balign	16
gdt:	.quad	0
	.quad	0x00cf9a000000ffff	/* 0x08: 32-bit code */
	.quad	0x00af9a000000ffff	/* 0x10: 64-bit code (__BOOT_CS) */
	.quad	0x00cf92000000ffff	/* 0x18: data (__BOOT_DS) */
gdt_pointer:
	.word	31
	.long	BASE + gdt - _start
