namespace Studio.Components.Markdown;

/// <summary>Which addresses a text that is not ours may link to.</summary>
public static class SafeLink
{
    /// <summary>Longest address, characters.</summary>
    public const int MaxLength = 2000;

    /// <summary>
    /// The address as it may stand in a link, or null. Only whole http, https and mailto addresses pass: neither scripts nor
    /// pages of this studio, nor a user name that could pass for the host.
    /// </summary>
    public static string? Check(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.Length is 0 or > MaxLength || address.Any(c => c <= ' ' || char.IsControl(c) || char.IsWhiteSpace(c) || c is '\\' or '"' or '<' or '>' or '`')) return null;
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri)) return null;
        if (uri.Scheme == Uri.UriSchemeMailto) return address.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase) && address.Contains('@') ? address : null;
        var isWeb = uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps;
        return isWeb && address.StartsWith(uri.Scheme + "://", StringComparison.OrdinalIgnoreCase) && uri.UserInfo.Length == 0 && uri.Host.Length > 0 ? address : null;
    }
}
