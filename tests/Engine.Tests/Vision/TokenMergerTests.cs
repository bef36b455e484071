using Studio.Engine.Torch;
using Studio.Engine.Vision;
using Xunit;
using static Studio.Engine.Torch.torch;

namespace Studio.Engine.Tests.Vision;

public sealed class TokenMergerTests
{
    public static TheoryData<string> Subcases =>
    [
        "clip4x64", "clip4x81", "clip4x100", "clip4x196", "clip4x256", "clip2x64", "wholevideo3x49", "image81", "image100", "image196", "image256",
    ];

    [Theory]
    [MemberData(nameof(Subcases))]
    public void Merge_Golden_FeaturesAndSizesAgree(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase("vcf_tome");
        var sub = golden.Info.GetProperty("subcases").EnumerateArray().Single(s => s.GetProperty("name").GetString() == name);
        var heads = golden.Info.GetProperty("params").GetProperty("vision_num_attention_heads").GetInt32();
        var target = sub.GetProperty("target_tokens").GetInt32();
        var features = Clips(golden[name + ".input"], golden[name + ".merged"].size(0));

        var merged = TokenMerger.Merge(features, target, heads, recordGroups: true);
        golden.AssertClose(name + ".merged", merged.Features);
        Assert.Equal(golden[name + ".size"].ToArray<float>(), merged.Sizes.ToArray<float>());
        AssertGroups(features, merged);
        Assert.Equal(
            sub.GetProperty("merge_schedule").EnumerateArray().Select(s => s.GetProperty("r").GetInt32()),
            TokenMerger.MergeSchedule((int)features.size(1), target));
    }

    [Theory]
    [InlineData(3136, 64, new[] { 1568, 784, 392, 196, 98, 34 })]
    [InlineData(784, 64, new[] { 392, 196, 98, 34 })]
    [InlineData(1024, 64, new[] { 512, 256, 128, 64 })]
    [InlineData(147, 48, new[] { 73, 26 })]
    [InlineData(256, 64, new[] { 128, 64 })]
    [InlineData(65, 64, new[] { 1 })]
    [InlineData(64, 64, new int[0])]
    public void MergeSchedule_OfTheSpec(int tokens, int target, int[] expected) => Assert.Equal(expected, TokenMerger.MergeSchedule(tokens, target));

