#!/usr/bin/env bash
# publish.sh RID DIR: the tool for one kind of machine (linux-x64, linux-arm64, win-x64, osx-arm64), compiled ahead of time
# so that it starts at once; it needs the .NET 10 runtime there. Makes DIR/dlrm.
set -euo pipefail

if [ $# -ne 2 ]; then
  echo 'usage: scripts/publish.sh RID DIR, e.g. scripts/publish.sh linux-x64 out' >&2
  exit 2
fi

rid=$1
mkdir -p "$2"
target=$(cd -P "$2" && pwd)
root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/scripts/toolchain.sh"
find_dotnet
check_sdk

# Restoring for a machine adds its packages to lock files: intermediate files and locks of this build stand apart.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root"
lock quietly "$dotnet" publish src/Dlrm.Cli/Dlrm.Cli.csproj -c Release -r "$rid" --self-contained false -v quiet \
  -nodeReuse:false -p:PublishReadyToRun=true -p:NuGetLockFilePath=obj/publish.lock.json -p:PackAsTool=false -p:DebugType=none \
  --artifacts-path "$work" -o "$target"

# The executable finds its program by a name inside it, not by its own.
for suffix in '' .exe; do
  [ ! -f "$target/Dlrm.Cli$suffix" ] || mv "$target/Dlrm.Cli$suffix" "$target/dlrm$suffix"
done
echo "$target/dlrm"
