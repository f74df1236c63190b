# SPDX-License-Identifier: GPL-2.0
"""Kernels: what keelctl makes of bzImages and of files with an entry for PVH, and what it
tells them: the map of memory, the ACPI tables, command line and initrd.
"""
import os
import re
import struct
import subprocess

from guests import said
from images import CODE, HOLE, PAGE, check_boot, elf, emulate, memory_of, write
from kit import TOP, WORK, test, with_keel

MIB, GIB = 1 << 20, 1 << 30
RSDP, GENID = 0xe0000, 0xff000
# Puts the first character of the command line out as its exit code
ANSWER64 = bytes.fromhex('8b8628020000 8a00 e6f4 f4')
ANSWER32 = bytes.fromhex('8b4318 8a00 e6f4 f4')


def bzimage(code=b'', size=0x3000, **changes):
    """A bzImage; its payload has code at its 64-bit entry."""
    fields = {'sectors': 3, 'units': size // 16, 'flag': 0xaa55, 'jump': 0x6aeb, 'magic': b'HdrS',
              'version': 0x20f, 'loadflags': 1, 'initrd_max': 0x7fffffff, 'align': 0x200000,
              'relocatable': 1, 'xloadflags': 1, 'cmdline_size': 2047, 'pref': 0x1000000,
              'init_size': 0x800000, **changes}
    head = bytearray((fields['sectors'] + 1 if fields['sectors'] else 5) * 512)
    for at, kind, name in ((0x1f1, 'B', 'sectors'), (0x1f4, 'I', 'units'), (0x1fe, 'H', 'flag'),
                           (0x200, 'H', 'jump'), (0x202, '4s', 'magic'), (0x206, 'H', 'version'),
                           (0x211, 'B', 'loadflags'), (0x22c, 'I', 'initrd_max'),
                           (0x230, 'I', 'align'), (0x234, 'B', 'relocatable'),
                           (0x236, 'H', 'xloadflags'), (0x238, 'I', 'cmdline_size'),
                           (0x258, 'Q', 'pref'), (0x260, 'I', 'init_size')):
        struct.pack_into('=' + kind, head, at, fields[name])
    head[0x268:0x26c] = b'info'     # a field that keelctl does not know
    return bytes(head) + payload(code, size)


def payload(code=b'', size=0x3000):
    """What is behind the setup code."""
    return (b'\xf4' * 0x200 + code).ljust(size, b'k')


def note(name, kind, desc, align=4):
    """A note of an ELF file."""
    fill = bytes(-(12 + len(name)) % align)
    return struct.pack('=III', len(name), len(desc), kind) + name + fill + desc + bytes(
        -len(desc) % align)


def entry_note(entry=0x100010, size=4, align=4):
    """That of PVH."""
    return note(b'Xen\0', 18, entry.to_bytes(size, 'little'), align)


def pvh(notes, code=b'', wide=True, align=4, **heads):
    """A kernel for PVH, with a piece at 1 MiB and one behind it without data."""
    text = (b'\xf4' * 16 + code).ljust(0x2345, b'p')
    pieces = [(MIB, text, len(text)), (0, notes, len(notes)), (0x200000, b'', 0x100000)]
    heads = {1: {'type': 4, 'align': align}, **heads}
    if wide:
        return elf(pieces, 0xdead, heads=heads)
    at, table, body = 52 + 32 * len(pieces), b'', b''
    for number, (gpa, data, size) in enumerate(pieces):
        table += struct.pack('=IIIIIIII', heads.get(number, {}).get('type', 1), at + len(body), gpa,
                             gpa, len(data), size, 7, 4)
        body += data
    return struct.pack('=16sHHIIIIIHHHHHH', b'\x7fELF\1\1\1', 2, 3, 1, 0xdead, 52, 0, 0, 52, 32,
                       len(pieces), 0, 0, 0) + table + body


def text_at(get, gpa):
    """A string."""
    return get(gpa, 4096).split(b'\0')[0].decode()


