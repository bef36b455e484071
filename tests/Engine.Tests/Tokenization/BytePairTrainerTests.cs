using Studio.Engine.Tokenization;
using Xunit;

namespace Studio.Engine.Tests.Tokenization;

public sealed class BytePairTrainerTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"merges-{Guid.NewGuid():N}.json");

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Learn_ByHand_JoinsTheMostFrequentPairFirst()
    {
        // h+u: 6, u+g: 5 of "hug" and "pug", then hu+g: 3; p+u stands twice, as does hu+t, and comes later by spelling.
        var trainer = new BytePairTrainer();
        foreach (string word in new[] { "hug", "hug", "hug", "hut", "hut", "hum", "pug", "pug" })
        {
            trainer.Add(word);
        }

        Assert.Equal([("h", "u"), ("hu", "g"), ("hu", "t"), ("p", "u"), ("pu", "g")], trainer.Learn(10));
        Assert.Equal([("h", "u"), ("hu", "g")], trainer.Learn(2));
        Assert.Equal([("h", "u"), ("hu", "g")], trainer.Learn(10, least: 3));
    }

    [Fact]
    public void Learn_WordsInAnotherOrder_GivesTheSameMerges()
    {
        string[] words = "Which of these objects appears right after the mailbox? The crystal ball appears after the mailbox.".Split(' ');
        var forwards = new BytePairTrainer();
        var backwards = new BytePairTrainer();
        Array.ForEach(words, w => forwards.Add(" " + w));
        Array.ForEach(Enumerable.Reverse(words).ToArray(), w => backwards.Add(" " + w));
        Assert.NotEmpty(forwards.Learn(50));
        Assert.Equal(forwards.Learn(50), backwards.Learn(50));
    }

    [Fact]
    public void Learn_WrittenAndRead_CutsTextIntoWordsAndComesBackExactly()
    {
        var trainer = new BytePairTrainer();
        for (int i = 0; i < 3; i++)
        {
            trainer.Add("a yellow mailbox stands still in front of yellow stripes: 12:34, 'Grüße'");
        }

        IReadOnlyList<(string Left, string Right)> merges = trainer.Learn(500);
        ByteLevelTokenizerWriter.Write(_file, merges);
        var tokenizer = Tokenizer.Load(_file);
        Assert.Single(tokenizer.Encode(" mailbox"));
        Assert.Equal(2, tokenizer.Encode(" yellow mailbox").Length); // no merge crosses a word
        Assert.Equal(2, tokenizer.Encode("12").Length); // nor joins digits
        Assert.Equal("a yellow Grüße 🎈", tokenizer.Decode([.. tokenizer.Encode("a yellow Grüße 🎈")]));
    }

    [Fact]
    public void Add_MoreWordsThanAreKept_Throws()
    {
        var trainer = new BytePairTrainer();
        string text = string.Concat(Enumerable.Range(0, BytePairTrainer.MaxWords).Select(i => " " + string.Concat($"{i:x6}".Select(c => (char)('a' + Convert.ToInt32(c.ToString(), 16))))));
        trainer.Add(text);
        InvalidOperationException thrown = Assert.Throws<InvalidOperationException>(() => trainer.Add(" another"));
        Assert.Contains("200000", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Learn_Nothing_GivesNothing()
    {
        Assert.Empty(new BytePairTrainer().Learn(10));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BytePairTrainer().Learn(-1));
    }
}
