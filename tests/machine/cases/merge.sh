#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Equal pages of guests become one: counted, and given back to Linux; a write gets a page of
# its own, and every byte is right; guests of different domains have nothing in common but
# zeros; guests that write all the time, on two CPUs, while everything is scanned flat out;
# guests that go while they share.  Each page of a guest is told what it is; who looks for equal
# pages keeps within limits; and a write takes as long whether another domain has such a page or
# not.
#
# needs: keelctl guests
. ./lib.sh
leaks=1

mib=4
[ -z "$watched" ] || mib=2
bytes=$((mib * 1048576))

# twin NAME NUMBER [OPTION...] : one more, that has filled its memory
twin() {
	./keelctl create "$1" --memory ${mib}M --kernel ./twin --arg $((bytes + $2)) \
		${3:+--cpus "$3"} || return
	until_filled "$1" 900
}
settle() { timeout 120 ./keelctl share scan --wait; }
# ticks NAME WHAT : of a write to pages that are in every twin (break), or in none (unique)
ticks() { tr -d '\r' < "/tmp/console-$1" | sed -n "s/^$2 //p"; }
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
adds_up a1
adds_up off
check "one that does not share is not looked at" grep -q '"why":"off"' /tmp/explain
check "not at a single page" test "$(number /tmp/explain excluded)" -ge "$pages"
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
for i in a1 alone other off; do
	adds_up $i
	cat /tmp/explain
done
./keelctl share explain a1
./keelctl -j share explain a1 > /tmp/of
same "nothing else has a reason" null "$(sed -n 's/.*"why":\([^,]*\).*/\1/p' /tmp/of)"
check "memory is given back" test $((after - before)) -ge $(((2 * common + pages / 4) * 4 * 9 / 10))
check "audit" audit
# Their stacks change, as they look whether they are asked.
everybody="a1 a2 a3 alone other"
# shellcheck disable=SC2086
./keelctl pause $everybody
check "settled" settle
failed_hints=$(all failed)
hashed=$(all hashed)
check "settled again" settle
same "an unchanged page is not hashed again" "$hashed" "$(all hashed)"
same "no hint was wrong since" "$failed_hints" "$(all failed)"

# The pace: less while nothing is found, and within limits
same "the budget" 20 "$(all budget)"
tries=0
until [ "$(all pace)" = 2 ] || [ $((tries += 1)) -ge 100 ]; do sleep 0.2; done
same "an eighth of it while nothing is found" 2 "$(all pace)"
check "a limit that is set" ./keelctl share rate 100
same "is told" "100 20" "$(all rate) $(all pace)"
passes=$(all full_scans)
sleep 4
check "pages a second: no further pass in 4 seconds" test "$(all full_scans)" -le $((passes + 1))
check "and none" ./keelctl share rate 0
passes=$(all full_scans)
sleep 4
check "passes go on at once" test "$(all full_scans)" -ge $((passes + 2))
# shellcheck disable=SC2086
./keelctl resume $everybody
same "a domain stays while pages are shared" 2 "$(./keelctl share domain a1 --domain 9 2> /tmp/err; echo $?)"
check "and it is said why" grep -q 'shares pages already' /tmp/err

# Writes
ends a1
check "the others still have theirs" test "$(all pages_sharing)" -ge $((common - 1))
check "audit after the writes" audit
check "destroy one that shares" ./keelctl destroy a2
check "audit after that" audit
ends a3
ends alone
ends other
ends off
for i in a1 a3 alone other off; do
	echo "$i: ticks of a write to a page that all have: $(ticks $i break)," \
		"to one of its own: $(ticks $i unique)"
done
if [ "$(ticks a1 unique)" ]; then
	check "a write to a shared page is seen" test "$(ticks a1 break)" -gt $((3 * $(ticks a1 unique)))
	# One that shares with nobody, in another domain than those that hold the same pages
	for i in alone other; do
		apart=$(($(ticks $i break) - $(ticks $i unique)))
		check "$i: whether others have a page cannot be told by the time" \
			test $apart -le 4 -a $apart -ge -4
	done
fi
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
# Whatever can happen to them, while everything is scanned all the time
while [ ! -e /tmp/enough ]; do settle && echo settled; done > /tmp/scans &
scans=$!
i=0
while [ $i -lt 4 ]; do
	./keelctl pause b1 b3 && sleep 0.3 && ./keelctl resume b1 b3 || break
	./keelctl reset q && sleep 0.$((i + 1)) || break
	./keelctl share off b2 && ./keelctl share on b2 || break
	./keelctl create short --memory ${mib}M --kernel ./twin --arg $((bytes + 2060)) --start &&
		./keelctl share on short --domain 1 && sleep 0.5 && ./keelctl destroy short || break
	./keelctl share explain b3 > /tmp/of && audit || break
	i=$((i + 1))
done
same "pause, reset, off, on and destroy in the midst of it" 4 $i
touch /tmp/enough
wait $scans
check "with scans beside it" test "$(wc -l < /tmp/scans)" -ge 2
check "pause" ./keelctl pause b1
check "scan of a paused one" settle
check "resume" ./keelctl resume b1
check "share off" ./keelctl share off b2
check "audit while they write" audit
ends b1
ends b2
ends b3
check "destroy with shared pages" ./keelctl destroy q b1 b2 b3
same "all is gone" 0 "$(all pages_shared)"

# A frame is mapped twice at most, and then said to be so.
check "cap" ./keelctl share cap 2
for i in 1 2 3; do
	check "capped twin $i" twin c$i $i
	./keelctl share on c$i --domain 2
done
check "scan with a cap" settle
all pages_shared > /dev/null
same "no frame is mapped thrice" "$(number /tmp/all pages_shared)" "$(number /tmp/all pages_sharing)"
capped=$(($(of c1 capped) + $(of c2 capped) + $(of c3 capped)))
echo "$capped pages are capped, $(number /tmp/all pages_shared) frames shared"
check "what is over is said to be capped" test $capped -ge $((common / 2))
for i in c1 c2 c3; do
	adds_up $i
done
check "no cap" ./keelctl share cap 4294967295
check "destroy the capped" ./keelctl destroy c1 c2 c3

# What is refused
same "a cap of one" 2 "$(./keelctl share cap 1 2> /tmp/err; echo $?)"
same "a budget of nothing" 2 "$(./keelctl share budget 0 2> /tmp/err; echo $?)"
same "a guest that there is not" 2 "$(./keelctl share on nobody 2> /tmp/err; echo $?)"
check "unload" rmmod keel
finish
