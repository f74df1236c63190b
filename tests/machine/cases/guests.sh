#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Guests by keelctl: each program of tests/guest does what it is made for, each
# command does what it says, and Keel is not unloaded while there are guests.
#
# needs: keelctl guests
. ./lib.sh
leaks=1

# ends NAME WANT : it comes to an end, and that is as WANT says
ends() {
	./keelctl wait "$1" "${2%% *}" --timeout 30 2> /tmp/err || cat /tmp/err
	same "$1 ends" "$2" "$(why "$1")"
}

# run NAME ARG OPTION... : a guest of that program
run() {
	name=$1
	arg=$2
	shift 2
	./keelctl create "$name" --kernel "./$name" --arg "$arg" --start "$@" ||
		not_ok "create $name"
}

check "load" insmod keel.ko
./keelctl -j monitor > /tmp/events &
monitor=$!
tries=0
until [ -s /tmp/events ] || [ $((tries += 1)) -gt 100 ]; do
	./keelctl create first --memory 64K
	./keelctl destroy first
done
check "events arrive" test -s /tmp/events

run hello 7 --memory 1M
ends hello "stopped exit 7"
same "hello says" hello "$(said hello)"
run compute 20 --memory 1M
ends compute "stopped exit 0"
same "compute says" "compute 20 ok" "$(said compute)"
run walk 16M --memory 16M
ends walk "stopped exit 0"
touched=$(said walk | sed -n 's/^walk \([0-9]*\) ok$/\1/p')
check "walk has touched nearly all" test "$touched" -gt 4000
./keelctl -j stat walk > /tmp/stat
stat() { sed -n 's/.*"'"$1"'":\([0-9]*\).*/\1/p' /tmp/stat; }
check "read first" test "$(stat read_touches)" -ge "$touched" -a "$(stat read_touches)" -le 4096
check "written then" test "$(stat write_touches)" -ge "$touched" -a "$(stat write_touches)" -le 4096
check "frames were taken for that" test "$(stat filled)" -ge $((touched * 4096)) \
	-a "$(stat filled)" -lt $((touched * 4096 + (4 << 20)))
same "they are Linux's again" "0 0 0 0" "$(stat mapped) $(stat zero) $(stat tables) $(stat pool)"
run rate 2M --memory 2M
ends rate "stopped exit 0"
same "rate has measured" "empty cpuid vmcall out in read write write-after-read" \
	"$(said rate | tee /tmp/rate | awk '$2 ~ /^[0-9]+$/ { printf "%s%s", n++ ? " " : "", $1 }')"
tr '\n' ';' < /tmp/rate
echo
run triple 0 --memory 1M
ends triple "crashed shutdown"
run fpu $((20 << 32 | 1)) --memory 1M
ends fpu "stopped exit 0"
run fresh 5 --memory 1M
ends fresh "stopped exit 5"
run echo 9 --memory 1M
printf 'abq' | timeout 20 ./keelctl console echo > /tmp/said
same "echo echoes" "echo ABQ" "$(tr '\n' ' ' < /tmp/said | sed 's/ $//')"
ends echo "stopped exit 9"
# It runs at will: only its length is in doubt.
run spin 0 --memory 1M
same "spin goes on" running "$(get spin state)"
same "keelctl stop --wait spin" 0 "$(./keelctl stop --timeout 1 --wait spin; echo $?)"
same "it was forced" "stopped forced" "$(why spin)"
check "what has crashed is started again" ./keelctl start triple
ends triple "crashed shutdown"

# One guest through all its states; its progress is its CPU time.
progress() {
	cpu_times "$1" | awk '{ n += $2 } END { print n + 0 }'
}
./keelctl create seq --memory 1M
same "created" "created command" "$(why seq)"
same "nothing to start" 2 "$(./keelctl start seq 2> /tmp/err; echo $?)"
check "it says what is missing" grep -q image /tmp/err
check "load an image" ./keelctl load seq --kernel ./compute
same "loaded" "stopped command" "$(why seq)"
check "start" ./keelctl start seq
same "not twice" 2 "$(./keelctl start seq 2> /tmp/err; echo $?)"
same "it has a thread" 1 "$(get seq threads | wc -w)"
check "pause" ./keelctl pause seq
was=$(progress seq)
sleep 0.5
same "it stands still" "$was" "$(progress seq)"
same "waited for in vain" 3 "$(./keelctl wait seq running --timeout 0.2 2> /tmp/err; echo $?)"
check "resume" ./keelctl resume seq
sleep 0.5
check "it goes on" test "$(progress seq)" -gt $((was + 100000000))
was=$(get seq started)
check "reset" ./keelctl reset seq
check "started anew" test "$(get seq started)" -gt "$was"
same "running" "running command" "$(why seq)"
check "set --weight" ./keelctl set seq --weight 250
same "it has it" 250 "$(get seq weight)"
same "asked to stop" 0 "$(./keelctl stop --wait seq; echo $?)"
same "it stops of its own" "stopped exit 0" "$(why seq)"
check "all of its rounds are right" sh -c 'timeout 10 ./keelctl console seq < /dev/null | grep -q "ok$"'

