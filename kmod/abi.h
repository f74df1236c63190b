/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the host world and the root world agree on: hypercalls, the pages that
 * both can see, and the messages that root sends.  The only header that both
 * include.
 *
 * World: both.  A struct keel_shared belongs to one CPU; root writes it and the
 * host reads it, but for the ring's tail, which is the host's.  Nothing in it
 * is trusted by root: a host that scribbles over it can only harm itself.
 */
#ifndef KEEL_ABI_H
#define KEEL_ABI_H

#ifndef __ASSEMBLY__
#include <linux/types.h>
#endif

#define KEEL_PAGE_SIZE 4096

/*
 * Hypercalls: VMCALL at CPL 0 with RAX = KEEL_HC(number) and arguments in RDI,
 * RSI and RDX; the answer comes in RAX, a negative errno on failure, -EAGAIN when
 * another CPU is at it.  A VMCALL without the upper half of KEEL_HC() is an
 * undefined instruction, as it is on a CPU without VMX.
 *
 * A guest is named by the id that the host has given it.  What does not fit into
 * registers goes through the calling CPU's struct keel_shared.
 */
#define KEEL_HC_MAGIC 0x4b45454c00000000ULL
#define KEEL_HC(nr) (KEEL_HC_MAGIC | (nr))

#ifndef __ASSEMBLY__
enum keel_hypercall {
	KEEL_HC_PING,	/* answers KEEL_ABI_VERSION */
	KEEL_HC_OFF,	/* gives this CPU back; answers 0, outside VMX */
	KEEL_HC_DONATE,	/* gives root the frame RDI: keel_donate() */
	KEEL_HC_RECLAIM, /* answers a frame that is the host's again: keel_reclaim() */
	KEEL_HC_AUDIT,	/* checks frames from RDI on: keel_audit() */
	KEEL_HC_VM_NEW,	/* guest RDI with RSI frames of memory, at RDX ns since 1970:
			 * keel_guest_new()
			 */
	KEEL_HC_VM_FILL, /* RSI frames of @batch for guest RDI: keel_guest_fill() */
	KEEL_HC_VM_MAP,	/* the same, as its memory from gfn RDX on: keel_guest_map() */
	KEEL_HC_VM_CLONE, /* the memory of guest RDI for guest RSI as well: keel_guest_clone() */
	KEEL_HC_VM_KILL, /* guest RDI never runs again: keel_guest_kill() */
	KEEL_HC_VM_DRAIN, /* frames of guest RDI to @batch, how many: keel_guest_drain() */
	KEEL_HC_VM_STAT, /* guest RDI to @vm_stat: keel_guest_stat() */
	KEEL_HC_VCPU_NEW, /* vCPU RSI of guest RDI, as @start says: keel_vcpu_new() */
	KEEL_HC_VCPU_RUN, /* runs it, RDX answers an IN, or a read; enum keel_run_reason */
	KEEL_HC_VCPU_PARK, /* this CPU forgets the vCPU that it ran last */
	KEEL_HC_VCPU_STAT, /* vCPU RSI of guest RDI to @vcpu_stat: keel_vcpu_stat() */
	KEEL_HC_VCPU_STEAL, /* vCPU RSI of guest RDI has waited RDX ns: keel_vcpu_steal() */
	KEEL_HC_VCPU_PREEMPTED, /* vCPU RSI of guest RDI has lost its CPU: keel_vcpu_preempted() */
	KEEL_HC_MSI,	/* interrupt for guest RDI: address RSI, data RDX; keel_vcpu_msi() */
	KEEL_HC_VM_SAID, /* what guest RDI has said to @batch, how many bytes: keel_guest_said() */
	KEEL_HC_VM_PORT, /* guest RDI's serial port is as RSI says: keel_guest_port() */
	KEEL_HC_VM_DOMAIN, /* guest RDI shares pages with others of domain RSI */
	KEEL_HC_VM_SCAN, /* guest RDI from gfn RSI on to @scan, with seed RDX: keel_guest_scan() */
	KEEL_HC_MERGE,	/* RDI pairs of @batch, RSI times a frame at most: keel_merge() */
	KEEL_HC_VM_TRIM, /* spare frames of guest RDI to @batch, how many: keel_guest_trim() */
	KEEL_HC_SHARED,	/* answers how many frames are shared */
	KEEL_HC_VCPU_CLONE, /* vCPU RSI of guest RDI, once more for guest RDX: keel_vcpu_clone() */
	KEEL_HC_VM_WRITE, /* RDX bytes of @batch to RSI in guest RDI: keel_vcpu_write() */
	KEEL_HC_MEND,	/* makes large pages whole from RDI on: keel_hostmap_mend() */
	KEEL_HC_VM_BLOCK, /* 512 frames from RSI on for a large page of guest RDI:
			   * keel_guest_block()
			   */
	KEEL_HC_VM_NO_BLOCK, /* there are none for guest RDI; RSI: those that wait are frames from
			      * now on: keel_guest_no_block()
			      */
	KEEL_HC_VM_SPLIT, /* the large page at gfn RSI of guest RDI: keel_guest_split() */
	KEEL_HC_VM_COLLAPSE, /* a step on the way to a large page there: keel_guest_collapse() */
	KEEL_HC_NR
};
#endif

