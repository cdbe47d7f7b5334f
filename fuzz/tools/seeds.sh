# Seeds that our own tools and others make, what boots have left in build/, and a few boots: into campaigns' corpora, from
# where `--merge --seeds` takes into fuzz/corpus/ what is small and reaches something new. One function
# make_TARGET for each target that has such seeds; it writes into the folder that it is given.
# shellcheck shell=bash
. fuzz/tools/firmware_seeds.sh
. fuzz/tools/vm_seeds.sh
SEED_MAX=1048576         # libFuzzer cuts longer ones
KEY_TYPES=(p256 rsa3072) # a signature of each

# Workdirs of simulated launches, the newest first: those that left a TXT heap.
boots()
{
	local heap
	# shellcheck disable=SC2012 # times, not names
	ls -t build/run/sim/txt-heap.bin build/tests/*/sim/txt-heap.bin build/tests/*/*/sim/txt-heap.bin \
		2>/dev/null | head -n 4 | while read -r heap; do
		dirname "$heap"
	done
}

# A file without the zeros at its end, but for some.
trimmed() # FILE
{
	local end
	end=$(LC_ALL=C tr '\0' '\n' <"$1" | awk '{ n += length($0) + 1; if ($0 != "") last = n } END { print last + 64 }')
	head -c "$end" "$1"
}

# Offset of a text in a file; status 1: it is not there.
offset_of() # TEXT FILE
{
	local at
	at=$(LC_ALL=C grep -abo -m 1 -F -- "$1" "$2" | head -n 1 | cut -d : -f 1)
	echo "${at:-none}"
	[ -n "$at" ]
}

copy_small() # FOLDER FILE...: what exists and is not too large
{
	local file folder=$1
	shift
	for file; do
		[ ! -f "$file" ] || [ "$(stat -c %s "$file")" -gt $SEED_MAX ] || cp "$file" "$folder/$(sha1sum <"$file" | cut -c 1-12)"
	done
}

# With a byte before it that says what the rest is.
prefixed() # FOLDER BYTE FILE
{
	[ ! -f "$3" ] || { printf "%b" "$2"; head -c $SEED_MAX "$3"; } >"$1/$(basename "$3")${2#\\}"
}

