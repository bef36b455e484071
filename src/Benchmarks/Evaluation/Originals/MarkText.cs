using System.Text.RegularExpressions;

namespace Studio.Benchmarks.Evaluation.Originals;

/// <summary>
/// The marks in a judge's reply as MLVU's calculate.py and calculate_sum.py cut them out: of each key the first mention, from two characters
/// behind the next colon to the next comma. Defects kept: without a space behind the colon the mark loses its first character, without a comma
/// everything but the reply's last character belongs to it, and a key that is not there leaves no gap in the list.
/// </summary>
internal static partial class MarkText
{
    /// <exception cref="FormatException">Python raises ValueError, which stops the original.</exception>
    public static IReadOnlyList<double> Read(string reply, IEnumerable<string> keys)
    {
        var marks = new List<double>();
        foreach (var key in keys)
        {
            var at = reply.IndexOf(key, StringComparison.Ordinal);
            if (at < 0) continue;
            // No colon is -1 to Python, so that the text from its second character on is taken.
            var start = Math.Min(reply.IndexOf(':', at) + 2, reply.Length);
            var end = reply.IndexOf(',', start);
            marks.Add(Float(reply[start..Math.Max(start, end < 0 ? LastCharacter(reply) : end)]));
        }

        return marks;
    }

    /// <summary>float() of any text: white space around it, underscores between digits, "inf" and "nan" are taken.</summary>
    /// <exception cref="FormatException">Python raises ValueError.</exception>
    internal static double Float(string text)
    {
        var inner = PythonText.Strip(text);
        if (!Numeral().IsMatch(inner)) throw new FormatException($"'{(text.Length > 80 ? text[..80] + "…" : text)}' is no number.");
        return inner.TrimStart('+', '-').ToUpperInvariant() switch
        {
            "NAN" => double.NaN,
            "INF" or "INFINITY" => inner[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity,
            _ => PythonText.Float(inner.Replace("_", "", StringComparison.Ordinal)),
        };
    }

    /// <summary>Index -1 of Python, whose characters are whole code points.</summary>
    private static int LastCharacter(string text) => text.Length - (text.Length > 1 && char.IsSurrogatePair(text, text.Length - 2) ? 2 : 1);

    [GeneratedRegex(@"\A[+-]?(?:(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|[nN][aA][nN])\z", RegexOptions.CultureInvariant)]
    private static partial Regex Numeral();
}
