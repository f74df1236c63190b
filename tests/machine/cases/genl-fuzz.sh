#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# genl-fuzz.sh [COUNT SEED] : random and mutated messages to the generic-netlink
# family, from two senders at once: each is answered, nothing is left, and the
# kernel has nothing to complain of.  100,000 of them where the kernel watches itself.
#
# run debug: -- 12500 1
# run debug: -- 12500 3
# run debug: -- 12500 5
# run debug: -- 12500 7
# needs: genl genl-fuzz
. ./lib.sh
leaks=1
count=${1:-5000}
seed=${2:-1}

insmod keel.ko
./genl-fuzz "$count" "$seed" > /tmp/first &
./genl-fuzz "$count" $((seed + 1)) > /tmp/second
check "all answers of the second are fair" grep -q '^odd 0$' /tmp/second
wait $!
check "all answers of the first are fair" grep -q '^odd 0$' /tmp/first
cat /tmp/first /tmp/second
# made|loaded|started : how many guests were
many() { awk -v what="$1" '/started$/ { for (i = 2; i <= NF; i++) if ($i ~ what) n += $(i - 1) }
			   END { print n + 0 }' /tmp/first /tmp/second; }
check "guests were made" test "$(many made)" -gt $((count / 50))
check "and loaded" test "$(many loaded)" -gt $((count / 100))
check "and let share" test "$(many sharing)" -gt $((count / 100))
check "and scanned" test "$(many scanned)" -gt $((count / 200))
check "and started" test "$(many started)" -gt $((count / 200))
check "many messages were refused" \
	test "$(awk '/ times E/ { n += $1 } END { print n + 0 }' /tmp/first /tmp/second)" -gt $((count / 5))
./genl << END
status-get | ok vms=0 running=0 demoted=$(nproc) tampered=0
END
check "no guest is left" test $? = 0
check "unload" rmmod keel
finish
