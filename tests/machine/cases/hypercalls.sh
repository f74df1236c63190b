#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Hypercalls at random from both CPUs: each is answered, or refused, and nothing
# is out of order afterwards; guests that begin with any registers harm nobody.  From user space all of them are undefined.
#
# needs: features
. ./lib.sh

insmod keel_probe.ko
insmod keel.ko
cat $probe/hcall > /tmp/hcall
cat /tmp/hcall
calls() { sed -n "s/^$1 //p" /tmp/hcall; }
check "many were made" test "$(calls made)" -gt 100000
same "no answer is odd" 0 "$(calls odd)"
check "pages were donated" test "$(calls donated)" -gt 1000
same "and all came back" "$(calls donated)" "$(calls back)"
check "others were refused" test "$(calls refused)" -gt 1000
check "without the magic they are undefined" test "$(calls undefined)" -gt 1000
same "all CPUs are still demoted" "$(nproc)" "$(counter demoted)"
check "guests were cloned" test "$(calls cloned)" -gt 0
check "guests were run, whatever their registers" test "$(calls ran)" -gt 900
same "and launched again where they could not begin" 0 "$(dmesg | grep -c 'VMRESUME failed')"
check "audit" grep ok $debug/keel/audit
./features > /tmp/features
check "from user space they are undefined" grep -q 'VMCALL-is-undefined ok' /tmp/features
check "unload" rmmod keel
finish
