# What every part of `fuzz/run` knows: where things lie, and how targets are named and built.
# shellcheck shell=bash
programs=build/fuzz
compared=build/fuzz-compared # the same with traced comparisons, for targets that are built twice
results=${MERLON_FUZZ:-build}
corpora=$results/fuzz-corpus
findings=$results/fuzz-findings
states=$results/fuzz-state
export UBSAN_OPTIONS=print_stacktrace=1
export ASAN_SYMBOLIZER_PATH
ASAN_SYMBOLIZER_PATH=$(command -v llvm-symbolizer-19)
# What a run of a fuzzer does without: most uses after free are still seen with a small quarantine,
# most reads of what nobody wrote with 64 bytes filled. A finding is looked at with all of it.
export ASAN_OPTIONS=quarantine_size_mb=1:malloc_context_size=1:max_malloc_fill_size=64:detect_stack_use_after_return=0

die()
{
	printf 'fuzz: %s\n' "$@" >&2
	exit 2
}

all_targets()
{
	local source
	for source in fuzz/fuzz_*.c; do
		basename "$source" .c
	done
}

target_named() # NAME: with or without "fuzz_"
{
	local target=fuzz_${1#fuzz_}
	[ -f "fuzz/$target.c" ] || die "there is no target '$1'; ./build.sh fuzz --list names them"
	echo "$target"
}

# Of which target an input is, by where it lies.
target_of_file() # FILE ACTION
{
	local path name
	path=$(realpath -- "$1")
	for name in $(all_targets); do
		case $path in
		*/fuzz-findings/"$name"/* | */fuzz-corpus/"$name"/* | */corpus/"${name#fuzz_}"/* | \
			*/regress/"${name#fuzz_}"/*)
			echo "$name"
			return
			;;
		esac
	done
	die "of which target is $1? name it: ./build.sh fuzz TARGET --$2 $1"
}

build_targets() # TARGET...
{
	make -j"$(nproc)" "${@/#/$programs/}" >/dev/null || die "a target does not build; the error above says why"
}

looks_at_comparisons() # TARGET
{
	grep -q '^/\* coverage: .*comparisons' "fuzz/$1.c"
}

build_compared() # TARGET...
{
	local target wanted=()
	for target; do
		! looks_at_comparisons "$target" || wanted+=("$compared/$target")
	done
	[ ${#wanted[@]} = 0 ] || make -j"$(nproc)" "${wanted[@]}" >/dev/null ||
		die "a target with traced comparisons does not build; the error above says why"
}

# Where the repository keeps a target's seeds.
seed_folder() # TARGET
{
	echo "fuzz/corpus/${1#fuzz_}"
}

# A folder of results is one process's alone, for as long as it, or one that it started, runs.
lock_results() # FOLDER WHO-HAS-IT
{
	local why
	why=$({ mkdir -p "$1" && : >>"$1/lock"; } 2>&1) ||
		die "nothing can be kept in $1: ${why##*: }; MERLON_FUZZ=DIR names another place"
	exec 9>"$1/lock"
	flock -n 9 || die "$2 here already ($1/lock is held); MERLON_FUZZ=DIR names another place"
}

# Who changes corpora.
take_campaign_lock()
{
	lock_results "$states" "a campaign or a merge is running"
	mkdir -p "$findings" "$corpora" || exit 2
}

# What keeps a fuzzer's pid says whose it is; only such a process is signalled.
is_fuzzer() # PID TARGET
{
	[ "/proc/$1/exe" -ef "$states/programs/$2" ] || [ "/proc/$1/exe" -ef "$states/compared/$2" ]
}

# A process and all below it, from the top down: nobody starts something anew in between.
kill_below() # PID
{
	local child children
	children=$(cat /proc/"$1"/task/*/children 2>/dev/null)
	[ "$1" = "$BASHPID" ] || kill "$1" 2>/dev/null
	for child in $children; do
		kill_below "$child"
	done
}

# Ctrl-C reaches no process in the background: whoever started it ends it, and what it started, too.
end_all_on_signals() # [COMMAND]: what is still to be done then
{
	trap "trap - INT; kill_below \$\$; ${1:-:}; exit 130" INT
	trap "trap - TERM; kill_below \$\$; ${1:-:}; exit 143" TERM
}

# The folders of the repository that a target starts from.
seeds_of() # TARGET
{
	local folder
	for folder in "$(seed_folder "$1")" "fuzz/regress/${1#fuzz_}"; do
		[ ! -d "$folder" ] || echo "$folder"
	done
}

# Options that belong to a target: its dictionary, and what its first lines name.
options_of() # TARGET
{
	local dictionary=fuzz/dict/${1#fuzz_}.dict
	sed -n 's,^/\* options: \(.*\) \*/$,\1,p' "fuzz/$1.c"
	[ ! -f "$dictionary" ] || echo "-dict=$dictionary"
}

# A number that libFuzzer printed last; KEY is as in "cov" or "stat::number_of_executed_units".
last_number() # LOG KEY
{
	grep -aoE "$2: *[0-9]+" "$1" 2>/dev/null | tail -n 1 | grep -oE '[0-9]+$' || echo 0
}

# A number of a target's own figures (fuzz/lib/figures.h): 0 operations, 1 checks, 2 seen to pass, 3
# seen to fail.
figure() # FILE NUMBER
{
	local value
	value=$(od -An -t u8 -j $((8 * $2)) -N 8 "$1" 2>/dev/null | tr -d ' ')
	echo "${value:-0}"
}

# Sets cpu_used: seconds of CPU that finished children of this very shell have had, in hundredths.
read_cpu()
{
	local file=build/times.$BASHPID

	times >"$file"
	cpu_used=$(awk 'END { n = 0; for (i = 1; i <= 2; i++) { split($i, t, /[ms]/)
		n += t[1] * 6000 + t[2] * 100 } printf "%d", n }' "$file")
	rm -f "$file"
}