def check_map(name, ranges, memory):
    """Where memory is."""
    want = [(0, 0xa0000, 1), (RSDP, 0x20000, 2), (MIB, min(memory, HOLE) - MIB, 1)]
    if memory > HOLE:
        want.append((4 * GIB, memory - HOLE, 1))
    test(f'{name}: map of memory', ranges == want, ranges)


def table_at(name, get, gpa):
    """An ACPI table: its signature and its bytes."""
    data = get(gpa, struct.unpack('=I', get(gpa + 4, 4))[0])
    test(f'{name}: {data[:4]} is right', sum(data) % 256 == 0 and len(data) >= 36 and
         gpa >= RSDP and gpa + len(data) <= GENID and data[10:16] == b'KEEL  ', hex(gpa), data[:36])
    return data


def check_madt(name, madt, cpus):
    """Who takes interrupts."""
    test(f'{name}: local APICs, and no PIC', struct.unpack_from('=II', madt, 36) == (0xfee00000, 0))
    entries, at = [], 44
    while at < len(madt):
        entries.append(madt[at:at + madt[at + 1]])
        at += madt[at + 1]
    test(f'{name}: MADT', entries == [
        *(struct.pack('=BBBBI', 0, 8, i, i, 1) for i in range(cpus)),
        struct.pack('=BBBBII', 1, 12, 0, 0, 0xfec00000, 0), struct.pack('=BBBHB', 4, 6, 255, 0, 1)],
         entries)


def check_fadt(name, fadt):
    """What kind of machine it is."""
    flags, reset, value = (struct.unpack_from('=H', fadt, 109)[0] | struct.unpack_from(
        '=I', fadt, 112)[0] << 16, fadt[116:128], fadt[128])

    def port(number):
        return struct.pack('=BBBBQ', 1, 8, 0, 1, number)

    test(f'{name}: FADT', len(fadt) == 276 and fadt[8] == 6 and flags == 4 | 0x100431 << 16 and
         reset == port(0x64) and value == 0xfe and fadt[244:256] == port(0x600) and
         fadt[256:268] == port(0x601) and not any(fadt[45:109]) and not any(fadt[148:244]), fadt)
    dsdt = struct.unpack_from('=Q', fadt, 140)[0]
    test(f'{name}: DSDT is named twice', struct.unpack_from('=I', fadt, 40)[0] == dsdt)
    return dsdt


def check_acpi(name, kernel, cpus):
    """The tables; the DSDT comes back."""
    get = memory_of(kernel)
    rsdp = get(RSDP, 36)
    xsdt = struct.unpack_from('=Q', rsdp, 24)[0]
    test(f'{name}: RSDP', rsdp[:8] == b'RSD PTR ' and sum(rsdp) % 256 == sum(rsdp[:20]) % 256 == 0 and
         rsdp[15] == 2 and struct.unpack_from('=II', rsdp, 16) == (0, 36), rsdp)
    data = table_at(name, get, xsdt)
    tables = {}
    for (gpa,) in struct.iter_unpack('=Q', data[36:]):
        table = table_at(name, get, gpa)
        tables[table[:4]] = table
    test(f'{name}: XSDT', data[:4] == b'XSDT' and list(tables) == [b'FACP', b'APIC'], tables.keys())
    check_madt(name, tables[b'APIC'], cpus)
    dsdt = table_at(name, get, check_fadt(name, tables[b'FACP']))
    test(f'{name}: DSDT', dsdt[:4] == b'DSDT' and dsdt[8] == 2)
    generation = get(GENID, 16)
    test(f'{name}: clones get another one', kernel.generation == GENID, kernel.generation)
    test(f'{name}: a generation id', len(set(generation)) > 4, generation)
    test(f'{name}: nothing else where the tables are', not any(
        0xa0000 <= gpa < MIB and gpa not in (RSDP, GENID) for gpa in kernel.image))
    return dsdt, generation


