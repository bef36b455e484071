using System.Text;
using System.Text.Json;

namespace Studio.Benchmarks.Evaluation.Import;

/// <summary>Rows of a CSV file (RFC 4180: quoted fields, doubled quotes, line ends inside quotes) as JSON objects by the names of its first row.</summary>
internal static class CsvRows
{
    /// <summary>Columns beyond this are refused.</summary>
    public const int MaxColumns = 100;

    public static JsonElement Read(string text)
    {
        using var records = Records(text.TrimStart('\ufeff')).GetEnumerator();
        if (!records.MoveNext()) throw new InvalidDataException("The CSV file is empty; its first row must name the columns.");
        var names = records.Current.Fields.Select(n => n.Trim()).ToList();
        if (names.Distinct(StringComparer.Ordinal).Count() != names.Count) throw new InvalidDataException($"The CSV file names a column twice: {string.Join(", ", names)}.");
        var rows = new List<Dictionary<string, string>>();
        while (records.MoveNext())
        {
            var (fields, line) = records.Current;
            if (fields is [""]) continue;
            if (fields.Count != names.Count) throw new InvalidDataException($"Line {line} of the CSV file has {fields.Count} fields, but {names.Count} columns are named.");
            rows.Add(names.Zip(fields).Where(f => f.Second.Length > 0).ToDictionary(f => f.First, f => f.Second));
        }

        return JsonSerializer.SerializeToElement(rows);
    }

    private static IEnumerable<(List<string> Fields, int Line)> Records(string text)
    {
        var (field, fields) = (new StringBuilder(), new List<string>());
        var (quoted, line, start) = (false, 1, 1);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '\n') line++;
            if (quoted)
            {
                if (c != '"') field.Append(c);
                else if (i + 1 < text.Length && text[i + 1] == '"') field.Append(text[i++]);
                else quoted = false;
            }
            else if (c == '"' && field.Length == 0) quoted = true;
            else if (c == ',') End();
            else if (c == '\n')
            {
                End();
                yield return (fields, start);
                (fields, start) = ([], line);
            }
            else if (c != '\r' || (i + 1 < text.Length && text[i + 1] != '\n')) field.Append(c);
        }

        if (quoted) throw new InvalidDataException($"A quoted field that begins in the record at line {start} of the CSV file has no end.");
        if (field.Length > 0 || fields.Count > 0)
        {
            End();
            yield return (fields, start);
        }

        void End()
        {
            if (fields.Count >= MaxColumns) throw new InvalidDataException($"Line {line} of the CSV file has more than {MaxColumns} columns.");
            fields.Add(field.ToString());
            field.Clear();
        }
    }
}
