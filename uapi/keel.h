/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/*
 * Made from uapi/keel.yaml by scripts/ynl: change that, and run it.
 *
 * Keel, a thin hypervisor beneath the running Linux: its guests. The family is
 * there while the module is loaded, in the initial network namespace only, and
 * all of its commands take CAP_NET_ADMIN in the initial user namespace. A guest
 * is named by its id or by its name; when both are given they have to be of one
 * guest. A command that changes a guest answers, with NLM_F_ECHO, as vm-get
 * does.
 */
#ifndef _UAPI_KEEL_H
#define _UAPI_KEEL_H

#define KEEL_FAMILY_NAME	"keel"
#define KEEL_FAMILY_VERSION	1
#define KEEL_MCGRP_EVENTS	"events"

/* Bytes of a guest's name, without the zero at its end. */
#define KEEL_NAME_MAX 63

/* vCPUs of a guest. */
#define KEEL_VCPUS_MAX 16

/* The largest weight; 100 is that of an ordinary process. */
#define KEEL_WEIGHT_MAX 10000

/* Segments of an image. */
#define KEEL_SEGMENTS_MAX 64

/* Milliseconds that a guest has to stop when it is not said how long. */
#define KEEL_STOP_TIMEOUT 10000

/**
 * enum keel_vm_state - What a guest does.
 * @KEEL_VM_STATE_CREATED: It has no image yet.
 * @KEEL_VM_STATE_STOPPED: It can be started; its memory is free.
 * @KEEL_VM_STATE_RUNNING: Its vCPUs run whenever Linux lets them.
 * @KEEL_VM_STATE_PAUSED: Its vCPUs stay out; its memory is kept.
 * @KEEL_VM_STATE_CRASHED: It came to an end of its own by a fault; its memory is free.
 */
enum keel_vm_state {
	KEEL_VM_STATE_CREATED = 1,
	KEEL_VM_STATE_STOPPED,
	KEEL_VM_STATE_RUNNING,
	KEEL_VM_STATE_PAUSED,
	KEEL_VM_STATE_CRASHED,

	/* private: */
	__KEEL_VM_STATE_MAX,
	KEEL_VM_STATE_MAX = (__KEEL_VM_STATE_MAX - 1)
};

/* X(constant, name in the specification) for each */
#define KEEL_VM_STATES(X)			\
	X(KEEL_VM_STATE_CREATED, "created")	\
	X(KEEL_VM_STATE_STOPPED, "stopped")	\
	X(KEEL_VM_STATE_RUNNING, "running")	\
	X(KEEL_VM_STATE_PAUSED, "paused")	\
	X(KEEL_VM_STATE_CRASHED, "crashed")

/**
 * enum keel_vm_reason - Why a guest is in its state.
 * @KEEL_VM_REASON_COMMAND: A command has asked for it.
 * @KEEL_VM_REASON_EXIT: The guest has written an exit code to its debug-exit port; detail
 *     is the code.
 * @KEEL_VM_REASON_FORCED: The guest was asked to stop and did not in time.
 * @KEEL_VM_REASON_SHUTDOWN: A triple fault.
 * @KEEL_VM_REASON_OUTSIDE: An access beyond its memory; detail is the address.
 * @KEEL_VM_REASON_MEMORY: No memory was to be had for it; it is paused, and resume tries
 *     again.
 * @KEEL_VM_REASON_ENTRY: A VM entry failed; the kernel log has the rule that was broken.
 * @KEEL_VM_REASON_UNKNOWN: It did what Keel does not know; detail is the exit reason.
 * @KEEL_VM_REASON_PANIC: Its kernel has panicked, and has said so by pvpanic.
 * @KEEL_VM_REASON_POWEROFF: It has switched itself off by ACPI.
 */
enum keel_vm_reason {
	KEEL_VM_REASON_COMMAND = 1,
	KEEL_VM_REASON_EXIT,
	KEEL_VM_REASON_FORCED,
	KEEL_VM_REASON_SHUTDOWN,
	KEEL_VM_REASON_OUTSIDE,
	KEEL_VM_REASON_MEMORY,
	KEEL_VM_REASON_ENTRY,
	KEEL_VM_REASON_UNKNOWN,
	KEEL_VM_REASON_PANIC,
	KEEL_VM_REASON_POWEROFF,

	/* private: */
	__KEEL_VM_REASON_MAX,
	KEEL_VM_REASON_MAX = (__KEEL_VM_REASON_MAX - 1)
};

