#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What the CPU has and the host uses goes on working in the demoted host, on
# old and new CPU models.
#
# needs: features
# run: --fresh --cpus 1
# run: --fresh --cpus 1 --model tigerlake --append clearcpuid=580
# run: --fresh --cpus 1 --model arrow_lake --append clearcpuid=580
# run: --fresh --cpus 1 --model sapphire_rapids --append clearcpuid=580,600
. ./lib.sh

insmod keel_probe.ko
cat $probe/state > /tmp/before
grep '^cr4' /tmp/before
./features > /tmp/features
cat /tmp/features
check "each works without Keel" sh -c '! grep -q "wrong\|SIG\|signal" /tmp/features'
check "load" insmod keel.ko
same "and all the same as a guest" "" "$(./features | diff /tmp/features -)"
cat $probe/state > /tmp/during
same "CR4 and XCR0 as before" "$(grep '^cr4\|^xcr0' /tmp/before)" "$(grep '^cr4\|^xcr0' /tmp/during)"
check "unload" rmmod keel
same "and the same on the bare CPU" "" "$(./features | diff /tmp/features -)"
cat $probe/state > /tmp/after
same "registers are equal before and after" "" "$(diff /tmp/before /tmp/after)"
finish
