using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit;

namespace Studio.Tests.Hosting;

/// <summary>The studio as a process of its own, which can be killed: what a server in the tests' process leaves behind, it has tidied up.</summary>
/// <param name="root">The checkout: where the models are.</param>
/// <param name="data">The data folder of every start.</param>
/// <param name="options">Of <c>studio serve</c>, other than the port.</param>
internal sealed partial class ServerProcess(string root, string data, params string[] options) : IDisposable
{
    private const int Killed = 128 + 9; // exit code of a process that SIGKILL ended

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    private readonly List<string> _lines = []; // of the process that runs now; few, as it writes only warnings and what a person must know
    private Process? _process;
    private Uri? _url;

    /// <summary>The same after every start.</summary>
    public Uri Url => _url ?? throw new InvalidOperationException("the server has not been started");

    /// <summary>Starts a server; every one after the first on the first one's port.</summary>
    public async Task StartAsync()
    {
        Assert.Null(_process);
        lock (_lines) _lines.Clear();
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "studio.dll"), "serve", "--port", $"{_url?.Port ?? 0}", .. options])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["STUDIO_DATA"] = data;
        start.Environment["STUDIO_ROOT"] = root;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Keep(e.Data);
        _process.ErrorDataReceived += (_, e) => Keep(e.Data);
        _ = _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var url = new Uri((await SaysAsync(Address())).Value);
        Assert.Equal(_url ?? url, url);
        _url = url;
    }

    /// <summary>Waits until the server has written a line that matches.</summary>
    public async Task<Match> SaysAsync(Regex what)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var ended = _process!.HasExited; // before its lines are looked at: the last ones can be what is asked for
            string[] lines;
            lock (_lines) lines = [.. _lines];
            if (lines.Select(l => what.Match(l)).FirstOrDefault(m => m.Success) is { } found) return found;
            Assert.False(ended, $"the server ended by itself:\n{string.Join('\n', lines)}");
            Assert.True(TimeProvider.System.GetElapsedTime(start) < s_patience, $"the server never said '{what}':\n{string.Join('\n', lines)}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>SIGKILL: nothing of it can be tidied up. Fails where the server had ended before.</summary>
    public void Kill()
    {
        var process = _process!;
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        var code = process.ExitCode;
        process.Dispose();
        _process = null;
        if (!OperatingSystem.IsWindows()) Assert.Equal(Killed, code);
    }

    public void Dispose()
    {
        if (_process is not { } process) return;
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        process.Dispose();
        _process = null;
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_lines) _lines.Add(line);
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex Address();
}
