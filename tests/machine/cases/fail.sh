#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Every step of loading fails once: each allocation, each registration, and each
# CPU's VMXON and VMLAUNCH.  Nothing may stay demoted, nothing may leak.
. ./lib.sh
leaks=1

insmod keel_probe.ko
# Free pages, those among them that wait in the lists of single CPUs: MemFree leaves
# these out, and they come and go by a MiB.  The kernel gives back what modules had
# in its own time: the most of some samples.
free_kib() {
	most=0
	for sample in 1 2 3 4 5 6; do
		echo 3 > /proc/sys/vm/drop_caches
		# KASAN keeps what has been freed, for a while.
		[ -z "$watched" ] || for cache in /sys/kernel/slab/*; do echo 1 > "$cache/shrink"; done
		sleep 1
		now=$(awk '$1 == "pages" && $2 == "free" { n += $3 }
			   $1 == "count:" { n += $2 }
			   END { print n * 4 }' /proc/zoneinfo)
		[ "$now" -le "$most" ] || most=$now
	done
	echo "$most"
}

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
