#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The devices of a guest's machine, each used by a guest (tests/guest/devices.c): the
# clock tells the host's time, panic and power end it as they should, the serial port,
# the power button and the I/O APIC send interrupts; and memory goes on at 4 GiB.
#
# needs: keelctl guests
. ./lib.sh
leaks=1

# run NAME ARG OPTION... : the device that ARG means
run() {
	name=$1
	arg=$2
	shift 2
	./keelctl create "$name" --kernel ./devices --arg "$arg" --start "$@" ||
		not_ok "create $name"
}

# ends NAME WANT
ends() {
	./keelctl wait "$1" "${2%% *}" --timeout 30 2> /tmp/err || cat /tmp/err
	same "$1 ends" "$2" "$(why "$1")"
}

check "load" insmod keel.ko
./keelctl -j monitor > /tmp/events &
monitor=$!
tries=0
until [ -s /tmp/events ] || [ $((tries += 1)) -gt 100 ]; do
	./keelctl create first --memory 64K
	./keelctl destroy first
done

before=$(date +%s)
run clock 1 --memory 1M
ends clock "stopped exit 0"
told=$(said clock | sed -n 's/^clock \([0-9]*\)$/\1/p')
check "the clock is right: $told" test "$told" -ge "$before" -a "$told" -le "$(date +%s)"

run panic 2 --memory 1M
ends panic "crashed panic"
run kdump 3 --memory 1M
ends kdump "stopped exit 3"
run off 4 --memory 1M
ends off "stopped poweroff"

run button 5 --memory 3200M
tries=0
until ./keelctl -j stat button | grep -q '"hlt","count":[1-9]' || [ $((tries += 1)) -gt 100 ]; do
	sleep 0.1
done
check "keelctl stop --wait button" ./keelctl stop --wait --timeout 20 button
same "it has switched itself off" "stopped poweroff" "$(why button)"
same "and has heard of it once" "waits power button 1" "$(said button | tr '\n' ' ' | sed 's/ $//')"

run serial 6 --memory 3200M
printf 'abq' | timeout 20 ./keelctl console serial > /tmp/said
same "what is said comes back" "ABQ" "$(tr '\n' ' ' < /tmp/said | sed 's/ $//')"
./keelctl wait serial stopped --timeout 30 2> /tmp/err || cat /tmp/err
irqs=$(why serial | sed -n 's/^stopped exit \([0-9]*\)$/\1/p')
check "by interrupts: $irqs" test "${irqs:-0}" -ge 2 -a "${irqs:-0}" -le 20

run pins 7 --memory 3200M
ends pins "stopped exit 0"
same "pins says" "pins ok" "$(said pins)"

run above 8 --memory 3584M
ends above "crashed outside $((0x120000000))"
same "above says" "above ok" "$(said above)"
run hole 9 --memory 3584M
ends hole "crashed outside $((0xc0000000))"
check "started again" ./keelctl start hole
ends hole "crashed outside $((0xc0000000))"

tries=0
until grep -q '"event":"state".*"name":"hole","state":"crashed"' /tmp/events ||
	[ $((tries += 1)) -gt 50 ]; do sleep 0.1; done
check "an event tells of the panic" grep -q '"event":"panic".*"name":"panic"' /tmp/events
check "then of the crash" grep -q '"name":"panic","state":"crashed","reason":"panic"' /tmp/events
same "with a crash kernel there is an event, too" 1 "$(grep -c '"event":"panic".*"name":"kdump","state":"running"' /tmp/events)"
kill $monitor
check "frames are right" grep -q '^ok' $debug/keel/audit
./keelctl list --null | xargs -0 ./keelctl destroy
check "unload" rmmod keel
finish
