#!/bin/bash
# The plugin knows one build of Bochs; another one is refused before a guest runs, with what to do.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The packaged program, but for the last byte of its build id.
cp "$(command -v bochs)" "$(command -v bochs-bin)" "$work/"
read -r offset size < <(llvm-readelf-19 --sections --wide "$work/bochs-bin" |
	sed -nE 's/.*\.note\.gnu\.build-id +NOTE +[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+).*/\1 \2/p')
ok "the packaged Bochs has a build id" test -n "${offset:-}"
last=$((16#${offset:-0} + 16#${size:-1} - 1))
old=$(od -An -tu1 -j "$last" -N 1 "$work/bochs-bin")
printf "\\x$(printf %02x $((old ^ 1)))" | dd of="$work/bochs-bin" bs=1 seek="$last" conv=notrunc status=none
head -c 40960 /dev/zero >"$work/empty.iso"

PATH=$work:$PATH build/bin/txtsim run --iso "$work/empty.iso" --workdir "$work/sim" --sinit-key build/keys/sinit.key \
	--timeout "$patience" >"$work/out" 2>&1
is "an unknown build is refused" $? 3
has "it is named, with what to do" "$work/out" 'unknown Bochs \(build id [0-9a-f]{40}\): install bochs'
ok "nothing ran" bash -c "! grep -q . '$work/sim/com1.log' 2>/dev/null"
done_testing
