namespace Studio.Engine.World;

/// <summary>Which letter the right option gets, and whether a yes-no question is answered with yes.</summary>
/// <param name="Letter">0 to 3.</param>
/// <param name="Yes">Whether the answer of a yes-no question is yes.</param>
public readonly record struct WorldBalance(int Letter, bool Yes);

/// <summary>
/// Questions about a script. The wrong options come from the same set as the right one and by the same rule, so that nothing but the
/// video tells them apart: without it every option is equally likely.
/// </summary>
public static class WorldQuestions
{
    /// <summary>Options of a lettered question that is not answered with yes or no.</summary>
    public const int Options = 4;

    /// <summary>
    /// The questions that a script answers: first the one that it was composed for, then whether something is shown, which object is
    /// shown, and what colour it has, where these have one certain answer.
    /// </summary>
    /// <param name="script">The video.</param>
    /// <param name="seed">Chooses wordings, wrong options, letters and what exactly is asked.</param>
    /// <param name="form">Open or lettered; null leaves it to the seed. A kind that has only one form keeps it.</param>
    /// <param name="balance">Letter and polarity of the first question; null leaves them to the seed.</param>
    public static IReadOnlyList<WorldQuestion> For(WorldScript script, ulong seed, WorldForm? form = null, WorldBalance? balance = null)
    {
        ArgumentNullException.ThrowIfNull(script);
        var questions = new List<WorldQuestion> { Ask(script, script.Kind, seed, form, balance) };
        foreach (WorldKind kind in (ReadOnlySpan<WorldKind>)[WorldKind.Presence, WorldKind.Appears, WorldKind.Colour])
        {
            if (kind != script.Kind && Fits(script, kind))
            {
                questions.Add(Ask(script, kind, seed, form, null));
            }
        }

        return questions;
    }

    /// <summary>The question that a script was composed for.</summary>
    public static WorldQuestion Main(WorldScript script, ulong seed, WorldForm? form = null, WorldBalance? balance = null)
    {
        ArgumentNullException.ThrowIfNull(script);
        return Ask(script, script.Kind, seed, form, balance);
    }

    private static WorldQuestion Ask(WorldScript script, WorldKind kind, ulong seed, WorldForm? form, WorldBalance? balance)
    {
        var random = new WorldRandom(WorldRandom.Hash(seed, script.Seed, (ulong)kind));

        // Drawn whether used or not: the rest of the question stays the same when a form or a letter is asked for.
        (int letter, bool yes, bool lettered) = (random.Below(Options), random.Chance(50), random.Chance(50));
        var writer = new QuestionWriter(
            script, random, (form ?? (lettered ? WorldForm.Lettered : WorldForm.Open)) == WorldForm.Lettered, balance ?? new WorldBalance(letter, yes));
        return kind is WorldKind.Needle or WorldKind.Chain ? CardQuestions.Ask(writer, kind) : ShotQuestions.Ask(writer, kind);
    }

    /// <summary>Whether a further question about a script has one certain answer.</summary>
    private static bool Fits(WorldScript script, WorldKind kind)
    {
        WorldActor[] mains = [.. script.Segments.OfType<WorldShot>().SelectMany(s => s.Actors).Where(a => a.Role == WorldRole.Main)];
        return kind switch
        {
            WorldKind.Presence or WorldKind.Appears => mains.Length > 0 || script.Segments.Any(s => s is WorldCard),
            _ => mains.Length > 0 && mains.All(m => m.Instance.Tint > 0 && m.Instance.ObjectId == mains[0].Instance.ObjectId),
        };
    }
}
