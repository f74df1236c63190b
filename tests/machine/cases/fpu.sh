#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Vector and floating-point registers: guests and processes with different patterns
# take turns on the same CPUs, and nobody ever sees another's; also where Linux does without
# XSAVE.
#
# run:
# run: --fresh --append noxsave
# needs: keelctl guests vectors
. ./lib.sh

# The commands here come first, whatever runs.
renice -n -10 -p $$
check "load" insmod keel.ko
i=0
while [ $i -lt 6 ]; do
	./keelctl create f$i --memory 256K --kernel ./fpu --arg $((i + 17)) --start
	taskset -p $((i % 2 + 1)) "$(get f$i threads)"
	i=$((i + 1))
done > /tmp/out
pids=
for cpu in 1 2 1 2; do
	n=$((n + 1))
	taskset $cpu ./vectors 4 > /tmp/vectors.$n 2>&1 &
	pids="$pids $!"
	renice 0 -p $!
done
i=0
while [ $i -lt 5 ]; do
	./keelctl create fresh$i --memory 256K --kernel ./fresh --start
	./keelctl wait fresh$i stopped --timeout 30
	[ "$(why fresh$i)" = "stopped exit 0" ] || break
	i=$((i + 1))
done
same "a new guest has fresh registers" 5 $i
for pid in $pids; do
	wait "$pid"
	same "a process keeps its own" 0 $?
done
cat /tmp/vectors.*
./keelctl stop --timeout 20 --wait f0 f1 f2 f3 f4 f5
i=0
while [ $i -lt 6 ]; do
	same "guest $i keeps its own" "stopped exit 0" "$(why f$i)"
	said f$i
	i=$((i + 1))
done
./keelctl list --null | xargs -0 ./keelctl destroy
check "unload" rmmod keel
finish
