#!/bin/sh
# Makes this host the NFS server that /etc/kotaemon-nfs describes. It is run as root at the first start of a machine
# (cloud-init) and at every change (SSH). A second run changes nothing; a run after one that was killed finishes it.
# No data is ever overwritten: a disk gets a file system only when it is empty.
set -eu
stage=/etc/kotaemon-nfs
state=/var/lib/kotaemon-nfs
label=kotaemon-nfs
keytab=/etc/krb5.keytab
changed=0

say() { echo "kotaemon-nfs: $*"; }
fail() {
  echo "kotaemon-nfs: error: $*" >&2
  exit 1
}
now() {
  changed=$((changed + 1))
  say "$*"
}
have() { command -v "$1" >/dev/null 2>&1; }

[ "$(id -u)" = 0 ] || fail "must be run as root"
have systemctl || fail "this host has no systemd, which starts the server and mounts its disk"
mkdir -p "$state"
exec 9>"$state/lock"
flock -w 600 9 || fail "another run has held $state/lock for ten minutes"

# put FILE PATH MODE: the file in its place by one rename; says whether it was another before.
put() {
  if cmp -s "$1" "$2" && [ "$(stat -c %a "$2")" = "$3" ]; then return 1; fi
  mkdir -p "$(dirname "$2")"
  cp "$1" "$2.kotaemon-new"
  chmod "$3" "$2.kotaemon-new"
  sync "$2.kotaemon-new"
  mv "$2.kotaemon-new" "$2"
  now "wrote $2"
}

# A run that was killed may have left packages half configured.
refreshed() { DEBIAN_FRONTEND=noninteractive dpkg --configure -a && apt-get update -q; }

# What an export asks of the host and nobody can bring there by a file: looked at before anything is changed.
secured() {
  [ -f "$stage/exports" ] || return 0
  if grep -q 'sec=krb5p' "$stage/exports"; then
    # The names of principals stand in a keytab as they are, so no tool is needed to find one.
    grep -aqs nfs "$keytab" ||
      fail "security krb5p needs the key of nfs/$(hostname -f 2>/dev/null || hostname) in $keytab, and it is not there; nothing was changed. Make the principal in your realm, bring its keytab to the host, then run this again; or take security sys"
  fi
  if grep -q 'xprtsec=' "$stage/exports"; then
    systemctl -q is-active tlshd ||
      fail "transport (xprtsec) needs tlshd with a certificate, and it does not run here; nothing was changed. Set up ktls-utils (/etc/tlshd.conf), then run this again; or leave transport out"
  fi
}

packages() {
  missing=""
  have exportfs || missing="nfs"
  have nft || missing="$missing nft"
  have mkfs.xfs || missing="$missing xfs"
  [ "$encryption" = plain ] || have cryptsetup || missing="$missing luks"
  [ -n "$missing" ] || return 0
  now "installing packages"
  if have apt-get; then
    # At a first start the network may be young, and the system's own timers may hold the lock of packages.
    tries=0
    until refreshed; do
      tries=$((tries + 1))
      [ $tries -lt 30 ] || fail "the package lists cannot be read after $tries tries; the host must reach the mirrors of its packages"
      sleep 10
    done
    set -- nfs-kernel-server nftables xfsprogs
    [ "$encryption" = plain ] || set -- "$@" cryptsetup-bin
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
  elif have dnf; then
    set -- nfs-utils nftables xfsprogs
    [ "$encryption" = plain ] || set -- "$@" cryptsetup
    dnf install -q -y "$@"
  else
    fail "neither apt-get nor dnf is here; install an NFS server, nftables and xfsprogs, then run this again"
  fi
}

# Whether nothing is on a device: no signature that blkid knows, and zeros where all file systems begin.
empty() {
  code=0
  blkid -p "$1" >/dev/null 2>&1 || code=$?
  [ "$code" = 2 ] || return 1
  size=$(blockdev --getsize64 "$1")
  bytes=16777216
  [ "$size" -ge "$bytes" ] || bytes=$size
  cmp -s -n "$bytes" "$1" /dev/zero
}

