# SPDX-License-Identifier: GPL-2.0
"""What the benchmark's machines take along: the programs of bench/, guests, Keel."""
import glob
import os
import shutil
import subprocess

SCRIPTS = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
TOP = os.path.dirname(SCRIPTS)
BUILD = os.path.join(TOP, "build", "bench")
PAYLOAD = os.path.join(BUILD, "payload")
LINUX_PAYLOAD = os.path.join(BUILD, "linux")

GUEST = ["image.c", "busy.c", "memory.c"]
SHARE = ["share.c", "series.c"]
KEELVM = ["keelvm.c", "keelimage.c", "genl.c"]
# keelctl's own, which include nobody else's
LOADER = [f"../ctl/{name}.c" for name in ("image", "seal", "elf", "boot", "pc", "linux", "pvh",
                                          "acpi", "dsdt", "aml")]
LINUX = ["linuxboot.c", "linuxfile.c", *LOADER]
KVMPC = ["kvmpc.c", "kvmvm.c", *LINUX]
KEELPC = ["keelpc.c", "keelvm.c", "genl.c", *LINUX]
PROGRAMS = {
    "cpuid": ["cpuid.c", "rounds.S"],
    "kvm": ["kvm.c", "kvmvm.c", "rounds.S"],
    "kvmguest": ["kvmguest.c", "kvmvm.c", "kvmimage.c", *GUEST],
    "keel": ["keel.c", *KEELVM, *GUEST],
    "keelclone": ["keelclone.c", *KEELVM, *GUEST],
    "kvmshare": ["kvmshare.c", "kvmvm.c", "kvmimage.c", "ksm.c", *SHARE, *GUEST],
    "keelshare": ["keelshare.c", *KEELVM, *SHARE, *GUEST],
    "load": ["load.c", "busy.c"],
}
LINUX_PROGRAMS = {
    "kvmboot": ["kvmboot.c", *KVMPC],
    "keelboot": ["keelboot.c", *KEELPC],
    "kvmmany": ["kvmmany.c", "ksm.c", *SHARE, "busy.c", "memory.c", *KVMPC],
    "keelmany": ["keelmany.c", "series.c", "busy.c", "memory.c", *KEELPC],
    "native": ["native.c", "native.S", "linuxfile.c"],
}
LINUX_FLAGS = ["-D_GNU_SOURCE=", "-Wno-unused-parameter", "-include",
               os.path.join(TOP, "ctl", "image.h")]
# Linked as tests/guest links its own
GUESTS = {"rate": ["start.S", "../tests/guest/rate.c", "../tests/guest/print.c"],
          "irqrate": ["start.S", "../tests/guest/irqrate.c", "../tests/guest/print.c",
                      "../tests/guest/idt.S"],
          "idle": ["idle.S"], "full": ["full.S"],
          "alike": ["start.S", "alike.c", "../tests/guest/print.c"]}
GUEST_FLAGS = ["-std=gnu11", "-ffreestanding", "-fno-pic", "-no-pie", "-mno-red-zone",
               "-mgeneral-regs-only", "-fno-stack-protector", "-fcf-protection=none",
               "-fno-asynchronous-unwind-tables", "-fno-tree-loop-distribute-patterns",
               "-nostdlib", "-Wl,--build-id=none", "-Wl,-z,noexecstack",
               "-Wl,--no-warn-rwx-segments"]


class Error(Exception):
    """Nothing can be measured."""


def run(command, **options):
    """Run a command that has to succeed; its standard output."""
    try:
        return subprocess.run(command, check=True, text=True, **options).stdout
    except subprocess.CalledProcessError as error:
        raise Error(f"status {error.returncode} of: {' '.join(command)}") from error


def newer(target, *inputs):
    """Whether a file is there and newer than all that it is made from."""
    return os.path.exists(target) and \
        all(os.path.getmtime(target) > os.path.getmtime(path) for path in inputs)


def compile_programs(programs, payload, flags=None):
    """Compile programs that run in the machine; what names no loader needs no flags for it."""
    bench = os.path.join(TOP, "bench")
    headers = [*glob.glob(os.path.join(bench, "*.h")), *glob.glob(os.path.join(TOP, "ctl", "*.h")),
               os.path.join(TOP, "uapi", "keel.h")]
    for name, sources in programs.items():
        target = os.path.join(payload, name)
        more = flags if flags and LOADER[0] in sources else []
        sources = [os.path.normpath(os.path.join(bench, source)) for source in sources]
        if not newer(target, *sources, *headers):
            run(["gcc", "-O2", "-Wall", "-Wextra", *more, "-static", "-pthread", "-o", target,
                 *sources])


def take_along(module, payload):
    """Keel, as distributions ship modules and make modules_install strips them; the script"""
    run(["strip", "--strip-debug", "-o", os.path.join(payload, "keel.ko"), module])
    shutil.copy(os.path.join(TOP, "bench", "inside.sh"), payload)


def build(module):
    """Put together what the machine takes along."""
    bench = os.path.join(TOP, "bench")
    os.makedirs(PAYLOAD, exist_ok=True)
    compile_programs(PROGRAMS, PAYLOAD)
    guest = os.path.join(TOP, "tests", "guest")
    headers = [header for folder in (bench, guest)
               for header in glob.glob(os.path.join(folder, "*.h"))]
    for name, sources in GUESTS.items():
        target = os.path.join(PAYLOAD, name)
        sources = [os.path.normpath(os.path.join(bench, source)) for source in sources]
        script = os.path.join(guest, "guest.lds")
        if not newer(target, script, *headers, *sources):
            run(["gcc", "-O2", "-Wall", "-Wextra", *GUEST_FLAGS, "-static", "-I", guest,
                 "-T", script, "-o", target, *sources])
    take_along(module, PAYLOAD)


def build_linux(module, kernel):
    """The same for the boots of Linux: the kernel, and an initrd with its first process."""
    os.makedirs(LINUX_PAYLOAD, exist_ok=True)
    compile_programs(LINUX_PROGRAMS, LINUX_PAYLOAD, LINUX_FLAGS)
    bench, root = os.path.join(TOP, "bench"), os.path.join(BUILD, "linux-root")
    init, initrd = os.path.join(root, "init"), os.path.join(LINUX_PAYLOAD, "initrd")
    source = os.path.join(bench, "linuxinit.c")
    if not newer(initrd, source, os.path.join(bench, "linuxboot.h")):
        os.makedirs(root, exist_ok=True)
        run(["gcc", "-O2", "-Wall", "-Wextra", *GUEST_FLAGS, "-static", "-s", "-o", init, source])
        os.utime(init, (0, 0))
        run(["cpio", "--quiet", "--reproducible", "-R", "0:0", "-o", "-H", "newc", "-O", initrd],
            input="init\n", cwd=root)
    folder = run([os.path.join(SCRIPTS, "guest-linux"), kernel], stdout=subprocess.PIPE).strip()
    shutil.copy(os.path.join(folder, "vmlinux"), LINUX_PAYLOAD)
    take_along(module, LINUX_PAYLOAD)
