#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Every step of a guest's life that can fail does so once: making, loading, starting,
# and starting again.  Each time the command fails, says so, and leaves things as they
# were; then it works.
#
# needs: keelctl guests
. ./lib.sh
leaks=1

step=/sys/module/keel/parameters/fail_guest_step
check "load" insmod keel.ko

# undo COMMAND : what has worked although a step has failed, in another way
undo() {
	case $1 in
	create | clone) ./keelctl destroy it ;;
	load) ./keelctl destroy it && ./keelctl create it --memory 4M --cpus 2 ;;
	start) ./keelctl stop --timeout 0 it 2> /tmp/err || ./keelctl wait it stopped --timeout 20 ;;
	esac
}

# every STATE COMMAND... : the first step fails, then the second, until none is left;
# meanwhile the guest is in STATE, or there is none
every() {
	state=$1
	shift
	n=0
	while [ $n -lt 400 ]; do
		n=$((n + 1))
		echo $n > $step
		./keelctl "$@" > /tmp/out 2> /tmp/err
		status=$?
		read -r left < $step
		echo 0 > $step
		[ "$status $left" = "0 0" ] && undo "$1" && continue
		[ $status = 0 ] && return
		grep -q 'memory\|built' /tmp/err || { cat /tmp/err; return 1; }
		[ "$left" = 0 ] || { echo "step $n: it fails, but not for that"; return 1; }
		now=$(get it state 2> /tmp/none)
		[ "$now" = "$state" ] || { echo "step $n: the guest is '$now', not '$state'"; return 1; }
		grep -q '^ok' $debug/keel/audit || { echo "step $n: audit"; return 1; }
	done
	return 1
}

# fails STATE COMMAND... : as every(), and it says how many steps there were
fails() {
	check "$*" every "$@"
	shift
	echo "$*: $((n - 1)) steps"
	steps=$((steps + n - 1))
}

# A loop, and more pages, so that there are many steps
printf '\353\376' > /tmp/image
head -c 32000 /dev/urandom >> /tmp/image
# The first one fills caches of the kernel's own, and root's tables.
./keelctl create it --memory 4M --cpus 2 --kernel /tmp/image --entry 0x100000 --start
./keelctl destroy it
before=$(free_kib_threads)
donated=$(counter donated)
steps=0
fails "" create it --memory 4M --cpus 2
fails created load it --kernel /tmp/image --entry 0x100000
fails stopped start it
./keelctl destroy it
fails "" create it --memory 4M --kernel ./hello --arg 3 --start
./keelctl wait it stopped --timeout 20
same "it works then" "stopped exit 3" "$(why it)"
./keelctl destroy it
# A clone: of a source that stays as it is, whatever fails
./keelctl create from --memory 4M --cpus 2 --kernel ./spin --start
./keelctl share on from --domain 3
fails "" clone from it
./keelctl destroy it
fails "" clone from it --paused
./keelctl destroy it
# The step that fails can be one of the source's own: a write that finds no frame for its table.
[ "$(why from)" != "paused memory" ] || ./keelctl resume from
same "the source runs still" running "$(get from state)"
./keelctl destroy from
check "there are steps for each page" test $steps -gt 40
after=$(free_kib_threads)
donated=$(($(counter donated) - donated))
echo "free: $before KiB, then $after KiB, after $steps failures; $donated pages went to root"
# Where root is said to lack pages it gets some, and keeps them.
check "nothing leaks" test $((before - after - donated * 4)) -lt "$(missing 256)"

# Reset: what cannot be started again is stopped, and says so.
./keelctl create it --memory 1M --kernel ./spin --start
echo 3 > $step
same "a reset that fails" 2 "$(timeout 20 ./keelctl reset it 2> /tmp/err; echo $?)"
echo 0 > $step
same "stops the guest" "stopped memory" "$(why it)"
check "it can be started" ./keelctl start it
# Frames for first touches: when one of them is not to be had the guest goes on with the others, or,
# if it was the first one, pauses, and goes on when it is told to.
./keelctl destroy it
./keelctl create it --memory 8M --kernel ./walk --arg 8M
i=0
missed=0
while [ $i -lt 4 ]; do
	./keelctl start it
	echo $((i * 40 + 1)) > $step
	./keelctl wait it stopped --timeout 5 2> /tmp/err
	read -r left < $step
	[ "$left" = 0 ] && missed=$((missed + 1))
	echo 0 > $step
	[ "$(why it)" != "paused memory" ] || ./keelctl resume it
	./keelctl wait it stopped --timeout 30
	[ "$(why it)" = "stopped exit 0" ] || break
	i=$((i + 1))
done
same "it has got all of its memory in the end" 4 $i
check "without a frame that it has asked for" test $missed -gt 1
./keelctl destroy it
check "frames are right" grep -q '^ok' $debug/keel/audit
check "unload" rmmod keel
finish
