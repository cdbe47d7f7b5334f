# Bugs planted on purpose: each patch of fuzz/planted/ goes into a copy of the sources, and its target
# has to find it from the repository's seeds alone.
# shellcheck shell=bash
PLANTED=fuzz/planted
SCRATCH=$results/fuzz-planted

field_of() # PATCH NAME: of the lines before the patch proper
{
	sed -n "/^--- /q; s/^$2: //p" "$1"
}

sums_in() # FOLDER: of the files named on standard input
{
	(cd "$1" && xargs -d '\n' sha1sum 2>/dev/null) | sort
}

# The sources as they stand, in a copy whose objects are kept; third-party libraries are shared.
refresh_copy()
{
	local file
	mkdir -p "$SCRATCH/build" "$SCRATCH/out"
	git ls-files -co --exclude-standard -- Makefile '*.mk' kernel attest tboot-integration policy \
		signing fuzz tests | grep -v '^fuzz/corpus' >"$SCRATCH/out/files"
	# What differs is copied, and never with its old time: make has to see that it changed.
	comm -23 <(sums_in . <"$SCRATCH/out/files") <(sums_in "$SCRATCH" <"$SCRATCH/out/files") |
		cut -c 43- | while read -r file; do
		mkdir -p "$SCRATCH/$(dirname "$file")"
		cp "$file" "$SCRATCH/$file"
	done
	for file in fuzz-lib third-party; do
		[ -e "$SCRATCH/build/$file" ] || ln -s "$PWD/build/$file" "$SCRATCH/build/$file"
	done
}

apply() # PATCH [OPTION...]: to the copy
{
	local file=$PWD/$1
	shift
	patch -d "$SCRATCH" -p1 -s -r - --no-backup-if-mismatch "$@" <"$file" >"$SCRATCH/out/patch.log" 2>&1
}

# Every patch names a class and a target that exists, and applies.
check_planted()
{
	local patch bad=0
	for patch in "$PLANTED"/*.patch; do
		if [ ! -f "fuzz/$(field_of "$patch" target).c" ] || [ -z "$(field_of "$patch" class)" ]; then
			echo "$patch: names no class, or no target that there is" >&2
			bad=1
		elif ! patch -p1 -s --dry-run -r - <"$patch" >/dev/null; then
			echo "$patch: applies no more; make it anew, or say why it went" >&2
			bad=1
		fi
	done
	return $bad
}

# Sets found and cpu_used (hundredths of a second).
hunt() # TARGET CPU-SECONDS
{
	local target=$1 limit=$2 before folders status
	mapfile -t folders < <(seeds_of "$target")
	rm -rf "$SCRATCH/out/corpus"
	mkdir -p "$SCRATCH/out/corpus"
	read_cpu
	before=$cpu_used
	# The shell's own word about a child that was out of time is not wanted.
	# shellcheck disable=SC2046
	{ (
		ulimit -S -t "$limit"
		exec "$SCRATCH/build/fuzz/$target" -seed=1 -timeout=20 -rss_limit_mb=2048 \
			-artifact_prefix="$SCRATCH/out/" $(options_of "$target") "$SCRATCH/out/corpus" "${folders[@]}"
	) >"$SCRATCH/out/$target.log" 2>&1; } 2>/dev/null
	status=$?
	read_cpu
	cpu_used=$((cpu_used - before))
	# 152: the time was up (SIGXCPU); whatever else ends it is a finding.
	[ "$status" = 152 ] && found=no || found=yes
	[ "$status" != 0 ] || found=no
}

plant_one() # PATCH CPU-SECONDS: one row of the table; status 1: not found
{
	local name class target found cpu_used
	name=$(basename "$1" .patch)
	class=$(field_of "$1" class)
	target=$(field_of "$1" target)
	apply "$1" -N || die "$1 applies no more: $(head -n 1 "$SCRATCH/out/patch.log")"
	if make -C "$SCRATCH" -j"$(nproc)" "build/fuzz/$target" >"$SCRATCH/out/make.log" 2>&1; then
		hunt "$target" "$2"
	else
		found='not built' cpu_used=0
	fi
	apply "$1" -R || die "$1 does not come out again; remove $SCRATCH"
	printf '%-26s %-44s %-20s %-5s %5d.%02d\n' "$name" "$class" "${target#fuzz_}" "$found" \
		$((cpu_used / 100)) $((cpu_used % 100))
	# A known gap is shown, but is no failure.
	[ "$found" = yes ] || [ -n "$(field_of "$1" open)" ]
}

planted() # CPU-SECONDS [NAME...]
{
	local limit=$1 patch name failed=0 seen=0 all=0 times=()
	shift
	check_planted || exit 1
	make build/fuzz-lib/libmbedtls.a >/dev/null || die "mbedTLS does not build"
	mkdir -p "$SCRATCH"
	exec 9>"$SCRATCH/lock"
	flock -n 9 || die "somebody plants bugs in $SCRATCH already; MERLON_FUZZ=DIR names another place"
	refresh_copy # also of what an interrupted run has left changed
	printf '%-26s %-44s %-20s %-5s %8s\n' planted class target found CPU-s
	for patch in "$PLANTED"/*.patch; do
		name=$(basename "$patch" .patch)
		[ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
		all=$((all + 1))
		plant_one "$patch" "$limit" >"$SCRATCH/out/row" || failed=$((failed + 1))
		cat "$SCRATCH/out/row"
		[ "$(awk '{ print $(NF - 1) }' "$SCRATCH/out/row")" != yes ] || seen=$((seen + 1))
		times+=("$(awk '{ print $NF }' "$SCRATCH/out/row")")
	done
	[ "$all" -gt 0 ] || die "nothing is planted under this name; look into $PLANTED"
	echo "$seen of $all found, median $(printf '%s\n' "${times[@]}" | sort -n |
		sed -n "$(((all + 1) / 2))p") CPU-seconds"
	[ "$failed" = 0 ]
}
