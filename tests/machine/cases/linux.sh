#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A stock Linux kernel as a guest: it boots, works, and powers itself off.
#
# run: --cpus 1 --mem 1024
# needs: keelctl linux-6.1:vmlinux,initrd
. ./lib.sh

linux=linux-6.1
console="console=ttyS0 cryptomgr.notests"

check "load" insmod keel.ko
check "create" ./keelctl create worker --memory 128M --kernel $linux/vmlinux \
	--initrd $linux/initrd --cmdline "$console keel.do=work" 2> /tmp/progress
timeout 400 ./keelctl console --start worker < /dev/null > /tmp/said
sed -n '/^KEEL-GUEST/p' /tmp/said | tr -d '\r'
check "it has done its work" grep -q '^KEEL-GUEST: done [1-9][0-9]* ok, 0 not ok' /tmp/said
same "its clock" "KEEL-GUEST: clocksource tsc" "$(sed -n '/clocksource/p' /tmp/said |
	tr -d '\r' | grep KEEL)"
check "it powers off" ./keelctl wait worker stopped --timeout 30
same "and says so" "stopped poweroff" "$(why worker)"
check "destroy" ./keelctl destroy worker
check "frames are right" grep -q '^ok' $debug/keel/audit
check "unload" rmmod keel
finish
