# What every part of `fuzz/run` knows: where things lie, and how targets are named and built.
# shellcheck shell=bash
programs=build/fuzz
results=${MERLON_FUZZ:-build}
corpora=$results/fuzz-corpus
findings=$results/fuzz-findings
states=$results/fuzz-state
export UBSAN_OPTIONS=print_stacktrace=1
export ASAN_SYMBOLIZER_PATH
ASAN_SYMBOLIZER_PATH=$(command -v llvm-symbolizer-19)
# A small quarantine, and no stack frames on the heap: most uses after free are still seen, and a run
# costs a third less.
export ASAN_OPTIONS=quarantine_size_mb=1:malloc_context_size=4:detect_stack_use_after_return=0

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
target_of_file() # FILE
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
	die "of which target is $1? name it: ./build.sh fuzz TARGET --repro FILE"
}

build_targets() # TARGET...
{
	make -j"$(nproc)" "${@/#/$programs/}" >/dev/null || die "a target does not build; the error above says why"
}

# The folders of the repository that a target starts from.
seeds_of() # TARGET
{
	local folder
	for folder in "fuzz/corpus/${1#fuzz_}" "fuzz/regress/${1#fuzz_}"; do
		[ ! -d "$folder" ] || echo "$folder"
	done
}

# Options that belong to a target: its dictionary.
options_of() # TARGET
{
	local dictionary=fuzz/dict/${1#fuzz_}.dict
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
