#!/bin/bash
# The build refuses a world that enters the kernel anywhere but in vmku_syscall(). TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
dir=build/tests/build/world_syscalls
rm -rf "$dir"
mkdir -p "$dir"

# program NAME INSTRUCTION: vmku_syscall() as it should be, and a function with one instruction.
program()
{
	printf '%s\n' '.globl vmku_syscall, _start' 'vmku_syscall: syscall' 'ret' "_start: $2" 'ret' >"$dir/$1.s"
	clang-19 --target=x86_64-linux-musl -c -o "$dir/$1.o" "$dir/$1.s" &&
		ld.lld-19 -pie --no-dynamic-linker -o "$dir/$1" "$dir/$1.o"
}

program good nop
program second syscall
program int 'int $0x80'
program sysenter sysenter
ok "a program with the one instruction passes" kernel/worlds/check-syscalls "$dir/good"
for name in second int sysenter; do
	kernel/worlds/check-syscalls "$dir/$name" 2>"$dir/$name.err"
	is "a program with another ($name) does not" $? 1
	has "and its place is named" "$dir/$name.err" 'instruction in _start'
done
for world in selftest fault spin agent; do
	make -s "build/worlds/$world.debug" >"$dir/make.log" 2>&1
	ok "the world $world passes" kernel/worlds/check-syscalls "build/worlds/$world.debug"
done
done_testing