# begun WHAT DEVICE: whether an earlier run of ours began WHAT on this very disk and did not end. Nothing of a user's can
# be on it: it was empty before, and it was never mounted.
begun() { [ -f "$state/$1" ] && [ "$(cat "$state/$1")" = "$(identity "$2")" ]; }
identity() {
  real=$(readlink -f "$1")
  echo "$1 $(blockdev --getsize64 "$real") $(lsblk -dno SERIAL,WWN "$real" 2>/dev/null | tr -s ' ')"
}
begin() {
  identity "$2" >"$state/$1.new"
  sync "$state/$1.new"
  mv "$state/$1.new" "$state/$1"
  sync "$state"
}
ended() {
  sync
  rm -f "$state/$1"
}

unlock() {
  if ! cryptsetup isLuks "$device" || begun luks "$device"; then
    empty "$device" || begun luks "$device" ||
      fail "disk.device $device holds data that is not ours ($(blkid -p -o export "$device" 2>/dev/null | tr '\n' ' ')); nothing was changed. Give an empty disk, or wipe it yourself: wipefs --all, then blkdiscard --zeroout"
    [ -s "$stage/luks-passphrase" ] || fail "the passphrase of LUKS is missing: $stage/luks-passphrase"
    begin luks "$device"
    now "encrypting $device with LUKS"
    cryptsetup luksFormat --batch-mode --type luks2 --key-file "$stage/luks-passphrase" "$device"
    ended luks
  fi
  if [ ! -e /dev/mapper/kotaemon-nfs ]; then
    cryptsetup open --key-file "$stage/luks-passphrase" "$device" kotaemon-nfs ||
      fail "the passphrase does not open $device; the disk was made with another one"
    now "opened $device"
  fi
}

disk() {
  wait=60
  [ ! -f "$stage/disk-wait" ] || read -r wait <"$stage/disk-wait"
  i=0
  while [ ! -b "$device" ] && [ $i -lt "$wait" ]; do
    [ $i != 0 ] || say "waiting up to $wait seconds for $device"
    i=$((i + 1)) # a cloud's disk may be attached a while after the first start
    sleep 1
  done
  [ -b "$device" ] || fail "disk.device $device is not there after $wait seconds; see ls -l /dev/disk/by-id, attach the disk, then run $stage/install.sh again"
  on=$device
  if [ "$encryption" = luks ]; then
    unlock
    on=/dev/mapper/kotaemon-nfs
  fi
  type=$(blkid -p -o value -s TYPE "$on" 2>/dev/null || true)
  found=$(blkid -p -o value -s LABEL "$on" 2>/dev/null || true)
  if [ "$found" = "$label" ] && [ "$type" = "$system" ] && ! begun mkfs "$on"; then
    return 0
  fi
  # Behind LUKS a fresh disk reads as noise, so only its signatures count.
  if ! begun mkfs "$on"; then
    if [ "$encryption" = luks ]; then
      [ -z "$type" ] || fail "$device holds a file system of type $type that is not ours (label '$found'); nothing was changed"
    else
      empty "$on" ||
        fail "disk.device $device holds data that is not ours ($(blkid -p -o export "$on" 2>/dev/null | tr '\n' ' ')); nothing was changed. Give an empty disk, or wipe it yourself: wipefs --all, then blkdiscard --zeroout"
    fi
    begin mkfs "$on"
  fi
  now "making a file system of type $system on $on"
  case $system in
  xfs) mkfs.xfs -q -f -L "$label" "$on" ;;
  ext4) mkfs.ext4 -q -F -L "$label" "$on" ;;
  esac
  ended mkfs
}

unit() {
  put "$1" "/etc/systemd/system/$2" 644 || return 0
  systemctl daemon-reload
}

