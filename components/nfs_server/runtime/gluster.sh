# shellcheck shell=sh disable=SC2154 # stage, state and the functions are install.sh's and pair.sh's, which read this file
# Makes this host one of the hosts of a pair on GlusterFS: a node that serves, or the one with the arbiter's brick.

gluster_packages() {
  missing=""
  for program in "$@"; do have "$program" || missing="$missing $program"; done
  { [ -f "$stage/keepalived.conf" ] && [ -z "$(find /usr/lib /usr/lib64 -name 'libfsalgluster.so*' -print -quit 2>/dev/null)" ]; } &&
    missing="$missing nfs-ganesha-gluster"
  [ -n "$missing" ] || return 0
  now "installing packages for$missing"
  have apt-get || fail "install the packages that have$missing (GlusterFS, NFS-Ganesha with its module for it, keepalived), then run this again"
  refreshed || fail "the package lists cannot be read"
  set -- python3 nftables glusterfs-server
  [ ! -f "$stage/keepalived.conf" ] || set -- "$@" nfs-ganesha nfs-ganesha-gluster keepalived
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
  # The package starts a server with an example's exports; ours is a unit of its own.
  [ ! -f "$stage/keepalived.conf" ] || systemctl -q disable --now nfs-ganesha.service
}

# One host is one server: nobody's exports are taken away.
no_other_server() {
  systemctl -q is-active kotaemon-nfs-ganesha.service && return 0
  other=$(ss -Hltnp 'sport = :2049' | head -n 1)
  [ -z "$other" ] || fail "another NFS server listens on port 2049 of this host; nothing was changed. Move its exports to another host and disable it (systemctl disable --now nfs-ganesha nfs-server), then run this again: $other"
  for server in nfs-ganesha.service nfs-server.service; do
    [ "$(systemctl is-enabled "$server" 2>/dev/null || true)" != enabled ] ||
      fail "$server starts with this host and would take port 2049; nothing was changed. Disable it (systemctl disable $server), then run this again"
  done
}

told() { gluster --mode=script "$@" </dev/null; }

# The volume of that name is made of exactly the bricks that are ours.
ours() { [ "$(told volume info "$volume" 2>/dev/null | sed -n 's/^Brick[0-9]*: *\([^ ]*\).*/\1/p' | sort)" = "$(bricks | sort)" ]; }
bricks() { sed "s|\$|:$brick|" "$stage/gluster-hosts"; }
there() { told volume info "$volume" >/dev/null 2>&1; }

# Gluster's ports are closed to all but the hosts of the pair, so a pool with more hosts must not be taken for ours.
alone() {
  systemctl -q is-active glusterd.service || return 0
  [ "$(told pool list | tail -n +2 | wc -l)" -le "$(wc -l <"$stage/gluster-hosts")" ] ||
    fail "this host belongs to a pool with hosts that are not of the pair; nothing was changed. Make the volume in that pool yourself, and name it without brick and witness: $(told pool list | awk 'NR > 1 { print $2 }' | tr '\n' ' ')"
}

# A brick is a directory of its own, with nothing in it, on a disk of its own: a full brick must not fill the system.
brick() {
  alone
  ours && return 0
  [ -z "$(find "$brick" -mindepth 1 -print -quit 2>/dev/null)" ] ||
    fail "brick $brick holds data that is not ours; nothing was changed. Give an empty directory. If it is a volume that exists, leave brick out of the stack file, and name the volume"
  on=$(dirname "$brick")
  [ -d "$on" ] || fail "$on is not there; mount the disk for the brick (in /etc/fstab), then run this again"
  [ "$(findmnt -n -o TARGET -T "$on")" != / ] ||
    fail "brick $brick is on the root file system, which a full volume would fill; mount a disk for it (in /etc/fstab), then run this again"
}

daemon() {
  systemctl -q is-enabled glusterd.service 2>/dev/null || systemctl -q enable glusterd.service
  systemctl -q is-active glusterd.service && return 0
  systemctl start glusterd.service || fail "glusterd does not start; see journalctl -u glusterd"
  now "started glusterd"
}

# until_true SECONDS COMMAND...: waits until a command succeeds.
until_true() {
  left=$1
  shift
  until "$@"; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || return 1
    sleep 1
  done
}
connected() { [ "$(told pool list 2>/dev/null | grep -c 'Connected')" -ge "$(wc -l <"$stage/gluster-hosts")" ]; }

pool() {
  while read -r host; do
    told pool list | awk '{ print $2 }' | grep -qx "$host" && continue
    told peer probe "$host" >"$state/probed" 2>&1 || fail "gluster peer probe $host: $(tail -n 2 "$state/probed" | tr '\n' ' ')"
    now "$host belongs to the pool"
  done <"$stage/gluster-peers"
  until_true 120 connected || fail "not all hosts of the pool are connected; see gluster pool list: $(told pool list | tr '\n' ' ')"
}

