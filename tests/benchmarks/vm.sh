# VM exits beside Linux KVM: the same guests (vm_guest.S), in the same Bochs, under the VMkernel with the VMX
# world of its tests and under Debian's KVM with kvm_peer.c. Sourced by tests/bench. A tick is one executed
# instruction, a REP step or one of VMX included: this counts instructions, not cycles of hardware.
# shellcheck shell=bash
vm=$out/vm
vm_kinds=(CPUID MSR IO MEMORY FAULT PAGE INTERRUPT)
vm_titles=('CPUID' 'RDMSR' 'IN from ring 3' 'device memory in ring 3' 'first touch of a page' 'the same in pages of 4 KiB'
	'interrupt to itself, with EOI')
# Of KVM's ticks, in percent: half where the kernel answers, all where ring 3 does.
vm_goals=(50 50 100 100 50 50 50)
# Of vmx.counts.
vm_columns=([2]=VMREADs [3]=VMWRITEs [4]=INVEPTs)
# The newest CPU model on which Linux 6.1 comes up in Bochs 2.7.
vm_model=corei7_skylake_x

vm_guests()
{
	local kind
	mkdir -p "$vm/guests" "$vm/files"
	for kind in NOTHING "${vm_kinds[@]}"; do
		clang-19 --target=i386-none-elf -I. "-D$kind" -c -o "$vm/$kind.o" tests/benchmarks/vm_guest.S
		ld.lld-19 -m elf_i386 --oformat binary -Ttext 0x7c00 -o "$vm/guests/$kind" "$vm/$kind.o"
	done
}

# vm_kernel KIND: the VMkernel with that guest; its log in $vm/KIND/com1.log.
vm_kernel()
{
	local name=${1,,} dir=$vm/$1 limit=()
	# A page less than two large ones: the second is due in small ones.
	[ "$1" != PAGE ] || limit=(memory-limit-kib=4092)
	rm -rf "$dir"
	printf '%s\n' "name=$name" version=1.0.0 provider=Merlon kind=vm level=PartnerSupported vcpus=1 \
		memory-kib=4096 autostart=yes "${limit[@]}" >"$vm/$name.manifest"
	sed -e 's/^modules=.*/modules=config.pkg --- tinyvmx.pkg --- guest.pkg/' -e 's/^kernelopt=.*/kernelopt=/' \
		-e 's/^enableTboot=.*/enableTboot=0/' tboot-integration/image/boot.cfg >"$vm/boot.cfg"
	build/bin/vmksign vm-image --out "$vm/$name.vm" kernel="$vm/guests/$1" >"$vm/$name.log" 2>&1 &&
		build/bin/vmksign package --manifest "$vm/$name.manifest" --payload "$vm/$name.vm" \
			--key build/keys/provider.key --cert build/keys/provider.pem --chain build/keys/intermediate.pem \
			--out "$vm/files/guest.pkg" >>"$vm/$name.log" 2>&1 &&
		tboot-integration/image/mkiso --boot-cfg "$vm/boot.cfg" --from "$vm/files" --out "$vm/boot.iso" \
			>>"$vm/$name.log" 2>&1 &&
		build/bin/txtsim run --iso "$vm/boot.iso" --workdir "$dir" --no-txt --tpm absent --model $vm_model \
			--count-vmx --no-reboot --until "VM $name: is gone" --timeout 600 >>"$vm/$name.log" 2>&1 ||
		die "the guest $name did not end: see $vm/$name.log and $dir/com1.log"
}

# The peer: an initial file system of one program, KVM's modules and the guests.
vm_peer()
{
	local tree=$vm/tree
	linux_fetch linux
	rm -rf "$vm/linux"
	linux_tree "$tree" irqbypass kvm kvm-intel
	cp -r "$vm/guests" "$tree/guests"
	clang-19 -static -O2 -std=gnu17 -D_GNU_SOURCE -I. -o "$tree/init" tests/benchmarks/{kvm_peer,kvm,peer}.c
	linux_pack "$tree" "$vm/initrd"
	linux_iso "$vm/linux.iso" "$vm/initrd" "$linux_args mitigations=off"
	build/bin/txtsim run --iso "$vm/linux.iso" --workdir "$vm/linux" --no-txt --tpm absent --model $vm_model \
		--count-vmx --no-reboot --until 'PEER: done' --timeout 1200 >"$vm/linux.log" 2>&1 ||
		die "the peer did not end: see $vm/linux.log and $vm/linux/com1.log"
}

