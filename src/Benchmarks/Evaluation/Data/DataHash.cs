using System.Security.Cryptography;
using System.Text;

namespace Studio.Benchmarks.Evaluation.Data;

/// <summary>SHA-256 over parts, each with its length, so that no two lists of parts give the same bytes.</summary>
internal sealed class DataHash : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public DataHash Add(string part) => Add(Encoding.UTF8.GetBytes(part));

    public DataHash Add(ReadOnlySpan<byte> part)
    {
        _hash.AppendData(BitConverter.GetBytes((long)part.Length));
        _hash.AppendData(part);
        return this;
    }

    /// <summary>The content of a file.</summary>
    public DataHash AddFile(string path)
    {
        using var stream = File.OpenRead(path);
        return Add(SHA256.HashData(stream));
    }

    public string Take() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    public void Dispose() => _hash.Dispose();
}
