namespace Studio.Api;

/// <summary>One page of a list.</summary>
/// <param name="Items">At most <paramref name="Size"/>.</param>
/// <param name="Total">Of all pages.</param>
/// <param name="Page">1-based.</param>
/// <param name="Size">Items asked for.</param>
public sealed record Paged<T>(IReadOnlyList<T> Items, int Total, int Page, int Size)
{
    /// <summary>Pages in all; 1 when there is nothing.</summary>
    public int Pages => Math.Max(1, (Total + Size - 1) / Size);
}

/// <summary>Bounds of a page.</summary>
public static class Paging
{
    public const int DefaultSize = 50;

    public const int MaxSize = 200;

    /// <exception cref="RequestException">A number is out of range.</exception>
    public static (int Skip, int Take) Check(int page, int size)
    {
        if (page is < 1 or > 1_000_000) throw RequestException.Invalid($"page {page} is not between 1 and 1000000");
        if (size is < 1 or > MaxSize) throw RequestException.Invalid($"size {size} is not between 1 and {MaxSize}");
        return ((page - 1) * size, size);
    }
}
