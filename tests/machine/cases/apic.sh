#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The local APICs of guests, by a guest that tries them: with one vCPU, with two, with
# more than there are CPUs, all on one CPU; with the CPU's help, and without.
#
# needs: keelctl guests
. ./lib.sh

# tries VCPUS [CPUSET] : such a guest ends well
tries() {
	./keelctl create apic --memory 1M --cpus "$1" --kernel ./apic --arg "$1" --start
	[ -z "$2" ] || for pid in $(get apic threads | tr , ' '); do
		taskset -p "$2" "$pid" > /tmp/out 2>&1
	done
	./keelctl wait apic stopped --timeout 120
	same "$assist: $1 vCPUs${2:+, CPU set $2}" "stopped exit 0 apic $1 ok" \
		"$(why apic) $(said apic)"
	./keelctl destroy apic
}

for assist in 1 0; do
	check "load" insmod keel.ko apic_assist=$assist
	tries 1 ""
	tries 2 ""
	tries 5 ""
	tries 2 1
	./keelctl create irqrate --memory 1M --kernel ./irqrate --start
	./keelctl wait irqrate stopped --timeout 60
	same "$assist: irqrate ends" "stopped exit 0" "$(why irqrate)"
	echo "$assist: $(said irqrate | tr '\n' ';')"
	./keelctl destroy irqrate
	check "frames are right" grep -q '^ok' $debug/keel/audit
	check "unload" rmmod keel
done
finish
