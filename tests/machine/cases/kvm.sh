#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Keel and KVM: whoever comes second is refused, and no host crashes.
#
# needs: hold-kvm
. ./lib.sh

# refused WHEN
refused() {
	mark "$1"
	if insmod keel.ko 2> /tmp/err; then not_ok "refused $1"; else ok "refused $1"; fi
	check "as busy" grep -q 'busy' /tmp/err
	log_since "$1" > /tmp/log
	check "the log names the cause" grep -q 'VMX is in use by another hypervisor' /tmp/log
	check "and the remedy" grep -q 'rmmod kvm_intel.*enable_virt_at_load=0' /tmp/log
}

modprobe kvm_intel
# Since 6.12 KVM holds VMX from load on, unless it is asked not to.
if [ "$(cat /sys/module/kvm/parameters/enable_virt_at_load 2> /dev/null)" = Y ]; then
	refused "beside KVM without a guest"
	rmmod kvm_intel kvm
	check "loaded once KVM is gone" insmod keel.ko
	if modprobe kvm_intel 2> /tmp/err; then
		not_ok "no KVM while VMX is Keel's"
	else
		ok "no KVM while VMX is Keel's"
	fi
	same "Linux still runs as a guest" "$(nproc)" "$(counter demoted)"
	check "unload" rmmod keel
	rmmod kvm 2> /tmp/err
	modprobe kvm enable_virt_at_load=0
	modprobe kvm_intel
fi

mkfifo /tmp/hold
./hold-kvm < /tmp/hold > /tmp/held &
exec 3> /tmp/hold
until grep -q held /tmp/held; do sleep 0.1; done
refused "beside a KVM guest"
exec 3>&-
wait

check "loaded once the guest is gone" insmod keel.ko
if ./hold-kvm < /dev/null 2> /tmp/err; then
	not_ok "no KVM guest while VMX is Keel's"
else
	ok "no KVM guest while VMX is Keel's"
fi
same "Linux still runs as a guest" "$(nproc)" "$(counter demoted)"
check "unload" rmmod keel
check "KVM is there again" sh -c './hold-kvm < /dev/null'
# KVM warns of the VMXON that failed; that is its right.
dmesg -c > /tmp/dmesg
check "nothing worse than KVM's own warning in the log" \
	test "$(grep -c 'BUG:\|Oops\|general protection' /tmp/dmesg)" = 0
finish
