using System.Globalization;
using System.Text;

namespace Studio.Inspect;

/// <summary>A table as comma-separated values (RFC 4180), numbers as they are: not rounded.</summary>
/// <param name="columns">Names of the columns.</param>
internal sealed class CsvText(params string[] columns)
{
    private readonly StringBuilder _text = new(string.Join(',', columns.Select(Field)) + "\r\n");

    /// <param name="values">One a column; null is an empty field.</param>
    public CsvText Row(params object?[] values)
    {
        if (values.Length != columns.Length) throw new ArgumentException($"{values.Length} values for {columns.Length} columns");
        for (var i = 0; i < values.Length; i++)
        {
            if (i > 0) _ = _text.Append(',');
            _ = _text.Append(Field(values[i]));
        }

        _ = _text.Append("\r\n");
        return this;
    }

    public override string ToString() => _text.ToString();

    private static string Field(object? value)
    {
        var text = value switch
        {
            null => "",
            double d => d.ToString("R", CultureInfo.InvariantCulture),
            float f => f.ToString("R", CultureInfo.InvariantCulture),
            bool b => b ? "true" : "false",
            IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "",
        };
        // A spreadsheet would take text that begins like this for a formula.
        if (value is string && text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r') text = "'" + text;
        return text.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }
}
