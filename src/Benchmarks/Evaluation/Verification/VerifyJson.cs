using System.Text.Encodings.Web;
using System.Text.Json;

namespace Studio.Benchmarks.Evaluation.Verification;

/// <summary>Fields of golden rows.</summary>
internal static class VerifyJson
{
    /// <summary>Texts stay readable in any script.</summary>
    public static JsonSerializerOptions Options { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static JsonSerializerOptions Indented { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = true };

    public static string? Text(this JsonElement row, string name) => row.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    public static double? Number(this JsonElement row, string name) => row.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    public static bool Flag(this JsonElement row, string name) => row.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    public static long[] Longs(this JsonElement row, string name) => [.. row.GetProperty(name).EnumerateArray().Select(e => e.GetInt64())];

    public static IEnumerable<JsonElement> List(this JsonElement row, string name) => row.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [];
}
