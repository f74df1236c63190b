#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# inside.sh all|load|clone|share|boot|many CPUS : the measurements on one machine, in its busybox,
# beside the programs, the small guests and keel.ko.  KVM and Keel take turns: they cannot
# both have VMX.  'load' stands for those of loading and unloading only, 'clone' for those of
# clones, 'share' for those of sharing, 'boot' for those of booting Linux and 'many' for those
# of guests that have booted it, which have files of their own.  Prints the programs' lines (see
# their heads), Keel's counters as 'NAME VALUE', and 'end' when all is done.

set -e
cd "$(dirname "$0")"
keel=/sys/kernel/debug/keel

if [ "$1" = clone ]; then
	insmod keel.ko
	# 96, as 128 below: each of busy.c's sixteen phases as often as the others
	./keelclone ./full 96 32 2000
	rmmod keel
	echo end
	exit
fi
if [ "$1" = share ]; then
	modprobe kvm_intel
	./kvmshare ./alike
	rmmod kvm_intel kvm
	insmod keel.ko
	./keelshare ./alike
	rmmod keel
	echo end
	exit
fi
if [ "$1" = boot ]; then
	modprobe kvm_intel
	./kvmboot vmlinux initrd "$2"
	rmmod kvm_intel kvm
	insmod keel.ko
	./keelboot vmlinux initrd "$2"
	rmmod keel
	# the last thing that this machine does
	[ "$2" != 1 ] || ./native vmlinux initrd
	echo end
	exit
fi
if [ "$1" = many ]; then
	modprobe kvm_intel
	./kvmmany vmlinux initrd 4
	rmmod kvm_intel kvm
	insmod keel.ko
	./keelmany vmlinux initrd 4
	rmmod keel
	echo end
	exit
fi
if [ "$1" != load ]; then
	./cpuid bare

	modprobe kvm_intel
	./kvm
	./kvmguest rate ./rate
	./kvmguest irq ./irqrate
	./kvmguest life ./idle 16
	./kvmguest idle ./idle 32
	rmmod kvm_intel kvm

	insmod keel.ko
	./cpuid keel $keel/exits
	cut -f 1,2 $keel/counters | tr '\t' ' '
	./keel rate ./rate
	./keel irq ./irqrate
	./keel life ./idle 128
	./keel idle ./idle 32
	rmmod keel

	./cpuid after
fi
./load keel.ko keel 11
echo end
