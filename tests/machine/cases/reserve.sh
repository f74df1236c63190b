#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Guests that share, where there is no memory for their writes: the reserve serves the first
# of them; a guest whose write finds no frame pauses, which is told, and goes on when there is
# memory again.  No byte is lost.
#
# needs: keelctl guests
. ./lib.sh
leaks=1

control_group "+memory"

bytes=8388608
stat() { ./keelctl -j stat "$1" > /tmp/stat; number /tmp/stat "$2"; }
settle() { timeout 120 ./keelctl share scan --wait; }
# until_so WANT COMMAND... : until it says that
until_so() {
	want=$1
	shift
	tries=0
	until [ "$("$@")" = "$want" ]; do
		[ $((tries += 1)) -lt 300 ] || return
		sleep 0.2
	done
}

check "load" insmod keel.ko
./keelctl -j monitor > /tmp/events &
monitor=$!
# Whoever makes a guest pays for it.
echo $$ > $group/cgroup.procs
for i in 1 2; do
	./keelctl create p$i --memory 8M --kernel ./twin --arg $((bytes + i))
	timeout 60 ./keelctl console --start p$i < /dev/null > /tmp/console-p$i &
done
echo $$ > $groups/cgroup.procs
for i in 1 2; do
	check "twin $i has filled its memory" until_so 1 grep -c filled /tmp/console-p$i
	check "and shares" ./keelctl share on p$i --domain 1
done
check "scan" settle
shared=$(stat p1 shared)
reserve=$(stat p1 reserve)
echo "p1: $shared bytes shared, $reserve in reserve, $(stat p1 pool) in its pool"
same "the reserve goes by what is shared" $((16 + shared / 4096 / 64)) $((reserve / 4096))
check "and is there" test "$(stat p1 pool)" -ge "$reserve"
same "nobody is short" 0 "$(all short)"

# No page more than they have, and none that merging gives back meanwhile
for i in 1 2; do check "p$i shares no more" ./keelctl share off p$i; done
cat $group/memory.current > $group/memory.max
check "writes" ./keelctl stop --timeout 300 p1
check "find no memory in the end" until_so "paused memory" why p1
check "an event tells" grep -q '"event":"pool".*"name":"p1","state":"paused","reason":"memory"' \
	/tmp/events
left=$(stat p1 shared)
echo "p1: $(((shared - left) / 4096)) of $((shared / 4096)) pages were written to by then"
check "the reserve has served as many as it had" test $(((shared - left) / 4096)) -ge $((reserve / 4096))
same "it is counted" 1 "$(stat p1 starved)"
check "another pass" settle
same "it is short then, which is counted once" 1 "$(stat p1 short)"
same "and told as often" 1 "$(grep -c '"event":"reserve".*"name":"p1"' /tmp/events)"
check "audit" grep -q '^ok' $debug/keel/audit
same "nobody was killed for that" "oom_kill 0" "$(grep '^oom_kill ' $group/memory.events)"

echo max > $group/memory.max
check "another pass, with memory" settle
same "nobody is short any more" 0 "$(all short)"
[ "$(why p1)" = "stopped exit 0" ] || check "resume" ./keelctl resume p1
check "it ends" ./keelctl wait p1 stopped --timeout 120
same "with every byte as it was" "stopped exit 0" "$(why p1)"
check "the other, too" ./keelctl stop --timeout 60 --wait p2
same "has all of its bytes" "stopped exit 0" "$(why p2)"
kill $monitor
check "destroy" ./keelctl destroy p1 p2
check "audit" grep -q '^ok' $debug/keel/audit
check "unload" rmmod keel
finish
