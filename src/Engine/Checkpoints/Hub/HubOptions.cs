namespace Studio.Engine.Checkpoints.Hub;

/// <summary>How to reach a model hub. Read-only after construction; the token never appears in any message.</summary>
public sealed class HubOptions
{
    /// <summary>The endpoint used when none is configured.</summary>
    public static readonly Uri DefaultEndpoint = new("https://huggingface.co");

    /// <summary>Base address of the hub.</summary>
    public Uri Endpoint { get; init; } = DefaultEndpoint;

    /// <summary>Access token, or null. Sent to <see cref="Endpoint"/>'s own origin only.</summary>
    public string? Token { get; init; }

    /// <summary>Requests in a row that may fail without a single new byte before a pull gives up.</summary>
    public int MaxAttempts { get; init; } = 5;

    /// <summary>First waiting time after a failure; doubles up to <see cref="MaxDelay"/>.</summary>
    public TimeSpan BaseDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest waiting time, also when the server asks for more.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a connection may stay silent before it is given up.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Waits between attempts; replaced in tests.</summary>
    public Func<TimeSpan, CancellationToken, Task> Delay { get; init; } = Task.Delay;

    /// <summary>Free bytes on the disk that holds a folder; replaced in tests.</summary>
    public Func<string, long> FreeBytes { get; init; } = folder => new DriveInfo(folder).AvailableFreeSpace;

    /// <summary>Reads HF_ENDPOINT and HF_TOKEN.</summary>
    /// <param name="variable">Source of environment variables; the process's own when null.</param>
    /// <exception cref="HubException">HF_ENDPOINT is not an absolute http(s) address.</exception>
    public static HubOptions FromEnvironment(Func<string, string?>? variable = null)
    {
        variable ??= Environment.GetEnvironmentVariable;
        string? endpoint = variable("HF_ENDPOINT");
        string? token = variable("HF_TOKEN")?.Trim();
        Uri uri = DefaultEndpoint;
        if (!string.IsNullOrWhiteSpace(endpoint)
            && !(Uri.TryCreate(endpoint.Trim(), UriKind.Absolute, out uri!)
                && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp)))
        {
            throw new HubException($"HF_ENDPOINT is '{endpoint}'; expected an address such as {DefaultEndpoint.OriginalString}.");
        }

        return new HubOptions { Endpoint = uri, Token = string.IsNullOrEmpty(token) ? null : token };
    }
}

/// <summary>A pull could not be done; the message names the model, the file and what to do.</summary>
public sealed class HubException : Exception
{
    internal HubException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
