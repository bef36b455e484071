using System.Text.RegularExpressions;

namespace Studio.Observability;

/// <summary>
/// Takes secrets out of text on its way to the log. Nothing of the studio's writes any; this is for what comes from elsewhere,
/// such as the message of an exception.
/// </summary>
internal static class Redactor
{
    /// <summary>Characters of one value; the rest of a longer one is cut.</summary>
    public const int MaxLength = 4000;

    private const string Hidden = "[hidden]";

    /// <summary>Tokens of the studio and of the hub, authorization headers, secrets in addresses, and what follows the name of a secret.</summary>
    private static readonly Regex s_secret = new(
        @"\bstudio_[A-Za-z0-9_-]{43}|\bhf_[A-Za-z0-9]{16,}|(?<kept>\bBearer\s+)[^\s""',;]+|(?<kept>/(?:s|join)/)[A-Za-z0-9_-]{43}|(?<kept>\b(?:Set-)?Cookie\s*:\s*).+" +
        @"|(?<kept>\b(?:password|passwd|secret|api[_-]?key|authorization)""?\s*[:=]\s*""?(?:Bearer\s+|Basic\s+)?)[^\s""',;&]+",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant);

    public static string Clean(string text)
    {
        if (text.Length > MaxLength) text = $"{text.AsSpan(0, MaxLength)}…";
        return s_secret.Replace(text, m => m.Groups["kept"].Value + Hidden);
    }
}
