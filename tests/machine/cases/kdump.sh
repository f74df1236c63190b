#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kdump.sh CPU NR : a crash on a CPU while the other one goes in and out of root.
# The crash kernel comes up on NR CPUs, beneath root, with the dead one's memory to
# read; the other CPU, which the crash has stopped beneath root, gets INIT.
#
# long
# needs: kexec
# run: --second --mem 768 --append crashkernel=256M -- 1 1
# run: --second --mem 768 --append crashkernel=256M -- 0 2
. ./lib.sh

# As crash kernels these stop at their first lines on this machine, without Keel as well.
case $(uname -r) in
6.12* | 7.3*)
	echo "left out on this kernel: a crash"
	finish
	;;
esac
if ! grep -q keel_second /proc/cmdline; then
	insmod keel.ko
	same "all CPUs demoted" "$(nproc)" "$(counter demoted)"
	check "the crash kernel is loaded" ./kexec crash \
		"$(sed 's/crashkernel=[^ ]*//' /proc/cmdline) nr_cpus=$2 irqpoll reset_devices keel_second"
	taskset $((2 - $1)) ./kexec spin &
	sleep 1
	taskset $((1 + $1)) sh -c 'echo c > /proc/sysrq-trigger'
	not_ok "no crash"
	finish
fi

ok "the crash kernel runs"
same "CPUs" "$2" "$(nproc)"
check "the dead kernel's memory is to be read" sh -c 'head -c 4 /proc/vmcore | grep -q ELF'
insmod keel_probe.ko
same "all is beneath root: there is no VMX" 0 "$(sed -n 's/^cpuid.vmx //p' $probe/vmx)"
cat $probe/state > /tmp/state
same "CR4.VMXE does not show" "" "$(sed -n 's/^cr4 .*\([2367abef]\)[0-9a-f]\{3\}$/\1/p' /tmp/state)"
cpu=0
while [ $cpu -lt "$2" ]; do
	check "CPU $cpu works" taskset $((1 << cpu)) sh -c 'sha256sum /proc/kallsyms > /tmp/sum'
	cpu=$((cpu + 1))
done
if insmod keel.ko 2> /tmp/err; then not_ok "no second Keel"; else ok "no second Keel"; fi
check "for there is no VT-x" sh -c 'dmesg | grep -q "keel: CPU .*no VT-x"'
finish