# Both say "HEX ticks of a round"; an empty loop's are taken off.
vm_ticks() # LOG LINE-BEFORE
{
	local hex
	hex=$(tr -d '\r' <"$1" | grep -aA1 "$2" | sed -n 's/.*\([0-9a-f]\{8\}\) ticks of a round.*/\1/p' | head -n 1)
	[ -n "$hex" ] || die "no figure in $1"
	echo $((16#$hex))
}

# vm_between FILE N COLUMN: what was counted between the two RDTSCs of that file's Nth guest.
vm_between()
{
	awk -v first=$((2 * $2 - 1)) -v column="$3" '
		$NF == "RDTSC" && ++n == first { from = $column }
		n == first + 1 { print $column - from; exit }' "$1"
}

# vm_count SIDE KIND COLUMN: how often in one round. The peer runs its guests in the order of their names.
vm_count()
{
	local kind nth n sum=()
	for kind in "$2" NOTHING; do
		if [ "$1" = Merlon ]; then
			n=$(vm_between "$vm/$kind/vmx.counts" 1 "$3")
		else
			nth=$(printf '%s\n' NOTHING "${vm_kinds[@]}" | LC_ALL=C sort | grep -nx "$kind")
			n=$(vm_between "$vm/linux/vmx.counts" "${nth%:*}" "$3")
		fi
		[ -n "$n" ] || die "the vmx.counts of $1 has no two RDTSCs of the guest $kind"
		sum+=("$n")
	done
	awk -v a="${sum[0]}" -v b="${sum[1]}" 'BEGIN { printf "%.2f", (a - b) / 512 }'
}

# Bochs' count of a whole VM, from power-on to its end, is the kernel's own, or neither can be believed.
vm_check_counts() # KIND
{
	local line
	line=$(grep -aE " VM ${1,,}: .* VMREADs" "$vm/$1/vmx.counts" | head -n 1)
	awk '{
		for (i = 1; i < NF; i++)
			said[$(i + 1)] = $i
		exit !($2 == said["VMREADs,"] && $3 == said["VMWRITEs"] && $4 == said["INVEPT,"] + 0)
	}' <<<"$line" || die "Bochs and the kernel count differently: $line"
}

vm_rows() # INDEX
{
	local kind=${vm_kinds[$1]} title=${vm_titles[$1]} goal=${vm_goals[$1]} ours theirs limit column side
	ours=$(($(vm_ticks "$vm/$kind/com1.log" 'ticks of a round') - $(vm_ticks "$vm/NOTHING/com1.log" 'ticks of a round')))
	theirs=$(($(vm_ticks "$vm/linux/com1.log" "PEER: $kind:") - $(vm_ticks "$vm/linux/com1.log" 'PEER: NOTHING:')))
	limit=$((theirs * goal / 100))
	row "$title: Merlon" ticks $ours
	row "$title: KVM" ticks $theirs
	row "$title: Merlon / KVM" ratio "$(awk -v a=$ours -v b=$theirs 'BEGIN { printf "%.3f", a / b }')"
	for column in "${!vm_columns[@]}"; do
		for side in Merlon KVM; do
			row "$title: ${vm_columns[column]}, $side" 'in a round' "$(vm_count $side "$kind" $column)"
		done
	done
	echo "goal of $title: at most $limit ticks, $goal % of KVM's: $([ $ours -le $limit ] && echo met || echo not met)"
}

# The kernel's memory for a VM of one vCPU, and the vCPU's part.
vm_memory_rows()
{
	local ours theirs
	ours=$(sed -nE 's/.* ([0-9]+) KiB for the kernel, ([0-9]+) of them for each vCPU.*/\1 \2/p' "$vm/NOTHING/com1.log")
	theirs=$(sed -nE 's/.*PEER: memory of a machine: ([0-9]+) KiB, ([0-9]+) of them for each vCPU.*/\1 \2/p' "$vm/linux/com1.log")
	[ -n "$ours" ] && [ -n "$theirs" ] || die "no figure of memory in $vm"
	row "memory of a VM with one vCPU: Merlon" KiB "${ours% *}"
	row "memory of a VM with one vCPU: KVM" KiB "${theirs% *}"
	row "memory of each vCPU: Merlon" KiB "${ours#* }"
	row "memory of each vCPU: KVM" KiB "${theirs#* }"
}

bench_vm()
{
	local i kind
	make -s build/bin/{vmkbootcfg,vmksign} txtsim kernel build/packages/{config,tinyvmx}.pkg
	vm_guests
	cp build/kernel/vmkernel.elf build/packages/{config,tinyvmx}.pkg "$vm/files/"
	for kind in NOTHING "${vm_kinds[@]}"; do
		vm_kernel "$kind"
		vm_check_counts "$kind"
	done
	vm_peer
	begin "VM exits beside Linux KVM in the same Bochs ($vm_model): instructions of a round trip, of 512"
	for i in "${!vm_kinds[@]}"; do
		vm_rows "$i"
	done
	vm_memory_rows
	echo "Memory: the kernel's own, beside the guest's RAM: Merlon's as it accounts for it, with the EPT of a guest that ran; KVM's by free memory, of machines that never ran. Device models in ring 3 are in neither."
	finish vm
}