/* X(constant, name in the specification) for each */
#define KEEL_VM_REASONS(X)			\
	X(KEEL_VM_REASON_COMMAND, "command")	\
	X(KEEL_VM_REASON_EXIT, "exit")		\
	X(KEEL_VM_REASON_FORCED, "forced")	\
	X(KEEL_VM_REASON_SHUTDOWN, "shutdown")	\
	X(KEEL_VM_REASON_OUTSIDE, "outside")	\
	X(KEEL_VM_REASON_MEMORY, "memory")	\
	X(KEEL_VM_REASON_ENTRY, "entry")	\
	X(KEEL_VM_REASON_UNKNOWN, "unknown")	\
	X(KEEL_VM_REASON_PANIC, "panic")	\
	X(KEEL_VM_REASON_POWEROFF, "poweroff")

/**
 * enum keel_vm_event - What a notification is about.
 * @KEEL_VM_EVENT_CREATED: A guest is there.
 * @KEEL_VM_EVENT_STATE: A guest's state has changed.
 * @KEEL_VM_EVENT_CHANGED: A guest's settings have changed.
 * @KEEL_VM_EVENT_DELETED: A guest is gone.
 * @KEEL_VM_EVENT_STOP_ASKED: A guest was asked to stop.
 * @KEEL_VM_EVENT_POOL: A guest's pool of frames could not be filled.
 * @KEEL_VM_EVENT_TAMPER: Linux has tried to write to root's memory; tamper-address says
 *     where.
 * @KEEL_VM_EVENT_PANIC: A guest's kernel has panicked; told once a start. A guest with a
 *     crash kernel goes on.
 * @KEEL_VM_EVENT_RESERVE: A guest's reserve for writes to shared pages is short, and no
 *     memory was to be had for it; told once until it is whole again.
 */
enum keel_vm_event {
	KEEL_VM_EVENT_CREATED = 1,
	KEEL_VM_EVENT_STATE,
	KEEL_VM_EVENT_CHANGED,
	KEEL_VM_EVENT_DELETED,
	KEEL_VM_EVENT_STOP_ASKED,
	KEEL_VM_EVENT_POOL,
	KEEL_VM_EVENT_TAMPER,
	KEEL_VM_EVENT_PANIC,
	KEEL_VM_EVENT_RESERVE,

	/* private: */
	__KEEL_VM_EVENT_MAX,
	KEEL_VM_EVENT_MAX = (__KEEL_VM_EVENT_MAX - 1)
};

/* X(constant, name in the specification) for each */
#define KEEL_VM_EVENTS(X)				\
	X(KEEL_VM_EVENT_CREATED, "created")		\
	X(KEEL_VM_EVENT_STATE, "state")			\
	X(KEEL_VM_EVENT_CHANGED, "changed")		\
	X(KEEL_VM_EVENT_DELETED, "deleted")		\
	X(KEEL_VM_EVENT_STOP_ASKED, "stop-asked")	\
	X(KEEL_VM_EVENT_POOL, "pool")			\
	X(KEEL_VM_EVENT_TAMPER, "tamper")		\
	X(KEEL_VM_EVENT_PANIC, "panic")			\
	X(KEEL_VM_EVENT_RESERVE, "reserve")

/**
 * enum keel_share_why - Why none of a guest's pages is looked at.
 * @KEEL_SHARE_WHY_OFF: The guest does not share.
 * @KEEL_SHARE_WHY_STOPPED: It has no memory while it is stopped.
 * @KEEL_SHARE_WHY_YOUNG: It was started only seconds ago.
 * @KEEL_SHARE_WHY_WAITING: No pass has come to its end in it yet.
 */
enum keel_share_why {
	KEEL_SHARE_WHY_OFF = 1,
	KEEL_SHARE_WHY_STOPPED,
	KEEL_SHARE_WHY_YOUNG,
	KEEL_SHARE_WHY_WAITING,

	/* private: */
	__KEEL_SHARE_WHY_MAX,
	KEEL_SHARE_WHY_MAX = (__KEEL_SHARE_WHY_MAX - 1)
};

/* X(constant, name in the specification) for each */
#define KEEL_SHARE_WHYS(X)			\
	X(KEEL_SHARE_WHY_OFF, "off")		\
	X(KEEL_SHARE_WHY_STOPPED, "stopped")	\
	X(KEEL_SHARE_WHY_YOUNG, "young")	\
	X(KEEL_SHARE_WHY_WAITING, "waiting")