# A seed for random numbers is made whenever a guest starts: by command, by reset, by itself.
seeded() {
	tries=0
	until [ "$(grep -c '^seed ' /tmp/seeds)" = "$1" ] || [ $((tries += 1)) -gt 100 ]; do
		sleep 0.1
	done
}
mkfifo /tmp/keys
./keelctl create seed --memory 4M --kernel ./seed
timeout 60 ./keelctl console --start seed < /tmp/keys > /tmp/seeds &
exec 3> /tmp/keys
seeded 1
check "reset" ./keelctl reset seed
seeded 2
echo r >&3
seeded 3
exec 3>&-
./keelctl stop --wait --timeout 0 seed
wait $!
timeout 60 ./keelctl console --start seed < /dev/null >> /tmp/seeds &
seeded 4
./keelctl destroy seed
wait $!
tr -d '\r' < /tmp/seeds > /tmp/said
same "each time it has a seed of its own" "4 4" "$(grep -c '^seed [0-9a-f]\{64\}$' /tmp/said) $(
	grep '^seed ' /tmp/said | sort -u | wc -l)"
check "none of them is zeros" sh -c '! grep -q "^seed 0*$" /tmp/said'

./keelctl create "a \"b\" \$c" --memory 1M --kernel ./spin --start
same "a name that needs quotes" running "$(./keelctl -j list | sed -n 's/.*"name":"a \\"b\\" $c","state":"\([a-z]*\)".*/\1/p')"

command rmmod keel 2> /tmp/err
check "rmmod is refused" loaded keel
same "so is keelctl unload" 2 "$(./keelctl unload 2> /tmp/err; echo $?)"
check "it names them" grep -q 'there are [0-9]* guests: hello, compute, walk,' /tmp/err
check "they go on" ./keelctl pause "a \"b\" \$c"
./keelctl list --null | tr '\0' '\n' > /tmp/names
./keelctl list --null | xargs -0 ./keelctl destroy
same "all are destroyed" '{"guests":[]}' "$(./keelctl -j list)"
same "and gone" 2 "$(./keelctl show hello 2> /tmp/err; echo $?)"

# seen NAME : the events about it
seen() {
	sed -n 's/.*"event":"\([-a-z]*\)".*"name":"'"$1"'","state":"\([a-z]*\)","reason":"\([a-z]*\)","detail".*/\1:\2:\3/p' /tmp/events |
		sed 's/^state:\([^:]*\):command$/\1/; s/^state:\([^:]*\):/\1:/; s/^\([a-z-]*\):.*:command$/\1/' |
		tr '\n' ' ' | sed 's/ $//'
}
tries=0
until grep -q '"event":"deleted".*c","state"' /tmp/events || [ $((tries += 1)) -gt 50 ]; do sleep 0.1; done
same "events of seq" "created stopped running paused running running changed stop-asked stopped:exit deleted:stopped:exit" "$(seen seq)"
same "events of triple" "created stopped running crashed:shutdown running crashed:shutdown deleted:crashed:shutdown" "$(seen triple)"
same "events of spin" "created stopped running stop-asked stopped:forced deleted:stopped:forced" "$(seen spin)"
check "no event is lost" sh -c '! grep -q lost /tmp/events'

same "keelctl unload" 0 "$(./keelctl unload; echo $?)"
check "it is gone" sh -c '! grep -q ^keel /proc/modules'
tries=0
while kill -0 $monitor 2> /tmp/err && [ $((tries += 1)) -lt 50 ]; do sleep 0.1; done
wait $monitor
same "whoever listens sees that" 2 $?
finish
