# Seeds from what firmware tells a kernel: ACPI tables and DMARs of machines in QEMU. Sourced by seeds.sh.
# shellcheck shell=bash

# A machine each: its arguments.
firmware_machines=(
	'-machine q35,kernel-irqchip=split -device intel-iommu,intremap=on -smp 2'
	'-machine q35,kernel-irqchip=split -device intel-iommu,intremap=on -device pcie-root-port,id=behind,chassis=1'
	'-machine pc -smp 4 -object memory-backend-ram,id=a,size=32M -numa node,memdev=a,cpus=0-1 -object memory-backend-ram,id=b,size=32M -numa node,memdev=b,cpus=2-3'
)

# A little-endian number out of a file, and one as bytes.
number_at() # FILE OFFSET BYTES
{
	od -An -v --endian=little -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '
}
number() # VALUE BYTES
{
	local i byte
	for ((i = 0; i < $2; i++)); do
		printf -v byte '\\x%02x' $(($1 >> 8 * i & 255))
		printf '%b' "$byte"
	done
}
put_at() # FILE OFFSET, and bytes from standard input
{
	dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# Where the RSDP lies: the BIOS has it on 16 bytes of its segments.
rsdp_of() # MEMORY
{
	LC_ALL=C grep -abo -F 'RSD PTR ' "$1" | cut -d : -f 1 |
		awk '$1 >= 917504 && $1 < 1048576 && $1 % 16 == 0 { print; exit }'
}

# All memory of a machine whose firmware has written its tables.
firmware_memory() # FILE ARGUMENT...
{
	local file=$1 seconds
	shift
	for seconds in 3 6 12 24; do
		{
			sleep $seconds
			printf 'pmemsave 0 0x4000000 "%s"\nquit\n' "$file"
		} | timeout 60 qemu-system-x86_64 -accel tcg -m 64 -display none -serial none -monitor stdio "$@" \
			>/dev/null 2>&1
		[ ! -s "$file" ] || [ -z "$(rsdp_of "$file")" ] || return 0
	done
	return 1
}

# Those of all machines, in $scratch/firmware, once.
make_firmware()
{
	local n=0 machine folder=$scratch/firmware
	[ ! -d "$folder" ] || return 0
	mkdir -p "$folder"
	command -v qemu-system-x86_64 >/dev/null || return 0
	for machine in "${firmware_machines[@]}"; do
		# shellcheck disable=SC2086 # arguments
		firmware_memory "$folder/machine$n" $machine || echo "no ACPI tables of: $machine" >&2
		n=$((n + 1))
	done
}

# Where addresses stand in a table, one a line: of the RSDT all, of the FADT those of FACS and DSDT.
pointers_of() # MEMORY ADDRESS
{
	local at
	case $(tail -c +$(($2 + 1)) "$1" | head -c 4) in
	RSDT) for ((at = $2 + 36; at < $2 + $(number_at "$1" $(($2 + 4)) 4); at += 4)); do echo $at; done ;;
	FACP) printf '%d\n' $(($2 + 36)) $(($2 + 40)) ;;
	esac
}

# As fuzz_acpi reads it: the RSDP at 0xe0000, and 64 bytes further all tables as they lie, with addresses to fit. Sums
# are the target's affair, which makes them fit.
acpi_seed() # MEMORY FILE
{
	local rsdp root places=() place at low high bytes
	rsdp=$(rsdp_of "$1")
	root=$(number_at "$1" $((rsdp + 16)) 4)
	mapfile -t places < <(pointers_of "$1" "$root")
	low=$root high=$((root + $(number_at "$1" $((root + 4)) 4)))
	for place in "${places[@]}"; do
		mapfile -t -O ${#places[@]} places < <(pointers_of "$1" "$(number_at "$1" "$place" 4)")
	done
	for place in "${places[@]}"; do
		at=$(number_at "$1" "$place" 4) bytes=$(number_at "$1" $((at + 4)) 4)
		[ "$at" -ge "$low" ] || low=$at
		[ $((at + bytes)) -le "$high" ] || high=$((at + bytes))
	done
	{
		tail -c +$((rsdp + 1)) "$1" | head -c 16
		number $((0xe0040 + root - low)) 4
		number 0 44
		tail -c +$((low + 1)) "$1" | head -c $((high - low))
	} >"$2"
	for place in "${places[@]}"; do
		number $((0xe0040 + $(number_at "$1" "$place" 4) - low)) 4 | put_at "$2" $((64 + place - low))
	done
}

make_acpi() # FOLDER
{
	local memory
	make_firmware
	for memory in "$scratch"/firmware/*; do
		acpi_seed "$memory" "$1/$(basename "$memory")"
	done
}
make_dmar() # FOLDER: a bridge, and the table
{
	local memory at
	make_firmware
	for memory in "$scratch"/firmware/*; do
		for at in $(LC_ALL=C grep -abo -F 'DMAR' "$memory" | cut -d : -f 1); do
			[ "$(number_at "$memory" $((at + 4)) 4)" -lt 4096 ] || continue
			{
				printf '\1\0\10\1\1'
				tail -c +$((at + 1)) "$memory" | head -c "$(number_at "$memory" $((at + 4)) 4)"
			} >"$1/$(basename "$memory")-$at"
		done
	done
}
