#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest that boots and works where there is too little of everything: its cgroup's
# memory is never enough for long, so that it is paused again and again, and its vCPUs
# share the CPUs with programs that never rest.
#
# long
# run: --cpus 2 --mem 1024 @linux-6.1:vmlinux,initrd
# needs: keelctl
. ./lib.sh

control_group "+memory"

check "load" insmod keel.ko
head -c 300000 /dev/urandom > /tmp/data
want=$(sha256sum < /tmp/data)
# Whoever makes a guest pays for it.
echo $$ > $group/cgroup.procs
linux_create small 2 linux-6.1 vmlinux work
echo $$ > $groups/cgroup.procs
# Its image, once more in its own memory, and a little for a start
limit=$(($(cat $group/memory.current) / 1048576 + 42))
echo ${limit}M > $group/memory.max
echo "# it begins with $limit MiB, its image included"

# One a CPU that computes, and one that uses memory
hog() {
	while [ ! -e /tmp/enough ]; do
		[ "$(sha256sum < /tmp/data)" = "$want" ] || echo wrong
		echo sum
	done > "/tmp/hog-$1"
}
churn() {
	while [ ! -e /tmp/enough ]; do
		cp linux-6.1/initrd /tmp/copy && cmp -s linux-6.1/initrd /tmp/copy || echo wrong
		rm /tmp/copy
		echo copy
	done > /tmp/hog-churn
}
hog 0 &
hog 1 &
churn &
timeout 840 ./keelctl console --start small < /dev/null > /tmp/said-small &
console=$!
pauses=0
while kill -0 $console 2> /tmp/err; do
	if [ "$(why small)" = "paused memory" ]; then
		pauses=$((pauses + 1))
		limit=$((limit + 10))
		echo ${limit}M > $group/memory.max
		./keelctl resume small || not_ok "resume"
	fi
	sleep 0.5
done
touch /tmp/enough
linux_has_worked small 2
echo "# paused $pauses times, up to $limit MiB; beside it $(cat /tmp/hog-? | wc -l) sums," \
	"$(wc -l < /tmp/hog-churn) copies"
check "memory was too little at least three times" test $pauses -ge 3
check "nobody was killed for that" grep -q '^oom_kill 0' $group/memory.events
check "whoever worked beside it has done it right" sh -c '! grep wrong /tmp/hog-*'
check "and not been starved" test "$(cat /tmp/hog-? | wc -l)" -ge 10
check "destroy" ./keelctl destroy small
sleep 1
echo "# charged then: $(cat $group/memory.current) bytes"
check "nothing is charged any more" test "$(cat $group/memory.current)" -lt 4000000
check "frames are right" grep -q '^ok' $debug/keel/audit
check "unload" rmmod keel
finish
