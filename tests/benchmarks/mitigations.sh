# What each mitigation costs the VMkernel: the same paths (paths.h) with kernels that lack one flag of the compiler,
# and on models of processors that lack a feature. Sourced by tests/bench, after hardening.sh. Executed
# instructions, not cycles: what empties a buffer or a predictor counts as one instruction.
# shellcheck shell=bash
cost=$out/mitigations
cost_names=(kcfi canary var-init zero-regs sls ibt all)
declare -A cost_flags=(
	[kcfi]='-fsanitize=kcfi'
	[canary]='-fstack-protector-strong'
	[var-init]='-ftrivial-auto-var-init=zero'
	[zero-regs]='-fzero-call-used-regs=used-gpr'
	[sls]='-mharden-sls=all'
	[ibt]='-fcf-protection=branch'
)
cost_flags[all]="${cost_flags[*]}"
declare -A cost_words=(
	[kcfi]='kCFI' [canary]='stack protector' [var-init]='variables initialized' [zero-regs]='used registers cleared'
	[sls]='straight-line speculation' [ibt]='landing pads (IBT)' [all]='all of these'
)
cost_paths=(call poll page ping exit load)
declare -A cost_titles=(
	[call]='system call' [poll]='wait' [page]='map a page' [ping]='2 switches' [exit]='CPUID exit' [load]='160 KB verified'
)
# From the older to the newer: SMAP and SMEP come with the second, UMIP and PKU with the third, CET with the fourth.
cost_models=(corei5_arrandale_m520 corei7_skylake_x corei7_icelake_u tigerlake)

# cost_kernel NAME: a kernel without what cost_flags says, in $cost/kernel-NAME.
cost_kernel()
{
	local bin=$cost/bin
	mkdir -p "$bin"
	ln -sf "$PWD/tests/benchmarks/without" "$bin/clang-19"
	PATH=$PWD/$bin:$PATH MERLON_WITHOUT=${cost_flags[$1]} make -s -j"$(nproc)" KB="$cost/kernel-$1" kernel \
		>"$cost/kernel-$1.log" 2>&1 || die "no kernel without ${cost_words[$1]}: see $cost/kernel-$1.log"
}

# cost_ticks DIRECTORY PATH
cost_ticks()
{
	local log=$1/run/com1.log
	case $2 in
	exit) echo $((16#$(grep -aoE '[0-9a-f]{8} ticks of a round' "$log" | head -c 8))) ;;
	load) verify_ticks "$1/run/com1.times" large ;;
	*) path_ticks "$log" "$2" ;;
	esac
}

# cost_row TITLE DIRECTORY [BASE]: of each path the ticks, and in percent what BASE costs more.
cost_row()
{
	local path ticks base percent
	printf '%-36s' "$1"
	for path in "${cost_paths[@]}"; do
		ticks=$(cost_ticks "$2" "$path")
		[ -n "$ticks" ] || die "no figure of \"${cost_titles[$path]}\" for \"$1\": see $2/run/com1.log"
		record "${cost_titles[$path]}: $1" ticks "$ticks" "$ticks" "$ticks" 1
		printf ' %10s' "$ticks"
		[ -n "${3:-}" ] || continue
		base=$(cost_ticks "$3" "$path")
		percent=$(awk -v a="$base" -v b="$ticks" 'BEGIN { printf "%.1f", (a / b - 1) * 100 }')
		rows+=("$(printf '{"name": "%s: %s", "unit": "percent added", "median": %s}' \
			"${cost_titles[$path]}" "$1" "$percent")")
		printf ' %+5.1f%%' "$percent"
	done
	printf '\n'
}

cost_table()
{
	local name model path
	rows=()
	printf '\n%s\n%-36s' "Cost of mitigations in Bochs ($vm_model): instructions without each, and what it adds" ''
	for path in "${cost_paths[@]}"; do printf ' %17s' "${cost_titles[$path]}"; done
	printf '\n'
	cost_row 'the kernel as it is' "$cost/$vm_model"
	for name in "${cost_names[@]}"; do
		cost_row "without: ${cost_words[$name]}" "$cost/$name" "$cost/$vm_model"
	done
	for model in "${cost_models[@]}"; do
		[ "$model" = $vm_model ] || cost_row "the kernel as it is on $model" "$cost/$model"
	done
}

bench_mitigations()
{
	local name model
	make -s build/bin/{vmkbootcfg,vmksign} txtsim kernel build/packages/{config,tinyvmx,small,large,bench}.pkg
	rm -rf "$cost"
	mkdir -p "$cost"
	for model in "${cost_models[@]}"; do
		hard_kernel "$cost/$model" build/kernel/vmkernel.elf "$model"
	done
	for name in "${cost_names[@]}"; do
		cost_kernel "$name"
		hard_kernel "$cost/$name" "$cost/kernel-$name/vmkernel.elf" $vm_model
	done
	cost_table
	finish mitigations
	rm -rf "$cost"/kernel-*/obj
}
