using System.Globalization;
using System.Text.Json;

namespace Studio.Benchmarks.Evaluation;

/// <summary>Fields of an annotation row, with errors that name row and field.</summary>
internal readonly struct Row(JsonElement json, string place)
{
    public string Text(string name) => Get(name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString()!,
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        var other => throw Bad(name, "a text", other),
    };

    public string TextOr(string name, string fallback) => Has(name) ? Text(name) : fallback;

    public bool Has(string name) => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined);

    public bool IsText(string name) => Get(name).ValueKind == JsonValueKind.String;

    public double Number(string name) => Get(name) switch
    {
        { ValueKind: JsonValueKind.Number } number => number.GetDouble(),
        { ValueKind: JsonValueKind.String } text when double.TryParse(text.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        var other => throw Bad(name, "a number", other),
    };

    public int Whole(string name)
    {
        var number = Number(name);
        return number == Math.Floor(number) && Math.Abs(number) <= int.MaxValue ? (int)number : throw Bad(name, "a whole number", Get(name));
    }

    public IReadOnlyList<JsonElement> List(string name) => Get(name) is { ValueKind: JsonValueKind.Array } array ? [.. array.EnumerateArray()]
        : throw Bad(name, "a list", Get(name));

    public IReadOnlyList<string> Texts(string name)
    {
        var place1 = place;
        return [.. List(name).Select(item => item.ValueKind switch
        {
            JsonValueKind.String => item.GetString()!,
            JsonValueKind.Number => item.GetRawText(),
            _ => throw new InvalidDataException($"{place1}: '{name}' has an entry that is no text: {Shown(item)}."),
        })];
    }

    /// <summary>Options: at least one, and no more than there are letters.</summary>
    public IReadOnlyList<string> Options(string name)
    {
        var options = Texts(name);
        return options.Count is > 0 and <= Letters.Max ? options
            : throw new InvalidDataException($"{place}: '{name}' has {options.Count} options; 1 to {Letters.Max} are possible.");
    }

    public (double Start, double End) Pair(string name)
    {
        var list = List(name);
        return list.Count == 2 && list.All(e => e.ValueKind == JsonValueKind.Number) ? (list[0].GetDouble(), list[1].GetDouble())
            : throw new InvalidDataException($"{place}: '{name}' must be two numbers, [start, end].");
    }

    public InvalidDataException Problem(string message) => new($"{place}: {message}");

    private JsonElement Get(string name) => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value
        : throw new InvalidDataException($"{place}: no field '{name}'. Is this the task's official annotation file?");

    private InvalidDataException Bad(string name, string wanted, JsonElement got) => new($"{place}: '{name}' must be {wanted}, not {Shown(got)}.");

    private static string Shown(JsonElement value)
    {
        var text = value.ValueKind == JsonValueKind.Undefined ? "nothing" : value.GetRawText();
        return text.Length > 60 ? text[..60] + "…" : text;
    }
}
