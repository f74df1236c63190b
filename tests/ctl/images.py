# SPDX-License-Identifier: GPL-2.0
"""Images: what keelctl makes of files, as the made-up kernel gets it, and whether an
emulated CPU can run it.
"""
import errno
import os
import struct
import subprocess

from guests import said
from kernel import STATES, Refused
from kit import TOP, WORK, test, with_keel

PAGE = 4096
HOLE = 3 << 30        # memory goes on a GiB above
GUESTS = f'{TOP}/build/guests'
CODE = b'\xf4' * 100


def elf(pieces, entry=0x10000, header=None, heads=None, kind=1):
    """An ELF file; a piece is (address, bytes, size in memory)."""
    body, phs, at = b'', [], 64 + 56 * len(pieces)
    for addr, data, size in pieces:
        phs.append({'type': kind, 'flags': 7, 'offset': at + len(body), 'vaddr': addr, 'paddr': addr,
                    'filesz': len(data), 'memsz': size, 'align': 1})
        body += data
    for number, changes in (heads or {}).items():
        phs[number].update(changes)
    head = {'magic': b'\x7fELF\x02\x01\x01', 'type': 2, 'machine': 62, 'entry': entry, 'phoff': 64,
            'phentsize': 56, 'phnum': len(phs), **(header or {})}
    return struct.pack('=16sHHIQQQIHHHHHH', head['magic'], head['type'], head['machine'], 1,
                       head['entry'], head['phoff'], 0, 0, 64, head['phentsize'], head['phnum'], 0,
                       0, 0) + b''.join(struct.pack(
                           '=IIQQQQQQ', *(ph[k] for k in ('type', 'flags', 'offset', 'vaddr', 'paddr',
                                                          'filesz', 'memsz', 'align'))) for ph in phs) + body


def write(data, name='image'):
    """A file with it."""
    path = f'{WORK.name}/{name}'
    with open(path, 'wb') as file:
        file.write(data)
    return path


def memory_of(kernel):
    """What is at an address: a function, for bytes that are in the image or zero."""
    def get(gpa, size):
        out = bytearray(size)
        for base, data in kernel.image.items():
            low, high = max(gpa, base), min(gpa + size, base + len(data))
            if low < high:
                out[low - gpa:high - gpa] = data[low - base:high - base]
        return bytes(out)
    return get