mounted() {
  name=$(systemd-escape --path --suffix=mount "$mount")
  before=""
  if [ "$encryption" = luks ]; then
    before="kotaemon-nfs-unlock.service"
    cat >"$state/unlock.service" <<UNIT
[Unit]
Description=Opens the encrypted disk of the NFS server
DefaultDependencies=no
Before=local-fs-pre.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c '[ -e /dev/mapper/kotaemon-nfs ] || exec cryptsetup open --key-file $stage/luks-passphrase $device kotaemon-nfs'
[Install]
RequiredBy=$name
UNIT
    unit "$state/unlock.service" kotaemon-nfs-unlock.service
    systemctl -q enable kotaemon-nfs-unlock.service
  fi
  cat >"$state/data.mount" <<UNIT
[Unit]
Description=Data of the NFS server
Before=nfs-server.service
${before:+Requires=$before
After=$before}
[Mount]
What=$on
Where=$mount
Type=$system
Options=noatime,nodev,nosuid
[Install]
RequiredBy=nfs-server.service
UNIT
  mkdir -p "$mount"
  unit "$state/data.mount" "$name"
  systemctl -q enable "$name"
  if ! mountpoint -q "$mount"; then
    systemctl start "$name"
    now "mounted $on at $mount"
  fi
  grow
}

# The file system follows a disk that has grown.
grow() {
  before=$(df --output=size -- "$mount" | tail -n 1)
  [ "$encryption" = plain ] || cryptsetup resize --key-file "$stage/luks-passphrase" kotaemon-nfs
  case $system in
  xfs) xfs_growfs "$mount" >/dev/null ;;
  ext4) resize2fs "$on" >/dev/null 2>&1 ;;
  esac
  after=$(df --output=size -- "$mount" | tail -n 1)
  [ "$before" = "$after" ] || now "the file system at $mount grew from $before to $after KiB"
}

directories() {
  while read -r uid gid path; do
    [ -d "$path/." ] && [ -f "$state/made$(echo "$path" | tr / -)" ] && continue
    mkdir -p "$path"
    # Only what this script makes is given an owner; what is inside of it is never touched.
    # The other node of a pair made it already: its volume is this one's, its notes in $state are not.
    if [ "$(stat -c %u:%g:%a "$path")" != "$uid:$gid:2770" ] &&
      [ -z "$(find "$path" -mindepth 1 -maxdepth 1 ! -name lost+found -print -quit)" ]; then
      chown "$uid:$gid" "$path"
      chmod 2770 "$path"
      now "made $path for $uid:$gid"
    fi
    : >"$state/made$(echo "$path" | tr / -)"
  done <"$stage/folders"
}

server() {
  again=0
  configured
  systemctl -q enable nfs-server.service
  if ! systemctl -q is-active nfs-server.service; then
    systemctl start nfs-server.service
    now "started the NFS server"
  else
    served
  fi
}

# The files of the server; `again`: it must be restarted, `fresh`: only the exports are others.
configured() {
  cp "$stage/nfs.conf" "$state/nfs.conf"
  read -r threads <"$stage/threads"
  if [ "$threads" = 0 ]; then
    threads=$(($(nproc) * 8))
    [ "$threads" -ge 16 ] || threads=16
    [ "$threads" -le 256 ] || threads=256
  fi
  printf '[nfsd]\nthreads=%s\n' "$threads" >>"$state/nfs.conf"
  put "$state/nfs.conf" /etc/nfs.conf.d/kotaemon.conf 644 && again=1
  read -r versions <"$stage/versions"
  if [ "$versions" = 4 ]; then
    # NFSv4 has one port; the helpers of NFSv3 would listen for nobody (RHEL: Configuring an NFSv4-only server).
    printf '[Service]\nExecStart=\nExecStart=%s --no-tcp --no-udp\n' "$(command -v rpc.mountd || echo /usr/sbin/rpc.mountd)" >"$state/mountd.conf"
    put "$state/mountd.conf" /etc/systemd/system/nfs-mountd.service.d/kotaemon.conf 644 && again=1
    for unit in rpcbind.socket rpcbind.service rpc-statd.service; do
      [ "$(systemctl is-enabled "$unit" 2>/dev/null || true)" = masked ] && continue
      if systemctl -q mask --now "$unit" 2>/dev/null; then now "masked $unit"; fi
    done
  elif [ -f /etc/systemd/system/nfs-mountd.service.d/kotaemon.conf ]; then
    systemctl -q unmask rpcbind.socket rpcbind.service rpc-statd.service
    rm -f /etc/systemd/system/nfs-mountd.service.d/kotaemon.conf
    now "NFSv3 is spoken as well"
    again=1
  fi
  put "$stage/exports" /etc/exports.d/kotaemon.exports 644 && fresh=1 || fresh=0
  systemctl daemon-reload
}

