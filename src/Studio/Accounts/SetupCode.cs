using System.Security.Cryptography;
using Studio.Hosting;

namespace Studio.Accounts;

/// <summary>
/// The code with which the first visitor proves to be the one who started the server. It is printed where the server was
/// started; its hash lies beside the keys. It works once; a start without accounts makes a new one.
/// </summary>
public sealed class SetupCode(StudioFolders folders)
{
    private const int Characters = 20;
    private const int GroupSize = 5;

    /// <summary>Crockford's base 32: no letter looks like a digit. 20 of them are 100 bits.</summary>
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    private string Path => System.IO.Path.Combine(folders.Keys, "setup-code");

    /// <summary>Makes a new code, which replaces the one before.</summary>
    /// <returns>Groups of five, as a person types them.</returns>
    public async Task<string> IssueAsync(CancellationToken ct = default)
    {
        var code = RandomNumberGenerator.GetString(Alphabet, Characters);
        await File.WriteAllTextAsync(Path, Secrets.Hash(code), ct);
        return string.Join('-', code.Chunk(GroupSize).Select(c => new string(c)));
    }

    /// <summary>Whether this is the code; spaces, hyphens and case do not count.</summary>
    public async Task<bool> MatchesAsync(string? code, CancellationToken ct = default)
    {
        if (code is null or { Length: > 100 } || !File.Exists(Path)) return false;
        var plain = string.Concat(code.ToUpperInvariant().Where(char.IsAsciiLetterOrDigit)).Replace('O', '0').Replace('I', '1').Replace('L', '1');
        return Secrets.Matches(plain, (await File.ReadAllTextAsync(Path, ct)).Trim());
    }

    /// <summary>From now on no code matches.</summary>
    public void Expire() => File.Delete(Path);
}
