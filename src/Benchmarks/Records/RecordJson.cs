using System.Text.Json;
using System.Text.Json.Serialization;

namespace Studio.Benchmarks.Records;

/// <summary>JSON of what is kept in the results database: fields in the order of their type, texts as they are.</summary>
public static class RecordJson
{
    internal static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        // Standard errors of too few clusters are no number.
        NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public static string Text<T>(T value) => JsonSerializer.Serialize(value, Options);

    /// <exception cref="JsonException">It is no such value.</exception>
    public static T Read<T>(string json) => JsonSerializer.Deserialize<T>(json, Options) ?? throw new JsonException($"A {typeof(T).Name} is expected, not null.");
}
