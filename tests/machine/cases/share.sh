#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Guests share the CPUs: 64 on two of them have equal shares, within 10 %, and what
# they get done goes with their CPU time; weights count; so do CPUs that a thread is
# bound to.
#
# needs: keelctl guests
. ./lib.sh

# Not one of 66: the commands here come first, whatever runs.
renice -n -20 -p $$

nr=64
[ -z "$watched" ] || nr=16
check "load" insmod keel.ko
names=
i=0
while [ $i -lt $nr ]; do
	./keelctl create c$i --memory 128K --kernel ./compute || break
	names="$names c$i"
	i=$((i + 1))
done
same "guests" $nr $i
# shellcheck disable=SC2086
check "they start" ./keelctl start $names
./keelctl -j list | sed 's/"threads"/\n&/g' | sed -n 's/^"threads":\[\([0-9]*\)\].*/\1/p' > /tmp/threads

# taken : CPU time of each, read in a moment, with nothing about that Linux would have
# to balance
taken() {
	# shellcheck disable=SC2046
	awk '{ print FILENAME, $1 }' $(sed 's|.*|/proc/&/schedstat|' /tmp/threads)
}
renice 0 -p $$
sleep 2
taken > /tmp/first
sleep 6
taken > /tmp/second
renice -n -20 -p $$
awk 'NR == FNR { was[$1] = $2; next }
     { got[$1] = $2 - was[$1]; sum += got[$1]; n++ }
     END { for (g in got) { r = got[g] * n * 1000 / sum; if (!min || r < min) min = r; if (r > max) max = r }
	   printf "%d %d %d %d\n", n, sum / n / 1000000, min, max }' /tmp/first /tmp/second > /tmp/spread
read -r guests mean min max < /tmp/spread
echo "share: $guests guests, $mean ms each, from $min to $max per mille"
same "all run" $nr "$guests"
check "no share is 10 % below the mean" test "$min" -ge 900
check "nor 10 % above" test "$max" -le 1100

# Work done: rounds of compute, beside the CPU time until they are asked to stop
# shellcheck disable=SC2086
./keelctl pause $names
cpu_times > /tmp/total
# shellcheck disable=SC2086
./keelctl stop --timeout 60 $names
# shellcheck disable=SC2086
./keelctl resume $names
./keelctl wait c$((nr - 1)) stopped --timeout 60
tries=0
while ./keelctl list | grep -q running && [ $((tries += 1)) -lt 50 ]; do sleep 0.2; done
same "each ends right when asked" $nr "$(./keelctl list | grep -c 'stopped .*exit 0$')"
i=0
while [ $i -lt $nr ]; do
	echo "c$i $(said c$i | sed -n 's/^compute \([0-9]*\) ok$/\1/p')"
	i=$((i + 4))
done > /tmp/rounds
same "and says what it has done" $((nr / 4)) "$(grep -c 'c[0-9]* [0-9]' /tmp/rounds)"
awk 'NR == FNR { time[$1] = $2; next }
     { r = $2 / time[$1]; sum += r; ratio[$1] = r; n++ }
     END { for (g in ratio) { r = ratio[g] * n * 1000 / sum; if (!min || r < min) min = r; if (r > max) max = r }
	   printf "%d %d\n", min, max }' /tmp/total /tmp/rounds > /tmp/spread
read -r min max < /tmp/spread
echo "rounds for a second of CPU time: from $min to $max per mille of the mean"
check "rounds go with CPU time" test "$min" -ge 850 -a "$max" -le 1150
# shellcheck disable=SC2086
./keelctl destroy $names

# share A B : what A gets in two seconds, in percent of what B gets
share() {
	cpu_times > /tmp/first
	sleep 2
	cpu_times > /tmp/second
	awk -v a="$1" -v b="$2" 'NR == FNR { was[$1] = $2; next } { got[$1] = $2 - was[$1] }
		END { printf "%d\n", got[a] * 100 / got[b] }' /tmp/first /tmp/second
}
./keelctl create light --memory 128K --kernel ./compute --start
./keelctl create heavy --memory 128K --kernel ./compute --weight 200 --start
for name in light heavy; do
	check "$name is bound to a CPU" taskset -p 2 "$(get $name threads)"
done
heavy=$(share heavy light)
echo "weight 200 beside 100: $heavy %"
check "twice the weight, twice the share" test "$heavy" -ge 170 -a "$heavy" -le 230
./keelctl set heavy --weight 100
heavy=$(share heavy light)
echo "weight 100 beside 100: $heavy %"
check "equal weights, equal shares" test "$heavy" -ge 90 -a "$heavy" -le 110
./keelctl destroy light heavy
check "unload" rmmod keel
finish
