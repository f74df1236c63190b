# SPDX-License-Identifier: GPL-2.0
"""The rows of the benchmark's table, with the aims, of the figures that a machine has printed.

Figures are lists of numbers, by the first two words of their lines, or by the first one where
that is all.
"""
import math

LEAVES = ("0", "0x1", "0x7", "0xd")
NO_SUCH_CALL = "0xffff"             # kvm.c

# What a CPUID of the demoted host may take, and the least that a handler in C
# can: save and restore 15 registers, dispatch, execute CPUID, advance RIP.
AIM, FLOOR = 90, 65

# What a guest does: the word in its line and ours, and the aim with mitigations off
RATES = (
    ("cpuid", "CPUID, leaf 0", 96),
    ("vmcall", "hypercall that does nothing", 96),
    ("out", "OUT to a device", 1000),
    ("in", "IN from a device", None),
    ("read", "first touch of a page, a read", 300),
    ("write", "first touch of a page, a write", 600),
    ("write-after-read", "first write to a page that was read", None),
)
# The same of interrupts
INTERRUPTS = (
    ("xapic-icr-self", "self-IPI with EOI, xAPIC mode", None),
    ("self-ipi", "self-IPI with EOI, x2APIC mode", 400),
    ("icr-self", "the same by the command register", None),
    ("hlt-pending", "HLT with an interrupt pending, EOI", None),
    ("hlt-timer", "HLT and wake, timer due soon", 2500),
    ("hlt-timer-far", "HLT and wake, after a sleep", None),
)
AIM_CREATE = 54000
AIM_IDLE = 48 * 1024
AIM_CLONE = 40000
AIM_CLONE_IDLE = 32 * 1024
AIM_MANY = 10000
# The sources' memory, in MiB (bench/keelclone.c)
CLONED = 64, 256, 1024

# Sharing of equal pages: ticks, but for passes; the first pass cannot see what is clean
GUESTS_SHARING = 4                  # share.h
LINUX_GUESTS = 4                    # inside.sh
AIM_SCANNED, AIM_SAVED, AIM_SETTLED, AIM_BREAK, AIM_PASSES = 3700, 5000, 16, 1350, 2

# The boot of Linux: times its ticks on the machine itself, and returns from root to Linux.
# What is reached so far, with some room
AIM_BOOT, AIM_RETURNS = 1.03, 3000
REACHED_BOOT, REACHED_RETURNS = 1.14, {2: 10000}


class Row:
    """A line of the table; a cell is a number, None (absent) or "" (has no meaning)."""

    def __init__(self, what, bare="", keel="", kvm="", aim="", met=True, least="", reached=None):
        self.what, self.bare, self.keel, self.kvm = what, bare, keel, kvm
        self.aim, self.least = aim, least
        self.pending = not met and reached is not None and keel is not None and keel <= reached
        met = met or self.pending
        cells = (bare, keel, kvm)
        self.absent = None in cells
        self.ok = not self.absent and met

    def cells(self):
        """The row as text."""
        def text(value):
            if isinstance(value, float):
                return f"{value:,.2f}"
            return "absent" if value is None else f"{value:,}" if value != "" else "-"
        keel = text(self.keel) + (f" ({text(self.least)})" if self.least != "" else "")
        aim = (self.aim or "-") + ("  ABSENT" if self.absent else "  MISSED" if not self.ok else
                                   "  NOT YET MET" if self.pending else "")
        return [self.what, text(self.bare), keel, text(self.kvm), aim]

    def record(self):
        """The row as data."""
        cells = {"bare": self.bare, "keel": self.keel, "keel_least": self.least,
                 "kvm": self.kvm, "aim": self.aim}
        return {"what": self.what.strip(), "ok": self.ok, "pending": self.pending,
                **{name: cell for name, cell in cells.items() if cell != ""}}


def at_most(aim, what, keel, kvm=""):
    """A row of what Keel may take at most; any number without an aim."""
    return Row(what, "", keel, kvm, f"<= {aim:,}" if aim else "",
               not aim or keel is not None and keel <= aim)


def exit_rows(figures):
    """CPUID and its exits."""
    def median(*key):
        return figures.get(key, [None])[0]

    for leaf in LEAVES:
        keel = median("keel", leaf)
        yield Row(f"CPUID, leaf {leaf}, round trip", median("bare", leaf), keel,
                  median("kvm-cpuid", leaf), f"<= {AIM} (floor {FLOOR})",
                  keel is not None and keel <= AIM)
    for leaf in LEAVES:
        rounds, exits, cpuid, ticks = figures.get(("keel-root", leaf), [None] * 4)
        per_round = exits / rounds if rounds else None
        yield Row(f"  leaf {leaf}: exits of any kind for each", "", per_round, "", "1.00",
                  per_round == 1)
        yield Row(f"  leaf {leaf}: ticks in root as Keel counts them", "",
                  ticks / cpuid if cpuid else None)
    after = [median("after", leaf) for leaf in LEAVES]
    yield Row("CPUID, any leaf, Keel unloaded again", None if None in after else max(after),
              "", "", "as before", after == [median("bare", leaf) for leaf in LEAVES])
    yield Row("VMCALL, unknown number, round trip", "", "", median("kvm-vmcall", NO_SUCH_CALL))


