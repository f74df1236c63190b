# SPDX-License-Identifier: GPL-2.0
"""keelctl share, against the made-up kernel."""
from guests import said
from kit import test, with_keel

PAGES = {'pages-sharing': 11, 'pages-zero': 12, 'pages-volatile': 13, 'pages-unshared': 14,
         'pages-capped': 15, 'pages-unindexed': 16, 'pages-huge': 18, 'pages-excluded': 17,
         'pages-untouched': 140, 'pages-total': 256}
WHY = {'off': 1, 'stopped': 2, 'young': 3, 'waiting': 4}


def test_limits():
    """What all guests may take, and what it has come to."""
    machine = with_keel()
    kernel = machine.kernel
    kernel.sharing = {'pages-shared': 100, 'pages-sharing': 300, 'overhead': 8192, 'budget': 20,
                      'pace': 5, 'rate': 1000, 'cap': 7, 'reserve': 21, 'short': 2,
                      'pages-unshared': 1 << 40, 'splits': 8, 'collapses': 9}
    got = machine.json('share')
    test('in all', (got['saved'], got['pages_shared'], got['budget'], got['pace'], got['rate'], got['cap'],
                    got['reserve'], got['short'], got['pages_unshared'], got['breaks'], got['splits'], got['collapses']) ==
         (300 * 4096 - 8192, 100, 20, 5, 1000, 7, 21, 2, 1 << 40, 0, 8, 9), got)
    said('for people', machine, ['share'], 0, out='          1000  rate           pages a second')
    for what, value in (('budget', 30), ('rate', 0), ('rate', 5000), ('cap', 9)):
        said(f'{what} {value}', machine, ['share', what, str(value)], 0, out='')
        test('is asked for', kernel.requests[-1] == ('share-set', {what: value}), kernel.requests[-1])
    for words in (['rate'], ['rate', 'fast'], ['rate', '-1'], ['rate', '4294967296'], ['budget', '1.5'],
                  ['scan', 'web'], ['on'], ['haste', '3'], ['domain', 'web']):
        said(f'{words}', machine, ['share', *words], 1, 'keelctl: share: ', out='')
    kernel.add('web')
    said('on, in a domain', machine, ['share', 'on', 'web', '--domain', '4'], 0, out='')
    test('both at once', kernel.requests[-1] == (
        'share-set', {'name': b'web', 'enable': 1, 'domain': 4}), kernel.requests[-1])
    said('off', machine, ['share', 'off', '--id', '1'], 0, out='')
    said('a scan', machine, ['share', 'scan', '--wait'], 0, out='')
    test('it waits', kernel.requests[-1] == ('share-get', {}), kernel.requests[-3:])
    said('of nobody', machine, ['share', 'on', 'nobody'], 2, 'share: nobody: name: there is no guest')


def test_explain():
    """Every page of a guest, and why none is looked at."""
    machine = with_keel()
    kernel = machine.kernel
    kernel.add('web', 'running')
    kernel.shares[1] = {'enable': 1, 'domain': 3, 'merged': 5, 'breaks': 6, **PAGES}
    got = machine.json('share', 'explain', 'web')
    test('as JSON', got == {
        'id': 1, 'name': 'web', 'on': True, 'why': None, 'domain': 3, 'shared': 11, 'zero': 12,
        'volatile': 13, 'unshared': 14, 'capped': 15, 'unindexed': 16, 'huge': 18, 'excluded': 17,
        'untouched': 140, 'total': 256, 'merged': 5, 'breaks': 6}, got)
    _, out, _ = said('for people', machine, ['share', 'explain', 'web'], 0, out='web  shares\n')
    numbers = [int(line.split()[0]) for line in out.splitlines()[2:12]]
    test('the sum is below', sum(numbers[:9]) == numbers[9], out)
    for name, number in WHY.items():
        kernel.shares[1]['why'] = number
        test(name, machine.json('share', 'explain', 'web')['why'] == name)
    said('young', machine, ['share', 'explain', 'web'], 0, out='web  is to share: no pass')
    kernel.shares[1]['why'] = 77
    said('of a later kernel', machine, ['share', 'explain', 'web'], 0, out='for a reason unknown')


TESTS = (test_limits, test_explain)
