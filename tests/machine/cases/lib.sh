# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# For the cases, which run inside the reference machine as root, in /keel: each
# is a shell script that calls ok or not_ok for every thing that it has checked
# and ends with finish.

debug=/sys/kernel/debug
probe=$debug/keel_probe
passed=0
failed=0
# A kernel that watches itself (--kernel debug), several times slower
watched=
[ ! -e $debug/kmemleak ] || watched=1

# What the kernel said while it booted is not about Keel.
echo "keel-case begins" > /dev/kmsg

ok() {
	echo "ok $*"
	passed=$((passed + 1))
}

not_ok() {
	echo "not ok $*"
	failed=$((failed + 1))
}

# check NAME COMMAND... : ok when COMMAND succeeds
check() {
	name=$1
	shift
	if "$@"; then ok "$name"; else not_ok "$name: $*"; fi
}

# same NAME WANT GOT
same() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: want '$2', got '$3'"; fi
}

# exits [REASON] : exits counted on all CPUs
exits() {
	awk -v r="${1:-}" '/^[0-9]/ && (r == "" || $2 == r) { n += $3 } END { print n + 0 }' \
		"$debug/keel/exits"
}

counter() {
	awk -v n="$1" '$1 == n { print $2 }' "$debug/keel/counters"
}

# log_since MARK : kernel messages behind the line that mark wrote
mark() {
	echo "mark $1" > /dev/kmsg
}

log_since() {
	dmesg | sed "1,/mark $1\$/d"
}

# until_log MARK PATTERN : wait until it is there; root's messages come once a
# second, and a dump of a VMCS takes the serial console its time
until_log() {
	tries=0
	until log_since "$1" | grep -q "$2"; do
		[ $((tries += 1)) -lt 300 ] || return 1
		sleep 0.1
	done
}

# No complaint of the kernel's own: what is wrong with Keel itself is told by
# lines that begin with keel:.
clean_log() {
	bad=$(dmesg | sed '1,/keel-case begins/d' | grep -E 'BUG:|WARNING:|Oops|general protection|unchecked MSR|Call Trace|stall|lockup|INFO: (task|possible|rcu)|segfault|protection fault|KASAN|UBSAN|ODEBUG|INFO: trying|corruption')
	[ -z "$bad" ] && return 0
	echo "$bad" | head -20
	return 1
}

# Whenever Keel goes, its frames are audited first, unless it is on no CPU any more.
rmmod() {
	if [ "$1" = keel ] && [ -e "$debug/keel/audit" ] && [ "$(counter demoted)" != 0 ]; then
		grep -q '^ok' "$debug/keel/audit" || not_ok "audit"
	fi
	command rmmod "$@"
}

loaded() {
	grep -q "^$1 " /proc/modules
}

# Free pages, those among them that wait in the lists of single CPUs: MemFree leaves
# these out, and they come and go by a MiB.  The kernel gives back what modules had
# in its own time: the most of some samples.
free_kib() {
	most=0
	for sample in 1 2 3 4 5 6; do
		echo 3 > /proc/sys/vm/drop_caches
		# KASAN keeps what has been freed, for a while.
		[ -z "$watched" ] || for cache in /sys/kernel/slab/*; do echo 1 > "$cache/shrink"; done
		sleep 1
		now=$(awk '$1 == "pages" && $2 == "free" { n += $3 }
			   $1 == "count:" { n += $2 }
			   END { print n * 4 }' /proc/zoneinfo)
		[ "$now" -le "$most" ] || most=$now
	done
	echo "$most"
}

# The same, with what ended threads have left: the kernel keeps the addresses of their
# stacks, and the tables for these, until it sets up a module's memory.
free_kib_threads() {
	insmod keel_probe.ko
	rmmod keel_probe
	free_kib
}

# missing KIB : so many may be missing from them in the end; KASAN keeps more of what was freed
missing() { echo $((watched ? 8192 : $1)); }

# For cases with guests (needs: keelctl guests).
# get NAME MEMBER : what keelctl -j show says of a guest
get() {
	./keelctl -j show "$1" | sed -n 's/.*[{,]"'"$2"'":[["]*\([^],"}]*\).*/\1/p'
}

