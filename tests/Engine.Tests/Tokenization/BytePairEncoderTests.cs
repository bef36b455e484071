using System.Text;
using Studio.Engine.Tokenization;
using Xunit;

namespace Studio.Engine.Tests.Tokenization;

public sealed class BytePairEncoderTests
{
    [Fact]
    public void Encode_WordOfAMegabyte_TakesLinearlyManyPairs()
    {
        var encoder = RandomEncoder(new Random(5), letters: 4, merges: 400, out _);
        var random = new Random(6);
        var word = new byte[1 << 20];
        for (var i = 0; i < word.Length; i++)
        {
            word[i] = (byte)random.Next(4);
        }

        var ids = new List<int>();
        var taken = encoder.Encode(word, ids);
        Assert.InRange(ids.Count, 1, word.Length * 3 / 4);
        Assert.InRange(taken, word.Length - ids.Count, 3 * word.Length);
    }

    [Fact]
    public void Encode_RandomWords_EqualsMergingTheBestPairAgainAndAgain()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            var encoder = RandomEncoder(random, letters: 3, merges: 30, out var merges);
            for (var round = 0; round < 20; round++)
            {
                var word = new byte[random.Next(40)];
                for (var i = 0; i < word.Length; i++)
                {
                    word[i] = (byte)random.Next(3);
                }

                var ids = new List<int>();
                encoder.Encode(word, ids);
                Assert.Equal(Slowly(word, merges), ids);
            }
        }
    }

    [Fact]
    public void Pair_TwoEqualTokens_HashApart()
    {
        var hashes = Enumerable.Range(0, 10_000).Select(id => BytePairEncoder.Pair(id, id).GetHashCode()).Distinct();
        Assert.InRange(hashes.Count(), 9_900, 10_000);
    }

    [Fact]
    public void Encode_AfterOtherIds_Appends()
    {
        var encoder = RandomEncoder(new Random(1), letters: 3, merges: 0, out _);
        List<int> ids = [99];
        encoder.Encode(Encoding.ASCII.GetBytes("\u0002\u0001"), ids);
        Assert.Equal([99, 2, 1], ids);
    }

    /// <summary>Bytes have their own value as id; merge r joins two random earlier tokens to id 256 + r.</summary>
    private static BytePairEncoder RandomEncoder(
        Random random, int letters, int merges, out Dictionary<ulong, BytePairEncoder.Merge> table)
    {
        table = [];
        List<int> tokens = [.. Enumerable.Range(0, letters)];
        while (table.Count < merges)
        {
            // Short tokens are preferred, so that most merges happen.
            var left = tokens[random.Next(random.Next(tokens.Count) + 1)];
            var pair = BytePairEncoder.Pair(left, tokens[random.Next(tokens.Count)]);
            if (table.TryAdd(pair, new BytePairEncoder.Merge(table.Count, 256 + table.Count)))
            {
                tokens.Add(255 + table.Count);
            }
        }

        return new BytePairEncoder([.. Enumerable.Range(0, 256)], table);
    }

    private static List<int> Slowly(byte[] word, Dictionary<ulong, BytePairEncoder.Merge> merges)
    {
        List<int> ids = [.. word.Select(value => (int)value)];
        while (true)
        {
            var best = -1;
            BytePairEncoder.Merge chosen = new(int.MaxValue, -1);
            for (var i = 0; i + 1 < ids.Count; i++)
            {
                if (merges.TryGetValue(BytePairEncoder.Pair(ids[i], ids[i + 1]), out var merge) && merge.Rank < chosen.Rank)
                {
                    (best, chosen) = (i, merge);
                }
            }

            if (best < 0)
            {
                return ids;
            }

            ids[best] = chosen.Result;
            ids.RemoveAt(best + 1);
        }
    }
}
