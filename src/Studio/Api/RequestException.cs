namespace Studio.Api;

/// <summary>A request that cannot be met; the message says what was wrong and what to do, for people.</summary>
public sealed class RequestException : Exception
{
    private RequestException(int status, string message)
        : base(message) => Status = status;

    /// <summary>HTTP status, mostly 400, 403, 404, 409, 413 or 429.</summary>
    public int Status { get; }

    /// <summary>400: a value cannot be used.</summary>
    public static RequestException Invalid(string message) => new(StatusCodes.Status400BadRequest, message);

    /// <summary>403: it can be seen but not changed.</summary>
    public static RequestException Forbidden(string message) => new(StatusCodes.Status403Forbidden, message);

    /// <summary>404: there is none, or none that the asker may see; which of the two is not told.</summary>
    public static RequestException NotFound(string what, string id) => new(StatusCodes.Status404NotFound, $"there is no {what} '{id}'");

    /// <summary>409: not in its present state.</summary>
    public static RequestException Conflict(string message) => new(StatusCodes.Status409Conflict, message);

    /// <summary>413: larger than a bound.</summary>
    public static RequestException TooLarge(string message) => new(StatusCodes.Status413PayloadTooLarge, message);

    /// <summary>429: a bound of waiting things is reached.</summary>
    public static RequestException TooMany(string message) => new(StatusCodes.Status429TooManyRequests, message);

    /// <summary>A status that only one area knows.</summary>
    internal static RequestException With(int status, string message) => new(status, message);
}