def test_dsdt():
    """The machine's devices, as ACPI's own compiler reads them."""
    machine = with_keel()
    said('a kernel', machine, ['create', 'x', '--memory', '64M', '--kernel', write(bzimage())], 0)
    dsdt, _ = check_acpi('DSDT', machine.kernel, 1)
    write(dsdt, 'dsdt.dat')
    run = {'cwd': WORK.name, 'capture_output': True, 'text': True, 'check': False}
    done = subprocess.run(['iasl', '-d', 'dsdt.dat'], **run)
    test('iasl can read it', done.returncode == 0 and 'dsdt.dsl' in done.stderr + done.stdout, done)
    done = subprocess.run(['iasl', '-p', 'again', 'dsdt.dsl'], **run)
    test('it has nothing to say against it', done.returncode == 0 and
         '0 Errors, 0 Warnings, 0 Remarks' in done.stdout, done)
    with open(f'{WORK.name}/dsdt.dsl', encoding='ascii') as file:
        text = re.sub(r'/\*.*?\*/|//[^\n]*|\s', '', file.read(), flags=re.S)

    def device(name):
        return text.split(f'Device({name})')[1].split('Device(')[0]

    def port(first, count):
        return f'IO(Decode16,0x{first:04X},0x{first:04X},0x01,0x{count:02X},)'

    def irq(gsi):
        return f'Interrupt(ResourceConsumer,Edge,ActiveHigh,Exclusive,,,){{0x{gsi:08X},}}'

    for name, parts in {
            'COM1': ['"PNP0501"', 'Name(_STA,0x0F)', port(0x3f8, 8), irq(4)],
            'RTC': ['"PNP0B00"', port(0x70, 2)], 'PWRB': ['"PNP0C0C"'],
            'VGEN': ['"KEEL0001"', '{"VM_Gen_Counter","VMGENCTR"}', 'Name(_DDN,"VM_Gen_Counter")',
                     'Name(ADDR,Package(0x02){0x000FF000,Zero})'],
            'GED': ['"ACPI0013"', irq(9), 'OperationRegion(PORT,SystemIO,0x0602,One)', 'PEND,8',
                    'Method(_EVT,1,Serialized){Local0=PENDIf((Local0&One)){Notify(PWRB,0x80)}'
                    'If((Local0&0x02)){Notify(VGEN,0x80)}}'],
            'PEVT': ['"QEMU0001"', 'Name(_STA,0x0F)', port(0x505, 1)],
            **{f'VIO{i}': ['"LNRO0005"', f'Name(_UID,{["Zero", "One"][i] if i < 2 else f"0x{i:02X}"})',
                           'Name(_STA,Zero)', f'Memory32Fixed(ReadWrite,0x{0xfeb00000 + i * PAGE:08X},0x00001000,)',
                           irq(16 + i)] for i in range(8)}}.items():
        test(f'device {name}', all(part in device(name) for part in parts), parts, device(name))
    test('no other devices', text.count('Device(') == 14)
    test('S5', 'Name(\\_S5,Package(0x04){0x05,0x05,Zero,Zero})' in text)


def check_linux(name, kernel, memory, cpus, load, file, cmdline='', initrd=b'', init_size=0x800000):
    """What a bzImage is given; the generation id comes back."""
    get, start = memory_of(kernel), kernel.start
    params = get(start['rsi'], PAGE)
    setup = (file[0x1f1] + 1 if file[0x1f1] else 5) * 512

    def field(at, kind):
        return struct.unpack_from('=' + kind, params, at)[0]

    test(f'{name}: registers', start['rip'] == load + 0x200 and start['rbx'] == start['rdi'] == 0 and
         'long-mode' in start, start)
    mine = {0x1fa: 2, 0x210: 1, 0x214: 4, 0x218: 8, 0x228: 4, 0x250: 8}
    end = 0x202 + file[0x201]
    test(f'{name}: the header is copied', all(
        params[at] == file[at] for at in range(0x1f1, end)
        if not any(first <= at < first + size for first, size in mine.items())) and
         not any(params[end:0x2d0]) and not any(params[:0x70]) and not any(params[0x78:0x1e8]) and
         not any(params[0x1e9:0x1f1]), params)
    test(f'{name}: the loader', field(0x210, 'B') == 0xff and field(0x214, 'I') == load and
         field(0x1fa, 'H') == 0xffff and field(0x70, 'Q') == RSDP)
    test(f'{name}: command line', text_at(get, field(0x228, 'I')) == cmdline)
    place, size = field(0x218, 'I'), field(0x21c, 'I')
    test(f'{name}: initrd', get(place, size) == initrd if initrd else place == size == 0, place, size)
    check_map(name, [struct.unpack_from('=QQI', params, 0x2d0 + 20 * i) for i in range(params[0x1e8])],
              memory)
    place_of_seed = field(0x250, 'Q')
    seed = get(place_of_seed, 48)
    test(f'{name}: seed', struct.unpack_from('=QII', seed) == (0, 9, 32) and
         kernel.random == [{'gpa': place_of_seed + 16, 'size': 32}], seed, kernel.random)
    check_boot(name, kernel, memory, [
        (load, file[setup:], max(init_size, len(file) - setup)), (start['rsi'], params, PAGE),
        (0xa0000, b'', 0x40000), *([(place, initrd, size)] if size else [])])
    return check_acpi(name, kernel, cpus)[1]


