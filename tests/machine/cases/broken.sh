#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Keel broken from outside: an exit that should not happen, from the kernel and
# from user space, and VM entries that fail.  Linux must survive, the log must
# say what happened, and Keel must be loadable again.
#
# needs: touch-bios
. ./lib.sh

insmod keel_probe.ko
cat $probe/state > /tmp/before

launch() {
	mark "$1"
	echo "$1" > $probe/break
	if insmod keel.ko 2> /tmp/err; then not_ok "$1: it loads"; else ok "$1: the load fails"; fi
	check "$1: with I/O error" grep -q 'I/O error\|Input/output error' /tmp/err
	echo launch-ok > $probe/break
	log_since "$1" > /tmp/log
	check "$1: the log names it" grep -q "$2" /tmp/log
	check "$1: and the rule" grep -q "$3" /tmp/log
	cat $probe/state > /tmp/after
	same "$1: registers are as before" "" "$(diff /tmp/before /tmp/after)"
	check "$1: Keel loads" insmod keel.ko
	same "$1: on all CPUs" "$(nproc)" "$(counter demoted)"
	check "$1: and unloads" rmmod keel
}

touch_page() { dd if=/dev/mem of=/dev/null bs=4096 skip=240 count=1 2> /dev/null; }

echo launch-ept > $probe/break
insmod keel.ko
mark ept
check "kernel: the access goes through" touch_page
check "kernel: the log has the VMCS" until_log ept 'keel: .*VMCS HOST_RIP'
log_since ept > /tmp/log
check "kernel: the log has the exit" grep -q 'keel: .*unexpected exit 49' /tmp/log
check "kernel: and the way back" grep -q 'keel: .*given back to Linux' /tmp/log
same "kernel: one dump" 1 "$(counter dumps)"
check "unload" rmmod keel
cat $probe/state > /tmp/after
same "kernel: registers are as before" "" "$(diff /tmp/before /tmp/after)"

insmod keel.ko
mark ept2
check "user: the access goes through" ./touch-bios
check "user: the log has the VMCS" until_log ept2 'keel: .*VMCS HOST_RIP'
log_since ept2 > /tmp/log
check "user: the log has the exit" grep -q 'keel: .*unexpected exit 49' /tmp/log
check "user: and the way back" grep -q 'keel: .*given back to Linux' /tmp/log
check "user: unload" rmmod keel
cat $probe/state > /tmp/after
same "user: registers are as before" "" "$(diff /tmp/before /tmp/after)"

# A bug of root's own: the CPU that runs into it goes on without Keel.
echo launch-bug > $probe/break
insmod keel.ko
mark bug
same "bug: the MSR is read all the same" 0x5 "$(sed -n 's/^feat_ctl //p' $probe/vmx)"
check "bug: the log has the VMCS" until_log bug 'keel: .*VMCS HOST_RIP'
log_since bug > /tmp/log
check "bug: the exception is told" grep -q 'keel: .*exception 6 in root.*at 0x4000' /tmp/log
check "bug: and the registers" grep -q 'keel: .*its RSP 0x' /tmp/log
same "bug: one CPU alone was given back" 1 "$(grep -c 'keel: .*given back to Linux' /tmp/log)"
check "bug: unload" rmmod keel
cat $probe/state > /tmp/after
same "bug: registers are as before" "" "$(diff /tmp/before /tmp/after)"

launch launch-guest 'VM entry failed with exit reason 0x80000021' 'RFLAGS'
launch launch-ctl 'VMLAUNCH failed with instruction error 7' 'VPID'

refused() {
	mark "$1"
	echo "$1" > $probe/break
	if insmod keel.ko 2> /tmp/err; then not_ok "$1: it loads"; else ok "$1: refused"; fi
	check "$1: with '$2'" grep -q "$2" /tmp/err
	log_since "$1" > /tmp/log
	check "$1: the log names cause and remedy" grep -q "$3" /tmp/log
	echo launch-ok > $probe/break
}

refused launch-caps 'not supported' 'CPU 1: its VMX capabilities differ.*microcode'
refused launch-locked 'Permission denied' 'VT-x is locked off by the firmware.*firmware setup'
refused launch-fred 'not supported' 'FRED.*fred=off'
finish
