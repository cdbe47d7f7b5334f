#!/bin/bash
# The fuzz targets as gcc builds them, over every seed and every past finding: another compiler's idea
# of what is undefined, and of what sanitizers see. (clang's builds do the same, and more, as the
# tests fuzz/....)
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
. tests/tap.sh
log=build/tests/replay
rm -rf "$log"
mkdir -p "$log"

replay() # TARGET
{
	local folders=() folder
	for folder in "fuzz/corpus/${1#fuzz_}" "fuzz/regress/${1#fuzz_}"; do
		[ ! -d "$folder" ] || folders+=("$folder")
	done
	timeout "$patience" "build/fuzz-replay/$1" "${folders[@]}" >"$log/$1.log" 2>&1 &&
		grep -qE '^[1-9][0-9]* inputs$' "$log/$1.log" && return
	tail -n 20 "$log/$1.log" | sed 's/^/# /'
	return 1
}

mapfile -t targets < <(fuzz/run --list)
ok "gcc builds the targets" make -j"$(nproc)" replays
for target in "${targets[@]}"; do
	[ ! -d "fuzz/corpus/${target#fuzz_}" ] ||
		ok "gcc's $target takes all seeds and findings" replay "$target"
done
done_testing
