# SPDX-License-Identifier: GPL-2.0
"""What the tests of keelctl share: counting, machines that are made up, and on them
perhaps a made-up kernel.
"""
import json
import os
import shutil
import subprocess
import tempfile

from kernel import Kernel

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
OUT = f'{TOP}/build/ctl-test'
KEELCTL = f'{OUT}/keelctl'
WORK = tempfile.TemporaryDirectory()     # pylint: disable=consider-using-with
passed = failed = 0

# A CPU that Keel can use: name -> MSR, value
WORDS = ['pin', 'proc', 'proc2', 'proc3', 'exit', 'entry']    # as in vmx/ctl.h
MSRS = {'feat_ctl': (0x3a, 5), 'basic': (0x480, 0x00da040000000012),
        'pin': (0x48d, 0xff00000016), 'proc': (0x48e, 0xfffbfffe04006172),
        'exit': (0x48f, 0x1ffffff00036dfb), 'entry': (0x490, 0x3ffff000011fb),
        'misc': (0x485, 0x7004c1e7), 'cr0_0': (0x486, 0x80000021), 'cr0_1': (0x487, 0xffffffff),
        'cr4_0': (0x488, 0x2000), 'cr4_1': (0x489, 0x3767ff),
        'proc2': (0x48b, 0x1bcfff << 32), 'ept_vpid': (0x48c, 0xf0106734141),
        'proc3': (0x492, 0), 'exit2': (0x493, 0), 'vmfunc': (0x491, 1)}
VMX_FLAGS = 'vnmi preemption_timer invvpid ept_1gb ept vpid unrestricted_guest'
INTEL = [(0, 0x16, 0x756e6547, 0x6c65746e, 0x49656e69), (1, 0, 0, 1 << 5, 0),
         (0x80000008, 0x3027, 0, 0, 0)]


def test(name, good, *detail):
    """Count it; say what was seen when it failed."""
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print('not ok', name, *detail)


class Machine:
    """One that Keel can use, with changes."""

    def __init__(self, cpus=2):
        self.folder = tempfile.mkdtemp(dir=WORK.name)
        self.kernel = None
        self.cpus = [{'msr': dict(MSRS), 'cpuid': list(INTEL), 'extra': [],
                      'flags': 'fpu vmx ept vpid', 'vmx flags': VMX_FLAGS} for _ in range(cpus)]
        self.files = {'/sys/devices/system/cpu/online': f'0-{cpus - 1}' if cpus > 1 else '0',
                      '/proc/sys/kernel/modules_disabled': '0',
                      '/sys/module/module/parameters/sig_enforce': 'N',
                      '/sys/kernel/security/lockdown': '[none] integrity confidentiality',
                      '/lib/modules/6.1.0-fake/build/Makefile': '',
                      '/sys/kernel/debug/kvm/halt_exits': '0',
                      '/proc/mounts': 'proc /proc proc rw 0 0\n'
                                      'debugfs /sys/kernel/debug debugfs rw 0 0\n'
                                      'securityfs /sys/kernel/security securityfs rw 0 0'}

    def msr(self, name, value, cpus=None):
        """Change an MSR, on some CPUs or on all."""
        for i in range(len(self.cpus)) if cpus is None else cpus:
            self.cpus[i]['msr'][name] = (MSRS[name][0], value)

    def all(self, **changes):
        """Change something of all CPUs."""
        for cpu in self.cpus:
            cpu.update(changes)

    def write(self):
        """Make the folder, but for the made-up kernel in it."""
        cpuinfo = ''
        shutil.rmtree(f'{self.folder}/root', ignore_errors=True)
        os.makedirs(self.folder, exist_ok=True)
        for i, cpu in enumerate(self.cpus):
            with open(f'{self.folder}/cpu{i}', 'w', encoding='utf-8') as file:
                for leaf in cpu['cpuid']:
                    print('cpuid', *(f'{x:x}' for x in leaf), file=file)
                for number, value in cpu['msr'].values():
                    print(f'msr {number:x} {value:x}', file=file)
                for line in cpu['extra']:
                    print(line, file=file)
            cpuinfo += f'processor\t: {i}\nmodel name\t: fake\nflags\t\t: {cpu["flags"]}\n'
            if cpu['vmx flags'] is not None:
                cpuinfo += f'vmx flags\t: {cpu["vmx flags"]}\n'
            cpuinfo += '\n'
        for path, text in {'/proc/cpuinfo': cpuinfo, **self.files}.items():
            if text is None:
                continue
            path = f'{self.folder}/root{path}'
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text + '\n')

    def run(self, *args, text=True, **options):
        """keelctl there: exit status, standard output, standard error."""
        self.write()
        options = {'stdin': subprocess.DEVNULL, **options}
        if 'input' in options:
            del options['stdin']
        done = subprocess.run([KEELCTL, *args], env={**os.environ, 'FAKE': self.folder},
                              capture_output=True, text=text, check=False, timeout=300, **options)
        return done.returncode, done.stdout, done.stderr

    def start(self, *args, **options):
        """keelctl there, which goes on meanwhile."""
        self.write()
        # pylint: disable=consider-using-with
        return subprocess.Popen([KEELCTL, *args], env={**os.environ, 'FAKE': self.folder},
                                **{'stdin': subprocess.DEVNULL, 'stdout': subprocess.PIPE,
                                   'stderr': subprocess.PIPE, **options})

    def json(self, *args):
        """What keelctl -j prints there, when it succeeds."""
        status, out, err = self.run('-j', *args)
        test(f'keelctl -j {args}', status == 0 and not err, status, out, err)
        return json.loads(out) if out else None

    def boot(self):
        """A kernel there."""
        self.kernel = Kernel(self.folder)
        return self.kernel

    def doctor(self):
        """Exit status, and the report with its rows by their id."""
        status, out, err = self.run('-j', 'doctor')
        report = json.loads(out)
        test('doctor has nothing to complain of', err == '', err)
        report['by'] = {row['id']: row for row in report['requirements']}
        return status, report

    def says(self, name, status, **rows):
        """Check the exit status, and met of some rows; the others are met."""
        got, report = self.doctor()
        met = {i: row['met'] for i, row in report['by'].items() if row['met'] is not True}
        test(name, got == status and met == rows, 'status', got, 'not met:', met)
        for row in report['requirements']:
            test(f'{name}: a remedy with each no', (row['met'] is not False) or row['remedy'], row)
        shutil.rmtree(self.folder)
        return report


def with_keel():
    """A machine on which Keel runs, as it looks then."""
    machine = Machine()
    machine.all(cpuid=[INTEL[0], (1, 0, 0, 0, 0)], msr={'feat_ctl': (0x3a, 1)})
    machine.files.update({
        '/sys/module/keel/initstate': 'live',
        '/sys/kernel/debug/keel/counters': 'demoted\t2\tCPUs on which Linux runs\nmemory\t'
                                           '18446744073709551615\tbytes\nnew\t7\tunheard of',
        '/sys/kernel/debug/keel/exits': '# exits\ncpu\treason\tcount\tticks\tdescription\n'
                                        '0\txsetbv\t1\t10\tXSETBV "x"\n0\tcpuid\t3\t100\tCPUID\n'
                                        '1\tcpuid\t4\t200\tCPUID'})
    machine.boot()
    return machine
