using System.Text;

namespace Studio.OpenAi;

/// <summary>Lets text through up to the first of some stop texts, holding back only what could still become one.</summary>
internal sealed class StopText(IReadOnlyList<string> stops)
{
    private readonly StringBuilder _held = new(); // shorter than the longest stop text

    /// <summary>Whether a stop text came.</summary>
    public bool IsHit { get; private set; }

    /// <summary>What may be shown of the text so far and was not yet.</summary>
    public string Append(string delta)
    {
        if (IsHit) return "";
        _ = _held.Append(delta);
        var text = _held.ToString();
        var at = stops.Select(s => text.IndexOf(s, StringComparison.Ordinal)).Where(i => i >= 0).DefaultIfEmpty(-1).Min();
        IsHit = at >= 0;
        var shown = IsHit ? at : text.Length - Tail(text);
        _ = _held.Clear();
        if (!IsHit) _ = _held.Append(text, shown, text.Length - shown);
        return text[..shown];
    }

    /// <summary>What was held back, when nothing more comes.</summary>
    public string Flush()
    {
        var text = _held.ToString();
        _ = _held.Clear();
        return text;
    }

    /// <summary>Length of the longest end of the text that begins a stop text.</summary>
    private int Tail(string text)
    {
        for (var length = Math.Min(text.Length, stops.Select(s => s.Length - 1).DefaultIfEmpty(0).Max()); length > 0; length--)
        {
            var end = text.AsSpan(text.Length - length);
            foreach (var stop in stops)
            {
                if (stop.AsSpan().StartsWith(end, StringComparison.Ordinal)) return length;
            }
        }

        return 0;
    }
}
