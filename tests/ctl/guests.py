# SPDX-License-Identifier: GPL-2.0
"""keelctl's commands about guests, against the made-up kernel."""
import errno
import json
import os
import pty
import select
import signal
import struct
import time

from kernel import EVENTS, STATES, Refused, attribute
from kit import Machine, test, with_keel

ODD = ['two words', 'quote"back\\slash', 'tab\there', 'line\nfeed', 'é', '$(reboot)', '-x',
       '\u202egnp', 'help', "it's", '007']


def said(name, machine, args, status, err='', out=None):
    """Run it: its exit status, and what it says."""
    got = machine.run(*args)
    test(name, got[0] == status and (err in got[2] if err else not got[2]) and
         (out is None or out in got[1]) and 'runtime error' not in got[2], args, *got)
    return got


def lines(child, count, seconds=20):
    """The first lines of a program that goes on."""
    got, end = b'', time.monotonic() + seconds
    while got.count(b'\n') < count and time.monotonic() < end:
        if select.select([child.stdout], [], [], 0.1)[0]:
            more = os.read(child.stdout.fileno(), 4096)
            got += more
            if not more:
                break
    return got.decode().splitlines()


def until(condition, seconds=20):
    """Wait for it; is it true?"""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def test_life():
    """From create to destroy."""
    machine = with_keel()
    kernel = machine.kernel
    said('create', machine, ['create', 'web', '--memory', '128M', '--cpus=2', '--weight', '50'], 0,
         out='')
    test('what was asked for', kernel.requests[0] == ('vm-new', {
        'name': b'web', 'memory': 128 << 20, 'vcpus': 2, 'weight': 50}), kernel.requests)
    said('of the same name', machine, ['create', 'web', '--memory', '1M'], 2,
         'keelctl: create: name: there is a guest of this name\n')
    made = machine.json('create', 'db', '--memory', '1GiB')
    test('the rest is left to the kernel', kernel.requests[-1] == ('vm-new', {
        'name': b'db', 'memory': 1 << 30}), kernel.requests)
    test('create as JSON', {**made, 'created': 0} == {
        'id': 2, 'name': 'db', 'state': 'created', 'reason': None, 'detail': None,
        'memory': 1 << 30, 'vcpus': 1, 'weight': 100, 'created': 0, 'started': None,
        'template': False, 'huge': False, 'console': 'ttyKEEL2', 'threads': []} and made['created'] > 0, made)
    test('show says the same', machine.json('show', 'db') == made)
    test('by id, too', machine.json('show', '--id', '2') == made)
    large = machine.json('create', 'large', '--memory', '4M', '--huge')
    test('with large pages', kernel.requests[-1] == ('vm-new', {
        'name': b'large', 'memory': 4 << 20, 'huge': True}) and large['huge'] is True, (kernel.requests[-1], large))
    said('shown', machine, ['show', 'large'], 0, out='huge     yes')
    said('not with a size', machine, ['create', 'other', '--memory', '4M', '--huge=2M'], 1, 'huge')
    said('gone', machine, ['destroy', 'large'], 0)
    said('without an image', machine, ['start', 'web'], 2, 'start: web: the guest is created')
    for vm in kernel.vms.values():
        vm['state'] = STATES['stopped']
    for args, states in ((['start', 'web', 'db'], 'running running'), (['pause', 'web'], 'paused running'),
                         (['resume', '--id', '1'], 'running running'),
                         (['reset', 'web', 'db'], 'running running'),
                         (['stop', '--timeout', '0', 'web', 'db'], 'stopped stopped')):
        said(' '.join(args), machine, args, 0, out='')
        got = machine.json('list')['guests']
        test(f'{args}: states', [g['state'] for g in got] == states.split(), got)
    said('set', machine, ['set', 'db', '--weight', '200'], 0)
    test('its weight', machine.json('show', 'db')['weight'] == 200)
    said('one is refused', machine, ['start', 'nobody', 'db'], 2,
         'keelctl: start: nobody: name: there is no guest of this name\n')
    test('and the other one is started all the same', kernel.vms[2]['state'] == STATES['running'])
    said('destroy', machine, ['destroy', 'web', '--id'], 1, "'web' is no number")
    said('destroy them', machine, ['destroy', 'web', 'db'], 0)
    test('there are none', machine.json('list') == {'guests': []} and not kernel.vms)


