#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# keelctl.sh [ID REMEDY] : what keelctl says before Keel is loaded, while it is,
# and beside KVM; with arguments, on a machine that lacks the requirement ID.
# What its JSON is made of is looked at in tests/ctl.
#
# needs: keelctl hold-kvm
# run: --
# run: --fresh --cpus 1 --model ryzen -- vmx 'Intel CPUs'
# run: --fresh --cpus 1 --model core2_penryn_t9600 -- ept 'too old'
. ./lib.sh

# said STATUS COMMAND... : run it; the output is left in /tmp/out and /tmp/err
said() {
	want=$1
	shift
	"$@" > /tmp/out 2> /tmp/err
	status=$?
	same "exit status of $*" "$want" "$status"
	[ "$status" = "$want" ] || cat /tmp/out /tmp/err
}

# met ID : true, false or null, from the JSON of doctor in /tmp/out
met() {
	tr '{' '\n' < /tmp/out | sed -n "s/^\"id\":\"$1\",.*\"met\":\([a-z]*\).*/\1/p"
}

# unmet : those of the required that are not met
unmet() {
	tr '{' '\n' < /tmp/out | grep '"required":true' | grep -v '"met":true'
}

modprobe msr
mount -t securityfs none /sys/kernel/security 2> /tmp/err

if [ $# -gt 0 ]; then
	said 2 ./keelctl doctor
	check "the summary says so" grep -q 'cannot be loaded here' /tmp/out
	check "with a remedy" grep -q -e "-> .*$2" /tmp/out
	said 2 ./keelctl -j doctor
	same "$1 is missing" false "$(met "$1")"
	finish
fi

said 0 ./keelctl doctor
cat /tmp/out
check "Keel can be loaded" grep -q 'Keel can be loaded here' /tmp/out
said 0 ./keelctl --json doctor
same "every requirement is met" "" "$(unmet)"
same "nothing on standard error" "" "$(cat /tmp/err)"
said 2 ./keelctl status
same "no status on standard output" "" "$(cat /tmp/out)"
check "not loaded" grep -q 'not loaded' /tmp/err

rmmod msr
said 0 ./keelctl -j doctor
same "without MSRs, EPT is known from /proc/cpuinfo" true "$(met ept)"
same "and MSR bitmaps are unknown" null "$(met msr_bitmaps)"
modprobe msr

modprobe kvm_intel
# Since 6.12 KVM holds VMX from load on, unless it is asked not to.
if [ "$(cat /sys/module/kvm/parameters/enable_virt_at_load 2> /dev/null)" = Y ]; then
	said 2 ./keelctl doctor
	check "KVM is, without guests" grep -q 'kvm_intel holds VMX' /tmp/out
	check "with its remedy" grep -q 'enable_virt_at_load=0' /tmp/out
	rmmod kvm_intel kvm
	modprobe kvm enable_virt_at_load=0
	modprobe kvm_intel
fi
said 0 ./keelctl -j doctor
same "KVM without guests is no obstacle" true "$(met free)"
mkfifo /tmp/hold
./hold-kvm < /tmp/hold > /tmp/held &
exec 3> /tmp/hold
until grep -q held /tmp/held; do sleep 0.1; done
said 2 ./keelctl doctor
check "a guest of KVM is" grep -q '1 virtual machine of KVM' /tmp/out
exec 3>&-
wait
rmmod kvm_intel kvm

check "load" insmod keel.ko
said 0 ./keelctl doctor
check "Keel runs" grep -q 'Keel is loaded' /tmp/out
said 0 ./keelctl -j doctor
same "nothing is missing" "" "$(unmet)"
said 0 ./keelctl status
cat /tmp/out
check "all CPUs are demoted" grep -q "^ *$(nproc)  demoted" /tmp/out
check "exits by CPUID are counted" grep -q '^ *[1-9][0-9]* .*  CPUID ' /tmp/out
said 0 ./keelctl status --json
check "the same as JSON" grep -q "\"counters\":{\"demoted\":$(nproc),.*\"reason\":\"CPUID\"" /tmp/out
check "unload" rmmod keel
said 0 ./keelctl doctor
check "Keel can be loaded again" grep -q 'Keel can be loaded here' /tmp/out
finish
