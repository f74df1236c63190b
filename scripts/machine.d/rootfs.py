# SPDX-License-Identifier: GPL-2.0
"""The files in the machine: the initial root file system and the requests.

The initial root file system is what a machine boots with: our init, busybox
under all of its names, and a few of the kernel's own modules.  A request is
what one run adds to it (see init.c): the command, and an archive of files.
Both are the same bytes for the same inputs, without times or owners of the
host, so that runs repeat exactly.
"""

import io
import lzma
import os
import re
import shutil
import stat
import struct
import subprocess
import tarfile
import tempfile

# Modules of the stock kernel to have at hand, with what they depend on.
MODULES = ("kvm", "kvm-intel", "msr", "cpuid", "tun")

# What a kernel build leaves in a folder and nobody needs in the machine.
LEFTOVERS = re.compile(
    r"(^\.|^modules\.order$|^Module\.symvers$|^Makefile$|^Kbuild$|"
    r"\.(o|a|d|cmd|mod|mod\.c|c|h|S|order|symvers|gcno|gcda)$)")

SECTOR = 512
FOLDERS = ("bin", "dev", "etc", "keel", "lib", "lib64", "proc", "root", "run",
           "sbin", "sys", "tmp", "usr", "usr/bin", "usr/sbin", "usr/lib", "var")


class Error(Exception):
    """A file that is not there or cannot be taken along."""


def _pad(data, unit):
    return data + b"\0" * (-len(data) % unit)


# ---- the initial root file system ----

class Cpio:
    """An archive in the "newc" format that the kernel unpacks."""

    def __init__(self):
        self.parts, self.count, self.names = [], 0, set()

    def _entry(self, name, mode, data=b""):
        self.count += 1
        raw = name.encode() + b"\0"
        fields = [self.count, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0]
        header = b"070701" + b"".join(b"%08X" % f for f in fields)
        self.parts.append(_pad(header + raw, 4) + _pad(data, 4))

    def folder(self, name):
        """Add a folder, and those above it."""
        parts = name.split("/")
        for i in range(1, len(parts) + 1):
            path = "/".join(parts[:i])
            if path not in self.names:
                self.names.add(path)
                self._entry(path, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o644):
        """Add a file, and the folders above it."""
        if "/" in name:
            self.folder(os.path.dirname(name))
        self._entry(name, stat.S_IFREG | mode, data)

    def link(self, name, target):
        """Add a symbolic link."""
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def bytes(self):
        """The whole archive."""
        self._entry("TRAILER!!!", 0)
        return _pad(b"".join(self.parts), SECTOR)


def _read(path):
    with open(path, "rb") as file:
        return file.read()


def _module_data(path):
    """A module's bytes as packaged, but never compressed."""
    data = _read(path)
    if path.endswith(".xz"):
        return lzma.decompress(data)
    if path.endswith(".zst"):
        return subprocess.run(["zstd", "-dc"], input=data, check=True,
                              stdout=subprocess.PIPE).stdout
    return data