def test_linux():
    """bzImages that can be loaded."""
    seen = []
    plain, initrd = bzimage(), os.urandom(5001) + b'i'
    for name, memory, file, load, more in (
            ('plain', '64M', plain, 0x1000000, {}),
            ('told', '64M', plain, 0x1000000, {'cmdline': 'quiet ' * 300, 'initrd': initrd}),
            ('of 7 vCPUs', '64M', plain, 0x1000000, {'cpus': 7}),
            ('of 16', '64M', plain, 0x1000000, {'cpus': 16}),
            ('not aligned', '64M', bzimage(pref=0x1000001), 0x1200000, {}),
            ('not relocatable', '64M', bzimage(pref=0x123000, relocatable=0, align=0), 0x123000, {}),
            ('at 1 MiB', '64M', bzimage(pref=MIB, align=PAGE), MIB, {}),
            ('it just fits', '24M', plain, 0x1000000, {}),
            ('larger than it says', '64M', bzimage(init_size=0), 0x1000000, {'init_size': 0}),
            ('of few sectors', '64M', bzimage(sectors=0), 0x1000000, {}),
            ('a short header', '64M', bzimage(jump=0x62eb), 0x1000000, {}),
            ('a unit that is not full', '64M', bzimage(units=0x301)[:-1] + b'12', 0x1000000, {}),
            ('signed', '64M', plain + b'signature', 0x1000000, {}),
            ('up to the hole', '3G', plain, 0x1000000, {'initrd': initrd}),
            ('across the hole', '5G', plain, 0x1000000, {'initrd': initrd})):
        machine = with_keel()
        args = ['create', 'x', '--memory', memory, '--kernel', write(file)]
        cpus = more.pop('cpus', 1)
        args += ['--cpus', str(cpus)] if cpus > 1 else []
        args += ['--cmdline', more['cmdline']] if 'cmdline' in more else []
        args += ['--initrd', write(initrd, 'initrd')] if 'initrd' in more else []
        said(name, machine, args, 0)
        if machine.kernel.image is not None:
            size = int(memory[:-1]) << {'M': 20, 'G': 30}[memory[-1]]
            seen.append(check_linux(name, machine.kernel, size, cpus, load, file, **more))
    test('nothing comes twice', len(set(seen)) == len(seen))


