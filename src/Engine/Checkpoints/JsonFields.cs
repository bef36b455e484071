using System.Text.Json;

namespace Studio.Engine.Checkpoints;

/// <summary>Typed, bounded reading of one JSON object; each complaint names file, key, expected and found.</summary>
internal readonly struct JsonFields
{
    /// <summary>Configuration files have a few kilobytes; a weight map of a large model a few hundred.</summary>
    public const long MaxFileLength = 64 * 1024 * 1024;

    private readonly JsonElement _element;
    private readonly string _prefix;

    private JsonFields(string file, JsonElement element, string prefix)
    {
        File = file;
        _element = element;
        _prefix = prefix;
    }

    public string File { get; }

    public JsonElement Element => _element;

    /// <summary>Reads a file and hands its root object to <paramref name="read"/>.</summary>
    public static T Read<T>(string path, Func<JsonFields, T> read)
    {
        var info = new FileInfo(path);
        if (!info.Exists)
        {
            throw new CheckpointException(new CheckpointProblem(path, "file", "a JSON file", "no such file"));
        }

        if (info.Length > MaxFileLength)
        {
            throw new CheckpointException(
                new CheckpointProblem(path, "file length", $"at most {MaxFileLength} bytes", $"{info.Length}"));
        }

        try
        {
            using var document = JsonDocument.Parse(
                System.IO.File.ReadAllBytes(path), new JsonDocumentOptions { AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? read(new JsonFields(path, document.RootElement, ""))
                : throw new CheckpointException(
                    new CheckpointProblem(path, "file", "a JSON object", $"{document.RootElement.ValueKind}"));
        }
        catch (JsonException exception)
        {
            throw new CheckpointException(new CheckpointProblem(path, "file", "valid JSON", exception.Message), exception);
        }
    }

    /// <summary>Whether the key is there with a value other than null.</summary>
    public bool Has(string key) => TryGet(key, out _);

    public JsonFields? Object(string key)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Object
            ? new JsonFields(File, value, $"{_prefix}{key}.")
            : throw Wrong(key, "an object", value);
    }

    public string String(string key, string? fallback = null)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return fallback ?? throw Missing(key, "a string");
        }

        return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(key, "a string", value);
    }

    public bool Bool(string key, bool fallback)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return fallback;
        }

        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw Wrong(key, "true or false", value);
    }

    public bool? OptionalBool(string key) => Has(key) ? Bool(key, false) : null;

    public int Int(string key, int min, int max, int? fallback = null) =>
        OptionalInt(key, min, max) ?? fallback ?? throw Missing(key, $"a whole number from {min} to {max}");

    public int? OptionalInt(string key, int min, int max)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= min && number <= max
            ? number
            : throw Wrong(key, $"a whole number from {min} to {max}", value);
    }

    /// <summary>A finite number in [<paramref name="min"/>, <paramref name="max"/>].</summary>
    public double Double(string key, double min, double max, double? fallback = null) =>
        OptionalDouble(key, min, max) ?? fallback ?? throw Missing(key, $"a number from {min} to {max}");

    public double? OptionalDouble(string key, double min, double max)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number >= min && number <= max
            ? number
            : throw Wrong(key, $"a number from {min} to {max}", value);
    }

    /// <summary>A list of whole numbers, or one bare number read as a list of one; empty when absent.</summary>
    public IReadOnlyList<int> Ints(string key, int min, int max)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return [];
        }

        IEnumerable<JsonElement> items = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [value];
        var numbers = new List<int>();
        foreach (JsonElement item in items)
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out int number) || number < min || number > max)
            {
                throw Wrong(key, $"whole numbers from {min} to {max}", value);
            }

            numbers.Add(number);
        }

        return numbers;
    }

    public IReadOnlyList<double> Doubles(string key)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return [];
        }

        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.Number))
        {
            throw Wrong(key, "a list of numbers", value);
        }

        return [.. value.EnumerateArray().Select(item => item.GetDouble())];
    }

    /// <summary>A list of strings.</summary>
    public IReadOnlyList<string> Strings(string key, IReadOnlyList<string> fallback)
    {
        if (!TryGet(key, out JsonElement value))
        {
            return fallback;
        }

        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String))
        {
            throw Wrong(key, "a list of strings", value);
        }

        return [.. value.EnumerateArray().Select(item => item.GetString()!)];
    }

    public string? Raw(string key) => TryGet(key, out JsonElement value) ? value.GetRawText() : null;

    public CheckpointException Problem(string key, string expected, string found, string? remedy = null) =>
        new(new CheckpointProblem(File, _prefix + key, expected, found, remedy));

    private CheckpointException Missing(string key, string expected) => Problem(key, expected, "nothing");

    private CheckpointException Wrong(string key, string expected, JsonElement value)
    {
        string text = value.GetRawText();
        return Problem(key, expected, text.Length <= 80 ? text : $"{text[..80]}…");
    }

    private bool TryGet(string key, out JsonElement value) =>
        _element.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null;
}
