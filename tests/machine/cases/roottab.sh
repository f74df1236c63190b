#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Root's address space: its image, a slot a CPU with a guard page on each side
# of each stack, what it shares with the host, and nothing else.
. ./lib.sh

insmod keel_probe.ko
echo launch-look > $probe/break
insmod keel.ko
cat $probe/roottab > /tmp/tab
cat /tmp/tab
check "nothing is writable and executable" sh -c '! grep -q rwx /tmp/tab'
same "the image is code, then constants" "r-x r--" \
	"$(sed -n 's/^0x400[0-9a-f]\{5\}-[^ ]* \(r..\)$/\1/p' /tmp/tab | tr '\n' ' ' | sed 's/ $//')"
cpu=0
while [ $cpu -lt "$(nproc)" ]; do
	slot=$((0x1000000000 + cpu * 0x10000))
	want=
	for pages in "1 2" "3 4" "5 6" "7 8" "9 12"; do
		set -- $pages
		want="$want$(printf '0x%x-0x%x rw-' $((slot + $1 * 4096)) $((slot + $2 * 4096))) "
	done
	same "the stacks of CPU $cpu have guards" "$want" \
		"$(grep "^$(printf '0x%x' $((slot >> 16)))" /tmp/tab | tr '\n' ' ')"
	cpu=$((cpu + 1))
done
gate=$(sed -n 's/^gate //p' /tmp/tab)
check "the gate is code" grep -q "^$gate-.* r-x" /tmp/tab
for shared in $(sed -n 's/^shared //p' /tmp/tab); do
	check "shared pages are data" grep -q "$shared-.* rw-\|-$shared \|^0x.*-.* rw-" /tmp/tab
done
check "root's state is data" grep -q '^0x2000000000-0x2000001000 rw-' /tmp/tab
check "memory is data" grep -q '^0x400000000000-.* rw-' /tmp/tab
same "nothing else" $((2 + 5 * $(nproc) + 3)) \
	"$(grep -v '^gate\|^shared\|^0xffff88' /tmp/tab | grep -c '^0x')"
rmmod keel
finish
