# Corpora are kept small: what adds no coverage goes.
# shellcheck shell=bash
. fuzz/tools/coverage.sh
SEED_BYTES_MAX=4096
SEED_FILES_MAX=64 # new ones at a time
RESTORED_MAX=32 # then a target is not to be trusted: what it reaches depends on more than its input

# What a power cut in swap_corpus() left: the old corpus, if the new one is not in its place.
recover_corpus() # TARGET
{
	[ -d "$corpora/$1" ] || [ ! -d "$corpora/$1.old" ] || mv "$corpora/$1.old" "$corpora/$1"
	rm -rf "$corpora/$1".{merged,old,seeds}
	mkdir -p "$corpora/$1"
}

swap_corpus() # TARGET: the merged one takes the other's place, which is there until it has
{
	sync -f "$corpora/$1.merged" && mv "$corpora/$1" "$corpora/$1.old" &&
		mv "$corpora/$1.merged" "$corpora/$1" && rm -rf "$corpora/$1.old"
}

merge_corpus() # TARGET: the campaign's own corpus; nobody else may be at it
{
	local scratch=$corpora/$1.merged seeds
	recover_corpus "$1"
	mapfile -t seeds < <(seeds_of "$1")
	mkdir -p "$scratch"
	# What the seeds reach already is not kept twice: they are there first, and go again.
	[ ${#seeds[@]} = 0 ] || find "${seeds[@]}" -type f -exec cp -t "$scratch" {} +
	find "$scratch" -type f -printf '%f\n' >"$scratch.seeds"
	if "$programs/$1" -merge=1 -rss_limit_mb=2048 -timeout=20 -artifact_prefix="$scratch." \
		"$scratch" "$corpora/$1" >"$corpora/$1.log" 2>&1; then
		(cd "$scratch" && xargs -d '\n' rm -f) <"$scratch.seeds"
		swap_corpus "$1" && rm -f "$corpora/$1.log" "$scratch".*
	else
		rm -rf "$scratch" "$scratch".*
		echo "$1: merging failed, the corpus stays; see $corpora/$1.log" >&2
		return 1
	fi
}

# Adds to a set what else of a folder reaches something. Edges alone count: how often one is passed
# makes sets twice as large, and a campaign finds that again in minutes.
cover() # PROGRAM SET FOLDER
{
	LLVM_PROFILE_FILE=$scratch/none "$1" -set_cover_merge=1 -use_counters=0 -rss_limit_mb=4096 -timeout=60 \
		-artifact_prefix="$scratch/failed-" "$2" "$3" >"$scratch/log" 2>&1 ||
		die "merging failed, see $scratch/log"
	! compgen -G "$scratch/failed-*" >/dev/null ||
		die "an input fails: ./build.sh fuzz ${1##*/} --repro $(compgen -G "$scratch/failed-*" | head -n 1)"
}

# All that a folder's inputs reach: lines, branches, and how many of a model's checks.
reached() # TARGET FOLDER
{
	profile_of "$1" "$scratch" "$2" || die "$2 fails; see $scratch/$1.log"
	llvm-cov-19 export -format=lcov -instr-profile="$scratch/$1.profdata" \
		-ignore-filename-regex="$IGNORED" "$COVERAGE/$1" 2>"$scratch/log" | awk -F '[:,]' '
		/^SF:/ { file = $2 }
		/^DA:/ && $3 > 0 { print file, $2 }
		/^BRDA:/ && $5 > 0 { print file, $2, $3, $4 }'
	"$programs/$1" -runs=0 -rss_limit_mb=4096 -timeout=60 "$2" 2>&1 | sed -n '/^checks: pass/p'
}

# One of FILES that reaches WHAT into the set; status 1: none does by itself.
restore_one() # TARGET SET WHAT FILE...
{
	local target=$1 set=$2 what=$3 half
	shift 3
	while :; do
		half=$((($# + 1) / 2))
		rm -rf "$scratch/half"
		mkdir "$scratch/half"
		cp "${@:1:half}" "$scratch/half/"
		reached "$target" "$scratch/half" >"$scratch/some" || exit
		if grep -qxF "$what" "$scratch/some"; then
			[ "$half" -gt 1 ] || break
			set -- "${@:1:half}"
		else
			[ $# -gt 1 ] || return
			shift "$half"
		fi
	done
	cp "$1" "$set/"
}

# Makes SET of the seeds: the smallest that reaches all that they do. `planted-*` and `replay-*` stay,
# whatever they reach: a planted bug is found by it, or the real kernel is held against it.
reduce_seeds() # TARGET SEEDS SET
{
	local lost tries=0
	find "$2" -maxdepth 1 \( -name 'planted-*' -o -name 'replay-*' \) -exec cp -t "$3" {} +
	cover "$programs/$1" "$3" "$2"
	# What branches make one edge in the one program are two in the other.
	cover "$COVERAGE/$1" "$3" "$2"
	reached "$1" "$2" | sort >"$scratch/before"
	[ -s "$scratch/before" ] || die "$1: the seeds do not run, or reach nothing"
	while :; do
		reached "$1" "$3" | sort >"$scratch/after"
		lost=$(comm -23 "$scratch/before" "$scratch/after" | head -n 1)
		[ -n "$lost" ] || return 0
		[ $((++tries)) -le $RESTORED_MAX ] && restore_one "$1" "$3" "$lost" "$2"/* || break
	done
	echo "$1: all seeds stay, since fewer would not reach $lost" >&2
	cp "$2"/* "$3/"
}

# Removes what is not in SET, and what is there twice; by what they hold, since a seed may have a
# name of its own, and one that has to stay keeps it. Sets removed.
remove_others() # SET SEEDS
{
	local file sum
	local -A wanted=()
	for file in "$1"/*; do
		[ ! -f "$file" ] || wanted[$(sha1sum <"$file")]=1
	done
	removed=0
	for file in "$2"/{planted,replay}-* "$2"/*; do
		[ -f "$file" ] || continue
		sum=$(sha1sum <"$file")
		case ${wanted[$sum]:-} in
		1) wanted[$sum]=$file ;;
		"$file") ;; # seen before
		*)
			rm -f "$file"
			removed=$((removed + 1))
			;;
		esac
	done
}

# The seeds become fewer, as long as they reach the same, and what the campaign found beyond them
# joins them, as far as it is small.
merge_into_seeds() # TARGET
{
	local scratch=$corpora/$1.seeds to file added=0 removed
	to=$(seed_folder "$1")
	rm -rf "$scratch"
	mkdir -p "$scratch"/{small,set} "$to"
	! compgen -G "$to/*" >/dev/null || reduce_seeds "$1" "$to" "$scratch/set"
	remove_others "$scratch/set" "$to"
	find "$corpora/$1" -type f -size -$((SEED_BYTES_MAX + 1))c -exec cp -t "$scratch/small" {} +
	cover "$programs/$1" "$scratch/set" "$scratch/small"
	for file in "$scratch/set"/*; do
		[ -f "$scratch/small/$(basename "$file")" ] && [ "$added" -lt "$SEED_FILES_MAX" ] || continue
		cp "$file" "$to/"
		added=$((added + 1))
	done
	rm -rf "$scratch"
	echo "$1: $added new seeds in $to, $removed that reach nothing of their own removed"
}

merge() # SEEDS TARGET...
{
	local into_seeds=$1 target before status=0
	shift
	take_campaign_lock
	build_targets "$@"
	[ -z "$into_seeds" ] || build_covered "$@"
	for target; do
		recover_corpus "$target"
		before=$(find "$corpora/$target" -type f | wc -l)
		merge_corpus "$target" || status=1
		echo "$target: $before inputs, $(find "$corpora/$target" -type f | wc -l) left"
		[ -z "$into_seeds" ] || merge_into_seeds "$target"
	done
	return "$status"
}