# A server that runs takes the new files.
served() {
  if [ "$again" = 1 ]; then
    systemctl restart nfs-server.service
    now "restarted the NFS server; clients take up their locks again within the grace time"
  elif [ "$fresh" = 1 ]; then
    exportfs -ra
    now "exported again; nobody was interrupted"
  fi
}

firewall() {
  cat >"$state/firewall.service" <<UNIT
[Unit]
Description=Ports of NFS are open to the nodes only
Before=nfs-server.service
After=nftables.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$(command -v nft || echo /usr/sbin/nft) -f $stage/firewall.nft
[Install]
RequiredBy=nfs-server.service
UNIT
  unit "$state/firewall.service" kotaemon-nfs-firewall.service
  systemctl -q enable kotaemon-nfs-firewall.service
  if ! cmp -s "$stage/firewall.nft" "$state/firewall.nft" || ! nft list table inet kotaemon_nfs >/dev/null 2>&1; then
    nft -f "$stage/firewall.nft"
    systemctl restart kotaemon-nfs-firewall.service
    cp "$stage/firewall.nft" "$state/firewall.nft"
    now "the ports of NFS are open to the nodes only"
  fi
}

alert() {
  cat >"$state/size.service" <<UNIT
[Unit]
Description=Says when an NFS export is nearly full
[Service]
Type=oneshot
ExecStart=$stage/size-alert.sh
UNIT
  cat >"$state/size.timer" <<UNIT
[Unit]
Description=Says when an NFS export is nearly full
[Timer]
OnBootSec=10min
OnUnitActiveSec=10min
[Install]
WantedBy=timers.target
UNIT
  unit "$state/size.service" kotaemon-nfs-size.service
  unit "$state/size.timer" kotaemon-nfs-size.timer
  systemctl -q enable --now kotaemon-nfs-size.timer
}

# What was asked for is there, and nothing else of the same files: exports(5) has more files than ours, and the first
# one that names a client decides for it. And the port is open.
proved() {
  exportfs -s >"$state/exported"
  while read -r path; do
    grep -q "^$path " "$state/exported" || fail "$path is not exported; see exportfs -v and journalctl -u nfs-server"
    ours=$(grep "^$path " "$stage/exports" | grep -o '(' | wc -l)
    squash=$(grep "^$path " "$stage/exports" | grep -o 'no_root_squash\|root_squash\|all_squash' | head -n 1)
    wrong=$(grep "^$path " "$state/exported" | grep -v "[(,]sync,.*,${squash}[,)]" | head -n 1 || true)
    [ "$(grep -c "^${path}[/ ]" "$state/exported")" = "$ours" ] ||
      fail "$path, or a directory in it, is exported by another file as well; take that line out of /etc/exports or /etc/exports.d, then run this again: $(grep "^${path}[/ ]" "$state/exported" | tr '\n' ' ')"
    [ -z "$wrong" ] ||
      fail "$path is exported otherwise than asked for (sync, $squash), because another file names the same client; take that line out of /etc/exports or /etc/exports.d, then run this again: $wrong"
  done <"$stage/paths"
  ss -Hltn 'sport = :2049' | grep -q . || fail "nothing listens on port 2049; see journalctl -u nfs-server"
}

finished() {
  if [ "$changed" = 0 ]; then say "nothing to change"; else say "done"; fi
}

secured
if [ -f "$stage/pair.sh" ]; then
  # shellcheck source=components/nfs_server/runtime/pair.sh
  . "$stage/pair.sh"
  pair
  finished
  exit
fi
encryption=plain
on=""
if [ -f "$stage/disk" ]; then
  { read -r device && read -r mount && read -r system && read -r encryption; } <"$stage/disk"
fi
packages
if [ -f "$stage/disk" ]; then
  disk
  mounted
fi
directories
firewall
server
alert
proved
finished
