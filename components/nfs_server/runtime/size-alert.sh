#!/bin/sh
# Logs an error for each export that is fuller than the limit. Run every ten minutes by kotaemon-nfs-size.timer.
set -eu
stage=/etc/kotaemon-nfs
read -r limit <"$stage/alert-percent"
while read -r path; do
  used=$(df --output=pcent -- "$path" | tail -n 1 | tr -dc 0-9)
  if [ "${used:-0}" -ge "$limit" ]; then
    echo "<3>NFS export $path is $used % full; the limit is $limit %. Writes fail when it is full: grow its disk or move data."
  fi
done <"$stage/paths"
