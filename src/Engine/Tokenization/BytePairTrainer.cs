using System.Text;

namespace Studio.Engine.Tokenization;

/// <summary>
/// Learns the merges of a small byte-level BPE vocabulary from text: again and again the pair that stands side by side most often
/// becomes one token (Sennrich et al., arXiv 1508.07909). Words are cut as <see cref="ByteLevelTokenizerWriter"/>'s vocabularies cut
/// them, so that no merge crosses a word. The same words in any order give the same merges.
/// </summary>
public sealed class BytePairTrainer
{
    /// <summary>Most distinct words that are kept; a text with more is too varied for a small vocabulary.</summary>
    public const int MaxWords = 200_000;

    private static readonly PreTokenizer s_words = PreTokenizer.ForPattern(QwenPreTokenizer.OneDigitPattern);

    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>Counts the words of a text.</summary>
    /// <exception cref="InvalidOperationException">There are more than <see cref="MaxWords"/> distinct words.</exception>
    public void Add(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ends = new List<int>(); // bounded by the text
        s_words.Split(text, ends);
        int start = 0;
        foreach (int end in ends)
        {
            string word = ByteLevelAlphabet.Spell(Encoding.UTF8.GetBytes(text[start..end]));
            _counts[word] = _counts.GetValueOrDefault(word) + 1;
            start = end;
        }

        if (_counts.Count > MaxWords)
        {
            throw new InvalidOperationException($"The texts have more than {MaxWords} distinct words; learn from fewer.");
        }
    }

    /// <summary>The merges in order of rank: at most <paramref name="count"/>, fewer where no pair stands together at least <paramref name="least"/> times.</summary>
    public IReadOnlyList<(string Left, string Right)> Learn(int count, long least = 2)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var words = _counts.OrderBy(w => w.Key, StringComparer.Ordinal).Select(w => (Parts: w.Key.Select(c => c.ToString()).ToList(), w.Value)).ToList();
        var merges = new List<(string, string)>();
        while (merges.Count < count && MostFrequent(words, least) is { } pair)
        {
            merges.Add(pair);
            foreach ((List<string> parts, _) in words)
            {
                Join(parts, pair);
            }
        }

        return merges;
    }

    /// <summary>Of equally frequent pairs the first by spelling, so that chance has no say.</summary>
    private static (string Left, string Right)? MostFrequent(List<(List<string> Parts, long Count)> words, long least)
    {
        var pairs = new Dictionary<(string, string), long>();
        foreach ((List<string> parts, long count) in words)
        {
            for (int i = 1; i < parts.Count; i++)
            {
                (string, string) pair = (parts[i - 1], parts[i]);
                pairs[pair] = pairs.GetValueOrDefault(pair) + count;
            }
        }

        (string, string)? best = null;
        long most = least - 1;
        foreach (((string, string) pair, long count) in pairs)
        {
            if (count > most || (count == most && best is { } b && Compare(pair, b) < 0))
            {
                (best, most) = (pair, count);
            }
        }

        return best;
    }

    private static int Compare((string Left, string Right) a, (string Left, string Right) b) =>
        string.CompareOrdinal(a.Left, b.Left) is var left and not 0 ? left : string.CompareOrdinal(a.Right, b.Right);

    private static void Join(List<string> parts, (string Left, string Right) pair)
    {
        for (int i = 1; i < parts.Count; i++)
        {
            if (parts[i - 1] == pair.Left && parts[i] == pair.Right)
            {
                parts[i - 1] += parts[i];
                parts.RemoveAt(i);
            }
        }
    }
}
