using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Studio.Engine.Training.Annotating;

namespace Studio.Engine.Tests.Training.Annotating;

/// <summary>
/// Captions that name a coloured shape for each clip, and a writer that reads those captions off its prompts. Its answers depend on the prompt alone.
/// </summary>
internal sealed partial class FakeAnnotator : ICaptioner, IAnnotationWriter
{
    private static readonly string[] s_colours = ["red", "green", "blue", "yellow", "purple", "orange", "black", "white", "brown", "pink", "silver", "golden"];
    private static readonly string[] s_shapes = ["square", "circle", "triangle", "star", "cross", "ring", "heart", "arrow", "cube", "cone", "crescent", "spiral"];

    private readonly ConcurrentQueue<string> _asked = new();

    public string Identity { get; init; } = "fake";

    /// <summary>Looks at each prompt first; an answer other than null is given in place of the usual one.</summary>
    public Func<string, string?> Instead { get; set; } = _ => null;

    /// <summary>The caption of a clip that begins at so many seconds.</summary>
    public Func<double, string> Caption { get; init; } = start =>
    {
        int i = (int)(start / 14);
        return $"A {s_colours[i % 12]} {s_shapes[(i + (i / 12)) % 12]} rolls across the floor number{i}.";
    };

    /// <summary>What happens in a 10 s clip, and where: the same for clips 1 and 2, 3 and 4 …, and again after 12 of these.</summary>
    public static (string Event, string Scene) Activity(double start)
    {
        int k = (((int)start / 10) + 1) / 2;
        return ($"a {s_colours[k % 12]} {s_shapes[k % 12]} rolls", new[] { "kitchen", "garden", "cellar", "street" }[k / 4 % 4]);
    }

    /// <summary>What it was asked, in order.</summary>
    public IReadOnlyCollection<string> Asked => _asked;

    public Task<string> CaptionAsync(VideoClip clip, string prompt, CancellationToken cancellationToken)
    {
        string question = $"{Path.GetFileName(clip.Path)} {clip.Start:0.###}-{clip.End:0.###}";
        _asked.Enqueue(question);
        return Task.FromResult(Instead(question) ?? Caption(clip.Start));
    }

    public Task<string> WriteAsync(string prompt, CancellationToken cancellationToken)
    {
        _asked.Enqueue(prompt);
        return Task.FromResult(Instead(prompt) ?? Reply(prompt));
    }

    /// <summary>The usual answer to a writer's prompt.</summary>
    public static string Reply(string prompt)
    {
        (int Part, string Text)[] parts = [.. PartLine().Matches(prompt).Select(m => (int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture), m.Groups[2].Value.Trim()))];
        if (prompt.Contains("\"order\"", StringComparison.Ordinal))
        {
            var lettered = LetterLine().Matches(prompt).Select(m => (Letter: m.Groups[1].Value, Part: parts.First(p => p.Text.Contains(m.Groups[2].Value.Trim(), StringComparison.OrdinalIgnoreCase)).Part));
            return JsonSerializer.Serialize(new { order = lettered.OrderBy(l => l.Part).Select(l => l.Letter) });
        }

        if (LongVideo(prompt, parts) is { } reply)
        {
            return JsonSerializer.Serialize(reply);
        }

        if (prompt.Contains("\"part\"", StringComparison.Ordinal))
        {
            var chosen = parts.Where((_, i) => parts.Length <= 8 || i % 2 == 0).Take(8);
            return $"Here they are:\n```json\n{JsonSerializer.Serialize(new { events = chosen.Select(p => new { part = p.Part, @event = p.Text.TrimEnd('.') }) })}\n```";
        }

        return "D"; // a question without the video: seldom right
    }

    private static object? LongVideo(string prompt, (int Part, string Text)[] lines)
    {
        if (prompt.Contains("\"scene\"", StringComparison.Ordinal))
        {
            var events = new List<(int From, int To, string Event, string Scene)>();
            foreach ((int part, string text) in lines)
            {
                string[] two = text.Split(" in the ");
                if (events.Count > 0 && events[^1].Event == two[0] && events[^1].Scene == two[1].TrimEnd('.'))
                {
                    events[^1] = events[^1] with { To = part };
                }
                else
                {
                    events.Add((part, part, two[0], two[1].TrimEnd('.')));
                }
            }

            return new { events = events.Select(e => new { from = e.From, to = e.To, @event = e.Event, scene = e.Scene }) };
        }

        (int Part, string Name)[] named = [.. lines.Select(l => (l.Part, l.Text.Split(" (")[0]))];
        if (prompt.Contains("\"description\"", StringComparison.Ordinal))
        {
            return new { description = string.Join(", then ", named.Select(n => n.Name)) };
        }

        if (PairOfEvents().Match(prompt) is { Success: true } pair)
        {
            int[] two = [int.Parse(pair.Groups[1].Value, CultureInfo.InvariantCulture), int.Parse(pair.Groups[2].Value, CultureInfo.InvariantCulture)];
            return new { question = $"What connects {named[two[0] - 1].Name} and {named[two[1] - 1].Name}?", answer = $"{named[two[1] - 1].Name} comes later.", events = two };
        }

        if (prompt.Contains("\"supported\"", StringComparison.Ordinal))
        {
            return new { supported = true };
        }

        if (prompt.Contains("\"repeated\"", StringComparison.Ordinal))
        {
            return new { repeated = named.GroupBy(n => n.Name).Where(g => g.Count() > 1).Select(g => new { what = g.Key, events = g.Select(n => n.Part) }) };
        }

        int at = prompt.IndexOf("in which this happens: ", StringComparison.Ordinal);
        return at < 0 ? null : new { events = named.Where(n => prompt[at..].Contains($": {n.Name}\n", StringComparison.Ordinal) || prompt[at..].Contains($": {n.Name}\r", StringComparison.Ordinal)).Select(n => n.Part) };
    }

    [GeneratedRegex(@"""events"": \[(\d+), (\d+)\]\}", RegexOptions.CultureInvariant)]
    private static partial Regex PairOfEvents();

    [GeneratedRegex(@"^(\d+)\. \[[^\]]*\] (.*)$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex PartLine();

    [GeneratedRegex(@"^([A-H])\. (.*)$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex LetterLine();
}
