# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the build and test scripts share.  Source it from a script in scripts/:
#	. "$(dirname "$(realpath "$0")")/kunit.d/lib.sh"
# It sets $top (the root of the project), $scripts, $cache and $me.

set -euo pipefail
scripts=$(dirname "$(realpath "$0")")
top=$(dirname "$scripts")
# shellcheck disable=SC2034 # for those who source this file
cache=${KEEL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/keel}
me=scripts/${0##*/}

say()
{
	echo "$me: $*" >&2
}

die()
{
	say "$*"
	exit 1
}

# need COMMAND...: all of them are installed
need()
{
	local c
	for c; do
		command -v "$c" >/dev/null ||
			die "$c is missing: see what scripts/setup installs"
	done
}

# kernel source|headers VERSION: the folder; KEEL_SOURCE and KEEL_HEADERS name another one
kernel()
{
	local name=KEEL_${1^^}
	if [ -n "${!name:-}" ]; then
		realpath "${!name}"
	else
		"$scripts/kernel" "$@"
	fi
}

# built_kernel FLAVOUR VERSION TARGET OPTION...: the folder of a kernel made from
# the configuration "${fragments[@]}", with "${arch[@]}" on make's command line,
# built if it is not there.  The name holds everything that the build depends on;
# .ready is written when it is complete.  It must come out with the OPTIONs that
# its source knows.
arch=()
fragments=()
built_kernel()
{
	local flavour=$1 version=$2 target=$3 src key dir option
	shift 3
	need flex bison bc
	src=$(kernel source "$version")
	key=$(
		make -s -C "$src" kernelversion
		gcc -dumpfullversion
		echo "$src"
		cat "${fragments[@]}"
	)
	key=$(sha256sum <<<"$key" | cut -c1-12)
	dir=$cache/kunit/$flavour-$version-$key
	mkdir -p "$dir"
	exec 9>"$dir.lock"
	flock 9
	if [ ! -e "$dir/.ready" ]; then
		say "building the $flavour kernel, once: minutes; its log is $dir/build.log"
		cat "${fragments[@]}" >"$dir/fragment"
		{
			make -s -C "$src" O="$dir" "${arch[@]}" \
				KCONFIG_ALLCONFIG="$dir/fragment" allnoconfig &&
			make -s -C "$src" O="$dir" "${arch[@]}" -j"$(nproc)" "$target" modules &&
			{ [ ! -s "$dir/modules.order" ] ||
				make -s -C "$src" O="$dir" INSTALL_MOD_PATH="$dir" modules_install; }
		} </dev/null >"$dir/build.log" 2>&1 9>&- || {
			tail -n 20 "$dir/build.log" >&2
			die "the $flavour kernel could not be built"
		}
		for option; do
			! grep -rqE --include='Kconfig*' "^(menu)?config $option$" "$src/lib" ||
				grep -q "^CONFIG_$option=y" "$dir/.config" ||
				die "the $flavour kernel came out without $option"
		done
		touch "$dir/.ready"
	fi
	exec 9>&-
	echo "$dir"
}

# mirror DEST PATH...: a tree of symbolic links to the project's PATHs, so that
# what a build writes falls into DEST and not among the sources
mirror()
{
	local dest=$1 dir p
	shift
	mkdir -p "$dest"
	# what was removed from the project goes from the mirror too
	find "$dest" -xtype l -delete
	for p; do
		[ -e "$top/$p" ] || continue
		(cd "$top" && find "$p" -type f ! -name '.*' ! -name '*.o' ! -name '*.ko' \
			! -name '*.mod' ! -name '*.mod.c' -printf '%h\n') | sort -u |
		while read -r dir; do
			mkdir -p "$dest/$dir"
			(cd "$top" && find "$dir" -maxdepth 1 -type f ! -name '.*' ! -name '*.o' \
				! -name '*.ko' ! -name '*.mod' ! -name '*.mod.c' -print0) |
			(cd "$top" && xargs -0 realpath -sz) |
			xargs -0 ln -sf -t "$dest/$dir"
		done
	done
}
