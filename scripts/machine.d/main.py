# SPDX-License-Identifier: GPL-2.0
"""Run a command on the reference machine.

A stock Debian kernel boots in an emulator that has VT-x.  COMMAND runs there
as root in /keel, where the build folder's modules and programs are; what it
prints comes out here as it comes, and its exit status is ours.

exit status: that of COMMAND; 124 when its time is over; 125 when the machine
died (panic, triple fault, emulator stopped) or could not be started.  Unless
COMMAND succeeds, the last kernel messages go to standard error.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
import tty

import bootdisk
import emulator
import rootfs
import snapshot

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.dirname(HERE)
PROJECT = os.path.dirname(SCRIPTS)

TIMED_OUT, MACHINE_FAILED = 124, 125
DAY = 86400
RETRY_SECONDS = 3600                # after a snapshot could not be made
KEPT = 24                           # snapshots and boot disks
WORK_PREFIX = "keel-machine-"
KERNEL_LINES = 40
SLOWER = 4                          # the debug kernel boots

# The TSC runs at the emulator's instruction rate, which the kernel must be
# told; idle=nomwait because MWAIT loses wake-ups; the rest saves boot time.
CMDLINE = ("console=ttyS1,115200 quiet nokaslr tsc=reliable tsc_early_khz=20000 "
           "idle=nomwait panic=-1 reboot=t edd=off cryptomgr.notests "
           "initcall_blacklist=load_system_certificate_list,cubictcp_register,"
           "bpf_rstat_kfunc_init,init_kprobe_trace,jent_mod_init")

# CPU features that kernels up to 6.1 cannot do with as emulated: FSRM, AMX.
BROKEN_FEATURES = {"corei7_icelake_u": "580", "tigerlake": "580",
                   "arrow_lake": "580", "sapphire_rapids": "580,600"}

# Why a run was ended (see Emulator.wait).
REASONS = {"timeout": "the command's time is over",
           "boot": "the machine does not boot",
           "log": "the emulator's log grows without end (a fault loop?)",
           "hang": "the emulator hangs"}


class Error(Exception):
    """The machine cannot be started."""


def parse_options(argv):
    """The options and the command."""
    parser = argparse.ArgumentParser(
        prog="machine", formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="machine [OPTION...] -- COMMAND...\n       machine --shell [OPTION...] [-- COMMAND...]",
        description=__doc__)
    add = parser.add_argument
    add("--kernel", default="6.1", metavar="VERSION|DIR",
        help="5.10, 6.1 (default), 6.1-cloud, 6.12, 7.3, debug (6.1 with KASAN, lockdep, "
        "kmemleak) or the folder of a kernel built by hand")
    add("--cpus", type=int, default=2, metavar="N", help="processors (2)")
    add("--mem", type=int, default=512, metavar="MIB", help="memory (512)")
    add("--build", metavar="DIR", help="build folder to take along (build/VERSION, if there is one)")
    add("--add", action="append", default=[], metavar="SRC[:DEST]",
        help="file or folder to take along, with its libraries (DEST: /keel/NAME)")
    add("--second", action="store_true",
        help="take along /keel/second/kernel and initrd, to kexec: the same again, "
             "COMMAND included")
    add("--append", default="", metavar="CMDLINE", help="more kernel parameters")
    add("--timeout", type=float, default=120, metavar="SECONDS",
        help="time for COMMAND, by the wall clock (120)")
    add("--log", metavar="FILE", help="write the kernel's messages there")
    add("--emulator-log", metavar="FILE", help="write the emulator's own messages there")
    add("--bochs", choices=("3.0", "2.7"), default="3.0", help="version of the emulator (3.0)")
    add("--model", metavar="CPU", help="processor, as named by the emulator (corei7_skylake_x)")
    add("--fresh", action="store_true", help="boot, instead of starting from a saved machine")
    add("--shell", action="store_true",
        help="interactive: COMMAND (sh) has this terminal; Ctrl-] ends the machine")
    add("command", nargs="*", metavar="COMMAND", help=argparse.SUPPRESS)
    parser.error = lambda message: parser.exit(MACHINE_FAILED, f"machine: {message}\n")
    options = parser.parse_args(argv)
    if not options.command:
        if not options.shell:
            parser.error("no command given")
        options.command = ["sh", "-l"]
    return options


# ---- the cache ----

def cache_folder(*names):
    """A folder in the cache."""
    base = os.environ.get("KEEL_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "keel")
    path = os.path.join(os.path.abspath(base), *names)
    os.makedirs(path, exist_ok=True)
    return path


@contextlib.contextmanager
def locked(path):
    """Hold the lock that stands beside a path."""
    with open(path + ".lock", "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def work_folder(parent=None):
    """A folder that is gone afterwards."""
    path = tempfile.mkdtemp(prefix=WORK_PREFIX, dir=parent)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def key_of(*inputs):
    """A name for what is made from these inputs."""
    return hashlib.sha256(repr(inputs).encode()).hexdigest()[:16]


def fingerprint(path):
    """What tells one state of a file from another."""
    info = os.stat(path)
    return os.path.realpath(path), info.st_size, info.st_mtime_ns


def sources(*names):
    """The contents of our own files that an input depends on."""
    contents = []
    for name in names:
        with open(os.path.join(HERE, name), "rb") as file:
            contents.append(file.read())
    return hashlib.sha256(b"\0".join(contents)).hexdigest()


def prune(folder):
    """Keep only what was used last, and nothing that a killed run left."""
    names = [n for n in os.listdir(folder) if not n.endswith(".lock")]
    names.sort(key=lambda n: os.lstat(f"{folder}/{n}").st_mtime, reverse=True)
    for index, name in enumerate(names):
        path = f"{folder}/{name}"
        left_behind = name.startswith(WORK_PREFIX) and time.time() - os.lstat(path).st_mtime > DAY
        if left_behind or index >= KEPT:
            shutil.rmtree(path, ignore_errors=True)
            with contextlib.suppress(OSError):
                os.unlink(path)


def made(folder, key, make):
    """The path of folder/key, made by make(temporary path) if not there."""
    path = os.path.join(folder, key)
    if not os.path.exists(path):
        with locked(path):
            if not os.path.exists(path):
                with work_folder(folder) as temporary:
                    make(temporary + "/new")
                    os.rename(temporary + "/new", path)
                prune(folder)
    with contextlib.suppress(OSError):
        os.utime(path)
    return path


def script(name, *arguments):
    """The output of one of the other scripts."""
    result = subprocess.run([os.path.join(SCRIPTS, name), *arguments], text=True,
                            stdout=subprocess.PIPE, check=False)
    if result.returncode:
        raise Error(f"scripts/{name} {' '.join(arguments)} failed")
    return result.stdout.strip()


# ---- the machine ----

def compiled(source, *flags):
    """Compile one of our C files, or find it compiled."""
    def make(target):
        command = ["gcc", "-O2", "-Wall", *flags, "-o", target, os.path.join(HERE, source)]
        if subprocess.run(command, check=False).returncode:
            raise Error(f"cannot compile {source}")
    name = source.rpartition(".")[0] + "-" + key_of(sources(source), flags)
    return made(cache_folder("machine", "programs"), name, make)


class Machine:
    """A machine to run: all that makes it what it is."""

    def __init__(self, options):
        self.cpus, self.mem = options.cpus, options.mem
        self.launcher = script("bochs", options.bochs)
        version = os.path.basename(os.path.dirname(self.launcher))
        self.share = os.path.join(os.path.dirname(self.launcher), "share")
        self.model = options.model or (
            "broadwell_ult" if (version, options.kernel) == ("2.7", "7.3") else "corei7_skylake_x")
        self.preload = compiled("preload.c", "-shared", "-fPIC")
        self.init = compiled("init.c", "-static")
        self._prepare_disk(options)
        self.key = key_of(self.boot_disk, self.cpus, self.mem, self.model,
                          fingerprint(self.launcher), self.preload,
                          sources("bochsrc.in", "emulator.py", "snapshot.py"))

    def _prepare_disk(self, options):
        image = script("kernel", "image", options.kernel)
        if os.path.isdir(options.kernel):
            modules = os.path.join(options.kernel, "lib", "modules")
            found = os.listdir(modules) if os.path.isdir(modules) else []
            modules = os.path.join(modules, found[0]) if found else None
        else:
            modules = script("kernel", "modules", options.kernel)
        cmdline = CMDLINE
        if options.kernel.startswith(("5.10", "6.1", "debug")) and not options.kernel.startswith("6.12"):
            if self.model in BROKEN_FEATURES:
                cmdline += " clearcpuid=" + BROKEN_FEATURES[self.model]
        cmdline = f"{cmdline} {options.append}".strip()
        self.image, self.modules = image, modules

        def make(target):
            data = rootfs.initial(self.init, modules)
            bootdisk.build(image, data, cmdline, target)

        key = key_of(fingerprint(image), modules and fingerprint(modules), self.init, cmdline,
                     fingerprint(shutil.which("busybox")),
                     sources("rootfs.py", "bootdisk.py", "boot.S", "loader.S"))
        self.boot_disk = made(cache_folder("machine", "disks"), key, make)
        self.disk_cylinders = os.path.getsize(self.boot_disk) // bootdisk.CYLINDER

    def second(self):
        """The folder with what a second kernel needs."""
        def make(target):
            os.mkdir(target)
            with open(self.image, "rb") as file:
                kernel = bootdisk.kexec_image(file.read())
            with open(target + "/kernel", "wb") as file:
                file.write(kernel)
            with open(target + "/initrd", "wb") as file:
                file.write(rootfs.initial(self.init, self.modules))

        key = key_of(fingerprint(self.image), self.modules and fingerprint(self.modules),
                     self.init, fingerprint(shutil.which("busybox")),
                     sources("rootfs.py", "bootdisk.py"))
        return made(cache_folder("machine", "second"), key, make)

    def saved(self):
        """The folder of the saved machine, made at first use, or None."""
        folder = cache_folder("machine", "snapshots")
        path = os.path.join(folder, self.key)
        if os.path.isdir(path + ".save"):
            os.utime(path + ".save")
            return path + ".save"
        with locked(path):
            if os.path.isdir(path + ".save"):
                return path + ".save"
            failed = path + ".failed"
            if os.path.exists(failed) and time.time() - os.path.getmtime(failed) < RETRY_SECONDS:
                return None
            try:
                with work_folder(folder) as work:
                    snapshot.create(self, work, path + ".save")
            except snapshot.Error as error:
                print(f"machine: no snapshot, booting every time: {error}", file=sys.stderr)
                with open(failed, "w", encoding="utf-8") as file:
                    print(error, file=file)
                return None
        prune(folder)
        return path + ".save"


def collect_files(options):
    """What to take along."""
    files = rootfs.Files()
    build = options.build or os.path.join(PROJECT, "build", options.kernel)
    if os.path.isdir(build):
        files.build_folder(build, "/keel")
    elif options.build:
        raise Error(f"{build}: no such folder")
    for item in options.add:
        source, destination = item, ""
        if not os.path.exists(item) and ":" in item:
            source, _, destination = item.rpartition(":")
        destination = os.path.join("/keel", destination or os.path.basename(source.rstrip("/")))
        files.add(source, destination)
    return files


# ---- a run ----

class Outlet:
    """Passes on what the machine says."""

    def __init__(self, folder, log, interactive):
        self.output = None if interactive else emulator.Tail(folder + "/output.bin")
        self.kernel = emulator.Tail(folder + "/kernel.txt")
        self.log = open(log, "wb", buffering=0) if log else None
        self.last = b""

    def step(self):
        """Pass on what is new."""
        data = self.kernel.read().replace(b"\r", b"").replace(b"\0", b"")
        if data:
            if self.log:
                self.log.write(data)
            self.last = (self.last + data)[-1 << 16:]
        data = self.output.read() if self.output else b""
        while data:
            data = data[os.write(1, data):]

    def last_lines(self):
        """The last kernel messages."""
        return self.last.decode(errors="replace").splitlines()[-KERNEL_LINES:]


class Console:
    """Joins our terminal with the machine's first serial port."""

    QUIT, END_OF_INPUT = b"\x1d", b"\x04"

    def __init__(self):
        self.listener = socket.create_server(("localhost", 0))
        self.listener.setblocking(False)
        self.peer = None
        self.saved = termios.tcgetattr(0) if os.isatty(0) else None
        self.input = True

    def config(self):
        """The emulator's setting for the port."""
        return f"enabled=1, mode=socket-client, dev=localhost:{self.listener.getsockname()[1]}"

    def __enter__(self):
        if self.saved:
            tty.setraw(0)
        os.set_blocking(0, False)
        return self

    def __exit__(self, *_):
        os.set_blocking(0, True)
        if self.saved:
            termios.tcsetattr(0, termios.TCSADRAIN, self.saved)

    def step(self):
        """Move what is there, either way."""
        with contextlib.suppress(BlockingIOError):
            if not self.peer:
                self.peer = self.listener.accept()[0]
                self.peer.setblocking(False)
            while data := self.peer.recv(65536):
                os.write(1, data)
        with contextlib.suppress(BlockingIOError):
            if self.peer and self.input:
                data = os.read(0, 256)
                self.input = bool(data)
                if self.QUIT in data:
                    raise KeyboardInterrupt
                self.peer.sendall(data or self.END_OF_INPUT)