/* Attributes of vm: A guest. */
enum {
	/* u32: Its number, never used again while Keel is loaded. */
	KEEL_A_VM_ID = 1,
	/* string: Its name, which is unique; any bytes but control characters and '/'. */
	KEEL_A_VM_NAME,
	/* u64: Its memory in bytes, a multiple of 4096. */
	KEEL_A_VM_MEMORY,
	/* u32: How many vCPUs it has; 1 if not given. */
	KEEL_A_VM_VCPUS,
	/* u32: Its share of the CPUs beside others'; 100 if not given. */
	KEEL_A_VM_WEIGHT,
	/* u32, enum keel_vm_state: What it does. */
	KEEL_A_VM_STATE,
	/* u32, enum keel_vm_reason: Why. */
	KEEL_A_VM_REASON,
	/* u64: What goes with the reason. */
	KEEL_A_VM_DETAIL,
	/* u64: When it was made, CLOCK_BOOTTIME in ns. */
	KEEL_A_VM_CREATED,
	/* u64: When it was started last, CLOCK_BOOTTIME in ns; absent before. */
	KEEL_A_VM_STARTED,
	/*
	 * string: The tty that is the other end of its serial port. It is made when its name is
	 * told, or when the guest first uses the port; a reply to vm-new does not tell it.
	 */
	KEEL_A_VM_CONSOLE,
	/*
	 * u32, any number of them: Its vCPUs' threads, in their order, while there are any. A vCPU
	 * that has had nothing to do for some seconds has none, unless its thread was placed: moved
	 * to another cgroup or bound to CPUs, or given another policy or priority.
	 */
	KEEL_A_VM_THREAD,
	/* u32: A file descriptor of the sender's, with the image; best a sealed memfd. */
	KEEL_A_VM_IMAGE_FD,
	/* nest of segment, any number of them: A piece of the image. */
	KEEL_A_VM_SEGMENT,
	/* nest of start: The registers that the first vCPU begins with. */
	KEEL_A_VM_START,
	/* u32: Milliseconds until a stop is forced, 10000 if not given; 0 forces it at once. */
	KEEL_A_VM_TIMEOUT,
	/* u32, enum keel_vm_event: What a notification is about. */
	KEEL_A_VM_EVENT,
	/* u64: Physical address that Linux has tried to write to. */
	KEEL_A_VM_TAMPER_ADDRESS,
	/* u32: The CPU that has tried. */
	KEEL_A_VM_TAMPER_CPU,
	KEEL_A_VM_PAD,
	/* flag: Start it at once. */
	KEEL_A_VM_RUN,
	/*
	 * nest of segment: Bytes in the pages of one segment, from gpa on and without an offset,
	 * that are random, and others each time the guest starts.
	 */
	KEEL_A_VM_RANDOM,
	/*
	 * u64: Where in the pages of one segment the 16 bytes of the VM generation id are. A clone
	 * gets another one, and is told so by its event device; a guest that starts again keeps it.
	 */
	KEEL_A_VM_GENERATION,
	/*
	 * u32: 1 for a paused guest that is there to be cloned: it does not go on, start again or
	 * stop until this is set to 0. Absent in replies when it is none.
	 */
	KEEL_A_VM_TEMPLATE,
	/*
	 * string: The name of the clone; with count, what is ahead of '-' and a number, from 1 on.
	 */
	KEEL_A_VM_CLONE,
	/* u32: How many clones. */
	KEEL_A_VM_COUNT,
	/*
	 * flag: It takes its memory in pages of 2 MiB, where Linux has any and as long as too
	 * little in them can be shared; else, and where it has none, in pages of 4 KiB.
	 */
	KEEL_A_VM_HUGE,

	/* private: */
	__KEEL_A_VM_MAX,
	KEEL_A_VM_MAX = (__KEEL_A_VM_MAX - 1)
};

/* Attributes of segment: A piece of an image. */
enum {
	/* u64: Guest physical address, a multiple of 4096. */
	KEEL_A_SEGMENT_GPA = 1,
	/* u64: Where it is in the file. */
	KEEL_A_SEGMENT_OFFSET,
	/* u64: Bytes; what is left of the last page is zero. */
	KEEL_A_SEGMENT_SIZE,
	KEEL_A_SEGMENT_PAD,

	/* private: */
	__KEEL_A_SEGMENT_MAX,
	KEEL_A_SEGMENT_MAX = (__KEEL_A_SEGMENT_MAX - 1)
};

