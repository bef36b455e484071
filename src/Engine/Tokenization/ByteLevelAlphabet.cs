namespace Studio.Engine.Tokenization;

/// <summary>
/// The one-to-one spelling of bytes as printable characters used by byte-level BPE files (GPT-2): bytes that print stand for
/// themselves, the other 68 take U+0100, U+0101, … in ascending order. A space is spelled "Ġ".
/// </summary>
internal static class ByteLevelAlphabet
{
    private const int FirstSubstitute = 0x100;

    private static readonly char[] s_spelling = BuildSpelling();
    private static readonly short[] s_bytes = BuildBytes();

    /// <summary>Every byte in the order of the published vocabularies: printing ones first, then the substituted ones.</summary>
    internal static IEnumerable<byte> InVocabularyOrder =>
        Enumerable.Range(0, 256).OrderBy(value => s_spelling[value]).Select(value => (byte)value);

    internal static char Spell(byte value) => s_spelling[value];

    /// <summary>The byte spelled by <paramref name="character"/>, or -1 when it spells none.</summary>
    internal static int ToByte(int character) => (uint)character < (uint)s_bytes.Length ? s_bytes[character] : -1;

    internal static string Spell(ReadOnlySpan<byte> bytes)
    {
        Span<char> characters = bytes.Length <= 256 ? stackalloc char[bytes.Length] : new char[bytes.Length];
        for (var i = 0; i < bytes.Length; i++)
        {
            characters[i] = s_spelling[bytes[i]];
        }

        return new string(characters);
    }

    /// <summary>Writes the bytes spelled by <paramref name="spelling"/>; false when a character spells no byte.</summary>
    internal static bool TryToBytes(ReadOnlySpan<char> spelling, Span<byte> bytes)
    {
        for (var i = 0; i < spelling.Length; i++)
        {
            var value = ToByte(spelling[i]);
            if (value < 0)
            {
                return false;
            }

            bytes[i] = (byte)value;
        }

        return true;
    }

    private static char[] BuildSpelling()
    {
        var spelling = new char[256];
        var next = FirstSubstitute;
        for (var value = 0; value < 256; value++)
        {
            var prints = value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            spelling[value] = (char)(prints ? value : next++);
        }

        return spelling;
    }

    private static short[] BuildBytes()
    {
        var bytes = new short[s_spelling.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (var value = 0; value < 256; value++)
        {
            bytes[s_spelling[value]] = (short)value;
        }

        return bytes;
    }
}
