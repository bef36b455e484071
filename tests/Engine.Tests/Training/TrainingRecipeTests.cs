using Studio.Engine.Training;
using Xunit;

namespace Studio.Engine.Tests.Training;

public sealed class TrainingRecipeTests
{
    private static readonly string s_folder = Path.Combine(Root(), "data", "recipes");

    [Fact]
    public void Load_PublishedScale_HasTheOriginalsValues()
    {
        TrainingRecipe recipe = TrainingRecipe.Load(Path.Combine(s_folder, "videochat-flash-7b.json"));
        Assert.Equal([512, 256, 256, 256], recipe.Stages.Select(s => s.BatchSamples));
        Assert.Equal(
            [new PartRates { Projector = 1e-3 }, Whole(1e-5), Whole(1e-5), Whole(null)],
            recipe.Stages.Select(s => s.Rates));
        Assert.Equal([4, 8, 512, 512], recipe.Stages.Select(s => s.Frames.Max));
        Assert.Equal([8192, 32_768, 32_768, 32_768], recipe.Stages.Select(s => s.MaxLength));
        Assert.Equal([TrainingTemplate.Plain, TrainingTemplate.ChatFlash, TrainingTemplate.ChatFlash, TrainingTemplate.ChatFlash], recipe.Stages.Select(s => s.Template));
        Assert.Equal([null, null, null, 448], recipe.Stages.Select(s => s.Resolution));
        Assert.All(recipe.Stages, s => Assert.Equal((0.03, 0d, 1d, LabelMasking.Published, DurationJoin.Training), (s.WarmupRatio, s.WeightDecay, s.ClipNorm, s.Masking, s.Join)));
        Assert.Equal(0.25, recipe.Stages[3].Data.Annotations![0].First);

        static PartRates Whole(double? decoder) => new() { Tower = 2e-6, Projector = 1e-5, Decoder = decoder };
    }

    [Fact]
    public void Load_PublishedVideoXl_HasTheOriginalsValues()
    {
        TrainingRecipe recipe = TrainingRecipe.Load(Path.Combine(s_folder, "video-xl-7b.json"));
        Assert.Equal([256, 64], recipe.Stages.Select(s => s.BatchSamples));
        Assert.Equal([new PartRates { Projector = 5e-4 }, new PartRates { Tower = 1e-5, Projector = 1e-5, Decoder = 1e-5, Summary = 1e-5 }], recipe.Stages.Select(s => s.Rates));
        Assert.Equal([4, 128], recipe.Stages.Select(s => s.Frames.Max));
        Assert.Equal([1d, 3d], recipe.Stages.Select(s => s.Epochs));
        Assert.Equal([false, true], recipe.Stages.Select(s => s.ImageTiles));
        Assert.Equal([TrainingTemplate.Plain, TrainingTemplate.ChatXl], recipe.Stages.Select(s => s.Template));
        Assert.Null(recipe.Stages[0].Ratios);
        Assert.Equal([2, 4, 8], recipe.Stages[1].Ratios!);
        Assert.All(recipe.Stages, s => Assert.True(s.Checkpointing));
        Assert.All(recipe.Stages, s => Assert.Equal((0.03, 0d, 32_768, FrameRule.Seconds, LabelMasking.Published, DurationJoin.Training), (s.WarmupRatio, s.WeightDecay, s.MaxLength, s.Frames.Rule, s.Masking, s.Join)));
    }

    [Fact]
    public void Load_SmallVideoXl_GoesFromShortToLongAndFromMildToAllRatios()
    {
        TrainingRecipe recipe = TrainingRecipe.Load(Path.Combine(s_folder, "xl-mini.json"));
        Assert.Equal(recipe.Stages.Select(s => s.Frames.Max).Order(), recipe.Stages.Select(s => s.Frames.Max));
        int[] largest = [.. recipe.Stages.Select(s => s.Ratios?.Max() ?? 0)];
        Assert.Equal([0, 4, 16], largest.Distinct()); // at first nothing is summarised, then a little, then all there is
        Assert.Equal(largest.Order(), largest);
        Assert.Equal([2, 4, 8, 12, 16], recipe.Stages[^1].Ratios!);
        Assert.All(recipe.Stages, s => Assert.Equal(s.Ratios is null, s.Rates.Summary is null));
    }

    [Fact]
    public void Load_EveryShippedRecipe_IsValidAndComesBackFromItsOwnText()
    {
        string[] files = Directory.GetFiles(s_folder, "*.json");
        Assert.NotEmpty(files);
        foreach (string file in files)
        {
            TrainingRecipe recipe = TrainingRecipe.Load(file);
            Assert.Equal(Path.GetFileNameWithoutExtension(file), recipe.Name);
            Assert.Equal(recipe.Fingerprint(), TrainingRecipe.Parse(recipe.ToJson()).Fingerprint());
        }
    }

    [Fact]
    public void Fingerprint_WhatDecidesTheWeights_ChangesIt()
    {
        TrainingRecipe recipe = TrainingRecipe.Load(Path.Combine(s_folder, "flash-mini.json"));
        Assert.Equal(recipe.Fingerprint(), (recipe with { SaveEvery = 3, KeepCheckpoints = 9, Description = "x" }).Fingerprint());
        Assert.Equal(recipe.Fingerprint(), (recipe with { Stages = [.. recipe.Stages.Select(s => s with { Checkpointing = true })] }).Fingerprint());
        Assert.NotEqual(recipe.Fingerprint(), (recipe with { Base = new TrainingBase { Geometry = TrainingBase.Tiny, Seed = 2 } }).Fingerprint());
        Assert.NotEqual(recipe.Fingerprint(), (recipe with { Seed = 99 }).Fingerprint());
        Assert.NotEqual(recipe.Fingerprint(1), (recipe with { Base = recipe.Base! with { Seed = 99 } }).Fingerprint(1));
        Assert.Equal(recipe.Fingerprint(1), (recipe with { Stages = [recipe.Stages[0], recipe.Stages[1] with { ClipNorm = 2 }] }).Fingerprint(1));
        Assert.NotEqual(recipe.Fingerprint(), (recipe with { Stages = [recipe.Stages[0] with { ClipNorm = 2 }, .. recipe.Stages.Skip(1)] }).Fingerprint());
    }

    [Theory]
    [InlineData("\"batch\": 16", "\"batch\": 0", "batch is 0")]
    [InlineData("\"warmupRatio\": 0.03", "\"warmupRatio\": 3", "warmupRatio is 3")]
    [InlineData("\"template\": \"plain\"", "\"template\": \"plane\"", "template")]
    [InlineData("\"steps\": 2500", "\"stepz\": 2500", "stepz")]
    [InlineData("\"precision\": \"fp32\"", "\"precision\": \"fp8\"", "precision is 'fp8'")]
    [InlineData("\"projector\": 0.001", "\"projector\": -1", "rates.projector is -1")]
    public void Load_WrongValue_IsNamedWithTheFile(string from, string to, string expected)
    {
        string text = File.ReadAllText(Path.Combine(s_folder, "flash-mini-start.json"));
        Assert.Contains(from, text, StringComparison.Ordinal);
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.json");
        File.WriteAllText(path, text.Replace(from, to, StringComparison.Ordinal));
        try
        {
            string message = Assert.Throws<ArgumentException>(() => TrainingRecipe.Load(path)).Message;
            Assert.Contains(expected, message, StringComparison.Ordinal);
            Assert.Contains(path, message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    internal static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Studio.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new DirectoryNotFoundException("No folder above the tests holds Studio.sln.");
    }
}
