#!/usr/bin/env bash
# test.sh <go> <timed packages> [arguments of go test]: every package with the race
# detector but the timed ones, which run after it and without; both are always run.
set -u
go=$1 timed=$2
shift 2
status=0
all=$("$go" list ./...) || exit 1
apart=$("$go" list $timed) || exit 1
raced=$(grep -vxF -f <(echo "$apart") <<<"$all")
"$go" test -race -timeout 20m "$@" $raced || status=1
"$go" test -timeout 30m "$@" $apart || status=1
exit $status
