#!/bin/sh
# Draws all secrets of an installation, 256 random bits each, and prints them:
#   deploy/make-secrets.sh compose                  variables for a file .env
#   deploy/make-secrets.sh kubernetes OVERLAY       Secrets for kubectl; OVERLAY is single-node or cluster
# Keep what it prints: it is the only copy. Secrets that exist are not changed by it; replacing them replaces them all.
set -eu
umask 077

# Begins with a letter: NATS takes what looks like a number for one.
draw() { printf 's%s' "$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')"; }

APPS='gateway catalog tagging training-ingest augmentation insights worker'
owner_key="$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n').$(draw)"
signing=$(draw)
mongodb_key=$(draw)
mongodb=$(draw)
valkey=$(draw)
variable() { printf 'NATS_PASSWORD_%s' "$1" | tr 'a-z-' 'A-Z_'; }
for app in $APPS; do eval "$(variable "$app")=$(draw)"; done
password_of() { eval "printf '%s' \"\$$(variable "$1")\""; }

compose() {
  printf 'PENTAPRISM_OWNER_KEY=%s\nSIGNING_SECRETS=%s\n' "$owner_key" "$signing"
  printf 'MONGODB_KEY=%s\nMONGODB_PASSWORD=%s\nVALKEY_PASSWORD=%s\n' "$mongodb_key" "$mongodb" "$valkey"
  for app in $APPS; do printf '%s=%s\n' "$(variable "$app")" "$(password_of "$app")"; done
}

# Arguments: name, and KEY=value for each entry.
secret() {
  printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: pentaprism-%s\n' "$1"
  printf '  labels: { app.kubernetes.io/part-of: pentaprism }\nstringData:\n'
  shift
  for entry in "$@"; do printf "  %s: '%s'\n" "${entry%%=*}" "${entry#*=}"; done
}

# Arguments: the hosts of NATS and of MongoDB.
kubernetes() {
  mongodb_uri="MONGODB_URI=mongodb://pentaprism:$mongodb@$2/pentaprism?replicaSet=rs0&authSource=admin"
  redis_url="REDIS_URL=redis://:$valkey@valkey:6379"
  for app in $APPS; do
    urls=''
    for host in $1; do urls="$urls${urls:+,}nats://$app:$(password_of "$app")@$host:4222"; done
    set -- "$1" "$2" "NATS_URL=$urls"
    case $app in gateway | worker) ;; *) set -- "$@" "$mongodb_uri" ;; esac
    case $app in gateway | tagging) ;; *) set -- "$@" "$redis_url" ;; esac
    case $app in gateway | catalog) set -- "$@" "SIGNING_SECRETS=$signing" ;; esac
    case $app in catalog) set -- "$@" "PENTAPRISM_OWNER_KEY=$owner_key" ;; esac
    hosts=$1 members=$2
    shift 2
    secret "$app" "$@"
    set -- "$hosts" "$members"
  done
  secret mongodb "MONGODB_KEY=$mongodb_key" "MONGODB_PASSWORD=$mongodb"
  secret valkey "VALKEY_PASSWORD=$valkey"
  set --
  for app in $APPS; do set -- "$@" "$(variable "$app")=$(password_of "$app")"; done
  secret nats "$@"
}

case "${1:-} ${2:-}" in
  'compose ') compose ;;
  'kubernetes single-node') kubernetes nats mongodb-0.mongodb:27017 ;;
  'kubernetes cluster')
    kubernetes 'nats-0.nats nats-1.nats nats-2.nats' \
      mongodb-0.mongodb:27017,mongodb-1.mongodb:27017,mongodb-2.mongodb:27017
    ;;
  *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
