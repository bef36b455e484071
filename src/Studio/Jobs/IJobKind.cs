using System.Text.Json;
using Studio.Accounts;
using Studio.Api;

namespace Studio.Jobs;

/// <summary>
/// A kind of work that runs in the background, registered as a singleton of this type. It is found by its name, also after a
/// restart; everything it needs to go on lies in the job's request and in what it wrote itself.
/// </summary>
public interface IJobKind
{
    /// <summary>In requests and addresses: lower-case letters. Never changes, as stored jobs bear it.</summary>
    string Name { get; }

    /// <summary>For people: "Training".</summary>
    string Label { get; }

    /// <summary>Whether it computes on the device for long. Of such jobs one runs at a time.</summary>
    bool NeedsDevice { get; }

    /// <summary>The least role that may start one, one of <see cref="Roles"/>.</summary>
    string Role { get; }

    /// <summary>Checks a request before it is queued.</summary>
    /// <param name="request">As it was sent.</param>
    /// <exception cref="RequestException">It cannot be met; the message names the value.</exception>
    Task<PreparedJob> PrepareAsync(CurrentUser user, JsonElement request, CancellationToken ct);

    /// <summary>
    /// Does the work. May be called again for the same job, after a crash, a stop of the server or a retry: what was done is
    /// recognised and not done twice.
    /// </summary>
    /// <param name="ct">The job is cancelled or the server stops (<see cref="JobContext.IsServerStopping"/>); to be heeded within two seconds.</param>
    /// <returns>Address on this server of what came of it, without a leading slash; null where there is none.</returns>
    /// <exception cref="JobFailedException">It cannot be done; the message says why.</exception>
    Task<string?> RunAsync(JobContext job, CancellationToken ct);

    /// <summary>Where what comes of a job can be seen while it runs, without a leading slash; null where there is nothing yet.</summary>
    string? LivePath(JsonElement request) => null;
}

/// <summary>A request that can be met.</summary>
/// <param name="Title">For people, at most <see cref="JobLimits.MaxTitle"/> characters.</param>
/// <param name="Request">What is stored and handed to <see cref="IJobKind.RunAsync"/>: with defaults resolved.</param>
/// <param name="Exclusive">While an open job of the kind has the same text, another is refused; null where any number may be open.</param>
public sealed record PreparedJob(string Title, JsonElement Request, string? Exclusive = null);

/// <summary>A job's work cannot be done; the message says why, for people.</summary>
public sealed class JobFailedException(string message, Exception? inner = null) : Exception(message, inner);
