using Studio.Hosting;

namespace Studio.Boards.Files;

/// <summary>At the start: removes what requests of a server that was killed left.</summary>
internal sealed class PassingCleanup(StudioFolders folders, RunUploadLimits limits, TimeProvider time, ILogger<PassingCleanup> log) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            var removed = PassingFolder.RemoveLeft(folders, (time.GetUtcNow() - limits.LeftAge).UtcDateTime);
            if (removed > 0) log.LogInformation("Removed {Folders} folders of imports and backups that were cut short", removed);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LogWarning(e, "What imports and backups left could not be removed; the next start tries again");
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
