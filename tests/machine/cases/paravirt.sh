#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What makes a guest's machine one of KVM's: leaves of CPUID, the clock on one and on
# several vCPUs, wall clock, steal time, ends of interrupts, hypercalls, MSRs that there are
# not, and strings of port I/O.
#
# needs: keelctl guests
. ./lib.sh

check "load" insmod keel.ko

# Of the last run: what it says behind some words
word() {
	sed -n "s/^kvm: $1 //p" /tmp/said
}

# together VCPUS : they see one clock
together() {
	now=$(date +%s)
	./keelctl create kvm --memory 1M --cpus "$1" --kernel ./kvm --arg "$1" --start
	./keelctl wait kvm stopped --timeout 120
	end=$(why kvm)
	said kvm > /tmp/said
	same "$1 vCPUs" "stopped exit 0 kvm ok" "$end $(tail -n 1 /tmp/said)"
	grep wrong /tmp/said
	same "a string" 1 "$(grep -c '^kvm: a string$' /tmp/said)"
	start=$(word "started at")
	check "the wall clock: $start of $now" test "$start" -ge $((now - 5)) -a "$start" -le $((now + 60))
	ns=$(word ns)
	check "and time goes on: $ns ns" test "$ns" -gt 0 -a "$ns" -lt 120000000000
	./keelctl destroy kvm
}
# ends WANTED : ends of interrupts by a word in memory, where the CPU does not help
ends() {
	./keelctl create eoi --memory 1M --kernel ./eoi --arg "$1" --start
	./keelctl wait eoi stopped --timeout 120
	end=$(why eoi)
	said eoi > /tmp/said
	same "ends of interrupts, by a word: $1" "stopped exit 0 eoi ok" "$end $(tail -n 1 /tmp/said)"
	grep '^eoi: ' /tmp/said
	./keelctl destroy eoi
}
together 1
together 2
ends 0
# More vCPUs than CPUs: each of them has to wait.
together 4
check "others were seen not to run: $(word preempted)" test "$(word preempted)" -gt 0
check "some time was stolen: $(word stolen) ns" test "$(word stolen)" -gt 0 -a "$(word stolen)" -lt "$ns"

# MSRs that there are not: counted and named, while the guest is there
./keelctl create kvm --memory 1M --cpus 2 --kernel ./kvm --arg 3 --start
tries=0
until ./keelctl -j stat kvm > /tmp/stat; grep -q '"refused_msrs":2' /tmp/stat ||
	[ $((tries += 1)) -gt 100 ]; do
	sleep 0.1
done
check "two were refused" grep -q '"refused_msrs":2,"last_refused":"wrmsr 0x1234"' /tmp/stat
check "by one vCPU" grep -q '"refused_msrs":0,"last_refused":null' /tmp/stat
check "for people, too" sh -c './keelctl stat kvm | grep "refused_msrs .*at last wrmsr 0x1234"'
./keelctl destroy kvm
check "frames are right" grep -q '^ok' $debug/keel/audit
check "unload" rmmod keel

check "load, and the CPU does not help" insmod keel.ko apic_assist=0
ends 1
together 4
check "frames are right then, too" grep -q '^ok' $debug/keel/audit
check "unload again" rmmod keel
finish
