#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Guests that spin with interrupts off, more than there are CPUs: Linux and its users
# get their share, commands are carried out in time, CPUs go and come, and the machine
# sleeps and wakes.
#
# needs: keelctl guests
. ./lib.sh
leaks=1

# took COMMAND... : ms
took() {
	start=$(ms)
	"$@" > /tmp/out
	echo $(($(ms) - start))
}
# timers : ten in a row
timers() {
	for i in 0 1 2 3 4 5 6 7 8 9; do sleep 0.01; done
}

check "load" insmod keel.ko
# What may take how long.  Of a kernel that watches itself only this is known: how long it takes
# with nobody else there; later a command is one of eight that want a CPU, a process one of five.
command=3000
ten=2000
if [ "$watched" ]; then
	command=$((16 * $(took ./keelctl list)))
	ten=$((10 * $(took timers)))
fi
for name in s0 s1 s2; do
	./keelctl create $name --memory 1M --kernel ./spin --start
done
./keelctl create two --memory 1M --cpus 2 --kernel ./spin --start
./keelctl create good --memory 1M --kernel ./compute --start

# quickly NAME COMMAND... : it takes less time than that
quickly() {
	name=$1
	shift
	start=$(ms)
	timeout $((command / 1000 + 60)) "$@"
	status=$?
	took=$(($(ms) - start))
	if [ $status = 0 ] && [ $took -lt $command ]; then
		ok "$name"
	else
		not_ok "$name: $*: status $status, $took ms, of $command"
	fi
}
quickly "a process runs" sh -c 'echo > /tmp/file'
quickly "on each CPU" taskset 2 true
took=$(took timers)
check "timers come: ten of 10 ms in $took ms, of $ten" test "$took" -lt $ten
quickly "pause" ./keelctl pause s0
same "paused" "paused command" "$(why s0)"
was=$(cpu_times s0)
quickly "resume" ./keelctl resume s0
sleep 0.5
check "it goes on" test "$(cpu_times s0)" != "$was"
quickly "pause two vCPUs" ./keelctl pause two
quickly "stop a paused one" ./keelctl stop --timeout 0 two
same "stopped" "stopped command" "$(why two)"
quickly "start" ./keelctl start two
quickly "reset" ./keelctl reset two
quickly "stop" ./keelctl stop --timeout 0 two
quickly "destroy one that runs" ./keelctl destroy s2
./keelctl start two

# going : all guests that run get CPU time
going() {
	cpu_times > /tmp/first
	sleep 1
	cpu_times > /tmp/second
	awk 'NR == FNR { was[FNR] = $2; next } $2 <= was[FNR] { print $1 " stands still"; bad = 1 }
	     END { exit bad || FNR < 5 }' /tmp/first /tmp/second
}
check "all go on" going

online=/sys/devices/system/cpu/cpu1/online
i=0
while [ $i -lt 5 ]; do
	echo 0 > $online && [ "$(counter demoted)" = 1 ] || break
	[ $i -gt 0 ] || check "all go on, on one CPU" going
	[ $i -gt 0 ] || quickly "pause on one CPU" ./keelctl pause two
	[ $i -gt 0 ] || quickly "resume" ./keelctl resume two
	echo 1 > $online && [ "$(counter demoted)" = 2 ] || break
	i=$((i + 1))
done
same "a CPU goes and comes" 5 $i
check "all go on" going

# With threads that are bound to the CPU that goes
for pid in $(threads_of two) $(threads_of s1); do
	taskset -p 2 "$pid" > /tmp/out
done
echo 0 > $online
check "threads move" going
echo 1 > $online
check "frames are right" grep -q '^ok' $debug/keel/audit

echo 1 > /sys/module/suspend/parameters/pm_test_delay
for test in devices processors core; do
	echo $test > /sys/power/pm_test
	check "suspend: $test" sh -c 'echo mem > /sys/power/state'
	same "all CPUs are back" 2 "$(counter demoted)"
	check "all go on" going
done
echo none > /sys/power/pm_test
./keelctl stop --wait good
same "one that counts has done right" "stopped exit 0" "$(why good)"
quickly "destroy all" sh -c './keelctl list --null | xargs -0 ./keelctl destroy'
check "unload" rmmod keel
finish
