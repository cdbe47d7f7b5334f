# Bugs planted on purpose: each patch of fuzz/planted/ goes into a copy of the tree, and its target has
# to find it from the repository's seeds alone. What was found stays known until the patch, the target
# or its seeds change, so that an interrupted run goes on where it stopped.
# shellcheck shell=bash
. fuzz/tools/findings.sh
PLANTED=fuzz/planted
SCRATCH=$results/fuzz-planted
OBJECTS=(fuzz fuzz-edges fuzz-lean fuzz-bare test plain plain-bare simcpu simcpu-bare) # of build/obj/: what targets are linked from

field_of() # PATCH NAME: of the lines before the patch proper
{
	sed -n "/^--- /q; s/^$2: //p" "$1"
}

patched_files() # PATCH
{
	sed -n 's,^+++ b/,,p' "$1"
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

# A tree for one worker: sources and objects with their times, so that make builds what a patch
# changes and nothing else. Libraries of others are shared.
make_tree() # TREE
{
	local file
	rm -rf "$1"
	mkdir -p "$1/build/obj" "$1/out"
	git ls-files -co --exclude-standard -- Makefile '*.mk' kernel attest tboot-integration policy \
		signing fuzz tests | grep -v '^fuzz/corpus' | xargs -d '\n' cp -p --parents -t "$1"
	for file in "${OBJECTS[@]}"; do
		[ ! -d "build/obj/$file" ] || cp -a "build/obj/$file" "$1/build/obj/"
	done
	for file in fuzz-lib third-party; do
		ln -s "$PWD/build/$file" "$1/build/$file"
	done
}

objects_of() # FOLDER SOURCE: what is built from it
{
	local kind
	for kind in "${OBJECTS[@]}"; do
		ls "$1/obj/$kind/${2%.c}".[do] 2>/dev/null
	done
}

plant() # TREE PATCH
{
	patch -d "$1" -p1 -s -r - -N --no-backup-if-mismatch <"$2" >"$1/out/patch.log" 2>&1 ||
		die "$2 applies no more: $(head -n 1 "$1/out/patch.log")"
}

# The tree as it was, old objects included.
unplant() # TREE PATCH
{
	local file object
	for file in $(patched_files "$2"); do
		if [ "${file%.c}" = "$file" ]; then
			make_tree "$1" # who includes a header is not known here
			return
		fi
		cp -p "$file" "$1/$file"
		for object in $(objects_of "$1/build" "$file"); do
			cp -p "build/${object#"$1/build/"}" "$object" 2>/dev/null || rm -f "$object"
		done
	done
	rm -rf "$1/build/fuzz"
}

# Sets status, cpu_used (hundredths of a second) and input (what failed, if the target kept it).
hunt() # TREE TARGET CPU-SECONDS SEED
{
	local tree=$1 target=$2 before folders
	mapfile -t folders < <(seeds_of "$target")
	rm -rf "$tree/out"
	mkdir -p "$tree/out/corpus"
	read_cpu
	before=$cpu_used
	# The shell's own word about a child that was out of time is not wanted.
	# shellcheck disable=SC2046
	{ (
		ulimit -S -t "$3"
		exec "$tree/build/fuzz/$target" -seed="$4" -timeout=20 -rss_limit_mb=2048 \
			-artifact_prefix="$tree/out/" $(options_of "$target") "$tree/out/corpus" "${folders[@]}"
	) >"$tree/out/log" 2>&1; } 2>/dev/null
	status=$?
	read_cpu
	cpu_used=$((cpu_used - before))
	input=$(find "$tree/out" -maxdepth 1 -type f -name '*-*' ! -name 'slow-unit-*' | head -n 1)
}

# What saw it: the oracle's own words, or the sanitizer's and the place.
seen_by() # LOG
{
	local words
	words=$(grep -aom 1 'runtime error: .*' "$1" ||
		awk '/^==[0-9]+== *ERROR/ { exit } { last = $0 } END { print last }' "$1")
	case $words in
	'' | '#'* | =====* | INFO:*) stack_of "$1" | head -n 2 | paste -sd ' ' ;;
	*) echo "$words" ;;
	esac | tr '\t"' '  ' | cut -c 1-100
}

# How many runs it took; "seeds": one of the repository's inputs was enough, before any was changed.
runs_in() # LOG
{
	grep -aq '^#.*INITED' "$1" || {
		echo seeds
		return
	}
	grep -aoE '^#[0-9]+' "$1" | tail -n 1 | tr -d '#'
}

# Whether the same input leaves the target alone without the bug: otherwise something else was found.
is_about_the_bug() # TARGET INPUT TREE
{
	[ -n "$2" ] && run_input "$1" "$2" "$3/out/without"
}

