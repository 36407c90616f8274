#!/bin/bash
# The database of a scaled stack, for a backup and for a drill. The connection is in libpq's own variables.
#   dump                 all of the database into $KS_STAGE/database.dump, read back before it counts
#   try                  the dump of $KS_RESTORED into the empty server of this pod; counts go into $KS_FOUND
set -euo pipefail
umask 077 # a dump holds API keys in clear (docs/facts/kotaemon.md, chapter 5)

fail() {
    echo "protection: $1" >&2
    exit 1
}

dump() {
    pg_dump --no-password --format=custom --lock-wait-timeout=60s --file="$KS_STAGE/database.dump"
    pg_restore --file=/dev/null "$KS_STAGE/database.dump"
    echo "protection: dumped the database, $(stat --format=%s "$KS_STAGE/database.dump") bytes"
}

# Psql asks for nothing, reads no file of a user, and ends at the first error.
ask() {
    psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 "$@"
}

try() {
    [ -f "$KS_RESTORED/database.dump" ] || fail "the backup has no dump"
    for _ in $(seq 120); do
        pg_isready --quiet && break
        sleep 1
    done
    pg_restore --no-password --no-owner --no-privileges --exit-on-error --dbname="$PGDATABASE" "$KS_RESTORED/database.dump"
    mkdir -p "$KS_FOUND"
    ask >"$KS_FOUND/vectors" <<'SQL' || fail "the rows of the indexes cannot be read"
SELECT format('SELECT target_id FROM %I WHERE relation_type = %L', tablename, 'vector')
    FROM pg_tables WHERE tablename ~ '^index__[0-9]+__index$' \gexec
SQL
    ask --command='SELECT count(*) FROM conversation' >"$KS_FOUND/conversations" # last: it says that all went well
    echo "protection: restored the dump, $(cat "$KS_FOUND/conversations") conversations"
}

case "${1:-}" in
    dump) dump ;;
    try) try ;;
    *) fail "the commands are dump and try" ;;
esac
