# Seeds for what runs virtual machines: what vCPUs do when a guest begins, and instructions of a real kernel. Sourced by
# seeds.sh.
# shellcheck shell=bash

# Operations of fuzz_vm_run_smp, a row for each vCPU and the last for whoever is outside, as numbers: what, and from the
# fourth bit on to whom, or how much. A vCPU: 0 asks, 1 halts, 2 ends its turn, 3 NMI, 4 INIT, 5 SIPI, 6 timer (30: it
# fails, 31: triple fault), 7 interrupt. Outside: 0 message, 2 message to all, 3 input, 4 pauses, 5 takes a frame,
# 6 resets, 7 waits.
vm_at() # WHAT DETAIL
{
	echo $(($1 | $2 << 3))
}
vm_boot() # how Linux starts the others, who then have a timer each, and tell one another to look
{
	local n
	for n in 1 2; do
		printf '%s ' "$(vm_at 4 $n)" "$(vm_at 5 $n)" "$(vm_at 5 $n)"
	done
}
vm_scenes() # name, then rows
{
	local boot work
	boot=$(vm_boot)
	work="$(vm_at 6 3) $(vm_at 0 0) $(vm_at 7 0) $(vm_at 1 0) $(vm_at 7 1)"
	cat <<-END
		boot: $boot $work | $work | $work | $(vm_at 7 4)
		devices: $boot 0 0 0 0 | 0 0 8 0 | 0 0 0 0 | $(vm_at 3 1) $(vm_at 0 1) $(vm_at 3 2) $(vm_at 7 3) $(vm_at 3 0) $(vm_at 3 1) $(vm_at 2 12) $(vm_at 2 15)
		pauses: $boot $work $work | $work 0 0 | 0 $work | $(vm_at 4 3) $(vm_at 7 2) $(vm_at 4 0) $(vm_at 0 3) $(vm_at 4 9)
		resets: $boot $work 0 0 0 | 0 0 $work | $work 0 | $(vm_at 7 9) $(vm_at 6 0) $(vm_at 7 4) $(vm_at 6 0) $(vm_at 4 2) $(vm_at 6 0)
		again: $boot 0 $boot 0 $boot | 0 0 0 0 0 0 | 0 0 0 0 0 0 | $(vm_at 7 3)
		balloon: $boot $work 2 10 2 | $work 2 10 2 | 2 10 $work | $(vm_at 5 0) $(vm_at 5 1) $(vm_at 5 2) $(vm_at 5 3) $(vm_at 5 0) $(vm_at 4 1)
		dies: $boot $(vm_at 6 30) 0 | 0 $(vm_at 6 31) | $(vm_at 3 0) $(vm_at 4 0) $(vm_at 5 0) | $(vm_at 2 4) $(vm_at 7 4) $(vm_at 6 0)
	END
}
# Dealt out as the target does it; who has nothing left halts, or waits for nothing.
vm_dealt() # VCPUS ROW...: the last is the outside's
{
	local vcpus=$1 i n rows=() row longest=0
	shift
	for ((i = 0; i <= vcpus; i++)); do
		read -ra row <<<"${@:i == vcpus ? $# : i + 1:1}"
		rows[i]="${row[*]}"
		longest=$((${#row[@]} > longest ? ${#row[@]} : longest))
	done
	for ((n = 0; n < longest; n++)); do
		for ((i = 0; i <= vcpus; i++)); do
			read -ra row <<<"${rows[i]}"
			echo "${row[n]:-$((i == vcpus ? 7 : 1))}"
		done
	done
}
make_vm_run_smp() # FOLDER: each scene on two to four processors, with each number of vCPUs, in each mode of turns
{
	local name rows row vcpus pct tso operations seed=1
	while IFS=: read -r name rows; do
		IFS='|' read -ra row <<<"$rows"
		for vcpus in 1 2 3; do
			mapfile -t operations < <(vm_dealt $vcpus "${row[@]}")
			for pct in 0 1 2 3; do
				for tso in 0 16; do
					{
						bytes $((vcpus - 1 << 5 | tso | pct << 2 | seed % 3))
						number $((seed * 0x9e3779b97f4a7)) 8
						bytes "${operations[@]}"
					} >"$1/$name-$vcpus-$pct-$tso"
					seed=$((seed + 1))
				done
			done
		done
	done < <(vm_scenes)
}

# One instruction of each form that our kernel has for memory: its bytes as numbers.
memory_instructions()
{
	objdump -d --insn-width=16 build/kernel/image.elf | awk -F'\t' '
		$3 ~ /\(/ && $3 !~ /^(lea|nop)/ {
			form = $3
			sub(/ +#.*/, "", form)
			gsub(/%[a-z0-9]+/, "R", form)
			gsub(/0x[0-9a-f]+/, "N", form)
			gsub(/R(,R)?(,[248])?\)/, ")", form)
			gsub(/-?N\(/, "(", form)
			if (!(form in seen))
				print $2
			seen[form] = 1
		}' | while read -ra code; do
		echo "${code[@]/#/0x}"
	done
}
# The options of fuzz_vm_emulate, then code.
vm_options() # HOW WHAT WHERE WIDTH CPL BYTES LINEAR RIP
{
	bytes "${@:1:6}"
	number "$7" 2
	number "$8" 2
	number 0 6
	number 3 8
	number 0x123456789abcdef 8
	number 0x80ff 8
	number 0x1040 8
	number 0xfedcba9876543210 8
	bytes 8 17 24 0 9 136 20 33
}
make_vm_emulate() # FOLDER: instructions of long mode in it and in another one, at each device; string I/O in each mode and width, over what there is
{
	local code n=0 mode where how width
	while read -ra code; do
		for mode in 2 $((n % 8)); do
			where=$((n % 4 | n % 7 << 2))
			{ vm_options $mode 0 $where 0 0 2 0 4096; bytes "${code[@]}"; } >"$1/code$((n++))"
		done
	done < <(memory_instructions)
	for mode in 0 1 2 4 6; do
		for how in 8 24 40 56 72 88 104 120; do
			for width in 0 1 2 3; do
				vm_options $((mode | how)) 0 0 $width $((n % 8)) $((n % 3)) $((n % 9 * 4096 + 4093)) 0 >"$1/string$((n++))"
			done
		done
	done
	for how in 0 64; do
		for width in 0 1 2; do
			vm_options $how 0 255 0 0 $width 0 0 >"$1/port$((n++))"
		done
	done
}
