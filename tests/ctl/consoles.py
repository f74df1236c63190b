# SPDX-License-Identifier: GPL-2.0
"""keelctl console: a pseudo-terminal stands for a guest's tty."""
import os
import pty
import select
import signal
import subprocess
import termios
import time
import tty

from guests import said, until
from kernel import STATES
from kit import test, with_keel


class Line:
    """A guest with a console; what it hears is what the master reads."""

    def __init__(self, state='running'):
        self.machine = with_keel()
        self.kernel = self.machine.kernel
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.name = os.ttyname(slave)
        self.slave = slave      # a line that nobody has open ends
        self.vm = self.kernel.add('web', state)
        self.vm['console'] = 'ttyKEEL1'

    def start(self, *args, **options):
        """keelctl console there."""
        self.machine.write()
        os.makedirs(f'{self.machine.folder}/root/dev', exist_ok=True)
        os.symlink(self.name, f'{self.machine.folder}/root/dev/ttyKEEL1')
        write, self.machine.write = self.machine.write, lambda: None
        child = self.machine.start('console', *args, **options)
        self.machine.write = write
        return child

    def say(self, text):
        """The guest says something."""
        os.write(self.master, text)

    def hears(self, count, seconds=20):
        """What is said to the guest."""
        return read(self.master, count, seconds)


def read(fd, count, seconds=20):
    """So many bytes."""
    got, end = b'', time.monotonic() + seconds
    while len(got) < count and time.monotonic() < end:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                more = os.read(fd, 4096)
            except OSError:
                more = b''
            if not more:
                break
            got += more
    return got


def test_pipe():
    """For scripts: from standard input, to standard output, until the guest has ended."""
    line = Line()
    child = line.start('web', stdin=subprocess.PIPE)
    child.stdin.write(b'one\x1dtwo\n')
    child.stdin.flush()
    test('input, Ctrl-] too', line.hears(8) == b'one\x1dtwo\n')
    line.say(b'first\r\n\xff\0\n')
    test('output', read(child.stdout.fileno(), 10) == b'first\r\n\xff\0\n')
    child.stdin.close()
    time.sleep(0.2)
    line.say(b'second\n')
    test('output after the end of input', read(child.stdout.fileno(), 7) == b'second\n')
    test('it goes on', child.poll() is None)
    line.kernel.state(line.kernel.add('other', 'running'), 'stopped')
    line.kernel.state(line.vm, 'paused')
    line.kernel.state(line.vm, 'running')
    time.sleep(0.2)
    test('and on', child.poll() is None)
    line.say(b'last\n')
    line.kernel.state(line.vm, 'stopped', 'exit', 0)
    out, err = child.stdout.read(), child.stderr.read()
    test('the last words', (child.wait(20), out, err) == (0, b'last\n', b''), out, err)

    line = Line('stopped')
    line.say(b'what was said before\n')
    child = line.start('web')
    test('a guest that does not run', child.stdout.read() == b'what was said before\n' and
         child.wait(20) == 0)
    line = Line()
    child = line.start('web')
    test('it listens', until(lambda: len(line.kernel.members) == 2))
    line.vm['state'] = STATES['crashed']
    line.kernel.lose()
    test('the end was lost', child.wait(20) == 0)
    line = Line()
    child = line.start('web')
    test('it has looked', until(lambda: line.kernel.requests))
    del line.kernel.vms[1]
    line.kernel.event('deleted', line.vm)
    test('deleted', child.wait(20) == 0)
    line = Line()
    child = line.start('web', stdin=subprocess.PIPE)
    data = bytes(range(256)) * 1000
    os.set_blocking(child.stdin.fileno(), False)
    got, left = b'', data
    end = time.monotonic() + 30
    while len(got) < len(data) and time.monotonic() < end:
        try:
            left = left[os.write(child.stdin.fileno(), left):] if left else left
        except BlockingIOError:
            pass
        if select.select([line.master], [], [], 0.01)[0]:
            got += os.read(line.master, 4096)
    test('a guest that hears slowly hears all', got == data, len(got))
    child.kill()
    child.wait()


def test_start():
    """console --start misses nothing."""
    line = Line('stopped')
    line.kernel.hook = lambda command, _: line.say(b'hello\n') if command == 'vm-start' else None
    child = line.start('--start', 'web')
    test('it is started', until(lambda: line.vm['state'] == STATES['running']))
    line.kernel.state(line.vm, 'stopped', 'exit', 0)
    test('and heard', child.stdout.read() == b'hello\n' and child.wait(20) == 0)
    line = Line('created')
    child = line.start('--start', 'web')
    out, err = child.communicate(timeout=20)
    test('it cannot be started', child.returncode == 2 and b'the guest is created' in err and not out,
         err)


def test_terminal():
    """For people: raw, until Ctrl-]."""
    for name, end in (('Ctrl-]', lambda line, child, master: os.write(master, b'bye\x1dno')),
                      ('SIGTERM', lambda line, child, master: child.send_signal(signal.SIGTERM)),
                      ('deleted', lambda line, child, master: (
                          line.kernel.vms.clear(), line.kernel.event('deleted', line.vm)))):
        line = Line()
        master, slave = pty.openpty()
        before = termios.tcgetattr(slave)
        child = line.start('web', stdin=slave, stdout=slave, stderr=slave)
        test(f'{name}: it says how to end it', b'Ctrl-] ends it' in read(master, 40, 10))
        test(f'{name}: raw', until(lambda: not termios.tcgetattr(slave)[3] & (
            termios.ICANON | termios.ECHO | termios.ISIG)))
        os.write(master, b'\x03x')
        test(f'{name}: every key goes to the guest', line.hears(2) == b'\x03x')
        line.say(b'answer')
        test(f'{name}: an answer', b'answer' in read(master, 6))
        line.kernel.state(line.vm, 'stopped')
        time.sleep(0.2)
        test(f'{name}: it stays while there is a guest', child.poll() is None)
        end(line, child, master)
        test(f'{name}: it ends', child.wait(20) == 0)
        test(f'{name}: the terminal is as before', termios.tcgetattr(slave) == before)
        if name == 'Ctrl-]':
            test('what was typed before is heard', line.hears(5, 1) == b'bye')
        os.close(master)
        os.close(slave)


def test_none():
    """Guests without a console."""
    line = Line()
    said('its tty is not there', line.machine, ['console', 'web'], 2, 'console: web: /dev/ttyKEEL1: No such')
    line.vm['console'] = ''
    said('it has none', line.machine, ['console', 'web'], 2, 'web: it has no console')


TESTS = (test_pipe, test_start, test_terminal, test_none)
