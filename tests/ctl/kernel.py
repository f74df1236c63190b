# SPDX-License-Identifier: GPL-2.0
"""A kernel that is made up: the other end of wire.c.

It speaks generic netlink by the numbers and types in uapi/keel.h, with the
strictness of the real one, and keeps guests; what it does beside that is up to the
tests, by its members.
"""
import errno
import fcntl
import os
import re
import socket
import struct
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
NLMSG_ERROR, NLMSG_DONE, NLCTRL, FAMILY, GROUP = 2, 3, 0x10, 0x21, 9
F_GET_SEALS = 1034
REQUEST, MULTI, ACK, DUMP_INTR, DUMP, TLVS = 1, 2, 4, 0x10, 0x300, 0x200


def read_header():
    """Of uapi/keel.h: numbers by name, and of each set the name and type of attributes."""
    numbers, sets, said = {}, {}, ''
    with open(f'{TOP}/uapi/keel.h', encoding='utf-8') as file:
        text = file.read()
    for found in re.finditer(r'enum[^{};]*\{(.*?)\n\}', text, re.S):
        value = 0
        for item in re.finditer(r'/\*(.*?)\*/|^\t(KEEL_\w+)(?: = (\d+))?,', found[1],
                                re.S | re.M):
            if item[1]:
                said = item[1].strip(' *\n\t')
                continue
            value = int(item[3]) if item[3] else value + 1
            numbers[item[2]] = value
            attr = re.match(r'KEEL_A_([A-Z]+)_(\w+)', item[2])
            if attr and attr[2] != 'PAD':
                kind = re.match(r'(?:u32|u64|string|flag|nest of (\w+))', said)
                sets.setdefault(attr[1].lower(), {})[value] = (
                    attr[2].lower().replace('_', '-'), kind[1] or kind[0])
    return numbers, sets


NUMBERS, SETS = read_header()
COMMANDS = {value: name[9:].lower().replace('_', '-') for name, value in NUMBERS.items()
            if name.startswith('KEEL_CMD_')}
STATES = {name[14:].lower(): value for name, value in NUMBERS.items()
          if name.startswith('KEEL_VM_STATE_')}
REASONS = {name[15:].lower(): value for name, value in NUMBERS.items()
           if name.startswith('KEEL_VM_REASON_')}
EVENTS = {name[14:].lower().replace('_', '-'): value for name, value in NUMBERS.items()
          if name.startswith('KEEL_VM_EVENT_')}
TAKES = {'status-get': '', 'vm-new': 'name memory vcpus weight huge image-fd segment start random generation run',
         'vm-get': 'id name', 'vm-set': 'id name weight template', 'vm-del': 'id name',
         'vm-load': 'id name image-fd segment start random generation',
         'vm-clone': 'id name clone count run', 'vm-start': 'id name',
         'vm-pause': 'id name', 'vm-resume': 'id name', 'vm-stop': 'id name timeout',
         'vm-reset': 'id name', 'stat-get': 'id name', 'share-get': 'id name',
         'share-set': 'id name enable domain budget cap rate', 'share-scan': ''}


def attribute(kind, data):
    """An attribute's bytes."""
    return struct.pack('=HH', len(data) + 4, kind) + data + bytes(-len(data) % 4)


def encode(name, values):
    """Attributes of a set; a list is an attribute for each element."""
    out = b''
    kinds = {attr: (number, kind) for number, (attr, kind) in SETS[name].items()}
    for attr, value in values.items():
        number, kind = kinds[attr]
        for one in value if isinstance(value, list) else [value]:
            if kind in SETS:
                out += attribute(number | 0x8000, encode(kind, one))
            elif kind == 'string':
                out += attribute(number, (one if isinstance(one, bytes) else one.encode()) + b'\0')
            else:
                out += attribute(number, struct.pack('=I' if kind == 'u32' else '=Q', one))
    return out