def test_clones():
    """Guests that are where another one is."""
    machine = with_keel()
    kernel = machine.kernel
    kernel.add('web', 'running')
    said('clone', machine, ['clone', 'web', 'copy'], 0, out='')
    test('it runs', kernel.requests[-1] == ('vm-clone', {'name': b'web', 'clone': b'copy', 'run': True}) and
         machine.json('show', 'copy')['state'] == 'running', kernel.requests)
    made = machine.json('clone', '--id', '1', 'more', '--count', '3', '--paused')
    test('many, by id', kernel.requests[-1] == ('vm-clone', {'id': 1, 'clone': b'more', 'count': 3}),
         kernel.requests)
    test('clone as JSON', made['name'] == 'more-1' and made == machine.json('show', 'more-1'), made)
    test('each of them', [g['name'] for g in machine.json('list')['guests'] if g['state'] == 'paused'] ==
         ['more-1', 'more-2', 'more-3'])
    said('a name that is taken', machine, ['clone', 'web', 'more', '--count', '2'], 2,
         'keelctl: clone: web: name: there is a guest of this name\n')
    said('of nobody', machine, ['clone', 'nobody', 'x'], 2, 'there is no guest of this name')
    said('a count', machine, ['clone', 'web', 'x', '--count', '-1'], 1, 'is no number')
    said('no name', machine, ['clone', 'web'], 1, 'usage: keelctl clone NAME NEW')
    said('a long name', machine, ['clone', 'web', 'x' * 5000], 1, 'as long as that')
    said('template', machine, ['template', 'more-1'], 0, out='')
    test('it is one', kernel.requests[-1] == ('vm-set', {'name': b'more-1', 'template': 1}) and
         machine.json('show', 'more-1')['template'] is True, kernel.requests)
    said('shown', machine, ['show', 'more-1'], 0, out='template yes')
    said('template off', machine, ['template', '--id', str(made['id']), 'off'], 0, out='')
    test('it is none', machine.json('show', 'more-1')['template'] is False)
    said('template on', machine, ['template', 'more-1', 'on'], 0, out='')
    said('template what', machine, ['template', 'more-1', 'perhaps'], 1, "neither 'on' nor 'off'")
    said('template of nobody', machine, ['template', 'nobody'], 2, 'template: nobody: name: there is no')


