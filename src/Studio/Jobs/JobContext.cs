using System.Text.Json;
using Studio.Jobs.Running;

namespace Studio.Jobs;

/// <summary>What a job's work is given: the request, and ways to report, to log and to compute.</summary>
public sealed class JobContext
{
    private readonly LiveJob _live;
    private readonly JobDevice _device;

    internal JobContext(LiveJob live, JobDevice device, JsonElement request, int attempt, bool isRecovering) =>
        (_live, _device, Request, Attempt, IsRecovering) = (live, device, request, attempt, isRecovering);

    public string Id => _live.Id;

    /// <summary>The account that started it.</summary>
    public string OwnerId => _live.OwnerId;

    /// <summary>As <see cref="IJobKind.PrepareAsync"/> returned it.</summary>
    public JsonElement Request { get; }

    /// <summary>1 for the first time it is begun.</summary>
    public int Attempt { get; }

    /// <summary>The attempt before was cut off by the end of the server, not ended.</summary>
    public bool IsRecovering { get; }

    /// <summary>Behind a cancelled token: the server stops and the job will go on, so that there is time to save.</summary>
    public bool IsServerStopping => _live.IsServerStopping;

    /// <summary>Tells how far it is; as often as one likes, pages and database get a few a second at most.</summary>
    /// <param name="done">Units done, such as samples.</param>
    /// <param name="total">Units in all; 0 where that is not known.</param>
    /// <param name="message">What it does now.</param>
    /// <param name="secondsLeft">Where the work knows better than the pace since its beginning.</param>
    public void Report(double done, double total, string message, double? secondsLeft = null) => _live.Report(done, total, message, secondsLeft);

    /// <summary>Tells where it can be watched from now on, where that follows from the work and not from the request (<see cref="IJobKind.LivePath"/>).</summary>
    /// <param name="path">Address on this server.</param>
    public void Watch(string path) => _live.LivePath = path;

    /// <summary>Adds a line to the log, with the time before it.</summary>
    public void Log(string line) => _live.Log.Add(line);

    /// <summary>
    /// Computes a piece on the device's thread, in the background class: it begins when nobody's question waits, and its token
    /// is cancelled when a question comes; then the piece is run again from its beginning. So a piece is short (some seconds),
    /// keeps nothing of an interrupted run, and heeds its token. One that gave way <see cref="JobLimits.MaxYields"/> times, or
    /// waited <see cref="JobLimits.LongestWait"/>, takes its turn as a question does, once: no flow of questions starves a job.
    /// </summary>
    /// <param name="what">For people who look at the line: "training".</param>
    /// <exception cref="OperationCanceledException">The job is cancelled or the server stops.</exception>
    public Task OnDeviceAsync(string what, Action<CancellationToken> piece, CancellationToken ct) => _device.RunAsync(_live, what, piece, ct);

    /// <inheritdoc cref="OnDeviceAsync(string, Action{CancellationToken}, CancellationToken)"/>
    /// <returns>What the piece returned.</returns>
    public async Task<T> OnDeviceAsync<T>(string what, Func<CancellationToken, T> piece, CancellationToken ct)
    {
        T result = default!;
        await _device.RunAsync(_live, what, token => result = piece(token), ct).ConfigureAwait(false);
        return result;
    }
}
