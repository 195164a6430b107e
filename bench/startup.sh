#!/usr/bin/env bash
# startup.sh [RUNS]: how long the published tool takes to say its help and to score ten rows, beside a C# program that does
# nothing, in turn in one run; medians and ratios.
set -euo pipefail

runs=${1:-21}
root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $(uname -m) in aarch64 | arm64) rid=linux-arm64 ;; *) rid=linux-x64 ;; esac

tool=$("$root/scripts/publish.sh" "$rid" "$work/tool")
mkdir "$work/empty"
cat > "$work/empty/empty.csproj" <<'PROJECT'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <InvariantGlobalization>true</InvariantGlobalization>
    <PublishReadyToRun>true</PublishReadyToRun>
  </PropertyGroup>
</Project>
PROJECT
echo 'System.Console.WriteLine("ten rows");' > "$work/empty/Program.cs"
dotnet publish "$work/empty" -c Release -r "$rid" --self-contained false -v quiet -o "$work/nothing" > "$work/log" || { cat "$work/log"; exit 1; }

"$tool" train --data-generation=sample --num-batches=20 --quiet --output-dir="$work/run" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
gzip -dc "$root/src/Dlrm.Data/Adult/adult.csv.gz" | sed -n 1,11p > "$work/rows.csv" # not head: the pipe would break

# once NAME COMMAND…: appends the milliseconds that it took.
once() {
  local name=$1 start end
  shift
  start=$(date +%s%N)
  "$@" > /dev/null
  end=$(date +%s%N)
  echo $(((end - start) / 1000)) >> "$work/$name.us"
}

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] / 1000 }'; }

for ((run = 0; run < runs; run++)); do
  once empty "$work/nothing/empty"
  once help "$tool" --help
  once predict "$tool" predict "$work/rows.csv" --load-model="$work/run"
done

empty=$(median "$work/empty.us")
for name in empty help predict; do
  ms=$(median "$work/$name.us")
  awk -v n="$name" -v ms="$ms" -v e="$empty" -v r="$runs" 'BEGIN { printf "%-8s median of %d: %7.1f ms  %.2f × empty\n", n, r, ms, ms / e }'
done
