#!/bin/bash
# Merlon for people: set-up, the main job and the tests. `make` is the build graph beneath.
set -euo pipefail
cd "$(dirname "$0")"

usage()
{
	cat <<'EOF'
usage: ./build.sh COMMAND [OPTIONS]
  setup            install missing packages, fetch the pinned third-party sources
  build            set-up where needed, then build everything
  run [OPTIONS]    build, boot a measured host in emulation and verify it from outside
      --uefi           UEFI and GRUB on QEMU instead of tboot: TRUSTED ... launch=srtm
      --tpm-interface NAME  of --uefi: tis or crb (tis)
      --no-drtm        the same image without tboot: the verdict must be "not-launched"
      --platform NAME  bochs (default, where its known build is installed) or qemu
      --nic NAME       e1000, e1000e or igb as QEMU emulates them
      --guest NAME     none, or linux: Debian's kernel and busybox in a virtual machine, which is the default on
                       Bochs with --mem 384 and more, where nothing is tampered with
      --with NAMES     packages of build/packages to boot too, as vmx,guest-smp (virtual machines);
                       NAME:manual for a driver that waits to be loaded
      --smp N          1 to 8 processors, with QEMU to 16 (default 2)
      --mem MIB        memory (default 512)
      --seed N         seeded random numbers and clock (Bochs)
      --tamper WHAT    change one thing and watch it being named (--tamper help lists them)
      --inject FAULT   give the platform a fault (--inject help lists them, and how each ends)
      --lcp FILE[,DATA]  put the owner's launch control policy (lcp2_crtpol) into the TPM, and predict it
      --console        show the serial console
      --keep           leave the host running and print how to reach it
      --trace          one line for each GETSEC leaf and TXT register write, in build/run/sim/txtsim.log
      --fresh          forget the TPM and the enrollment first
  test [--full] [NAME...]   set-up, build and every test; --full: the cross product
  fuzz TARGET|all [--time S] [--jobs N]  a fuzzing campaign; --help names what else there is
  image [OPTIONS]  an image for real hardware, in build/image/ (read README.md, "On real hardware")
      --sinit FILE     the SINIT module of the machine's processor generation
      --chipset V:D:R  refuse a SINIT that is not for this chipset (txtstat shows DIDVID), e.g. 8086:b001:1
      --lcp FILE, --lcp-data FILE  the owner's launch control policy instead of one of type "any"
      --platform FILE  the captured PLATFORM layer: also write policy.json
      --uefi           boots by UEFI too
      --no-tboot       without tboot: for a static measured launch
      --out DIR        elsewhere
  bench [--runs N] [NAME...]  measure; tables here, JSON in build/bench/: boot, attestation, size,
                   verifier, scheduler, start (before SENTER), placement; and, only by name as they take
                   minutes: fuzz (speed of each target), peer (Debian's Linux + tboot + tpm2-tools), scale
                   (processors and memory), vm (exits of virtual machines beside Linux KVM), hardening
                   (paths into the kernel beside Linux), guest-boot (a Linux guest beside KVM and the bare
                   machine) and mitigations (what each costs)
  clean            remove what was built (fetched files, keys and the emulated host stay)
  help             this text
Logs of a run are left in build/run/.
EOF
}

die()
{
	printf 'build.sh: %s\n' "$@" >&2
	exit 1
}

# What Debian 12 must have. Nothing here changes the machine's own boot menu: tboot is unpacked
# under build/, never installed.
packages=(
	make clang-19 lld-19 llvm-19 libclang-rt-19-dev clang-format-19 gcc-12
	git dpkg-dev patch xz-utils bzip2 zip unzip openssl procps
	bochs bochs-term bochsbios vgabios qemu-system-x86 grub-common grub-pc-bin grub-efi-amd64-bin
	ovmf xorriso mtools cpio
	swtpm swtpm-tools gnutls-bin tpm2-tools
	softhsm2 libengine-pkcs11-openssl
	jq mandoc libcmocka-dev libssl-dev libjansson-dev libtss2-dev zlib1g-dev libcoap3-bin acpica-tools bsdextrautils
)

missing_packages()
{
	local package
	for package in "${packages[@]}"; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
	done
}

setup()
{
	local missing sudo=''
	[ -f /etc/debian_version ] || die "this is not Debian; the packages are named for Debian 12" \
		"install by hand: ${packages[*]}"
	missing=$(missing_packages)
	if [ -n "$missing" ]; then
		if [ "$(id -u)" != 0 ]; then
			command -v sudo >/dev/null || die "packages are missing and there is no sudo; as root:" \
				"apt-get install --no-install-recommends $(echo $missing)"
			sudo=sudo
		fi
		echo "setup: installing $(echo $missing)"
		mkdir -p build
		if ! { $sudo apt-get update && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y \
			--no-install-recommends $missing; } >build/setup.log 2>&1; then
			die "apt-get failed: $(grep -m 1 -E '^(E|Err)' build/setup.log || tail -n 1 build/setup.log)" \
				"whole log: build/setup.log"
		fi
	fi
	kernel/port/fetch
}

# Each step says what it builds; a step that has nothing to do takes a moment.
step() # WORDS TARGET
{
	local start=$SECONDS
	make -j"$(nproc)" "$2" || die "building $1 failed; the first error above says where"
	[ $((SECONDS - start)) -lt 2 ] || echo "build: $1, $((SECONDS - start)) s"
}

build()
{
	local target
	setup
	mkdir -p build
	step "the kernel with mbedTLS and tpm2-tss" kernel
	step "musl for user worlds" musl
	for target in "${@:-all}"; do
		step "${words[$target]:-$target}" "$target"
	done
}
declare -A words=([all]="programs, user worlds and packages" [unit-tests]="unit tests" [fuzzers]="fuzz targets" [replays]="fuzz targets as gcc builds them")

command=${1:-help}
[ $# -gt 0 ] && shift
case $command in
setup | clean | help | --help | -h)
	[ $# = 0 ] || die "$command takes no options, not '$*'"
	;;
build | run | test | image | bench)
	# Before anything is installed or built; `fuzz` has a help of its own.
	for option; do
		case $option in --help | -h) command=help ;; esac
	done
	;;
esac
case $command in
setup) setup ;;
build) build "$@" ;;
run)
	build
	exec tboot-integration/run --guest auto "$@"
	;;
test)
	build all unit-tests fuzzers replays
	exec tests/run "$@"
	;;
image)
	build
	exec tboot-integration/image/build-image "$@"
	;;
fuzz)
	[[ ${1:-} =~ ^(--help|-h)$ ]] || setup
	exec fuzz/run "$@"
	;;
bench)
	build
	exec tests/bench "$@"
	;;
clean) make clean ;;
help | --help | -h) usage ;;
*)
	echo "build.sh: there is no command '$command' (./build.sh help)" >&2
	exit 2
	;;
esac
