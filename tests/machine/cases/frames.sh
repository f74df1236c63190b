#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Pages that Linux donates to root are out of its reach until they come back, on
# every CPU; all come back; and the audit agrees at every step.
. ./lib.sh

insmod keel_probe.ko
audit() { cat $debug/keel/audit; }
attack() { sed -n "s/^$1 //p" /tmp/attack; }

insmod keel.ko reserve=10
rmmod keel
before=$(free_kib)
i=0
while [ $i -lt 3 ]; do
	check "load" insmod keel.ko reserve=3000
	same "donated" 3000 "$(counter donated)"
	check "audit" audit
	cat $probe/attack > /tmp/attack
	check "attacked, all of it" test "$(attack pages)" -gt $((3000 * $(nproc)))
	same "nothing can be read" 0 "$(attack leaks)"
	same "no write gets through" "$(attack writes)" "$(attack refused)"
	check "audit after the attack" audit
	# A CPU that comes up is bound by it too.
	echo 0 > /sys/devices/system/cpu/cpu1/online
	check "audit with one CPU" audit
	echo 1 > /sys/devices/system/cpu/cpu1/online
	cat $probe/attack > /tmp/attack
	same "nor on a CPU that came later" "$(attack writes)" "$(attack refused)"
	check "audit with that CPU" audit
	check "unload" rmmod keel
	i=$((i + 1))
done
after=$(free_kib)
echo "free: $before KiB, then $after KiB"
check "all pages are Linux's again" test $((before - after)) -lt "$(missing 1024)"
finish