def test_numbers():
    """Sizes, counts, times: taken whole, or not at all."""
    machine = with_keel()
    kernel = machine.kernel
    for number, (text, size) in enumerate((
            ('4096', 4096), ('64K', 65536), ('64KiB', 65536), ('1M', 1 << 20), ('2MiB', 2 << 20),
            ('3G', 3 << 30), ('1TiB', 1 << 40), ('1m', 1 << 20), ('0x1000', 4096),
            ('8192B', 8192), ('16777215T', 16777215 << 40))):
        said(f'size {text}', machine, ['create', str(number), '--memory', text], 0)
        test(f'{text} is {size}', kernel.requests[-1][1]['memory'] == size, kernel.requests[-1])
    count = len(kernel.requests)
    for text in ('', '1.5G', '-1', '+1', ' 1M', '1M ', '1MB', '1KB', '1Mi', '12X', 'M', '0x', '1 M',
                 '18446744073709551616', '16777216T', '99999999999999999999', '1MM', '1e3', '1,5M',
                 '010M0'):
        said(f'size {text!r}', machine, ['create', 'x', '--memory', text], 1, 'is no size')
    for text in ('-1', '4294967296', '1.0', '', '2x', '0x2'):
        said(f'cpus {text!r}', machine, ['create', 'x', '--memory', '1M', '--cpus', text], 1,
             'is no number')
    kernel.add('web', 'running')
    for text in ('-1', '1.', '.5', '1.2345', '2000001', 'x', '', '1s', 'inf', '1e1'):
        said(f'time {text!r}', machine, ['stop', 'web', '--timeout', text], 1, 'is no time')
    test('none was asked for', len(kernel.requests) == count, kernel.requests[count:])
    kernel.obedience = None
    for text, ms in (('10', 10000), ('0.5', 500), ('1.25', 1250), ('0.001', 1), ('2000000', 2000000000)):
        kernel.vms[max(kernel.vms)]['state'] = STATES['running']
        said(f'time {text}', machine, ['stop', 'web', '--timeout', text], 0)
        test(f'{text} is {ms}', kernel.requests[-1][1]['timeout'] == ms, kernel.requests[-1])
    kernel.vms[max(kernel.vms)]['state'] = STATES['running']
    said('stop', machine, ['stop', 'web'], 0)
    test('10 seconds if not said', kernel.requests[-1][1]['timeout'] == 10000)


def test_line():
    """Command lines that cannot be understood change nothing."""
    machine = with_keel()
    for args, err in ((['create'], 'usage: keelctl create NAME'), (['create', 'x'], '--memory is missing'),
                      (['create', 'x', 'y', '--memory', '1M'], 'usage'),
                      (['create', 'x', '--memory'], 'requires an argument'),
                      (['create', 'x', '--memory', '1M', '--start'], '--start goes with --kernel'),
                      (['create', 'x', '--memory', '1M', '--arg', '1'], 'go with --kernel'),
                      (['create', 'x', '--memory', '1M', '--wait'], 'unrecognized option'),
                      (['create', 'x', '--memory', '1M', '--initrd', 'x'], '--cmdline go with --kernel'),
                      (['create', 'x', '--memory', '1M', '--cmdline', 'x'], '--cmdline go with --kernel'),
                      (['load', 'x'], '--kernel is missing'), (['set', 'x'], 'nothing to set'),
                      (['start'], 'usage: keelctl start NAME'), (['show'], 'usage'),
                      (['show', 'a', 'b'], 'usage'), (['list', 'x'], "list takes no 'x'"),
                      (['wait', 'x'], 'usage'), (['wait', 'x', 'dancing'], 'is no state'),
                      (['show', '--id', 'x'], 'is no number'), (['st', 'x'], 'can be'),
                      (['show', 'x' * 5000], 'as long as that'),
                      (['top', '--count', '0'], 'at least 1'), (['top', '--interval', '0'], 'at least')):
        said(f'keelctl {args}', machine, args, 1, err, out='')
    test('nothing has come of it', not machine.kernel.requests, machine.kernel.requests)


