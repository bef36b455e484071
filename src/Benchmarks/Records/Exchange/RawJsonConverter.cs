using System.Text.Json;
using System.Text.Json.Serialization;
using Studio.Benchmarks.Records.Store;

namespace Studio.Benchmarks.Records.Exchange;

/// <summary>A column that holds JSON, as JSON: character for character as it was. One that holds something else is a text.</summary>
internal sealed class RawJsonConverter : JsonConverter<string>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String) return reader.GetString();
        using var document = JsonDocument.ParseValue(ref reader);
        return document.RootElement.GetRawText();
    }

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (IsComposite(value)) writer.WriteRawValue(value, skipInputValidation: true);
        else writer.WriteStringValue(value);
    }

    private static bool IsComposite(string text)
    {
        if (!(text is ['{', .., '}'] or ['[', .., ']'])) return false;
        try
        {
            using var document = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

/// <summary>Free text in a form that JSON keeps: halves of surrogate pairs are escaped as in the database.</summary>
internal sealed class FreeTextConverter : JsonConverter<string>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => StorableText.Unescape(reader.GetString());

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStringValue(StorableText.Escape(value));
    }
}
