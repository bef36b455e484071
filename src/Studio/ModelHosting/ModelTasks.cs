using Studio.Api;
using Studio.Cli;
using Studio.Data;

namespace Studio.ModelHosting;

/// <summary>Work on model files that takes a while and needs no device: pulls and checks.</summary>
internal sealed class ModelTasks(TimeProvider time, ILogger<ModelTasks> log) : IAsyncDisposable
{
    /// <summary>Tasks that run at once.</summary>
    public const int MaxRunning = 4;

    /// <summary>Tasks remembered, running ones included.</summary>
    public const int MaxKept = 20;

    /// <summary>Progress is told at most this often.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private readonly LinkedList<Running> _tasks = new(); // newest first; at most MaxKept
    private long _told;
    private bool _disposed;

    public event Action? Changed;

    public IReadOnlyList<ModelTask> List()
    {
        lock (_lock) return [.. _tasks.Select(t => t.View)];
    }

    /// <param name="body">Reports, and returns what it found wrong.</param>
    /// <exception cref="RequestException">409: such a task of the model runs; 429: too many run.</exception>
    public ModelTask Start(string kind, string model, Func<Action<string, long, long>, CancellationToken, Task<IReadOnlyList<string>>> body)
    {
        Running running;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var active = _tasks.Where(t => t.View.IsRunning).ToList();
            if (active.Any(t => t.View.Model == model)) throw RequestException.Conflict($"'{model}' is being worked on already; wait for it or cancel it");
            if (active.Count >= MaxRunning) throw RequestException.TooMany($"{active.Count} tasks run already; wait for one to end or cancel it");
            running = new(new(Ids.New(time), kind, model, "running", "", 0, 0, [], time.GetUtcNow(), null));
            _ = _tasks.AddFirst(running);
            // Running ones are at most MaxRunning and so never the only ones beyond the bound.
            while (_tasks.Count > MaxKept) _ = _tasks.Remove(_tasks.Last(t => !t.View.IsRunning));
        }

        running.Task = Task.Run(() => RunAsync(running, body));
        Changed.Tell(log);
        return running.View;
    }

    /// <exception cref="RequestException">404.</exception>
    public void Cancel(string id)
    {
        Running? found;
        lock (_lock) found = _tasks.FirstOrDefault(t => t.View.Id == id);
        (found ?? throw RequestException.NotFound("task", id)).Cancel.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        Running[] running;
        lock (_lock)
        {
            _disposed = true;
            running = [.. _tasks];
        }

        foreach (var task in running) await task.Cancel.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(running.Select(t => t.Task)).ConfigureAwait(false);
    }

    private async Task RunAsync(Running running, Func<Action<string, long, long>, CancellationToken, Task<IReadOnlyList<string>>> body)
    {
        var (state, problems) = ("done", (IReadOnlyList<string>)[]);
        try
        {
            problems = await body((detail, done, total) => Report(running, detail, done, total), running.Cancel.Token).ConfigureAwait(false);
            if (problems.Count > 0) state = "failed";
        }
        catch (OperationCanceledException) when (running.Cancel.IsCancellationRequested)
        {
            state = "cancelled";
        }
        catch (Exception e)
        {
            if (CommandLine.Explain(e) is null) log.LogError(e, "{Kind} of {Model} failed", running.View.Kind, running.View.Model);
            (state, problems) = ("failed", [CommandLine.Explain(e) ?? "an internal error; the server's log has the details"]);
        }

        lock (_lock) running.View = running.View with { State = state, Problems = problems, EndedAt = time.GetUtcNow() };
        Changed.Tell(log);
    }

    private void Report(Running running, string detail, long done, long total)
    {
        lock (_lock)
        {
            running.View = running.View with { Detail = detail, Done = done, Total = total };
            if (_told != 0 && time.GetElapsedTime(_told) < Interval) return;
            _told = time.GetTimestamp();
        }

        Changed.Tell(log);
    }

    private sealed class Running(ModelTask view)
    {
        public ModelTask View { get; set; } = view;

        public CancellationTokenSource Cancel { get; } = new();

        public Task Task { get; set; } = Task.CompletedTask;
    }
}
