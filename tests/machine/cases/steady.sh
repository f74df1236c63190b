#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Steady state: under a load of ten seconds (a minute on the debug kernel, which does less in
# one) that executes no CPUID, the demoted host takes no exit at all, on no CPU.
#
# needs: steady
. ./lib.sh

insmod keel.ko
./steady 1 $debug/keel/exits > /tmp/warm-up
if ./steady $((watched ? 60 : 10)) $debug/keel/exits > /tmp/out; then ok "the load runs"; else not_ok "the load runs"; fi
sed -n '/^----/q; /^[0-9]/p' /tmp/out > /tmp/before
sed '1,/^----/d' /tmp/out | grep '^[0-9]' > /tmp/after
check "the counters were read" test -s /tmp/before
same "no exit on any CPU" "" "$(diff /tmp/before /tmp/after)"
rmmod keel
finish