# threads_of NAME : those of its vCPUs, of which get tells the first one
threads_of() {
	./keelctl -j show "$1" | sed -n 's/.*"threads":\[\([0-9,]*\)\].*/\1/p' | tr , ' '
}

# refused_by_keelctl NAME TEXT COMMAND... : the command is refused, and it says TEXT
refused_by_keelctl() {
	name=$1
	text=$2
	shift 2
	same "$name" 2 "$(./keelctl "$@" 2> /tmp/err; echo $?)"
	check "$name: it is said why" grep -q "$text" /tmp/err || cat /tmp/err
}

# until_filled NAME SECONDS : a guest is started, and has filled its memory when it says so; what it
# says goes to /tmp/console-NAME, for so long
until_filled() {
	timeout "$2" ./keelctl console --start "$1" < /dev/null > "/tmp/console-$1" &
	tries=0
	until grep -q filled "/tmp/console-$1"; do
		[ $((tries += 1)) -lt 600 ] || return
		sleep 0.1
	done
}
# filled NAME SIZE OPTION... : one of that size (copy.c) that has
filled() {
	name=$1
	size=$2
	shift 2
	./keelctl create "$name" --memory "$size" --kernel ./copy --arg "$size" "$@" || return
	until_filled "$name" 3000
}

# among WORDS : so many of the guests m-1 and so on are described by them
among() { ./keelctl -j list | tr '}' '\n' | grep '"name":"m-' | grep -c "$1"; }
# until_among COUNT WORDS TRIES PAUSE : COUNT of them are, when it has been tried so often
until_among() {
	tries=0
	until [ "$(among "$2")" = "$1" ]; do
		[ $((tries += 1)) -lt "$3" ] || return
		sleep "$4"
	done
}

# why NAME : its state, why it is in it, and the detail if there is one: "stopped exit 0"
why() {
	./keelctl -j show "$1" | sed 's/.*"state":"\([a-z]*\)","reason":"\([a-z]*\)","detail":\([^,]*\).*/\1 \2 \3/
		s/ null$//'
}

# said NAME : what a guest that has ended has said, and nobody has read
said() {
	timeout 10 ./keelctl console "$1" < /dev/null
}

# cpu_times [NAME] : a line for each vCPU: guest's name, ns of CPU time, VM entries
cpu_times() {
	./keelctl -j stat "$@" | sed 's/{"id":/\n/g' | awk -F'"' '{
		name = $4
		n = split($0, part, "\"cpu_time\":")
		for (i = 2; i <= n; i++) {
			split(part[i], num, /[^0-9]+/)
			print name, num[1], num[2]
		}
	}'
}

# number JSON MEMBER
number() { sed -n 's/.*"'"$2"'":\([0-9]*\).*/\1/p' "$1"; }
# all MEMBER : of what sharing says of all guests; of NAME MEMBER : of one's pages
all() { ./keelctl -j share > /tmp/all; number /tmp/all "$1"; }
of() { ./keelctl -j share explain "$1" > /tmp/of; number /tmp/of "$2"; }
# adds_up NAME : of each page of its memory is said what it is, and of none twice
adds_up() {
	./keelctl -j share explain "$1" > /tmp/explain
	sum=0
	for one in shared zero volatile unshared capped unindexed huge excluded untouched; do
		sum=$((sum + $(number /tmp/explain $one)))
	done
	same "$1: every page is told" "$(number /tmp/explain total)" $sum
}

# kernel_from MAJOR MINOR : is this kernel of that version, or a later one?
kernel_from() {
	uname -r | awk -F. -v major="$1" -v minor="$2" '
		{ exit !($1 > major || ($1 == major && $2 + 0 >= minor)) }'
}

# emulated_by VERSION : is it this version of Bochs that emulates the machine?
emulated_by() {
	[ "$(cat emulator)" = "$1" ]
}

# ms : the time
ms() {
	awk '{ printf "%d\n", $1 * 1000 }' /proc/uptime
}

