using System.Security.Cryptography;
using Studio.Api;

namespace Studio.Library.Uploads;

/// <summary>The checksum a client sent with a chunk (tus 1.0, extension "checksum"): an algorithm and what it should give.</summary>
internal sealed class ChunkChecksum : IDisposable
{
    /// <summary>As the OPTIONS answer lists them; sha1 is the one every server must have.</summary>
    public const string Algorithms = "sha1,sha256,md5";

    private readonly IncrementalHash _hash;
    private readonly byte[] _expected;

    private ChunkChecksum(IncrementalHash hash, byte[] expected)
    {
        (_hash, _expected) = (hash, expected);
    }

    /// <summary>Reads <c>algorithm base64</c>.</summary>
    /// <exception cref="RequestException">The algorithm is unknown, or the value cannot be its result.</exception>
    public static ChunkChecksum Parse(string header)
    {
        var parts = header.Split(' ', 2);
        // Not for secrecy: these find broken transfers, as the protocol asks.
        HashAlgorithmName? name = parts[0] switch { "sha1" => HashAlgorithmName.SHA1, "sha256" => HashAlgorithmName.SHA256, "md5" => HashAlgorithmName.MD5, _ => null };
        if (name is not { } known) throw RequestException.Invalid($"Upload-Checksum names '{parts[0]}'; this server knows {Algorithms}");
        var hash = IncrementalHash.CreateHash(known);
        Span<byte> expected = stackalloc byte[hash.HashLengthInBytes];
        if (parts.Length == 2 && Convert.TryFromBase64String(parts[1], expected, out var written) && written == expected.Length) return new(hash, expected.ToArray());
        hash.Dispose();
        throw RequestException.Invalid($"Upload-Checksum '{header}' is not '{parts[0]} ' and {expected.Length} bytes in base64");
    }

    public void Append(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

    public bool Matches() => _hash.GetHashAndReset().AsSpan().SequenceEqual(_expected);

    public void Dispose() => _hash.Dispose();
}