def each(figures, key):
    """How many for each round, of a line NAME WHAT ROUNDS COUNT."""
    rounds, count = figures.get(key, [None] * 2)
    return count / rounds if rounds else None


def mean(values):
    """The mean; None if one of them is absent."""
    values = list(values)
    return None if None in values else sum(values) / len(values)


def total(values):
    """The sum; None if one of them is absent."""
    values = list(values)
    return None if None in values else sum(values)


def rate_rows(figures, aims):
    """What leaving a guest costs, and how often it is left."""
    for name, text, aim in RATES:
        keel = figures.get(("keel-rate", name), [None])[0]
        kvm = figures.get(("kvm-rate", name), [None])[0]
        yield at_most(aim if aims else None, f"guest: {text}", keel, kvm)
        if name in ("cpuid", "vmcall"):
            yield Row("  exits for each", "", each(figures, ("keel-exits", name)),
                      each(figures, ("kvm-exits", name)))
        elif name == "in":
            yield Row("  exits for each, of both", "", each(figures, ("keel-exits", "port")),
                      mean(each(figures, ("kvm-exits", n)) for n in ("out", "in")))
    yield Row("  exits for each, of the three", "", each(figures, ("keel-exits", "touch")),
              mean(each(figures, ("kvm-exits", n))
                   for n in ("read", "write", "write-after-read")))
    yield Row("  returns to Linux for each", "", each(figures, ("keel-returns", "touch")))


def interrupt_rows(figures, aims):
    """What interrupts cost a guest."""
    for name, text, aim in INTERRUPTS:
        keel = figures.get(("keel-irq", name), [None])[0]
        kvm = figures.get(("kvm-irq", name), [None])[0]
        yield at_most(aim if aims else None, f"guest: {text}", keel, kvm)


def life_rows(figures, aims):
    """What making a guest costs, and destroying it."""
    found = {key[0]: values for key, values in figures.items() if isinstance(key, tuple)}

    def median(name):
        return found.get(name, [None])[0]

    for kind, text in (("cpu", "CPU"), ("wall", "wall")):
        keel = median(f"keel-create-{kind}")
        kvm = total(median(f"kvm-{step}-{kind}") for step in
                    ("new", "irqchip", "memory", "vcpu", "registers", "run"))
        aim = AIM_CREATE if aims and kind == "cpu" else None
        yield at_most(aim, f"guest: create to first exit, {text}", keel, kvm)
        if kind == "cpu":
            for text_of, step in (("create VM", "new"), ("interrupt controllers", "irqchip"),
                                  ("memory, with the image", "memory"), ("vCPU", "vcpu"),
                                  ("registers", "registers"), ("first run", "run")):
                yield Row(f"  KVM: {text_of}", "", "", median(f"kvm-{step}-cpu"))
    for kind, text in (("cpu", "CPU"), ("wall", "wall")):
        yield Row(f"guest: destroy, {text}", "", median(f"keel-destroy-{kind}"),
                  median(f"kvm-destroy-{kind}"))


