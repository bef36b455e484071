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

    /// <summary>What it was asked, in order.</summary>
    public IReadOnlyCollection<string> Asked => _asked;

    public Task<string> CaptionAsync(VideoClip clip, string prompt, CancellationToken cancellationToken)
    {
        string question = $"{Path.GetFileName(clip.Path)} {clip.Start:0.###}-{clip.End:0.###}";
        _asked.Enqueue(question);
        int i = (int)(clip.Start / 14);
        return Task.FromResult(Instead(question) ?? $"A {s_colours[i % 12]} {s_shapes[(i + (i / 12)) % 12]} rolls across the floor number{i}.");
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

        if (prompt.Contains("\"part\"", StringComparison.Ordinal))
        {
            var chosen = parts.Where((_, i) => parts.Length <= 8 || i % 2 == 0).Take(8);
            return $"Here they are:\n```json\n{JsonSerializer.Serialize(new { events = chosen.Select(p => new { part = p.Part, @event = p.Text.TrimEnd('.') }) })}\n```";
        }

        return "D"; // a question without the video: seldom right
    }

    [GeneratedRegex(@"^(\d+)\. \[[^\]]*\] (.*)$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex PartLine();

    [GeneratedRegex(@"^([A-H])\. (.*)$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex LetterLine();
}
