#!/bin/bash
# The sources: headers stand alone, the layout is .clang-format's, gcc builds the kernel too.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
ok "every header compiles alone" make check-headers
ok "every file is laid out as .clang-format says" make check-format
ok "the kernel builds with gcc-12" make -j"$(nproc)" COMPILER=gcc kernel
ok "the manual pages are sound" bash -c 'git ls-files -- "*.1" "*.8" | xargs mandoc -T lint -W warning'
ok "no file names a path of the machine that it was written on" bash -c '! git grep -nIE "/(home|root)/" -- . ":!tests/build"'
ok "every test script can be run, or tests/run would pass over it" bash -c \
	'! for f in tests/{attack,boot,build,interop}/*.sh; do [ -x "$f" ] || sed -n "1s|^#!.*|$f|p" "$f"; done | grep .'
ok "no text of the kernel asks for a pointer" bash -c \
	'! git grep -nE "\"[^\"]*%[-0-9*.# +]*p[^\"]*\"" -- "kernel/*.c" ":!kernel/worlds" ":!kernel/port"'
ok "what bench mitigations takes away from a kernel can still be taken away" bash -c \
	'! for p in tests/benchmarks/without.d/*.patch; do git apply --check "$p" || echo "$p"; done | grep .'
ok "no file is longer than its folder can explain (some 600 lines)" bash -c \
	'! git ls-files -- "*.c" "*.h" "*.S" "*.sh" | xargs wc -l | awk "\$1 > 650 && \$2 != \"total\" { print; bad = 1 } END { exit !bad }"'
# In a folder where there is nothing to install or build.
bare=$(mktemp -d) && mkdir "$bare/fuzz" && cp build.sh "$bare/" && cp fuzz/run "$bare/fuzz/"
for command in build run test image fuzz bench; do
	is "$command --help is help, before anything is installed or built" \
		"$("$bare/build.sh" $command --help 2>&1 | grep -c '^usage: ./build.sh ')$(ls -A "$bare" | tr '\n' ' ')" '1build.sh fuzz '
done
rm -rf "$bare"
for folder in tboot-integration tboot-integration/{image,txtsim,txtstat} kernel kernel/{lib,boot,arch/x86,mem,sched,trust,vtx,vmkmod,vmkdev,vmknet,vmkuser,vmkvm,replay,worlds,port} \
	attest attest/{wire,agent,verifier} signing fuzz policy tests; do
	ok "$folder has a README" test -s "$folder/README.md"
done
done_testing
