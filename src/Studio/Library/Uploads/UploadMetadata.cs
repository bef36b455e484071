using System.Buffers.Text;
using System.Text;
using Studio.Api;

namespace Studio.Library.Uploads;

/// <summary>The <c>Upload-Metadata</c> header: pairs of a key and a value in base64, separated by commas (tus 1.0, "creation").</summary>
internal static class UploadMetadata
{
    private static readonly string[] s_nameKeys = ["filename", "name"];

    /// <param name="header">As sent; may be empty.</param>
    /// <exception cref="RequestException">It does not have this form.</exception>
    public static IReadOnlyDictionary<string, string> Parse(string header)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        if (header.Length == 0) return values;
        foreach (var pair in header.Split(','))
        {
            var parts = pair.Trim().Split(' ', 2);
            if (parts[0].Length == 0 || !parts[0].All(c => c is > ' ' and < (char)127)) throw Bad(header, "has an empty key or one that is not ASCII");
            var encoded = parts.Length == 2 ? parts[1].Trim() : "";
            if (!Base64.IsValid(encoded)) throw Bad(header, $"has a value of '{parts[0]}' that is not base64");
            if (!values.TryAdd(parts[0], Encoding.UTF8.GetString(Convert.FromBase64String(encoded)))) throw Bad(header, $"has the key '{parts[0]}' twice");
        }

        return values;
    }

    /// <summary>The file's name by the keys that clients use; "video" without one.</summary>
    public static string Name(IReadOnlyDictionary<string, string> values) =>
        FileNames.Clean(s_nameKeys.Select(k => values.GetValueOrDefault(k)).FirstOrDefault(v => !string.IsNullOrWhiteSpace(v)));

    public static string Format(string name) => $"filename {Convert.ToBase64String(Encoding.UTF8.GetBytes(name))}";

    private static RequestException Bad(string header, string why) =>
        RequestException.Invalid($"Upload-Metadata '{(header.Length > 100 ? header[..100] + "…" : header)}' {why}");
}
