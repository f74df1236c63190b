#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Every step of loading fails once: each allocation, each registration, and each
# CPU's VMXON and VMLAUNCH.  Nothing may stay demoted, nothing may leak.
. ./lib.sh
leaks=1

insmod keel_probe.ko
walk() {
	step=0
	while :; do
		step=$((step + 1))
		insmod keel.ko fail_step=$step 2> /tmp/err && break
		loaded keel && return 1
		[ -s /tmp/err ] || return 1
		[ "$step" -lt 500 ] || return 1
	done
	rmmod keel
}

cat $probe/state > /tmp/before
# One load beforehand, for caches of the kernel's own.
insmod keel.ko
rmmod keel
check "every step fails cleanly" walk
steps=$((step - 1))
echo "$steps steps"
check "there are steps for memory and for two CPUs" test "$steps" -gt 40
cat $probe/state > /tmp/after
same "registers are as before" "" "$(diff /tmp/before /tmp/after)"
# The first walk has filled caches of the kernel's own; from here on nothing may go.
before=$(free_kib)
walk
after=$(free_kib)
echo "free: $before KiB, then $after KiB"
# 60 failed loads of some 150 KiB each, on the average, would be 9 MiB.
check "nothing leaks" test $((before - after)) -lt 256
check "and it can be loaded" insmod keel.ko
check "and unloaded" rmmod keel
finish
