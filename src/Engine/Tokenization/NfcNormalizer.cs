using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Studio.Engine.Tokenization;

/// <summary>
/// Unicode normalization form C (UAX #15) from the tables in <see cref="NfcData"/>. The runtime's own
/// <see cref="string.Normalize()"/> leaves text unchanged when the process runs with invariant globalization, as the studio does.
/// </summary>
internal static class NfcNormalizer
{
    /// <summary>Below this code point every character is in form C whatever surrounds it.</summary>
    private const char FirstAffected = '\u0300';

    private const int HangulBase = 0xAC00;
    private const int LeadBase = 0x1100;
    private const int VowelBase = 0x1161;
    private const int TrailBase = 0x11A7;
    private const int LeadCount = 19;
    private const int VowelCount = 21;
    private const int TrailCount = 28;
    private const int HangulCount = LeadCount * VowelCount * TrailCount;

    private static readonly Dictionary<int, (int First, int Second)> s_decompositions = [];
    private static readonly Dictionary<ulong, int> s_compositions = [];
    private static readonly Dictionary<int, byte> s_classes = [];

    /// <summary>One bit per code point: set where the character may change or join what stands before it.</summary>
    private static readonly ulong[] s_affected = new ulong[(NfcData.LastCodePoint >> 6) + 1];

    static NfcNormalizer()
    {
        LoadDecompositions();
        LoadClasses();
        for (var i = 0; i < VowelCount; i++)
        {
            Affect(VowelBase + i);
        }

        for (var i = 1; i < TrailCount; i++)
        {
            Affect(TrailBase + i);
        }
    }

    /// <summary>
    /// Returns <paramref name="text"/> in form C; the same instance when it already is. Linear in the text's length but for the
    /// sort of each run of combining marks. The text must be well-formed UTF-16.
    /// </summary>
    internal static string Normalize(string text)
    {
        if (text.AsSpan().IndexOfAnyExceptInRange('\0', (char)(FirstAffected - 1)) < 0)
        {
            return text;
        }

        StringBuilder? result = null;
        List<int>? segment = null;
        var copied = 0;
        var previous = 0;
        var position = 0;
        while (position < text.Length)
        {
            var length = char.IsSurrogate(text[position]) ? 2 : 1;
            if (!IsAffected(CodePoint(text, position)))
            {
                previous = position;
                position += length;
                continue;
            }

            // The affected run can only interact with the one unaffected character before it (UAX #15, section 9.1).
            var end = position + length;
            while (end < text.Length && IsAffected(CodePoint(text, end)))
            {
                end += char.IsSurrogate(text[end]) ? 2 : 1;
            }

            result ??= new StringBuilder(text.Length);
            segment ??= [];
            result.Append(text, copied, previous - copied);
            Compose(text.AsSpan(previous, end - previous), segment, result);
            copied = previous = position = end;
        }

        return result is null ? text : result.Append(text, copied, text.Length - copied).ToString();
    }

    private static void Compose(ReadOnlySpan<char> text, List<int> points, StringBuilder result)
    {
        points.Clear();
        foreach (var rune in text.EnumerateRunes())
        {
            Decompose(rune.Value, points);
        }

        SortMarks(points);
        var starter = -1;
        var written = 0;
        var lastClass = 0;
        for (var i = 0; i < points.Count; i++)
        {
            var point = points[i];
            var combining = ClassOf(point);

            // A mark is blocked by an earlier mark of the same or a higher class, a starter by any character in between.
            var blocked = written - 1 > starter && lastClass >= combining;
            if (starter >= 0 && !blocked && TryCompose(points[starter], point, out var composed))
            {
                points[starter] = composed;
                continue;
            }

            if (combining == 0)
            {
                starter = written;
            }

            lastClass = combining;
            points[written++] = point;
        }

        Span<char> characters = stackalloc char[2];
        for (var i = 0; i < written; i++)
        {
            result.Append(characters[..new Rune(points[i]).EncodeToUtf16(characters)]);
        }
    }

