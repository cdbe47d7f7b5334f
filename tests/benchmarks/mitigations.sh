# What each mitigation costs the VMkernel: the same paths (paths.h) with kernels that lack one flag of the compiler, or
# what a patch of without.d takes away; on models of processors that lack a feature; and with what an option of the
# kernel adds. Sourced by tests/bench, after hardening.sh. Executed instructions, not cycles: what empties a buffer or
# a predictor counts as one instruction.
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
cost_patches=(tests/benchmarks/without.d/*.patch)
# On a model that needs neither: page tables of ring 3's own, and IBRS at entries where it may stay on.
cost_options=(pti=on ibrs=entry)
cost_option_model=corei7_icelake_u
cost_paths=(call poll page pages ping exit load)
declare -A cost_titles=(
	[call]='system call' [poll]='wait' [page]='map a page' [pages]='one of 64 pages'
	[ping]='2 switches' [exit]='CPUID exit' [load]='160 KB verified'
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

# What plants bugs in copies of the tree knows how to make one.
cost_tools() # COMMAND...
{
	(
		# shellcheck source=/dev/null
		. fuzz/tools/common.sh
		# shellcheck source=/dev/null
		. fuzz/tools/planted.sh
		# shellcheck disable=SC2034 # make_tree copies these
		OBJECTS=()
		"$@"
	)
}

# cost_model PATCH: where what it takes away is there.
cost_model()
{
	local model
	model=$(cost_tools field_of "$1" model)
	echo "${model:-$vm_model}"
}

# cost_patched PATCH: a kernel without what the patch takes away, in $cost/kernel-NAME. The kernel's own objects are
# copied with their times, so that little is built.
cost_patched()
{
	local name tree=$PWD/$cost/tree
	name=$(basename "$1" .patch)
	cost_tools make_tree "$tree"
	cost_tools plant "$tree" "$1"
	rmdir "$tree/build/obj"
	ln -s "$PWD"/build/{bin,keys,obj} "$tree/build/"
	cp -a build/kernel "$tree/build/"
	make -s -j"$(nproc)" -C "$tree" kernel >"$cost/kernel-$name.log" 2>&1 ||
		die "no kernel with $1: see $cost/kernel-$name.log"
	mkdir -p "$cost/kernel-$name"
	cp "$tree/build/kernel/vmkernel.elf" "$cost/kernel-$name/"
	rm -rf "$tree"
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

# cost_row TITLE DIRECTORY [WITH WITHOUT]: of each path the ticks, and in percent what one directory's run costs
# more than the other's.
cost_row()
{
	local path ticks percent
	printf '%-56s' "$1"
	for path in "${cost_paths[@]}"; do
		ticks=$(cost_ticks "$2" "$path")
		[ -n "$ticks" ] || die "no figure of \"${cost_titles[$path]}\" for \"$1\": see $2/run/com1.log"
		record "${cost_titles[$path]}: $1" ticks "$ticks" "$ticks" "$ticks" 1
		printf ' %10s' "$ticks"
		[ -n "${3:-}" ] || continue
		percent=$(awk -v a="$(cost_ticks "$3" "$path")" -v b="$(cost_ticks "$4" "$path")" \
			'BEGIN { printf "%.1f", (a / b - 1) * 100 }')
		rows+=("$(printf '{"name": "%s: %s", "unit": "percent added", "median": %s}' \
			"${cost_titles[$path]}" "$1" "$percent")")
		printf ' %+5.1f%%' "$percent"
	done
	printf '\n'
}

cost_table()
{
	local name model path patch option title
	rows=()
	printf '\n%s\n%-56s' "Cost of mitigations in Bochs ($vm_model): instructions with or without each, and what it adds" ''
	for path in "${cost_paths[@]}"; do printf ' %17s' "${cost_titles[$path]}"; done
	printf '\n'
	cost_row 'the kernel as it is' "$cost/$vm_model"
	for name in "${cost_names[@]}"; do
		cost_row "without: ${cost_words[$name]}" "$cost/$name" "$cost/$vm_model" "$cost/$name"
	done
	for model in "${cost_models[@]}"; do
		[ "$model" = $vm_model ] || cost_row "the kernel as it is on $model" "$cost/$model"
	done
	for patch in "${cost_patches[@]}"; do
		name=$(basename "$patch" .patch)
		model=$(cost_model "$patch")
		title="without: $(cost_tools field_of "$patch" without)"
		[ "$model" = $vm_model ] || title+=", on $model"
		cost_row "$title" "$cost/$name" "$cost/$model" "$cost/$name"
	done
	for option in "${cost_options[@]}"; do
		cost_row "with: $option, on $cost_option_model" "$cost/$option" "$cost/$option" "$cost/$cost_option_model"
	done
}

bench_mitigations()
{
	local name model patch option
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
	for patch in "${cost_patches[@]}"; do
		name=$(basename "$patch" .patch)
		cost_patched "$patch"
		hard_kernel "$cost/$name" "$cost/kernel-$name/vmkernel.elf" "$(cost_model "$patch")"
	done
	for option in "${cost_options[@]}"; do
		hard_kernel "$cost/$option" build/kernel/vmkernel.elf $cost_option_model "$option"
	done
	cost_table
	finish mitigations
	rm -rf "$cost"/kernel-*/obj
}
