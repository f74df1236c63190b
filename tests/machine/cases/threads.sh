#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Few threads and many guests: there are never more threads than Keel may have; guests that
# sleep for long let the others have theirs, all of them run on, and all end; whoever would
# keep one for itself is refused when there is none, and nothing is left of it.
#
# needs: keelctl guests
. ./lib.sh
leaks=1

most=16
many=48
kib=192

# threads : how many there are
threads() { cat /proc/[0-9]*/comm 2> /dev/null | grep -c '^keel/'; }
# look : looks at that for a while, and says which were most
look() {
	seen=0
	for sample in $(seq 20); do
		now=$(threads)
		[ "$now" -le "$seen" ] || seen=$now
		sleep 0.2
	done
	echo "$seen"
}
entries() { cpu_times | grep '^m-' | awk '{ print $1, $3 }'; }
# until_moved : each of the clones has run since the last look
until_moved() {
	entries > /tmp/first
	tries=0
	until [ "$(entries | awk 'NR == FNR { first[$1] = $2; next } $2 > first[$1]' /tmp/first - | wc -l)" = $many ]; do
		[ $((tries += 1)) -lt 60 ] || return
		sleep 1
	done
}
names() { seq $many | sed 's/^/m-/'; }

check "load" insmod keel.ko
half=$(($(cat /proc/sys/kernel/threads-max) / 2))
default=$(cat /sys/module/keel/parameters/threads)
check "half of Linux's threads ($half), or a little more, are the default ($default)" \
	[ "$default" -ge "$half" -a "$default" -le $((half * 5 / 4)) ]
check "unload" rmmod keel

check "load" insmod keel.ko threads=$most
check "a source" filled t ${kib}K
printf z > "/dev/$(get t console)"
until grep -q slow /tmp/console-t; do sleep 0.1; done
check "pause" ./keelctl pause t
tries=0
while [ -n "$(threads_of t)" ] && [ $((tries += 1)) -lt 30 ]; do sleep 1; done
same "what is paused needs no thread, whatever is due" "" "$(threads_of t)"
check "clone" ./keelctl clone --paused t m --count $many
# shellcheck disable=SC2046
check "resume" ./keelctl resume $(names)
check "all run" until_moved
seen=$(look)
check "with few threads ($seen)" [ "$seen" -le $most -a "$seen" -gt 1 ]
check "and go on" until_moved
# shellcheck disable=SC2046
check "stop" ./keelctl stop --timeout 200 $(names)
seen=$(look)
check "with few threads ($seen)" [ "$seen" -le $most ]
check "all were right" until_among $many '"state":"stopped","reason":"exit","detail":0' 100 1
# shellcheck disable=SC2046
check "destroy" ./keelctl destroy $(names)

# These do not let go of their threads.
for i in $(seq $most); do
	./keelctl create "s-$i" --memory ${kib}K --kernel ./spin --start || not_ok "s-$i"
done
same "as many as may be" $most "$(threads)"
check "create" ./keelctl create "s-0" --memory ${kib}K --kernel ./spin
refused_by_keelctl "one more" "no thread is left" start s-0
same "it is what it was" stopped "$(get s-0 state)"
refused_by_keelctl "clones of one" "no threads are left" clone s-1 c --count 2
same "are not there" 0 "$(./keelctl -j list | grep -c '"name":"c')"
check "one goes" ./keelctl destroy s-1
check "then another comes" ./keelctl start s-0
same "and runs" running "$(get s-0 state)"
for i in 0 $(seq 2 $most) ; do
	./keelctl destroy "s-$i" || not_ok "destroy s-$i"
done
check "destroy" ./keelctl destroy t
check "unload" rmmod keel
finish
