using System.Text.Json;
using Studio.Conversations;

namespace Studio.OpenAi;

/// <summary>A video or image of a message.</summary>
/// <param name="Url">The string element, still in the request's own bytes: a data URL is not copied to a string.</param>
/// <param name="Field">Where it stands, for messages.</param>
internal sealed record MediaPart(JsonElement Url, string Field);

/// <summary>What one side said.</summary>
internal sealed record SpokenTurn(bool IsUser, string Text, IReadOnlyList<MediaPart> Media);

/// <summary>A chat completion as asked for.</summary>
/// <param name="System">All system and developer messages; null when there are none.</param>
/// <param name="Turns">User and assistant in turn, the user first and last.</param>
/// <param name="Stop">Texts at which the answer ends; they are not part of it.</param>
/// <param name="Trace">Whether to keep the answer, with its trace, as a conversation.</param>
internal sealed record ChatRequest(
    string? Model, string? System, IReadOnlyList<SpokenTurn> Turns, AnswerSettings Settings, IReadOnlyList<string> Stop, bool Stream, bool IncludeUsage, bool Trace)
{
    public const int MaxMessages = 2000;

    public const int MaxStops = 4;

    private const int MaxStopLength = 200;

    /// <summary>Fields that would change the answer and are not offered; asking for their neutral value is no request.</summary>
    private static readonly (string Name, Func<JsonElement, bool> IsNeutral)[] s_unsupported =
    [
        ("tools", e => e.ValueKind == JsonValueKind.Array && e.GetArrayLength() == 0),
        ("functions", e => e.ValueKind == JsonValueKind.Array && e.GetArrayLength() == 0),
        ("logprobs", e => e.ValueKind == JsonValueKind.False),
        ("top_logprobs", e => e.ValueKind == JsonValueKind.Number && e.GetDouble() == 0),
        ("logit_bias", e => e.ValueKind == JsonValueKind.Object && !e.EnumerateObject().Any()),
        ("frequency_penalty", e => e.ValueKind == JsonValueKind.Number && e.GetDouble() == 0),
        ("presence_penalty", e => e.ValueKind == JsonValueKind.Number && e.GetDouble() == 0),
        ("response_format", e => e.ValueKind == JsonValueKind.Object && e.TryGetProperty("type", out var t) && t.ValueEquals("text")),
        ("modalities", e => e.ValueKind == JsonValueKind.Array && e.EnumerateArray().All(m => m.ValueKind == JsonValueKind.String && m.ValueEquals("text"))),
        ("audio", _ => false),
        ("prediction", _ => false),
    ];

    /// <exception cref="OpenAiException">400; the field is named.</exception>
    public static ChatRequest Parse(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object) throw OpenAiException.Invalid("body", "the body must be a JSON object");
        foreach (var (name, isNeutral) in s_unsupported)
        {
            if (Get(body, name) is { } value && !isNeutral(value)) throw OpenAiException.Unsupported(name, $"'{name}' is not supported here; leave it out");
        }

        if (Integer(body, "n") is { } n and not 1)
        {
            throw OpenAiException.Unsupported("n", $"n is {n}: one answer is made a request; send the request {(n > 1 ? $"{n} times with different seeds" : "with n = 1")}");
        }

        var (system, turns) = Messages(body);
        var (settings, trace) = ReadSettings(body);
        var counts = Get(body, "stream_options") is { ValueKind: JsonValueKind.Object } options && (Flag(options, "include_usage") ?? false);
        return new(Text(body, "model"), system, turns, settings, Stops(body), Flag(body, "stream") ?? false, counts, trace);
    }

    private static (string? System, List<SpokenTurn> Turns) Messages(JsonElement body)
    {
        if (Get(body, "messages") is not { ValueKind: JsonValueKind.Array } messages || messages.GetArrayLength() == 0)
        {
            throw OpenAiException.Invalid("messages", "messages must be a list with at least one message");
        }

        if (messages.GetArrayLength() > MaxMessages)
        {
            throw OpenAiException.Invalid("messages", $"{messages.GetArrayLength()} messages were sent; at most {MaxMessages} are read");
        }

        var (system, turns, at) = (new List<string>(), new List<SpokenTurn>(), 0); // bounded by MaxMessages
        foreach (var message in messages.EnumerateArray())
        {
            var field = $"messages[{at++}]";
            var role = message.ValueKind == JsonValueKind.Object ? Text(message, "role") : null;
            var (text, media) = Content(message, field);
            switch (role)
            {
                case "system" or "developer":
                    if (media.Count > 0) throw OpenAiException.Invalid(field, $"{field}: a system message has text only");
                    system.Add(text);
                    break;
                case "user":
                    Say(turns, new(true, text, media));
                    break;
                case "assistant":
                    if (media.Count > 0) throw OpenAiException.Invalid(field, $"{field}: an assistant message has text only");
                    if (turns.Count == 0) throw OpenAiException.Invalid(field, $"{field}: a conversation begins with the user");
                    Say(turns, new(false, text, []));
                    break;
                default:
                    throw OpenAiException.Invalid($"{field}.role", $"{field}.role is '{role}'; use system, developer, user or assistant");
            }
        }

        if (turns.Count == 0 || !turns[^1].IsUser) throw OpenAiException.Invalid("messages", "the last message must be the user's");
        if (turns.FindIndex(t => t.IsUser && string.IsNullOrWhiteSpace(t.Text)) is >= 0 and var empty)
        {
            throw OpenAiException.Invalid("messages", $"the user's turn {(empty / 2) + 1} has no text; ask something about what is attached");
        }

        return (system.Count == 0 ? null : string.Join('\n', system), turns);
    }

    /// <summary>Two messages of one side are one turn.</summary>
    private static void Say(List<SpokenTurn> turns, SpokenTurn turn)
    {
        if (turns.Count > 0 && turns[^1].IsUser == turn.IsUser) turns[^1] = new(turn.IsUser, $"{turns[^1].Text}\n{turn.Text}".Trim(), [.. turns[^1].Media, .. turn.Media]);
        else turns.Add(turn);
    }

    private static (string Text, IReadOnlyList<MediaPart> Media) Content(JsonElement message, string field)
    {
        if (message.ValueKind != JsonValueKind.Object) throw OpenAiException.Invalid(field, $"{field} must be an object with role and content");
        var content = Get(message, "content");
        if (content is null) return ("", []);
        if (content.Value.ValueKind == JsonValueKind.String) return (content.Value.GetString()!, []);
        if (content.Value.ValueKind != JsonValueKind.Array) throw OpenAiException.Invalid($"{field}.content", $"{field}.content must be text or a list of parts");
        var (texts, media, at) = (new List<string>(), new List<MediaPart>(), 0); // bounded by the body
        foreach (var part in content.Value.EnumerateArray())
        {
            var name = $"{field}.content[{at++}]";
            var type = part.ValueKind == JsonValueKind.Object ? Text(part, "type") : null;
            if (type == "text") texts.Add(Text(part, "text") ?? throw OpenAiException.Invalid($"{name}.text", $"{name} has no text"));
            else if (type is "image_url" or "video_url") media.Add(new(Url(part, type, name), $"{name}.{type}"));
            else throw OpenAiException.Invalid($"{name}.type", $"{name}.type is '{type}'; use text, image_url or video_url");
        }

        return (string.Join('\n', texts), media);
    }

    /// <summary>Both forms in use: {"url": "…"} and the string itself.</summary>
    private static JsonElement Url(JsonElement part, string type, string name)
    {
        var value = Get(part, type);
        var url = value is { ValueKind: JsonValueKind.Object } o ? Get(o, "url") : value;
        return url is { ValueKind: JsonValueKind.String } found ? found : throw OpenAiException.Invalid($"{name}.{type}", $"{name}.{type} has no url");
    }

    private static (AnswerSettings Settings, bool Trace) ReadSettings(JsonElement body)
    {
        var (settings, trace) = Extension(body);
        settings = settings with
        {
            Temperature = Number(body, "temperature") ?? settings.Temperature,
            TopP = Number(body, "top_p") ?? settings.TopP,
            Seed = Integer(body, "seed") is { } seed ? unchecked((ulong)seed) : settings.Seed,
            MaxNewTokens = Count(body, "max_completion_tokens") ?? Count(body, "max_tokens") ?? settings.MaxNewTokens,
        };
        try
        {
            settings.Validate();
        }
        catch (ArgumentException e)
        {
            throw OpenAiException.Invalid("studio", e.Message);
        }

        return (settings, trace);
    }

    /// <summary>The fields that the studio adds. A misspelt one would silently change nothing, so that it is refused.</summary>
    private static (AnswerSettings Settings, bool Trace) Extension(JsonElement body)
    {
        if (Get(body, "studio") is not { } extension) return (new(), false);
        if (extension.ValueKind != JsonValueKind.Object) throw OpenAiException.Invalid("studio", "studio must be an object");
        var known = AnswerSettings.FieldNames;
        foreach (var field in extension.EnumerateObject())
        {
            if (field.Name != "trace" && (field.Name == "model" || !known.Contains(field.Name)))
            {
                throw OpenAiException.Invalid($"studio.{field.Name}", $"studio.{field.Name} is not known; there are trace, {string.Join(", ", known.Where(k => k != "model"))}");
            }
        }

        try
        {
            return (AnswerSettings.FromJson(extension.GetRawText()), Flag(extension, "trace") ?? false);
        }
        catch (JsonException e)
        {
            throw OpenAiException.Invalid($"studio{e.Path?.TrimStart('$')}", $"studio{e.Path?.TrimStart('$')} has not the form that is asked for");
        }
    }

    private static List<string> Stops(JsonElement body)
    {
        if (Get(body, "stop") is not { } stop) return [];
        List<string> stops = stop.ValueKind switch
        {
            JsonValueKind.String => [stop.GetString()!],
            JsonValueKind.Array when stop.EnumerateArray().All(s => s.ValueKind == JsonValueKind.String) => [.. stop.EnumerateArray().Select(s => s.GetString()!)],
            _ => throw OpenAiException.Invalid("stop", "stop must be a text or a list of texts"),
        };
        if (stops.Count > MaxStops) throw OpenAiException.Invalid("stop", $"{stops.Count} stop texts were given; at most {MaxStops} are looked for");
        if (stops.Any(s => s.Length is 0 or > MaxStopLength)) throw OpenAiException.Invalid("stop", $"a stop text has 1 to {MaxStopLength} characters");
        return stops;
    }

    private static JsonElement? Get(JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? Text(JsonElement body, string name) => Get(body, name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() : throw OpenAiException.Invalid(name, $"{name} must be text");

    private static bool? Flag(JsonElement body, string name) => Get(body, name) is not { } value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw OpenAiException.Invalid(name, $"{name} must be true or false");

    private static double? Number(JsonElement body, string name) => Get(body, name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number ? value.GetDouble() : throw OpenAiException.Invalid(name, $"{name} must be a number");

    private static long? Integer(JsonElement body, string name) => Get(body, name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var n) ? n : throw OpenAiException.Invalid(name, $"{name} must be a whole number");

    private static int? Count(JsonElement body, string name) => Integer(body, name) is not { } n ? null
        : n is >= 1 and <= int.MaxValue ? (int)n : throw OpenAiException.Invalid(name, $"{name} is {n}; give 1 or more");
}
