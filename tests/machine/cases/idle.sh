#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A vCPU that has had nothing to do for long has no thread, and gets one again when
# something comes: an interrupt, its timer, a command.  Nothing is lost meanwhile, and one
# that somebody has placed keeps its thread.
#
# needs: keelctl guests
. ./lib.sh
leaks=1

# Long enough for all of them
LONG=10
# What the alarms are set to, and how late they may be, in ms: more where all takes so long
soon=11 alarm=20 late_at_most=300
[ -z "$watched" ] || soon=100 alarm=150 late_at_most=2000

create() {
	name=$1
	shift
	./keelctl create "$name" --memory 1M "$@" || not_ok "create $name"
}
# find_thread ID : of a guest's first vCPU.  It has it for some seconds only, which may be what
# a process takes, or what it takes to look at all threads that were there before Keel was.
find_thread() {
	thread=
	for folder in /proc/[0-9]*; do
		case " $others " in *" $folder "*) continue ;; esac
		read -r line < "$folder/comm" && [ "$line" = "keel/$1:0" ] && thread=${folder#/proc/}
	done 2> /dev/null
}
# place NAME COMMAND... : its thread, while it has one
place() {
	id=$(get "$1" id)
	./keelctl start "$1"
	shift
	find_thread "$id"
	"$@" "$thread" > /tmp/out 2>&1 || cat /tmp/out
}

# until_gone NAME... : none of their vCPUs has a thread
until_gone() {
	for name; do
		tries=0
		while [ -n "$(get "$name" threads)" ] && [ $((tries += 1)) -le 150 ]; do
			sleep 0.1
		done
		same "$name: no thread, and it is" "running" "$(get "$name" threads)$(get "$name" state)"
	done
}

cpu_time() { cpu_times "$1" | awk '{ t += $2 } END { printf "%.0f\n", t }'; }
ends() {
	./keelctl wait "$1" stopped --timeout $((10 + alarm)) 2> /tmp/err || cat /tmp/err
	same "$1 ends" "$2" "$(why "$1")"
}

others=$(echo /proc/[0-9]*)
check "load" insmod keel.ko
for name in placed nicer button gone again light; do
	create $name --kernel ./devices --arg 5 --memory 3200M
done
place placed taskset -p 1
place nicer renice -n 3 -p
create serial --kernel ./devices --arg 6 --memory 3200M
create alarm --kernel ./alarm --arg $alarm
create soon --kernel ./alarm --arg $soon
create spin --kernel ./spin
check "start" ./keelctl start button serial alarm soon gone again light spin
./keelctl set light --weight 300
check "pause" ./keelctl pause spin
used=$(cpu_time spin)

until_gone button serial alarm gone again light
sleep $LONG
for name in placed nicer; do
	same "$name keeps its thread" 1 "$(get $name threads | wc -w)"
done
same "paused, and no thread" paused "$(get spin state)$(get spin threads)"
same "its CPU time is what it was" "$used" "$(cpu_time spin)"
check "the kernel has few threads for them" \
	test "$(ps | grep -c 'keel/[0-9i]')" -le 11
check "resume" ./keelctl resume spin
tries=0
until [ "$(cpu_time spin)" -gt $((used + 100000000)) ] || [ $((tries += 1)) -gt 100 ]; do
	sleep 0.1
done
check "it spins on" test "$(cpu_time spin)" -gt $((used + 100000000))
check "destroy" ./keelctl destroy spin

ends soon "stopped exit 0"
ends alarm "stopped exit 0"
for name in soon alarm; do
	late=$(said $name | sed -n 's/^late \([0-9]*\)$/\1/p')
	check "$name: late by $late ms" test "${late:-9999}" -lt $late_at_most
done

# An interrupt of a device's
check "stop" ./keelctl stop --wait --timeout 20 button
same "it has switched itself off" "stopped poweroff" "$(why button)"
same "and has heard of it once" "waits power button 1" "$(said button | tr '\n' ' ' | sed 's/ $//')"
printf 'abq' | timeout 20 ./keelctl console serial > /tmp/said
same "what is said comes back" "ABQ" "$(tr '\n' ' ' < /tmp/said | sed 's/ $//')"

# A new thread has its guest's weight.
check "paused while it has no thread" ./keelctl pause light
check "and resumed" ./keelctl resume light
same "nobody had anything to do" "" "$(get light threads)"
check "a weight without a thread" ./keelctl set light --weight 30
./keelctl stop --timeout 20 light
check "stop" ./keelctl wait light stopped --timeout 20

# Commands
id=$(get again id)
check "reset" ./keelctl reset again
find_thread "$id"
check "it has a thread again" test -n "$thread"
check "destroy without a thread" ./keelctl destroy gone
check "frames are right" grep -q '^ok' $debug/keel/audit
until_gone again
./keelctl list --null | xargs -0 ./keelctl destroy
check "unload" rmmod keel
same "no thread is left" 0 "$(ps | grep -c 'keel/[0-9i]')"
finish
