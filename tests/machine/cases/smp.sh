#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Guests with several vCPUs that touch the same pages at the same time: what one has
# written the others see, from the first touch on, on two CPUs and on one.
#
# needs: keelctl guests
. ./lib.sh

pages=2000
[ -z "$watched" ] || pages=400
check "load" insmod keel.ko

# together VCPUS PAGES CPUS : they end well
together() {
	./keelctl create smp --memory 32M --cpus "$1" --kernel ./smp --arg $(($1 << 32 | $2)) --start
	[ -z "$3" ] || for pid in $(threads_of smp); do
		taskset -p "$3" "$pid" > /tmp/out
	done
	./keelctl wait smp stopped --timeout 120
	end=$(why smp)
	same "$1 vCPUs, $2 pages${3:+, CPU set $3}" "stopped exit 0 smp $2 ok" "$end $(said smp)"
	./keelctl destroy smp
}
together 2 $pages ""
together 4 $((pages / 10)) ""
together 2 $((pages / 50)) 1
together 16 20 ""
# Each thread from CPU to CPU, several times: they change places.  On the debug kernel every
# program that runs for that takes seconds.
moved=$((watched ? 48000 : 16000))
./keelctl create smp --memory $((watched ? 208 : 96))M --cpus 2 --kernel ./smp \
	--arg $((2 << 32 | moved)) --start
pids=$(threads_of smp)
same "threads" 2 "$(echo "$pids" | wc -w)"
moves=0
while [ "$(get smp state)" = running ] && [ $moves -lt 500 ]; do
	for pid in $pids; do
		taskset -p $(((moves + moves / 2) % 2 + 1)) "$pid" > /tmp/out 2>&1 && moves=$((moves + 1))
	done
done
echo "$moves moves"
./keelctl wait smp stopped --timeout 120
same "while they move" "stopped exit 0 smp $moved ok" "$(why smp) $(said smp)"
check "they did" test $moves -gt 4
./keelctl destroy smp
check "frames are right" grep -q '^ok' $debug/keel/audit
check "unload" rmmod keel
finish
