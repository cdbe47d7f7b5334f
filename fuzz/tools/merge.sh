# Corpora are kept small: what adds no coverage goes.
# shellcheck shell=bash
SEED_BYTES_MAX=4096
SEED_FILES_MAX=64

merge_corpus() # TARGET: the campaign's own corpus
{
	local scratch=$corpora/$1.merged seeds
	mapfile -t seeds < <(seeds_of "$1")
	rm -rf "$scratch"
	mkdir -p "$scratch" "$corpora/$1"
	# The seeds come first, so that what they reach already is not kept twice.
	if "$programs/$1" -merge=1 -rss_limit_mb=2048 -timeout=20 "$scratch" "${seeds[@]}" "$corpora/$1" \
		>"$corpora/$1.log" 2>&1; then
		rm -rf "${corpora:?}/$1"
		mv "$scratch" "$corpora/$1"
		rm -f "$corpora/$1.log"
	else
		rm -rf "$scratch"
		echo "$1: merging failed, the corpus stays; see $corpora/$1.log" >&2
		return 1
	fi
}

# The smallest set that reaches what campaign and seeds together reach goes into the repository, as
# far as it is small; named seeds stay.
merge_into_seeds() # TARGET
{
	local scratch=$corpora/$1.seeds to=fuzz/corpus/${1#fuzz_} file kept=0 seeds
	mapfile -t seeds < <(seeds_of "$1")
	rm -rf "$scratch"
	mkdir -p "$scratch/small" "$scratch/set" "$to"
	find "$corpora/$1" -type f -size -$((SEED_BYTES_MAX + 1))c -exec cp -t "$scratch/small" {} +
	cp -r "$to/." "$scratch/set/"
	"$programs/$1" -set_cover_merge=1 -rss_limit_mb=2048 -timeout=20 "$scratch/set" "$scratch/small" \
		>"$scratch/log" 2>&1 || die "merging failed, see $scratch/log"
	for file in "$scratch/set"/*; do
		[ ! -e "$to/$(basename "$file")" ] && [ "$kept" -lt "$SEED_FILES_MAX" ] || continue
		cp "$file" "$to/"
		kept=$((kept + 1))
	done
	rm -rf "$scratch"
	echo "$1: $kept new seeds in $to"
}

merge() # SEEDS TARGET...
{
	local into_seeds=$1 target before status=0
	shift
	mkdir -p "$corpora"
	build_targets "$@"
	for target; do
		mkdir -p "$corpora/$target"
		before=$(find "$corpora/$target" -type f | wc -l)
		merge_corpus "$target" || status=1
		echo "$target: $before inputs, $(find "$corpora/$target" -type f | wc -l) left"
		[ -z "$into_seeds" ] || merge_into_seeds "$target"
	done
	return "$status"
}
