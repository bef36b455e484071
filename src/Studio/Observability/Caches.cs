namespace Studio.Observability;

/// <param name="Name">As <see cref="Caches.ClearAsync"/> takes it.</param>
/// <param name="What">What it saves, and what clearing costs.</param>
/// <param name="Limit">Bytes that it never exceeds; 0 where its number of entries is bounded instead.</param>
public sealed record CacheView(string Name, string What, long Bytes, int Entries, long Limit);

/// <summary>Something that is kept to save time and can be dropped at any moment.</summary>
public interface IStudioCache
{
    Task<CacheView> MeasureAsync(CancellationToken ct = default);

    /// <summary>Drops what nothing is using.</summary>
    Task ClearAsync(CancellationToken ct = default);
}

/// <summary>The caches of this server.</summary>
public sealed class Caches(IEnumerable<IStudioCache> caches)
{
    public async Task<IReadOnlyList<CacheView>> MeasureAsync(CancellationToken ct = default)
    {
        var views = new List<CacheView>();
        foreach (var cache in caches) views.Add(await cache.MeasureAsync(ct));
        return views;
    }

    /// <returns>The cache afterwards.</returns>
    /// <exception cref="Api.RequestException">There is none of this name.</exception>
    public async Task<CacheView> ClearAsync(string name, CancellationToken ct = default)
    {
        foreach (var cache in caches)
        {
            if ((await cache.MeasureAsync(ct)).Name != name) continue;
            await cache.ClearAsync(ct);
            return await cache.MeasureAsync(ct);
        }

        throw Api.RequestException.NotFound("cache", Accounts.AccountRules.Shorten(name));
    }
}

/// <summary>A cache whose entries are files of one kind in one folder.</summary>
/// <param name="pattern">Of the names of its files: others are left alone.</param>
internal sealed class FolderCache(string name, string what, string folder, string pattern, long limit) : IStudioCache
{
    public Task<CacheView> MeasureAsync(CancellationToken ct = default) => Task.Run(() =>
    {
        var files = Files().ToList();
        return new CacheView(name, what, files.Sum(FolderSizes.Length), files.Count, limit);
    }, ct);

    public Task ClearAsync(CancellationToken ct = default) => Task.Run(() =>
    {
        foreach (var file in Files())
        {
            try
            {
                file.Delete();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // In use: it stays, and the sizes show it.
            }
        }
    }, ct);

    private IEnumerable<FileInfo> Files() => Directory.Exists(folder) ? new DirectoryInfo(folder).EnumerateFiles(pattern) : [];
}
