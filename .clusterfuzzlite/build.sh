#!/bin/bash -eu
# What ClusterFuzzLite and OSS-Fuzz run: the targets of fuzz/ with the engine and sanitizer that the
# environment names, into $OUT with their seeds and dictionaries. Arguments: only these targets.
#
# A runner has none of our distribution's libraries, and no network to fetch what is not in the
# repository: targets that need either (OpenSSL, jansson, tss2; mbedTLS, lwIP) stay out; ./build.sh
# fuzz runs them. MemorySanitizer wants all that writes memory built with it: what runs on simulated
# processors (built with another) stays out then, too.
[ -f Makefile ] || cd "$SRC/merlon"

sources_of() # TARGET
{
	echo "fuzz/$1.c"
	sed -nE 's,^/\* (sources|quiet|plain|simulated): (.*) \*/$,\2,p' "fuzz/$1.c"
}

without='^/\* (libs|needs):'
[ "${SANITIZER:-}" != memory ] || without='^/\* (libs|needs|simulated):'
wanted=("$@")
if [ $# = 0 ]; then
	for source in fuzz/fuzz_*.c; do
		target=$(basename "$source" .c)
		# shellcheck disable=SC2046
		grep -qE "$without" "$source" ||
			grep -qs '"build/third-party/' $(sources_of "$target") || wanted+=("$target")
	done
fi
export ENGINE=clusterfuzz
# What runs on simulated processors wants clang itself, whatever the engine wraps around it.
SIMCPU_CC=$(command -v clang || command -v clang-19)
export SIMCPU_CC
make -j"$(nproc)" "${wanted[@]/#/build/fuzz-$ENGINE/}"
for target in "${wanted[@]}"; do
	name=${target#fuzz_}
	cp "build/fuzz-$ENGINE/$target" "$OUT/"
	seeds=()
	for folder in "fuzz/corpus/$name" "fuzz/regress/$name"; do
		[ ! -d "$folder" ] || seeds+=("$folder"/*)
	done
	[ ${#seeds[@]} = 0 ] || zip -q -j "$OUT/${target}_seed_corpus.zip" "${seeds[@]}"
	[ ! -f "fuzz/dict/$name.dict" ] || cp "fuzz/dict/$name.dict" "$OUT/$target.dict"
done
