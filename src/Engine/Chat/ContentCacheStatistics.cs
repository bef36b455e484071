namespace Studio.Engine.Chat;

/// <summary>What a <see cref="ContentCache{T}"/> did since it was made, and what it holds now.</summary>
/// <param name="MemoryHits">Requests answered from memory.</param>
/// <param name="DiskHits">Requests answered from a file.</param>
/// <param name="Misses">Requests answered by neither.</param>
/// <param name="MemoryEvictions">Entries dropped from memory to keep its bound.</param>
/// <param name="DiskEvictions">Files deleted by this cache to keep the bound of the folder.</param>
/// <param name="DamagedFiles">Files deleted because they were damaged or of another version; each was a miss as well.</param>
/// <param name="DiskFailures">Reads and writes that the file system refused; the entry was then a miss, or was not stored.</param>
/// <param name="LastDiskFailure">The latest of these in words, or null.</param>
/// <param name="MemoryEntries">Entries in memory.</param>
/// <param name="MemoryBytes">Their <see cref="ICacheEntry{T}.Bytes"/>.</param>
/// <param name="DiskEntries">Files in the folder, of all processes that share it.</param>
/// <param name="DiskBytes">Their lengths.</param>
public sealed record ContentCacheStatistics(
    long MemoryHits, long DiskHits, long Misses, long MemoryEvictions, long DiskEvictions, long DamagedFiles,
    long DiskFailures, string? LastDiskFailure, int MemoryEntries, long MemoryBytes, int DiskEntries, long DiskBytes)
{
    /// <summary>Of two caches together.</summary>
    public static ContentCacheStatistics operator +(ContentCacheStatistics a, ContentCacheStatistics b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        return new(
            a.MemoryHits + b.MemoryHits, a.DiskHits + b.DiskHits, a.Misses + b.Misses, a.MemoryEvictions + b.MemoryEvictions, a.DiskEvictions + b.DiskEvictions,
            a.DamagedFiles + b.DamagedFiles, a.DiskFailures + b.DiskFailures, a.LastDiskFailure ?? b.LastDiskFailure, a.MemoryEntries + b.MemoryEntries,
            a.MemoryBytes + b.MemoryBytes, a.DiskEntries + b.DiskEntries, a.DiskBytes + b.DiskBytes);
    }

    public static ContentCacheStatistics Add(ContentCacheStatistics left, ContentCacheStatistics right) => left + right;
}
