#!/bin/sh
# Draws the secrets of an installation, 256 random bits each. A secret that the environment holds (SIGNING_SECRETS, ...) is kept.
#   deploy/make-secrets.sh compose [FILE]           prints variables, or adds those that FILE (.env) lacks; changes no line
#   deploy/make-secrets.sh kubernetes OVERLAY       prints Secrets for kubectl; OVERLAY is single-node or cluster
# Keep the result: it is the only copy. Installed secrets are unknown to the script, unless the environment or FILE holds them.
set -eu
umask 077

# Begins with a letter: NATS takes what looks like a number for one.
draw() { printf 's%s' "$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')"; }

# Sets a variable, unless the environment has a value for it.
keep_or_set() { eval "$1=\${$1:-\$2}"; }

APPS='gateway catalog tagging training-ingest augmentation insights worker'
variable() { printf 'NATS_PASSWORD_%s' "$1" | tr 'a-z-' 'A-Z_'; }
keep_or_set PENTAPRISM_OWNER_KEY "$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n').$(draw)"
for name in SIGNING_SECRETS MONGODB_KEY MONGODB_PASSWORD VALKEY_PASSWORD; do keep_or_set "$name" "$(draw)"; done
for app in $APPS; do keep_or_set "$(variable "$app")" "$(draw)"; done
password_of() { eval "printf '%s' \"\$$(variable "$1")\""; }

compose() {
  printf 'PENTAPRISM_OWNER_KEY=%s\nSIGNING_SECRETS=%s\n' "$PENTAPRISM_OWNER_KEY" "$SIGNING_SECRETS"
  printf 'MONGODB_KEY=%s\nMONGODB_PASSWORD=%s\nVALKEY_PASSWORD=%s\n' "$MONGODB_KEY" "$MONGODB_PASSWORD" "$VALKEY_PASSWORD"
  for app in $APPS; do printf '%s=%s\n' "$(variable "$app")" "$(password_of "$app")"; done
}

# Argument: a file of variables. Its lines stay as they are.
add_missing() {
  touch "$1"
  chmod 600 "$1"
  [ -z "$(tail -c 1 "$1")" ] || echo >> "$1"
  compose | while IFS= read -r line; do
    grep -Eq "^[[:space:]]*(export[[:space:]]+)?${line%%=*}[[:space:]]*[=:][[:space:]]*[^[:space:]]" "$1" ||
      printf '%s\n' "$line" >> "$1"
  done
}

# Arguments: name, and KEY=value for each entry.
secret() {
  printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: pentaprism-%s\n' "$1"
  printf '  labels: { app.kubernetes.io/part-of: pentaprism }\nstringData:\n'
  shift
  for entry in "$@"; do printf "  %s: '%s'\n" "${entry%%=*}" "$(printf '%s' "${entry#*=}" | sed "s/'/''/g")"; done
}

# Arguments: the hosts of NATS and of MongoDB.
kubernetes() {
  mongodb_uri="MONGODB_URI=mongodb://pentaprism:$MONGODB_PASSWORD@$2/pentaprism?replicaSet=rs0&authSource=admin"
  redis_url="REDIS_URL=redis://:$VALKEY_PASSWORD@valkey:6379"
  for app in $APPS; do
    urls=''
    for host in $1; do urls="$urls${urls:+,}nats://$app:$(password_of "$app")@$host:4222"; done
    set -- "$1" "$2" "NATS_URL=$urls"
    case $app in gateway | worker) ;; *) set -- "$@" "$mongodb_uri" ;; esac
    case $app in gateway | tagging) ;; *) set -- "$@" "$redis_url" ;; esac
    case $app in gateway | catalog) set -- "$@" "SIGNING_SECRETS=$SIGNING_SECRETS" ;; esac
    case $app in catalog) set -- "$@" "PENTAPRISM_OWNER_KEY=$PENTAPRISM_OWNER_KEY" ;; esac
    hosts=$1 members=$2
    shift 2
    secret "$app" "$@"
    set -- "$hosts" "$members"
  done
  secret mongodb "MONGODB_KEY=$MONGODB_KEY" "MONGODB_PASSWORD=$MONGODB_PASSWORD"
  secret valkey "VALKEY_PASSWORD=$VALKEY_PASSWORD"
  set --
  for app in $APPS; do set -- "$@" "$(variable "$app")=$(password_of "$app")"; done
  secret nats "$@"
}

case "${1:-} ${2:-}" in
  'compose ') compose ;;
  'compose '*) add_missing "$2" ;;
  'kubernetes single-node') kubernetes nats mongodb-0.mongodb:27017 ;;
  'kubernetes cluster')
    kubernetes 'nats-0.nats nats-1.nats nats-2.nats' \
      mongodb-0.mongodb:27017,mongodb-1.mongodb:27017,mongodb-2.mongodb:27017
    ;;
  *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
