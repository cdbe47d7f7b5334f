# VM entry in Bochs beside the model of fuzz/models/swvmx, in the payload of fuzz/differential/.
# shellcheck shell=bash
differential_models=(tigerlake corei7_skylake_x) # one with CET, one without
differential_vectors=1000000
differential_all_seen=100000 # vectors that show all that can be shown
differential_dir=$results/fuzz-differential

differential_iso() # DIRECTORY ARGUMENTS
{
	cp build/obj/payload/vmentry.elf "$1/iso/boot/" &&
		printf 'set timeout=0\nmenuentry vmentry {\n\tmultiboot /boot/vmentry.elf %s\n}\n' "$2" \
			>"$1/iso/boot/grub/grub.cfg" &&
		grub-mkrescue -d /usr/lib/grub/i386-pc -o "$1/boot.iso" "$1/iso" --locales= --fonts= --themes= \
			>"$1/mkrescue.log" 2>&1
}

# One share of the vectors, all of them in one boot.
differential_run() # MODEL SEED FIRST COUNT
{
	local dir=$differential_dir/$1-$3
	rm -rf "$dir"
	mkdir -p "$dir/iso/boot/grub" || return
	{
		differential_iso "$dir" "seed=$2 first=$3 count=$4" &&
			build/bin/txtsim run --iso "$dir/boot.iso" --workdir "$dir/run" --no-txt --tpm absent \
				--model "$1" --no-reboot --until 'payload: done'
	} >"$dir/txtsim.log" 2>&1
	printf '%s\n' $? >"$dir/status"
}

# Each share's last line once a minute, until it is ended.
differential_progress()
{
	local log
	trap 'kill $!; exit' TERM
	while sleep 60 & wait $!; kill -0 $$ 2>/dev/null; do
		for log in "$differential_dir"/*/run/com1.log; do
			[ -f "$log" ] || continue
			printf '%s: %s\n' "$(basename "$(dirname "$(dirname "$log")")")" \
				"$(tr -d '\r' <"$log" | tail -n 1)" >&2
		done
	done
}

differential_value() # LOG KEY: of the RESULT line
{
	tr -d '\r' 2>/dev/null <"$1" | sed -nE "s/^RESULT: .*\b$2=([0-9]+).*/\1/p" | head -n 1
}

# Checks that no share of a model's vectors saw so, as "CHECK passing" or "CHECK failing".
differential_unseen() # MODEL
{
	local logs=("$differential_dir/$1"-*/run/com1.log)
	cat "${logs[@]}" 2>/dev/null | tr -d '\r' | awk -v shares=${#logs[@]} '
		/^UNSEEN: / { for (i = 3; i <= NF; i++) n[$2 " " $i]++ }
		END { for (k in n) if (n[k] == shares) print k }' | sort
}

# Is what Bochs cannot show what the list says? What is missing there counts from VECTORS on.
differential_check_unseen() # LIST VECTORS
{
	local model line failed=0
	for model in "${differential_models[@]}"; do
		while read -r line; do
			echo "fuzz: $1: $model has seen $line: strike it out" >&2
			failed=1
		done < <(comm -23 <(awk -F '\t' -v m="$model" '$1 == m { print $2 " " $3 }' "$1" | sort) \
			<(differential_unseen "$model"))
		[ "$2" -ge $differential_all_seen ] || continue
		while read -r line; do
			echo "fuzz: $1: $model has never seen $line: why?" >&2
			failed=1
		done < <(comm -13 <(awk -F '\t' -v m="$model" '$1 == m { print $2 " " $3 }' "$1" | sort) \
			<(differential_unseen "$model"))
	done
	return $failed
}

differential_row() # DIRECTORY: tab-separated
{
	local log=$1/run/com1.log key row
	row=$(basename "$1")
	for key in vectors skipped controls host guest msr entered checks-both-ways open; do
		row+=$'\t'$(differential_value "$log" $key)
	done
	echo "$row"
}

# differential VECTORS SEED JOBS JSON
differential()
{
	local half=$(($1 / 2)) model first dir failed=0 lost=0 runs=() progress
	local share=$((half / (($3 + 1) / 2)))
	[ "$share" -gt 0 ] || die "--vectors wants at least 2 for each job"
	make -j"$(nproc)" build/obj/payload/vmentry.elf build/bin/txtsim >/dev/null || die "the payload does not build"
	lock_results "$differential_dir" "somebody compares VM entry"
	rm -rf "${differential_dir:?}"/*/
	end_all_on_signals
	for ((first = 0; first < half; first += share)); do
		for model in "${differential_models[@]}"; do
			while [ "$(jobs -rp | wc -l)" -ge "$3" ]; do
				wait -n
			done
			differential_run "$model" "$2" $first $((share < half - first ? share : half - first)) &
			runs+=($!)
		done
	done
	differential_progress &
	progress=$!
	wait "${runs[@]}" # by number: without one, wait would be for the progress, too
	kill_below $progress
	for dir in "$differential_dir"/*/; do
		dir=${dir%/}
		if [ "$(cat "$dir/status" 2>/dev/null)" != 0 ]; then
			echo "fuzz: $(basename "$dir") did not end: $(tail -n 1 "$dir/txtsim.log"); what it said is in $dir" >&2
			lost=1
		elif [ "$(differential_value "$dir/run/com1.log" open)" != 0 ]; then
			failed=1
		fi
	done
	# Who did not end has not said what it never saw.
	[ $lost = 1 ] || differential_check_unseen fuzz/differential/unseen "$1" || failed=1
	differential_report "$4"
	return $((failed | lost))
}

differential_report() # JSON
{
	local dir keys='"run","vectors","skipped","controls","host","guest","msr","entered","checks_both_ways","open"'
	if [ -n "$1" ]; then
		for dir in "$differential_dir"/*/; do
			differential_row "${dir%/}"
		done | jq -R -s --argjson keys "[$keys]" 'split("\n") | map(select(. != "") | split("\t") |
			[$keys, .] | transpose | map({key: .[0], value: (.[1] | tonumber? // .)}) | from_entries)'
		return
	fi
	printf '%-24s %9s %8s %9s %9s %9s %8s %9s %7s %6s\n' run vectors skipped controls host guest msr entered checks open
	for dir in "$differential_dir"/*/; do
		# shellcheck disable=SC2046 # words on purpose
		printf '%-24s %9s %8s %9s %9s %9s %8s %9s %7s %6s\n' $(differential_row "${dir%/}")
	done
	echo
	cat "$differential_dir"/*/run/com1.log 2>/dev/null | tr -d '\r' | sed -nE 's/^KNOWN: (.*): ([0-9]+)$/\2\t\1/p' |
		awk -F '\t' '{ n[$2] += $1 } END { for (k in n) printf "%9d  %s\n", n[k], k }' | sort -k2
	cat "$differential_dir"/*/run/com1.log 2>/dev/null | tr -d '\r' | sed -n '/^DIFFERENCE/,/^[^ D]/{/^[ D]/p}'
}