# No memory that nothing points to, but for what the boot left.  Two scans, five
# seconds after the last allocation: kmemleak lets an object be that is younger
# than that, or whose contents have changed since the scan before.  It takes a
# lock for each pointer, billions of instructions if each is proved.
no_leaks() {
	sleep 6
	echo 0 > /proc/sys/kernel/prove_locking
	echo scan > $debug/kmemleak
	echo scan > $debug/kmemleak
	echo 1 > /proc/sys/kernel/prove_locking
	awk '/^unreferenced object/ { first = $0; next }
	     first { said = !/comm "swapper/; if (said) print first; first = "" }
	     said' $debug/kmemleak > /tmp/leaks
	[ ! -s /tmp/leaks ] && return 0
	head -60 /tmp/leaks
	return 1
}

# With leaks=1, what was allocated must have been freed.
leaks=

finish() {
	if [ "$watched" ]; then
		check "lockdep is still on" grep -q 'debug_locks: *1' /proc/lockdep_stats
		[ -z "$leaks" ] || check "kmemleak finds nothing" no_leaks
	fi
	check "clean kernel log" clean_log
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
	exit
}

# control_group "CONTROLLERS" : makes one, $group, beneath $groups
control_group() {
	groups=/sys/fs/cgroup
	group=$groups/small
	mkdir -p $groups
	mount -t cgroup2 none $groups
	echo "$1" > $groups/cgroup.subtree_control
	mkdir $group
}

# For cases with Linux guests: what such a one is started with
linux_console="console=ttyS0 cryptomgr.notests"

# linux_create NAME VCPUS FOLDER KERNEL DO [OPTION...] : one that does what tests/guest/linux/init
# knows as DO
linux_create() {
	linux_name=$1 linux_vcpus=$2 linux_from=$3 linux_kernel=$4 linux_do=$5
	shift 5
	check "$linux_name: create" ./keelctl create "$linux_name" --memory 128M \
		--cpus "$linux_vcpus" --kernel "$linux_from/$linux_kernel" \
		--initrd "$linux_from/initrd" --cmdline "$linux_console keel.do=$linux_do" "$@" \
		2> /tmp/progress
}

# linux_works NAME VCPUS FOLDER KERNEL : one boots, works and powers itself off
linux_works() {
	linux_create "$1" "$2" "$3" "$4" work
	timeout "${5:-400}" ./keelctl console --start "$1" < /dev/null > "/tmp/said-$1"
	linux_has_worked "$1" "$2"
	check "$1: destroy" ./keelctl destroy "$1"
}

# linux_has_worked NAME VCPUS : what it has said is in /tmp/said-NAME
linux_has_worked() {
	tr -d '\r' < "/tmp/said-$1" | sed -n 's/^KEEL-GUEST:/# &/p'
	check "$1: it has done its work" \
		grep -q '^KEEL-GUEST: done [1-9][0-9]* ok, 0 not ok' "/tmp/said-$1"
	grep -q '^KEEL-GUEST: done' "/tmp/said-$1" || tail -n 40 "/tmp/said-$1"
	same "$1: its clock" "clocksource tsc" \
		"$(tr -d '\r' < "/tmp/said-$1" | sed -n 's/^KEEL-GUEST: \(clocksource .*\)/\1/p')"
	same "$1: its CPUs" "cpus $2" \
		"$(tr -d '\r' < "/tmp/said-$1" | sed -n 's/^KEEL-GUEST: \(cpus .*\)/\1/p')"
	# Linux takes it that a guest has the bugs of any CPU, unless it is told.
	its=no
	[ -z "$(sed -n '/^bugs.* its /p;/^bugs.* its$/p' /proc/cpuinfo)" ] || its=yes
	check "$1: it knows what the CPU is immune to" test "$its" = yes -o \
		-z "$(grep '^KEEL-GUEST: bugs .* its ' "/tmp/said-$1")"
	check "$1: it powers off" ./keelctl wait "$1" stopped --timeout 30
	same "$1: and says so" "stopped poweroff" "$(why "$1")"
}
