#!/bin/bash
# How large the interfaces of the kernel are, to modules and to ring 3: kernel/include/INTERFACE lists them, so that
# growth is seen where it is reviewed. `interface.sh --update` writes the list anew. TAP output.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/tap.sh
list=kernel/include/INTERFACE
include=(-I. -Ikernel -Ikernel/include)

# rows HEADER TABLE(X) FORMAT: one line for each row of an X-macro; FORMAT is made of X's arguments.
rows()
{
	printf '#include "%s"\n@@\n#define X(%s) @%s@;\n%s\n' "$1" "$3" "$4" "$2" |
		clang-19 "${include[@]}" -E -P -x c - | sed '1,/^@@/d' | tr -d '\n' | tr ';' '\n' |
		sed -n 's/.*@\(.*\)@.*/\1/p' | sed 's/"//g; s/^ *//; s/  */ /g'
}

# section TITLE: a counted list of the lines that come in.
section()
{
	local lines
	lines=$(cat)
	printf '%s: %s\n' "$1" "$(grep -c . <<<"$lines")"
	sed 's/^/\t/' <<<"$lines"
}

# pointers STRUCT: the functions that a structure of vmkapi/module.h has.
pointers()
{
	sed -n "/^struct $1 {/,/^}/p" kernel/include/vmkapi/module.h | sed -n 's/^\t[^\t(]*(\*\([a-z_]*\)).*/\1/p'
}

interface()
{
	echo "# Written by tests/build/interface.sh --update: what modules and user worlds can ask of the kernel."
	echo "vmkapi version: $(sed -n 's/^#define VMKAPI_VERSION *\([0-9]*\)u/\1/p' kernel/include/vmkapi/module.h)"
	pointers vmkapi | section "functions that a module can call"
	{
		echo vmkmod_start
		pointers vmkmod
		pointers vmkapi_irq
		pointers vmkapi_nic_ops
	} | section "functions of a module that the kernel calls"
	rows vmkuser/syscall.h 'VMK_SYSCALLS(X)' 's, name, number, arguments' 'number name arguments' | sort -n |
		section "system calls: number, name, arguments"
	rows vmkuser/info.h 'VMK_INFO_KINDS(X)' 's, number, structure, name' 'number name' | sort -n |
		section "kinds of information"
	rows vmkuser/info.h 'VMK_CONTROLS(X)' 's, number, name' 'number name' | sort -n | section "controls"
}

if [ "${1:-}" = --update ]; then
	interface >"$list"
	exit
fi
ok "the list of interfaces is that of the headers (tests/build/interface.sh --update)" \
	diff -u "$list" <(interface)
ok "it is not empty" test "$(wc -l <"$list")" -gt 60
done_testing