/* Attributes of start: The registers that a vCPU begins with; what is not given is 0. */
enum {
	/* u64: Where. */
	KEEL_A_START_RIP = 1,
	/* u64: Stack. */
	KEEL_A_START_RSP,
	/* u64: Register. */
	KEEL_A_START_RAX,
	/* u64: Register; PVH wants its start info there. */
	KEEL_A_START_RBX,
	/* u64: Register. */
	KEEL_A_START_RCX,
	/* u64: Register. */
	KEEL_A_START_RDX,
	/* u64: Register; Linux's boot protocol wants boot_params there. */
	KEEL_A_START_RSI,
	/* u64: Register. */
	KEEL_A_START_RDI,
	/* u64: Page tables for 64-bit mode. */
	KEEL_A_START_CR3,
	/* u64: GDT. */
	KEEL_A_START_GDT_BASE,
	/* u32: Its limit. */
	KEEL_A_START_GDT_LIMIT,
	/* flag: 64-bit mode with paging, else 32-bit mode without. */
	KEEL_A_START_LONG_MODE,
	KEEL_A_START_PAD,

	/* private: */
	__KEEL_A_START_MAX,
	KEEL_A_START_MAX = (__KEEL_A_START_MAX - 1)
};

/* Attributes of status: Keel itself. */
enum {
	/* u32: Version of what Linux and root agree on. */
	KEEL_A_STATUS_ABI = 1,
	/* u32: CPUs that are online. */
	KEEL_A_STATUS_ONLINE,
	/* u32: CPUs on which Linux runs as a guest. */
	KEEL_A_STATUS_DEMOTED,
	/* u32: Guests that there are. */
	KEEL_A_STATUS_VMS,
	/* u32: Guests that run. */
	KEEL_A_STATUS_RUNNING,
	/* u64: Bytes of root's own and of what it shares with Linux. */
	KEEL_A_STATUS_MEMORY,
	/* u64: Bytes that Linux has given to root besides. */
	KEEL_A_STATUS_DONATED,
	/* u64: Accesses to root's memory that were refused. */
	KEEL_A_STATUS_TAMPERED,
	/* string: Why there can be no guests on this machine; absent when there can. */
	KEEL_A_STATUS_GUESTS,
	KEEL_A_STATUS_PAD,

	/* private: */
	__KEEL_A_STATUS_MAX,
	KEEL_A_STATUS_MAX = (__KEEL_A_STATUS_MAX - 1)
};

/* Attributes of stat: What a guest has done and has. */
enum {
	/* u32: The guest. */
	KEEL_A_STAT_ID = 1,
	/* string: Its name. */
	KEEL_A_STAT_NAME,
	/* u64: Bytes of its own memory. */
	KEEL_A_STAT_MAPPED,
	/* u64: Bytes mapped to the one zero frame. */
	KEEL_A_STAT_ZERO,
	/* u64: Bytes of EPT tables. */
	KEEL_A_STAT_TABLES,
	/* u64: Bytes that wait for a first touch. */
	KEEL_A_STAT_POOL,
	/* u64: Bytes ever taken in. */
	KEEL_A_STAT_FILLED,
	/* u64: First touches that were reads. */
	KEEL_A_STAT_READ_TOUCHES,
	/* u64: First touches that were writes. */
	KEEL_A_STAT_WRITE_TOUCHES,
	/* nest of vcpu, any number of them: Its vCPUs', while it runs or is paused. */
	KEEL_A_STAT_VCPU,
	KEEL_A_STAT_PAD,
	/* u64: Bytes mapped to frames that others map as well. */
	KEEL_A_STAT_SHARED,
	/* u64: Bytes that merging has freed, and nobody has taken back yet. */
	KEEL_A_STAT_SPARE,
	/* u64: Bytes that the pool is to have for writes to shared pages. */
	KEEL_A_STAT_RESERVE,
	/* u32: How often no memory was to be had for the reserve. */
	KEEL_A_STAT_SHORT,
	/* u32: How often it was paused since no memory was to be had for it. */
	KEEL_A_STAT_STARVED,
	/* u64: Bytes of memory that a clone has as well, or the guest that it is a clone of. */
	KEEL_A_STAT_CLONED,
	/* u64: Bytes of its own memory that are in large pages. */
	KEEL_A_STAT_HUGE,
	/* u64: Large pages that were ever split, for equal pages in them or for a clone. */
	KEEL_A_STAT_SPLITS,
	/*
	 * u64: Large pages that were ever made of small ones, as nothing in them was shared any
	 * more.
	 */
	KEEL_A_STAT_COLLAPSES,

