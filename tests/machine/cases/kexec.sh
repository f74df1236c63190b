#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kexec into the same kernel with Keel loaded: the second kernel finds VMX off and
# for it to take.
#
# long
# needs: kexec
# run: --second --mem 768
. ./lib.sh

if ! grep -q keel_second /proc/cmdline; then
	insmod keel.ko
	same "all CPUs demoted" "$(nproc)" "$(counter demoted)"
	check "the second kernel is loaded" ./kexec load "$(cat /proc/cmdline) keel_second"
	./kexec run
	not_ok "kexec has come back"
	finish
fi

ok "the second kernel runs"
same "on all CPUs" 0-1 "$(cat /sys/devices/system/cpu/online)"
insmod keel_probe.ko
same "VMX is there" 1 "$(sed -n 's/^cpuid.vmx //p' $probe/vmx)"
check "Keel loads" insmod keel.ko
same "on all CPUs" "$(nproc)" "$(counter demoted)"
check "and unloads" rmmod keel
finish
