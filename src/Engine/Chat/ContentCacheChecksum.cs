using System.Numerics;
using System.Runtime.InteropServices;

namespace Studio.Engine.Chat;

/// <summary>
/// CRC-32C of all bytes appended, in whatever pieces. Against damage, not against an attacker: a flipped bit in a token
/// would change an answer without a trace. A cryptographic hash of a long video's tokens takes seconds on processors without
/// an instruction for it, which would be most of the time that a cached entry takes to open.
/// </summary>
internal struct ContentCacheChecksum
{
    private uint _inverted;

    /// <summary>Eight lower-case hexadecimal digits.</summary>
    internal readonly string Text => _inverted.ToString("x8");

    internal void Append(ReadOnlySpan<byte> data)
    {
        var crc = ~_inverted;
        foreach (var eight in MemoryMarshal.Cast<byte, ulong>(data)) crc = BitOperations.Crc32C(crc, eight);
        foreach (var one in data[(data.Length & ~7)..]) crc = BitOperations.Crc32C(crc, one);
        _inverted = ~crc;
    }
}