	/* private: */
	__KEEL_A_STAT_MAX,
	KEEL_A_STAT_MAX = (__KEEL_A_STAT_MAX - 1)
};

/* Attributes of vcpu: What a vCPU has done. */
enum {
	/* u32: Its number. */
	KEEL_A_VCPU_INDEX = 1,
	/* u32: Its thread, 0 while it has none. */
	KEEL_A_VCPU_THREAD,
	/* u64: Its CPU time in ns. */
	KEEL_A_VCPU_CPU_TIME,
	/* u64: VM entries from Linux. */
	KEEL_A_VCPU_RUNS,
	/* nest of count, any number of them: Returns to Linux, by cause. */
	KEEL_A_VCPU_RETURN,
	/* nest of count, any number of them: Exits to root, by reason. */
	KEEL_A_VCPU_EXIT,
	KEEL_A_VCPU_PAD,
	/* u64: Accesses to MSRs that there are not, which are #GP. */
	KEEL_A_VCPU_REFUSED,
	/* u32: The MSR of the last one of these; absent while there is none. */
	KEEL_A_VCPU_REFUSED_MSR,
	/* flag: It was to be written. */
	KEEL_A_VCPU_REFUSED_WRITE,

	/* private: */
	__KEEL_A_VCPU_MAX,
	KEEL_A_VCPU_MAX = (__KEEL_A_VCPU_MAX - 1)
};

/* Attributes of count: A counter. */
enum {
	/* string: What is counted. */
	KEEL_A_COUNT_NAME = 1,
	/* u64: How often. */
	KEEL_A_COUNT_COUNT,
	/* u64: TSC ticks spent on it in root. */
	KEEL_A_COUNT_TICKS,
	KEEL_A_COUNT_PAD,

	/* private: */
	__KEEL_A_COUNT_MAX,
	KEEL_A_COUNT_MAX = (__KEEL_A_COUNT_MAX - 1)
};

/* Attributes of share: Sharing of equal pages, by a guest or in all. */
enum {
	/* u32: The guest. */
	KEEL_A_SHARE_ID = 1,
	/* string: Its name. */
	KEEL_A_SHARE_NAME,
	/* u32: Whether the guest's pages are looked at; 0 if it was never set. */
	KEEL_A_SHARE_ENABLE,
	/* u32: Guests of the same one share pages; 0, if it was never set, for the guest alone. */
	KEEL_A_SHARE_DOMAIN,
	/* u32: Percent of one CPU that looking for equal pages may take. */
	KEEL_A_SHARE_BUDGET,
	/* u32: How often a frame may be mapped. */
	KEEL_A_SHARE_CAP,
	/* u64: Frames that are shared. */
	KEEL_A_SHARE_PAGES_SHARED,
	/*
	 * u64: Pages that would have frames of their own otherwise; of a guest, those that are
	 * mapped to shared frames.
	 */
	KEEL_A_SHARE_PAGES_SHARING,
	/* u64: Pages that are in the index; of a guest, those that are like no other one. */
	KEEL_A_SHARE_PAGES_UNSHARED,
	/* u64: Pages that were written to between the last two passes. */
	KEEL_A_SHARE_PAGES_VOLATILE,
	/* u64: Pages that are mapped to the one zero frame. */
	KEEL_A_SHARE_PAGES_ZERO,
	/* u64: Passes over all guests that share. */
	KEEL_A_SHARE_FULL_SCANS,
	/* u64: Pages that have ever given up a frame of their own. */
	KEEL_A_SHARE_MERGED,
	/* u64: Writes ever to shared pages. */
	KEEL_A_SHARE_BREAKS,
	/* u64: Hints ever that were wrong. */
	KEEL_A_SHARE_FAILED,
	/* u64: Pages ever hashed. */
	KEEL_A_SHARE_HASHED,
	/* u64: Bytes of the index. */
	KEEL_A_SHARE_OVERHEAD,
	/* u64: CPU time in ns of the thread that looks for equal pages. */
	KEEL_A_SHARE_CPU_TIME,
	KEEL_A_SHARE_PAD,
	/* u32: How often share-scan was asked for. */
	KEEL_A_SHARE_SCANS_ASKED,
	/* u32: Of these, how many are done: it takes any number along that has come by then. */
	KEEL_A_SHARE_SCANS_DONE,
	/*
	 * u32: Pages a second that may be looked at; 0, as at first, for as many as the budget
	 * allows.
	 */
	KEEL_A_SHARE_RATE,
	/*
	 * u32: Percent of one CPU that it may take now: the budget, and less while little is found.
	 */
	KEEL_A_SHARE_PACE,
	/* u64: Pages that are kept for writes to shared ones. */
	KEEL_A_SHARE_RESERVE,
	/* u32: Guests whose reserve is short. */
	KEEL_A_SHARE_SHORT,
	/*
	 * u64: Pages of the guest's memory, which is the sum of shared, zero, volatile, unshared,
	 * capped, unindexed, huge, excluded and untouched ones.
	 */
	KEEL_A_SHARE_PAGES_TOTAL,
	/* u64: Pages that are equal to a frame that is mapped as often as may be. */
	KEEL_A_SHARE_PAGES_CAPPED,
	/* u64: Pages for which there was no memory in the index. */
	KEEL_A_SHARE_PAGES_UNINDEXED,
	/* u64: Pages in large ones: too few of each could be shared, or that is not known yet. */
	KEEL_A_SHARE_PAGES_HUGE,
	/* u64: Pages that are not looked at, and why says why. */
	KEEL_A_SHARE_PAGES_EXCLUDED,
	/* u64: Pages that the guest has never touched. */
	KEEL_A_SHARE_PAGES_UNTOUCHED,
	/* u32, enum keel_share_why: Why no page is looked at; absent when they are. */
	KEEL_A_SHARE_WHY,
	/* u64: Large pages that were ever split, for equal pages in them or for a clone. */
	KEEL_A_SHARE_SPLITS,
	/*
	 * u64: Large pages that were ever made of small ones, as nothing in them was shared any
	 * more.
	 */
	KEEL_A_SHARE_COLLAPSES,

