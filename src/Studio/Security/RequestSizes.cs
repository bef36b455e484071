namespace Studio.Security;

/// <summary>How much a request may carry. A route that needs more says so with RequestSizeLimitAttribute.</summary>
public static class RequestSizes
{
    /// <summary>Bytes of a request's body where its route says nothing else.</summary>
    public const long Default = 1 << 20;

    /// <summary>Open connections.</summary>
    public const int MaxConnections = 4096;

    /// <summary>Open WebSockets among them: each is an open page.</summary>
    public const int MaxSockets = 1024;
}
