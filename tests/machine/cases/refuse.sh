#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# refuse.sh ERRNO-TEXT CAUSE REMEDY : a machine that cannot be demoted is refused
# by one line in the log with cause and remedy, and nothing has changed.
#
# run: --fresh --cpus 1 --model ryzen -- 'No such device' 'no VT-x' 'an Intel CPU'
# run: --fresh --cpus 1 --model core2_penryn_t9600 -- 'not supported' '"EPT"' 'too old'
# run: --fresh --cpus 1 --model corei5_lynnfield_750 -- 'not supported' 'unrestricted' 'too old'
. ./lib.sh

if insmod keel.ko 2> /tmp/err; then not_ok "refused"; else ok "refused"; fi
check "with '$1'" grep -q "$1" /tmp/err
dmesg | sed '1,/keel-case begins/d' | grep 'keel: CPU' > /tmp/log
cat /tmp/log
# A second line, when insmod has tried twice, is the same.
same "by one line" 1 "$(sed 's/^\[[^]]*\] //' /tmp/log | sort -u | wc -l)"
check "that names the cause" grep -q "$2" /tmp/log
check "and the remedy" grep -q "$3" /tmp/log
check "nothing is loaded" test ! -e $debug/keel
finish
