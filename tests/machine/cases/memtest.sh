#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# memtest.sh VCPUS : Debian's memtest86+ as a guest makes a pass through all of its tests, and
# finds no error.  It uses local APICs by their page, wakes vCPUs by NMI, and measures the
# TSC by the PIT.  What it has on its screen it sends to the serial port, once in two seconds.
#
# long
# run: --cpus 1 --mem 1024 -- 1
# run: --cpus 2 --mem 1024 -- 2
# needs: keelctl memtest
. ./lib.sh

# shown TEXT : it has been on the screen
shown() {
	grep -q "$1" /tmp/said
}

# has_ended : a pass is over, whose last test takes 160 s of the guest's time; or it has an error
# to tell, of memory or of its own
has_ended() {
	shown 'Pass: *1 ' || shown 'Errors: *[1-9]\|Unexpected interrupt\|any key to reboot'
}

vcpus=$1
check "load" insmod keel.ko
# The least that it can do with: it is in the lower 4 MiB or above them, and tests the others.
check "create" ./keelctl create memtest --memory 5M --cpus "$vcpus" --kernel ./memtest \
	--cmdline "console=ttyS0,115200 nopause nobench nosm keyboard=usb"
timeout 800 ./keelctl console --start memtest < /dev/null > /tmp/said &
console=$!
seconds=0
until has_ended || [ $((seconds += 1)) -gt 780 ] || ! kill -0 $console 2> /dev/null; do
	sleep 1
done
echo "# a pass takes $seconds s"
check "it has measured the TSC" shown 'CLK/Temp: *[1-9]'
check "it has found its memory" shown 'of 4\.[0-9]*MB'
# What it says when there is but one
threads=${vcpus}T
[ "$vcpus" != 1 ] || threads=Disabled
check "it uses $vcpus vCPUs" shown "SMP: *$threads"
shown "SMP: *$threads" || grep -o 'SMP: .\{16\}' /tmp/said | sort -u | head -n 5
check "it has come to its last test" shown '#10 '
check "a pass is over" shown 'Pass: *1 '
shown 'Pass: *1 ' || tr '\033' '\n' < /tmp/said | tail -n 40
check "there was an error count" shown 'Errors: *0'
same "and no error" "" "$(grep -o 'Errors: *[1-9][0-9]*' /tmp/said | head -n 1)"
same "it goes on" running "$(get memtest state)"
check "destroy" ./keelctl destroy memtest
wait $console
check "frames are right" grep -q '^ok' $debug/keel/audit
check "unload" rmmod keel
finish