def test_refusals():
    """What the kernel says, and what it does not."""
    machine = with_keel()
    kernel = machine.kernel
    create = ['create', 'x', '--memory', '1M', '--cpus', '99']
    span = attribute(3, struct.pack('=HHQ', 12, 1, 1))[4:]
    policy = attribute(4 | 0x8000, attribute(4, struct.pack('=Q', 1)) + attribute(5, struct.pack('=Q', 16)))
    assert span
    for name, no, err in (
            ('a text', Refused(errno.EINVAL, 'the moon is full'), 'create: the moon is full\n'),
            ('a text and its attribute', Refused(errno.ERANGE, 'integer out of range', 'vcpus'),
             'create: vcpus: integer out of range\n'),
            ('an attribute that is named already', Refused(errno.EINVAL, 'vcpus: no', 'vcpus'),
             'create: vcpus: no\n'),
            ('a range', Refused(errno.ERANGE, 'integer out of range', 'vcpus', policy),
             'create: vcpus: integer out of range: it has to be 1 to 16\n'),
            ('no text', Refused(errno.ENOSPC), 'create: No space left on device\n'),
            ('an attribute without a text', Refused(errno.EINVAL, None, 'memory'),
             'create: memory: Invalid argument\n'),
            ('not root', Refused(errno.EPERM), 'create: only root may do this\n'),
            ('a broken attribute', Refused(errno.EINVAL, 'so', None, b'\x03\0\x01\0'), 'create: ')):
        kernel.refuse = {'vm-new': no}
        said(name, machine, create, 2, err, out='')
    kernel.refuse = {'status-get': Refused(errno.EPERM)}
    status, out, err = machine.run('-j', 'status')
    test('status when not root', status == 0 and json.loads(out)['guests'] is None and
         'only root' in err, status, out, err)
    kernel.refuse = {}
    kernel.why_not = 'no INVEPT'
    test('no guests on this machine', machine.json('status')['guests'] == {
        'all': 0, 'running': 0, 'possible': False, 'reason': 'no INVEPT'})
    said('told to people', machine, ['status'], 0, out='no INVEPT')

    kernel.loaded = False
    said('no family, but a module', machine, ['list'], 2, 'initial network namespace')
    machine.files['/sys/module/keel/initstate'] = None
    for args in (['list'], ['show', 'x'], ['start', 'x'], ['stop', 'x'], ['create', 'x', '--memory', '1M'],
                 ['monitor'], ['stat'], ['top', '--count', '1'], ['wait', 'x', 'running'],
                 ['console', 'x'], ['set', 'x', '--weight', '1'], ['unload']):
        said(f'{args} without Keel', machine, args, 2, 'Keel is not loaded', out='')


def test_lists():
    """Tables and JSON, whatever guests are called; dumps that are disturbed."""
    machine = with_keel()
    kernel = machine.kernel
    for name in ODD:
        kernel.add(name)
    kernel.state(kernel.vms[1], 'running')
    kernel.state(kernel.vms[2], 'crashed', 'outside', 0x12345)
    kernel.state(kernel.vms[3], 'stopped', 'exit', 7)
    kernel.vms[4]['name'] = b'\xff\xc0\xaf\xed\xa0\x80\xc2\x9b'
    kernel.vms[5]['state'] = 77
    got = machine.json('list')['guests']
    test('names as JSON', [g['name'] for g in got] ==
         ODD[:3] + ['\ufffd' * 6 + '\x9b'] + ODD[4:], [g['name'] for g in got])
    test('states as JSON', [g['state'] for g in got[:6]] == [
        'running', 'crashed', 'stopped', 'stopped', '77', 'stopped'], got)
    test('reasons as JSON', [(g['reason'], g['detail']) for g in got[:4]] == [
        ('command', None), ('outside', 0x12345), ('exit', 7), (None, None)], got)
    test('threads', got[0]['threads'] == [100] and got[1]['threads'] == [], got)
    _, out, _ = machine.run('list')
    rows = out.splitlines()
    test('a line for each', len(rows) == len(ODD) + 1 and '\t' not in out and '\033' not in out, out)
    for text in ('"two words" ', '"quote\\"back\\\\slash"', '"tab\\there"', ' 77 ',
                 '"\\xff\\xc0\\xaf\\xed\\xa0\\x80\\xc2\\x9b"', ' é ', '"\\xe2\\x80\\xaegnp"',
                 'outside 0x12345', 'exit 7'):
        test(f'{text} is in the table', text in out, out)
    test('columns are in line', len({row.index('ttyKEEL') for row in rows[1:]}) == 1, out)
    status, out, _ = machine.run('list', '--null', text=False)
    test('--null', status == 0 and out.split(b'\0')[:-1] == [vm['name'] for vm in kernel.vms.values()],
         out)
    for name in ODD[:3] + ODD[5:]:
        args = ['show', '--', name]
        test(f'show {name!r}', machine.json(*args)['name'] == name)
    test('a guest may be called help', machine.json('show', 'help')['name'] == 'help')
    _, out, _ = machine.run('show', 'tab\there')
    test('show for people', 'stopped (exit 7)' in out and '1M (1048576 bytes)' in out, out)

    kernel.interrupt = 2
    got = machine.json('list')['guests']
    test('a disturbed list begins anew', [g['id'] for g in got] == list(kernel.vms), got)
    kernel.interrupt = 10 ** 6
    for number in range(60):
        kernel.add(f'more{number}')
    said('and not for ever', machine, ['list'], 2, 'come and go too fast', out='')
    kernel.interrupt = 0
    kernel.dump_error = Refused(errno.ENOMEM, 'no room')
    said('an error at the end of a list', machine, ['list'], 2, 'list: no room', out='')


