#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Ten thousand clones of one small guest in 1 GiB, all of which live: each has a timer that
# goes, and what it writes, and at the end each looks at all of its memory and its registers
# before it says that it ends well.
#
# long
# limit: 3000
# run: --cpus 2 --mem 1024
# needs: keelctl guests
. ./lib.sh

many=10000
[ -z "$watched" ] || many=500
wave=500
kib=192

# in_waves SECONDS COMMAND... : to all of the clones, some hundred at a time, with a pause behind each
in_waves() {
	pause=$1
	shift
	for from in $(seq 1 $wave $many); do
		# shellcheck disable=SC2046
		./keelctl "$@" $(seq "$from" $((from + wave - 1)) | sed 's/^/m-/') || return
		sleep "$pause"
	done
}
# woken : of some of them, how often each has run by now
some=$(seq 1 97 $many | sed 's/^/m-/')
woken() { for name in $some; do cpu_times "$name" | awk '{ print $1, $3 }'; done; }

check "load" insmod keel.ko
check "create" filled t ${kib}K
printf z > "/dev/$(get t console)"
until grep -q slow /tmp/console-t; do sleep 0.1; done
check "pause" ./keelctl pause t
check "template" ./keelctl template t

before=$(free_kib)
check "clone" ./keelctl clone --paused t m --count $many
after=$(free_kib)
echo "# paused: $(((before - after) * 1024 / many)) bytes each"
same "all are there" $many "$(among '"state":"paused"')"
check "audit" grep -q '^ok' "$debug/keel/audit"

# A wave that has waited for some seconds has given its threads back.
in_waves 5 resume
same "all run" $many "$(among '"state":"running"')"
sleep 20
after=$(free_kib)
echo "# running: $(((before - after) * 1024 / many)) bytes each, $after KiB are free"
woken > /tmp/first
sleep 60
woken > /tmp/then
same "their timers go" "$(echo "$some" | wc -l)" \
	"$(awk 'NR == FNR { first[$1] = $2; next } $2 > first[$1]' /tmp/first /tmp/then | wc -l)"
check "audit" grep -q '^ok' "$debug/keel/audit"

in_waves 0 stop --timeout 600
check "each looks at what it has and ends" until_among $many '"state":"stopped","reason":"exit","detail":0' 60 10
in_waves 0 destroy
same "none is left" 0 "$(among m-)"
check "template off" ./keelctl template t off
check "resume" ./keelctl resume t
check "stop it" ./keelctl stop --timeout 60 --wait t
same "all was right" "stopped exit 0" "$(why t)"
check "destroy" ./keelctl destroy t
check "audit" grep -q '^ok' "$debug/keel/audit"
check "unload" rmmod keel
finish
