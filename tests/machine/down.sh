#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# down.sh : the machine goes down for good with Keel loaded: power off, reboot by
# triple fault, and a panic while the other CPU goes in and out of root.  The
# emulator has the last word on how it ended and what VMX was.
# KEEL_KERNEL=VERSION (6.1) is the kernel.

set -uo pipefail
top=$(realpath "$(dirname "$0")/../..")
version=${KEEL_KERNEL:-6.1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
gcc -O2 -Wall -static -o "$work/kexec" "$top/tests/machine/kexec.c" || exit 1

# down NAME END COMMAND : what COMMAND does to a demoted machine, and the
# emulator's line about its end
down() {
	"$top/scripts/machine" --kernel "$version" --timeout 60 --emulator-log "$work/log" \
		--add "$work/kexec" -- sh -c "insmod keel.ko && echo loaded; $3; sleep 30; echo alive" \
		> "$work/out" 2> "$work/err"
	if [ "$(cat "$work/out")" = loaded ] && grep -q "$2" "$work/log"; then
		echo "ok $1"
		passed=$((passed + 1))
	else
		echo "not ok $1"
		cat "$work/out" "$work/err" | sed 's/^/# /'
		failed=$((failed + 1))
	fi
}

# vmx_off NAME : of the CPUs' last states in the log, none has CR4.VMXE
vmx_off() {
	if grep -q 'CR4=.* vmx ' "$work/log" && ! grep -q 'CR4=.* VMX ' "$work/log"; then
		echo "ok $1"
		passed=$((passed + 1))
	else
		echo "not ok $1"
		grep 'CR4=' "$work/log" | sed 's/^/# /'
		failed=$((failed + 1))
	fi
}

down "power off" 'soft power off' 'poweroff -f'
vmx_off "power off: VMX is off on all CPUs"
down "reboot" '3rd (13) exception' 'reboot -f'
vmx_off "reboot: VMX is off on all CPUs"
down "panic" '3rd (13) exception' 'taskset 2 ./kexec spin & sleep 1; echo c > /proc/sysrq-trigger'
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
