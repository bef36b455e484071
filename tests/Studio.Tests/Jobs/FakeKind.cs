using System.Collections.Concurrent;
using System.Text.Json;
using Studio.Accounts;
using Studio.Api;
using Studio.Jobs;

namespace Studio.Tests.Jobs;

/// <summary>A kind of job whose work is what a test says. Each job has a name; its gate must be opened before it ends.</summary>
internal sealed class FakeKind(string name = "fake", bool needsDevice = true, string role = Roles.Editor) : IJobKind
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new(StringComparer.Ordinal);
    private int _running;

    public string Name => name;

    public string Label => "Fake work";

    public bool NeedsDevice => needsDevice;

    public string Role => role;

    /// <summary>Names in the order in which their work began.</summary>
    public ConcurrentQueue<string> Begun { get; } = new();

    public ConcurrentQueue<(int Attempt, bool IsRecovering)> Attempts { get; } = new();

    /// <summary>The most that ran at once.</summary>
    public int MostAtOnce { get; private set; }

    /// <summary>What a job does behind its gate; its result.</summary>
    public Func<JobContext, CancellationToken, Task<string?>> Work { get; set; } = (_, _) => Task.FromResult<string?>(null);

    public static JsonElement Ask(string job) => JsonSerializer.SerializeToElement(new { job });

    public Task<PreparedJob> PrepareAsync(CurrentUser user, JsonElement request, CancellationToken ct)
    {
        var job = request.TryGetProperty("job", out var given) ? given.GetString() : null;
        if (string.IsNullOrEmpty(job)) throw RequestException.Invalid("the request has no job");
        return Task.FromResult(new PreparedJob($"Fake {job}", request.Clone(), job.StartsWith("only ", StringComparison.Ordinal) ? job : null));
    }

    public void Open(string job) => Gate(job).TrySetResult();

    public async Task<string?> RunAsync(JobContext job, CancellationToken ct)
    {
        var named = job.Request.GetProperty("job").GetString()!;
        Begun.Enqueue(named);
        Attempts.Enqueue((job.Attempt, job.IsRecovering));
        lock (_gates) MostAtOnce = Math.Max(MostAtOnce, ++_running);
        try
        {
            job.Log($"{named} works");
            await Gate(named).Task.WaitAsync(ct);
            return await Work(job, ct);
        }
        finally
        {
            lock (_gates) _running--;
        }
    }

    private TaskCompletionSource Gate(string job) => _gates.GetOrAdd(job, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
}