#define KEEL_ABI_VERSION 4

/* Exit reasons that are counted: one more than the highest basic reason kept. */
#define KEEL_EXIT_NR 80

#ifndef __ASSEMBLY__
/**
 * struct keel_exit_stat - how often a CPU left to root for one reason
 * @count: exits
 * @ticks: TSC ticks spent in root for them
 */
struct keel_exit_stat {
	u64 count;
	u64 ticks;
};

/*
 * What root has to say: E(NAME, severe, format).  The format takes up to four
 * u64, in the kernel's printf form; a severe message speaks of the machine's or
 * of root's own failure.
 */
#define KEEL_EVENTS(E)							\
	E(UNEXPECTED_EXIT, false,						\
	  "unexpected exit %llu, qualification %#llx, at %#llx (CR3 %#llx)") \
	E(ENTRY_FAILED, false,						\
	  "VM entry failed with exit reason %#llx, qualification %#llx")	\
	E(RESUME_FAILED, false, "VMRESUME failed with instruction error %llu")	\
	E(ROOT_EXCEPTION, true,						\
	  "exception %llu in root, error code %#llx, at %#llx (CR2 %#llx)")	\
	E(ROOT_REGISTERS, true,						\
	  "  its RSP %#llx RAX %#llx RDI %#llx RSI %#llx")		\
	E(TAMPER, true,							\
	  "tampering with root's memory at %#llx, by %#llx (CR3 %#llx, access %llu)") \
	E(AUDIT, true,							\
	  "audit: frame %#llx is wrong: owner %llu, count %llu, EPT entry %#llx") \
	E(GAVE_BACK, false, "this CPU was given back to Linux (way %llu)")	\
	E(MACHINE_CHECK, true, "machine check in root, passed on to Linux")

#define KEEL_E(name, severe, format) KEEL_EVENT_##name,
enum keel_event { KEEL_EVENTS(KEEL_E) KEEL_EVENT_NR };
#undef KEEL_E

/* A power of two, so that the indices can run free. */
#define KEEL_RING_NR 64

/**
 * struct keel_message - one message of root's
 * @tsc: when it was sent
 * @event: enum keel_event
 * @cpu: who sent it
 * @arg: what its format prints
 */
struct keel_message {
	u64 tsc;
	u32 event;
	u32 cpu;
	u64 arg[4];
};

/**
 * struct keel_ring - messages of one CPU; one producer, one consumer, no lock
 * @head: messages ever sent, root's
 * @tail: messages ever taken, the host's
 * @lost: messages that found the ring full, root's
 * @msg: the messages
 */
struct keel_ring {
	u64 head;
	u64 tail;
	u64 lost;
	struct keel_message msg[KEEL_RING_NR];
};

/**
 * struct keel_dtr - the operand of LGDT, LIDT, SGDT and SIDT
 * @limit: in bytes, less one
 * @base: linear address
 */
struct keel_dtr {
	u16 limit;
	u64 base;
} __attribute__((packed));

/* General registers, in the order in which they are pushed. */
struct keel_regs {
	u64 r15, r14, r13, r12, r11, r10, r9, r8;
	u64 rbp, rdi, rsi, rdx, rcx, rbx, rax;
};

/* Linux's selectors lie below this; root keeps its own above. */
#define KEEL_GDT_HOST_NR 16

/**
 * struct keel_gate - the page over which a CPU goes from root back to Linux
 * @regs: general registers to leave with
 * @rip: where to go on
 * @cs: code segment, below it the rest of what IRETQ takes
 * @rflags: flags
 * @rsp: stack
 * @ss: stack segment
 * @cr3: Linux's page tables, with PCID
 * @cr4: Linux's CR4
 * @latched: bit 0: an NMI came during the passage; bit 1: a machine check did
 * @gdtr: Linux's GDT
 * @idtr: Linux's IDT
 * @gate_gdtr: @gdt as an operand
 * @gate_idtr: @idt as an operand
 * @gdt: a copy of what Linux has loaded, which stands in during the passage
 * @idt: NMI and machine check lead to the gate's own stubs
 * @stack: the stack of the passage; the stubs find the page from it
 *
 * The page is mapped at one address in both worlds, and so is the code of
 * gate.S: whichever CR3 is loaded, an NMI finds a handler and a stack.
 */
