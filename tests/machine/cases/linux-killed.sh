#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest that is ended at a hundred moments of its boot leaves nothing, however it is
# ended: memory, threads, frames.
#
# long
# run: --cpus 2 --mem 1024 @linux-6.1:vmlinux,initrd
# needs: keelctl
. ./lib.sh
leaks=1

rounds=100
[ -z "$watched" ] || rounds=20

# The first one costs what is kept for the next.  Making one takes a slow machine 13 seconds,
# most of it for reading the kernel; so it is started again most of the time.
create() {
	./keelctl create killed --memory 128M --cpus 2 --kernel linux-6.1/vmlinux \
		--initrd linux-6.1/initrd --cmdline "$linux_console quiet keel.do=work" 2> /tmp/err
}
insmod keel.ko
check "create" create
check "start" ./keelctl start killed
sleep 1
check "destroy" ./keelctl destroy killed
before=$(free_kib_threads)
round=0
failed=0
create || failed=1
while [ $round -lt $rounds ]; do
	round=$((round + 1))
	./keelctl start killed || failed=$((failed + 1))
	usleep $((round * 100000))
	case $((round % 4)) in
	0) ./keelctl pause killed ;;
	2) ./keelctl reset killed ;;
	esac 2> /tmp/err || failed=$((failed + 1))
	if [ $((round % 20)) = 3 ]; then
		./keelctl destroy killed && create
	else
		./keelctl stop --timeout 0 killed
	fi 2> /tmp/err || failed=$((failed + 1))
done
./keelctl destroy killed || failed=$((failed + 1))
same "started and ended $rounds times" 0 $failed
after=$(free_kib_threads)
echo "# free: $before KiB, then $after KiB"
check "all memory is back" test $((before - after)) -lt 1024
check "frames are right" grep -q '^ok' $debug/keel/audit
check "unload" rmmod keel
finish
