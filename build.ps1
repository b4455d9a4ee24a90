# Compiles the build program when one of its inputs has changed, and runs it with the given arguments (see build.sh).
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
Set-Location $PSScriptRoot # the program looks for .nuke from the working directory upwards

$temp = Join-Path $PSScriptRoot '.nuke/temp'
$stamp = Join-Path $temp 'build.stamp'
$engine = if ($env:PREHEAT_ENGINE) { $env:PREHEAT_ENGINE } else { 'bundled' }
if ($engine -cnotin 'bundled', 'package') {
    [Console]::Error.WriteLine("build.ps1: PREHEAT_ENGINE is '$engine'; allowed are bundled and package.")
    exit 2
}

$env:DOTNET_CLI_TELEMETRY_OPTOUT = 1; $env:DOTNET_NOLOGO = 1; $env:DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE = 'true'
$env:DOTNET_SKIP_FIRST_TIME_EXPERIENCE = 1; $env:DOTNET_GENERATE_ASPNET_CERTIFICATE = 'false'; $env:NUKE_TELEMETRY_OPTOUT = 1

$exe = if ($env:OS -eq 'Windows_NT') { 'dotnet.exe' } else { 'dotnet' }
$onPath = Get-Command dotnet -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1 -ExpandProperty Source

# Everything that decides what the compiled program is, as text: compared whole, so deletions show too.
function Get-Inputs {
    "engine $engine"; "dotnet $onPath"; "DOTNET_ROOT $env:DOTNET_ROOT"; "root $PSScriptRoot"
    $files = @(Get-ChildItem build, src -Recurse -File | Where-Object FullName -NotMatch '[\\/](bin|obj)[\\/]') +
        @(Get-ChildItem * -File -Include 'Directory.*.props', 'Directory.*.targets', 'global.json', '.editorconfig', 'nuget.config')
    $files | ForEach-Object { "$($_.FullName) $($_.Length) $($_.LastWriteTimeUtc.Ticks)" } | Sort-Object
}

function Test-Current {
    if (-not (Test-Path $stamp)) { return $false }
    $lines = @(Get-Content $stamp -Encoding UTF8)
    $script:dotnet, $script:program = $lines[0..1]
    (Test-Path $dotnet) -and (Test-Path $program) -and (($lines | Select-Object -Skip 2) -join "`n") -ceq ($wanted -join "`n")
}

function Find-Dotnet {
    foreach ($candidate in @($onPath, "$env:DOTNET_ROOT/$exe", "$temp/dotnet/$exe")) {
        if ($candidate -and (Test-Path $candidate)) {
            try { & $candidate --version 2>$null | Out-Null } catch { continue }
            if ($LASTEXITCODE -eq 0) { return $candidate }
        }
    }
}

function Install-Dotnet {
    [Console]::Error.WriteLine('Installing the .NET SDK to .nuke/temp/dotnet...')
    $version = (Get-Content global.json -Raw | ConvertFrom-Json).sdk.version
    [Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
    Invoke-WebRequest 'https://dot.net/v1/dotnet-install.ps1' -OutFile "$temp/dotnet-install.ps1" -UseBasicParsing
    & "$temp/dotnet-install.ps1" -Channel ($version -replace '\.\d+$', '') -InstallDir "$temp/dotnet" -NoPath | Out-Null
    Find-Dotnet
}

function Invoke-Compile {
    $script:dotnet = Find-Dotnet
    if (-not $dotnet) { $script:dotnet = Install-Dotnet }
    if (-not $dotnet) { throw 'No .NET SDK fits global.json. Install one from https://dotnet.microsoft.com/download, or set DOTNET_ROOT.' }
    [Console]::Error.WriteLine('Compiling the build...')
    # MSBuild makes a property of every environment variable; the names of its own have no underscore.
    $kept = 'PATH PATHEXT HOME USER USERNAME LANG TZ CI TMPDIR TMP TEMP OS SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC APPDATA LOCALAPPDATA PROGRAMDATA PROGRAMFILES USERPROFILE'.Split(' ')
    $ambient = @(Get-ChildItem env: | Where-Object { $_.Name -notin $kept -and $_.Name -notmatch '^[^_]+_|\(' })
    $ambient | ForEach-Object { Remove-Item "env:$($_.Name)" }
    try {
        $log = & $dotnet build build/_build.csproj -c Release -nologo -tl:off -v:quiet '-clp:ErrorsOnly;NoSummary' -nodeReuse:false -p:RunAnalyzers=false "-p:NukeEngine=$engine"
    }
    finally { $ambient | ForEach-Object { Set-Item "env:$($_.Name)" $_.Value } }
    if ($LASTEXITCODE -ne 0) {
        $log | ForEach-Object { [Console]::Error.WriteLine($_) }
        throw 'The build does not compile (the errors are above).'
    }
    $bin = if ($engine -eq 'bundled') { 'build/bin' } else { "build/bin/$engine" }
    $output = Get-ChildItem $bin/Release/*/_build.dll | Sort-Object LastWriteTimeUtc | Select-Object -Last 1
    # It runs from a copy, so that compiling anew never changes the files of a program that is running.
    $copy = Join-Path $PSScriptRoot "build/bin/run/$(Get-Date -Format yyyyMMddHHmmss)-$PID"
    Copy-Item $output.DirectoryName $copy -Recurse -Force
    $script:program = Join-Path $copy '_build.dll'
    @($dotnet, $program) + $wanted | Set-Content $stamp -Encoding UTF8
    Get-ChildItem build/bin/run -Directory | Sort-Object Name | Select-Object -SkipLast 5 | Remove-Item -Recurse -Force -ErrorAction SilentlyContinue
}

$wanted = @(Get-Inputs)
if (-not (Test-Current)) {
    New-Item $temp, (Join-Path $PSScriptRoot 'build/bin/run') -ItemType Directory -Force | Out-Null
    $mutex = [Threading.Mutex]::new($false, 'preheat-build-' + ($PSScriptRoot -replace '[^A-Za-z0-9]', '-'))
    try { [void]$mutex.WaitOne() } catch [Threading.AbandonedMutexException] { Write-Verbose 'An earlier call was ended while it compiled.' }
    try {
        $wanted = @(Get-Inputs)
        if (-not (Test-Current)) { Invoke-Compile }
    }
    catch {
        [Console]::Error.WriteLine("build.ps1: $($_.Exception.Message)")
        exit 1
    }
    finally { $mutex.ReleaseMutex() }
}

if ($dotnet -ne $onPath) {
    $env:DOTNET_ROOT = Split-Path $dotnet
    $env:PATH = $env:DOTNET_ROOT + [IO.Path]::PathSeparator + $env:PATH
}
& $dotnet $program @args
exit $LASTEXITCODE
