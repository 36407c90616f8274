# shellcheck shell=sh disable=SC2154,SC2034 # stage, state, label and system are install.sh's, which reads this file
# Makes this host one of the three of a pair: a node with data, or the witness. Part of install.sh.

pair_packages() {
  missing=""
  for program in "$@"; do have "$program" || missing="$missing $program"; done
  [ -n "$missing" ] || return 0
  now "installing packages for$missing"
  have apt-get || fail "install the packages that have$missing (on relatives of Red Hat DRBD and keepalived come from LINBIT and EPEL), then run this again"
  DEBIAN_FRONTEND=noninteractive dpkg --configure -a
  apt-get update -q
  set -- python3 nftables
  [ -f "$stage/witness" ] || set -- "$@" nfs-kernel-server xfsprogs drbd-utils keepalived
  [ "$version" = 8.4 ] || set -- "$@" drbd-utils
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

# service FILE NAME: a unit that starts with the host; restarted when it or one of the files that it reads is new.
service() {
  fresh=0
  put "$1" "/etc/systemd/system/$2" 644 && fresh=1
  seen="$state/$2.read"
  cat "$stage"/pair "$stage"/pair-* "$stage/pair.nft" "$stage"/*.py "$stage/keepalived.conf" "$stage/witness" 2>/dev/null |
    sha256sum >"$seen.new"
  cmp -s "$seen.new" "$seen" || fresh=1
  [ "$fresh" = 0 ] || systemctl daemon-reload
  systemctl -q enable "$2"
  if [ "$fresh" = 1 ] && systemctl -q is-active "$2"; then
    systemctl "$3" "$2"
    now "$2 reads its files again"
  elif ! systemctl -q is-active "$2"; then
    systemctl start "$2"
    now "started $2"
  fi
  mv "$seen.new" "$seen"
}

pair_firewall() {
  cat >"$state/pair-firewall.service" <<UNIT
[Unit]
Description=DRBD, VRRP and the witness are open to the other hosts of the pair only
After=nftables.service
Before=network-online.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$(command -v nft) -f $stage/pair.nft
ExecReload=$(command -v nft) -f $stage/pair.nft
[Install]
WantedBy=multi-user.target
UNIT
  service "$state/pair-firewall.service" kotaemon-nfs-pair-firewall.service reload
}

witness() {
  cat >"$state/witness.service" <<UNIT
[Unit]
Description=Witness of a pair of NFS servers
After=network-online.target
Wants=network-online.target
[Service]
ExecStart=$(command -v python3) $stage/witness.py
Restart=always
RestartSec=1
[Install]
WantedBy=multi-user.target
UNIT
  service "$state/witness.service" kotaemon-nfs-witness.service restart
}

# The module of the kernel decides what DRBD can do; a pair of two generations would not connect as it should.
drbd_module() {
  modprobe drbd 2>/dev/null || fail "this kernel has no DRBD; install the module of DRBD $version"
  read -r _ there _ </proc/drbd
  case $there in
  "$version".*) ;;
  *) fail "this kernel has DRBD $there and the pair is for $version; set drbd in the stack file, or install the other module" ;;
  esac
}

volumes() {
  put "$stage/drbd.res" /etc/drbd.d/kotaemon.res 600 && again=1
  echo drbd >"$state/modules"
  put "$state/modules" /etc/modules-load.d/kotaemon.conf 644 || true
  volume=0
  while read -r device; do
    [ -b "$device" ] || fail "$device is not there; see ls -l /dev/disk/by-id"
    # An attached disk, and one with DRBD's own signature, is ours.
    attached=$(cat "/sys/block/drbd10$volume/size" 2>/dev/null || echo 0)
    if [ "$attached" = 0 ] && { begun "md$volume" "$device" || [ "$(blkid -p -o value -s TYPE "$device" 2>/dev/null || true)" != drbd ]; }; then
      begun "md$volume" "$device" || empty "$device" ||
        fail "$device holds data that is not ours ($(blkid -p -o export "$device" 2>/dev/null | tr '\n' ' ')); nothing was changed. Give an empty disk, or wipe it yourself: wipefs --all, then blkdiscard --zeroout"
      begin "md$volume" "$device"
      now "preparing $device for DRBD"
      drbdadm create-md --force "kotaemon/$volume" </dev/null >"$state/created" 2>&1 || fail "drbdadm create-md: $(tail -n 3 "$state/created")"
      ended "md$volume"
    fi
    volume=$((volume + 1))
  done <"$stage/pair-devices"
  drbdadm adjust kotaemon </dev/null >"$state/adjusted" 2>&1 || fail "drbdadm adjust kotaemon: $(cat "$state/adjusted")"
}

pair_mount() { # SOURCE WHERE TYPE
  name=$(systemd-escape --path --suffix=mount "$2")
  cat >"$state/pair.mount" <<UNIT
[Unit]
Description=Replicated volume of the pair, mounted where DRBD is Primary
Before=nfs-server.service nfsdcld.service
[Mount]
What=$1
Where=$2
Type=$3
Options=noatime,nodev,nosuid
[Install]
RequiredBy=nfs-server.service nfsdcld.service
UNIT
  mkdir -p "$2"
  unit "$state/pair.mount" "$name"
  systemctl -q enable "$name"
  echo "$name" >>"$state/pair-units.new"
}

# What a server tells its clients of itself must be the same on both nodes, or they do not take up their locks again.
scope() {
  cat >"$state/scope.conf" <<UNIT
[Unit]
Requires=nfsdcld.service
[Service]
ExecStart=
ExecStart=$(command -v unshare) --uts /bin/sh -c 'cat $stage/pair-scope >/proc/sys/kernel/hostname && exec $(command -v rpc.nfsd || echo /usr/sbin/rpc.nfsd)'
UNIT
  put "$state/scope.conf" /etc/systemd/system/nfs-server.service.d/kotaemon.conf 644 && again=1
  systemctl daemon-reload
  # The warden starts the server, on one node at a time, never the start of the host.
  if [ "$(systemctl is-enabled nfs-server.service 2>/dev/null || true)" = enabled ]; then
    systemctl -q disable nfs-server.service
    [ -d /proc/fs/nfsd ] && [ "$(cat /proc/fs/nfsd/threads 2>/dev/null || echo 0)" != 0 ] && systemctl stop nfs-server.service
    now "the server no longer starts with the host"
  fi
}

role() { drbdadm role kotaemon 2>/dev/null | head -n 1 | cut -d/ -f1; }

# The first node waits for the other, says that both empty disks are equal, and makes the file systems. The other's
# warden asks for nothing before it has seen this node as Primary; from then on the wardens decide.
first() {
  [ -f "$state/pair-made" ] && return 0
  i=0
  until drbdadm cstate kotaemon 2>/dev/null | grep -q Connected || [ $i -ge 120 ]; do
    i=$((i + 1))
    sleep 1
  done
  drbdadm cstate kotaemon | grep -q Connected || fail "the other node does not answer on port 7789; set it up first, then run this again"
  for volume in 0 1; do
    if drbdadm dstate "kotaemon/$volume" | grep -q '^Inconsistent/Inconsistent'; then
      drbdadm new-current-uuid --clear-bitmap "kotaemon/$volume" </dev/null || fail "drbdadm new-current-uuid kotaemon/$volume failed"
      now "volume $volume is the same on both nodes"
    fi
  done
  i=0
  until [ "$(role)" = Primary ] || drbdadm primary kotaemon || [ $i -ge 60 ]; do
    i=$((i + 1))
    sleep 1
  done
  [ "$(role)" = Primary ] || fail "this node cannot become Primary; see drbdadm status kotaemon"
  make_volume mkfs0 /dev/drbd100 "$system" "$label"
  make_volume mkfs1 /dev/drbd101 ext4 kotaemon-state
  while read -r name; do systemctl start "$name"; done <"$state/pair-units"
  directories
  mkdir -p "$(sed -n 2p "$stage/pair-mounts")/nfsdcld"
  while read -r name; do systemctl stop "$name"; done <"$state/pair-units"
  drbdadm secondary kotaemon
  : >"$state/pair-made"
}

make_volume() { # MARK DEVICE TYPE LABEL
  if [ "$(blkid -p -o value -s LABEL "$2" 2>/dev/null || true)" = "$4" ] && ! begun "$1" "$2"; then return 0; fi
  begun "$1" "$2" || empty "$2" || fail "$2 holds data that is not ours; nothing was changed"
  begin "$1" "$2"
  now "making a file system of type $3 on $2"
  case $3 in
  xfs) mkfs.xfs -q -f -K -L "$4" "$2" ;;
  ext4) mkfs.ext4 -q -F -E nodiscard -L "$4" "$2" ;;
  esac
  ended "$1"
}

warden() {
  cat >"$state/warden.service" <<UNIT
[Unit]
Description=Decides which node of the pair serves NFS
After=network-online.target systemd-modules-load.service
Wants=network-online.target
[Service]
ExecStartPre=$(command -v drbdadm) adjust kotaemon
ExecStart=$(command -v python3) -u $stage/warden.py
ExecStopPost=$(command -v python3) $stage/warden.py stopped
Restart=always
RestartSec=2
TimeoutStopSec=90
[Install]
WantedBy=multi-user.target
UNIT
  service "$state/warden.service" kotaemon-nfs-warden.service restart
}

vip() {
  cat >"$state/vip.service" <<UNIT
[Unit]
Description=Virtual address of the pair, on the node that serves
After=kotaemon-nfs-warden.service
[Service]
ExecStartPre=/bin/mkdir -p /run/kotaemon-nfs
ExecStart=$(command -v keepalived) --dont-fork --log-console -f $stage/keepalived.conf -p /run/kotaemon-nfs/keepalived.pid -r /run/kotaemon-nfs/vrrp.pid -c /run/kotaemon-nfs/checkers.pid
ExecReload=/bin/kill -HUP \$MAINPID
Restart=always
RestartSec=2
[Install]
WantedBy=multi-user.target
UNIT
  service "$state/vip.service" kotaemon-nfs-vip.service reload
}

pair() {
  if [ -f "$stage/gluster.sh" ]; then
    # shellcheck source=components/nfs_server/runtime/gluster.sh
    . "$stage/gluster.sh"
    gluster_pair
    return 0
  fi
  again=0
  if [ -f "$stage/witness" ]; then
    version=none
    [ ! -f "$stage/drbd.res" ] || version=9
    pair_packages python3 nft
    pair_firewall
    if [ "$version" = 9 ]; then
      pair_packages drbdadm
      drbd_module
      put "$stage/drbd.res" /etc/drbd.d/kotaemon.res 600 || true
      drbdadm adjust kotaemon
      systemctl -q enable drbd@kotaemon.target
      return 0
    fi
    witness
    return 0
  fi
  read -r _ _ _ _ version <"$stage/pair"
  system=$(cat "$stage/pair-system")
  pair_packages python3 nft exportfs mkfs.xfs drbdadm keepalived
  pair_firewall
  drbd_module
  : >"$state/pair-units.new"
  { read -r data && read -r states; } <"$stage/pair-mounts"
  pair_mount /dev/drbd100 "$data" "$system"
  pair_mount /dev/drbd101 "$states" ext4
  mv "$state/pair-units.new" "$state/pair-units"
  scope
  volumes
  configured
  firewall
  if [ -f "$stage/pair-first" ]; then first; fi
  if [ "$(role)" = Primary ] && mountpoint -q "$data"; then
    directories
    served
  fi
  warden
  vip
  alert
}
