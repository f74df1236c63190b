#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# NMIs to a CPU that exits all the time, from another CPU, from itself, and as
# the kernel's own backtraces: none lost, none doubled.
. ./lib.sh

insmod keel_probe.ko
insmod keel.ko
before=$(exits CPUID)
cat $probe/nmi > /tmp/nmi
cat /tmp/nmi
nmi() { sed -n "s/^$1 //p" /tmp/nmi; }
same "no NMI lost" 0 "$(nmi lost)"
same "none doubled" "$(nmi sent)" "$(nmi got)"
# On some kernels an NMI takes the other CPU longer than the pause before the next.
check "the other CPU went through root meanwhile" \
	test $(($(exits CPUID) - before)) -gt $(($(nmi sent) / 2))

# Backtraces: each wants an answer from the other CPU by NMI, in time.
mark backtraces
probe=$probe taskset 2 sh -c 'while :; do cat $probe/vmx > /dev/null; done' &
loop=$!
i=0
while [ $i -lt 20 ]; do
	taskset 1 sh -c 'echo l > /proc/sysrq-trigger'
	i=$((i + 1))
done
kill $loop
same "every backtrace came" 20 "$(log_since backtraces | grep -c 'NMI backtrace for cpu 1')"
dmesg -c > /dev/null	# they have call traces, as they should
echo "keel-case begins" > /dev/kmsg
check "unload" rmmod keel
finish
