#!/bin/sh
# Makes a server guest what it was before the first install run: an empty disk, nothing mounted, exported, remembered.
systemctl -q stop nfs-server srv-nfs-kotaemon.mount
umount /srv/nfs/kotaemon
dd if=/dev/zero of=/dev/disk/by-id/virtio-data bs=1M status=none
rm -rf /var/lib/kotaemon-nfs /etc/exports.d/* /etc/systemd/system/*kotaemon* /etc/systemd/system/srv-* \
  /etc/systemd/system/nfs-server.service.requires /etc/nfs.conf.d/kotaemon.conf /srv/nfs /etc/kotaemon-nfs
nft delete table inet kotaemon_nfs
systemctl daemon-reload
true