def report(run, outlet, reason, log):
    """Say why a run failed; the exit status."""
    if run.status is not None:
        status = run.status
    elif reason == "timeout":
        status = TIMED_OUT
    else:
        status = MACHINE_FAILED
    if status == 0:
        return 0
    for line in outlet.last_lines():
        print(line, file=sys.stderr)
    for line in run.complaints():
        print("bochs:", line, file=sys.stderr)
    if run.status is None:
        what = REASONS.get(reason) or run.error or "the machine died"
        print(f"machine: {what}" + (f"; kernel messages: {log}" if log else ""), file=sys.stderr)
    return status


def attempt(machine, options, request, saved):
    """Run the machine once; its exit status, None when it died before COMMAND began."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(work_folder())
        outlet = Outlet(folder, options.log, options.shell)
        console = stack.enter_context(Console()) if options.shell else None
        if saved:
            snapshot.prepare(saved, folder, machine, request)
            arguments = ["-r", "save"]
        else:
            os.symlink(machine.boot_disk, folder + "/disk.img")
            emulator.write_request(folder + "/request.img", request)
            emulator.write_config(folder, machine.share, machine,
                                  console.config() if console else "enabled=0")
            arguments = ["-f", "bochsrc"]

        def step():
            outlet.step()
            if console:
                console.step()

        run = stack.enter_context(
            emulator.Emulator(machine.launcher, machine.preload, folder, arguments))
        reason = run.wait(float("inf") if options.shell else options.timeout, step)
        if options.emulator_log:
            shutil.copyfile(run.file("bochs.log"), options.emulator_log)
        if options.shell and run.status is not None:
            return run.status
        status = report(run, outlet, reason, options.log)
        return status if run.started or run.status is not None else None


def run_machine(options):
    """Do what the options ask for; the exit status."""
    machine = Machine(options)
    files = collect_files(options)
    if options.second:
        files.add(machine.second(), "/keel/second")
    request = rootfs.request(options.command, files, options.shell)
    saved = None if options.fresh or options.shell else machine.saved()
    status = attempt(machine, options, request, saved)
    if status is None and saved:
        # It is not COMMAND's fault; a fresh boot does not depend on what was saved.
        print("machine: it died before the command began; booting it afresh", file=sys.stderr)
        status = attempt(machine, options, request, None)
    return MACHINE_FAILED if status is None else status


def main():
    """The command."""
    def stop(number, _):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, stop)
    options = parse_options(sys.argv[1:])
    if options.kernel == "debug":
        emulator.BOOT_SECONDS *= SLOWER
    try:
        return run_machine(options)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        return 128 + signal.SIGPIPE
    except (Error, rootfs.Error, bootdisk.Error, OSError) as error:
        print(f"machine: {error}", file=sys.stderr)
        return MACHINE_FAILED


if __name__ == "__main__":
    sys.exit(main())
