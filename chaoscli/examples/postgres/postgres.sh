#!/bin/sh
# A new and empty PostgreSQL, listening on port $1 of loopback, with everything it keeps in the folder $2.
set -eu
port=$1 folder=$2

if [ "$(id -u)" = 0 ]; then
  # It refuses to be root, as one is in a container: somebody else has to do it, who must reach the folder.
  user=postgres
  id "$user" >/dev/null 2>&1 || user=nobody
  chmod a+x "$folder/.." "$folder/../.."
  chown "$user" "$folder"
  exec setpriv --reuid="$user" --clear-groups sh "$0" "$port" "$folder"
fi

[ -d "$folder/data" ] || initdb -D "$folder/data" -U chaos -A trust --no-sync >/dev/null
exec postgres -D "$folder/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off