def test_wait():
    """wait, and stop --wait."""
    machine = with_keel()
    kernel = machine.kernel
    web = kernel.add('web', 'running')
    said('it is so already', machine, ['wait', 'web', 'running'], 0)
    begin = time.monotonic()
    said('in vain', machine, ['wait', '--timeout', '0.3', 'web', 'stopped'], 3, 'in time', out='')
    test('as long as was said', 0.3 <= time.monotonic() - begin < 10)
    said('for nobody', machine, ['wait', 'nobody', 'stopped'], 2, 'no guest of this name')
    said('until nobody is gone', machine, ['wait', 'nobody', 'deleted'], 0)

    def later(args, *events, status=0, err=''):
        child = machine.start('wait', *args)
        test('it listens', until(lambda: any(group == 9 for _, group in kernel.members)))
        kernel.state(other, 'running')
        kernel.state(other, args[-1] if args[-1] in STATES else 'stopped')
        time.sleep(0.2)
        test(f'{args}: it waits, whatever others do', child.poll() is None)
        for event in events:
            event()
        try:
            got = child.communicate(timeout=20)
        finally:
            child.kill()
        test(f'wait {args}', child.returncode == status and err in got[1].decode(),
             child.returncode, got)

    other = kernel.add('other', 'running')
    later(['web', 'stopped'], lambda: kernel.state(web, 'stopped', 'exit', 0))
    kernel.state(web, 'running')
    later(['--timeout', '20', 'web', 'paused'], lambda: kernel.state(web, 'paused'),
          lambda: kernel.state(web, 'running'))
    later(['--id', '1', 'crashed'], lambda: (web.update(state=STATES['crashed']), kernel.lose()))

    def delete():
        with kernel.lock:
            del kernel.vms[1]
            kernel.event('deleted', web)
    later(['web', 'deleted'], delete)
    kernel.vms[1] = web
    kernel.state(web, 'running')
    later(['web', 'stopped'], delete, status=2, err='it was deleted')
    kernel.vms[1] = web
    later(['web', 'stopped'], kernel.unload, status=2, err='Keel was unloaded')
    kernel.loaded = True

    kernel.state(other, 'running')
    said('stop --wait', machine, ['stop', '--wait', 'web', 'other'], 0)
    test('they have stopped', web['state'] == other['state'] == STATES['stopped'])
    test('both were asked before the first was waited for', [r[0] for r in kernel.requests if r[0] in (
        'vm-stop', 'vm-get')][-4:][:2] == ['vm-stop', 'vm-stop'] or
        [r[0] for r in kernel.requests][-6:][:2] == ['vm-stop', 'vm-stop'], kernel.requests[-6:])