    [Theory]
    [InlineData(63, 64, "cannot merge 63 tokens to 64")]
    [InlineData(10, 0, "cannot merge to 0 tokens")]
    public void MergeSchedule_Impossible_SaysSo(int tokens, int target, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => TokenMerger.MergeSchedule(tokens, target)).Message, StringComparison.Ordinal);

    [Fact]
    public void Merge_WrongShapes_AreRefused()
    {
        using var scope = NewDisposeScope();
        Assert.Contains("heads", Assert.Throws<ArgumentException>(() => TokenMerger.Merge(ones([1, 8, 6]), 4, 4)).Message, StringComparison.Ordinal);
        Assert.Contains("[8, 6]", Assert.Throws<ArgumentException>(() => TokenMerger.Merge(ones([8, 6]), 4, 2)).Message, StringComparison.Ordinal);
        Assert.Contains("cannot merge 8", Assert.Throws<ArgumentException>(() => TokenMerger.Merge(ones([1, 8, 6]), 9, 2)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 21, 5, 11)]
    [InlineData(3, 64, 16, 7)]
    [InlineData(2, 50, 49, 3)]
    [InlineData(2, 33, 1, 5)]
    [InlineData(2, 12, 12, 9)]
    public void Merge_Random_GroupsPartitionThePatchesAndAverageToTheTokens(int clips, int tokens, int target, int seed)
    {
        using var scope = NewDisposeScope();
        var features = Random(seed, clips, tokens, 12);
        AssertGroups(features, TokenMerger.Merge(features, target, 3, recordGroups: true));
    }

    [Fact]
    public void Merge_SmallerScoreBound_ChangesNothing()
    {
        using var scope = NewDisposeScope();
        var features = Random(5, 3, 101, 16);
        var whole = TokenMerger.Merge(features, 17, 4, recordGroups: true);

        // One clip's scores are 51 * 50 * 4 = 10,200 bytes: bounds for two clips, one clip, and a few rows of one.
        foreach (var bound in new long[] { 20_400, 10_200, 1_000, 1 })
        {
            var parts = TokenMerger.Merge(features, 17, 4, recordGroups: true, bound);
            Assert.Equal(whole.Features.ToArray<float>(), parts.Features.ToArray<float>());
            Assert.Equal(whole.Sizes.ToArray<int>(), parts.Sizes.ToArray<int>());
            for (var token = 0; token < 17; token++) Assert.Equal(whole.Groups!.Members(2, token), parts.Groups!.Members(2, token));
        }
    }

    [Fact]
    public void Merge_Batch_EqualsClipByClip()
    {
        using var scope = NewDisposeScope();
        var features = Random(8, 5, 196, 32);
        var together = TokenMerger.Merge(features, 64, 4);
        for (var clip = 0; clip < 5; clip++)
        {
            var alone = TokenMerger.Merge(features.narrow(0, clip, 1), 64, 4);
            Assert.Equal(together.Features.select(0, clip).ToArray<float>(), alone.Features.ToArray<float>());
            Assert.Equal(together.Sizes.select(0, clip).ToArray<int>(), alone.Sizes.ToArray<int>());
        }
    }

    [Theory]
    [InlineData(1.0)] // every cosine is 1
    [InlineData(0.0)] // zero vectors: every cosine is defined as 0
    public void Merge_ConstantClip_TiesGoToTheLowest(double value)
    {
        using var scope = NewDisposeScope();
        var merged = TokenMerger.Merge(full([1, 8, 4], value), 6, 2, recordGroups: true);

        // A is 0 2 4 6; the first two of the tied ranking join the first B, which is 1. Then 4 and 6, then B in place.
        Assert.Equal([1, 1, 3, 1, 1, 1], merged.Sizes.ToArray<int>());
        int[][] expected = [[4], [6], [0, 1, 2], [3], [5], [7]];
        for (var token = 0; token < 6; token++) Assert.Equal(expected[token], merged.Groups!.Members(0, token));
        Assert.All(merged.Features.ToArray<float>(), f => Assert.Equal((float)value, f));
    }

    [Fact]
    public void Merge_ZeroVectorsAmongOthers_StayFinite()
    {
        using var scope = NewDisposeScope();
        var features = Random(2, 1, 40, 8);
        features.narrow(1, 3, 9).zero_();
        var merged = TokenMerger.Merge(features, 16, 2, recordGroups: true);
        Assert.All(merged.Features.ToArray<float>(), f => Assert.True(float.IsFinite(f)));
        AssertGroups(features, merged);
    }

    [Fact]
    public void Merge_SixteenBitFeatures_CountBeyond256()
    {
        using var scope = NewDisposeScope();
        var merged = TokenMerger.Merge(full([1, 1200, 4], 0.5, ScalarType.BFloat16), 64, 2);
        Assert.Equal(ScalarType.BFloat16, merged.Features.dtype);
        Assert.Equal(1200, merged.Sizes.ToArray<int>().Sum());
        Assert.InRange(merged.Sizes.ToArray<int>().Max(), 600, 1200);
        Assert.All(merged.Features.ToArray<float>(), f => Assert.Equal(0.5f, f));
    }

    [Fact]
    public void Merge_Gradient_IsTheTokensShareOfEachPatch()
    {
        using var scope = NewDisposeScope();
        var features = Random(4, 1, 20, 4).requires_grad_();
        var merged = TokenMerger.Merge(features, 6, 2, recordGroups: true);
        merged.Features.sum().backward();
        var gradient = features.grad!.ToArray<float>();
        var sizes = merged.Sizes.ToArray<int>();
        for (var patch = 0; patch < 20; patch++) Assert.Equal(1f / sizes[merged.Groups!.TokenOf(0, patch)], gradient[patch * 4], 1e-6f);
    }

    [Fact]
    public void IndexPutAccumulate_TheCardsSum_EqualsIndexAdd()
    {
        using var scope = NewDisposeScope();
        var index = tensor(new long[] { 2, 0, 2, 1, 2 });
        var values = Random(6, 5, 3).requires_grad_();
        var sums = zeros([4, 3]);
        TokenMerger.IndexPutAccumulate(sums, index, values);
        Assert.Equal(zeros([4, 3]).index_add_(0, index, values.detach()).ToArray<float>(), sums.detach().ToArray<float>());
        sums.narrow(0, 2, 1).sum().backward();
        Assert.Equal([1, 0, 1, 0, 1], values.grad!.select(1, 0).ToArray<float>());
    }

    [Fact]
    public void Groups_IndexOutOfRange_IsRefused()
    {
        using var scope = NewDisposeScope();
        var groups = TokenMerger.Merge(ones([1, 8, 4]), 4, 2, recordGroups: true).Groups!;
        Assert.Throws<ArgumentOutOfRangeException>(() => groups.Members(1, 0).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => groups.Members(0, 4).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => groups.TokenOf(0, 8));
    }

    /// <summary>Every patch is in exactly one group; a token is the mean of its group, and its size their number.</summary>
    private static void AssertGroups(Tensor features, MergeResult merged)
    {
        var (groups, width) = (merged.Groups!, (int)features.size(2));
        var (from, to, sizes) = (features.ToArray<float>(), merged.Features.ToArray<float>(), merged.Sizes.ToArray<int>());
        for (var clip = 0; clip < groups.Clips; clip++)
        {
            var seen = new HashSet<int>();
            for (var token = 0; token < groups.Tokens; token++)
            {
                var members = groups.Members(clip, token).ToArray();
                Assert.Equal(sizes[(clip * groups.Tokens) + token], members.Length);
                Assert.All(members, patch => Assert.True(seen.Add(patch) && groups.TokenOf(clip, patch) == token));
                for (var c = 0; c < width; c++)
                {
                    var mean = members.Average(patch => (double)from[(((clip * groups.Patches) + patch) * width) + c]);
                    Assert.Equal(mean, to[(((clip * groups.Tokens) + token) * width) + c], 1e-5);
                }
            }

            Assert.Equal(groups.Patches, seen.Count);
        }
    }

    /// <summary>Golden inputs are [frames, tokens, C]: the frames of a clip follow each other.</summary>
    internal static Tensor Clips(Tensor frames, long clips) => frames.reshape(clips, -1, frames.size(2));

    internal static Tensor Random(int seed, params long[] shape)
    {
        var random = new Random(seed);
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        for (var k = 0; k < values.Length; k++) values[k] = (random.NextSingle() * 4) - 2;
        return tensor(values, shape);
    }
}