def test_initrd():
    """Where the initrd goes."""
    machine = with_keel()
    kernel = machine.kernel
    for name, memory, size, changes, want in (
            ('at the end', '64M', 5000, {}, (64 << 20) - 2 * PAGE),
            ('below its limit', '64M', 5000, {'initrd_max': 0x2000fff}, 0x2001000 - 2 * PAGE),
            ('a limit that is no page', '64M', 5000, {'initrd_max': 0x2000ffe}, 0x2000000 - PAGE),
            ('without a limit', '64M', 5000, {'initrd_max': 0xffffffff}, (64 << 20) - 2 * PAGE),
            ('below the hole', '8G', 5000, {'initrd_max': 0xffffffff}, HOLE - 2 * PAGE),
            ('below the kernel', '24M', 5000, {}, 0x1000000 - 2 * PAGE),
            ('below what it takes', '64M', PAGE, {'init_size': (48 << 20) - PAGE + 1}, 0x1000000 - PAGE),
            ('behind what it takes', '64M', PAGE, {'init_size': (48 << 20) - PAGE}, (64 << 20) - PAGE),
            ('all there is', '24M', 15 << 20, {}, MIB)):
        said(name, machine, ['create', name, '--memory', memory, '--initrd', write(b'i' * size, 'initrd'),
                             '--kernel', write(bzimage(**changes))], 0)
        get = memory_of(kernel)
        place, got = struct.unpack('=II', get(kernel.start['rsi'] + 0x218, 8))
        test(f'initrd {name}', (place, got) == (want, size) and get(place, size) == b'i' * size,
             hex(place), hex(want), got)


