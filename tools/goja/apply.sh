#!/usr/bin/env bash
# apply.sh <go>: makes bin/goja, a copy of the goja that go.mod names with goja.diff applied,
# and bin/goja.mod, which is go.mod with that copy in its place (go build -modfile=bin/goja.mod).
set -euo pipefail
go=$1 here=$(dirname "$0")

fail() {
	echo "$*" >&2
	exit 1
}

command -v git >/dev/null || fail "git is needed to apply $here/goja.diff: please install it."
export GOFLAGS=
"$go" mod download github.com/dop251/goja
original=$("$go" list -m -f '{{.Dir}}' github.com/dop251/goja)
diff=$PWD/$here/goja.diff
rm -rf bin/goja bin/goja.mod bin/goja.sum
mkdir -p bin
cp -r "$original" bin/goja
chmod -R u+w bin/goja
# Within a repository git would take the paths for its own and silently leave them out.
(cd bin/goja && GIT_CEILING_DIRECTORIES=$(dirname "$PWD") git apply "$diff" && [ -e limits.go ]) || {
	rm -rf bin/goja
	fail "$here/goja.diff does not fit the goja of go.mod ($(basename "$original")): $here/README.md says how to renew it."
}
cp go.sum bin/goja.sum
cp go.mod bin/goja.mod
"$go" mod edit -replace github.com/dop251/goja=./bin/goja bin/goja.mod