	/* private: */
	__KEEL_A_SHARE_MAX,
	KEEL_A_SHARE_MAX = (__KEEL_A_SHARE_MAX - 1)
};

/* Commands, and what they answer; a notification is not asked for. */
enum {
	/* Keel itself. */
	KEEL_CMD_STATUS_GET = 1,
	/*
	 * Make a guest, load an image as vm-load does if one is given, and start it if run is. All
	 * of it is done, or nothing. The reply is as that of vm-get.
	 */
	KEEL_CMD_VM_NEW,
	/* A guest by id or name, or all of them. */
	KEEL_CMD_VM_GET,
	/* Change a guest's settings. */
	KEEL_CMD_VM_SET,
	/* Delete a guest, whatever it does. */
	KEEL_CMD_VM_DEL,
	/* Give a guest its image; it starts from that the next time. */
	KEEL_CMD_VM_LOAD,
	/* Start a guest that is stopped or has crashed. */
	KEEL_CMD_VM_START,
	/* Keep a running guest's vCPUs out. */
	KEEL_CMD_VM_PAUSE,
	/* Let a paused guest go on. */
	KEEL_CMD_VM_RESUME,
	/* Ask a guest to stop, and force it when its time is over. It answers at once. */
	KEEL_CMD_VM_STOP,
	/* Start a running or paused guest again from its image. */
	KEEL_CMD_VM_RESET,
	/*
	 * What a guest has done and has, or all of them. In a dump, a guest whose vCPUs do not fit
	 * into one message has further ones, each with its id and more vCPUs.
	 */
	KEEL_CMD_STAT_GET,
	/*
	 * Sharing of equal pages in all, or with id or name what a guest's pages are, of which the
	 * last pass has found which are volatile.
	 */
	KEEL_CMD_SHARE_GET,
	/*
	 * With id or name, let a guest share or not, and say with whom; its domain cannot change
	 * while it shares. Without, what all of it may take.
	 */
	KEEL_CMD_SHARE_SET,
	/*
	 * Go over all guests that share until nothing more is found, without regard to the budget.
	 * It answers at once; share-get tells when it is done.
	 */
	KEEL_CMD_SHARE_SCAN,
	/*
	 * Make guests that are where a running or paused one is, and share its memory until one of
	 * them writes to it. All of them, or none. They run at once if run is given, and are paused
	 * otherwise. The reply is as that of vm-new, of the first one.
	 */
	KEEL_CMD_VM_CLONE,
	/* A notification. About a guest, it is as the reply of vm-get, with the event. */
	KEEL_CMD_NTF,

	/* private: */
	__KEEL_CMD_MAX,
	KEEL_CMD_MAX = (__KEEL_CMD_MAX - 1)
};

#endif /* _UAPI_KEEL_H */