class Refused(Exception):
    """A refusal: an errno, a text, the attribute that is to blame, its range."""

    def __init__(self, err, text=None, attr=None, extra=b''):
        super().__init__(text)
        self.err, self.text, self.attr, self.extra = err, text, attr, extra


def decode(name, data):
    """The attributes of a set, strictly: {name: value}, or lists where a nest repeats."""
    out, at = {}, 0
    while at < len(data):
        length, kind = struct.unpack_from('=HH', data, at)
        assert 4 <= length <= len(data) - at, (length, at, len(data))
        body = data[at + 4:at + length]
        at += (length + 3) & ~3
        attr, want = SETS[name][kind & 0x3fff]
        if want in SETS:
            value = decode(want, body)
        elif want == 'string':
            assert body[-1:] == b'\0', body
            value = body[:-1]
        elif want == 'flag':
            value = True
        else:
            assert len(body) == (4 if want == 'u32' else 8), (attr, body)
            value = int.from_bytes(body, 'little')
        if want == 'segment':
            out.setdefault(attr, []).append(value)
        else:
            assert attr not in out, attr
            out[attr] = value
    return out


class Kernel:
    """One that listens at FOLDER/kernel until it is closed."""
    # pylint: disable=too-many-instance-attributes

    def __init__(self, folder):
        self.vms, self.stats, self.shares, self.sharing = {}, {}, {}, {}
        self.scans = 0
        self.next = 1
        self.requests = []      # (command, attributes) that have come
        self.refuse = {}        # command: Refused
        self.interrupt = 0      # dumps that are disturbed
        self.dump_error = None  # Refused at the end of dumps
        self.loaded = True
        self.hook = None        # is told the command and the peer's pid
        self.obedience = 0.05   # seconds until a guest stops when asked, None for never
        self.image = None       # {gpa: bytes} of the latest load
        self.random = []        # what it wants to be random
        self.generation = None  # where it has its generation id
        self.size = None        # of its file
        self.start = self.seals = None      # its registers, and the seals of its file
        self.why_not = None
        self.members = []
        self.tokens = set()     # of joins that are done
        self.lock = threading.RLock()
        self.joined = threading.Condition(self.lock)
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path = f'{folder}/kernel'
        if os.path.exists(path):
            os.unlink(path)
        self.server.bind(path)
        self.server.listen(64)
        self.clients = []
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        """No more."""
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        for client in self.clients:
            client.close()

    def accept(self):
        """Each client has a thread."""
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            self.clients.append(client)
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        """Until it goes."""
        pid = struct.unpack('=iii', client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        try:
            self.serve_until_end(client, pid)
        except OSError:
            pass
        finally:
            # also after an assertion, which is told by threading
            with self.lock:
                self.members = [m for m in self.members if m[0] is not client]
            client.close()

    def serve_until_end(self, client, pid):
        """Packets, up to the last one."""
        while packet := client.recv(1 << 20):
            if packet[:1] == b'J' and len(packet) == 13:
                with self.joined:
                    self.members.append((client, struct.unpack('=I', packet[9:])[0]))
                    self.tokens.add(packet[1:9])
                    self.joined.notify_all()
                continue
            if packet[:1] == b'W' and len(packet) == 9:
                with self.joined:
                    self.joined.wait_for(lambda: packet[1:] in self.tokens)
                client.send(b'Y')
                continue
            with self.lock:
                self.handle(client, pid, packet)

    def send(self, client, kind, flags, seq, payload):
        """One message."""
        client.send(struct.pack('=IHHII', 16 + len(payload), kind, flags, seq, 0) + payload)

    def tell(self, client, kind, payload):
        """One that may have gone."""
        try:
            self.send(client, kind, 0, 0, payload)
        except OSError:
            pass

    def handle(self, client, pid, packet):
        """A request."""
        length, kind, flags, seq, _ = struct.unpack_from('=IHHII', packet)
        assert length == len(packet) and flags & REQUEST, packet
        command, version, _ = struct.unpack_from('=BBH', packet, 16)
        try:
            if kind == NLCTRL:
                self.control(client, seq)
            else:
                assert kind == FAMILY and version == 1, (kind, version)
                self.command(client, pid, COMMANDS[command], flags, seq, packet[20:])
        except Refused as no:
            tlvs = b'' if no.text is None else attribute(1, no.text.encode() + b'\0')
            if no.attr:
                tlvs += attribute(2, struct.pack('=I', self.offset(packet, no.attr)))
            tlvs += no.extra
            self.send(client, NLMSG_ERROR, TLVS, seq, struct.pack('=i', -no.err) + packet + tlvs)
            return
        if flags & ACK and flags & DUMP != DUMP:
            self.send(client, NLMSG_ERROR, 0x100, seq, struct.pack('=i', 0) + packet[:16])

    @staticmethod
    def offset(packet, attr):
        """Where in a request an attribute is."""
        at = 20
        while at < len(packet):
            length, kind = struct.unpack_from('=HH', packet, at)
            if SETS['vm'][kind & 0x3fff][0] == attr:
                return at
            at += (length + 3) & ~3
        raise AssertionError(attr)

    def control(self, client, seq):
        """CTRL_CMD_GETFAMILY."""
        if not self.loaded:
            raise Refused(errno.ENOENT)
        group = attribute(1 | 0x8000, attribute(1, b'events\0') + attribute(2, struct.pack('=I', GROUP)))
        self.send(client, NLCTRL, 0, seq, struct.pack('=BBH', 1, 2, 0) + attribute(1, struct.pack(
            '=H', FAMILY)) + attribute(2, b'keel\0') + attribute(3, struct.pack('=I', 1)) +
            attribute(4, struct.pack('=I', 0)) + attribute(5, struct.pack('=I', 20)) +
            attribute(7 | 0x8000, group))

    def command(self, client, pid, command, flags, seq, data):
        """One of Keel's."""
        attrs = decode({'stat': 'stat', 'share': 'share'}.get(command.split('-')[0], 'vm'), data)
        assert set(attrs) <= set(TAKES[command].split()), (command, attrs)
        self.requests.append((command, attrs))
        if self.hook:
            self.hook(command, pid)
        if command in self.refuse:
            raise self.refuse[command]
        head = struct.pack('=BBH', NUMBERS['KEEL_CMD_' + command.upper().replace('-', '_')], 1, 0)
        if flags & DUMP == DUMP:
            self.dump(client, command, head, seq)
        elif command == 'status-get':
            running = sum(vm['state'] == STATES['running'] for vm in self.vms.values())
            why = {'guests': self.why_not} if self.why_not else {}
            self.send(client, FAMILY, 0, seq, head + encode('status', {
                'abi': 2, 'online': 2, 'demoted': 2, 'vms': len(self.vms), 'running': running,
                'memory': 1 << 20, 'donated': 1 << 16, 'tampered': 3, **why}))
        elif command == 'stat-get':
            vm = self.find(attrs)
            self.send(client, FAMILY, 0, seq, head + encode('stat', self.stat(vm)))
        elif command == 'share-scan':
            self.scans += 1
        elif command == 'share-get':
            self.send(client, FAMILY, 0, seq, head + encode('share', self.share(attrs)))
        elif command == 'share-set':
            if 'id' in attrs or 'name' in attrs:
                self.find(attrs)
        elif command == 'vm-new':
            self.send(client, FAMILY, 0, seq, head + encode('vm', self.new(attrs, pid)))
        elif command == 'vm-clone':
            self.send(client, FAMILY, 0, seq, head + encode('vm', self.clone(self.find(attrs), attrs)))
        elif command == 'vm-get':
            self.send(client, FAMILY, 0, seq, head + encode('vm', self.find(attrs)))
        else:
            self.change(command, self.find(attrs), attrs, pid)

    def dump(self, client, command, head, seq):
        """All guests, or their counters, perhaps disturbed."""
        disturbed = DUMP_INTR if self.interrupt else 0
        for number, vm in enumerate(list(self.vms.values())):
            values = [vm] if command == 'vm-get' else [self.stat(vm)]
            if command == 'stat-get' and len(values[0]['vcpu']) > 1:
                first, *others = values[0]['vcpu']
                values = [{**values[0], 'vcpu': [first]}, {'id': vm['id'], 'vcpu': others}]
            for value in values:
                self.send(client, FAMILY, MULTI | (disturbed if number else 0), seq,
                          head + encode('vm' if command == 'vm-get' else 'stat', value))
            if disturbed and not number:
                # one is deleted while it is listed
                self.vms.pop(max(self.vms))
                self.interrupt -= 1
        no = self.dump_error
        tlvs = attribute(1, no.text.encode() + b'\0') if no else b''
        self.send(client, NLMSG_DONE, MULTI | disturbed | (TLVS if no else 0), seq,
                  struct.pack('=i', -no.err if no else 0) + tlvs)

    def stat(self, vm):
        """A guest's counters."""
        return {'id': vm['id'], 'name': vm['name'], 'mapped': 8192, 'zero': 4096, 'tables': 12288,
                'shared': 20480, 'spare': 24576, 'reserve': 28672, 'short': 3, 'starved': 4,
                'cloned': 1 << 14, 'huge': 1 << 21, 'splits': 5, 'collapses': 6,
                'pool': 65536, 'filled': 1 << 20, 'read-touches': 1, 'write-touches': 2,
                'vcpu': [], **self.stats.get(vm['id'], {})}

    def share(self, attrs):
        """What is shared, by a guest or by all."""
        if 'id' not in attrs and 'name' not in attrs:
            return {'scans-asked': self.scans, 'scans-done': self.scans, **self.sharing}
        vm = self.find(attrs)
        return {'id': vm['id'], 'name': vm['name'], 'enable': 0, **self.shares.get(vm['id'], {})}

    def find(self, attrs):
        """The guest that is meant."""
        for vm in self.vms.values():
            if vm['id'] == attrs.get('id') or vm['name'] == attrs.get('name'):
                return vm
        which = 'id' if 'id' in attrs else 'name'
        raise Refused(errno.ENOENT, f'{which}: there is no guest of this {which}', which)

    def clone(self, source, attrs):
        """Make as many as are asked for."""
        names = [attrs['clone']]
        if 'count' in attrs:
            names = [attrs['clone'] + f'-{number + 1}'.encode() for number in range(attrs['count'])]
        if source['state'] not in (STATES['running'], STATES['paused']):
            raise Refused(errno.EBUSY, 'the guest neither runs nor is paused: start it first')
        if any(vm['name'] in names for vm in self.vms.values()):
            raise Refused(errno.EEXIST, 'name: there is a guest of this name')
        made = [{**source, 'id': self.next + number, 'name': name, 'console': f'ttyKEEL{self.next + number}',
                 'state': STATES['running' if 'run' in attrs else 'paused']}
                for number, name in enumerate(names)]
        for vm in made:
            vm.pop('template', None)
            self.vms[vm['id']] = vm
            self.event('created', vm)
        self.next += len(made)
        return made[0]

    def new(self, attrs, pid=None):
        """Make a guest, and load and start it if that is asked for."""
        if attrs['memory'] % 4096:
            raise Refused(errno.EINVAL, 'memory: has to be a multiple of 4096', 'memory')
        if any(vm['name'] == attrs['name'] for vm in self.vms.values()):
            raise Refused(errno.EEXIST, 'name: there is a guest of this name', 'name')
        image = {key: attrs[key] for key in ('image-fd', 'segment', 'start', 'random', 'generation')
                 if key in attrs}
        own = {key: attrs[key] for key in attrs if key not in image and key != 'run'}
        vm = {'id': self.next, 'vcpus': 1, 'weight': 100, **own, 'state': STATES['created'],
              'created': time.clock_gettime_ns(time.CLOCK_BOOTTIME),
              'console': f'ttyKEEL{self.next}'}
        self.vms[self.next] = vm
        self.next += 1
        self.event('created', vm)
        if image:
            self.load(vm, image, pid)
        if 'run' in attrs:
            self.state(vm, 'running')
        return vm

    def add(self, name, state='stopped', **more):
        """Make a guest for a test."""
        with self.lock:
            vm = self.new({'name': name.encode(), 'memory': 1 << 20})
            vm.update(state=STATES[state], **more)
            return vm

    def event(self, event, vm=None, **more):
        """Tell all members."""
        payload = struct.pack('=BBH', NUMBERS['KEEL_CMD_NTF'], 1, 0) + encode(
            'vm', {'event': EVENTS[event], **(vm or {}), **more})
        with self.lock:
            for client, group in self.members:
                if group == GROUP:
                    self.tell(client, FAMILY, payload)

    def unload(self):
        """The family goes; so it is told to nlctrl's group."""
        with self.lock:
            self.loaded = False
            for client, group in self.members:
                if group == NLCTRL:
                    self.tell(client, NLCTRL, struct.pack('=BBH', 2, 2, 0) + attribute(
                        2, b'keel\0') + attribute(1, struct.pack('=H', FAMILY)))

    def lose(self):
        """Members are told that something was lost."""
        with self.lock:
            for client, group in self.members:
                if group == GROUP:
                    client.send(b'L')

    def state(self, vm, state, reason='command', detail=0):
        """A guest's state changes."""
        with self.lock:
            vm.update(state=STATES[state], reason=REASONS[reason], detail=detail)
            vm.pop('thread', None)
            if state == 'running':
                vm['started'] = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
                vm['thread'] = list(range(100, 100 + vm['vcpus']))
            self.event('state', vm)

    def load(self, vm, attrs, pid):
        """Give a guest its image."""
        with open(f'/proc/{pid}/fd/{attrs["image-fd"]}', 'rb') as file:
            self.image, self.start = {}, attrs['start']
            self.random = attrs.get('random', [])
            self.generation = attrs.get('generation')
            self.seals = fcntl.fcntl(file, F_GET_SEALS)
            self.size = os.fstat(file.fileno()).st_size
            for segment in attrs['segment']:
                file.seek(segment['offset'])
                self.image[segment['gpa']] = file.read(segment['size'])
        for one in self.random:
            first, last = one['gpa'] // 4096, (one['gpa'] + one['size'] - 1) // 4096
            assert any(gpa // 4096 <= first and last <= (gpa + len(data) - 1) // 4096
                       for gpa, data in self.image.items()), self.random
        self.state(vm, 'stopped')

    def change(self, command, vm, attrs, pid):
        """The commands that change a guest."""
        name = [key for key, value in STATES.items() if value == vm['state']][0]
        allowed = {'vm-start': 'stopped crashed', 'vm-pause': 'running', 'vm-resume': 'paused',
                   'vm-stop': 'running paused', 'vm-reset': 'running paused',
                   'vm-load': 'created stopped crashed'}
        if name not in allowed.get(command, name).split():
            raise Refused(errno.EBUSY, f'the guest is {name}')
        if command == 'vm-del':
            del self.vms[vm['id']]
            self.event('deleted', vm)
        elif command == 'vm-set':
            vm.update({key: attrs[key] for key in ('weight', 'template') if key in attrs})
            self.event('changed', vm)
        elif command == 'vm-load':
            self.load(vm, attrs, pid)
        elif command == 'vm-stop' and attrs.get('timeout'):
            self.event('stop-asked', vm)
            if self.obedience is not None:
                threading.Timer(self.obedience, self.state, (vm, 'stopped', 'exit', 0)).start()
        else:
            self.state(vm, {'vm-start': 'running', 'vm-pause': 'paused', 'vm-resume': 'running',
                            'vm-stop': 'stopped', 'vm-reset': 'running'}[command],
                       'forced' if command == 'vm-stop' else 'command')
