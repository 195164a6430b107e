# test [FILTER]: builds everything in Release and runs the tests whose full name contains FILTER. For Windows; on other
# systems see ./test, which also checks the format. test --bench: see there.
param([string]$Filter = '')
$ErrorActionPreference = 'Stop'
Set-Location $PSScriptRoot
if ($Filter -eq '--bench') {
    & ./dlrm.ps1 bench --compare=bench/history.jsonl
    exit $LASTEXITCODE
}

& dotnet build Dlrm.slnx -c Release -v quiet -nodeReuse:false
if ($LASTEXITCODE -ne 0) {
    '0 passed, 1 failed'
    exit 1
}

$passed = 0
$failed = 0
$reports = Join-Path $PSScriptRoot 'artifacts/tests'
New-Item -ItemType Directory -Force $reports | Out-Null
foreach ($project in Get-ChildItem tests -Directory) {
    $report = Join-Path $reports "$($project.Name).xml"
    Remove-Item $report -ErrorAction SilentlyContinue
    $arguments = @('-noLogo', '-noColor', '-result-xml', $report)
    if ($Filter) { $arguments += @('-method', "*$Filter*") }
    & dotnet (Join-Path $project.FullName "bin/Release/net10.0/$($project.Name).dll") @arguments
    if (-not (Test-Path $report)) {
        $failed++
        continue
    }
    foreach ($assembly in ([xml](Get-Content $report -Raw)).assemblies.assembly) {
        $passed += [int]$assembly.passed
        $failed += [int]$assembly.failed + [int]$assembly.errors
    }
}
"$passed passed, $failed failed"
exit [int](($failed -gt 0) -or ($passed -eq 0))
