#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# machine-selftest.sh [MACHINE-OPTION...] : does the reference machine's
# command keep what it promises?  Runs small cases through scripts/machine:
# exit statuses, output as it comes and byte for byte, time-outs, machines that
# die, files taken along, two machines at once, runs that repeat to the tick,
# the kernel's messages, Ctrl-C.  Prints a line for each and the totals.

set -u
project=$(cd "$(dirname "$0")/../.." && pwd)
machine=("$project/scripts/machine" "$@")
work=$(mktemp -d)
trap '[ $BASHPID != $$ ] || rm -rf "$work"' EXIT
mkdir "$work/build"
machine+=(--build "$work/build")	# independent of what has been built
passed=0 failed=0

# check NAME COMMAND... : count a case; what it said is shown if it fails.
check() {
	local name=$1
	shift
	if "$@" >"$work/said" 2>&1; then
		echo "ok $name"
		passed=$((passed + 1))
	else
		echo "not ok $name"
		sed 's/^/# /' "$work/said"
		failed=$((failed + 1))
	fi
}

# expect STATUS COMMAND... : run a command whose exit status we know.
expect() {
	local wanted=$1 status=0
	shift
	"$@" || status=$?
	[ $status = "$wanted" ] || { echo "exit status $status, not $wanted"; return 1; }
}

status_passes() {
	expect 0 "${machine[@]}" -- true &&
		expect 3 "${machine[@]}" -- sh -c 'exit 3' 2>/dev/null &&
		expect 127 "${machine[@]}" -- no-such-command 2>/dev/null
}

arguments_pass() {
	"${machine[@]}" -- printf '<%s>' 'a  b' '' '$x "q"' >"$work/out" &&
		[ "$(<"$work/out")" = '<a  b><><$x "q">' ]
}

output_is_binary_clean() {
	LC_ALL=C awk 'BEGIN { for (i = 0; i < 256; i++) printf "%c", i }' >"$work/bytes"
	for _ in {1..200}; do cat "$work/bytes"; done >"$work/all"
	"${machine[@]}" --add "$work/all:bytes" -- cat bytes >"$work/out" &&
		cmp "$work/all" "$work/out"
}

# The first line has to be here while the second is far away.
output_streams() {
	local pid first
	: >"$work/stream"
	"${machine[@]}" -- sh -c 'echo first; exec sleep 100000' >"$work/stream" &
	pid=$!
	for _ in {1..600}; do
		first=$(<"$work/stream")
		[ -n "$first" ] && break
		sleep 0.1
	done
	kill $pid
	wait $pid
	[ "$first" = first ]
}

time_out() {
	expect 124 "${machine[@]}" --timeout 2 -- sh -c 'while :; do :; done' 2>"$work/err" &&
		grep -q 'time is over' "$work/err"
}

panic() {
	# The words pass through a pseudo terminal, whose reader the crash takes along.
	expect 125 "${machine[@]}" -- sh -c 'echo before; sleep 0.1; echo c >/proc/sysrq-trigger' \
		>"$work/out" 2>"$work/err" &&
		[ "$(<"$work/out")" = before ] &&
		grep -q 'Kernel panic - not syncing: sysrq triggered crash' "$work/err" ||
		{ cat "$work/out" "$work/err"; return 1; }
}

triple_fault() {
	# reboot=t resets the machine by a triple fault.
	expect 125 "${machine[@]}" -- reboot -f 2>"$work/err" &&
		grep -q '^bochs: .*3rd (13)' "$work/err"
}

files_taken_along() {
	mkdir -p "$work/folder/sub" && echo one >"$work/folder/sub/one" && echo two >"$work/two"
	"${machine[@]}" --add "$work/folder" --add "$work/two:/etc/two" \
		-- cat folder/sub/one /etc/two >"$work/out" &&
		[ "$(<"$work/out")" = $'one\ntwo' ]
}

build_folder() {
	mkdir -p "$work/b/tests"
	touch "$work/b"/{keel.ko,keel.o,.keel.o.cmd,keel.mod,keel.mod.c,Module.symvers,notes} "$work/b/tests/data"
	printf '#!/bin/sh\necho started\n' >"$work/b/program"
	chmod +x "$work/b/program"
	"${machine[@]}" --build "$work/b" -- sh -c 'program; find * | sort' >"$work/out" &&
		[ "$(<"$work/out")" = $'started\nkeel.ko\nprogram\ntests\ntests/data' ]
}