volume_made() {
  if there; then
    ours || fail "the volume $volume exists and its bricks are others than those of the stack file; nothing was changed. To use it as it is, leave brick and witness out"
  else
    # shellcheck disable=SC2046 # one word a brick: addresses and a path without spaces
    told volume create "$volume" replica 3 arbiter 1 $(bricks) >"$state/created" 2>&1 ||
      fail "gluster volume create: $(tail -n 2 "$state/created" | tr '\n' ' ')"
    now "made the volume $volume of two bricks and an arbiter's"
  fi
  told volume get "$volume" all >"$state/options.now"
  while read -r name value; do
    [ "$(option "$name")" = "$value" ] && continue
    told volume set "$volume" "$name" "$value" >"$state/set" 2>&1 || fail "gluster volume set $volume $name $value: $(tail -n 2 "$state/set" | tr '\n' ' ')"
    now "set $name of $volume to $value"
  done <"$stage/gluster-options"
  started && return 0
  told volume start "$volume" >"$state/started" 2>&1 || fail "gluster volume start: $(tail -n 2 "$state/started" | tr '\n' ' ')"
  now "started the volume $volume"
}
option() { awk -v name="$1" '$1 == name { print $2 }' "$state/options.now"; }
started() { told volume info "$volume" | grep -q '^Status: Started'; }

# A volume that exists stays as it is: what the pair needs of it is looked at, and said.
volume_theirs() {
  systemctl -q is-active glusterd.service || fail "glusterd does not run here, and the volume $volume is to exist; start it, or give brick and witness to have a volume made"
  there || fail "no volume $volume is known here; name one that exists (gluster volume list), or give brick and witness to have it made"
  started || fail "the volume $volume is not started; gluster volume start $volume"
  told volume info "$volume" | grep -Eq '^Number of Bricks: .*(x 3 =|x \(2 \+ 1\) =)' ||
    fail "the volume $volume has no three copies (replica 3, or replica 3 arbiter 1), and without them no majority decides who may write; nothing was changed"
  told volume get "$volume" all >"$state/options.now"
  wrong=""
  while read -r name value; do
    [ "$(option "$name")" = "$value" ] || wrong="$wrong gluster volume set $volume $name $value;"
  done <"$stage/gluster-options"
  [ -z "$wrong" ] || fail "the volume $volume is not set as a pair needs it, and a volume that exists is not changed. Run this where its other users can bear it, then this again:$wrong"
}

gluster_mount() {
  cat >"$state/volume.mount" <<UNIT
[Unit]
Description=The GlusterFS volume of the NFS server
After=glusterd.service network-online.target
Wants=glusterd.service network-online.target
[Mount]
What=localhost:/$volume
Where=$mount
Type=glusterfs
Options=_netdev,log-level=WARNING
TimeoutSec=120
UNIT
  mkdir -p "$mount"
  unit "$state/volume.mount" "$(systemd-escape --path --suffix=mount "$mount")"
}

# The first node makes the folders; the wardens decide about all else.
gluster_first() {
  mountpoint -q "$mount" || systemctl start "$(systemd-escape --path --suffix=mount "$mount")" ||
    fail "the volume $volume cannot be mounted at $mount; see journalctl -u '*kotaemon*volume.mount' and /var/log/glusterfs"
  directories
  [ -d "$mount/.kotaemon-nfs/ganesha" ] && return 0
  mkdir -p "$mount/.kotaemon-nfs/ganesha"
  chmod 700 "$mount/.kotaemon-nfs"
  now "made $mount/.kotaemon-nfs"
}

ganesha() {
  cat >"$state/ganesha.service" <<UNIT
[Unit]
Description=NFS-Ganesha of the pair, started by its warden on one node at a time
After=network-online.target
[Service]
RuntimeDirectory=ganesha
ExecStart=$(command -v ganesha.nfsd) -F -L STDERR -f $stage/pair-ganesha.conf -p /run/ganesha/ganesha.pid
LimitNOFILE=1048576
# It ends as by a loss of power: its clients are told nothing, and take up their locks on the other node. A polite end
# would wait for the volume, which may be what is lost.
KillSignal=SIGKILL
UNIT
  unit "$state/ganesha.service" kotaemon-nfs-ganesha.service
}

gluster_warden() {
  cat >"$state/warden.service" <<UNIT
[Unit]
Description=Decides which node of the pair serves NFS
After=glusterd.service network-online.target
Wants=glusterd.service network-online.target
[Service]
ExecStart=$(command -v python3) -u $stage/warden.py
ExecStopPost=$(command -v python3) $stage/warden.py stopped
Restart=always
RestartSec=2
TimeoutStopSec=60
[Install]
WantedBy=multi-user.target
UNIT
  service "$state/warden.service" kotaemon-nfs-warden.service restart
}

gluster_pair() {
  { read -r volume && read -r brick; } <"$stage/gluster"
  [ ! -d "/var/lib/glusterd/vols/$volume" ] || daemon # a daemon that stands still does not know its own volume
  set -- python3 nft gluster glusterd
  if [ ! -f "$stage/keepalived.conf" ]; then
    gluster_packages "$@"
    brick
    pair_firewall
    daemon
    return 0
  fi
  read -r mount <"$stage/pair-mount"
  no_other_server
  gluster_packages "$@" ganesha.nfsd keepalived
  if [ -n "$brick" ]; then
    brick
  else
    volume_theirs
  fi
  pair_firewall
  daemon
  gluster_mount
  if [ -n "$brick" ] && [ -f "$stage/pair-first" ]; then
    pool
    volume_made
  fi
  if [ -f "$stage/pair-first" ]; then
    gluster_first
  elif mountpoint -q "$mount"; then
    directories
  fi
  ganesha
  gluster_warden
  vip
  alert
}
