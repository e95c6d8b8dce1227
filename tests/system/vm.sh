#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# vm.sh FOLDER COMMAND...: runs COMMAND as root, in the folder this is called from, on a kernel of Debian's own in an emulated
# machine. It sees this host's files, read-only; /run is its own, and TMPDIR lies there. For what the host's kernel was not
# booted for: all controllers are in version 2 of the control groups there. FOLDER keeps the kernel for the next time.
# What COMMAND says goes to stdout, and its status is this one's; 125: the machine did not get that far.
set -eu
SECONDS_MAX=1500 # far more than it takes, however busy the host is
folder=$1
shift

# shellcheck source=/dev/null
. /etc/os-release
[ "$ID $(dpkg --print-architecture)" = "debian amd64" ] || {
    echo "$0: it takes Debian on amd64" >&2
    exit 125
}
package=$(apt-cache depends --important linux-image-amd64 | sed -n 's/.*Depends: //p' | head -n 1)
kernel=$folder/$package
if [ ! -d "$kernel" ]; then
    rm -rf "$folder" && mkdir -p "$folder/new"
    (cd "$folder/new" && apt-get -qq -o APT::Sandbox::User=root download "$package")
    dpkg-deb --fsys-tarfile "$folder"/new/*.deb | tar -x -C "$folder/new" --wildcards './boot/vmlinuz-*' \
        '*/drivers/virtio/*.ko*' '*/net/9p/*.ko*' '*/fs/9p/*.ko*' '*/fs/netfs/*.ko*' '*/fs/fscache/*.ko*'
    rm "$folder"/new/*.deb
    mv "$folder/new" "$kernel"
fi

# --- the first file system: what it takes to reach the host's -------------------------------------------------------------
# In the order in which they need each other; a kernel may have some of them built in.
modules="virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci netfs fscache 9pnet 9pnet_virtio 9p"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/bin" "$work/modules" "$work/host"
cp /bin/busybox "$work/bin"
for name in $modules; do
    find "$kernel" -name "$name.ko*" -exec cp {} "$work/modules" \;
done
find "$work/modules" -name '*.xz' -exec xz -d {} +

quoted() {
    for word in "$@"; do
        printf " '%s'" "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")"
    done
}
cat >"$work/command" <<END
cd$(quoted "$PWD")
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs /run
mount -t devtmpfs devtmpfs /dev
mkdir /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
busybox ip link set lo up
mkdir -m 1777 /run/tmp
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb HOME=/run TMPDIR=/run/tmp$(quoted "$@")
echo "status \$?"
END
cat >"$work/init" <<END
#!/bin/busybox sh
for name in $modules; do
    [ ! -e /modules/\$name.ko ] || /bin/busybox insmod /modules/\$name.ko
done
/bin/busybox mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=1048576 host /host
/bin/busybox chroot /host /bin/sh -c "\$(/bin/busybox cat /command)"
/bin/busybox poweroff -f
END
chmod +x "$work/init"
(cd "$work" && find . | cpio --quiet -o -H newc) | gzip -1 >"$folder/first.gz"

# --- the machine ----------------------------------------------------------------------------------------------------------
# Its kernel would take the timer of an emulation that is held up for broken, and panic: no_timer_check.
# Emulated in any case: a host that is a virtual machine itself may have /dev/kvm and yet boot nothing with it.
ended=0
timeout "$SECONDS_MAX" qemu-system-x86_64 -accel tcg -cpu max -smp 2 -m 2048 -nodefaults -display none -serial stdio -no-reboot \
    -kernel "$kernel"/boot/vmlinuz-* -initrd "$folder/first.gz" -append "console=ttyS0 panic=-1 loglevel=1 no_timer_check" \
    -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap </dev/null >"$folder/output" 2>&1 || ended=$?
status=$(tr -d '\r' <"$folder/output" | sed -n 's/^status \([0-9]*\)$/\1/p' | tail -n 1)
sed '/^status [0-9]/d' "$folder/output"
[ -n "$status" ] || echo "$0: the command did not end; qemu did, with $ended (124: after $SECONDS_MAX s)"
exit "${status:-125}"
