#!/usr/bin/env bash
# Runs the spilling tests on persistent memory: in a virtual machine that has some, emulated in software.
#
#     run.sh WORK    (`cargo xtask pmem-vm`)
#
# Nothing is installed: Debian packages, some 90 MB, are unpacked in WORK, and stay there for the next time.
# A part of the guest's memory stands in for persistent memory (`memmap=SIZE!START`); the guest puts a filesystem on it,
# mounts that with `-o dax` on /var/tmp, where the tests have their scratch, and says with what status they ended.
set -euo pipefail

work=$1
here=$(cd "$(dirname "$0")" && pwd)
kernel_package=linux-image-amd64

say() { echo "pmem-vm: $*"; }

# Unpacks packages, and those of their dependencies that this machine lacks.
fetch() {
  [ -e "$packages/complete" ] && return
  say "fetching QEMU, a kernel and busybox with apt-get, into $packages"
  rm -rf "$packages"
  mkdir -p "$packages/debs"
  local wanted
  # What only a running system needs is left out.
  wanted=$(apt-get -s --no-install-recommends install qemu-system-x86 "$kernel_package" busybox-static |
    awk '/^Inst/ && $2 !~ /^(initramfs|systemd|libpam|libnss|libsystemd|udev|ipxe|klibc|kmod|linux-base|linux-image-amd64)/ { print $2 }')
  # shellcheck disable=SC2086
  (cd "$packages/debs" && apt-get download -q -q $wanted)
  for package in "$packages"/debs/*.deb; do
    dpkg-deb -x "$package" "$packages"
  done
  rm -r "$packages/debs"
  touch "$packages/complete"
}

# Copies programs and the libraries that they load.
add_programs() {
  local program library
  for program; do
    cp "$program" "$image/bin/"
    for library in $(ldd "$program" | grep -o '/[^ ]*'); do
      mkdir -p "$image$(dirname "$library")"
      cp -Lu "$library" "$image$library"
    done
  done
}

# Copies the modules, in the order in which they are loaded.
add_modules() {
  local name path
  for name in libnvdimm nd_btt nd_pmem nd_e820 crc32c_generic libcrc32c crc16 mbcache jbd2 ext4 xfs; do
    path=$(find "$packages/lib/modules" -name "$name.ko*" | head -n 1)
    if [ -n "$path" ]; then
      cp "$path" "$image/modules/$name.ko"
      echo "$name" >>"$image/modules/order"
    fi
  done
}

build_image() {
  rm -rf "$image"
  mkdir -p "$image"/{bin,dev,proc,sys,tmp,var/tmp,modules,etc}
  cp "$packages/bin/busybox" "$image/bin/"
  cp "$here/init" "$image/init"
  chmod 755 "$image/init"
  PATH=$PATH:/usr/sbin:/sbin add_programs "$(PATH=$PATH:/usr/sbin:/sbin command -v mkfs.ext4)" "$@"
  strip --strip-debug "${@/#*\//$image/bin/}" 2>/dev/null || true
  local program
  for program; do basename "$program"; done >"$image/etc/programs"
  add_modules
  (cd "$image" && find . | "$packages/bin/busybox" cpio -o -H newc 2>/dev/null | gzip -1) >"$work/initramfs.gz"
}

# The guest's words end with its status.
boot() {
  local libraries
  libraries=$(find "$packages/usr/lib" "$packages/lib" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
  LD_LIBRARY_PATH=$libraries timeout "${PMEM_VM_SECONDS:-1500}" "$packages/usr/bin/qemu-system-x86_64" \
    -accel tcg,thread=multi -cpu max -smp 2 -m 3G -nographic -no-reboot -nodefaults -serial stdio \
    -L "$packages/usr/share/qemu" -L "$packages/usr/share/seabios" \
    -kernel "$(find "$packages/boot" -name 'vmlinuz-*' | head -n 1)" -initrd "$work/initramfs.gz" \
    -append "console=ttyS0 quiet panic=-1 memmap=1G!1G" </dev/null | tee "$work/console.log"
}

# The test programs, optimised: the machine is slow enough.
programs() {
  "${CARGO:-cargo}" test --release -p thermocline --no-default-features --lib --test it --no-run \
    --message-format json-render-diagnostics | grep -o '"executable":"[^"]*"' | cut -d '"' -f 4
}

mkdir -p "$work"
work=$(cd "$work" && pwd)
packages=$work/packages
image=$work/initramfs
cd "$here/../.."
fetch
mapfile -t programs < <(programs)
[ "${#programs[@]}" = 2 ] || { say "the test programs could not be built"; exit 1; }
build_image "${programs[@]}"
say "booting, in software: this takes minutes"
boot || say "QEMU ended with status $?"
said() { tr -d '\r' <"$work/console.log" | sed -n "s/^$1//p" | tail -n 1; }
status=$(said 'pmem-vm: status ')
if [ -z "$status" ]; then
  say "the guest did not say how the tests ended"
  exit 1
fi
# What the test of DAX itself printed: else it did not run.
found=$(said "dax: .*: dax, ")
in_place=$(tr -d '\r' <"$work/console.log" | sed -n 's/^dax: \([0-9]*\) in place.*/\1/p')
if [ -z "$found" ] || [ "${in_place:-0}" -eq 0 ]; then
  say "the guest did not find its persistent memory, or did not use it"
  exit 1
fi
say "DAX was found, and $in_place bytes were used in place"
exit "$status"