def _dependencies(folder):
    """What depmod says about a folder of modules: {path: [path...]}."""
    release = os.path.basename(folder)
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(root + "/lib/modules")
        shutil.copytree(folder, root + "/lib/modules/" + release, symlinks=True,
                        copy_function=os.symlink,
                        ignore=shutil.ignore_patterns("build", "source", "modules.dep*"))
        subprocess.run(["depmod", "-b", root, release], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(root + "/lib/modules/" + release + "/modules.dep", encoding="utf-8") as file:
            lines = [line.split() for line in file]
    return {line[0].rstrip(":"): line[1:] for line in lines}


def _add_modules(cpio, folder):
    dependencies = _dependencies(folder)
    by_name = {re.sub(r"\.ko(\.\w+)?$", "", os.path.basename(p)): p for p in dependencies}
    wanted = []
    for name in MODULES:
        path = by_name.get(name)
        if path:
            wanted += [p for p in [path] + dependencies[path] if p not in wanted]
    base = "lib/modules/" + os.path.basename(folder) + "/"

    def plain(path):
        return re.sub(r"\.(xz|zst)$", "", path)

    listing = []
    for path in sorted(wanted):
        cpio.file(base + plain(path), _module_data(folder + "/" + path))
        listing.append(plain(path) + ":" + "".join(" " + plain(d) for d in dependencies[path]))
    cpio.file(base + "modules.dep", "".join(line + "\n" for line in listing).encode())
    for name in ("modules.alias", "modules.symbols"):
        cpio.file(base + name, b"")


def initial(init, modules):
    """The initial root file system: program init, folder of modules or None."""
    busybox = shutil.which("busybox")
    if not busybox:
        raise Error("no busybox")
    cpio = Cpio()
    for name in FOLDERS:
        cpio.folder(name)
    cpio.file("init", _read(init), 0o755)
    cpio.file("bin/busybox", _read(busybox), 0o755)
    names = subprocess.run([busybox, "--list"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.split()
    for name in sorted(set(names) - {"busybox", "init"}):
        cpio.link("bin/" + name, "busybox")
    cpio.link("usr/bin/env", "../../bin/busybox")
    cpio.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
    cpio.file("etc/group", b"root:x:0:\n")
    if modules:
        _add_modules(cpio, modules)
    return cpio.bytes()


# ---- the files of a request ----

def _is_dynamic(path):
    """Is this a dynamically linked ELF file?"""
    with open(path, "rb") as file:
        if file.read(4) != b"\x7fELF":
            return False
        file.seek(16)
        if struct.unpack("<H", file.read(2))[0] not in (2, 3):
            return False
    return True


def _libraries(path):
    """The loader and the libraries that a program wants, by their paths."""
    result = subprocess.run(["ldd", path], text=True, check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    found = []
    for line in result.stdout.splitlines():
        if "not found" in line:
            raise Error(f"{path}: {line.strip()}")
        match = re.match(r"\s+(?:\S+ => )?(/\S+) \(0x", line)
        if match:
            found.append(match.group(1))
    return found


class Files:
    """Files to put into the machine: destination -> source."""

    def __init__(self):
        self.table, self.links = {}, {}

    def file(self, source, destination):
        """Add a file, and the libraries it wants."""
        self.table[destination] = source
        if os.access(source, os.X_OK) and _is_dynamic(source):
            for library in _libraries(source):
                self.table.setdefault(library, os.path.realpath(library))

    def tree(self, source, destination, wanted=lambda path: True):
        """Add a folder with those files and folders in it that are wanted."""
        for name in sorted(os.listdir(source)):
            path, target = os.path.join(source, name), os.path.join(destination, name)
            if not wanted(path):
                continue
            if os.path.islink(path):
                self.links[target] = os.readlink(path)
            elif os.path.isdir(path):
                self.tree(path, target, wanted)
            elif os.path.isfile(path):
                self.file(path, target)

    def add(self, source, destination):
        """Add a file or a folder, whatever it is."""
        if os.path.isdir(source):
            self.tree(source, destination)
        elif os.path.isfile(source):
            self.file(source, destination)
        else:
            raise Error(f"{source}: no such file or folder")

    def build_folder(self, source, destination):
        """Add what a build has made: at its top modules, programs and folders,
        below everything; never what the build keeps for itself."""
        source = os.path.normpath(source)

        def wanted(path):
            folder, name = os.path.split(path)
            if LEFTOVERS.search(name):
                return False
            return folder != source or name.endswith(".ko") or os.access(path, os.X_OK)
        self.tree(source, destination, wanted)

    def archive(self):
        """All of it as a tar archive."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
            folders = set()
            for destination in sorted(set(self.table) | set(self.links)):
                self._add_folders(tar, destination, folders)
                info = tarfile.TarInfo(destination.lstrip("/"))
                if destination in self.links:
                    info.type, info.linkname = tarfile.SYMTYPE, self.links[destination]
                    tar.addfile(info)
                    continue
                source = self.table[destination]
                data = _read(source)
                info.size, info.mode = len(data), os.stat(source).st_mode & 0o777
                tar.addfile(info, io.BytesIO(data))
        return out.getvalue()

    @staticmethod
    def _add_folders(tar, destination, known):
        parts = destination.strip("/").split("/")[:-1]
        for i in range(1, len(parts) + 1):
            path = "/".join(parts[:i])
            if path not in known and path not in FOLDERS:
                info = tarfile.TarInfo(path)
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(info)
            known.add(path)


def request(command, files, interactive=False):
    """The contents of the request disk (see struct request in init.c)."""
    args = b"".join(os.fsencode(a) + b"\0" for a in command)
    data = files.archive() if files.table or files.links else b""
    header = struct.pack("<8sIII", b"KEELRUN1", interactive, len(args), len(data))
    return _pad(header, SECTOR) + _pad(args, SECTOR) + _pad(data, SECTOR)
