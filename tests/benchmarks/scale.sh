# Boot time against processors and memory, and where the time before SENTER goes. Sourced by tests/bench.
# shellcheck shell=bash

# One boot of a known host for each size: in Bochs simulated time, which repeats exactly; QEMU has none, so
# there what the emulator computed stands beside the time on the wall.
scale_columns=('tboot' 'SENTER' 'VMkernel' 'boot complete' 'attester')

scale_table() # TITLE
{
	rows=()
	printf '\n%s\n%-28s' "$1" ''
	printf '%15s' "${scale_columns[@]}" "$2"
	printf '\n'
}

scale_boot() # PLATFORM PROCESSORS MEMORY
{
	local name="$1, $2 CPUs, $3 MiB" dir=$out/scale i t column=1 unit='s simulated' cpu
	[ "$1" = bochs ] || { column=2 unit='s wall'; }
	boot "$dir" --platform "$1" --smp "$2" --mem "$3"
	cpu=$(emulator_seconds "$sim_pid")
	power_off
	printf '%-28s' "$name"
	for i in "${!signs[@]}"; do
		t=$(at "$dir" $column "${signs[i]}")
		[ -n "$t" ] || die "$name: no sign of \"${milestones[i]}\" on its console"
		record "$name: ${milestones[i]}" "$unit" "$t" "$t" "$t" 1
		printf '%15.2f' "$t"
	done
	record "$name: emulator" 's of CPU' "$cpu" "$cpu" "$cpu" 1
	printf '%15.2f\n' "$cpu"
}

bench_scale()
{
	local n
	boot "$out/scale" --platform bochs # enrolled, if it was not
	power_off
	scale_table "Boot against processors and memory: seconds from power-on (Bochs simulated, QEMU wall)" 'emulator CPU'
	for n in 256 512 1024 2048 5120; do scale_boot bochs 1 $n; done
	for n in 256 512 5120; do scale_boot qemu 1 $n; done
	for n in 2 4 8 16; do scale_boot qemu $n 512; done
	# Bochs takes turns among its processors, idle or not: these take the longest.
	for n in 2 4 8; do scale_boot bochs $n 512; done
	finish scale
	rm -rf "$out/scale"
}

# --- before SENTER: each step ends where the next one's first line begins
start_steps=('firmware, GRUB core into memory and unpacked' 'GRUB reads the files and places them' 'tboot: CPU, memory map, SINIT'
	'tboot: TPM' 'tboot: launch policy from the TPM' 'tboot: heap, MLE pages, SINIT data')
start_signs=('Booting `' 'TBOOT:' 'TPM: TPM 2.0 FIFO' 'SGX:verify' 'TBOOT: TXT.ERRORCODE' 'executing GETSEC[[]SENTER]')

# Characters that tboot wrote before SENTER take 10 bits each at 115200 bit/s, as Bochs paces them.
serial_seconds() # CONSOLE
{
	sed '/executing GETSEC\[SENTER\]/q' "$1" | sed -n '/TBOOT:/,$p' | wc -c |
		awk '{ printf "%.3f", $1 * 10 / 115200 }'
}

start_rows() # DIRECTORY COLUMN UNIT
{
	local i t before=0
	for i in "${!start_steps[@]}"; do
		t=$(at "$1" "$2" "${start_signs[i]}")
		row "${start_steps[i]}" "$3" "$(awk -v a="$t" -v b="$before" 'BEGIN { printf "%.3f", a - b }')"
		before=$t
	done
	row 'in all: power-on to SENTER' "$3" "$before"
}

bench_start()
{
	local dir=$out/start
	boot "$dir" --platform bochs
	power_off
	begin 'Before SENTER, in Bochs (2 CPUs, 512 MiB)'
	start_rows "$dir" 1 's simulated'
	row 'tboot: text on the serial line' 's simulated' "$(serial_seconds "$dir/sim/com1.log")"
	row 'files that GRUB reads' bytes "$(cat "$dir"/good/{tboot.elf,sinit.bin,*.elf,*.pkg} | wc -c)"
	row 'image' bytes "$(stat -c %s "$dir/boot.iso")"
	boot "$dir" --platform qemu
	power_off
	printf 'in QEMU\n'
	start_rows "$dir" 2 's wall'
	finish start
	rm -rf "$dir"
}
