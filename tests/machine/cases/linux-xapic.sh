#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Linux guests that are told to stay away from x2APIC mode: all that they do with their local
# APICs, start each other among it, goes by the APIC's page.
#
# long
# run: --cpus 2 --mem 1024 @linux-6.1:vmlinux,initrd
# needs: keelctl
. ./lib.sh

check "load" insmod keel.ko
linux_console="$linux_console nox2apic apic=verbose"
for vcpus in 1 2; do
	linux_works "xapic-$vcpus" $vcpus linux-6.1 vmlinux 700
	check "xapic-$vcpus: by the page" grep -q 'mapped APIC to .*fee00000' "/tmp/said-xapic-$vcpus"
	check "xapic-$vcpus: in no other way" sh -c "! grep -q 'x2apic enabled' /tmp/said-xapic-$vcpus"
done
check "frames are right" grep -q '^ok' $debug/keel/audit
check "unload" rmmod keel
finish
