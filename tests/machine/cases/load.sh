#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Load and unload: Linux runs as a guest, hides VMX, and is afterwards as it was.
. ./lib.sh

insmod keel_probe.ko
cat $probe/state > /tmp/before
beyond() { sed -n 's/^rdmsr.beyond_bitmap //p' "$1"; }
cat $probe/vmx > /tmp/vmx.bare
check "load" insmod keel.ko
same "all CPUs demoted" "$(nproc)" "$(counter demoted)"
cat $probe/state > /tmp/during
cat $probe/vmx > /tmp/vmx
vmx() { sed -n "s/^$1 //p" /tmp/vmx; }
same "CPUID hides VMX" 0 "$(vmx cpuid.vmx)"
same "CPUID hides the hypervisor" 0 "$(vmx cpuid.hypervisor)"
same "CR4.VMXE reads as 0" 0 "$(vmx cr4.vmxe)"
same "IA32_FEATURE_CONTROL shows VMX locked off" 0x1 "$(vmx feat_ctl)"
same "the capability MSRs raise #GP" "#GP" "$(vmx rdmsr.vmx_basic)"
same "an MSR that no bitmap covers reads as without Keel" "$(beyond /tmp/vmx.bare)" \
	"$(beyond /tmp/vmx)"
for insn in vmxon vmptrld vmclear vmlaunch vmresume vmxoff vmread vmwrite invept invvpid vmcall; do
	same "$insn raises #UD" "#UD" "$(vmx $insn)"
done
# Where Linux does without XSAVE there is no such instruction.
grep -qw xsave /proc/cpuinfo && fault="#GP" || fault="#UD"
same "a bad XSETBV raises $fault" "$fault" "$(vmx xsetbv.bad)"
if loaded keel; then check "unload" rmmod keel; fi
cat $probe/state > /tmp/after
same "registers, limits, segments and MSRs are equal before and after" \
	"" "$(diff /tmp/before /tmp/after)"
same "and while demoted, but for the MSR that shows VMX" \
	"" "$(grep -v FEAT_CTL /tmp/before > /tmp/b; grep -v FEAT_CTL /tmp/during | diff /tmp/b -)"
same "VMX is there again" 1 "$(sed -n 's/^cpuid.vmx //p' $probe/vmx)"

check "load visibly" insmod keel.ko visible=1
cat $probe/vmx > /tmp/vmx
same "CPUID shows a hypervisor" 1 "$(vmx cpuid.hypervisor)"
same "with its signature" KeelKeelKeel "$(vmx signature)"
check "unload" rmmod keel
finish
