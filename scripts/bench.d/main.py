# SPDX-License-Identifier: GPL-2.0
"""Keel against the bare machine and against KVM: one run, one table.

Boots the reference machine five times (1 CPU; 1 CPU with mitigations=off, three times;
2 CPUs) and runs the programs of bench/ in it: what CPUID costs with and without
Keel, what guests of Keel and of KVM cost that are given the same to do, what
loading and unloading Keel costs, what memory it takes, and what it takes to merge
equal pages, beside KSM.  Figures are medians, or means of the middle half, in ticks of the
TSC, which are emulated instructions; a VMX transition counts as one of them.  Runs repeat
to the tick.

With --part boot it boots the machine twice (1 CPU, 2 CPUs), and a stock Linux kernel in
it: as a guest of KVM's and of Keel's with as many vCPUs, and, with 1, on the machine
itself.  With --part many it boots four such guests of each, one after the other, and shares
their equal pages.

exit status: 0; 1 when an aim is missed, one that is not met yet has become
worse, or a figure is absent; 2 when it was not used as described here.
"""
import argparse
import concurrent.futures
import fcntl
import json
import math
import os
import subprocess
import sys

from build import BUILD, LINUX_PAYLOAD, PAYLOAD, SCRIPTS, TOP, Error, build, build_linux, run
from rows import rows_of

# Coherent time, and a tick an instruction with any number of CPUs.  Booted afresh:
# saved machines differ in the moment at which they were saved, and the phase of
# the timer shows in what takes long.
MACHINE = ["--bochs", "2.7", "--model", "broadwell_ult", "--mem", "1024", "--fresh"]
# By the wall clock: the command's, and the boot's in addition; what boots of Linux take more.
COMMAND_SECONDS, RUN_SECONDS = 800, 1000
LINUX_SECONDS = 1500
BOOTS_AT_ONCE = 2

# The title of a plot, and MiB that its axis goes to
PLOTS = {
    "share": ("Four guests that fill 16 MiB each with the same pages", 80),
    "many": ("Four guests of 128 MiB that have booted Linux", 400),
}

BOOTS = (
    ("1 CPU", 1, "", "all"),
    ("1 CPU, mitigations=off", 1, "mitigations=off", "all"),
    ("2 CPUs", 2, "", "load"),
    ("clones, 1 CPU, mitigations=off", 1, "mitigations=off", "clone"),
    ("sharing, 1 CPU, mitigations=off", 1, "mitigations=off", "share"),
)
LINUX_BOOTS = (
    ("boot of Linux, 1 CPU", 1, "mitigations=off", "boot"),
    ("boot of Linux, 2 CPUs", 2, "mitigations=off", "boot"),
    ("booted Linux, 1 CPU", 1, "mitigations=off", "many"),
)
LINUX_PARTS = {boot[-1] for boot in LINUX_BOOTS}


def boot(options, title, cpus, append, part):
    """Measure on one machine; its figures by the first words of their lines."""
    more = LINUX_SECONDS if part in LINUX_PARTS else 0
    command = ["timeout", "-k", "10", str(RUN_SECONDS + more),
               os.path.join(SCRIPTS, "machine"), *MACHINE, "--kernel", options.kernel,
               "--cpus", str(cpus), "--timeout", str(COMMAND_SECONDS + more)]
    if append:
        command += ["--append", append]
    if part in LINUX_PARTS:
        command += ["--build", LINUX_PAYLOAD]
        for name in ("vmlinux", "initrd"):
            command += ["--add", f"{LINUX_PAYLOAD}/{name}"]
    else:
        command += ["--build", PAYLOAD]
    figures = {}
    try:
        out = run([*command, "--", "./inside.sh", part, str(cpus)], stdout=subprocess.PIPE)
        for line in out.splitlines():
            words = line.split()
            if len(words) > 2:
                figures[words[0], words[1]] = [int(word) for word in words[2:]]
            elif len(words) == 2:
                figures[words[0]] = [int(words[1])]
    except (Error, ValueError) as error:
        print(f"bench: {title}: {error}", file=sys.stderr)
    return figures


def show(tables):
    """Print the tables, aligned with one another."""
    head = ["what", "bare", "Keel", "KVM", "aim"]
    lines = [row.cells() for _, rows in tables for row in rows]
    width = [max(len(line[i]) for line in [head, *lines]) for i in range(len(head))]

    def line(cells):
        print("  ".join([cells[0].ljust(width[0])] +
                        [cells[i].rjust(width[i]) for i in (1, 2, 3)] + [cells[4]]).rstrip())

    for title, rows in tables:
        print(title)
        line(head)
        for row in rows:
            line(row.cells())
        print()
    print("Ticks; medians, in parentheses the least.  CPU: of all tasks, with what the\n"
          "call leaves to others, the mean of the middle half of the rounds; wall: of the\n"
          "call alone, with its waits.  KVM: CPUID as KVM offers it; no interrupt\n"
          "controller in the kernel but in what is created, destroyed or idle.  Guests of\n"
          "both: 4 KiB pages, the same program.  A VMX transition counts one tick here and\n"
          "some 1,000 cycles on hardware: compare exits too.")


