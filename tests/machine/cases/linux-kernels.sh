#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# linux-kernels.sh VERSION FILE VCPUS : other stock kernels as guests, with one vCPU and with two, and
# each as it is packaged, which has to unpack itself first.
#
# long
# run: --cpus 2 --mem 1024 @linux-5.10:vmlinux,initrd -- 5.10 vmlinux 1 2
# run: --cpus 2 --mem 1024 @linux-6.12:vmlinux,initrd -- 6.12 vmlinux 1 2
# run: --cpus 2 --mem 1024 @linux-6.1-cloud:vmlinux,initrd -- 6.1-cloud vmlinux 1 2
# run: --cpus 2 --mem 1024 @linux-5.10:bzImage,initrd -- 5.10 bzImage 2
# run: --cpus 2 --mem 1024 @linux-6.1:bzImage,initrd -- 6.1 bzImage 2
# run: --cpus 2 --mem 1024 @linux-6.12:bzImage,initrd -- 6.12 bzImage 2
# run: --cpus 2 --mem 1024 @linux-6.1-cloud:bzImage,initrd -- 6.1-cloud bzImage 2
# needs: keelctl
. ./lib.sh

version=$1
file=$2
shift 2
check "load" insmod keel.ko
for vcpus; do
	linux_works "$version-$file-$vcpus" "$vcpus" "linux-$version" "$file" 700
done
check "frames are right" grep -q '^ok' $debug/keel/audit
check "unload" rmmod keel
finish
