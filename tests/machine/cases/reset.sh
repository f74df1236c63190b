#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# reset.sh TYPE HOW : the machine is reset in one of its ways, after Linux has shut
# down or without warning, with all CPUs in VMX; it comes up again, and so does Keel.
# Of the emulated ways only port 0xcf9 ("pci") brings it back, with or without Keel, and
# with two TSCs that are as far apart as the reset is from the start: Linux is not to go by them.
#
# needs: kexec
# run: --fresh --append "reboot=pci tsc=unstable" -- pci reboot
# run: --fresh --append "reboot=pci tsc=unstable" -- pci sysrq
. ./lib.sh

# A byte of the clock's memory that a reset leaves alone.
port() { dd bs=1 count=1 2> /tmp/err "$@"; }
index() { printf '\170' | port of=/dev/port seek=112 conv=notrunc; }
scratch() { index; port if=/dev/port skip=113; }

if [ "$(scratch)" != K ]; then
	index
	printf K | port of=/dev/port seek=113 conv=notrunc
	insmod keel.ko
	same "all CPUs demoted" "$(nproc)" "$(counter demoted)"
	# These do not come up again, without Keel either: 2.7's BIOS stops at "Keyboard error:21", and
	# Tiger Lake's second CPU takes one clock interrupt after the other, as after sleep (suspend.sh).
	if emulated_by 2.7 || grep -q 'model name.*11th Gen' /proc/cpuinfo; then
		check "and given back" rmmod keel
		finish
	fi
	# Kernels before 5.11 take it from the command line alone.
	[ ! -e /sys/kernel/reboot/type ] || echo "$1" > /sys/kernel/reboot/type
	taskset 2 ./kexec spin &
	case $2 in
	reboot) reboot -f ;;
	sysrq) taskset 1 sh -c 'echo b > /proc/sysrq-trigger' ;;
	esac
	sleep 10
	not_ok "no reset"
	finish
fi

ok "the machine is there again"
check "Keel loads" insmod keel.ko
same "on all CPUs" "$(nproc)" "$(counter demoted)"
check "and unloads" rmmod keel
finish
