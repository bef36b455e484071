using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Layers;
using Studio.Engine.Torch;
using Studio.Engine.Training;
using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.Training;

public sealed class DecoderLoraTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("lora").FullName;
    private readonly string _base;

    public DecoderLoraTests()
    {
        _base = Path.Combine(_root, "base");
        new TrainingBase { Geometry = TrainingBase.Tiny, Seed = 3 }.Create(_base, _root, TestContext.Current.CancellationToken);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void New_Corrections_ChangeNothingYet()
    {
        using var scope = torch.NewDisposeScope();
        using Checkpoint checkpoint = Checkpoint.Open(_base);
        using Weights weights = TrainingCheckpoint.LoadWeights(checkpoint, Device.CPU);
        using var lora = new DecoderLora(new LoraSettings { Rank = 4 }, checkpoint.Layout, weights, Device.CPU);
        Assert.Equal(7 * checkpoint.Config.Language.Layers, lora.Corrections.Count);
        Assert.Equal(Hidden(checkpoint.Config, weights), Hidden(checkpoint.Config, weights.With(lora.Corrections)));

        LowRank query = lora.Corrections["model.layers.0.self_attn.q_proj.weight"];
        float[] down = query.Down.ToArray<float>();
        Assert.InRange(down.Max(Math.Abs), 0.9 / 8, 1.01 / 8); // 1/√64
        Assert.NotEqual(down, lora.Corrections["model.layers.1.self_attn.q_proj.weight"].Down.ToArray<float>());
        Assert.All(query.Up.ToArray<float>(), v => Assert.Equal(0, v));
    }

    [Fact]
    public void MergeInto_WhatWasTrained_GivesTheLogitsOfBaseAndCorrections()
    {
        using var scope = torch.NewDisposeScope();
        using Checkpoint checkpoint = Checkpoint.Open(_base);
        using Weights weights = TrainingCheckpoint.LoadWeights(checkpoint, Device.CPU);
        using var lora = new DecoderLora(new LoraSettings { Rank = 4, Alpha = 8, Targets = ["q_proj", "v_proj", "down_proj"] }, checkpoint.Layout, weights, Device.CPU);
        float[] before = Hidden(checkpoint.Config, weights);
        using (torch.no_grad())
        {
            foreach (LowRank correction in lora.Corrections.Values) _ = correction.Up.copy_(torch.randn(correction.Up.shape) * 0.05);
        }

        float[] corrected = Hidden(checkpoint.Config, weights.With(lora.Corrections));
        lora.MergeInto(weights);
        float[] merged = Hidden(checkpoint.Config, weights);
        Assert.True(Distance(before, merged) > 0.01, "the corrections change nothing");
        Assert.True(Distance(corrected, merged) < 1e-4, $"{Distance(corrected, merged)}");
    }

    [Fact]
    public void Run_OnlyCorrectionsAreTrained_AndTheModelHasThemMerged()
    {
        string checkpoint = Run("run", Recipe(), stopAfter: 3).Folder;
        using (Weights before = MappedTensors.MapAll(Path.Combine(_base, "model.safetensors")), during = MappedTensors.MapAll(Path.Combine(checkpoint, "model.safetensors")), adapter = MappedTensors.MapAll(Path.Combine(checkpoint, DecoderLora.FileName)))
        {
            foreach (string name in before.Names) Assert.Equal(before.Get(name).ToArray<float>(), during.Get(name).ToArray<float>());
            Assert.All(adapter.Names.Where(n => n.Contains("lora_B", StringComparison.Ordinal)), n => Assert.Contains(adapter.Get(n).ToArray<float>(), v => v != 0));
        }

        TrainingOutcome outcome = Run("run", Recipe(), resume: true);
        using Weights start = MappedTensors.MapAll(Path.Combine(_base, "model.safetensors")), end = MappedTensors.MapAll(Path.Combine(outcome.Folder, "model.safetensors"));
        string[] changed = [.. start.Names.Where(n => !start.Get(n).ToArray<float>().SequenceEqual(end.Get(n).ToArray<float>())).Order(StringComparer.Ordinal)];
        int layers = ModelConfig.Load(_base).Language.Layers;
        Assert.Equal([.. Enumerable.Range(0, layers).SelectMany(l => new[] { "q_proj", "v_proj" }.Select(p => $"model.layers.{l}.self_attn.{p}.weight"))], changed);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)] // at the seam
    [InlineData(4, "checkpoint-02-00000000")] // cut off at the seam: the last checkpoint is the first stage's end, not merged yet
    [InlineData(5)]
    public void Run_StoppedAndResumed_EndsWithTheSameWeightsBitForBit(int stopAfter, string? lost = null)
    {
        TrainingRecipe recipe = Recipe();
        recipe = recipe with { Stages = [recipe.Stages[0], recipe.Stages[0] with { Steps = 2, Lora = recipe.Stages[0].Lora! with { Rank = 2 } }] };
        TrainingOutcome whole = Run("whole", recipe);
        Assert.False(Run("parts", recipe, stopAfter).Finished);
        if (lost is not null)
        {
            Directory.Delete(Path.Combine(_root, "parts", lost), recursive: true);
        }

        TrainingOutcome parts = Run("parts", recipe, resume: true);
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Folder, "model.safetensors")), File.ReadAllBytes(Path.Combine(parts.Folder, "model.safetensors")));
    }

    [Fact]
    public void Run_Checkpointing_TrainsTheSameCorrectionsBitForBit()
    {
        TrainingRecipe recipe = Recipe();
        TrainingOutcome plain = Run("plain", recipe), less = Run("less", recipe with { Stages = [recipe.Stages[0] with { Checkpointing = true }] });
        Assert.Equal(File.ReadAllBytes(Path.Combine(plain.Folder, "model.safetensors")), File.ReadAllBytes(Path.Combine(less.Folder, "model.safetensors")));
    }

    [Fact]
    public void Validate_WrongSettings_AreNamed()
    {
        Assert.Contains("lora.rank is 0", Refused(new LoraSettings { Rank = 0 }), StringComparison.Ordinal);
        Assert.Contains("lora.alpha is 0", Refused(new LoraSettings { Alpha = 0 }), StringComparison.Ordinal);
        Assert.Contains("lora.dropout is 0.1", Refused(new LoraSettings { Dropout = 0.1 }), StringComparison.Ordinal);
        Assert.Contains("'lm_head'", Refused(new LoraSettings { Targets = ["lm_head"] }), StringComparison.Ordinal);
        Assert.Contains("lora.targets are []", Refused(new LoraSettings { Targets = [] }), StringComparison.Ordinal);
        Assert.Contains("rates.decoder is missing", Refused(new LoraSettings(), new PartRates { Projector = 1e-3 }), StringComparison.Ordinal);
        TrainingRecipe recipe = Recipe();
        recipe = recipe with { Stages = [recipe.Stages[0] with { Lora = new LoraSettings { Rank = 33 } }] };
        Assert.Contains("lora.rank is 33, but model.layers.0.self_attn.k_proj.weight is [32, 64]", Assert.Throws<ArgumentException>(() => Run("refused", recipe)).Message, StringComparison.Ordinal);

        string Refused(LoraSettings lora, PartRates? rates = null) =>
            Assert.Throws<ArgumentException>(() => (Recipe().Stages[0] with { Lora = lora, Rates = rates ?? Recipe().Stages[0].Rates }).Validate()).Message;
    }

    private TrainingOutcome Run(string folder, TrainingRecipe recipe, int stopAfter = int.MaxValue, bool resume = false)
    {
        using var stop = new CancellationTokenSource();
        int updates = 0;
        return new Trainer(TimeProvider.System, (stage, seed) => new WorldSource(stage.Data, seed)).Run(
            new TrainingRun { Recipe = recipe, Folder = Path.Combine(_root, folder), BaseModel = _base, Resume = resume },
            _ =>
            {
                if (++updates == stopAfter)
                {
                    stop.Cancel();
                }
            },
            stop.Token);
    }

    private static TrainingRecipe Recipe() => new()
    {
        Name = "lora",
        SaveType = "fp32",
        Stages =
        [
            new TrainingStage
            {
                Name = "adapt",
                Rates = new PartRates { Decoder = 1e-2 },
                Lora = new LoraSettings { Rank = 4, Alpha = 8, Targets = ["q_proj", "v_proj"] },
                Template = TrainingTemplate.ChatFlash,
                Steps = 4,
                Frames = new TrainingFrames { Rule = FrameRule.Middle, Max = 4 },
                Data = new TrainingData { World = new WorldRecipe { Kinds = new Dictionary<WorldKind, int> { [WorldKind.Where] = 1 }, Seconds = [4], Fps = 1, Objects = 60 }, WorldSide = 32 },
            },
        ],
    };

    /// <summary>The last layer's output for some text.</summary>
    private static float[] Hidden(ModelConfig config, Weights weights)
    {
        using var scope = torch.NewDisposeScope();
        using var training = new TrainingForward(config.Language, weights, Device.CPU, ScalarType.Float32);
        var prompt = new Prompt([new PromptPart.Text([5, 6, 7, 8, 9])]);
        TrainingResult result = training.Forward([new TrainingSample(prompt, [5, 6, 7, 8, 9])], CompressionSettings.Off, TestContext.Current.CancellationToken);
        return training.Logits(result.Samples[0].Hidden).ToArray<float>();
    }

    private static double Distance(float[] a, float[] b) => a.Zip(b, (x, y) => (double)Math.Abs(x - y)).Max();
}