def test_monitor():
    """monitor, for people and for programs."""
    machine = with_keel()
    kernel = machine.kernel
    web = kernel.add('web 1')
    child = machine.start('-j', 'monitor')
    test('it listens', until(lambda: len(kernel.members) == 2))
    kernel.state(web, 'running')
    kernel.state(web, 'crashed', 'shutdown')
    kernel.event('tamper', None, **{'tamper-address': 0x1234000, 'tamper-cpu': 1})
    kernel.lose()
    got = [json.loads(line) for line in lines(child, 4)]
    test('a line for each', len(got) == 4, got)
    test('events as JSON', [g['event'] for g in got] == ['state', 'state', 'tamper', 'lost'] and
         got[1]['guest']['reason'] == 'shutdown' and got[0]['guest']['state'] == 'running' and
         got[0]['guest']['name'] == 'web 1' and got[2]['address'] == 0x1234000 and
         got[2]['cpu'] == 1 and all(abs(g['time'] / 1e9 - time.time()) < 60 for g in got), got)
    kernel.event('stop-asked', web)
    test('it goes on when some were lost', [json.loads(line)['event'] for line in lines(child, 1)] ==
         ['stop-asked'])
    kernel.unload()
    _, err = child.communicate(timeout=20)
    test('it ends with Keel', child.returncode == 2 and b'Keel was unloaded' in err, err)
    kernel.loaded = True
    child = machine.start('monitor')
    test('it listens again', until(lambda: len(kernel.members) == 2))
    for event in EVENTS:
        kernel.event(event, web)
    got = lines(child, len(EVENTS))
    child.send_signal(signal.SIGINT)
    child.wait()
    test('for people', [line.split()[2] for line in got] == list(EVENTS) and
         '"web 1"  crashed (shutdown)' in got[1], got)


def test_unload():
    """unload, and who is in its way."""
    machine = with_keel()
    kernel = machine.kernel
    kernel.add('web')
    kernel.add('two words')
    said('guests are told', machine, ['unload'], 2, 'there are 2 guests: web, "two words"')
    test('it is still there', not os.path.exists(f'{machine.folder}/unloaded'))
    for number in range(20):
        kernel.add(f'more{number}')
    said('not all of them', machine, ['unload'], 2, 'more7 and 12 more')
    kernel.vms.clear()
    for err, text in ((errno.EWOULDBLOCK, 'in use'), (errno.EPERM, 'only root'),
                      (errno.ENOSYS, 'not implemented')):
        with open(f'{machine.folder}/unload', 'w', encoding='utf-8') as file:
            file.write(str(err))
        said(f'unload fails with {err}', machine, ['unload'], 2, text)
    os.unlink(f'{machine.folder}/unload')
    said('unload', machine, ['unload'], 0)
    test('it is gone', os.path.exists(f'{machine.folder}/unloaded'))


def counters(scale=1):
    """A guest's vCPUs, which have done so much."""
    return {'vcpu': [{'index': i, 'thread': 100 + i, 'cpu-time': scale * 10 ** 9, 'runs': 5 * scale,
                      'return': [{'name': 'hlt', 'count': 2 * scale}],
                      'exit': [{'name': 'CPUID', 'count': 10 * scale, 'ticks': 100 * scale},
                               {'name': 'x' * 60, 'count': i, 'ticks': 1}],
                      'refused': 4 * scale * i, **({}, {'refused-msr': 0x8c},
                                                   {'refused-msr': 0x8d, 'refused-write': True})[i]}
                     for i in range(3)]}


