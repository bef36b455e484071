using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Studio.Engine.Torch;

namespace Studio.Engine.Chat;

/// <summary>
/// Everything that decides visual tokens and what is stored with them. Two requests with equal keys may share them; a
/// change of any field makes another key. The name of the file is no part of it.
/// </summary>
public sealed record MediaKey
{
    /// <summary>Raised when the engine computes or orders tokens differently from before, so that old entries are not found.</summary>
    public const int CurrentFormatVersion = 1;

    /// <summary>Of the file's bytes, see <see cref="Chat.ContentHash"/>.</summary>
    public required string ContentHash { get; init; }

    /// <summary>Identity of the weights and configuration of tower and connector.</summary>
    public required string ModelFingerprint { get; init; }

    public required MediaKind Kind { get; init; }

    /// <summary>0-based numbers of the frames in the file, in the order shown to the model, repeats included; [0] for an image.</summary>
    public required IReadOnlyList<long> Indices { get; init; }

    /// <summary>Seconds that the frames stand for: part of the duration message.</summary>
    public required double Duration { get; init; }

    /// <summary>Pixels along a side of the square that the tower sees.</summary>
    public required int PixelSize { get; init; }

    /// <summary>Type in which tower and connector compute.</summary>
    public required ScalarType ComputeType { get; init; }

    /// <summary>Type of the stored tokens.</summary>
    public required ScalarType TokenType { get; init; }

    /// <summary>
    /// Further settings by name, such as resampling, tiling or whether owners are recorded; their order does not matter.
    /// Given by the caller, so few.
    /// </summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    public int FormatVersion { get; init; } = CurrentFormatVersion;

    /// <summary>
    /// SHA-256 over all fields in a fixed order, texts and lists preceded by their length so that no two sets of fields
    /// spell the same bytes; the same on every machine.
    /// </summary>
    /// <returns>64 lower-case hexadecimal digits.</returns>
    public string Compute()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, "studio visual tokens");
        Append(hash, FormatVersion);
        Append(hash, ContentHash);
        Append(hash, ModelFingerprint);
        Append(hash, (int)Kind);
        Append(hash, Indices.Count);
        foreach (var index in Indices) Append(hash, index);
        Append(hash, BitConverter.DoubleToInt64Bits(Duration));
        Append(hash, PixelSize);
        Append(hash, (int)ComputeType);
        Append(hash, (int)TokenType);
        Append(hash, Settings.Count);
        foreach (var (name, value) in Settings.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            Append(hash, name);
            Append(hash, value);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>By content: lists are compared element by element, as in <see cref="Compute"/>.</summary>
    public bool Equals(MediaKey? other) => other is not null && Compute() == other.Compute();

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Compute());

    private static void Append(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Append(hash, bytes.Length);
        hash.AppendData(bytes);
    }

    private static void Append(IncrementalHash hash, long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
