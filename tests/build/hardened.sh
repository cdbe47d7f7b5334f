#!/bin/bash
# What the compiler is to add, looked for in what it made: stack canaries, kCFI checks, landing pads, cleared
# registers and stack, and a stop after each return and indirect jump. A flag that is lost fails here. TAP.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
dir=build/tests/hardened
rm -rf "$dir"
mkdir -p "$dir"
make -s kernel build/modules/e1000e.elf build/worlds/agent.elf build/kernel/obj/tests/build/hardened_probe.o \
	>"$dir/make.log" 2>&1 || {
	echo "Bail out! make failed: $dir/make.log"
	exit 1
}

code() # FILE NAME: instructions in DIR/NAME.s
{
	llvm-objdump-19 -d --no-show-raw-insn "$1" >"$dir/$2.s"
}
code build/kernel/image.elf kernel
code build/modules/e1000e.debug module
code build/worlds/agent.debug world
code build/kernel/obj/tests/build/hardened_probe.o probe

# unstopped NAME: returns and jumps through registers that run on into what follows.
unstopped()
{
	awk '/^[0-9a-f]+ <.*>:$/ { function_ = $2; next }
		NF { $1 = ""
			if (open && $0 !~ /int3/) print where
			open = $0 ~ /^ (ret|jmpq? \*)/
			where = function_ }' "$dir/$1.s"
}

# unchecked NAME: calls and jumps through pointers without the check of their type in front.
unchecked()
{
	awk '/^[0-9a-f]+ <.*>:$/ { function_ = $2; before = ""; next }
		NF { $1 = ""
			if ($0 ~ /^ (call|jmp)q? \*/ && before !~ /ud2/) print function_
			before = $0 }' "$dir/$1.s" | sort -u | tr -d '<>:' | tr '\n' ' '
}

for name in kernel module; do
	ok "$name: there are returns" test "$(grep -c '	ret' "$dir/$name.s")" -gt 5
	is "$name: nothing runs on behind a return or an indirect jump" "$(unstopped "$name")" ""
	is "$name: no jump goes around landing pads" "$(grep -c notrack "$dir/$name.s")" 0
done
is "world: no jump goes around landing pads" "$(grep -c notrack "$dir/world.s")" 0
is "module: every call through a pointer is checked" "$(unchecked module)" ""
# Assembly that goes where only the kernel itself put an address: the first instructions after a move, the first
# function on a fresh stack, the way out through tboot.
is "kernel: every call through a pointer is checked, but for the three in assembly" "$(unchecked kernel)" \
	"head_jump lowpage_leave stack_continue "
ok "kernel: there are such calls" test "$(grep -c 'callq	\*' "$dir/kernel.s")" -gt 100

# --- canaries: each function that keeps an array on its stack, and returns. One in twenty may be without: arrays
# of which only constant elements are used are none to the compiler.
llvm-dwarfdump-19 --debug-info build/kernel/image.elf | awk '
	function close_entry() { if (kind == "DW_TAG_variable" && array && stack && low) print low, name }
	/^0x[0-9a-f]+: +DW_TAG_/ { close_entry(); kind = $2; array = stack = 0
		if (kind == "DW_TAG_subprogram" || kind == "DW_TAG_compile_unit") low = "" }
	kind == "DW_TAG_subprogram" && /DW_AT_low_pc/ { low = $2; gsub(/[()]|0x0*/, "", low) }
	kind == "DW_TAG_subprogram" && /DW_AT_name/ { name = $2 }
	/DW_AT_type/ && /\[[0-9]+\]"\)/ { array = 1 }
	/DW_OP_fbreg|DW_OP_breg[67]/ { stack = 1 }
	END { close_entry() }' | sort -u >"$dir/arrays"
awk 'NR == FNR { array[$1] = $2; next }
	/^[0-9a-f]+ <.*>:$/ { at = $1; sub(/^0*/, "", at); next }
	/%gs:0x28/ { guarded[at] = 1 }
	/\tret/ { returns[at] = 1 }
	END { for (f in array) if (returns[f]) print (guarded[f] ? "guarded" : "bare"), array[f] }' \
	"$dir/arrays" "$dir/kernel.s" >"$dir/canaries"
guarded=$(grep -c ^guarded "$dir/canaries") bare=$(grep -c ^bare "$dir/canaries")
echo "# $guarded functions with an array on the stack have a canary, $bare have none: $(sed -n 's/^bare //p' "$dir/canaries" | tr '\n' ' ')"
ok "kernel: functions with arrays on the stack have canaries" test "$guarded" -ge 30 -a $((20 * bare)) -le "$guarded"
ok "module: there are canaries" grep -q '%gs:0x28' "$dir/module.s"
ok "world: there are canaries" grep -q '%fs:0x28' "$dir/world.s"

# --- cleared registers: of functions that use RCX, nearly all end with it cleared (not those in assembly).
awk '/^[0-9a-f]+ <.*>:$/ { used = cleared = 0; next }
	NF { $1 = ""
		if ($0 ~ /^ xorl %ecx, %ecx/) cleared = NR
		else if ($0 ~ /%(rcx|ecx|cx|cl)([^a-z0-9]|$)/) used = NR
		if ($0 ~ /^ ret/ && used) { all++; good += cleared > used } }
	END { print good + 0, all + 0 }' "$dir/kernel.s" >"$dir/registers"
read -r good all <"$dir/registers"
echo "# $good of $all returns of functions that use RCX leave it cleared"
ok "kernel: used registers are cleared before a return" test "$all" -gt 500 -a $((10 * good)) -ge $((9 * all))

# --- the flags one by one, in a file of their own
probe() # FUNCTION
{
	sed -n "/<$1>:\$/,/^\$/p" "$dir/probe.s"
}
ok "a function begins with a landing pad" bash -c 'sed -n 2p | grep -q endbr64' <<<"$(probe probe_zeroes)"
ok "an array has a canary" grep -q '%gs:0x28' <<<"$(probe probe_zeroes)"
ok "an array begins as zero" grep -qE 'memset|\$0x0, .*\(%r[bs]p' <<<"$(probe probe_zeroes)"
ok "used registers are cleared" grep -q 'xorl	%edx, %edx' <<<"$(probe probe_registers)"
ok "a call through a pointer is checked" grep -q 'ud2' <<<"$(probe probe_indirect)"
ok "a switch is no table" bash -c '! grep -q "jmpq	\*"' <<<"$(probe probe_switch)"
done_testing
