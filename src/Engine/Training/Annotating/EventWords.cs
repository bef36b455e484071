using System.Text;

namespace Studio.Engine.Training.Annotating;

/// <summary>Compares short texts by the words they share.</summary>
internal static class EventWords
{
    private const int ShortestWord = 3;

    // Writing without spaces between words begins here (CJK); there each character counts as a word.
    private const char FirstIdeograph = '⺀';

    private static readonly HashSet<string> s_empty = new(
        ["the", "and", "with", "his", "her", "its", "their", "into", "onto", "from", "that", "this", "are", "was", "were", "for", "has", "have", "being", "while", "then", "there"],
        StringComparer.Ordinal);

    private static readonly string[] s_endings = ["ing", "ed", "es", "s"];

    /// <summary>The words of a text that mean something, without common endings.</summary>
    public static HashSet<string> Of(string text)
    {
        var words = new HashSet<string>(StringComparer.Ordinal);
        var word = new StringBuilder();
        foreach (char c in text.ToLowerInvariant())
        {
            if (c >= FirstIdeograph && char.IsLetter(c))
            {
                words.Add(c.ToString());
            }
            else if (char.IsLetterOrDigit(c))
            {
                word.Append(c);
                continue;
            }

            Finish();
        }

        Finish();
        return words;

        void Finish()
        {
            string whole = word.ToString();
            word.Clear();
            bool isNumber = whole.Length > 0 && char.IsDigit(whole[0]);
            if ((whole.Length >= ShortestWord || isNumber) && !s_empty.Contains(whole))
            {
                words.Add(Stem(whole));
            }
        }
    }

    /// <summary>Share of the event's words that a text has too, 0 to 1.</summary>
    public static double Share(HashSet<string> ofEvent, HashSet<string> text) => ofEvent.Count == 0 ? 0 : (double)ofEvent.Count(text.Contains) / ofEvent.Count;

    /// <summary>Words in both over words in either, 0 to 1.</summary>
    public static double Likeness(HashSet<string> a, HashSet<string> b)
    {
        int common = a.Count(b.Contains);
        return a.Count + b.Count == common ? 0 : (double)common / (a.Count + b.Count - common);
    }

    private static string Stem(string word)
    {
        foreach (string ending in s_endings)
        {
            if (word.Length >= ending.Length + ShortestWord && word.EndsWith(ending, StringComparison.Ordinal))
            {
                return word[..^ending.Length];
            }
        }

        return word;
    }
}
