using Studio.Engine.Checkpoints;
using Xunit;

namespace Studio.Engine.Tests.Checkpoints;

public sealed class GenerationConfigTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_NoFile_IsGreedyWithoutPenalty()
    {
        GenerationConfig generation = GenerationConfig.Load(_folder.Path);

        Assert.False(generation.DoSample);
        Assert.Equal(1, generation.RepetitionPenalty);
        Assert.Empty(generation.EosTokenIds);
    }

    [Theory]
    [InlineData("7", new[] { 7 })]
    [InlineData("[7, 9]", new[] { 7, 9 })]
    [InlineData("null", new int[0])]
    public void Load_EndIds_AreOneOrSeveral(string json, int[] expected)
    {
        File.WriteAllText(_folder.File(GenerationConfig.FileName), $$"""{"eos_token_id": {{json}}, "top_k": 20}""");

        GenerationConfig generation = GenerationConfig.Load(_folder.Path);

        Assert.Equal(expected, generation.EosTokenIds);
        Assert.Equal(20, generation.TopK);
    }

    [Theory]
    [InlineData("""{"repetition_penalty": 0}""", "repetition_penalty")] // logits would be divided by zero
    [InlineData("""{"temperature": -1}""", "temperature")]
    [InlineData("""{"top_p": 1.5}""", "top_p")]
    [InlineData("""{"eos_token_id": [1.5]}""", "eos_token_id")]
    [InlineData("""{"do_sample": 1}""", "do_sample")]
    [InlineData("""[]""", "a JSON object")]
    public void Load_WrongValue_IsRefused(string json, string reason)
    {
        File.WriteAllText(_folder.File(GenerationConfig.FileName), json);

        Assert.Contains(reason, Assert.Throws<CheckpointException>(() => GenerationConfig.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("V3", 242)] // the published file's size, which fixed its repetition penalty at 1.1 (spec section 1.5)
    [InlineData("V1", 243)] // one character more: 1.05
    public void Save_PublishedGeometry_HasThePublishedSize(string variant, int bytes)
    {
        PublishedGeometries.Find(variant).Save(_folder.Path);

        Assert.Equal(bytes, new FileInfo(_folder.File(GenerationConfig.FileName)).Length);
        Assert.Equal(PublishedGeometries.Find(variant).Generation.ToJson(), GenerationConfig.Load(_folder.Path).ToJson());
    }
}
