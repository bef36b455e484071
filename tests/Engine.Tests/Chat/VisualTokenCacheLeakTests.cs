using System.Text;
using Studio.Engine.Chat;
using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Chat;

/// <summary>The counter of live tensors is the process's: these tests run while no other does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class VisualTokenCacheAlone
{
    public const string Name = "visual token cache leaks";
}

[Collection(VisualTokenCacheAlone.Name)]
public sealed class VisualTokenCacheLeakTests
{
    [Fact]
    public void Cache_HoldsOneTensorPerEntryInMemory_AndNoneAfterwards()
    {
        using var folder = new TestFolder();
        var atStart = Tensor.LiveCount;
        using (var cache = new VisualTokenCache(folder.Path))
        {
            for (var i = 0; i < 5; i++)
            {
                using var media = CacheParts.Video($"k{i}", type: ScalarType.BFloat16);
                cache.Put(media);
                Assert.Equal(atStart + i + 1, Tensor.LiveCount);
                cache.TryGet($"k{i}")!.Dispose();
                Assert.Null(cache.TryGet("none"));
            }

            Assert.Equal(atStart + 5, Tensor.LiveCount);
        }

        Assert.Equal(atStart, Tensor.LiveCount);
        using (var cache = new VisualTokenCache(folder.Path))
        {
            for (var i = 0; i < 5; i++) cache.TryGet($"k{i}")!.Dispose();
            Assert.Equal(atStart + 5, Tensor.LiveCount);
            cache.Clear();
            Assert.Equal(atStart, Tensor.LiveCount);
        }
    }

    [Fact]
    public void TryGet_InsideAScope_GivesTokensThatOutliveIt()
    {
        using var folder = new TestFolder();
        var atStart = Tensor.LiveCount;
        using (var cache = new VisualTokenCache(folder.Path, memoryBytes: 0))
        {
            EncodedMedia found;
            using (torch.NewDisposeScope())
            {
                using var media = CacheParts.Video("a");
                cache.Put(media);
                found = cache.TryGet("a")!;
            }

            Assert.Equal(0.1f, found.Tokens.ToArray<float>()[0]);
            found.Dispose();
        }

        Assert.Equal(atStart, Tensor.LiveCount);
    }

    [Theory]
    [InlineData("\"GridHeight\":2", "\"GridHeight\":5")] // the owners do not fit any more
    [InlineData("\"Kind\":\"Video\"", "\"Kind\":\"Radio\"")]
    [InlineData("\"Kind\":\"Video\",", "")]
    [InlineData("\"Indices\":[0,", "\"Indices\":[")]
    [InlineData("\"Key\":\"a\"", "\"Key\":\"b\"")]
    public void TryGet_SoundChecksumOverWrongProvenance_IsAMissAndLeavesNothing(string right, string wrong)
    {
        using var folder = new TestFolder();
        using (var writer = new VisualTokenCache(folder.Path))
        using (var media = CacheParts.Video("a"))
        {
            writer.Put(media);
        }

        Rewrite(Assert.Single(folder.Files), text => text.Replace(right, wrong, StringComparison.Ordinal));
        using var reader = new VisualTokenCache(folder.Path);
        var before = Tensor.LiveCount;
        Assert.Null(reader.TryGet("a"));
        Assert.Equal(before, Tensor.LiveCount);
        Assert.Equal(1, reader.Statistics.DamagedFiles);
        Assert.Empty(folder.Files);
    }

    [Fact]
    public void TryGet_RewrittenWithoutAChange_IsAHit()
    {
        using var folder = new TestFolder();
        using var cache = new VisualTokenCache(folder.Path, memoryBytes: 0);
        using (var media = CacheParts.Video("a")) cache.Put(media);
        Rewrite(Assert.Single(folder.Files), text => text);
        cache.TryGet("a")!.Dispose(); // the rewriting itself is sound, so that the cases above fail for their own reasons
    }

    private static void Rewrite(string path, Func<string, string> change)
    {
        using var file = SafetensorsFile.Open(path);
        var (tokens, owners) = (file.Tensors["tokens"], file.Tensors["owners"]);
        var text = change(file.Metadata[VisualTokenCacheFile.ProvenanceKey]);
        var checksum = new ContentCacheChecksum();
        checksum.Append([.. Encoding.UTF8.GetBytes(text), .. file.Bytes(tokens), .. file.Bytes(owners)]);
        var metadata = new Dictionary<string, string>(file.Metadata)
        {
            [VisualTokenCacheFile.ProvenanceKey] = text,
            [VisualTokenCacheFile.ChecksumKey] = checksum.Text,
        };
        using var writer = SafetensorsWriter.Create(path, [new("tokens", tokens.Dtype, tokens.Shape), new("owners", owners.Dtype, owners.Shape)], metadata);
        writer.Write("tokens", file.Bytes(tokens));
        writer.Write("owners", file.Bytes(owners));
        writer.Commit();
    }
}
