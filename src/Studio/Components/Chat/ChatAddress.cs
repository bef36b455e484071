using System.Globalization;
using Studio.Conversations;
using Studio.Data;

namespace Studio.Components.Chat;

/// <summary>The chat page's state as it stands in its address. What cannot be read is left out, never an error.</summary>
public sealed record ChatAddress
{
    /// <summary>Most videos that an address may attach.</summary>
    public const int MaxAttached = 16;

    /// <summary>Null for a new conversation.</summary>
    public string? ConversationId { get; init; }

    /// <summary>The message whose branch is shown.</summary>
    public string? MessageId { get; init; }

    /// <summary>Where the player stands, seconds.</summary>
    public double? Time { get; init; }

    /// <summary>The video in the player.</summary>
    public string? VideoId { get; init; }

    /// <summary>Videos attached to the next question.</summary>
    public IReadOnlyList<string> Attached { get; init; } = [];

    /// <summary>How to answer the next question; the second one is for the answer beside it.</summary>
    public AnswerSettings? Settings { get; init; }

    public AnswerSettings? SecondSettings { get; init; }

    /// <summary>Two settings answer side by side.</summary>
    public bool IsComparing { get; init; }

    /// <summary>What the history is searched for.</summary>
    public string? Query { get; init; }

    /// <summary>Page of the history.</summary>
    public int Page { get; init; } = 1;

    public bool IsHistoryHidden { get; init; }

    /// <summary>Another conversation, with the history as it is.</summary>
    public ChatAddress To(string? conversationId) =>
        new() { ConversationId = conversationId, Query = Query, Page = Page, IsHistoryHidden = IsHistoryHidden };

    public static ChatAddress Parse(string? conversationId, IReadOnlyDictionary<string, string?> query)
    {
        ArgumentNullException.ThrowIfNull(query);
        string? Text(string name) => query.TryGetValue(name, out var value) && !string.IsNullOrWhiteSpace(value) ? value : null;
        string? Id(string name) => Ids.IsValid(Text(name)) ? Text(name) : null;
        return new()
        {
            ConversationId = conversationId,
            MessageId = Id("m"),
            Time = double.TryParse(Text("t"), NumberStyles.Float, CultureInfo.InvariantCulture, out var time) && time >= 0 && double.IsFinite(time) ? time : null,
            VideoId = Id("v"),
            Attached = [.. (Text("video") ?? "").Split(',').Where(Ids.IsValid).Distinct().Take(MaxAttached)],
            // Links from elsewhere name a model and nothing more.
            Settings = SettingsQuery.Parse(Text("s")) ?? (Text("model") is { Length: <= 200 } model ? new() { Model = model } : null),
            SecondSettings = SettingsQuery.Parse(Text("s2")),
            IsComparing = Text("compare") == "1",
            Query = Text("q") is { } words ? words[..Math.Min(words.Length, 200)] : null,
            Page = int.TryParse(Text("p"), NumberStyles.None, CultureInfo.InvariantCulture, out var page) && page is >= 1 and <= 100_000 ? page : 1,
            IsHistoryHidden = Text("history") == "off",
        };
    }

    /// <summary>Relative to the studio's root.</summary>
    public override string ToString()
    {
        var query = new List<string>(); // bounded by the properties
        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value)) query.Add($"{name}={Escape(value)}");
        }

        Add("m", MessageId);
        Add("v", VideoId);
        Add("t", Time?.ToString("0.###", CultureInfo.InvariantCulture));
        Add("video", string.Join(',', Attached));
        Add("s", SettingsQuery.Format(Settings));
        Add("compare", IsComparing ? "1" : null);
        Add("s2", IsComparing ? SettingsQuery.Format(SecondSettings) : null);
        Add("q", Query);
        Add("p", Page > 1 ? Page.ToString(CultureInfo.InvariantCulture) : null);
        Add("history", IsHistoryHidden ? "off" : null);
        return $"chat{(ConversationId is null ? "" : "/" + ConversationId)}{(query.Count == 0 ? "" : "?" + string.Join('&', query))}";
    }

    /// <summary>Signs that may stand in a query as they are stay readable.</summary>
    private static string Escape(string value) =>
        Uri.EscapeDataString(value).Replace("%2C", ",", StringComparison.Ordinal).Replace("%3A", ":", StringComparison.Ordinal).Replace("%3B", ";", StringComparison.Ordinal);
}