def check_boot(name, kernel, memory, pieces, long_mode=True):
    """The registers, and what they point to."""
    start, get = kernel.start, memory_of(kernel)
    test(f'{name}: segments begin at pages, in order', all(
        gpa % PAGE == 0 and data and gpa + len(data) <= (
            memory if gpa < HOLE else memory + (1 << 30)) for gpa, data in kernel.image.items()) and list(kernel.image) == sorted(kernel.image))
    gdt = struct.unpack('=4Q', get(start['gdt-base'], 32))
    test(f'{name}: GDT', gdt == (0, 0, 0xaf9b000000ffff if long_mode else 0xcf9b000000ffff,
                                 0xcf93000000ffff) and start['gdt-limit'] == 31, gdt)
    own = [start['rsp'] - PAGE, start['gdt-base']]
    test(f'{name}: mode', ('long-mode' in start) == long_mode and bool(start['cr3']) == long_mode)
    if long_mode:
        gibs = 4 if memory > HOLE else -(-memory // (1 << 30))
        own += [start['cr3'] + i * PAGE for i in range(2 + gibs)]
        wrong = []
        for gpa in (0, 0x1fffff, 0x200000, min(memory, HOLE) - 1, gibs * (1 << 30) - 1):
            table = start['cr3']
            for shift in (39, 30, 21):
                entry = struct.unpack('=Q', get(table + (gpa >> shift & 511) * 8, 8))[0]
                if entry & 3 != 3 or (entry & 0x80 != 0) != (shift == 21):
                    wrong.append((gpa, shift, entry))
                table = entry & ~0xfff
            if table != gpa & ~0x1fffff:
                wrong.append((gpa, table))
        beyond = struct.unpack('=Q', get((start['cr3'] + PAGE) + 8 * gibs, 8))[0]
        test(f'{name}: memory is mapped as itself', not wrong and beyond == 0, wrong, beyond)
    test(f'{name}: nothing lies over another', len(set(own)) == len(own) and all(
        page and page % PAGE == 0 and page + PAGE <= memory and all(
            page + PAGE <= gpa or gpa + size <= page for gpa, _, size in pieces) for page in own),
         own, pieces)
    test(f'{name}: its data', all(get(gpa, size) == data.ljust(size, b'\0')
                                  for gpa, data, size in pieces if size < 1 << 20))
    test(f'{name}: no zeros behind what a page has', kernel.size - sum(map(len, kernel.image.values())) <
         16 * len(kernel.image) and all(any(data[-16:]) and all(
             any(data[at + PAGE - 128:at + PAGE]) for at in range(0, len(data) - PAGE, PAGE))
                                        for data in kernel.image.values()),
         kernel.size, kernel.image.keys())


def test_good():
    """Files that can be loaded."""
    number = 0
    for name, memory, pieces, entry in (
            ('one piece', '1M', [(0x10000, CODE, 100)], 0x10000),
            ('entered in its middle', '1M', [(0x10000, CODE, 100)], 0x10063),
            ('without room in the lowest pages', '1M', [(0x1000, CODE * 100, 0x30000)], 0x1000),
            ('over page 0', '1M', [(0, CODE, 0x5000)], 0),
            ('with a hole that is too small', '64K', [(0x4000, CODE, 100), (0x8000, CODE, 0x1000)], 0x4000),
            ('pieces that share a page', '1M', [(0x10000, CODE, 100), (0x10064, b'x' * 5000, 5000),
                                                (0x113ec, b'y', 0x3000)], 0x10000),
            ('not in order', '1M', [(0x20000, CODE, 100), (0x10000, b'z', 8)], 0x20000),
            ('memory without data', '1M', [(0x10000, CODE, 100), (0x20000, b'', 0x8000)], 0x10000),
            ('a piece of nothing', '1M', [(0x10000, CODE, 100), (0x20000, b'', 0)], 0x10000),
            ('up to the end', '128K', [(0x1f000, CODE, 0x1000)], 0x1f000),
            ('more than a GiB', '1025M', [(0x100000, CODE, 100)], 0x100000),
            ('a lot', '1T', [(0x100000, CODE, 100)], 0x100000),
            ('up to the hole', '4G', [(0xbffff000, CODE, 0x1000)], 0xbffff000),
            ('a page above the hole', f'{(3 << 20) + 4}K', [(0x100000000, CODE, 0x1000)], 0x100000000),
            ('in high memory', '5G', [(0x17ffff000, CODE, 0x1000), (0x1000, CODE, 100)], 0x1000)):
        machine = with_keel()
        kernel = machine.kernel
        number += 1
        path = write(elf(pieces, entry))
        said(name, machine, ['create', 'x', '--memory', memory, '--kernel', path, '--arg', '64K'], 0)
        if kernel.image is None:
            continue
        size = int(memory[:-1]) << {'K': 10, 'M': 20, 'G': 30, 'T': 40}[memory[-1]]
        test(f'{name}: registers', kernel.start['rip'] == entry and kernel.start['rdi'] == 65536 and
             kernel.start.get('rsi', 0) == 0, kernel.start)
        test(f'{name}: sealed', kernel.seals == 15, kernel.seals)
        check_boot(name, kernel, size, pieces)
        test(f'{name}: not started', kernel.vms[1]['state'] == STATES['stopped'])
    machine = with_keel()
    kernel = machine.kernel
    for option, long_mode in (('--entry', True), ('--entry32', False)):
        said(option, machine, ['create', option[2:], '--memory', '256K', '--kernel', write(CODE * 50),
                               option, '0x7c00', '--start'], 0)
        test(f'{option}: registers', kernel.start['rip'] == 0x7c00, kernel.start)
        check_boot(option, kernel, 256 << 10, [(0x7c00, CODE * 50, 5000)], long_mode)
        test(f'{option}: started', kernel.vms[max(kernel.vms)]['state'] == STATES['running'])
    said('load', machine, ['load', '--kernel', write(elf([(0x10000, CODE, 100)])), 'x'], 2, 'no guest')
    kernel.vms[1]['state'] = STATES['crashed']
    said('load another one', machine, ['load', '--', '--entry'], 1, '--kernel is missing')
    said('load by id', machine, ['load', '--id', '1', '--kernel', write(elf([(0x10000, CODE, 100)]))], 0)
    test('it is another one', kernel.start['rip'] == 0x10000, kernel.start)
    said('load too much', machine, ['load', '--id', '1', '--kernel', write(CODE), '--entry', '256K'], 1,
         'is no number')
    said('load too far', machine, ['load', '--id', '1', '--kernel', write(CODE), '--entry', '0x40000'],
         1, 'do not fit')
    said('load what runs', machine, ['load', '--id', '2', '--kernel', write(CODE), '--entry', '0'], 2,
         'load: 2: the guest is running')


def test_packing():
    """What goes into the memfd when there are more gaps than segments."""
    machine = with_keel()
    kernel = machine.kernel
    for name, pieces, memory, most in (
            ('many small pieces', [(0x20000 + 0x2000 * i, b'x', 1) for i in range(200)], '2M', 2 << 20),
            ('a few larger gaps', [(0x20000 + 0x2000 * i + 0x100000 * (i // 10), b'x', 1) for i in range(200)],
             '32M', 0x2000 * 200),
            ('pages of zeros', [(0x20000, b'x' + bytes(0x40000) + b'y', 0x40002)], '1M', 3 * PAGE),
            ('nothing but zeros', [(0x20000, bytes(0x40000), 0x40000)], '1M', 2 * PAGE),
            ('zeros between gaps', [(0x20000, b''.join(b'z' * 64 + bytes(PAGE - 64) for _ in range(200)), 1 << 20)],
             '4M', (200 - 55) * PAGE)):
        pieces = [(0x10000, CODE, 100), *pieces]
        said(name, machine, ['create', name, '--memory', memory, '--kernel', write(elf(pieces))], 0)
        get = memory_of(kernel)
        test(f'{name}: its data', all(get(gpa, size) == data.ljust(size, b'\0')
                                      for gpa, data, size in pieces))
        test(f'{name}: the memfd is small', kernel.size < most, kernel.size, most)
        test(f'{name}: segments lie apart', all(
            -(-(gpa + len(data)) // PAGE) * PAGE <= after for (gpa, data), after in zip(
                kernel.image.items(), list(kernel.image)[1:])) and len(kernel.image) <= 64)


def test_bad():
    """Files that cannot be: nothing is asked of the kernel."""
    machine = with_keel()
    one = [(0x10000, CODE, 100)]
    files = [
        ('empty', b'', 'it is empty'), ('a script', b'#!/bin/sh\n', 'neither an ELF file nor a bzImage'),
        ('no class', elf(one, header={'magic': b'\x7fELF\0\1\1'}), 'neither of 64 nor of 32 bits'),
        ('big endian', elf(one, header={'magic': b'\x7fELF\x02\x02\x01'}), 'another processor'),
        ('ARM', elf(one, header={'machine': 183}), 'another processor'),
        ('an object', elf(one, header={'type': 1}), 'no executable'),
        ('a library', elf(one, header={'type': 3}), 'no executable'),
        ('no program headers', elf([]), 'no program headers'),
        ('program headers of 55 bytes', elf(one, header={'phentsize': 55}), 'another size'),
        ('program headers beyond the end', elf(one, header={'phoff': 65535}), 'beyond its end'),
        ('far beyond', elf(one, header={'phoff': 2 ** 64 - 8}), 'beyond its end'),
        ('too many', elf(one, header={'phnum': 65535}), 'beyond its end'),
        ('a segment beyond the end', elf(one, heads={0: {'filesz': 101}}), 'a segment is beyond'),
        ('far beyond', elf(one, heads={0: {'offset': 2 ** 64 - 50}}), 'a segment is beyond'),
        ('a note beyond the end', elf([*one, (0, b'', 0)], heads={1: {'type': 4, 'filesz': 2 ** 63}}),
         'a segment is beyond'),
        ('more file than memory', elf(one, heads={0: {'memsz': 99}}), 'larger than its place'),
        ('in the hole', elf([(HOLE, CODE, 100)], HOLE), 'do not fit'),
        ('behind the hole', elf([(HOLE + (1 << 30), CODE, 100)], HOLE), 'do not fit'),
        ('beyond the memory', elf(one, heads={0: {'memsz': 1 << 20}}), 'do not fit'),
        ('at the end of memory', elf(one, heads={0: {'paddr': (1 << 20) - 99}}), 'do not fit'),
        ('at the end of everything', elf(one, heads={0: {'paddr': 2 ** 64 - 50}}), 'do not fit'),
        ('as large as everything', elf(one, heads={0: {'memsz': 2 ** 64 - 1}}), 'do not fit'),
        ('entry before', elf(one, 0xffff), 'its entry is in none'),
        ('entry behind', elf(one, 0x10064), 'its entry is in none'),
        ('entry where no data is', elf([(0x10000, CODE, 500)], 0x10100), 'its entry is in none'),
        ('only notes', elf(one, heads={0: {'type': 4}}), 'its entry is in none'),
        ('overlapping', elf([*one, (0x10063, b'x', 1)]), 'overlap'),
        ('overlapping where no data is', elf([(0x10000, CODE, 500), (0x10100, b'x', 1)]), 'overlap'),
        ('257 pieces', elf([*one, *((0x20000 + i, b'x', 1) for i in range(256))]), 'more than 256'),
        ('no room for tables', elf([(0, b'\xf4', 1 << 20)], 0), 'leaves no 5 pages')]
    whole = elf(one)
    files += [(f'cut off at {size}', whole[:size], 'neither an ELF' if size < 4 else 'broken ELF')
              for size in (1, 3, 4, 16, 63, 64, 119, 120, 219)]
    for name, data, err in files:
        said(name, machine, ['create', 'x', '--memory', '1M', '--kernel', write(data)], 1, err, out='')
    said('more pieces that are far apart than segments', machine,
         ['create', 'x', '--memory', '1G', '--kernel', write(elf(
             [*one, *((0x200000 + 0x200000 * i, b'x', 1) for i in range(64))]))], 1, 'more than 64')
    for name, args, err in (
            ('no such file', ['--kernel', '/nonexistent'], 'create: /nonexistent: No such file'),
            ('a folder', ['--kernel', '/tmp'], 'Is a directory'),
            ('an odd name', ['--kernel', '/no such'], 'create: "/no such": No such'),
            ('endless', ['--kernel', '/dev/zero', '--entry', '0'], 'larger than 1 GiB'),
            ('vast', ['--kernel', vast(), '--entry', '0'], 'larger than 1 GiB'),
            ('two entries', ['--kernel', write(CODE), '--entry', '0', '--entry32', '0'], 'go together'),
            ('no address', ['--kernel', write(CODE), '--entry', 'main'], 'is no number'),
            ('too large', ['--kernel', write(CODE * 11000, 'large'), '--entry', '0'], 'do not fit'),
            ('nothing', ['--kernel', write(b'', 'none'), '--entry', '0'], 'it is empty'),
            ('a bad argument', ['--kernel', write(whole, 'whole'), '--arg', 'x'], '--arg')):
        said(name, machine, ['create', 'x', '--memory', '1M', *args], 1, err, out='')
    test('nothing has come of it', not machine.kernel.requests, machine.kernel.requests)


def vast():
    """A file that is a byte too long, and takes no room."""
    path = write(b'', 'vast')
    os.truncate(path, (1 << 30) + 1)
    return path


def test_pipe():
    """What cannot be mapped is read, however it comes."""
    machine = with_keel()
    whole = elf([(0x10000, CODE * 5000, len(CODE) * 5000)])
    for data, status in ((whole, 0), (whole[:100], 1)):
        path = write(data, f'whole-{len(data)}')
        os.mkfifo(f'{path}.fifo')
        with subprocess.Popen(['cp', path, '/dev/stdout'], stdout=subprocess.PIPE) as child, \
                subprocess.Popen(['tee', f'{path}.fifo'], stdin=child.stdout, stdout=subprocess.DEVNULL):
            got = machine.run('create', f'x{len(data)}', '--memory', '1M', '--kernel', f'{path}.fifo')
        test(f'{len(data)} bytes from a pipe', got[0] == status, got)


def test_whole():
    """create does all with one message: a kernel that refuses it has made nothing."""
    machine = with_keel()
    kernel = machine.kernel
    args = ['create', 'x', '--memory', '1M', '--kernel', write(elf([(0x10000, CODE, 100)]))]
    kernel.refuse = {'vm-new': Refused(errno.ENOMEM, 'no frames')}
    said('it is refused', machine, args, 2, 'keelctl: create: no frames\n', out='')
    kernel.refuse = {}
    kernel.requests.clear()
    test('loaded', machine.json(*args)['state'] == 'stopped')
    args[1] = 'y'
    test('and started', machine.json(*args, '--start')['state'] == 'running')
    test('a message each', [command for command, _ in kernel.requests] == ['vm-new'] * 2,
         kernel.requests)


def emulator(*options, memory='32M'):
    """A command that runs a guest, as keelctl has loaded it for the made-up kernel.

    The emulated machine is like that of uapi/machine.h, but for what is there for the
    ACPI tables to name.
    """
    machine = with_keel()
    kernel = machine.kernel
    said(f'guest {options}', machine, ['create', 'x', '--memory', memory, *options], 0)
    with open(f'{GUESTS}/rom.bin', 'rb') as file:
        rom = bytearray(file.read())
    start = kernel.start
    rom[:58] = struct.pack('=QQQQQQHQ', *(start[name] for name in (
        'rip', 'rsp', 'rdi', 'cr3', 'rbx', 'rsi', 'gdt-limit', 'gdt-base')))
    args = ['qemu-system-x86_64', '-machine', 'microvm,accel=tcg,acpi=off,rtc=on,pic=off,pit=off',
            '-cpu', 'max', '-m', memory, '-nodefaults',
            '-display', 'none', '-serial', 'stdio', '-no-reboot', '-bios', write(rom, 'rom'),
            '-device', 'isa-debug-exit,iobase=0xf4,iosize=1']
    for number, (gpa, data) in enumerate(kernel.image.items()):
        args += ['-device', f'loader,file={write(data, f"segment{number}")},addr={gpa},force-raw=on']
    return args


def emulate(*options, say=b'', seconds=60, memory='32M'):
    """What a guest prints, and its exit code, None when it has ended otherwise or not at all."""
    try:
        done = subprocess.run(emulator(*options, memory=memory), input=say, capture_output=True,
                              check=False, timeout=seconds)
    except subprocess.TimeoutExpired as running:
        return running.stdout.decode(), None
    return done.stdout.decode(), done.returncode >> 1 if done.returncode & 1 else None


def small(name, arg, **options):
    """A guest of ours."""
    return emulate('--kernel', f'{GUESTS}/{name}', '--arg', arg, **options)


def test_guests():
    """The small guests, on an emulated CPU without Keel."""
    subprocess.run(['make', '-s', '-C', f'{TOP}/tests/guest', f'OUT={GUESTS}'], check=True)
    for name, arg, code, out in (
            ('hello', '7', 7, 'hello\n'), ('compute', '3', 0, 'compute 3 ok\n'),
            ('walk', '512K', 0, f'walk {(512 << 10) // PAGE - 17} ok\n'),
            ('fpu', str(100 << 32 | 0x1234567), 0, 'fpu avx 100 ok\n'),
            ('outside', '0x3000000', 1, 'outside: reads from 0x3000000\noutside: nobody minds\n'),
            ('outside', '0x3000001', 1, 'outside: writes to 0x3000001\noutside: nobody minds\n'),
            ('triple', '0', 0, 'triple\n')):
        got = small(name, arg)
        # QEMU ends with 0 after a triple fault, and 1 is exit code 0
        test(f'guest {name} {arg}', got == (out, None if name == 'triple' else code), got)
    got = small('echo', '5', say=b'hello, q')
    test('guest echo', got == ('echo\nHELLO, Q\n', 5), got)
    got = small('rate', '0')
    test('guest rate, up to VMCALL', [line.split()[0] for line in got[0].splitlines()] ==
         ['empty', 'cpuid'] and got[1] is None, got)
    got = small('spin', '0', seconds=3)
    test('guest spin', got == ('spin\n', None), got)
    for name in os.listdir(GUESTS):
        if name not in ('rom.bin', 'seed'):
            # those that have much to test, less than a few pages of code and tables
            most = {'apic': 6, 'xapic': 6, 'eoi': 4, 'kvm': 4, 'copy': 4}.get(name, 3) * PAGE
            test(f'guest {name} is small', os.path.getsize(f'{GUESTS}/{name}') < most)


TESTS = (test_good, test_packing, test_bad, test_pipe, test_whole, test_guests)
