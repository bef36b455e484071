namespace Studio.Hosting;

/// <summary>Whether people sign in.</summary>
public enum AccountMode
{
    /// <summary>On unless the server is reachable from this machine only.</summary>
    Auto,
    On,

    /// <summary>One user, no sign-in. Refused when the server listens on more than this machine.</summary>
    Off,
}

/// <summary>How log lines look.</summary>
public enum LogFormat
{
    Text,

    /// <summary>One JSON object a line.</summary>
    Json,
}

/// <summary>Settings of the server: defaults here, then <c>STUDIO_…</c> variables, then the command line.</summary>
public sealed record StudioOptions
{
    /// <summary>Address to listen on.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Port; 0 takes a free one.</summary>
    public int Port { get; init; } = 5080;

    public AccountMode Accounts { get; init; }

    /// <summary>Folder of everything the studio writes.</summary>
    public required string DataFolder { get; init; }

    /// <summary>The checkout, for samples that ship with it.</summary>
    public required string RootFolder { get; init; }

    /// <summary>Results database: a file, or PostgreSQL's connection string with its secrets; null for a file in the data folder.</summary>
    public string? Results { get; init; }

    /// <summary>Folders on the server that videos may be imported from; none by default.</summary>
    public IReadOnlyList<string> ImportFolders { get; init; } = [];

    /// <summary>auto, cpu or cuda:N.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>auto, fp32, bf16 or fp16.</summary>
    public string Dtype { get; init; } = "auto";

    /// <summary>The model that answers where none is chosen; null takes the built-in one.</summary>
    public string? Model { get; init; }

    /// <summary>Models in memory at once; the one used longest ago goes first.</summary>
    public int MaxLoadedModels { get; init; } = 2;

    /// <summary>Bytes of weights and of caches kept for further questions; 0 takes half of this machine's memory.</summary>
    public long ModelMemoryBytes { get; init; }

    /// <summary>Largest file of an upload, bytes.</summary>
    public long MaxUploadBytes { get; init; } = 16L << 30;

    /// <summary>Bytes of videos one user may keep.</summary>
    public long UserQuotaBytes { get; init; } = 200L << 30;

    /// <summary>Longest video, seconds.</summary>
    public double MaxVideoSeconds { get; init; } = 24 * 3600;

    /// <summary>Questions a user may have waiting or running at once.</summary>
    public int MaxQueuedPerUser { get; init; } = 8;

    /// <summary>Requests a minute of one user or, without one, of one address.</summary>
    public int RequestsPerMinute { get; init; } = 1200;

    /// <summary>Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; none by default.</summary>
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    /// <summary>How log lines look.</summary>
    public LogFormat Log { get; init; }

    /// <summary>Least important log lines that are written; null: warnings as text, information as JSON.</summary>
    public LogLevel? LogLevel { get; init; }

    /// <summary>Where each setting that is not a default came from, by its name in <see cref="StudioSettings"/>.</summary>
    public IReadOnlyDictionary<string, SettingSource> Sources { get; init; } = new Dictionary<string, SettingSource>();

    /// <summary>Whether only this machine can reach the server.</summary>
    public bool IsLoopback => Host is "localhost" || (System.Net.IPAddress.TryParse(Host, out var ip) && System.Net.IPAddress.IsLoopback(ip));

    /// <summary>One user, no sign-in.</summary>
    public bool SingleUser => Accounts == AccountMode.Off || (Accounts == AccountMode.Auto && IsLoopback);

    /// <exception cref="ArgumentException">A value cannot be used; the message names it.</exception>
    public void Validate()
    {
        if (Port is < 0 or > 65535) throw new ArgumentException($"port {Port} is not between 0 and 65535");
        if (MaxLoadedModels < 1) throw new ArgumentException($"{MaxLoadedModels} loaded models are too few to answer; give 1 or more");
        if (ModelMemoryBytes < 0) throw new ArgumentException($"{ModelMemoryBytes} bytes of model memory: give 0 (half of this machine's) or more");
        if (MaxQueuedPerUser < 1) throw new ArgumentException($"{MaxQueuedPerUser} questions in line are too few to ask; give 1 or more");
        if (Host != "localhost" && !System.Net.IPAddress.TryParse(Host, out _)) throw new ArgumentException($"host '{Host}' is neither localhost nor an IP address; 0.0.0.0 listens on every address");
        if (RequestsPerMinute < 1) throw new ArgumentException($"requests-per-minute {RequestsPerMinute} is not at least 1");
        foreach (var proxy in TrustedProxies) _ = Security.SecuritySetup.NetworkOf(proxy);
        if (Accounts == AccountMode.Off && !IsLoopback) throw new ArgumentException($"accounts cannot be off while the server listens on {Host}: anyone who reaches it would be its administrator. Use --host 127.0.0.1, or leave accounts on");
    }
}
