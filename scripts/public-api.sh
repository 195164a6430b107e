#!/usr/bin/env bash
# public-api.sh: writes the public members of the libraries into PublicAPI.Unshipped.txt beside each project, which the build
# compares with the code from then on (RS0016, RS0017). Run it when members were added or removed on purpose, and read the
# difference before committing it.
set -euo pipefail

root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/scripts/toolchain.sh"
find_dotnet
check_sdk
cd "$root"
for name in Dlrm Dlrm.Data Dlrm.Interop Dlrm.Serving Dlrm.MLNet; do
  folder=src/$name
  [ -f "$folder/PublicAPI.Shipped.txt" ] || echo '#nullable enable' > "$folder/PublicAPI.Shipped.txt"
  echo '#nullable enable' > "$folder/PublicAPI.Unshipped.txt"
  "$dotnet" restore "$folder" --force-evaluate -v quiet
  "$dotnet" format analyzers "$folder/$name.csproj" --no-restore --diagnostics RS0016 RS0036 RS0037 --severity warn
done
