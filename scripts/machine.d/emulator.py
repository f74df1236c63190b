# SPDX-License-Identifier: GPL-2.0
"""One run of the emulator, from its start to its end, and what came of it.

The emulator works in a folder of its own, where it writes what the machine
says: output.bin (what the command prints), kernel.txt (the kernel's messages),
control.txt (init's reports) and bochs.log (the emulator's own words).
"""

import collections
import os
import re
import signal
import subprocess
import time

import bootdisk

REQUEST_CYLINDERS = 1040            # half a GiB
# A machine in a fault loop logs without end: so much in so many seconds, or in all
LOG_BURST, LOG_SECONDS = 64 << 20, 20
LOG_LIMIT = 1 << 30
HANG_SECONDS = 20                   # without any CPU time used
INTERVAL = 0.02
BOOT_SECONDS = 300

COMPLAINT = re.compile(r"VMFAIL|VMENTER|VMENTRY|VMEXIT.*(fail|error)|PANIC|"
                       r"3rd \(13\)|triple", re.IGNORECASE)
SHUTDOWN = "shutdown requested"     # the ordinary end


class Tail:
    """Reads a growing file piece by piece."""

    def __init__(self, path):
        self.path, self.position = path, 0

    def read(self):
        """What has come since the last time."""
        try:
            with open(self.path, "rb") as file:
                file.seek(self.position)
                data = file.read()
        except FileNotFoundError:
            return b""
        self.position += len(data)
        return data


def write_config(folder, share, machine, com1="enabled=0"):
    """Write the emulator's configuration for a machine."""
    here = os.path.dirname(os.path.abspath(__file__))
    with open(here + "/bochsrc.in", encoding="utf-8") as file:
        text = file.read()
    words = {"MEM": machine.mem, "MODEL": machine.model, "CPUS": machine.cpus,
             "SHARE": share, "DISK_CYLINDERS": machine.disk_cylinders,
             "REQUEST_CYLINDERS": REQUEST_CYLINDERS, "COM1": com1}
    for word, value in words.items():
        text = text.replace(f"@{word}@", str(value))
    with open(folder + "/bochsrc", "w", encoding="utf-8") as file:
        file.write(text)


def sparse(path, cylinders):
    """Make an empty disk image."""
    with open(path, "wb") as file:
        file.truncate(cylinders * bootdisk.CYLINDER)


def write_request(path, data):
    """Write a request on an empty disk image."""
    sparse(path, REQUEST_CYLINDERS)
    if len(data) > os.path.getsize(path):
        raise bootdisk.Error("more files than the machine's disk can hold")
    with open(path, "r+b") as file:
        file.write(data)


class Emulator:
    """A running emulator."""

    def __init__(self, launcher, preload, folder, arguments):
        self.folder = folder
        # The emulator sees nothing of the environment that could change a run.
        env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": folder,
               "TMPDIR": folder, "LC_ALL": "C", "LD_PRELOAD": preload}
        with open(folder + "/emulator.txt", "wb") as output:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", launcher] + arguments, cwd=folder,
                env=env, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True)
        self.started = None
        self.status = None
        self.error = None
        self.ready = False
        self._control = Tail(folder + "/control.txt")
        self._line = b""
        self._cpu_used, self._cpu_seen = 0, time.monotonic()
        self._log_size, self._log_seen = 0, time.monotonic()

    def file(self, name):
        """The path of one of the emulator's files."""
        return os.path.join(self.folder, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        """End it, if it still runs."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def poll(self):
        """Read init's reports; true as long as the emulator runs."""
        running = self.process.poll() is None
        self._line += self._control.read().replace(b"\0", b"")
        while b"\n" in self._line:
            line, self._line = self._line.split(b"\n", 1)
            word, _, rest = line.decode(errors="replace").strip().partition(" ")
            if word == "READY":
                self.ready = True
            elif word == "START":
                self.started = time.monotonic()
            elif word == "STATUS":
                self.status = int(rest)
            elif word == "ERROR":
                self.error = rest
        return running

    def log_grows(self):
        """Does what the emulator itself writes grow as if there were no end to it?"""
        size = sum(os.path.getsize(self.file(name)) for name in ("bochs.log", "emulator.txt")
                   if os.path.exists(self.file(name)))
        now = time.monotonic()
        if now - self._log_seen > LOG_SECONDS:
            self._log_size, self._log_seen = size, now
        return size - self._log_size > LOG_BURST or size > LOG_LIMIT

    def hangs(self):
        """Has it used no CPU time for long?"""
        try:
            with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            return False
        used, now = int(fields[11]) + int(fields[12]), time.monotonic()
        if used != self._cpu_used:
            self._cpu_used, self._cpu_seen = used, now
        return now - self._cpu_seen > HANG_SECONDS

    def wait(self, timeout, step, interval=INTERVAL):
        """Follow the run to its end, calling step() all the time.  Returns
        None when it ended by itself, or why it was ended: "timeout" (of the
        command), "boot", "log", "hang"."""
        begin = time.monotonic()
        reason, ended = None, None
        while self.poll():
            step()
            now = time.monotonic()
            if self.status is not None:
                ended = ended or now
                if now - ended > 5:
                    break
            elif self.started and now - self.started > timeout:
                reason = "timeout"
            elif not self.started and now - begin > BOOT_SECONDS:
                reason = "boot"
            elif self.log_grows():
                reason = "log"
            elif self.hangs():
                reason = "hang"
            if reason:
                break
            time.sleep(interval)
        self.kill()
        self.poll()
        step()
        return reason

    def complaints(self, limit=20):
        """The emulator's lines about what went wrong: the first ones, each
        once, however often it came."""
        lines, counts = {}, collections.Counter()
        for name in ("bochs.log", "emulator.txt"):
            if not os.path.exists(self.file(name)):
                continue
            with open(self.file(name), "rb") as file:
                for raw in file.read(LOG_BURST).splitlines():
                    line = raw.decode(errors="replace")
                    if COMPLAINT.search(line) and SHUTDOWN not in line:
                        what = line.partition("]")[2] or line
                        counts[what] += 1
                        lines.setdefault(what, line)
        return [line + (f" ({counts[what]} times)" if counts[what] > 1 else "")
                for what, line in list(lines.items())[:limit]]
