# SPDX-License-Identifier: GPL-2.0
"""The boot disk: a stock kernel, made quick to start in an emulator.

A plain boot spends minutes in decompressing the kernel.  Here the packaged
bzImage is taken apart instead: its real-mode setup code is kept and run as it
is, but the kernel proper is decompressed on the host, and a small loader puts
it in place and enters it.  The kernel's own bytes stay as packaged.

Disk layout, in sectors: 0 the boot sector (boot.S); 1 to 64 what it loads to
0x90000, that is the setup code, at 0x97000 the loader (loader.S) and at
0x97800 the command line; from 2048 on the kernel, then the initial root file
system.
"""

import lzma
import os
import struct
import subprocess
import tempfile
import zlib

SECTOR = 512
HEADS, SECTORS_PER_TRACK = 16, 63
CYLINDER = HEADS * SECTORS_PER_TRACK * SECTOR

SETUP_ADDRESS = 0x90000
LOADER_ADDRESS = 0x97000
CMDLINE_ADDRESS = 0x97800
SETUP_END = 0x98000
HEAP_END = 0x6e00 - 0x200
KERNEL_LBA = 2048

PT_LOAD = 1


class Error(Exception):
    """A kernel that this loader cannot start."""


def _round_up(value, unit):
    return (value + unit - 1) // unit * unit


def _decompress(payload):
    magic, body = payload[:6], payload[:-4]
    if magic == b"\xfd7zXZ\0":
        data = lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(body)
    elif magic[:2] == b"\x1f\x8b":
        data = zlib.decompressobj(31).decompress(body)
    elif magic[:4] in (b"\x28\xb5\x2f\xfd", b"\x02\x21\x4c\x18"):
        tool = "zstd" if magic[0] == 0x28 else "lz4"
        data = subprocess.run([tool, "-dc"], input=body, check=True,
                              stdout=subprocess.PIPE).stdout
    else:
        raise Error("unknown kernel compression")
    (size,) = struct.unpack("<I", payload[-4:])
    if len(data) != size:
        raise Error("damaged kernel image")
    return data


def split_image(image):
    """Split a bzImage into its setup code and the decompressed kernel (ELF)."""
    if image[0x202:0x206] != b"HdrS":
        raise Error("not a bzImage")
    setup_size = ((image[0x1f1] or 4) + 1) * SECTOR
    offset, size = struct.unpack_from("<II", image, 0x248)
    start = setup_size + offset
    return image[:setup_size], _decompress(image[start:start + size])


def flatten(elf):
    """Lay out the ELF kernel as in memory: (address, bytes, end, entry)."""
    entry, table = struct.unpack_from("<QQ", elf, 24)
    (count,) = struct.unpack_from("<H", elf, 56)
    segments = []
    for i in range(count):
        kind, _, offset, _, address, in_file, in_memory, _ = struct.unpack_from(
            "<IIQQQQQQ", elf, table + 56 * i)
        if kind == PT_LOAD:
            segments.append((address, offset, in_file, in_memory))
    start = min(s[0] for s in segments)
    end = max(s[0] + s[3] for s in segments)
    flat = bytearray(end - start)
    for address, offset, in_file, _ in segments:
        flat[address - start:address - start + in_file] = elf[offset:offset + in_file]
    stored = _round_up(len(flat.rstrip(b"\0")), SECTOR)
    return start, bytes(flat[:stored]), _round_up(end, 4096), entry


def kexec_image(image):
    """The bzImage with its kernel decompressed, for kexec to load anywhere: at
    the 64-bit entry point stands a jump to the kernel proper, which finds out
    itself where it is."""
    setup, elf = split_image(image)
    address, kernel, end, entry = flatten(elf)
    align, enter = 0x200000, 0x200
    body = bytearray(align) + kernel
    struct.pack_into("<Bi", body, enter, 0xe9, align + entry - address - (enter + 5))
    head = bytearray(setup)
    struct.pack_into("<I", head, 0x1f4, _round_up(len(body), 16) // 16)   # syssize
    struct.pack_into("<I", head, 0x260, align + end - address)            # init_size
    return bytes(head) + bytes(body)


def _assemble(source):
    with tempfile.TemporaryDirectory() as folder:
        obj, binary = folder + "/code.o", folder + "/code.bin"
        subprocess.run(["gcc", "-m32", "-c", "-o", obj, source], check=True)
        subprocess.run(["objcopy", "-O", "binary", "-j", ".text", obj, binary], check=True)
        with open(binary, "rb") as file:
            return bytearray(file.read())


def build(image_path, initrd, cmdline, target):
    """Write the disk image; return its size in cylinders."""
    here = os.path.dirname(os.path.abspath(__file__))
    with open(image_path, "rb") as file:
        setup, elf = split_image(file.read())
    address, kernel, end, entry = flatten(elf)
    kernel_sectors = len(kernel) // SECTOR
    initrd_address = _round_up(end, 0x200000)
    initrd_lba = _round_up(KERNEL_LBA + kernel_sectors, 8)
    initrd_sectors = _round_up(len(initrd), SECTOR) // SECTOR

    loader = _assemble(here + "/loader.S")
    struct.pack_into("<8I", loader, 16,
                     KERNEL_LBA, address, kernel_sectors, end,
                     initrd_lba, initrd_address, initrd_sectors, entry)

    # What the boot sector loads: the setup code with the fields of its header
    # that a boot loader has to fill in, then our own parts.
    head = bytearray(SETUP_END - SETUP_ADDRESS)

    def put(where, data, limit):
        if where + len(data) > limit:
            raise Error("kernel setup code or command line too long")
        head[where - SETUP_ADDRESS:where - SETUP_ADDRESS + len(data)] = data

    put(SETUP_ADDRESS, setup, SETUP_ADDRESS + HEAP_END)
    put(LOADER_ADDRESS, loader, CMDLINE_ADDRESS)
    put(CMDLINE_ADDRESS, cmdline.encode() + b"\0", SETUP_END)
    struct.pack_into("<H", head, 0x1fa, 0xffff)           # vid_mode: normal
    head[0x210] = 0xff                                    # type_of_loader: other
    head[0x211] |= 0x80                                   # loadflags: CAN_USE_HEAP
    struct.pack_into("<I", head, 0x214, LOADER_ADDRESS)   # code32_start
    struct.pack_into("<II", head, 0x218, initrd_address, len(initrd))
    struct.pack_into("<H", head, 0x224, HEAP_END)         # heap_end_ptr
    struct.pack_into("<I", head, 0x228, CMDLINE_ADDRESS)  # cmd_line_ptr

    size = _round_up((initrd_lba + initrd_sectors) * SECTOR, CYLINDER)
    with open(target, "wb") as file:
        file.write(_assemble(here + "/boot.S"))
        file.write(head)
        file.seek(KERNEL_LBA * SECTOR)
        file.write(kernel)
        file.seek(initrd_lba * SECTOR)
        file.write(initrd)
        file.truncate(size)
    return size // CYLINDER
