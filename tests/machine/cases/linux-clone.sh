#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A booted Linux guest is cloned while it runs and while it is paused: each clone answers on
# its console, knows what the source knew, has been told that it is another machine, and
# powers itself off, while the source goes on.
#
# run: --cpus 2 --mem 1024 @linux-6.1:vmlinux,initrd
# needs: keelctl
. ./lib.sh

# tell WORDS ANSWER : says a line to the source, and waits for an answer
tell() {
	lines=$(wc -l < /tmp/said-s)
	printf '%s\n' "$1" > "/dev/$(get s console)"
	tries=0
	until sed "1,${lines}d" /tmp/said-s | grep -q "$2"; do
		[ $((tries += 1)) -lt 600 ] || return
		sleep 0.1
	done
}
# answers NAME : a clone, which is asked a few things
answers() {
	printf '%s\n' 'cat /tmp/mark' 'echo sum-$((20 + 3))' '/bin/busybox dmesg | /bin/busybox grep crng' \
		'/bin/busybox sleep 1 && echo slept' exit |
		timeout 200 ./keelctl console "$1" | tr -d '\r' > "/tmp/said-$1"
	sed "s/^/# $1: /" "/tmp/said-$1"
	check "$1: knows its files" grep -q '^source-42' "/tmp/said-$1"
	check "$1: counts" grep -q '^sum-23' "/tmp/said-$1"
	check "$1: has seeded its random numbers anew" grep -q 'reseeded due to virtual machine fork' "/tmp/said-$1"
	check "$1: its time goes on" grep -q '^slept' "/tmp/said-$1"
	check "$1: powers off" ./keelctl wait "$1" stopped --timeout 60
	same "$1: and says so" "stopped poweroff" "$(why "$1")"
}

check "load" insmod keel.ko
linux_create s 2 linux-6.1 vmlinux shell
timeout 800 ./keelctl console --start s < /dev/null > /tmp/said-s &
tries=0
until grep -q '^KEEL-GUEST: init at .* does shell' /tmp/said-s; do
	[ $((tries += 1)) -lt 3000 ] || break
	sleep 0.1
done
check "the source has booted" grep -q '^KEEL-GUEST: init at .* does shell' /tmp/said-s
check "the source answers" tell 'echo source-$((6 * 7)) > /tmp/mark; cat /tmp/mark' '^source-42'
check "clone it" ./keelctl clone s running
answers running
check "the source goes on" tell 'echo there-$((1 + 1))' '^there-2'
check "pause it" ./keelctl pause s
check "clone it again" ./keelctl clone s paused --count 2
check "resume it" ./keelctl resume s
answers paused-1
answers paused-2
check "the source goes on" tell 'echo there-$((2 + 2))' '^there-4'
check "the source was told nothing" tell '/bin/busybox dmesg | /bin/busybox grep -c fork; echo end' '^0'
check "audit" grep -q '^ok' $debug/keel/audit
check "stop it" ./keelctl stop --wait --timeout 60 s
check "destroy" ./keelctl destroy s running paused-1 paused-2
check "frames are right" grep -q '^ok' $debug/keel/audit
check "unload" rmmod keel
finish
