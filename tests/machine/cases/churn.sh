#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# 1,000 guests and more made, started and destroyed (120 on a kernel that watches itself), in
# whatever state they are then: all memory is Linux's again.  Most of them by a client
# that does not have to be started for each command.
#
# needs: keelctl guests genl
. ./lib.sh
leaks=1

cycles=${1:-1000}
with_keelctl=40
[ -z "$watched" ] || cycles=100 with_keelctl=20
check "load" insmod keel.ko

# churn N : of four guests one says hello, one walks its memory, one has two vCPUs,
# and one spins
churn() {
	i=0
	while [ $i -lt "$1" ]; do
		case $((i % 4)) in
		0) set -- "$1" ./hello --memory 1M ;;
		1) set -- "$1" ./walk --memory 4M --arg 4M ;;
		2) set -- "$1" ./smp --memory 1M --cpus 2 --arg $((2 << 32 | 100)) ;;
		3) set -- "$1" ./spin --memory 1G ;;
		esac
		n=$1 program=$2
		shift 2
		./keelctl create churn --kernel "$program" --start "$@" || return
		set -- "$n"
		[ $((i % 16)) -gt 3 ] || sleep 0.05
		./keelctl destroy churn || return
		i=$((i + 1))
	done
}

# quick N : guests that print, and then wait for input, one vCPU or three; a client for
# each hundred
quick() {
	done=0
	while [ $done -lt "$1" ]; do
		awk 'BEGIN { for (i = 1; i <= 100; i++) {
			print "vm-new name=quick memory=1048576 vcpus=" 1 + i % 2 * 2 " | ok"
			print "vm-load name=quick image-fd=new:8192 segment{ gpa=0 offset=0 size=8192 } start{ rip=0 } | ok"
			print "vm-start name=quick | ok"
			if (i % 8 == 0)
				print "vm-reset name=quick | ok"
			if (i % 4 == 0)
				print "vm-pause name=quick | ok"
			print "vm-del name=quick | ok"
		} }' | ./genl | awk '/^ok .*vm-del/ { n++ } /^not ok/ { print > "/dev/stderr" } END { exit n != 100 }' || break
		done=$((done + 100))
	done
	echo $done
}

# The first ones fill caches of the kernel's own.
churn 20
quick 100 > /tmp/warm
before=$(free_kib_threads)
start=$(ms)
churn $with_keelctl
same "$with_keelctl cycles by keelctl" $with_keelctl $i
echo "one takes $((($(ms) - start) / with_keelctl)) ms"
start=$(ms)
same "$cycles more" "$cycles" "$(quick "$cycles")"
echo "one takes $((($(ms) - start) / cycles)) ms"
after=$(free_kib_threads)
echo "free: $before KiB, then $after KiB"
check "all memory is back, within 1 MiB" test $((before - after)) -lt 1024
check "frames are right" grep -q '^ok' $debug/keel/audit
same "nothing is left" '{"guests":[]}' "$(./keelctl -j list)"
check "unload" rmmod keel
finish
