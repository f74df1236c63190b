#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Clones: of guests that run and that are paused, with one and with two vCPUs, go on where
# the source was, with its memory, its registers and its timers, and what either writes is
# its own; clones of clones, and without their source; templates; a hundred at once; and what
# is refused, of which nothing is left.
#
# needs: keelctl guests
. ./lib.sh
leaks=1

mib=2
many=100
[ -z "$watched" ] || many=20

audit() { grep -q '^ok' "$debug/keel/audit"; }
# talk NAME WORDS : says them to it, the last of which end it; what it answers, in one line
talk() {
	printf %s "$2" | timeout 120 ./keelctl console "$1" | tr -d '\r' | tr '\n' ' '
}
# tell NAME WORDS ANSWER : says them to a source that goes on
tell() {
	lines=$(wc -l < "/tmp/console-$1")
	printf %s "$2" > "/dev/$(get "$1" console)"
	tries=0
	until sed "1,${lines}d" "/tmp/console-$1" | grep -q "$3"; do
		[ $((tries += 1)) -lt 300 ] || return
		sleep 0.1
	done
}
# is_right NAME MARK : a clone that has mark 0 or the given one goes on; it gets mark 7, and ends
is_right() {
	same "$1: is where its source was" "right $2 beats right 7 beats " "$(talk "$1" ct7ctq)"
	same "$1: ends" "stopped exit 0" "$(why "$1")"
}
names() { seq $many | sed "s/^/$1-/"; }

check "load" insmod keel.ko
for cpus in 1 2; do
	s=from$cpus
	check "$s" filled $s ${mib}M --cpus $cpus
	# Of one that runs, in the midst of what it does
	check "$s: clone" ./keelctl clone $s run$cpus
	same "$s: it runs on" running "$(get $s state)"
	same "run$cpus: runs" running "$(get run$cpus state)"
	is_right run$cpus 0
	check "$s: is what it was" tell $s ct "right 0"
	check "$s: its timers are" tell $s t beats
	check "audit" audit
	# Of one that is paused; and of the clone, which is paused and was never in it
	check "$s: pause" ./keelctl pause $s
	check "$s: clone of a paused one" ./keelctl clone $s paused$cpus
	check "$s: and a paused one" ./keelctl clone --paused $s quiet$cpus
	same "quiet$cpus: is paused" paused "$(get quiet$cpus state)"
	check "quiet$cpus: clone of the clone" ./keelctl clone quiet$cpus again$cpus
	is_right paused$cpus 0
	is_right again$cpus 0
	check "quiet$cpus: resume" ./keelctl resume quiet$cpus
	is_right quiet$cpus 0
	check "$s: resume" ./keelctl resume $s
	# Written to before and after
	check "$s: mark" tell $s 4c "right 4"
	check "$s: clone with a mark" ./keelctl clone $s mark$cpus
	check "$s: another mark" tell $s 5c "right 5"
	is_right mark$cpus 4
	check "$s: has its own" tell $s c "right 5"
	# The source goes first
	check "$s: clone --paused" ./keelctl clone --paused $s orphan$cpus
	check "$s: stop it" ./keelctl stop --timeout 60 --wait $s
	same "$s: all was right" "stopped exit 0" "$(why $s)"
	./keelctl destroy $s
	check "audit without the source" audit
	check "orphan$cpus: clone" ./keelctl clone orphan$cpus heir$cpus
	check "orphan$cpus: destroy" ./keelctl destroy orphan$cpus
	is_right heir$cpus 5
	./keelctl destroy run$cpus paused$cpus again$cpus quiet$cpus mark$cpus
	# From its image, as its source would
	check "heir$cpus: starts from the image" ./keelctl start heir$cpus
	same "heir$cpus: anew" "filled right 0 " "$(talk heir$cpus cq)"
	./keelctl destroy heir$cpus
	check "audit" audit
done

