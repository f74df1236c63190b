# SPDX-License-Identifier: GPL-2.0
"""keelctl's help, man page and completion: they know every command and option."""
import re
import subprocess

from kit import KEELCTL, TOP, test, with_keel

COMPLETE = r'''
. "$1"
command=$2
shift 2
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_keelctl "$command"
printf '%s\0' "${COMPREPLY[@]}"
'''


def complete(machine, *words):
    """What is offered for the last word."""
    done = subprocess.run(['bash', '-c', COMPLETE, 'bash', f'{TOP}/ctl/keelctl.bash-completion', KEELCTL,
                           'keelctl', *words], capture_output=True, check=False, timeout=60,
                          env={'FAKE': machine.folder, 'PATH': '/usr/bin:/bin', 'LC_ALL': 'C.UTF-8'})
    test(f'completion of {words}', not done.stderr, done.stderr)
    return [word for word in done.stdout.decode().split('\0') if word]


def commands(machine):
    """{command: its help}"""
    return {c['name']: machine.json('help', c['name']) for c in machine.json('help')['commands']}


def test_help():
    """help says all."""
    machine = with_keel()
    for name, one in commands(machine).items():
        _, out, _ = machine.run('help', name)
        test(f'help {name}', one['summary'] in out and all(
            f'--{o["name"]}' in out and o['text'] in out for o in one['options']) and
             all(len(line) <= 92 for line in out.splitlines()), out)
        status, same, _ = machine.run(name, '--help')
        test(f'{name} --help', status == 0 and same == out)


def test_manual():
    """The man page has every command with its options, and says nothing of others."""
    with open(f'{TOP}/docs/keelctl.8', encoding='utf-8') as file:
        page = file.read()
    part = page.split('The commands are as follows:')[1].split('.Sh JSON')[0]
    told = {}
    for line in re.findall(r'^\.It (Cm .*)$', part, re.M):
        told.setdefault(line.split()[1], set()).update(re.findall(r'Fl -([a-z0-9]+)', line))
    # an option whose argument is given in words below
    for name, body in re.findall(r'^\.It Cm (\w+)[^\n]*\n(.*?)(?=^\.It Cm |\Z)', part, re.M | re.S):
        told[name] |= set(re.findall(r'^\.It Fl -([a-z0-9]+)', body, re.M))
    known = {name: {o['name'] for o in one['options']} for name, one in commands(with_keel()).items()}
    # what they have in common is told once
    for name, options in known.items():
        if 'id' in options:
            told.get(name, set()).add('id')
        if name == 'load':
            told.get(name, set()).update(known['create'] & options)
    test('the man page has all', told == known, {n: (told.get(n), known.get(n)) for n in {*told, *known}
                                                 if told.get(n) != known.get(n)})
    test('and --id', '.It Fl -id' in page)
    done = subprocess.run(['man', '--warnings=all', '-l', f'{TOP}/docs/keelctl.8'], check=False,
                          capture_output=True, text=True, env={'PATH': '/usr/bin:/bin', 'MANPAGER': 'cat',
                                                               'MANWIDTH': '80', 'LC_ALL': 'C.UTF-8'})
    test('it can be read', done.returncode == 0 and not done.stderr and 'EXIT STATUS' in done.stdout,
         done.stderr)
    json_part = page.split('.Sh JSON')[1].split('.Sh ENVIRONMENT')[0]
    machine = with_keel()
    machine.kernel.add('web', 'running')

    def members(value):
        """All names in it, but for those of counters."""
        for one in value if isinstance(value, list) else [value] if isinstance(value, dict) else []:
            for key, inner in one.items() if isinstance(one, dict) else []:
                yield key
                yield from [] if key == 'counters' else members(inner)
    for args in (['list'], ['stat'], ['status'], ['help'], ['help', 'top'], ['doctor'],
                 ['top', '--count', '1', '--interval', '0.01']):
        for key in sorted(set(members(machine.json(*args)))):
            test(f'the man page has {key} of {args}', re.search(
                fr'^\.(It )?(Va \w+ , )?Va {key}\b', json_part, re.M))


def test_completion():
    """The same of the completion, and names of guests."""
    machine = with_keel()
    known = commands(machine)
    test('commands', sorted(complete(machine, '')) == sorted(known))
    test('of help', sorted(complete(machine, 'help', '')) == sorted(known))
    for name, one in known.items():
        want = {f'--{o["name"]}' for o in one['options']} | {'--json', '--pretty', '--help', '--version'}
        test(f'options of {name}', set(complete(machine, name, '--')) == want,
             complete(machine, name, '--'))
    for word in ('webs', 'last', 'two words', "it's", 'a:b=c', '$(reboot)', 'quote"back\\slash', 'é'):
        machine.kernel.add(word)
    names = [vm['name'].decode() for vm in machine.kernel.vms.values()]
    for name, one in known.items():
        takes = re.match(r'\[?NAME', one['words']) and name != 'create'
        offered = complete(machine, name, '')
        test(f'guests for {name}', ('webs' in offered) == bool(takes) and
             (not takes or len(offered) == len(names)), offered)
        if takes:
            back = subprocess.run(['bash', '-c', 'eval "set -- $0"; printf "%s\\0" "$@"',
                                   ' '.join(offered)], capture_output=True, check=True).stdout.decode()
            test(f'{name}: the shell reads them as they are', back.split('\0')[:-1] == names, back)
    for words, want in ((['start', 'web'], ['webs']), (['start', 'webs', 'two'], ['two\\ words']),
                        (['start', 'two\\ w'], ['two\\ words']), (['start', '"two w'], ['two words']),
                        (['start', "'it"], ["it'\\''s"]), (['start', "it\\'"], ["it\\'s"]),
                        (['start', '"$('], ['\\$(reboot)']), (['start', 'a\\:'], ['a\\:b\\=c']),
                        (['start', 'quote\\"back\\\\'], ['quote\\"back\\\\slash']),
                        (['show', 'webs', ''], []), (['start', 'nobody'], []),
                        (['start', '--id', ''], []), (['wait', 'webs', 'st'], ['stopped']),
                        (['wait', '--timeout', '3', 'webs', 'pa'], ['paused']),
                        (['wait', '--timeout', '=', '3', 'webs', 'd'], ['deleted']),
                        (['cons', 'web'], ['webs']), (['create', 'x', '--memory', ''], []),
                        (['create', 'x', '--kernel', f'{TOP}/docs/keelct'], [f'{TOP}/docs/keelctl.8']),
                        (['create', 'x', '--kernel', '=', f'{TOP}/docs/keelct'], [f'{TOP}/docs/keelctl.8']),
                        (['-j', 'sho'], ['show']), (['share', 'ex'], ['explain']),
                        (['share', 'on', 'web'], ['webs']), (['share', 'on', 'webs', ''], []),
                        (['template', 'webs', 'of'], ['off']), (['clone', 'web'], ['webs']), (['doctor', ''], ['help'])):
        got = complete(machine, *words)
        test(f'completion of {words}', got == want, got)
    machine.kernel.loaded = False
    test('no guests without Keel', complete(machine, 'start', '') == [])


TESTS = (test_help, test_manual, test_completion)
