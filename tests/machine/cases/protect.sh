#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Root's memory is out of the demoted host's reach: it reads zeros there, and
# writes raise #GP and are counted and told.
. ./lib.sh

insmod keel_probe.ko
i=0
while [ $i -lt 3 ]; do
	check "load" insmod keel.ko
	mark attack$i
	cat $probe/attack > /tmp/attack
	attack() { sed -n "s/^$1 //p" /tmp/attack; }
	echo "$(attack pages) pages attacked, $(attack writes) writes"
	check "all pages of root's, on all CPUs" test "$(attack pages)" -ge $((40 * $(nproc)))
	same "nothing can be read" 0 "$(attack leaks)"
	same "no write gets through" "$(attack writes)" "$(attack refused)"
	same "all are counted" "$(attack writes)" "$(counter tampered)"
	check "Keel still answers" test "$(counter demoted)" = "$(nproc)"
	check "the log tells" until_log attack$i "keel: .*tampering with root's memory"
	log_since attack$i > /tmp/log
	check "but not without end" test "$(wc -l < /tmp/log)" -lt 100
	check "unload" rmmod keel
	i=$((i + 1))
done
finish