# One row, tab-separated: key name class target verdict CPU-seconds runs by.
plant_one() # TREE PATCH KEY CPU-SECONDS SEED
{
	local tree=$1 patch=$2 name class target verdict by='' status=0 cpu_used=0 input=''
	name=$(basename "$patch" .patch)
	class=$(field_of "$patch" class)
	target=$(field_of "$patch" target)
	plant "$tree" "$patch"
	if ! make -C "$tree" "build/fuzz/$target" >"$tree/make.log" 2>&1; then
		verdict='does not build'
	else
		hunt "$tree" "$target" "$4" "$5"
		case $status in
		0 | 152) verdict=no ;; # 152: the time was up (SIGXCPU)
		*)
			by=$(seen_by "$tree/out/log")
			is_about_the_bug "$target" "$input" "$tree" && verdict=yes || verdict='other bug'
			;;
		esac
	fi
	cp "$tree/out/log" "$SCRATCH/rows/$name.log"
	[ -z "$input" ] || cp "$input" "$SCRATCH/rows/$name.input"
	unplant "$tree" "$patch"
	printf '%s\t%s\t%s\t%s\t%s\t%d.%02d\t%s\t%s\n' "$3" "$name" "$class" "${target#fuzz_}" \
		"$verdict" $((cpu_used / 100)) $((cpu_used % 100)) "$(runs_in "$SCRATCH/rows/$name.log")" "$by"
}

# What a row depends on: the same patch, target, seeds, time and first random number give it again.
key_of() # PATCH CPU-SECONDS SEED
{
	local target folders
	target=$(field_of "$1" target)
	mapfile -t folders < <(seeds_of "$target")
	{
		echo "$2 $3"
		cat "$1" "$programs/$target"
		[ ${#folders[@]} = 0 ] || find "${folders[@]}" -type f | sort | xargs -d '\n' cat
		options_of "$target"
		options_of "$target" | sed -n 's/^-dict=//p' | xargs -r cat
	} | sha1sum | cut -c 1-16
}

print_rows() # rows on standard input
{
	local key name class target verdict cpu runs by
	while IFS=$'\t' read -r key name class target verdict cpu runs by; do
		printf '%-25s %-46s %-14s %-5s %8s %9s  %s\n' "$name" "$class" "$target" "$verdict" "$cpu" \
			"$runs" "$by"
	done
}

# One of several processes: takes what nobody else has taken.
work() # TREE CPU-SECONDS SEED PATCH...
{
	local tree=$1 limit=$2 seed=$3 patch row key
	shift 3
	make_tree "$tree"
	for patch; do
		row=$SCRATCH/rows/$(basename "$patch" .patch)
		key=$(key_of "$patch" "$limit" "$seed")
		mkdir "$row.taken" 2>/dev/null || continue
		if [ "$(cut -f 1 "$row" 2>/dev/null)" != "$key" ]; then
			plant_one "$tree" "$patch" "$key" "$limit" "$seed" >"$row.new" && mv "$row.new" "$row"
		fi
		print_rows <"$row"
	done
	rm -rf "$tree"
}

rows_as_json() # MEDIAN
{
	jq -R -s --argjson median "$1" 'split("\n") | map(select(. != "") | split("\t") | {bug: .[1],
		class: .[2], target: .[3], found: (.[4] == "yes"), verdict: .[4],
		cpu_seconds: (.[5] | tonumber), runs: (.[6] | if . == "seeds" then 0 else tonumber end),
		by: .[7]}) | {found: (map(select(.found)) | length), planted: length,
		median_cpu_seconds: $median, bugs: .}'
}

# The last words, and the same as JSON in planted.json. Status 1: a bug that should be is not found.
conclude() # PATCH...
{
	local patch rows=() median seen failed=0
	for patch; do
		rows+=("$SCRATCH/rows/$(basename "$patch" .patch)")
		[ "$(cut -f 5 "${rows[-1]}")" = yes ] || [ -n "$(field_of "$patch" open)" ] || failed=1
	done
	seen=$(cat "${rows[@]}" | cut -f 5 | grep -cx yes)
	median=$(cat "${rows[@]}" | cut -f 6 | sort -n | sed -n "$((($# + 1) / 2))p")
	cat "${rows[@]}" | rows_as_json "$median" >"$SCRATCH/planted.json"
	echo "$seen of $# found, median $median CPU-seconds"
	return $failed
}

planted() # CPU-SECONDS JOBS SEED JSON [NAME...]
{
	local limit=$1 jobs=$2 seed=$3 json=$4 name patch patches=() targets i
	shift 4
	check_planted || exit 1
	for name; do
		[ -f "$PLANTED/$name.patch" ] || die "nothing is planted under the name $name; look into $PLANTED"
	done
	for patch in "$PLANTED"/*.patch; do
		[ $# = 0 ] || [[ " $* " == *" $(basename "$patch" .patch) "* ]] || continue
		patches+=("$patch")
	done
	lock_results "$SCRATCH" "somebody plants bugs"
	mkdir -p "$SCRATCH/rows"
	mapfile -t targets < <(for patch in "${patches[@]}"; do field_of "$patch" target; done | sort -u)
	build_targets "${targets[@]}"
	echo "From the repository's seeds alone; CPU-seconds on one core, at most $limit; runs until found." >&2
	rm -rf "$SCRATCH"/rows/*.taken
	end_all_on_signals "rm -rf '$SCRATCH'/tree*"
	for ((i = 0; i < jobs; i++)); do
		work "$(realpath "$SCRATCH")/tree$i" "$limit" "$seed" "${patches[@]}" &
	done 9>&- >&"$([ -n "$json" ] && echo 2 || echo 1)"
	wait
	conclude "${patches[@]}" >&"$([ -n "$json" ] && echo 2 || echo 1)"
	status=$?
	[ -z "$json" ] || cat "$SCRATCH/planted.json"
	return $status
}
