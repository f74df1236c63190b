#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Control groups: a guest's memory counts for whoever has made it, and when that is
# not enough the guest is paused, and goes on when there is more; its threads are in
# the group of whoever starts it.
#
# needs: keelctl guests
. ./lib.sh
leaks=1

control_group "+memory +cpu"

# within COMMAND... : as a member of the group
within() {
	sh -c "echo \$\$ > $group/cgroup.procs; exec \"\$@\"" sh "$@"
}

check "load" insmod keel.ko
echo 8M > $group/memory.max
# Somebody whom it would be wrong to kill for a guest's sake
sh -c "echo \$\$ > $group/cgroup.procs; exec sleep 1000" &
bystander=$!
within ./keelctl create big --memory 32M --kernel ./walk --arg 32M
./keelctl create other --memory 4M --kernel ./walk --arg 4M
./keelctl -j monitor > /tmp/events &
monitor=$!
sleep 0.5
check "start" ./keelctl start big
check "it needs more than there is" ./keelctl wait big paused --timeout 60
same "paused" "paused memory" "$(why big)"
now=$(cat $group/memory.current)
echo "charged: $now bytes"
check "all of that is charged" test "$now" -gt 6000000 -a "$now" -le 8388608
sleep 0.2
check "an event tells" grep -q '"event":"pool".*"name":"big"' /tmp/events
check "and one of the state" grep -q '"event":"state".*"name":"big","state":"paused","reason":"memory"' /tmp/events
check "nobody was to be killed" grep -q '^oom 0' $group/memory.events
./keelctl start other
./keelctl wait other stopped --timeout 30
same "others have memory" "stopped exit 0" "$(why other)"
# Tried again in vain
check "resume" ./keelctl resume big
sleep 1
same "paused again" "paused memory" "$(why big)"
echo 64M > $group/memory.max
check "resume with more" ./keelctl resume big
check "it ends" ./keelctl wait big stopped --timeout 60
same "and was right all the time" "stopped exit 0" "$(why big)"
check "it says so" sh -c './keelctl console big < /dev/null | grep -q "^walk 8[0-9]* ok$"'
sleep 1
now=$(cat $group/memory.current)
echo "charged then: $now bytes"
check "nothing is charged any more" test "$now" -lt 2000000
# An image that is too large
head -c 1048576 /dev/urandom > /tmp/image
./keelctl load big --kernel /tmp/image --entry 0x100000
echo 512K > $group/memory.max
same "no memory to start it" 2 "$(./keelctl start big 2> /tmp/err; echo $?)"
check "it says so" grep -q memory /tmp/err
same "it is what it was" "stopped command" "$(why big)"
check "nobody was killed" grep -q '^oom_kill 0' $group/memory.events
echo max > $group/memory.max

# The CPU time of the group is a quarter of one CPU's, as soon as keelctl is out of it:
# where kernel threads use it up regardless, nobody else in the group gets any.
./keelctl create loop --memory 1M --kernel ./compute
within ./keelctl start loop
echo "25000 100000" > $group/cpu.max
# On 5.10 cgroup_attach_task_all() leaves cgroup v2 out: its user has to do it.
case $(uname -r) in
5.10.*) get loop threads > $group/cgroup.procs ;;
esac
check "its thread is there" grep -qx "$(get loop threads)" $group/cgroup.threads
was=$(cpu_times loop | awk '{ print $2 }')
start=$(ms)
sleep 3
now=$(cpu_times loop | awk '{ print $2 }')
percent=$(((now - was) / 10000 / ($(ms) - start)))
echo "a quota of 25 %: $percent %"
# From 6.18 on no quota holds kernel threads: docs/porting.md.
if kernel_from 6 18; then
	check "no quota" test $percent -gt 80
else
	check "quota" test $percent -ge 15 -a $percent -le 30
fi
thread=$(get loop threads)
check "reset" ./keelctl reset loop
same "a reset keeps the thread" "$thread" "$(get loop threads)"
check "and the thread its group" grep -qx "$thread" $group/cgroup.threads
echo max > $group/cpu.max
check "pause under a quota" ./keelctl pause loop
./keelctl destroy loop big other
check "the bystander lives" kill $bystander
kill $monitor
sleep 0.5
rmdir $group && ok "the group can go" || not_ok "the group can go"
check "unload" rmmod keel
finish
