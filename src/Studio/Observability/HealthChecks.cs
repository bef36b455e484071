using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Studio.Data;
using Studio.Hosting;

namespace Studio.Observability;

/// <summary>The database answers.</summary>
internal sealed class DatabaseCheck(IDbContextFactory<StudioDb> databases) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        _ = await db.Users.AnyAsync(cancellationToken);
        return HealthCheckResult.Healthy();
    }
}

/// <summary>The data folder can be written to, and has room.</summary>
internal sealed class StorageCheck(StudioFolders folders) : IHealthCheck
{
    /// <summary>Bytes free below which questions still work and uploads do not.</summary>
    public const long Low = 1L << 30;

    /// <summary>Bytes free below which the database cannot be relied on.</summary>
    public const long Empty = 64L << 20;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var probe = Path.Combine(folders.Uploads, $".health-{Guid.NewGuid():N}");
        await File.WriteAllBytesAsync(probe, [1], cancellationToken);
        File.Delete(probe);
        return Judge(new DriveInfo(folders.Data).AvailableFreeSpace);
    }

    internal static HealthCheckResult Judge(long free) => free < Empty ? HealthCheckResult.Unhealthy() : free < Low ? HealthCheckResult.Degraded() : HealthCheckResult.Healthy();
}