def idle_rows(figures, aims):
    """What memory a guest takes that waits, beside its own."""
    def numbers(name, count):
        # the number of guests is a line's second word
        return next(([1024 * value // int(key[1]) for value in values[:count]]
                     for key, values in figures.items()
                     if isinstance(key, tuple) and key[0] == name), [None] * count)

    keel = dict(zip(("all", "slab", "stacks", "tables", "files"), numbers("keel-idle", 5)))
    own = dict(zip(("mapped", "tables", "pool"), numbers("keel-idle-own", 3)))
    kvm = dict(zip(("all", "slab", "stacks", "tables", "files"), numbers("kvm-idle", 5)))
    kvm_own = numbers("kvm-idle-own", 1)[0]
    beside = None if None in (keel["all"], own["mapped"]) else keel["all"] - own["mapped"]
    beside_kvm = None if None in (kvm["all"], kvm_own) else kvm["all"] - kvm_own
    yield at_most(AIM_IDLE if aims else None, "idle guest: bytes beside its own memory", beside,
                  beside_kvm)
    yield Row("  slab", "", keel["slab"], kvm["slab"])
    yield Row("  stacks in the kernel", "", keel["stacks"], kvm["stacks"])
    yield Row("  page tables, EPT too", "", own["tables"], kvm["tables"])
    yield Row("  its image, for a reset", "", keel["files"])
    yield Row("  waiting for first touches", "", own["pool"])
    parts = total([keel["slab"], keel["stacks"], own["tables"], keel["files"], own["pool"]])
    parts_kvm = total([kvm["slab"], kvm["stacks"], kvm["tables"]])
    yield Row("  other pages", "", None if None in (beside, parts) else beside - parts,
              None if None in (beside_kvm, parts_kvm) else beside_kvm - parts_kvm)


def clone_rows(figures):
    """What a clone costs, and what memory it takes that waits."""
    found = {key[0]: (key[1], values) for key, values in figures.items() if isinstance(key, tuple)}

    def median(name):
        return found.get(name, (0, [None]))[1][0]

    for kind, text in (("cpu", "CPU"), ("wall", "wall")):
        for mib in CLONED:
            keel = median(f"keel-clone-{mib}-{kind}")
            aim = AIM_CLONE if kind == "cpu" else None
            yield at_most(aim, f"guest: clone of {mib:,} MiB to first exit, {text}", keel)
    for mib in CLONED:
        yield Row(f"guest: destroy a clone of {mib:,} MiB, CPU", "",
                  median(f"keel-unclone-{mib}-cpu"))
    for mib in CLONED:
        count, values = found.get(f"keel-clones-{mib}", (1, [None]))
        mapped = found.get(f"keel-clones-own-{mib}", (1, [None]))[1][0]
        bytes_of = None if None in (values[0], mapped) else \
            1024 * (values[0] - mapped) // int(count)
        yield at_most(AIM_CLONE_IDLE, f"clone of {mib:,} MiB that waits: bytes beside what it "
                      "has written", bytes_of)
    count, values = found.get("keel-many", (1, [None] * 3))
    free, used, ticks = values
    each_of = None if used is None else 1024 * used // int(count)
    fit = None if not used else free * int(count) // used
    yield Row("clone of 2 MiB that never ran: bytes", "", each_of)
    yield Row("  ticks for each, made together", "", None if ticks is None else ticks // int(count))
    yield Row("  so many fit in what is free of 1 GiB", "", fit, "", f">= {AIM_MANY:,}",
              fit is not None and fit >= AIM_MANY)


def memory_rows(figures):
    """What Keel holds while loaded."""
    yield Row("memory, bytes", "", figures.get("memory", [None])[0])
    yield Row("  of it pages of EPT tables", "", figures.get("ept_tables", [None])[0])


def load_rows(figures, cpus):
    """Loading and unloading; the rounds are the second word."""
    found = {key[0]: values for key, values in figures.items() if isinstance(key, tuple)}
    right = figures.get("cpus") == [cpus]
    for name, call in (("load", "insmod"), ("unload", "rmmod")):
        for kind, share in (("cpu", cpus), ("wall", 1)):
            median, least = found.get(f"{name}-{kind}", [None] * 3)[:2] if right else (None, None)
            what = {"cpu": "CPU" + (" of each CPU" if cpus > 1 else ""), "wall": "wall"}[kind]
            yield Row(f"{call}, {what}", "", median and median // share,
                      least="" if least is None else least // share)


def share_rows(figures):
    """What merging equal pages costs, and what it leaves: guests' pages are equal, or all
    different, or all the same."""
    def numbers(name, kind, count):
        return figures.get((name, kind), [None] * count)

    def ratio(a, b):
        return None if None in (a, b) or not b else a / b

    def row(text, values, aim=None):
        keel, kvm = (math.ceil(v) if isinstance(v, float) and v > 100 else v for v in values)
        return at_most(aim, text, keel, kvm)

    sides = ("keel", "kvm")
    equal, unique, same = ([dict(zip(("pages", "saved", "frames", "passes", "cpu", "settled"),
                                     numbers(f"{side}-share", kind, 6))) for side in sides]
                           for kind in ("equal", "unique", "same"))
    yield row("equal pages: CPU for each that is scanned",
              [ratio(s["cpu"], s["pages"]) for s in equal], AIM_SCANNED)
    yield row("  for each that is saved", [ratio(s["cpu"], s["saved"]) for s in equal], AIM_SAVED)
    yield Row("  saved in a million ticks of CPU", "",
              *(ratio(1e6 * s["saved"], s["cpu"]) if s["saved"] else None for s in equal))
    yield row("  passes until all are merged", [s["passes"] for s in equal], AIM_PASSES)
    yield row("  saved, of the guests' pages", [s["saved"] for s in equal])
    yield row("  a pass over them afterwards, CPU for each page",
              [ratio(s["settled"], s["pages"]) for s in equal], AIM_SETTLED)
    yield row("pages that are all different: CPU for each, until that is known",
              [ratio(s["cpu"], s["pages"]) for s in unique])
    yield row("  a pass over them afterwards, CPU for each page",
              [ratio(s["settled"], s["pages"]) for s in unique], AIM_SETTLED)
    # What guests have in common beside what they were filled with, they had there, too.
    kept = [None if None in (s["frames"], e["frames"], e["pages"]) else
            s["frames"] - e["frames"] + e["pages"] // GUESTS_SHARING
            for s, e in zip(same, equal)]
    yield row("pages that are all the same: copies that are kept", kept, 1)
    yield row("  CPU for each that is scanned", [ratio(s["cpu"], s["pages"]) for s in same])
    yield row("  passes until all are merged", [s["passes"] for s in same], AIM_PASSES)
    yield row("guest: write to a shared page",
              [numbers(f"{side}-rate", "break", 1)[0] for side in sides], AIM_BREAK)
    yield Row("  exits for each", "", *(each(figures, (f"{side}-exits", "break"))
                                        for side in sides))
    yield Row("  returns to Linux for each", "", each(figures, ("keel-returns", "break")))
    for kind, text in (("equal", "equal pages"), ("same", "the same page all over"),
                       ("unique", "different pages")):
        yield row(f"memory of {GUESTS_SHARING} guests with {text}, KiB",
                  [numbers(f"{side}-used", kind, 1)[0] for side in sides])


def boot_rows(figures, vcpus):
    """What the boot of Linux costs, and how often the guest is left for what."""
    def counts(name):
        return {key[1]: values[0] for key, values in figures.items()
                if isinstance(key, tuple) and key[0] == name}

    def less(whole, part):
        return None if None in (whole, part) else whole - part

    native = figures.get(("native-boot", "linux"), [None])[0] if vcpus == 1 else ""
    keel = figures.get(("keel-boot", str(vcpus)), [None])[0]
    exits, returns, kvm = (counts(f"{name}") for name in
                           ("keel-boot-exit", "keel-boot-return", "kvm-boot-stat"))
    all_exits = sum(exits.values()) or None
    all_returns = sum(returns.values()) or None
    yield Row(f"guest with {vcpus} vCPU{'s' if vcpus > 1 else ''}: create to init", native, keel,
              figures.get(("kvm-boot", str(vcpus)), [None])[0],
              f"<= {AIM_BOOT} x bare" if native != "" else "",
              native == "" or None not in (native, keel) and keel <= AIM_BOOT * native,
              reached=REACHED_BOOT * native if native else None)
    yield Row("  of them before it runs, for its image", "",
              figures.get(("keel-boot-load", str(vcpus)), [None])[0],
              figures.get(("kvm-boot-load", str(vcpus)), [None])[0])
    yield Row("  exits of any kind", "", all_exits, kvm.get("exits"))
    yield Row("  of them by the host's interrupts", "", exits.get("EXT_INTR"),
              kvm.get("irq_exits"))
    aside = less(all_returns, returns.get("interrupt"))
    yield Row("  to the host's Linux, interrupts aside", "", aside,
              less(kvm.get("exits"), kvm.get("irq_exits")), f"<= {AIM_RETURNS:,}",
              aside is not None and aside <= AIM_RETURNS, reached=REACHED_RETURNS.get(vcpus))
    for name, count in sorted(returns.items(), key=lambda item: -item[1]):
        if name != "interrupt":
            yield Row(f"    Keel: {name}", "", count)
    for name, text in (("user", "to user space"), ("io_exits", "port I/O"),
                       ("mmio_exits", "MMIO"), ("halt_exits", "HLT"),
                       ("irq_window_exits", "a window for an interrupt")):
        yield Row(f"    KVM: {text}", "", "", kvm.get(name))


def many_rows(figures):
    """What memory guests take that have booted Linux."""
    keel, kvm = ([figures.get((f"{side}-many", str(LINUX_GUESTS)), [None] * 2)[i] for i in (0, 1)]
                 for side in ("keel", "kvm"))
    for i, text in enumerate((f"memory of {LINUX_GUESTS} guests, KiB", "  when nothing more is "
                              "found that is equal")):
        yield Row(text, "", keel[i], kvm[i])


def rows_of(figures, cpus, append, part):
    """All rows of one machine.  The aims for guests are for one without mitigations."""
    if part == "share":
        return [*share_rows(figures)]
    if part == "clone":
        return [*clone_rows(figures)]
    if part == "boot":
        return [*boot_rows(figures, cpus)]
    if part == "many":
        return [*many_rows(figures)]
    rows = []
    aims = append == "mitigations=off"
    if part == "all":
        rows += [*exit_rows(figures), *memory_rows(figures), *rate_rows(figures, aims),
                 *interrupt_rows(figures, aims), *life_rows(figures, aims),
                 *idle_rows(figures, aims)]
    return rows + [*load_rows(figures, cpus)]