# Templates
check "a source" filled t ${mib}M --cpus 2
refused_by_keelctl "one that runs is no template" 'not paused' template t
./keelctl pause t
check "template" ./keelctl template t
check "it is shown" ./keelctl -j show t
for command in "resume" "reset" "stop --timeout 0"; do
	# shellcheck disable=SC2086
	refused_by_keelctl "$command of a template" 'is a template' $command t
done
check "a clone of it" ./keelctl clone t t1
is_right t1 0
same "a clone is none" false "$(get t1 template)"
check "template off" ./keelctl template t off
check "resume" ./keelctl resume t
check "it is what it was" tell t c "right 0"

# Many, all or none
./keelctl pause t
./keelctl template t
before=$(free_kib)
check "many" ./keelctl clone --paused t m --count $many
same "all are there" $many "$(./keelctl list | grep -c ' m-.* paused ')"
after=$(free_kib)
echo "$many clones of two vCPUs: $(((before - after) / many)) KiB each"
for i in 1 $((many / 2)) $many; do
	check "m-$i: resume" ./keelctl resume m-$i
	is_right m-$i 0
done
check "audit" audit
# What waits for a clone's next pages is little, however often it has been woken since.
check "m-2: resume" ./keelctl resume m-2
sleep 3
./keelctl -j stat m-2 > /tmp/stat
echo "# m-2: $(number /tmp/stat pool) bytes of frames over"
check "m-2: has few frames over" [ "$(number /tmp/stat pool)" -le 65536 ]
check "m-2: pause" ./keelctl pause m-2
refused_by_keelctl "a name that is taken" 'of that name' clone t m-7
refused_by_keelctl "one of many names" 'of that name' clone t m --count 3
# Threads that were made for nothing are kept, asleep as others are.
asleep() { sed -n 's/^State:\t//p' $(grep -l '^Name:.keel/' /proc/[0-9]*/status) | sort -u; }
same "threads are asleep" "I (idle)" "$(asleep)"
same "of these there is no other" 0 "$(./keelctl list | grep -c ' m-.* running ')"
check "one of the last" ./keelctl create n-9 --memory 1M
refused_by_keelctl "the last of many names" 'of that name' clone t n --count 9
same "of these there is one" 1 "$(./keelctl list | grep -c ' n-')"
check "audit" audit
check "destroy them" ./keelctl destroy $(names m) n-9

# What there is not enough memory for: of all of it, tens of thousands would have to be made first
check "audit before" audit
dd if=/dev/zero of=/tmp/eaten bs=1M count=$(($(free_kib) / 1024 - (watched ? 32 : 96))) 2> /dev/null
refused_by_keelctl "far too many" 'memory' clone --paused t far --count 60000
rm /tmp/eaten
same "there is none" 0 "$(./keelctl list | grep -c ' far-')"
same "nobody was killed for them" 0 "$(dmesg | grep -c 'invoked oom-killer')"
check "audit" audit
check "a few of them" ./keelctl clone --paused t far --count 3
./keelctl destroy far-1 far-2 far-3

# What is refused
refused_by_keelctl "of nobody" 'no guest of this name' clone nobody x
refused_by_keelctl "to a bad name" 'control character' clone t a/b
refused_by_keelctl "none" 'out of range' clone t x --count 0
refused_by_keelctl "too long a name" 'longer than 63' clone t "$(printf 'x%.0s' $(seq 62))" --count 9
check "one that is stopped" ./keelctl create off --memory 1M --kernel ./spin
refused_by_keelctl "of one that is stopped" 'start it first' clone off x
./keelctl destroy off
check "the source is what it was" ./keelctl template t off
./keelctl resume t
check "all of it" tell t ct "right 0"
check "stop it" ./keelctl stop --timeout 60 --wait t
same "all was right" "stopped exit 0" "$(why t)"
./keelctl destroy t t1
check "audit at the end" audit
check "unload" rmmod keel
finish