def parse_options(argv):
    """The options."""
    parser = argparse.ArgumentParser(
        prog="bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", default="6.1", metavar="VERSION",
                        help="the machine's kernel, as scripts/machine has it (6.1)")
    parser.add_argument("--module", metavar="FILE",
                        help="Keel, built for it; without that, it is built")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    parser.add_argument("--part", choices=["all", "load", "clone", "share", *sorted(LINUX_PARTS)],
                        help="only the machines on which that is measured; the boot of "
                             "Linux, and many that have booted, are with this alone")
    parser.add_argument("--plot", metavar="FILE",
                        help="draw the memory of guests that share over time, as SVG")
    parser.add_argument("--twice", action="store_true",
                        help="measure twice and fail unless the figures are the same")
    return parser.parse_args(argv)


def measure(options, boots):
    """All machines: the figures of each."""
    with concurrent.futures.ThreadPoolExecutor(BOOTS_AT_ONCE) as pool:
        return list(pool.map(lambda b: boot(options, *b), boots))


def plot(results, part, path):
    """Draw memory over time, of the machine on which it was measured."""
    run([os.path.join(SCRIPTS, "setup"), "plot"])
    data = os.path.join(BUILD, "memory.data")
    sides = [sorted((int(key[1]), values[0]) for figures in results
                    for key, values in figures.items() if key[0] == f"{side}-at")
             for side in ("keel", "kvm")]
    if not all(sides):
        raise Error("--plot: memory over time was not measured")
    with open(data, "w", encoding="ascii") as file:
        for points in sides:
            # who is done first stays as it is
            end = max(side[-1][0] for side in sides), points[-1][1]
            # not more of them than can be told apart
            apart, last = end[0] / 800, -math.inf
            for ms, kib in [*points, end]:
                if ms - last >= apart or ms == end[0]:
                    file.write(f"{ms} {kib}\n")
                    last = ms
            file.write("\n\n")
    heading, highest = PLOTS[part]
    run(["gnuplot", "-e", f"data='{data}'; heading='{heading}'; highest={highest}; set output '{path}'",
         os.path.join(TOP, "bench", "memory.gnuplot")])


def main():
    """The command."""
    options = parse_options(sys.argv[1:])
    module = options.module or os.path.join(TOP, "build", options.kernel, "keel.ko")
    boots = [b for b in BOOTS + LINUX_BOOTS if b[-1] == options.part] or BOOTS
    os.makedirs(BUILD, exist_ok=True)
    try:
        with open(BUILD + "/.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            run([os.path.join(SCRIPTS, "setup"), "build", "machine"])
            if not options.module:
                run([os.path.join(SCRIPTS, "build"), options.kernel, "keel"])
            if not os.path.exists(module):
                raise Error(f"{os.path.relpath(module)} is not there")
            if options.part in LINUX_PARTS:
                build_linux(module, options.kernel)
            else:
                build(module)
            results = measure(options, boots)
            again = measure(options, boots) if options.twice else results
    except (Error, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1

    tables = [(title, rows_of(figures, cpus, append, part))
              for (title, cpus, append, part), figures in zip(boots, results)]
    show(tables)
    if options.plot:
        try:
            plot(results, options.part if options.part in PLOTS else "share", options.plot)
        except (Error, OSError) as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    bad = [f"{title}: {row.what}" for title, rows in tables for row in rows if not row.ok]
    for what in bad:
        print(f"bench: aim missed or figure absent: {what}", file=sys.stderr)
    for (title, *_), first, second in zip(boots, results, again):
        for key in sorted({*first, *second}, key=str):
            if first.get(key) != second.get(key):
                bad.append(key)
                print(f"bench: {title}: {key} was {first.get(key)}, then {second.get(key)}",
                      file=sys.stderr)
    if options.json:
        data = {"kernel": options.kernel, "machine": MACHINE, "unit": "TSC ticks",
                "tables": [{"machine": title, "rows": [row.record() for row in rows]}
                           for title, rows in tables]}
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1)
            file.write("\n")
    figures = sum(len(rows) for _, rows in tables)
    print(f"{max(figures - len(bad), 0)} passed, {len(bad)} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
