using System.Text;

namespace Studio.ModelHosting;

/// <summary>What a model card (README.md with a header between lines of three dashes) says in short.</summary>
internal static class ModelReadme
{
    /// <summary>More is not read.</summary>
    private const int MaxBytes = 64 * 1024;

    private const int MaxSummary = 600;

    /// <returns>Nulls where there is no card or it does not say.</returns>
    public static (string? Licence, string? Summary) Read(string folder)
    {
        var file = new FileInfo(Path.Combine(folder, "README.md"));
        try
        {
            if (!file.Exists) return default;
            using var stream = file.OpenRead();
            var buffer = new byte[(int)Math.Min(file.Length, MaxBytes)];
            var read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            return Parse(Encoding.UTF8.GetString(buffer.AsSpan(0, read)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }

    internal static (string? Licence, string? Summary) Parse(string text)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        var at = 0;
        string? licence = null;
        if (lines[0].Trim() == "---")
        {
            for (at = 1; at < lines.Length && lines[at].Trim() != "---"; at++)
            {
                if (lines[at].StartsWith("license:", StringComparison.Ordinal)) licence = Plain(lines[at][8..].Trim().Trim('"', '\''), 100);
            }

            at++;
        }

        // The first lines that are prose: no heading, list, picture, table, quotation, code or markup.
        var prose = lines.Skip(at).Select(l => l.Trim()).SkipWhile(l => l.Length == 0 || "#-*|>!<[`=".Contains(l[0], StringComparison.Ordinal)).TakeWhile(l => l.Length > 0);
        return (licence, Plain(string.Join(' ', prose), MaxSummary));
    }

    private static string? Plain(string text, int max)
    {
        text = new(text.Where(c => !char.IsControl(c)).Take(max).ToArray());
        return text.Length == 0 ? null : text;
    }
}
