# SPDX-License-Identifier: GPL-2.0
#
# Fetching packages of any Debian release without installing them: sourced by
# scripts/kernel and scripts/bochs.  Every set of suites gets its own apt
# folder in the cache, with its own list of sources, so that the system's
# apt configuration is neither used nor changed, but for one thing: the mirrors
# are those that this machine already uses.

cache=${KEEL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/keel}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

die() { echo "${0##*/}: $*" >&2; exit 2; }

# mirrors: print the repositories of this machine, as "URI SUITE" lines.
mirrors() {
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' | sed -n 's/ main$//p' | sort -u
}

# sources SUITE... : print a sources list for the suites.
sources() {
	local known release main security suite uri
	known=$(mirrors)
	release=$(. /etc/os-release; echo "${VERSION_CODENAME:-stable}")
	main=$(awk -v r="$release" '$2 == r || $2 == "stable" { print $1; exit }' <<<"$known")
	security=$(awk '$2 ~ /-security$/ { print $1; exit }' <<<"$known")
	[ -n "$main" ] || die "no Debian mirror in this machine's apt sources"
	for suite; do
		uri=$main
		case $suite in
		*-security) uri=$security; [ -n "$uri" ] || continue ;;
		esac
		echo "deb [signed-by=$keyring] $uri $suite main"
	done
}

# apt_in DIR COMMAND... : run an apt tool on the sources of a folder.
apt_in() {
	local dir=$1 tool=$2
	shift 2
	"$tool" -q -o Dir::Etc::sourcelist="$dir/sources.list" \
		-o Dir::Etc::sourceparts=- -o Dir::Etc::preferencesparts=/dev/null \
		-o Dir::Etc::preferences=/dev/null -o Dir::State="$dir/state" \
		-o Dir::State::lists="$dir/lists" \
		-o Dir::State::status="$dir/status" -o Dir::Cache="$dir/cache" \
		-o APT::Sandbox::User=root -o Acquire::Languages=none \
		-o APT::Architecture=amd64 -o APT::Architectures::=amd64 \
		-o Acquire::Check-Valid-Until=false \
		-o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false "$@"
}

# apt_open SUITE... : make the apt folder of the suites, with lists not older
# than a day, and print its path.
apt_open() {
	local dir stamp
	dir=$cache/apt/$(IFS=+; echo "$*")
	stamp=$dir/stamp
	mkdir -p "$dir"/{lists,cache/archives}/partial "$dir/state"
	(
		flock 8
		[ -n "$(find "$stamp" -mmin -1440 2>/dev/null)" ] && exit
		sources "$@" >"$dir/sources.list"
		: >"$dir/status"
		apt_in "$dir" apt-get update >"$dir/log" 2>&1 ||
			{ cat "$dir/log" >&2; die "cannot read the package lists of $*"; }
		touch "$stamp"
	) 8>"$dir/lock" || return
	echo "$dir"
}

# apt_unpack APTDIR ROOT PACKAGE... : download packages, unpack them into ROOT.
apt_unpack() {
	local dir=$1 root=$2 debs deb
	shift 2
	debs=$(mktemp -d)
	if ! (cd "$debs" && apt_in "$dir" apt-get download "$@") >"$debs/log" 2>&1; then
		cat "$debs/log" >&2
		rm -rf "$debs"
		rm -f "$dir/stamp"
		die "cannot fetch $*"
	fi
	mkdir -p "$root"
	for deb in "$debs"/*.deb; do
		dpkg-deb -x "$deb" "$root" || return
	done
	rm -rf "$debs"
}

# apt_source SUITE DIR PACKAGE : download a package's source as its authors have it,
# unpack it into DIR.
apt_source() {
	local suite=$1 target=$2 package=$3 dir=$cache/apt/source+$1
	mkdir -p "$dir"/{lists,cache/archives}/partial "$dir/state" "$target"
	sources "$suite" | sed 's/^deb /deb-src /' >"$dir/sources.list"
	: >"$dir/status"
	if ! (apt_in "$dir" apt-get update && cd "$target" &&
	      apt_in "$dir" apt-get source --download-only --tar-only "$package") \
		>"$dir/log" 2>&1; then
		cat "$dir/log" >&2
		die "cannot fetch the source of $package"
	fi
	tar -C "$target" -xf "$target/${package}"_*.orig.tar.* && rm -f "$target"/*.tar.*
}

# depends APTDIR PACKAGE : print the names that a package depends on.
depends() {
	apt_in "$1" apt-cache show --no-all-versions "$2" |
		sed -n 's/^Depends: //p' | tr ',|' '\n\n' | sed 's/^ *//; s/[ (:].*//'
}