    private static void Decompose(int point, List<int> points)
    {
        if ((uint)(point - HangulBase) < HangulCount)
        {
            var index = point - HangulBase;
            points.Add(LeadBase + (index / (VowelCount * TrailCount)));
            points.Add(VowelBase + (index % (VowelCount * TrailCount) / TrailCount));
            if (index % TrailCount != 0)
            {
                points.Add(TrailBase + (index % TrailCount));
            }
        }
        else if (s_decompositions.TryGetValue(point, out var pair))
        {
            Decompose(pair.First, points);
            if (pair.Second != 0)
            {
                Decompose(pair.Second, points);
            }
        }
        else
        {
            points.Add(point);
        }
    }

    private static void SortMarks(List<int> points)
    {
        var all = CollectionsMarshal.AsSpan(points);
        var start = 0;
        while (start < all.Length)
        {
            if (ClassOf(all[start]) == 0)
            {
                start++;
                continue;
            }

            var end = start + 1;
            while (end < all.Length && ClassOf(all[end]) != 0)
            {
                end++;
            }

            if (end - start > 1)
            {
                // The order of equal classes must stay, so the position is part of the key.
                var marks = all[start..end];
                var keys = new long[marks.Length];
                for (var i = 0; i < keys.Length; i++)
                {
                    keys[i] = ((long)ClassOf(marks[i]) << 32) | (uint)i;
                }

                MemoryExtensions.Sort(keys.AsSpan(), marks);
            }

            start = end;
        }
    }

    private static bool TryCompose(int first, int second, out int composed)
    {
        if ((uint)(first - LeadBase) < LeadCount && (uint)(second - VowelBase) < VowelCount)
        {
            composed = HangulBase + ((((first - LeadBase) * VowelCount) + second - VowelBase) * TrailCount);
            return true;
        }

        if ((uint)(first - HangulBase) < HangulCount && (first - HangulBase) % TrailCount == 0
            && second is > TrailBase and < TrailBase + TrailCount)
        {
            composed = first + second - TrailBase;
            return true;
        }

        return s_compositions.TryGetValue(Pair(first, second), out composed);
    }

    private static void LoadDecompositions()
    {
        var point = 0;
        foreach (var entry in Entries(NfcData.Decompositions))
        {
            var rest = entry.AsSpan();
            var colon = rest.IndexOf(':');
            point = colon < 0 ? point + 1 : Hex(rest[..colon]);
            rest = rest[(colon + 1)..];
            var apart = rest[0] == '!';
            rest = apart ? rest[1..] : rest;
            var plus = rest.IndexOf('+');
            var first = Hex(plus < 0 ? rest : rest[..plus]);
            var second = plus < 0 ? 0 : Hex(rest[(plus + 1)..]);
            s_decompositions.Add(point, (first, second));
            if (second == 0 || apart)
            {
                Affect(point);
            }
            else
            {
                s_compositions.Add(Pair(first, second), point);
                Affect(second);
            }
        }
    }

    private static void LoadClasses()
    {
        foreach (var entry in Entries(NfcData.CombiningClasses))
        {
            var equals = entry.IndexOf('=');
            var range = entry.AsSpan(0, equals);
            var combining = (byte)Hex(entry.AsSpan(equals + 1));
            var dash = range.IndexOf('-');
            var last = Hex(range[(dash + 1)..]);
            for (var point = Hex(dash < 0 ? range : range[..dash]); point <= last; point++)
            {
                s_classes.Add(point, combining);
                Affect(point);
            }
        }
    }

    private static string[] Entries(string table) =>
        table.Split((char[])[' ', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);

    private static int Hex(ReadOnlySpan<char> digits) => int.Parse(digits, NumberStyles.AllowHexSpecifier);

    private static int ClassOf(int point) => s_classes.GetValueOrDefault(point);

    private static ulong Pair(int first, int second) => ((ulong)(uint)first << 32) | (uint)second;

    private static void Affect(int point) => s_affected[point >> 6] |= 1UL << (point & 63);

    private static bool IsAffected(int point) =>
        point >= FirstAffected && point <= NfcData.LastCodePoint && (s_affected[point >> 6] >> (point & 63) & 1) != 0;

    private static int CodePoint(string text, int position) =>
        char.IsHighSurrogate(text[position]) ? char.ConvertToUtf32(text, position) : text[position];
}
