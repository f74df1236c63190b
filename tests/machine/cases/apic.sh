#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The local APICs of guests, by guests that try them in x2APIC mode and in xAPIC mode: with one
# vCPU, with two, with more than there are CPUs, all on one CPU; with the CPU's help, and without.
#
# needs: keelctl guests
. ./lib.sh

# tries KERNEL VCPUS [CPUSET] : such a guest ends well
tries() {
	./keelctl create apic --memory 1M --cpus "$2" --kernel "./$1" --arg "$2" --start
	[ -z "$3" ] || for pid in $(threads_of apic); do
		taskset -p "$3" "$pid" > /tmp/out 2>&1
	done
	./keelctl wait apic stopped --timeout 120
	same "$assist: $1, $2 vCPUs${3:+, CPU set $3}" "stopped exit 0 $1 $2 ok" \
		"$(why apic) $(said apic)"
	./keelctl destroy apic
}

for assist in 1 0; do
	check "load" insmod keel.ko apic_assist=$assist
	for kernel in apic xapic; do
		tries $kernel 1 ""
		tries $kernel 2 ""
		tries $kernel 5 ""
		tries $kernel 2 1
	done
	./keelctl create irqrate --memory 1M --kernel ./irqrate --start
	./keelctl wait irqrate stopped --timeout 60
	same "$assist: irqrate ends" "stopped exit 0" "$(why irqrate)"
	echo "$assist: $(said irqrate | tr '\n' ';')"
	./keelctl destroy irqrate
	check "frames are right" grep -q '^ok' $debug/keel/audit
	check "unload" rmmod keel
done
finish