struct keel_gate {
	struct keel_regs regs;
	u64 rip;
	u64 cs;
	u64 rflags;
	u64 rsp;
	u64 ss;
	u64 cr3;
	u64 cr4;
	u64 latched;
	struct keel_dtr gdtr;
	/* private: */ u16 pad0[3]; /* public: */
	struct keel_dtr idtr;
	/* private: */ u16 pad1[3]; /* public: */
	struct keel_dtr gate_gdtr;
	/* private: */ u16 pad2[3]; /* public: */
	struct keel_dtr gate_idtr;
	/* private: */ u16 pad3[3]; /* public: */
	u64 gdt[KEEL_GDT_HOST_NR];
	u64 idt[2 * 20];
	u8 stack[0] __attribute__((aligned(16)));
};

/* Frames that go with one hypercall */
#define KEEL_BATCH_NR		64

/* Frames of a large page, which lie side by side */
#define KEEL_BLOCK_NR		512

/* Blocks of such frames that a guest is given ahead of time */
#define KEEL_BLOCKS_MAX		2

/* Pairs of pages that go with KEEL_HC_MERGE */
#define KEEL_MERGE_NR		(KEEL_BATCH_NR / 2)

/* A page of a pair: the guest's id and the page's frame number there; or the zero frame */
#define KEEL_HINT(id, gfn)	((u64)(id) << 48 | (gfn))
#define KEEL_HINT_ID(hint)	((hint) >> 48)
#define KEEL_HINT_GFN(hint)	((hint) & 0xffffffffffffULL)
#define KEEL_HINT_ZERO		(~0ULL)
#define KEEL_HINT_NONE		(~1ULL)

/**
 * enum keel_merge - what has become of a pair
 * @KEEL_MERGE_DONE: it is merged
 * @KEEL_MERGE_WAIT: to be proposed again when every CPU has been in root
 * @KEEL_MERGE_CHANGED: the pages are not equal
 * @KEEL_MERGE_GONE: one of them has no frame
 * @KEEL_MERGE_SHARED: neither has a frame of its own
 * @KEEL_MERGE_DOMAIN: the guests are not to share
 * @KEEL_MERGE_FULL: the frame is mapped as often as it may be
 * @KEEL_MERGE_BUSY: a CPU works on one of the guests
 * @KEEL_MERGE_LARGE: one of them is in a large page, which would have to be split
 * @KEEL_MERGE_RESULTS: how many there are
 */
enum keel_merge {
	KEEL_MERGE_DONE,
	KEEL_MERGE_WAIT,
	KEEL_MERGE_CHANGED,
	KEEL_MERGE_GONE,
	KEEL_MERGE_SHARED,
	KEEL_MERGE_DOMAIN,
	KEEL_MERGE_FULL,
	KEEL_MERGE_BUSY,
	KEEL_MERGE_LARGE,
	KEEL_MERGE_RESULTS
};

/* Pages that KEEL_HC_VM_SCAN hashes or merges in a call */
#define KEEL_SCAN_NR		32

/* Of a page's frame number */
#define KEEL_SCAN_MERGED	0x8000000000000000ULL

/**
 * struct keel_scan - what KEEL_HC_VM_SCAN has found
 * @nr: pages that were hashed or merged: not written to since the last pass
 * @clean: likewise, and hashed before that
 * @dirty: pages that were written to
 * @zero: mapped to the one zero frame
 * @shared: mapped to a shared frame
 * @large: the others are in a large page, which is clean or dirty as a whole
 * @lacks: frames that the guest's reserve for writes to shared pages is short of
 * @page: those that were hashed or merged
 */
struct keel_scan {
	u32 nr;
	u32 clean;
	u32 dirty;
	u32 zero;
	u32 shared;
	u32 large;
	u64 lacks;
	/**
	 * @page: frame number in the guest, and hash; or, with KEEL_SCAN_MERGED, what it was
	 * merged with as it was to be expected: KEEL_HINT() or KEEL_HINT_ZERO
	 */
	struct {
		u64 gfn;
		u64 hash;
	} page[KEEL_SCAN_NR];
};

/* Bytes of a guest's that root keeps: not more than @batch has room for */
#define KEEL_SAID_NR		256

