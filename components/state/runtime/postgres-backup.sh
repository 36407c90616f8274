#!/bin/bash
# Copies the database into a folder of the shared files, and back. Connection: PGHOST, PGUSER, PGPASSWORD, PGDATABASE.
#   folder                       make the folder (an init container: it sees the whole claim)
#   backup                       a new dump; older ones than the newest $KEEP go
#   list                         the dumps that are there
#   restore <file name|latest>   the database as it was then; all or nothing
set -euo pipefail
umask 077 # a dump holds API keys in clear (docs/facts/kotaemon.md 5)

fail() {
    echo "postgres-backup: $1" >&2
    exit 1
}

dumps() {
    find "$BACKUP_DIR" -maxdepth 1 -type f -name 'kotaemon-*.dump' -printf '%f\n' | sort
}

backup() {
    local name part
    name="kotaemon-$(date -u +%Y%m%dT%H%M%SZ).dump"
    part="$BACKUP_DIR/$name.part"
    # What a killed run has left. Forbid in the CronJob: nobody else writes here.
    find "$BACKUP_DIR" -maxdepth 1 -type f -name 'kotaemon-*.dump.part' -delete
    pg_dump --no-password --format=custom --lock-wait-timeout=60s --file="$part"
    # Reads and unpacks all of it: a dump that cannot be read back is none.
    pg_restore --file=/dev/null "$part"
    sync "$part"
    mv "$part" "$BACKUP_DIR/$name"
    echo "postgres-backup: wrote $name, $(stat --format=%s "$BACKUP_DIR/$name") bytes"
    dumps | head -n -"$KEEP" | while read -r old; do
        rm -- "$BACKUP_DIR/$old"
        echo "postgres-backup: removed $old, keeping $KEEP"
    done
}

restore() {
    name="${1:-}" # global: the trap reads it
    [ -n "$name" ] || fail "restore needs a file name or latest; there are: $(dumps | xargs)"
    [ "$name" != latest ] || name="$(dumps | tail -n 1)"
    [[ "$name" =~ ^kotaemon-[0-9TZ]+\.dump$ && -f "$BACKUP_DIR/$name" ]] ||
        fail "there is no dump ${name@Q} in $BACKUP_DIR; there are: $(dumps | xargs)"
    # First all of it as text: a dump that breaks off in the middle must not reach the database.
    trap 'rm -f -- "$BACKUP_DIR/$name.part"' EXIT
    pg_restore --no-owner --file="$BACKUP_DIR/$name.part" "$BACKUP_DIR/$name"
    # One transaction: an error leaves the database as it was. What was made since the dump goes as well.
    psql --no-psqlrc --no-password --quiet --single-transaction --set=ON_ERROR_STOP=1 \
        --command='DROP OWNED BY CURRENT_USER' --file="$BACKUP_DIR/$name.part" >/dev/null
    echo "postgres-backup: restored $name"
}

folder() {
    # 770, as the role folders: the kubelet passes through the claim's root, not through this.
    [ -d "$BACKUP_DIR" ] || mkdir -m 0770 "$BACKUP_DIR" ||
        fail "uid $(id -u) cannot make the folder; make it on the claim, owned by $(id -u):$(id -g), mode 770"
}

case "${1:-}" in
    folder) folder ;;
    backup) backup ;;
    list) dumps ;;
    restore) restore "${2:-}" ;;
    *) fail "the commands are folder, backup, list and restore <file name|latest>" ;;
esac
