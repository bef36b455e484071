using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Studio.Benchmarks.Evaluation.Scoring;

namespace Studio.Benchmarks.Evaluation;

/// <summary>Controls of a multiple-choice task: how much of a score needs no video, hangs on the order of the options, or is luck.</summary>
public static class Variants
{
    /// <summary>Whether a document can be shuffled and answered at random: it has at least two options.</summary>
    public static bool AppliesTo(EvalDocument document) => document?.Options.Count > 1;

    /// <summary>The same prompt without the video.</summary>
    public static EvalPrompt Blind(EvalPrompt prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return prompt with { ShowsVideo = false };
    }

    /// <summary>
    /// The document with its options in an order that seed and id decide; labels inside option texts stay at their places, and options that
    /// stand in the question are moved there. A document with fewer than two options stays as it is.
    /// </summary>
    public static EvalDocument Shuffled(EvalDocument document, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(document);
        if (!AppliesTo(document)) return document;
        var order = Order(document, seed);
        var options = OptionLabels.Reorder(document.Options, order);
        int? gold = document.Gold is { } old ? Array.IndexOf(order, old) : null;
        return document with
        {
            Options = options,
            Gold = gold,
            Question = Asked(document, options),
            Answer = gold is not { } at ? document.Answer : document.Answer == document.GoldLetter ? Letters.At(at) : options[at],
        };
    }

    /// <summary>The letter of an option drawn by seed and id.</summary>
    /// <exception cref="ArgumentException">The document has no options.</exception>
    public static string RandomAnswer(EvalDocument document, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(document);
        if (document.Options.Count == 0) throw new ArgumentException($"{document.Id} has no options to choose from.", nameof(document));
        return Letters.At((int)(Draw(document, seed, "choice", 0) % (uint)document.Options.Count));
    }

    /// <summary>Probability, 0 to 1, that an option drawn at random is the right one; 0 for open questions and where none of the options is right.</summary>
    public static double Chance(EvalDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return document.Gold is null || document.Options.Count == 0 ? 0 : 1.0 / document.Options.Count;
    }

    /// <summary>Fisher and Yates, from the last place down.</summary>
    private static int[] Order(EvalDocument document, ulong seed)
    {
        int[] order = [.. Enumerable.Range(0, document.Options.Count)];
        for (var i = order.Length - 1; i > 0; i--)
        {
            var other = (int)(Draw(document, seed, "shuffle", i) % (uint)(i + 1));
            (order[i], order[other]) = (order[other], order[i]);
        }

        return order;
    }

    /// <summary>32 bits that hang on nothing but seed, document and purpose: shards and order of work make no difference.</summary>
    private static uint Draw(EvalDocument document, ulong seed, string purpose, int step)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{purpose}/{seed}/{step}/{document.Part}/{document.Id}");
        return BinaryPrimitives.ReadUInt32LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    private static string Asked(EvalDocument document, IReadOnlyList<string> options)
    {
        string Lines(IReadOnlyList<string> texts) => string.Join('\n', texts.Select((text, i) => $"({Letters.At(i)}) {text}"));
        return document.Question.Replace(Lines(document.Options), Lines(options), StringComparison.Ordinal);
    }
}