def test_pvh():
    """Kernels with an entry for PVH."""
    initrd = os.urandom(5001) + b'i'
    for name, memory, file, more in (
            ('plain', '8M', pvh(entry_note()), {}),
            ('told', '8M', pvh(entry_note()), {'cmdline': 'x' * 2047, 'initrd': initrd}),
            ('of 8 bytes', '8M', pvh(entry_note(size=8)), {'cpus': 2}),
            ('behind others', '8M', pvh(note(b'Linux\0', 257, b'1') + note(b'', 18, b'') + entry_note()), {}),
            ('aligned to 8', '8M', pvh(note(b'GNU\0', 5, b'', 8) + entry_note(size=4, align=8), align=8), {}),
            ('without a full end', '8M', pvh(entry_note() + bytes(11)), {}),
            ('of 32 bits', '8M', pvh(entry_note(), wide=False), {'cmdline': 'y', 'initrd': initrd}),
            ('across the hole', '6G', pvh(entry_note()), {'initrd': initrd})):
        machine = with_keel()
        kernel = machine.kernel
        args = ['create', 'x', '--memory', memory, '--kernel', write(file), '--cpus', str(more.get('cpus', 1))]
        args += ['--cmdline', more['cmdline']] if 'cmdline' in more else []
        args += ['--initrd', write(initrd, 'initrd')] if 'initrd' in more else []
        said(f'PVH {name}', machine, args, 0)
        if kernel.image is None:
            continue
        get, start = memory_of(kernel), kernel.start
        info = struct.unpack('=IIIIQQQQII', get(start['rbx'], 56))
        test(f'PVH {name}: start info', info[:4] == (0x336ec578, 1, 0, 'initrd' in more) and
             info[6] == RSDP and info[9] == 0, info)
        test(f'PVH {name}: registers', start['rip'] == 0x100010 and start['rsi'] == start['rdi'] == 0,
             start)
        test(f'PVH {name}: command line', text_at(get, info[5]) == more.get('cmdline', ''))
        size = int(memory[:-1]) << {'M': 20, 'G': 30}[memory[-1]]
        check_map(f'PVH {name}', [struct.unpack('=QQII', get(info[7] + 24 * i, 24))[:3]
                                  for i in range(info[8])], size)
        pieces = [(MIB, file[file.index(b'\xf4' * 16):][:0x2345], 0x2345), (0x200000, b'', 0x100000),
                  (0xa0000, b'', 0x40000)]
        if 'initrd' in more:
            place, count, cmdline, _ = struct.unpack('=QQQQ', get(info[4], 32))
            test(f'PVH {name}: initrd', get(place, count) == initrd and not cmdline and
                 place == (min(size, HOLE) - len(initrd)) // PAGE * PAGE, place, count)
            pieces.append((place, initrd, count))
        check_boot(f'PVH {name}', kernel, size, pieces, False)
        check_acpi(f'PVH {name}', kernel, more.get('cpus', 1))


def bad_files():
    """(name, memory, file, options, what is said)"""
    one = [(0x10000, CODE, 100)]
    whole, kernel = bzimage(), pvh(entry_note())
    linux = elf([*one, (0, note(b'Linux\0', 257, b'x'), 24)], heads={1: {'type': 4}})
    yield from ((f'a bzImage cut off at {size}', '64M', whole[:size], [], err) for size, err in (
        (0x205, 'neither an ELF'), (0x206, 'broken bzImage: it ends within its header'),
        (0x263, 'within its header'), (0x264, 'it ends before the kernel'),
        (0x800, 'it ends before the kernel'), (0x801, 'it is cut off'), (len(whole) - 16, 'it is cut off')))
    yield from (
        ('of 32 bits', '64M', bzimage(xloadflags=2), [], 'without a 64-bit entry'),
        ('old', '64M', bzimage(version=0x20b), [], 'without a 64-bit entry'),
        ('a zImage', '64M', bzimage(loadflags=0), [], 'it is a zImage'),
        ('hardly a kernel', '64M', bzimage(size=0x200), [], 'it ends before its entry'),
        ('no alignment', '64M', bzimage(align=0), [], 'its alignment is no power of two'),
        ('an odd one', '64M', bzimage(align=0x300000), [], 'its alignment is no power of two'),
        ('too low', '64M', bzimage(pref=0xff000, relocatable=0), [], 'its address is below 1 MiB'),
        ('at the end of everything', '64M', bzimage(pref=2 ** 64 - 1), [], 'its address is below'),
        ('too high', '64M', bzimage(pref=1 << 62, relocatable=0), [], 'at 0x4000000000000000 to begin with'),
        ('at the hole', '8G', bzimage(pref=HOLE - 0x400000), [], 'it needs 8388608 bytes at 0xbfc00000'),
        ('little memory', '24572K', whole, [], 'it needs 8388608 bytes at 0x1000000 to begin with'),
        ('hardly any', '1M', whole, [], 'it needs more memory than 1 MiB'),
        ('hardly any for PVH', '1M', elf([(0x10000, CODE, 100), (0, entry_note(0x10000), 20)],
                                         heads={1: {'type': 4}}), [], 'it needs more memory than 1 MiB'),
        ('it needs 4 GiB', '64M', bzimage(init_size=0xffffffff), [], 'it needs 4294967295 bytes'),
        ('a long command line', '64M', whole, ['--cmdline', 'x' * 2048],
         '--cmdline has 2048 bytes, and this kernel takes 2047 at most'),
        ('a short one', '64M', bzimage(cmdline_size=3), ['--cmdline', 'long'], 'takes 3 at most'),
        ('a long one for PVH', '8M', kernel, ['--cmdline', 'x' * 2048], 'takes 2047 at most'),
        ('a large initrd', '24M', whole, ['--initrd', write(bytes((15 << 20) + 1), 'large')],
         'no room for the initrd, which has 15728641 bytes, in 25165824 bytes of memory'),
        ('a low limit', '64M', bzimage(initrd_max=MIB - 1), ['--initrd', write(b'i', 'one')], 'no room for the initrd'),
        ('a large one for PVH', '8M', kernel, ['--initrd', write(bytes((5 << 20) + 1), 'five')],
         'no room for the initrd'),
        ('an empty initrd', '64M', whole, ['--initrd', write(b'', 'none')], 'none: it is empty'),
        ('no initrd', '64M', whole, ['--initrd', '/nonexistent'], '/nonexistent: No such file'),
        ('an argument', '64M', whole, ['--arg', '1'], 'it is a kernel, and --arg is for programs'),
        ('one for PVH', '8M', kernel, ['--arg', '0'], 'it is a kernel, and --arg is for programs'),
        ('an entry and an initrd', '64M', whole, ['--entry', '0', '--initrd', 'x'],
         '--initrd is for kernels, and cannot go with --entry'),
        ('an entry and a command line', '64M', whole, ['--entry32', '0', '--cmdline', 'x'],
         '--cmdline is for kernels, and cannot go with --entry32'),
        ('a program and an initrd', '1M', elf(one), ['--initrd', write(b'i', 'one')],
         'without a PVH entry, and --initrd is for kernels; programs take --arg'),
        ('a program and a command line', '1M', elf(one), ['--cmdline', ''], '--cmdline is for kernels'),
        ('vmlinux without PVH', '64M', linux, [], 'it is a Linux kernel without a PVH entry (CONFIG_PVH)'),
        ('32 bits without PVH', '64M', pvh(b'', wide=False), [], 'of 32 bits without a PVH entry'),
        ('a note of another size', '8M', pvh(entry_note(size=5)), [], 'its note with the PVH entry'),
        ('a note that is cut off', '8M', pvh(entry_note()[:-1]), [], 'its entry is in none'),
        ('a name that is cut off', '8M', pvh(entry_note()[:14]), [], 'its entry is in none'),
        ('an endless one', '8M', pvh(note(b'Xen\0', 18, b'1234')[:4] + b'\xff' * 16), [], 'its entry is in none'),
        ('another name', '8M', pvh(note(b'Xem\0', 18, b'1234')), [], 'its entry is in none'),
        ('PVH entry nowhere', '8M', pvh(entry_note(0x100010 - 17)), [], 'its PVH entry is in none'),
        ('PVH entry without data', '8M', pvh(entry_note(0x200000)), [], 'its PVH entry is in none'),
        ('PVH entry above 4 GiB', '8M', pvh(entry_note(0x100100010, 8)), [], 'its PVH entry is in none'),
        ('32 bits for another processor', '8M', pvh(entry_note(), wide=False).replace(
            b'\2\0\3\0', b'\2\0\x28\0', 1), [], 'another processor'),
        ('over the ACPI tables', '8M', pvh(entry_note()).replace(
            struct.pack('=Q', 0x200000), struct.pack('=Q', 0xe0000)), [], 'overlap'))


def test_bad_kernels():
    """Kernels that cannot be: nothing is asked of the kernel here."""
    machine = with_keel()
    for name, memory, data, options, err in bad_files():
        said(name, machine, ['create', 'x', '--memory', memory, '--kernel', write(data), *options], 1, err,
             out='')
    test('nothing has come of it', not machine.kernel.requests, machine.kernel.requests)
    vm = machine.kernel.add('y', memory=64 << 20, vcpus=3)
    said('load', machine, ['load', 'y', '--kernel', write(bzimage()), '--cmdline', 'abc'], 0)
    check_linux('load', machine.kernel, vm['memory'], 3, 0x1000000, bzimage(), 'abc')


def test_answers():
    """Kernels that say what they were told, on an emulated CPU without Keel."""
    for name, file in (('bzImage', bzimage(ANSWER64)), ('PVH', pvh(entry_note(), ANSWER32)),
                       ('PVH of 32 bits', pvh(entry_note(), ANSWER32, wide=False))):
        got = emulate('--kernel', write(file), '--cmdline', '?', '--initrd', write(b'i', 'initrd'),
                      memory='32M')
        test(f'{name} runs', got == ('', ord('?')), got)


def test_boot():
    """A stock kernel boots on an emulated CPU without Keel, with nothing but what it is told."""
    folder = subprocess.run([f'{TOP}/scripts/guest-linux', '6.1'], check=True, capture_output=True,
                            text=True).stdout.strip()
    with open('/proc/cpuinfo', encoding='ascii') as file:
        speed = float(re.search(r'cpu MHz\s*: ([0-9.]+)', file.read())[1])
    # The emulated CPU's TSC is the real one's, and there is nothing to measure it by.
    cmdline = f'console=ttyS0 tsc_early_khz={speed * 1000:.0f} reboot=t keel.do=reboot'
    for name in ('vmlinux', 'bzImage'):
        out, _ = emulate('--kernel', f'{folder}/{name}', '--initrd', f'{folder}/initrd', '--cmdline',
                         cmdline, memory='256M', seconds=300)
        test(f'{name} boots', re.search(r'KEEL-GUEST: init at \d+ ms does reboot', out) and
             'ACPI: Interpreter enabled' in out and 'random: crng init done' in out, out[-2000:])


TESTS = (test_linux, test_initrd, test_pvh, test_dsdt, test_bad_kernels, test_answers, test_boot)
