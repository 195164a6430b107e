# dlrm COMMAND …: builds the tool when its sources are newer, then runs it in the caller's folder. For Windows; on other
# systems see ./dlrm.
$ErrorActionPreference = 'Stop'
$root = $PSScriptRoot
$tool = Join-Path $root 'src/Dlrm.Cli/bin/Release/net10.0/Dlrm.Cli.dll'
$env:DOTNET_NOLOGO = '1'
$env:DOTNET_CLI_TELEMETRY_OPTOUT = '1'

if (-not (Get-Command dotnet -ErrorAction SilentlyContinue)) {
    [Console]::Error.WriteLine('The .NET SDK 10 is needed: https://dotnet.microsoft.com/download/dotnet/10.0')
    exit 1
}

function Test-Stale {
    if (-not (Test-Path $tool)) { return $true }
    $built = (Get-Item $tool).LastWriteTimeUtc
    $newer = Get-ChildItem (Join-Path $root 'src') -Recurse -File |
        Where-Object { $_.FullName -notmatch '[\\/](bin|obj)[\\/]' -and $_.LastWriteTimeUtc -gt $built } |
        Select-Object -First 1
    return $null -ne $newer
}

# One build at a time, whichever process comes first.
$mutex = [System.Threading.Mutex]::new($false, 'dlrm-build')
if (Test-Stale) {
    [void]$mutex.WaitOne()
    try {
        if (Test-Stale) {
            [Console]::Error.WriteLine('Building dlrm (first use, or its sources changed) ...')
            $log = & dotnet build (Join-Path $root 'src/Dlrm.Cli/Dlrm.Cli.csproj') -c Release -v quiet -nodeReuse:false 2>&1
            if ($LASTEXITCODE -ne 0) {
                $log | ForEach-Object { [Console]::Error.WriteLine($_) }
                exit 1
            }
            (Get-Item $tool).LastWriteTimeUtc = [DateTime]::UtcNow
        }
    }
    finally {
        $mutex.ReleaseMutex()
    }
}

& dotnet $tool @args
exit $LASTEXITCODE
