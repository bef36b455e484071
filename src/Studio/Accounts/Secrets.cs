using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Studio.Accounts;

/// <summary>Secrets that are shown once: 256 random bits each. Only their SHA-256 is kept, which cannot be turned back.</summary>
internal static class Secrets
{
    /// <summary>Characters of a secret: 32 bytes in base64url.</summary>
    public const int Length = 43;

    private const int Bytes = 32;

    public static string New() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>Lower-case hexadecimal.</summary>
    public static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    /// <summary>Compares in a time that tells nothing about where they differ.</summary>
    public static bool Matches(string secret, string hash) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Hash(secret)), Encoding.UTF8.GetBytes(hash));

    /// <summary>Whether text from outside has the form of a secret, so that it is worth a look into the database.</summary>
    public static bool HasForm(string? text) =>
        text is { Length: Length } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