make_package() # FOLDER: each kind of package, signed by each kind of key
{
	local keys=$scratch/keys type manifest manifests
	mapfile -t manifests < <(find attest kernel tboot-integration -name '*.manifest')
	head -c 64 build/kernel/vmkernel.elf >"$scratch/payload"
	for type in "${KEY_TYPES[@]}"; do
		build/bin/vmksign keys --out "$keys" --type "$type" >/dev/null || return
		for manifest in "${manifests[@]}"; do
			build/bin/vmksign package --manifest "$manifest" --payload "$scratch/payload" \
				--key "$keys/provider.key" --cert "$keys/provider.pem" --chain "$keys/intermediate.pem" \
				--out "$1/$type-$(basename "$manifest" .manifest)" 2>/dev/null
		done
		rm -rf "$keys"
	done
}
make_elf() { copy_small "$1" build/worlds/*.elf; }
make_elfpack() # FOLDER: an executable as tboot is, which is more itself than the target takes: much of it is zero
{
	printf '.globl _start\n_start: ret\n.data\n.long 1\n.space 9000\n.long 2\n.space 9000\n.bss\n.space 9000\n' >"$scratch/zeros.s"
	clang-19 --target=i386-none-elf -c -o "$scratch/zeros.o" "$scratch/zeros.s"
	ld.lld-19 -m elf_i386 -o "$1/zeros" "$scratch/zeros.o"
}
make_bootcfg() { copy_small "$1" tboot-integration/image/boot.cfg build/run/good/boot.cfg; }
make_keyval() { copy_small "$1" tboot-integration/image/host.cfg build/worlds/*.manifest; }
make_agent_config() { copy_small "$1" tboot-integration/image/host.cfg; }
make_vm_image() # FOLDER
{
	build/bin/vmksign vm-image --out "$1/two" "vm.cfg=tboot-integration/image/host.cfg" "kernel=$scratch/payload"
}

# A host of paper, and histories of any length.
make_paper()
{
	[ -d "$scratch/paper" ] || {
		mkdir -p "$scratch/paper/logs"
		head -c 64 build/kernel/vmkernel.elf >"$scratch/payload"
		build/bin/vmkpaper "$scratch/paper" && build/bin/vmkevlogs "$scratch/paper/logs" 8
	} >/dev/null
}
make_eventlog() # FOLDER: also what the simulated SINIT wrote
{
	local boot at
	copy_small "$1" "$scratch"/paper/*.log "$scratch"/paper/logs/*
	for boot in $(boots); do
		at=$(offset_of 'Spec ID Event03' "$boot/txt-heap.bin") || continue
		trimmed "$boot/txt-heap.bin" | tail -c +$((at - 31)) >"$1/sinit-$(basename "$(dirname "$boot")")"
	done
}
make_evidence() { copy_small "$1" "$scratch/paper/evidence.json" build/host/verifier/evidence/*1.json; }
make_policy() { copy_small "$1" "$scratch/paper/policy.json" build/run/policy.json policy/platforms/*.json; }
make_predict() # FOLDER
{
	prefixed "$1" '\001' build/run/good/vl.pol
	prefixed "$1" '\002' build/run/iso/boot/grub/grub.cfg
	prefixed "$1" '\005' build/sinit.bin
}
make_platform() # FOLDER
{
	local file
	for file in policy/platforms/*.json; do
		prefixed "$1" '\000' "$file"
	done
}
# A part of an evidence file, as bytes.
evidence_part() # FILE EXPRESSION
{
	jq -r ".evidence // . | $2 // \"\"" "$1" | tr -d '\n' | tr a-f A-F | basenc --base16 -d
}
make_attest() # FOLDER: what hosts answered: quote, signature and logs, each behind its length
{
	local file part mode
	for file in "$scratch/paper/evidence.json" build/host/verifier/evidence/*.json; do
		[ -f "$file" ] || continue
		for mode in 0 3; do # their own quote, and the fixture's with its values of PCRs
			{
				printf '%b' "\\0$mode"
				for part in .attest .signature '.logs["txt-drtm"]' .logs.vmk .logs.launch; do
					evidence_part "$file" "$part" >"$scratch/part"
					printf '%b' "$(printf '\\x%02x\\x%02x' $(($(stat -c %s "$scratch/part") >> 8)) $(($(stat -c %s "$scratch/part") & 255)))"
					cat "$scratch/part"
				done
			} >"$1/$(basename "$file" .json).$mode"
		done
	done
}
# Bytes, one after the other.
bytes() # NUMBER...
{
	local value
	for value; do
		number "$value" 1
	done
}
make_quote() # FOLDER: by each kind of key: a good one, each option of it alone, and changes behind a good one
{
	local key at value change options
	for key in 1 2 3; do
		for at in {0..8}; do
			for value in 0 1 2 4 8 16 32; do
				options=("$key" 0 0 0 0 0 0 0 0)
				options[at]=$((options[at] | value))
				bytes "${options[@]}" >"$1/key$key-option$at-$value"
			done
		done
		for change in '0 0 0 1' '1 0 0 1' '2 0 0 1' '4 20 0 0' '5 20 0 0' '6 20 0 0'; do
			# shellcheck disable=SC2086 # bytes
			bytes "$key" 0 0 0 0 0 0 0 0 $change >"$1/key$key-change${change// /-}"
		done
	done
}
make_fetch() # FOLDER: logs in pieces of each length, whole, known or asked for, and each thing wrong with a piece
{
	local options logs length wrong answers n=0
	for options in 0 1 2 4 8 16 128 132; do
		for logs in 0 1 2 8 16 255; do
			for length in 1 16 255; do
				answers=(0)
				while [ ${#answers[@]} -lt 60 ]; do
					answers+=(1 0 0 $length 0)
				done
				bytes $options $logs $((logs & 7)) 9 "${answers[@]}" >"$1/good$((n++))"
			done
		done
	done
	for wrong in 1 2 4 8 16; do
		for options in 0 2; do
			bytes $options 255 3 9 0 1 0 0 9 0 1 1 $wrong 9 1 2 0 0 3 0 0 $wrong 9 200 >"$1/wrong$((n++))"
		done
	done
	for answers in '16' '0 16' '0 4' '4 4' '8 8' '0 1 0 0 9 0 16' '3 0 0 1 0 0 0 1 0 0 0 1 0 0'; do
		# shellcheck disable=SC2086 # bytes
		bytes 0 255 3 9 $answers >"$1/answer$((n++))"
	done
}
make_head() # FOLDER: heads, lines that are nearly one and signed all the same, and changes
{
	local digest line text change n=0
	digest=$(printf '%064d' 7)
	for line in "merlon-head-1 7 $digest" "merlon-head-1 07 $digest" "merlon-head-1 -7 $digest" \
		"merlon-head-1 7 ${digest//0/A}" "merlon-head-1 7 ${digest//0/a}" "merlon-head-1 7 ${digest}0" \
		"merlon-head-1 7 ${digest%7}" "merlon-head-1 99999999999999999999 $digest" "merlon-head-2 7 $digest" \
		"merlon-head-1 7  $digest" "merlon-head-1 7 ${digest/0/x}" merlon-head-1 $'two\nlines'; do
		{ bytes 1; number ${#line} 2; printf '%s' "$line"; } >"$1/line$((n++))"
	done
	for text in '' x $'\n' $'x\n0\n' $'x\n00\n' $'x\n0g\n' $'x\n00\n\n' "$(printf '%0700d' 0)" \
		$'x\n'"$(printf '%0600d' 0)"$'\n'; do
		{ bytes 2; number ${#text} 2; printf '%s' "$text"; } >"$1/text$((n++))"
	done
	for change in '' '0 0 0 1' '1 40 0 0' '2 0 0 10' '0 120 0 1' '0 120 0 32'; do
		# shellcheck disable=SC2086 # bytes
		{ bytes 0 7 0 0 0 0 0 0 0; printf '%032d' 0; bytes $change; } >"$1/head${change// /-}"
	done
	{ bytes 4 7 0 0 0 0 0 0 0; printf '%032d' 0; } >"$1/forged"
}
make_hostfile() # FOLDER: a host, and what is wrong with others
{
	local change n=0
	while read -r change; do
		n=$((n + 1))
		jq -c -n '{format: "merlon-host-1", name: "h", address: "192.0.2.7:5683", enrolled: 1, "ek-certificate": "00",
			"ek-public": "01", "ak-public": "02", nonces: [{sha256: ("ab" * 32), "used-ms": 1}],
			seen: {"reset-count": 1, "restart-count": 2, firmware: "0123456789abcdef"}} | '"$change" >"$1/$n"
	done <<-'END'
		.
		del(.seen)
		.format = "x"
		.name = ""
		.enrolled = -1
		.address = "7" * 128
		.nonces = 1
		.nonces = [range(257) | {}]
		.nonces[0] = {}
		.nonces[0]."used-ms" = -1
		.nonces[0].sha256 = "ab"
		.seen = {}
		.seen."reset-count" = -1
		.seen."reset-count" = 4294967296
		.seen."restart-count" = -1
		.seen."restart-count" = 4294967296
		.seen.firmware = "            cdef"
		."ek-certificate" = "x"
		."ek-public" = "x"
		."ak-public" = "x"
		.more = 1
		[]
	END
	printf '{' >"$1/torn"
	for change in '0 0 0 0 0 0' '1 64 0 0 0 0' '0 0 1 8 0 0' '0 0 0 0 1 8'; do
		# shellcheck disable=SC2086 # bytes
		bytes 0 $change >"$1/parts${change// /-}"
	done
}
make_cms() # FOLDER: signatures by openssl, with a chain of each kind of key, with signed attributes and without
{
	local keys=$scratch/keys type options
	printf 'what is signed' >"$scratch/signed"
	for type in "${KEY_TYPES[@]}"; do
		build/bin/vmksign keys --out "$keys" --type "$type" >/dev/null || return
		for options in '-noattr -nocerts' -nocerts -keyid; do
			# shellcheck disable=SC2086 # options
			openssl cms -sign -binary $options -md sha256 -outform DER -in "$scratch/signed" \
				-signer "$keys/provider.pem" -inkey "$keys/provider.key" -out "$keys/cms" || return
			for part in provider intermediate root; do
				openssl x509 -in "$keys/$part.pem" -outform DER -out "$keys/$part.x509"
			done
			{
				for part in cms provider.x509 intermediate.x509; do
					number "$(stat -c %s "$keys/$part")" 2
				done
				number 0 2
				cat "$keys"/{cms,provider.x509,intermediate.x509,root.x509}
			} >"$1/$type${options// /}"
		done
		rm -rf "$keys"
	done
}
# What a launch in Bochs has in memory at 0x60000 when tboot has found its kernel.
make_txtstat_tbootlog() # FOLDER
{
	make -s txtsim >/dev/null
	build/bin/txtsim run --mle build/kernel/vmkernel.elf --workdir "$scratch/launch" --mem 128 --no-reboot \
		--dump-at 'kernel is ELF format' --until 'executing GETSEC[SEXIT]' --timeout 300 >"$scratch/launch.log" 2>&1 ||
		cat "$scratch/launch.log" >&2
	[ ! -f "$scratch/launch/memory.1" ] ||
		dd if="$scratch/launch/memory.1" of="$1/launch" bs=32K skip=12 count=1 status=none
}
make_txtstat_acm() { copy_small "$1" build/sinit.bin; }
make_txtstat_heap() # FOLDER: behind the heap's address
{
	local boot
	for boot in $(boots); do
		{ printf '\0\0\0\376\0\0\0\0'; trimmed "$boot/txt-heap.bin"; } >"$1/$(basename "$(dirname "$boot")")"
	done
}
make_txtheap() # FOLDER
{
	local boot
	for boot in $(boots); do
		trimmed "$boot/txt-heap.bin" >"$1/$(basename "$(dirname "$boot")")"
	done
}

targets_with_seeds()
{
	declare -F | sed -n 's/^declare -f make_\(.*\)$/fuzz_\1/p' | grep -vx 'fuzz_\(tree\|paper\|firmware\)'
}

# Status 1: nothing makes seeds for a target.
generate() # TARGET...
{
	local target folder scratch status=0
	scratch=$(mktemp -d)
	# shellcheck disable=SC2064 # this very directory
	trap "rm -rf '$scratch'" EXIT
	take_campaign_lock
	make -s build/bin/{vmksign,vmkpaper,vmkevlogs} build/kernel/vmkernel.elf build/sinit.bin >/dev/null ||
		die "the tools do not build; the error above says why"
	make_paper || die "no history was made"
	for target; do
		folder=$corpora/$target/made
		if ! declare -F "make_${target#fuzz_}" >/dev/null; then
			echo "$target: nothing makes seeds for it" >&2
			status=1
			continue
		fi
		rm -rf "$folder"
		mkdir -p "$folder"
		"make_${target#fuzz_}" "$folder"
		echo "$target: $(find "$folder" -type f | wc -l) seeds in $folder"
	done
	return $status
}
