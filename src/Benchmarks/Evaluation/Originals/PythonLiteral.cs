using System.Globalization;
using System.Text;

namespace Studio.Benchmarks.Evaluation.Originals;

/// <summary>
/// Reads a Python literal as ast.literal_eval does, as far as judges write them: dictionaries, lists, tuples, texts, numbers, True,
/// False, None. Dictionaries come back as Dictionary of object to object, lists and tuples as List of object.
/// </summary>
internal sealed class PythonLiteral
{
    /// <summary>Judges answer in a line; what is deeper is no verdict, and would only use up the stack.</summary>
    public const int MaxDepth = 64;

    private readonly string _text;
    private int _at;
    private int _depth;

    private PythonLiteral(string text) => _text = text;

    /// <exception cref="FormatException">Python raises SyntaxError or ValueError.</exception>
    public static object? Parse(string text)
    {
        // Python strips spaces and tabs in front of an expression, and takes line ends behind it.
        var reader = new PythonLiteral(text.TrimStart(' ', '\t'));
        var value = reader.Value();
        reader.Space();
        return reader._at == reader._text.Length ? value : throw reader.Bad();
    }

    private object? Value()
    {
        Space();
        if (_at >= _text.Length) throw Bad();
        if (++_depth > MaxDepth) throw Bad();
        object? value = _text[_at] switch
        {
            '{' => Braces(),
            '[' => Sequence(']'),
            '(' => Sequence(')'),
            '\'' or '"' => Strings(),
            '-' or '+' => Signed(),
            >= '0' and <= '9' or '.' => Number(),
            _ => Name(),
        };
        _depth--;
        return value;
    }

    private object Braces()
    {
        _at++;
        var map = new Dictionary<object, object?>();
        Space();
        if (Take('}')) return map;
        var first = Value();
        Space();
        if (_at < _text.Length && _text[_at] is ',' or '}') return Set(first); // {1, 2}: a set, no dictionary
        while (true)
        {
            if (!Take(':')) throw Bad();
            map[Key(first)] = Value();
            Space();
            if (Take('}')) return map;
            if (!Take(',')) throw Bad();
            Space();
            if (Take('}')) return map;
            first = Value();
            Space();
        }
    }

    private HashSet<object> Set(object? first)
    {
        var set = new HashSet<object> { Key(first) };
        while (true)
        {
            Space();
            if (Take('}')) return set;
            if (!Take(',')) throw Bad();
            Space();
            if (Take('}')) return set;
            set.Add(Key(Value()));
        }
    }

    private object? Sequence(char end)
    {
        _at++;
        var (items, commas) = (new List<object?>(), 0);
        while (true)
        {
            Space();
            if (Take(end)) return end == ')' && items.Count == 1 && commas == 0 ? items[0] : items;
            if (items.Count > commas) throw Bad();
            items.Add(Value());
            Space();
            if (Take(',')) commas++;
        }
    }

    /// <summary>Texts beside each other are one.</summary>
    private string Strings()
    {
        var built = new StringBuilder();
        do
        {
            Text(built);
            Space();
        }
        while (_at < _text.Length && _text[_at] is '\'' or '"');
        return built.ToString();
    }

    private void Text(StringBuilder built)
    {
        var quote = _text[_at];
        var triple = string.CompareOrdinal(_text, _at, new string(quote, 3), 0, 3) == 0;
        var end = triple ? new string(quote, 3) : quote.ToString();
        _at += end.Length;
        while (true)
        {
            if (_at >= _text.Length || (!triple && _text[_at] == '\n')) throw Bad();
            if (string.CompareOrdinal(_text, _at, end, 0, end.Length) == 0) break;
            if (_text[_at] == '\\') Escape(built);
            else built.Append(_text[_at++]);
        }

        _at += end.Length;
    }

    private void Escape(StringBuilder built)
    {
        if (++_at >= _text.Length) throw Bad();
        var c = _text[_at++];
        switch (c)
        {
            case '\n': break;
            case 'n': built.Append('\n'); break;
            case 't': built.Append('\t'); break;
            case 'r': built.Append('\r'); break;
            case '\\' or '\'' or '"': built.Append(c); break;
            case 'x': Code(built, 2); break;
            case 'u': Code(built, 4); break;
            default: built.Append('\\').Append(c); break;
        }
    }

    private void Code(StringBuilder built, int digits)
    {
        if (_at + digits > _text.Length || !int.TryParse(_text.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)) throw Bad();
        built.Append((char)code);
        _at += digits;
    }

    private double Signed()
    {
        var sign = _text[_at++] == '-' ? -1 : 1;
        Space();
        if (_at >= _text.Length) throw Bad();
        return sign * (_text[_at] is '-' or '+' ? Signed() : Number());
    }

    private double Number()
    {
        var start = _at;
        while (_at < _text.Length && (char.IsAsciiDigit(_text[_at]) || _text[_at] is '.' or '_'
            || (_text[_at] is 'e' or 'E') || (_text[_at] is '+' or '-' && _text[_at - 1] is 'e' or 'E'))) _at++;
        var digits = _text[start.._at];
        var whole = digits.All(c => char.IsAsciiDigit(c) || c == '_');
        // A whole number with a leading zero is an error in Python 3, 0 itself and 00 are not.
        if (whole && digits.Length > 1 && digits[0] == '0' && digits.Any(c => c is not ('0' or '_'))) throw Bad();
        if (digits.EndsWith('_') || digits.Contains("__", StringComparison.Ordinal)) throw Bad();
        return double.TryParse(digits.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : throw Bad();
    }

    private object? Name()
    {
        var start = _at;
        while (_at < _text.Length && (char.IsLetterOrDigit(_text[_at]) || _text[_at] == '_')) _at++;
        return _text[start.._at] switch
        {
            "True" => true,
            "False" => false,
            "None" => null,
            _ => throw Bad(),
        };
    }

    private object Key(object? value) => value switch
    {
        null => DBNull.Value,
        List<object?> or Dictionary<object, object?> or HashSet<object> => throw Bad(), // not hashable
        _ => value,
    };

    private bool Take(char c)
    {
        if (_at >= _text.Length || _text[_at] != c) return false;
        _at++;
        return true;
    }

    private void Space()
    {
        while (_at < _text.Length && _text[_at] is ' ' or '\t' or '\n' or '\r' or '\f') _at++;
    }

    private FormatException Bad() => new($"'{(_text.Length > 80 ? _text[..80] + "…" : _text)}' is no Python literal (at character {_at}).");
}