/* A serial port that sends and does no more, and what its interrupt enable register holds */
#define KEEL_PORT_SENDS(ier)	(0x100U | (ier))
#define KEEL_PORT_IER(port)	((port) & 0xff)

/* The answer of KEEL_HC_MSI: vCPUs that have halted, and those that are in the guest */
#define KEEL_MSI_WAKE(ret)	((ret) & 0xffff)
#define KEEL_MSI_KICK(ret)	((ret) >> 16 & 0xffff)

/* vCPUs of a guest */
#define KEEL_VCPUS_MAX		16

/**
 * struct keel_vcpu_start - the registers that a vCPU begins with
 * @rip: where
 * @rsp: stack
 * @rax: register
 * @rbx: register, as PVH wants it
 * @rcx: register
 * @rdx: register
 * @rsi: register, as Linux's 64-bit boot protocol wants it
 * @rdi: register
 * @cr3: page tables, for 64-bit mode
 * @gdt_base: GDT; the segments are flat whatever it holds
 * @gdt_limit: its limit
 * @long_mode: 64-bit mode with paging on, else 32-bit mode with paging off
 * @waits: it waits for a start-up IPI instead, in the state that INIT leaves
 * @yields: it leaves when it spins with PAUSE, where the CPU can tell
 */
struct keel_vcpu_start {
	u64 rip;
	u64 rsp;
	u64 rax;
	u64 rbx;
	u64 rcx;
	u64 rdx;
	u64 rsi;
	u64 rdi;
	u64 cr3;
	u64 gdt_base;
	u32 gdt_limit;
	u32 long_mode;
	u32 waits;
	u32 yields;
};

/**
 * enum keel_run_reason - why KEEL_HC_VCPU_RUN has come back
 * @KEEL_RUN_INTR: Linux has an interrupt or an NMI to take
 * @KEEL_RUN_KICK: CPUs have to go through root before this can go on
 * @KEEL_RUN_MOVE: CPU @cpu has to park first
 * @KEEL_RUN_FILL: the guest's pool is empty
 * @KEEL_RUN_IO: port I/O
 * @KEEL_RUN_MMIO: access to the memory of a device, at @gpa
 * @KEEL_RUN_HLT: HLT, or it waits to be started; nothing to do before @deadline
 * @KEEL_RUN_OUTSIDE: access to @gpa, where no memory is
 * @KEEL_RUN_SHUTDOWN: triple fault
 * @KEEL_RUN_ENTRY: the VM entry failed; root has left a dump
 * @KEEL_RUN_UNKNOWN: an exit that root does not know; root has left a dump
 * @KEEL_RUN_IPI: the vCPUs @wake and @kick have to hear of something
 * @KEEL_RUN_EOI: end of the level-triggered interrupt @vector
 * @KEEL_RUN_YIELD: it spins, and vCPU @to may have what it waits for
 * @KEEL_RUN_SAID: it has said as much as root keeps
 * @KEEL_RUN_NR: how many there are
 */
enum keel_run_reason {
	KEEL_RUN_INTR,
	KEEL_RUN_KICK,
	KEEL_RUN_MOVE,
	KEEL_RUN_FILL,
	KEEL_RUN_IO,
	KEEL_RUN_MMIO,
	KEEL_RUN_HLT,
	KEEL_RUN_OUTSIDE,
	KEEL_RUN_SHUTDOWN,
	KEEL_RUN_ENTRY,
	KEEL_RUN_UNKNOWN,
	KEEL_RUN_IPI,
	KEEL_RUN_EOI,
	KEEL_RUN_YIELD,
	KEEL_RUN_SAID,
	KEEL_RUN_NR
};

/**
 * struct keel_run - what goes with a reason
 * @gpa: guest physical address
 * @val: what is written, OUT or MMIO
 * @exit: basic exit reason
 * @pool: frames left in the guest's pool
 * @cpu: which CPU has the vCPU
 * @blocks: so many blocks the guest would like to have
 * @port: I/O port
 * @size: 1, 2 or 4 bytes, or 8 of MMIO
 * @write: OUT, or a write to @gpa
 * @vector: interrupt vector
 * @to: a vCPU; KEEL_VCPUS_MAX for any other
 * @wake: vCPUs that have halted, a bit for each
 * @kick: vCPUs that are in the guest, a bit for each
 * @said: bytes that the guest has said, which root keeps
 * @deadline: TSC at which the vCPU has something to do, 0 for never
 */
struct keel_run {
	u64 gpa;
	u64 val;
	u32 exit;
	u32 pool;
	u16 cpu;
	u16 blocks;
	u16 port;
	u8 size;
	u8 write;
	u8 vector;
	u8 to;
	u16 wake;
	u16 kick;
	u16 said;
	u64 deadline;
};

