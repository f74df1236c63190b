#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# 200 loads and unloads (20 on a kernel that watches itself) while a load runs:
# processes that fork, page faults, timers, and files whose checksums must not
# change.
. ./lib.sh

cycles=${1:-200}
[ -z "$watched" ] || cycles=$((cycles / 10))
insmod keel_probe.ko
cat $probe/state > /tmp/before
head -c 300000 /dev/urandom > /tmp/data
want=$(sha256sum < /tmp/data)
: > /tmp/go
: > /tmp/wrong

forks() { while [ -e /tmp/go ]; do (exit 3) || :; echo $((f += 1)) > /tmp/forks; done; }
sums() {
	while [ -e /tmp/go ]; do
		cp /tmp/data /tmp/copy
		[ "$(sha256sum < /tmp/copy)" = "$want" ] || echo copy >> /tmp/wrong
		echo $((s += 1)) > /tmp/sums
	done
}
timers() { while [ -e /tmp/go ]; do sleep 0.01; echo $((t += 1)) > /tmp/timers; done; }
forks & sums & timers &

i=0
while [ "$i" -lt "$cycles" ]; do
	insmod keel.ko || break
	rmmod keel || break
	i=$((i + 1))
done
rm /tmp/go
wait
same "$cycles loads and unloads" "$cycles" "$i"
same "no checksum changed" "" "$(cat /tmp/wrong)"
echo "meanwhile: $(cat /tmp/forks) forks, $(cat /tmp/sums) checksums, $(cat /tmp/timers) timers"
check "the load ran" test "$(cat /tmp/forks)" -gt 10 -a "$(cat /tmp/sums)" -gt 2 -a "$(cat /tmp/timers)" -gt 10
cat $probe/state > /tmp/after
same "registers are equal before and after" "" "$(diff /tmp/before /tmp/after)"
finish
