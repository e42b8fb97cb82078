#!/bin/sh
# Probe of an app by the file that it touches every 5 s (HEARTBEAT_FILE). Without an argument it says whether the
# process lives: its event loop turned within the last 30 s, whatever it depends on. With `ready`, whether it serves.
file=${HEARTBEAT_FILE:?not set, so there is nothing to probe}
[ -n "$(find "$file" -newermt '30 seconds ago')" ] || exit 1
case ${1:-} in
  '') exit 0 ;;
  ready) [ "$(cat "$file")" = ready ] ;;
  *) echo "usage: $0 [ready]" >&2 && exit 2 ;;
esac
