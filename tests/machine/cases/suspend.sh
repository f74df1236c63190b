#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Sleep: every step of suspend and of hibernation through pm_test, then suspend to
# RAM in earnest, where the CPUs lose all their state.  The emulated machine has
# no interrupt that wakes it from suspend to idle: that goes as far as its devices.
. ./lib.sh

insmod keel_probe.ko
tracing=/sys/kernel/tracing
echo 1 > /sys/module/suspend/parameters/pm_test_delay
insmod keel.ko
echo 1 > $tracing/events/keel/enable
cat $probe/state > /tmp/before

# sleeps STATE : and is demoted again when it is back
sleeps() {
	echo "$1" > /sys/power/state && [ "$(counter demoted)" = "$(nproc)" ]
}

# launched : CPUs demoted since the trace began
launched() {
	grep -c 'keel_demote: .*error=0' $tracing/trace
}

for test in freezer devices platform; do
	echo $test > /sys/power/pm_test
	check "suspend to idle: $test" sleeps freeze
done
same "no CPU has left meanwhile" 0 "$(launched)"
for test in freezer devices platform processors core; do
	echo $test > /sys/power/pm_test
	check "suspend: $test" sleeps mem
done
# The second CPU twice, the first one in the last step
same "CPUs have left and come back" 3 "$(launched)"
echo > $tracing/trace
echo core > /sys/power/pm_test
check "hibernation: core" sleeps disk
same "CPUs have left and come back" 2 "$(launched)"

# The emulated Tiger Lake does not come back from sleep in earnest without Keel either: its
# second CPU gets one clock interrupt after the other.
earnest=yes
! grep -q 'model name.*11th Gen' /proc/cpuinfo || earnest=
[ -n "$earnest" ] || echo "left out on this processor: suspend to RAM"

# The emulated TSCs do not agree after sleep in earnest, and tracing says so.
echo 0 > $tracing/events/keel/enable
echo none > /sys/power/pm_test
if [ -n "$earnest" ]; then
	i=0
	while [ $i -lt 3 ]; do
		sleeps mem || break
		i=$((i + 1))
	done
	same "suspend to RAM" 3 $i
fi
same "VMX is hidden as before" 0 "$(sed -n 's/^cpuid.vmx //p' $probe/vmx)"
cat $probe/state > /tmp/after
same "registers are as before" "" "$(diff /tmp/before /tmp/after)"
check "unload" rmmod keel
[ -n "$earnest" ] || finish

# The boot processor cannot be demoted when it wakes: Linux goes on alone.
insmod keel.ko
echo launch-ctl > $probe/break
mark wake
echo mem > /sys/power/state
echo launch-ok > $probe/break
log_since wake > /tmp/log
check "the log says what was wrong" grep -q 'keel: CPU 0: VMLAUNCH failed' /tmp/log
check "and that Linux is alone" grep -q 'Linux goes on without Keel' /tmp/log
same "no CPU is demoted" 0 "$(counter demoted)"
same "all are there" 0-1 "$(cat /sys/devices/system/cpu/online)"
check "unload" rmmod keel
check "load" insmod keel.ko
same "all CPUs are demoted" "$(nproc)" "$(counter demoted)"
check "unload" rmmod keel
finish