dynamic_program() {
	cat >"$work/hello.c" <<-END
		#include <dlfcn.h>
		#include <math.h>
		#include <stdio.h>
		int main(int argc, char **argv)
		{
			printf("hello %g\n", cos(argc - 1.0));
			return 7;
		}
	END
	gcc -o "$work/hello" "$work/hello.c" -lm &&
		expect 7 "${machine[@]}" --add "$work/hello" -- hello >"$work/out" 2>/dev/null &&
		[ "$(<"$work/out")" = "hello 1" ]
}

two_at_once() {
	local pids=() i
	for i in 1 2; do
		"${machine[@]}" -- sh -c "echo machine $i; sleep 1; exit $i" >"$work/out$i" 2>"$work/err$i" &
		pids+=($!)
	done
	for i in 1 2; do
		expect $i wait "${pids[i - 1]}" || { cat "$work/err$i"; return 1; }
		[ "$(<"$work/out$i")" = "machine $i" ] || return
	done
}

repeats_to_the_tick() {
	cat >"$work/ticks.c" <<-END
		#include <stdio.h>
		#include <unistd.h>
		#include <x86intrin.h>
		int main(void)
		{
			unsigned int aux, random = 0;
			for (int i = 0; i < 20; i++) {
				unsigned long long t = __rdtscp(&aux);
				_rdrand32_step(&random);
				printf("%llu %u %u\n", t, aux, random);
				usleep(1000);
			}
			return 0;
		}
	END
	gcc -O2 -mrdrnd -static -o "$work/ticks" "$work/ticks.c" || return
	for i in 1 2; do
		"${machine[@]}" --log "$work/log$i" --add "$work/ticks" -- \
			sh -c 'ticks & ticks; wait; echo done >/dev/kmsg' >"$work/out$i" || return
	done
	[ "$(wc -l <"$work/out1")" = 40 ] && cmp "$work/out1" "$work/out2" &&
		cmp "$work/log1" "$work/log2"
}

kernel_log() {
	"${machine[@]}" --log "$work/log" -- \
		sh -c 'echo "<7>debugging" >/dev/kmsg; echo "<3>error" >/dev/kmsg; echo output' >"$work/out" &&
		grep -q 'debugging$' "$work/log" && grep -q 'error$' "$work/log" &&
		[ "$(<"$work/out")" = output ] && ! grep -q output "$work/log"
}

kernel_modules() {
	"${machine[@]}" -- sh -c 'modprobe msr && modprobe cpuid && modprobe tun &&
		ls /dev/cpu/0/msr /dev/cpu/1/cpuid /dev/net/tun && grep -q vmx /proc/cpuinfo &&
		test -d /sys/kernel/debug/x86 && test -e /sys/kernel/tracing/trace && test -d /dev/shm'
}

nothing_left_behind() {
	local pid signal
	for signal in INT TERM; do
		mkdir "$work/tmp.$signal"
		rm -f "$work/stream"
		TMPDIR=$work/tmp.$signal "${machine[@]}" -- sh -c 'echo here; exec sleep 100000' \
			>"$work/stream" 2>/dev/null &
		pid=$!
		for _ in {1..600}; do
			[ -s "$work/stream" ] && break
			sleep 0.1
		done
		kill -$signal $pid
		wait $pid
		# The emulator has the run's folder for its home.
		[ -z "$(ls "$work/tmp.$signal")" ] &&
			! grep -qs "$work/tmp.$signal" /proc/[0-9]*/environ || return
	done
}

fresh_boot() {
	expect 4 "${machine[@]}" --fresh --cpus 1 --append keel.test=1 -- \
		sh -c 'grep -q keel.test=1 /proc/cmdline && test "$(nproc)" = 1 && exit 4' 2>/dev/null
}

check "exit status passes" status_passes
check "arguments pass" arguments_pass
check "output is binary clean" output_is_binary_clean
check "output streams" output_streams
check "time-out" time_out
check "panic" panic
check "triple fault" triple_fault
check "files taken along" files_taken_along
check "build folder" build_folder
check "dynamically linked program" dynamic_program
check "two at once" two_at_once
check "repeats to the tick" repeats_to_the_tick
check "kernel log" kernel_log
check "kernel modules" kernel_modules
check "nothing left behind" nothing_left_behind
check "fresh boot" fresh_boot

echo "$passed passed, $failed failed"
[ $failed = 0 ]
