using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Studio.Engine.Training;

namespace Studio.Jobs.Trainings;

/// <summary>
/// The process of a training. It computes only within <see cref="RunFor"/> and stands still between, stopped by a signal. It
/// ends with its standard input, and so with the server; one that stood still then is found by a file in its folder.
/// </summary>
internal sealed class TrainingProcess : IDisposable
{
    /// <summary>Name of the file in a run's folder that says which process works there: its id and when it began.</summary>
    private const string MarkFile = "process";

    private const int SigKill = 9;
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;

    private readonly string _mark;
    private readonly ProcessStartInfo _start;
    private readonly Action<TrainingUpdate> _onUpdate;
    private readonly Action<string> _onLine;
    private readonly Lock _gate = new();
    private Process? _process;
    private Task _exit = Task.CompletedTask;
    private Task _reading = Task.CompletedTask;

    public TrainingProcess(string folder, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, Action<TrainingUpdate> onUpdate, Action<string> onLine)
    {
        (_mark, _onUpdate, _onLine) = (Path.Combine(folder, MarkFile), onUpdate, onLine);
        _start = new(DotnetPath(), [Path.Combine(AppContext.BaseDirectory, "studio.dll"), .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment) _start.Environment[name] = value;
    }

    public bool HasExited => _process is not null && _exit.IsCompleted;

    /// <summary>Of the ended process.</summary>
    public int ExitCode => _process!.ExitCode;

    /// <summary>What it said last of why it could not go on.</summary>
    public string? LastError { get; private set; }

    /// <summary>Lets it compute, from its start or from where it stands, until it ends, the time is over or the token is cancelled.</summary>
    public void RunFor(TimeSpan slice, CancellationToken ct)
    {
        if (ct.IsCancellationRequested) return;
        if (_process is null) Start();
        else Send(SigCont);
        try
        {
            if (_exit.Wait(slice, ct)) return;
        }
        catch (OperationCanceledException)
        {
            // A question waits.
        }

        Send(SigStop);
    }

    /// <summary>Asks it to save and end, and ends it if it does not in time.</summary>
    /// <returns>Whether it ended by itself.</returns>
    public async Task<bool> StopAsync(TimeSpan grace)
    {
        if (_process is null || HasExited) return true;
        Send(SigTerm);
        Send(SigCont);
        if (await Task.WhenAny(_exit, Task.Delay(grace)).ConfigureAwait(false) == _exit) return true;
        Send(SigKill);
        await _exit.ConfigureAwait(false);
        return false;
    }

    /// <summary>Waits until everything that it said was read.</summary>
    public Task DrainAsync() => _reading;

    public void Dispose()
    {
        if (_process is null) return;
        if (!HasExited) Send(SigKill);
        File.Delete(_mark);
        _process.Dispose();
    }

    /// <summary>Ends the process that an earlier server left in a folder.</summary>
    /// <returns>Its id; null where there was none.</returns>
    public static async Task<int?> EndLeftOverAsync(string folder)
    {
        var mark = Path.Combine(folder, MarkFile);
        if (!File.Exists(mark)) return null;
        var parts = (await File.ReadAllTextAsync(mark).ConfigureAwait(false)).Split(' ');
        if (parts.Length == 2 && int.TryParse(parts[0], CultureInfo.InvariantCulture, out var pid) && BeganAt(pid) == parts[1])
        {
            _ = Kill(pid, SigTerm);
            _ = Kill(pid, SigCont);
            for (var i = 0; i < 50 && BeganAt(pid) == parts[1]; i++) await Task.Delay(100).ConfigureAwait(false);
            if (BeganAt(pid) == parts[1]) _ = Kill(pid, SigKill);
            while (BeganAt(pid) == parts[1]) await Task.Delay(20).ConfigureAwait(false);
            File.Delete(mark);
            return pid;
        }

        File.Delete(mark);
        return null;
    }

    private void Start()
    {
        _process = Process.Start(_start) ?? throw new JobFailedException("the process of the training could not be started");
        _exit = _process.WaitForExitAsync();
        File.WriteAllText(_mark, string.Create(CultureInfo.InvariantCulture, $"{_process.Id} {BeganAt(_process.Id)}"));
        _reading = Task.WhenAll(ReadUpdatesAsync(_process.StandardOutput), ReadLinesAsync(_process.StandardError));
    }

    private async Task ReadUpdatesAsync(StreamReader output)
    {
        while (await output.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            if (TrainingMetrics.TryParse(line) is { } update) _onUpdate(update);
        }
    }

    private async Task ReadLinesAsync(StreamReader error)
    {
        const string Mark = "error: ";
        while (await error.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            if (line.StartsWith(Mark, StringComparison.Ordinal)) LastError = line[Mark.Length..];
            if (line.Length > 0) _onLine(line);
        }
    }

    /// <summary>To the process as long as it is there: an ended one that was not waited for keeps its id.</summary>
    private void Send(int signal)
    {
        lock (_gate)
        {
            if (_process is { HasExited: false } process) _ = Kill(process.Id, signal);
        }
    }

    /// <summary>When a process began, in the kernel's ticks, so that another one with the same id is not taken for it; null where there is none or a dead one.</summary>
    private static string? BeganAt(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' '); // the name may hold anything; behind it field 3 comes first
            return fields[0] is "Z" or "X" ? null : fields[19];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string DotnetPath() => Path.Combine(Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..")), "dotnet") is var own && File.Exists(own) ? own : "dotnet";

    [DllImport("libc", EntryPoint = "kill", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}
