namespace Studio.Hosting;

/// <summary>Where the server keeps what it writes.</summary>
/// <param name="data">The data folder.</param>
public sealed class StudioFolders(string data)
{
    public string Data { get; } = Path.GetFullPath(data);

    /// <summary>The database.</summary>
    public string Database => Path.Combine(Own, "studio.db");

    /// <summary>Evaluations, unless <c>STUDIO_RESULTS</c> names another database.</summary>
    public string Results => Path.Combine(Own, "results.db");

    /// <summary>{video id}{extension}.</summary>
    public string Videos => Path.Combine(Own, "videos");

    /// <summary>{upload id}.part, and the files of imports under way.</summary>
    public string Uploads => Path.Combine(Own, "uploads");

    /// <summary>{id}/: results that come in or a backup that goes out, for as long as the request lasts.</summary>
    public string Passing => Path.Combine(Own, "passing");

    /// <summary>{video id}/{number}.jpg.</summary>
    public string Thumbnails => Path.Combine(Own, "thumbnails");

    /// <summary>{answer id}.json.gz.</summary>
    public string Traces => Path.Combine(Own, "traces");

    /// <summary>Keys that sign cookies.</summary>
    public string Keys => Path.Combine(Own, "keys");

    /// <summary>The list of jobs.</summary>
    public string JobDatabase => Path.Combine(Own, "jobs.db");

    /// <summary>What waits and runs of them, as the scheduler keeps it.</summary>
    public string SchedulerDatabase => Path.Combine(Own, "scheduler.db");

    /// <summary>{job id}.log.</summary>
    public string Jobs => Path.Combine(Own, "jobs");

    /// <summary>{name}: checkpoints and metrics of a training that was given no other folder.</summary>
    public string Trainings => Path.Combine(Data, "training");

    public string Models => Path.Combine(Data, "models");

    public string Cache => Path.Combine(Data, "cache");

    private string Own => Path.Combine(Data, "studio");

    public void Create()
    {
        foreach (var folder in new[] { Own, Videos, Uploads, Passing, Thumbnails, Traces, Jobs, Models, Cache }) _ = Directory.CreateDirectory(folder);
        if (OperatingSystem.IsWindows()) _ = Directory.CreateDirectory(Keys);
        else _ = Directory.CreateDirectory(Keys, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
