#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: tests/machine/vmxcheck.sh [MODEL...]
#
# Tries VM entries that have to fail on the reference machine, and compares three
# accounts of each: how the processor refused it, which check Keel's walk over the
# VMCS names, and what the emulator logs as its reason.  Each MODEL is a run of its
# own (corei7_skylake_x; tigerlake has control-flow enforcement as well).  One line
# 'ok NAME' or 'not ok NAME' a case; the last line is 'N passed, N failed'.
# KEEL_KERNEL=VERSION (6.1) is the kernel.

set -euo pipefail
top=$(realpath "$(dirname "$0")/../..")
version=${KEEL_KERNEL:-6.1}
[ $# -gt 0 ] || set -- corei7_skylake_x tigerlake

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Kbuild writes beside the sources, hence a copy of them
mkdir -p "$work/tree/tests/machine"
cp -r "$top/kmod" "$work/tree/"
cp -r "$top/tests/machine/vmxcheck" "$work/tree/tests/machine/"
find "$work/tree" \( -name '*.o' -o -name '.*.cmd' \) -delete
module=$work/tree/tests/machine/vmxcheck
read -r -a make < <("$top/scripts/kernel" make "$version")
if ! "${make[@]}" -C "$("$top/scripts/kernel" headers "$version")" M="$module" modules \
	>"$work/make.log" 2>&1; then
	cat "$work/make.log" >&2
	echo "0 passed, 1 failed"
	exit 1
fi

# compare MODEL: the module's lines against what the emulator said, which is one
# line for each entry that failed, in their order
compare()
{
	grep -oE '(VMFAIL|VMENTER FAIL|VMENTER): .*' "$work/said" >"$work/reasons" || true
	sed -n 's/^.*vmxcheck: \(.*|.*\)$/\1/p' "$work/out" |
	awk -F '|' -v model="$1" -v reasons="$work/reasons" '
	function verdict(good, why) {
		print (good ? "ok " : "not ok ") model "." $1 (good ? "" : ": " why)
	}
	$2 == "skip" { print "# skip " model "." $1; next }
	{
		seen++
		said = ""
		if (($2 == 7 || $2 == 8 || $2 == 33) && (getline said < reasons) <= 0)
			said = "nothing"
		if ($2 != $3)
			verdict(0, "ended with " $2 ", not " $3 "; emulator: " said)
		else if ($4 != $5)
			verdict(0, "Keel finds \"" $4 "\", not \"" $5 "\"")
		else if (index(said, $6) == 0)
			verdict(0, "the emulator says \"" said "\"")
		else
			verdict(1)
		last = $1
	}
	END {
		$1 = "complete"
		verdict(last == "valid-last" && (getline said < reasons) <= 0,
			"the list ends with \"" last "\"; emulator: " said)
	}'
}

for model in "$@"; do
	append=()
	# 6.1 and older hang on these models while they patch for FSRM (and AMX)
	case $model in
	*icelake* | tigerlake | arrow_lake) append=(--append clearcpuid=580) ;;
	sapphire_rapids) append=(--append clearcpuid=580,600) ;;
	esac
	rc=0
	: >"$work/said"
	"$top/scripts/machine" --kernel "$version" --model "$model" "${append[@]}" \
		--add "$module/vmxcheck.ko" --emulator-log "$work/said" --timeout 600 -- \
		sh -c 'insmod vmxcheck.ko && dmesg | grep vmxcheck:' >"$work/out" || rc=$?
	if [ $rc != 0 ] || ! [ -s "$work/said" ]; then
		echo "not ok $model.run: status $rc, $(wc -c <"$work/said") bytes from the emulator"
		continue
	fi
	compare "$model"
done | tee "$work/result"

passed=$(grep -c '^ok ' "$work/result" || true)
failed=$(grep -c '^not ok ' "$work/result" || true)
echo "$passed passed, $failed failed"
[ "$passed" -gt 0 ] && [ "$failed" = 0 ]
