using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Data;
using Studio.Hosting;

namespace Studio.Observability;

/// <param name="Kind">videos, uploads, thumbnails, traces, models, trainings, caches, jobs or database.</param>
public sealed record StorageKind(string Kind, long Bytes, long Files);

/// <param name="FreeBytes">On the data folder's disk.</param>
/// <param name="At">When it was measured.</param>
public sealed record StorageView(IReadOnlyList<StorageKind> Kinds, long FreeBytes, DateTimeOffset At);

/// <param name="Name">The owner's display name.</param>
/// <param name="Quota">Bytes an owner may keep.</param>
public sealed record OwnerUsage(string OwnerId, string Name, int Videos, long Bytes, long Quota);

/// <summary>What lies on the disk, by kind and by owner.</summary>
public sealed class StorageService(IDbContextFactory<StudioDb> databases, StudioFolders folders, StudioOptions options, TimeProvider time) : IDisposable
{
    /// <summary>Folders are not walked more often than this.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromSeconds(30);

    /// <summary>Ends of the names of the database's files.</summary>
    private static readonly string[] s_databaseFiles = ["", "-wal", "-shm"];

    private readonly SemaphoreSlim _gate = new(1);
    private StorageView? _last;

    /// <summary>The folders' sizes, at most <see cref="Freshness"/> old.</summary>
    public async Task<StorageView> MeasureAsync(CancellationToken ct = default)
    {
        await _gate.WaitAsync(ct);
        try
        {
            if (_last is { } last && time.GetUtcNow() - last.At < Freshness) return last;
            return _last = await Task.Run(Measure, ct);
        }
        finally
        {
            _ = _gate.Release();
        }
    }

    /// <summary>One person's videos and images.</summary>
    public async Task<OwnerUsage> OwnAsync(CurrentUser user, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        await using var db = await databases.CreateDbContextAsync(ct);
        var own = db.Videos.Where(v => v.OwnerId == user.Id);
        return new(user.Id, user.Name, await own.CountAsync(ct), await own.SumAsync(v => v.Bytes, ct), options.UserQuotaBytes);
    }

    /// <summary>Everybody's, largest first.</summary>
    /// <param name="page">From 1.</param>
    public async Task<Paged<OwnerUsage>> OwnersAsync(int page = 1, int size = Paging.DefaultSize, CancellationToken ct = default)
    {
        var (skip, take) = Paging.Check(page, size);
        await using var db = await databases.CreateDbContextAsync(ct);
        var owners = db.Videos.GroupBy(v => v.OwnerId).Select(g => new { Owner = g.Key, Videos = g.Count(), Bytes = g.Sum(v => v.Bytes) });
        var total = await owners.CountAsync(ct);
        var rows = await owners.OrderByDescending(o => o.Bytes).ThenBy(o => o.Owner).Skip(skip).Take(take)
            .Select(o => new { o.Owner, o.Videos, o.Bytes, Name = db.Users.Where(u => u.Id == o.Owner).Select(u => u.DisplayName).FirstOrDefault() }).ToListAsync(ct);
        return new([.. rows.Select(r => new OwnerUsage(r.Owner, r.Name ?? (r.Owner == SingleUserHandler.UserId ? "You" : "deleted account"), r.Videos, r.Bytes, options.UserQuotaBytes))], total, page, size);
    }

    public void Dispose() => _gate.Dispose();

    private StorageView Measure()
    {
        StorageKind[] kinds =
        [
            Folder("videos", folders.Videos),
            Folder("uploads", folders.Uploads),
            Folder("thumbnails", folders.Thumbnails),
            Folder("traces", folders.Traces),
            Folder("models", folders.Models),
            Folder("trainings", folders.Trainings),
            Folder("caches", folders.Cache),
            Folder("jobs", folders.Jobs),
            Database(),
        ];
        return new(kinds, new DriveInfo(folders.Data).AvailableFreeSpace, time.GetUtcNow());
    }

    private static StorageKind Folder(string kind, string folder)
    {
        var (bytes, files) = FolderSizes.Measure(folder);
        return new(kind, bytes, files);
    }

    /// <summary>The files, and what is not merged into them yet.</summary>
    private StorageKind Database()
    {
        string[] files = [.. new[] { folders.Database, folders.JobDatabase, folders.SchedulerDatabase }.SelectMany(f => s_databaseFiles.Select(end => f + end)).Where(File.Exists)];
        return new("database", files.Sum(f => FolderSizes.Length(new(f))), files.Length);
    }
}

/// <summary>Sizes of folders while others write to them.</summary>
internal static class FolderSizes
{
    private static readonly EnumerationOptions s_all = new() { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };

    public static (long Bytes, long Files) Measure(string folder)
    {
        long bytes = 0, files = 0;
        if (!Directory.Exists(folder)) return (0, 0);
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", s_all))
        {
            bytes += Length(file);
            files++;
        }

        return (bytes, files);
    }

    /// <summary>0 for a file that has gone meanwhile.</summary>
    public static long Length(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }
}
