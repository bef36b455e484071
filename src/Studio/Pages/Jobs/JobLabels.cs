using System.Globalization;
using Studio.Jobs;
using Studio.Jobs.Data;

namespace Studio.Pages.Jobs;

/// <summary>Jobs in words.</summary>
internal static class JobLabels
{
    public static string StateOf(JobView job) => job switch
    {
        { IsCancelling: true } => "is being cancelled",
        { State: JobState.Queued, Position: { } place } => place == 1 ? "next in the queue" : $"number {place} in the queue",
        { State: JobState.Queued } => "in the queue",
        { State: JobState.WaitingForDevice } => "waits for the device",
        _ => job.State.ToString().ToLowerInvariant(),
    };

    public static string? BadgeOf(JobView job) => job switch
    {
        { IsCancelling: true } or { State: JobState.WaitingForDevice or JobState.Cancelled } => "badge-warn",
        { State: JobState.Running or JobState.Finished } => "badge-ok",
        { State: JobState.Failed } => "badge-danger",
        _ => null,
    };

    public static string Word(JobFilter filter) => filter switch
    {
        JobFilter.All => "All",
        JobFilter.Queued => "In the queue",
        JobFilter.Running => "Running",
        _ => "Ended",
    };

    /// <summary>"12 %, about 3 min left"; empty where nothing is known.</summary>
    public static string Reached(JobProgressView progress)
    {
        ArgumentNullException.ThrowIfNull(progress);
        if (progress.Share is not { } share) return "";
        var percent = string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(100 * share):0} %");
        return progress.SecondsLeft is { } left ? $"{percent}, about {Time(left)} left" : percent;
    }

    /// <summary>In the two largest units.</summary>
    public static string Time(double seconds)
    {
        var t = TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 3e8));
        if (t.TotalSeconds < 60) return $"{Math.Ceiling(t.TotalSeconds):0} s";
        if (t.TotalMinutes < 60) return $"{(int)t.TotalMinutes} min";
        return t.TotalHours < 24 ? $"{(int)t.TotalHours} h {t.Minutes} min" : $"{(int)t.TotalDays} d {t.Hours} h";
    }

    /// <summary>How long it ran; null before it ended.</summary>
    public static string? Took(JobView job)
    {
        ArgumentNullException.ThrowIfNull(job);
        return job is { StartedAt: { } from, EndedAt: { } to } && to >= from ? Time((to - from).TotalSeconds) : null;
    }
}
