#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Equal pages of guests become one: counted, and given back to Linux; a write gets a page of
# its own, and every byte is right; guests of different domains have nothing in common but
# zeros; guests that write all the time, on two CPUs, while everything is scanned flat out;
# guests that go while they share.
#
# needs: keelctl guests
. ./lib.sh
leaks=1

mib=4
[ -z "$watched" ] || mib=2
bytes=$((mib * 1048576))

# number JSON MEMBER
number() { sed -n 's/.*"'"$2"'":\([0-9]*\).*/\1/p' "$1"; }
all() { ./keelctl -j share > /tmp/all; number /tmp/all "$1"; }
of() { ./keelctl -j share explain "$1" > /tmp/of; number /tmp/of "$2"; }
# twin NAME NUMBER [OPTION...] : one more, that has filled its memory
twin() {
	./keelctl create "$1" --memory ${mib}M --kernel ./twin --arg $((bytes + $2)) \
		${3:+--cpus "$3"} || return
	timeout 60 ./keelctl console --start "$1" < /dev/null > "/tmp/console-$1" &
	tries=0
	until grep -q filled "/tmp/console-$1"; do
		[ $((tries += 1)) -lt 600 ] || return
		sleep 0.1
	done
}
settle() { timeout 120 ./keelctl share scan --wait; }
audit() { grep -q '^ok' "$debug/keel/audit"; }
# ends NAME : it is asked to, and all it has seen was right
ends() {
	check "$1: asked to stop" ./keelctl stop --timeout 60 --wait "$1"
	same "$1: every byte was right" "stopped exit 0" "$(why "$1")"
}

check "load" insmod keel.ko
same "nothing is shared at first" 0 "$(all pages_shared)"
check "a scan with nobody" settle
for i in 1 2 3; do
	check "twin $i" twin "a$i" "$i"
done
check "twin 4" twin alone 4
check "twin 5" twin other 5
check "twin 6" twin off 6
pages=$(sed -n 's/.*"mapped":\([0-9]*\).*/\1/p' <<- END
	$(./keelctl -j stat off)
END
)
pages=$((pages / 4096))
before=$(free_kib)
for i in 1 2 3; do
	check "twin $i shares with the others" ./keelctl share on "a$i" --domain 5
done
check "one in no domain" ./keelctl share on alone
check "one in another domain" ./keelctl share on other --domain 6
check "scan" settle
after=$(free_kib)
all pages_shared > /dev/null
cat /tmp/all
shared=$(all pages_shared)
sharing=$(all pages_sharing)
echo "of $pages pages each: $shared frames shared, $sharing saved, $((after - before)) KiB free"
# Common: all but one in four, and one more in sixteen of these is zero anyway
common=$(((pages - 40) * 11 / 16 - 16))
check "all that is equal is shared" test "$shared" -ge $common -a "$shared" -le "$pages"
check "by all three" test "$sharing" -ge $((2 * common))
check "zeros are dropped" test "$(of a1 zero)" -ge $((pages / 16 - 4))
check "by one that is alone, too" test "$(of alone zero)" -ge $((pages / 16 - 4))
same "who is alone shares nothing" 0 "$(of alone shared)"
same "nor does one in another domain" 0 "$(of other shared)"
same "nor one that is off" 0 "$(of off merged)"
check "memory is given back" test $((after - before)) -ge $(((2 * common + pages / 4) * 4 * 9 / 10))
check "audit" audit
failed_hints=$(all failed)
hashed=$(all hashed)
check "settled" settle
# Their stacks change, as they look whether they are asked.
check "an unchanged page is not hashed again" test "$(all hashed)" -le $((hashed + 64))
same "no hint was wrong since" "$failed_hints" "$(all failed)"
same "a domain stays while pages are shared" 2 "$(./keelctl share domain a1 --domain 9 2> /tmp/err; echo $?)"
check "and it is said why" grep -q 'shares pages already' /tmp/err

# Writes
ends a1
tr -d '\r' < /tmp/console-a1 | grep '^break' | sed 's/^/a1: ticks of a /'
check "the others still have theirs" test "$(all pages_sharing)" -ge $((common - 1))
check "audit after the writes" audit
check "destroy one that shares" ./keelctl destroy a2
check "audit after that" audit
ends a3
ends alone
ends other
ends off
same "nobody shares any more" 0 "$(all pages_shared)"
./keelctl destroy a1 a3 alone other off

# Guests that write and read back all the time, one of them on both CPUs
check "budget" ./keelctl share budget 100
check "busy 1" twin b1 2049
check "busy 2" twin b2 2050
check "busy 3, with two vCPUs" twin b3 2051 2
check "a quiet one" twin q 7
for name in b1 b2 b3 q; do ./keelctl share on $name --domain 1; done
i=0
while [ $i -lt 6 ]; do
	settle || break
	i=$((i + 1))
done
same "scans while they write" 6 $i
check "merged meanwhile" test "$(all merged)" -gt $((pages / 2))
check "broken meanwhile" test "$(all breaks)" -gt 10
all merged > /dev/null
cat /tmp/all
check "pause in the midst of it" ./keelctl pause b1
check "scan of a paused one" settle
check "resume" ./keelctl resume b1
check "reset in the midst of it" ./keelctl reset q
check "share off" ./keelctl share off b2
check "audit while they write" audit
ends b1
ends b2
ends b3
check "destroy with shared pages" ./keelctl destroy q b1 b2 b3
same "all is gone" 0 "$(all pages_shared)"

# What is refused
same "a cap of one" 2 "$(./keelctl share cap 1 2> /tmp/err; echo $?)"
same "a budget of nothing" 2 "$(./keelctl share budget 0 2> /tmp/err; echo $?)"
same "a guest that there is not" 2 "$(./keelctl share on nobody 2> /tmp/err; echo $?)"
check "unload" rmmod keel
finish
