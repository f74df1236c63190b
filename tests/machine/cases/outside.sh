#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A guest that reads or writes beyond its memory, be it just behind it, or where root,
# Linux or devices have theirs, crashes, which is told with the address; nobody else is
# harmed.
#
# needs: keelctl guests
. ./lib.sh
leaks=1

check "load" insmod keel.ko
./keelctl create other --memory 4M --kernel ./walk --arg 4M
./keelctl create neighbour --memory 1M --kernel ./compute --start
./keelctl -j monitor > /tmp/events &
monitor=$!
sleep 0.5

sum() { sha256sum < /tmp/data; }
head -c 3000000 /dev/urandom > /tmp/data
want=$(sum)

# The tables that keelctl makes map the first GiB.  Odd addresses are written to.
at=2097152
for address in 2097152 2097153 16777216 104857601 268435456 402653185 1073741823; do
	./keelctl create out$address --memory 2M --kernel ./outside --arg $address --start
	./keelctl wait out$address crashed --timeout 20 2> /tmp/err
	same "at $address" "crashed outside $address" "$(why out$address)"
	check "it came there, and no further" sh -c "./keelctl console out$address < /dev/null |
		grep -v '$(printf '%#x' $address)\$' | wc -l | grep -q '^0$'"
	check "an event tells" grep -q "\"event\":\"state\".*\"name\":\"out$address\",\"state\":\"crashed\",\"reason\":\"outside\",\"detail\":$address," /tmp/events
	./keelctl start other
	./keelctl wait other stopped --timeout 20 2> /tmp/err
	[ "$(why other)" = "stopped exit 0" ] || not_ok "another guest: $(why other)"
done
# Below its end there is nothing to be told about.
./keelctl create inside --memory 2M --kernel ./outside --arg $((at - 1)) --start
./keelctl wait inside stopped --timeout 20
same "the last byte is its own" "stopped exit 1" "$(why inside)"

check "frames are right" grep -q '^ok' $debug/keel/audit
same "no one has touched what is root's" 0 "$(counter tampered)"
same "Linux's memory is as it was" "$want" "$(sum)"
same "the neighbour goes on" "running command" "$(why neighbour)"
./keelctl stop --wait neighbour
check "and has counted right" sh -c 'timeout 10 ./keelctl console neighbour < /dev/null | grep -q " ok$"'
kill $monitor
./keelctl list --null | xargs -0 ./keelctl destroy
check "unload" rmmod keel
finish
