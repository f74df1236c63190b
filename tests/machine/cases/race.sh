#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# keelctl killed at any point leaves guests that can be gone on with; two at the same
# guest get clear answers.
#
# needs: keelctl guests
. ./lib.sh
leaks=1

times=54
[ -z "$watched" ] || times=12
check "load" insmod keel.ko

# killed MS COMMAND... : let keelctl work for so long, then kill it
killed() {
	ms=$1
	shift
	./keelctl "$@" > /tmp/out 2>&1 &
	usleep $((ms * 1000))
	kill -9 $! 2> /tmp/err && wait $! 2> /tmp/err
	[ $? = 137 ] && kills=$((kills + 1))
}

# A command takes some 60 ms, create --start more.
kills=0
i=0
while [ $i -lt $times ]; do
	case $((i % 6)) in
	0) killed $((i % 23 * 7)) create victim --memory 4M --kernel ./walk --arg 4M --start ;;
	1) killed $((i % 17 * 5)) start victim ;;
	2) killed $((i % 19 * 4)) pause victim ;;
	3) killed $((i % 17 * 4)) reset victim ;;
	4) killed $((i % 13 * 6)) stop --wait --timeout 1 victim ;;
	5) killed $((i % 17 * 5)) destroy victim ;;
	esac
	timeout 20 ./keelctl list > /tmp/list || break
	i=$((i + 1))
done
same "the list works after each" $times $i
echo "$kills of $times were killed"
check "most of them were at it" test $kills -ge $((times / 3))
grep victim /tmp/list && ./keelctl destroy victim
check "a guest of that name can be made" ./keelctl create victim --memory 4M --kernel ./walk --arg 4M --start
./keelctl wait victim stopped --timeout 30
same "and works" "stopped exit 0" "$(why victim)"
check "and be destroyed" ./keelctl destroy victim
same "nothing is left" '{"guests":[]}' "$(./keelctl -j list)"
check "frames are right" grep -q '^ok' $debug/keel/audit

# clerk WHO : at one guest, all that can be done to it, in an order of its own
clerk() {
	n=$1
	round=0
	while [ $round -lt $times ]; do
		n=$(((n * 1103515245 + 12345) % 2147483648))
		case $((n / 65536 % 12)) in
		0) set -- create shared --memory 1M --kernel ./hello --start ;;
		1) set -- create shared --memory 1M --kernel ./spin --start ;;
		2) set -- start shared ;;
		3) set -- pause shared ;;
		4) set -- resume shared ;;
		5) set -- stop --timeout 0 shared ;;
		6) set -- reset shared ;;
		7) set -- destroy shared ;;
		8) set -- share on shared --domain $((n / 1048576 % 2)) ;;
		9) set -- share off shared ;;
		10) set -- -j share explain shared ;;
		11) set -- share scan ;;
		esac
		timeout 20 ./keelctl "$@" > /tmp/said.$$.$n 2>&1
		echo "$? $* : $(cat /tmp/said.$$.$n)"
		rm /tmp/said.$$.$n
		round=$((round + 1))
	done
}
clerk 1 > /tmp/first &
clerk 7919 > /tmp/second
wait
cat /tmp/first /tmp/second > /tmp/both
same "all have an answer" $((2 * times)) "$(wc -l < /tmp/both)"
same "which is yes or no" "" "$(grep -v '^[02] ' /tmp/both)"
echo "$(grep -c ^0 /tmp/both) yes, $(grep -c ^2 /tmp/both) no"
same "a yes is silent" "" "$(sed -n '/share explain/d; s/^0 .* : //p' /tmp/both | grep .)"
same "a no has its reason" "" "$(grep ^2 /tmp/both | grep -v -e ': there is no guest' \
	-e 'there is a guest of that name' -e 'the guest runs already' -e 'the guest is paused' \
	-e 'shares pages already' -e 'the guest does not run' -e 'the guest is not paused' -e 'the guest was deleted just now')"
sed -n 's/^2.*: //p' /tmp/both | sort | uniq -c
check "some were yes, some were no" test "$(grep -c ^0 /tmp/both)" -gt $((times / 4)) \
	-a "$(grep -c ^2 /tmp/both)" -gt $((times / 8))
./keelctl list --null | xargs -0 -r ./keelctl destroy

# Started while it is destroyed, which takes a moment with four vCPUs
i=0
while [ $i -lt $((times / 2)) ]; do
	./keelctl create late --memory 1M --cpus 4 --kernel ./spin --start || break
	./keelctl destroy late &
	usleep $((i % 9 * 2000))
	./keelctl start late 2>> /tmp/late && break
	wait
	i=$((i + 1))
done
same "none is started while it is destroyed" $((times / 2)) $i
wait
sed 's/.*late: //' /tmp/late | sort | uniq -c
check "frames are right" grep -q '^ok' $debug/keel/audit
same "nothing is left" '{"guests":[]}' "$(./keelctl -j list)"
check "unload" rmmod keel
finish
