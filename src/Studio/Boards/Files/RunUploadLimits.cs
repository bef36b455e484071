namespace Studio.Boards.Files;

/// <summary>The bounds of results that come over HTTP. Whoever has more imports it on the server with <c>eval import</c>.</summary>
public sealed record RunUploadLimits
{
    /// <summary>Bytes of a request, whatever else is set: what the route lets through.</summary>
    public const long MostBytes = 512L << 20;

    /// <summary>Bytes of a request.</summary>
    public long MaxBytes { get; init; } = MostBytes;

    /// <summary>Files of a request, those in a zip counted with the others.</summary>
    public int MaxFiles { get; init; } = 1000;

    /// <summary>Bytes of one file, unpacked: files of results are read whole, as text.</summary>
    public long MaxFileBytes { get; init; } = 256L << 20;

    /// <summary>Bytes of all files, unpacked: what a zip says of itself is not believed.</summary>
    public long MaxUnpackedBytes { get; init; } = 1L << 30;

    /// <summary>Bytes of a zip's list of what is in it, which is held in memory before anything is unpacked.</summary>
    public long MaxListBytes { get; init; } = 2L << 20;

    /// <summary>Characters of a file's name with its folders.</summary>
    public int MaxName { get; init; } = 1024;

    /// <summary>Bytes of one folder's or file's name: what file systems take.</summary>
    public int MaxPartBytes { get; init; } = 255;

    /// <summary>Age at which a folder that a killed server left is removed.</summary>
    public TimeSpan LeftAge { get; init; } = TimeSpan.FromDays(1);
}
