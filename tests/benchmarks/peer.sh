# Power-on to verdict: this host in Bochs and QEMU, and Debian's own programs in QEMU (linux.sh), in turn.
# Sourced by tests/bench.
# shellcheck shell=bash

# What the emulator has computed: a machine's other load stretches it far less than the time on the wall.
emulator_seconds() # PID-OF-TXTSIM
{
	local pid
	for pid in $(pgrep -P "$1" 'bochs|qemu'); do
		sed 's/.*) //' "/proc/$pid/stat"
	done | awk -v hz="$(getconf CLK_TCK)" '{ t += $12 + $13 } END { printf "%.2f\n", t / hz }'
}

peer_round() # NUMBER
{
	boot "$out/peer-bochs-$1" --platform bochs --smp 1
	bochs_wall+=("$(verdict_seconds "$out/peer-bochs-$1")")
	bochs_cpu+=("$(emulator_seconds "$sim_pid")")
	bochs_before+=("$(at "$out/peer-bochs-$1" 2 'VMkernel starts')")
	bochs_simulated+=("$(at "$out/peer-bochs-$1" 1 'attester listening')")
	power_off
	boot "$out/peer-qemu-$1" --platform qemu --smp 1
	qemu_wall+=("$(verdict_seconds "$out/peer-qemu-$1")")
	qemu_cpu+=("$(emulator_seconds "$sim_pid")")
	power_off
	peer_boot "$peer/boot-$1" 1
	linux_wall+=("$peer_seconds")
	linux_cpu+=("$peer_cpu")
}

# ratios NAME OURS...: to the peer's of the same round.
ratios()
{
	local -n ours=$2 theirs=$3
	local i quotients=()
	for i in "${!ours[@]}"; do
		quotients+=("$(awk -v a="${ours[i]}" -v b="${theirs[i]}" 'BEGIN { printf "%.3f", a / b }')")
	done
	row "$1" ratio "${quotients[@]}"
}

bench_peer()
{
	local i bochs_wall=() bochs_before=() bochs_cpu=() bochs_simulated=() linux_simulated=()
	local qemu_wall=() qemu_cpu=() linux_wall=() linux_cpu=()
	peer_make
	boot "$out/peer-bochs-0" --platform bochs # enrolled, if it was not
	power_off
	peer_boot "$peer/first" 1 # its PCRs are the reference values
	for ((i = 1; i <= runs; i++)); do
		peer_round "$i"
	done
	peer_in_bochs
	begin "Power-on to verdict of a known host, 1 processor, 512 MiB, $runs rounds (goal: half of Linux's time)"
	row 'Merlon in Bochs' 's wall' "${bochs_wall[@]}"
	row 'Merlon in Bochs: before the VMkernel starts' 's wall' "${bochs_before[@]}"
	row 'Merlon in Bochs: attester listens' 's simulated' "${bochs_simulated[@]}"
	row 'Merlon in QEMU' 's wall' "${qemu_wall[@]}"
	row 'Linux + tboot + tpm2-tools in QEMU' 's wall' "${linux_wall[@]}"
	row 'Merlon in Bochs, its emulator' 's of CPU' "${bochs_cpu[@]}"
	row 'Merlon in QEMU, its emulator' 's of CPU' "${qemu_cpu[@]}"
	row 'Linux in QEMU, its emulator' 's of CPU' "${linux_cpu[@]}"
	ratios 'Merlon in QEMU / Linux in QEMU' qemu_wall linux_wall
	ratios 'the same, CPU of the emulator' qemu_cpu linux_cpu
	ratios 'Merlon in Bochs / Linux in QEMU' bochs_wall linux_wall
	ratios 'the same, CPU of both emulators' bochs_cpu linux_cpu
	row 'Linux in Bochs: its first program' 's simulated' "$peer_simulated"
	linux_simulated=("${bochs_simulated[@]/*/$peer_simulated}")
	ratios 'Merlon in Bochs / Linux in Bochs' bochs_simulated linux_simulated
	finish peer
	rm -rf "$out"/peer-*/{boot.iso*,iso,good,stage} "$peer"/{linux.iso,bochs.iso,bochs/tpm,boot-*/tpm,first/tpm}
}
