#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Large pages: a guest that has them touches its memory by 2 MiB, with a fraction of the exits;
# equal pages in them are shared where there are enough in one, and it is made whole again when
# the sharing has ended; a clone of such a guest; all of it comes back.  Where there are no
# blocks to be had, or the memory cgroup leaves none, it goes on with small pages.
#
# needs: keelctl guests
. ./lib.sh
leaks=1

mib2=$((512 * 4096))

stat_of() { ./keelctl -j stat "$1" > /tmp/stat; number /tmp/stat "$2"; }
# counted NAME WHAT : a counter of its vCPU's, 0 when it has none of that
counted() {
	./keelctl stat "$1" > /tmp/stat-text
	n=$(awk -v w="$2" '$NF == w { print $1; exit }' /tmp/stat-text)
	echo "${n:-0}"
}
settle() { timeout 300 ./keelctl share scan --wait; }
audit() { grep -q '^ok' "$debug/keel/audit"; }
# in_root : ticks spent in root for calls of Linux's
in_root() { awk '$2 == "VMCALL" { n += $4 } END { printf "%d\n", n }' "$debug/keel/exits"; }
# wait_for FILE TEXT COUNT
wait_for() {
	tries=0
	until [ "$(grep -c "$2" "$1")" -ge "$3" ]; do
		[ $((tries += 1)) -lt 1200 ] || return
		sleep 0.1
	done
}
# large NAME NUMBER KIB [OPTION...] : one that has filled so much from 2 MiB on; there are 2 more
large() {
	name=$1 end=$(($3 * 1024 + mib2))
	arg=$((end + $2))
	shift 3
	./keelctl create "$name" --memory $((end + mib2)) --kernel ./large --arg $arg "$@" || return
	mkfifo "/tmp/in-$name"
	timeout 900 ./keelctl console --start "$name" < "/tmp/in-$name" > "/tmp/console-$name" &
	# It stays open as long as somebody has it.
	sleep 900 > "/tmp/in-$name" &
	echo $! > "/tmp/holds-$name"
	wait_for "/tmp/console-$name" filled 1
}
# say NAME LETTER ANSWER COUNT
say() {
	printf %s "$2" > "/tmp/in-$1"
	wait_for "/tmp/console-$1" "$3" "$4"
}
# ends NAME : all it has seen was right
ends() {
	printf q > "/tmp/in-$1"
	check "$1: ends" ./keelctl wait --timeout 60 "$1" stopped
	same "$1: every byte was right" "stopped exit 0" "$(why "$1")"
	kill "$(cat "/tmp/holds-$1")"
}
# until_is NAME WHAT VALUE
until_is() {
	tries=0
	until [ "$(stat_of "$1" "$2")" = "$3" ]; do
		[ $((tries += 1)) -lt 100 ] || return
		sleep 0.3
	done
}
ticks() { tr -d '\r' < "/tmp/console-$1" | sed -n 's/^ticks //p'; }

check "load" insmod keel.ko
before=$(free_kib)

# First touches
check "without" large small 2048 65536
check "with" large big 2048 65536 --huge
for i in small big; do
	echo "$i: 64 MiB touched in $(ticks $i) ticks, EPT violations $(counted $i EPT_VIOLATION)," \
		"returns for memory $(counted $i fill), VM entries from Linux $(stat_of $i runs)"
done
check "few exits" test $((10 * $(counted big EPT_VIOLATION))) -le "$(counted small EPT_VIOLATION)"
check "few returns" test "$(counted big fill)" -lt "$(counted small fill)"
./keelctl -j show big > /tmp/show
same "no large page without" 0 "$(stat_of small huge)"
check "show says so" grep -q '"huge":true' /tmp/show
check "and of others that they are not" sh -c './keelctl -j show small | grep -q "\"huge\":false"'
ends small
ends big
check "destroy" ./keelctl destroy small big
check "audit" audit

# Sharing: even ranges of 2 MiB have 128 equal pages, odd ones 16
check "large 1" large a 1 8192 --huge
check "large 2" large b 2 8192 --huge
same "four large pages" $((4 * mib2)) "$(stat_of a huge)"
same "and four" $((4 * mib2)) "$(stat_of b huge)"
adds_up a
same "it does not share" 0 "$(of a huge)"
check "audit of large pages" audit
check "share" ./keelctl share on a --domain 1
check "share 2" ./keelctl share on b --domain 1
check "scan" settle
same "two of them were split" "2 $((2 * mib2))" "$(stat_of a splits) $(stat_of a huge)"
same "two of the others" "2 $((2 * mib2))" "$(stat_of b splits) $(stat_of b huge)"
check "what is equal there is shared" test "$(of a shared)" -ge 256 -a "$(of a shared)" -le 262
same "huge ones are told" 1024 "$(of a huge)"
same "splits in all" 4 "$(all splits)"
adds_up a
adds_up b
cat /tmp/explain
check "audit of split ones" audit
check "a sees what it has written" say a c right 1
check "b, too" say b c right 1
check "settled" settle
same "no further split" 4 "$(all splits)"

# A clone: all is split
check "pause" ./keelctl pause a
first=$(in_root)
check "clone" ./keelctl clone a c --paused
second=$(in_root)
check "a second clone" ./keelctl clone a d --paused
third=$(in_root)
echo "ticks in root: clone that splits two $((second - first)), that has none $((third - second))"
same "no large page is left" 0 "$(stat_of a huge)"
check "audit of the clones" audit
check "destroy the clones" ./keelctl destroy c d
check "resume" ./keelctl resume a

# The end of sharing: writes break it, and the ranges are whole again
check "share off" ./keelctl share off a
check "share off 2" ./keelctl share off b
# What its clones had as well is the same to it, until it writes.
check "what is shared stays so" test $(($(stat_of a shared) + $(stat_of a cloned))) -gt 0
first=$(in_root)
check "a writes" say a w written 1
check "b writes" say b w written 1
check "a is whole again" until_is a huge $((4 * mib2))
check "b is whole again" until_is b huge $((4 * mib2))
echo "ticks in root until $(($(stat_of a collapses) + $(stat_of b collapses))) are whole again:" \
	"$(($(in_root) - first))"
same "collapsed as often as split" "$(stat_of a splits)" "$(stat_of a collapses)"
check "audit of whole ones" audit
check "a is right" say a c right 2
check "b is right" say b c right 2
ends a
ends b
check "destroy" ./keelctl destroy a b
check "audit after that" audit

# Without memory for blocks: a limit that leaves room for four, and frames for what is left
control_group +memory
echo 10M > "$group/memory.max"
tight() { echo 0 > "$group/cgroup.procs" && large tight 2048 $((8192 + 256)) --huge; }
check "in a tight cgroup" tight
echo 0 > "$groups/cgroup.procs"
echo "with a limit: $(stat_of tight huge) of $(stat_of tight mapped) bytes in large pages," \
	"$(counted tight fill) returns for memory"
check "some are large" test "$(stat_of tight huge)" -ge $mib2
check "not all are" test "$(stat_of tight huge)" -le $((4 * mib2))
check "all is there" test "$(stat_of tight mapped)" -ge $((4 * mib2 + 256 * 1024))
check "few returns still" test "$(counted tight fill)" -lt 60
check "audit of a tight one" audit
ends tight
check "destroy it" ./keelctl destroy tight
check "audit in the end" audit
after=$(free_kib)
check "memory is back" test $((before - after)) -lt "$(missing 2048)"
check "unload" rmmod keel
finish