/**
 * struct keel_vm_stat - a guest's memory, in frames
 * @mapped: its own memory
 * @zero: mapped to the one zero frame
 * @tables: EPT tables
 * @pool: zeroed frames that wait for a first touch
 * @filled: frames ever taken in
 * @touched_read: first touches that were reads
 * @touched_write: first touches that were writes, or writes after a read
 * @shared: mapped to frames that others map as well
 * @spare: frames that merging has freed and nobody has taken back yet
 * @merged: pages that have ever given up a frame of their own by merging
 * @breaks: writes ever to shared pages
 * @cloned: mapped by tables that clones hold as well, or guests that it is a clone of; these
 *          pages are neither in @mapped nor in @shared
 * @cloned_tables: such tables; these are not in @tables
 * @reserve: frames that @pool is to have for writes to shared pages
 * @kept: frames that root has for its vCPUs, and for its first table
 * @huge: those of @mapped that are in large pages
 * @blocks: frames that wait to become large pages
 * @splits: large pages that were ever split
 * @collapses: those that were ever made of small ones
 */
struct keel_vm_stat {
	u64 mapped;
	u64 zero;
	u64 tables;
	u64 pool;
	u64 filled;
	u64 touched_read;
	u64 touched_write;
	u64 shared;
	u64 spare;
	u64 merged;
	u64 breaks;
	u64 cloned;
	u64 cloned_tables;
	u64 reserve;
	u64 kept;
	u64 huge;
	u64 blocks;
	u64 splits;
	u64 collapses;
};

/**
 * struct keel_vcpu_stat - what a vCPU has done
 * @runs: VM entries from Linux
 * @returns: returns to Linux, by enum keel_run_reason
 * @exit: exits, by basic exit reason
 * @refused: accesses to MSRs that there are not
 * @refused_msr: the last one of these
 * @refused_write: it was to be written
 */
struct keel_vcpu_stat {
	u64 runs;
	u64 returns[KEEL_RUN_NR];
	struct keel_exit_stat exit[KEEL_EXIT_NR];
	u64 refused;
	u32 refused_msr;
	u32 refused_write;
};

/* Room for an image of every VMCS field, in u64; vmx/exit.c asserts that it is enough. */
#define KEEL_DUMP_NR		256

/**
 * struct keel_shared - what one CPU's root and the host share
 * @gate: the way back
 * @exit: counters, by basic exit reason
 * @ring: messages
 * @tampered: accesses to root's memory that were refused
 * @dumps: VMCS dumps taken
 * @left: root has left VMX on this CPU, asked or not
 * @want_off: root asks Linux's NMI handler to call KEEL_HC_OFF
 * @batch: frames that go with a hypercall, or come back from it
 * @start: for KEEL_HC_VCPU_NEW
 * @run: from KEEL_HC_VCPU_RUN
 * @scan: from KEEL_HC_VM_SCAN
 * @vm_stat: from KEEL_HC_VM_STAT
 * @vcpu_stat: from KEEL_HC_VCPU_STAT
 * @dump: a struct keel_vmcs_image of the last unexpected exit
 */
struct keel_shared {
	union {
		struct keel_gate gate;
		/* private: */ u8 gate_page[KEEL_PAGE_SIZE]; /* public: */
	};
	struct keel_exit_stat exit[KEEL_EXIT_NR];
	struct keel_ring ring;
	u64 tampered;
	u64 dumps;
	u32 left;
	u32 want_off;
	u64 batch[KEEL_BATCH_NR];
	struct keel_vcpu_start start;
	struct keel_run run;
	struct keel_scan scan;
	struct keel_vm_stat vm_stat;
	struct keel_vcpu_stat vcpu_stat;
	u64 dump[KEEL_DUMP_NR];
};

#endif /* __ASSEMBLY__ */

/* Offsets in struct keel_gate for gate.S; vmx/leave.c asserts them. */
#define KEEL_GATE_CR3		160
#define KEEL_GATE_CR4		168
#define KEEL_GATE_LATCHED	176
#define KEEL_GATE_GDTR		184
#define KEEL_GATE_IDTR		200

/* Bytes between the traps of gate.S */
#define KEEL_GATE_TRAP_STRIDE	32

/* What came where Linux could not take it */
#define KEEL_LATCH_NMI		1
#define KEEL_LATCH_MC		2

/* Only within root: the EPT has changed */
#define KEEL_LATCH_FLUSH	4

#endif /* KEEL_ABI_H */