def test_stat():
    """stat, for one and for all."""
    machine = with_keel()
    kernel = machine.kernel
    kernel.add('web', 'running')
    kernel.add('idle')
    kernel.stats[1] = counters()
    both, one = machine.json('stat')['guests'], machine.json('stat', 'web')['guests']
    test('a guest in more than one message', both[:1] == one and len(both) == 2 and
         both[1]['vcpus'] == [] and both[1]['name'] == 'idle', both)
    test('stat as JSON', {**one[0], 'vcpus': None} == {
        'id': 1, 'name': 'web', 'mapped': 8192, 'cloned': 1 << 14, 'zero': 4096,
        'huge': 1 << 21, 'splits': 5, 'collapses': 6,
        'tables': 12288, 'pool': 65536,
        'shared': 20480, 'spare': 24576, 'reserve': 28672, 'short': 3, 'starved': 4,
        'filled': 1 << 20, 'read_touches': 1, 'write_touches': 2, 'vcpus': None} and
        one[0]['vcpus'][2] == {'index': 2, 'thread': 102, 'cpu_time': 10 ** 9, 'runs': 5,
                               'returns': [{'name': 'hlt', 'count': 2}],
                               'exits': [{'name': 'CPUID', 'count': 10, 'ticks': 100},
                                         {'name': 'x' * 39, 'count': 2, 'ticks': 1}],
                               'refused_msrs': 8, 'last_refused': 'wrmsr 0x8d'} and
        one[0]['vcpus'][0]['last_refused'] is None and one[0]['vcpus'][1]['last_refused'] == 'rdmsr 0x8c', one)
    _, out, _ = machine.run('stat', '--id', '1')
    test('vCPUs are added up', '            30             300  CPUID\n' in out and
         '            12  refused_msrs   accesses to MSRs that there are not, at last wrmsr 0x8d\n' in out and
         '    3000000000  cpu_time' in out, out)
    _, out, _ = machine.run('stat')
    test('a line for each', [line.split()[1] for line in out.splitlines()] == ['NAME', 'web', 'idle'] and
         '3.00 s' in out, out)
    said('of nobody', machine, ['stat', 'nobody'], 2, 'stat: nobody: name: there is no guest')


def test_top():
    """top, in a pipe and on a terminal."""
    machine = with_keel()
    kernel = machine.kernel
    kernel.add('idle')
    web = kernel.add('web', 'running')
    looks = []

    def hook(command, _):
        if command == 'stat-get':
            looks.append(time.monotonic())
            kernel.stats[web['id']] = counters(len(looks))
    kernel.hook = hook
    child = machine.start('-j', 'top', '--count', '2', '--interval', '0.5')
    out, err = child.communicate(timeout=60)
    got = [json.loads(line) for line in out.splitlines()]
    test('two samples', child.returncode == 0 and not err and len(got) == 2 and len(looks) == 3,
         out, err)
    rates = got[0]['guests'][0]
    took = got[0]['interval'] / 1e9
    test('the busiest first, per second', [g['name'] for g in got[0]['guests']] == ['web', 'idle'] and
         0.5 <= took < 20 and abs(rates['cpu_ns'] - 3e9 / took) < 1e8 / took and
         abs(rates['exits'] - 30 / took) < 2 and abs(rates['returns'] - 6 / took) < 2 and
         rates['touches'] == 0, got[0])
    test('by reason', got[0]['exits'][0]['name'] == 'CPUID' and
         abs(got[0]['exits'][0]['count'] - 30 / took) < 2, got[0])
    looks.clear()
    _, out, _ = machine.run('top', '--count', '1', '--interval', '0.1')
    test('for people', '2 guests, 1 running' in out and 'EXITS/s' in out and '\033' not in out, out)
    master, slave = pty.openpty()
    child = machine.start('top', '--interval', '0.05', stdin=slave, stdout=slave)
    os.close(slave)
    out = b''
    while out.count(b'EXITS/s') < 3:
        out += os.read(master, 4096)
    os.write(master, b'q')
    while child.poll() is None:
        if select.select([master], [], [], 0.1)[0]:
            try:
                out += os.read(master, 4096)
            except OSError:
                break
    test('q ends it on a terminal', child.wait(20) == 0 and out.count(b'\033[H\033[J') >= 3 and
         b'\033[?25l' in out, out)
    os.close(master)


def test_nobody():
    """A machine without any kernel to talk to is refused, too."""
    machine = Machine()
    machine.files['/sys/module/keel/initstate'] = 'live'
    said('no netlink', machine, ['list'], 2, 'netlink: ', out='')


TESTS = (test_life, test_clones, test_numbers, test_line, test_refusals, test_lists, test_wait, test_monitor,
         test_unload, test_stat, test_top, test_nobody)
