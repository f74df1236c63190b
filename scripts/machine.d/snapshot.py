# SPDX-License-Identifier: GPL-2.0
"""Saved machines: booted once, then started from where init waits for work.

Bochs can save its state only from its user interface, so a debugger is made
to call the function behind it, at a point between two instructions of the
machine where all devices are at rest.  Restoring reads the saved state again;
of the disks only the second is given new contents, the request.

Runs from one snapshot repeat to the tick.  Another snapshot of the same
machine is taken at another moment of its waiting, so only fresh boots repeat
to the tick from one machine to another.
"""

import os
import subprocess
import time

import bootdisk
import emulator

BOOT_DISK_SAVED = "hard_drive.0.drive0.image"
REQUEST_DISK_SAVED = "hard_drive.0.drive1.image"


class Error(Exception):
    """The machine could not be saved."""


def _save(pid, folder):
    """Make the emulator save its state to the folder "save", and end it."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
        line = next((line for line in file if line.rstrip().endswith("/bochs-bin")), None)
    if not line:
        raise Error("the emulator is not running")
    base, binary = line.split("-")[0], line.split()[-1]
    commands = [
        "set pagination off", "set confirm off",
        f"add-symbol-file {binary} -o 0x{base}",
        "break *&'bx_devices_c::timer_handler'", "continue",
        # What is called instead of the function that begins here, and told apart by
        # what it returns.  The debugger's own calls would restore all registers, for
        # which it has to know all that the processor has (AMX is unknown to many).
        "tbreak **(void **) $rsp",
        "set $rdi = *(long *) &SIM", "set $rsi = (long) &keel_save_folder",
        "set $rip = (long) &'bx_real_sim_c::save_state'",
        "continue", 'printf "saved %d\\n", $al',
        "kill",
    ]
    words = ["setpriv", "--pdeathsig", "KILL", "gdb", "-batch", "-nx", "-p", str(pid)]
    for command in commands:
        words += ["-ex", command]
    try:
        result = subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Error(f"the debugger: {error}") from error
    if "saved 1" not in result.stdout:
        raise Error("the debugger said: " + " / ".join(result.stdout.splitlines()[-3:]))


def create(machine, folder, target):
    """Boot the machine in the folder, leave its saved state in target."""
    emulator.write_request(folder + "/request.img", b"")
    os.symlink(machine.boot_disk, folder + "/disk.img")
    emulator.write_config(folder, machine.share, machine)
    with emulator.Emulator(machine.launcher, machine.preload, folder,
                           ["-f", "bochsrc"]) as run:
        deadline = time.monotonic() + emulator.BOOT_SECONDS
        while run.poll() and not run.ready:
            if time.monotonic() > deadline or run.log_grows():
                break
            time.sleep(0.05)
        if not run.ready:
            raise Error("the machine did not boot: " + "; ".join(run.complaints(3)))
        os.mkdir(folder + "/save")
        _save(run.process.pid, folder)
    saved = folder + "/save"
    for name in (BOOT_DISK_SAVED, REQUEST_DISK_SAVED):
        if os.path.exists(f"{saved}/{name}"):
            os.unlink(f"{saved}/{name}")
    for name in os.listdir(saved):
        subprocess.run(["fallocate", "--dig-holes", f"{saved}/{name}"], check=False,
                       stderr=subprocess.DEVNULL)
    os.rename(saved, target)


def prepare(saved, folder, machine, request):
    """Lay out a run's folder for starting from the saved state."""
    os.mkdir(folder + "/save")
    for name in os.listdir(saved):
        os.symlink(f"{saved}/{name}", f"{folder}/save/{name}")
    # The images are of full size when the emulator opens them first, then it
    # copies the saved ones over: these need not be.  Nothing reads the boot
    # disk any more, one sector of it will do.
    emulator.sparse(folder + "/disk.img", machine.disk_cylinders)
    emulator.sparse(folder + "/request.img", emulator.REQUEST_CYLINDERS)
    with open(f"{folder}/save/{BOOT_DISK_SAVED}", "wb") as file:
        file.write(bytes(bootdisk.SECTOR))
    with open(f"{folder}/save/{REQUEST_DISK_SAVED}", "wb") as file:
        file.write(request)
