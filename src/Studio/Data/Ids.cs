namespace Studio.Data;

/// <summary>Identifiers of rows: 32 hexadecimal digits that sort by the time they were made.</summary>
public static class Ids
{
    public static string New(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return Guid.CreateVersion7(time.GetUtcNow()).ToString("N");
    }

    /// <summary>Whether text from outside has the form of an identifier, so that it may stand in a file name.</summary>
    public static bool IsValid(string? id) => id is { Length: 32 } && id.All(char.IsAsciiHexDigitLower);
}
