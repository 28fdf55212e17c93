#!/bin/busybox sh
# First process of the virtual machine. The host's files are the root, read-only below a memory overlay: what a test
# writes vanishes with the machine. The exchange directory alone is shared for writing.
b=/bin/busybox
$b mkdir -p /proc /sys /dev /lower /up /new
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
$b stty raw -echo </dev/ttyS1
echo 'ka-vm: alive' >/dev/ttyS1
for m in $($b cat /modules); do $b insmod "/lib/$m" >/dev/ttyS0 2>&1; done
exchange=$($b sed -n 's/.*ka_exchange=\([^ ]*\).*/\1/p' /proc/cmdline)
opts=trans=virtio,version=9p2000.L,msize=512000
fail() {
  echo "ka-vm: $1" >/dev/ttyS1
  echo o >/proc/sysrq-trigger
  $b sleep 10
}
$b mount -t 9p -o $opts,ro,cache=loose host /lower || fail 'cannot mount the host file system'
$b mount -t tmpfs tmp /up
$b mkdir /up/u /up/w
$b mount -t overlay -o lowerdir=/lower,upperdir=/up/u,workdir=/up/w ov /new || fail 'cannot mount the overlay'
$b mount -t proc x /new/proc
$b mount -t sysfs x /new/sys
$b mount -t devtmpfs x /new/dev
$b mount -t tmpfs x /new/run
$b mkdir -p /new/run/netns /new/dev/pts /new/dev/shm "/new$exchange"
$b mount -t devpts x /new/dev/pts
$b mount -t tmpfs x /new/dev/shm
$b mount -t 9p -o $opts exchange "/new$exchange" || fail 'cannot mount the exchange directory'
$b ip link set lo up
$b date -s "@$($b cat "/new$exchange/now")" >/dev/null
$b chroot /new /bin/sh "$exchange/command" </dev/null >/dev/ttyS1 2>&1
echo $? >"/new$exchange/status"
$b sync
echo o >/proc/sysrq-trigger
$b sleep 10
