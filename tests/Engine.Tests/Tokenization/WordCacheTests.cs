using Studio.Engine.Tokenization;
using Xunit;

namespace Studio.Engine.Tests.Tokenization;

public sealed class WordCacheTests
{
    [Fact]
    public void Add_OneWordBeyondCapacity_StartsAnew()
    {
        var cache = new WordCache();
        for (var i = 0; i < WordCache.Capacity; i++)
        {
            cache.Add("w" + i, [i]);
        }

        Assert.Equal(WordCache.Capacity, cache.Count);
        cache.Add("one more", [7, 8]);
        Assert.Equal(1, cache.Count);
        Assert.True(cache.TryGet("one more", out var ids));
        Assert.Equal([7, 8], ids);
        Assert.False(cache.TryGet("w0", out _));
    }

    [Fact]
    public void Add_LongWord_IsNotKept()
    {
        var cache = new WordCache();
        cache.Add(new string('a', WordCache.MaxWordLength), [1]);
        cache.Add(new string('b', WordCache.MaxWordLength + 1), [2]);
        Assert.Equal(1, cache.Count);
    }

    [Fact]
    public void Encode_MoreWordsThanCapacity_StaysBoundedAndRight()
    {
        var tokenizer = TestTokenizers.LoadText(TestTokenizers.SmallFile().ToJsonString());
        for (var i = 0; i < WordCache.Capacity + 100; i++)
        {
            // Letters only: digits would be cut off as words of their own.
            var word = new string([.. i.ToString("D5").Select(digit => (char)(digit - '0' + 'p'))]) + "abc";
            Assert.Equal(6, tokenizer.Encode(word).Length);
            Assert.InRange(tokenizer.CachedWords, 1, WordCache.Capacity);
        }

        Assert.InRange(tokenizer.CachedWords, 1, 200);
    }

    [Fact]
    public void Encode_FromManyThreads_GivesSameIdsAndKeepsBound()
    {
        var tokenizer = TestTokenizers.LoadText(TestTokenizers.SmallFile().ToJsonString());
        var text = string.Join(' ', Enumerable.Range(0, 3000).Select(
            i => "abc" + new string((char)('A' + (i % 26)), 1 + (i / 26 % 40))));
        var expected = tokenizer.Encode(text);
        var wrong = 0;
        Parallel.For(0, 16, i =>
        {
            if (!tokenizer.Encode(text).AsSpan().SequenceEqual(expected) || tokenizer.CachedWords > WordCache.Capacity)
            {
                Interlocked.Increment(ref wrong);
            }
        });
        Assert.Equal(0, wrong);
    }
}
