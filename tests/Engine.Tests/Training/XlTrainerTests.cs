using Studio.Engine.Chat;
using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Studio.Engine.Training;
using Xunit;

namespace Studio.Engine.Tests.Training;

/// <summary>Whole runs over Video-XL.</summary>
public sealed class XlTrainerTests : IDisposable
{
    private readonly string _root = Path.Combine(Path.GetTempPath(), $"xl-training-{Guid.NewGuid():N}");
    private readonly string _base;

    public XlTrainerTests()
    {
        _base = Path.Combine(_root, "base");
        RandomCheckpoint.Create(_base, XlTraining.Config, 3, SafetensorsDtype.F32, withVst: false, cancellationToken: TestContext.Current.CancellationToken);
        File.Copy(Path.Combine(Golden.Folder("tiny_tokenizer"), "tokenizer.json"), Path.Combine(_base, "tokenizer.json"));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(1)] // before there are summary tokens
    [InlineData(2)] // at the seam, where they are made
    [InlineData(4)] // while they are trained
    public void Run_StoppedAndResumed_EndsWithTheSameWeightsBitForBit(int stopAfter)
    {
        TrainingRecipe recipe = Recipe();
        TrainingOutcome whole = Run("whole", recipe);
        using var stop = new CancellationTokenSource();
        int updates = 0;
        Assert.False(Run("parts", recipe, _ => StopAt(++updates), stop: stop).Finished);
        Assert.Equal(stopAfter, updates);
        TrainingOutcome second = Run("parts", recipe, resume: true);
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Folder, "model.safetensors")), File.ReadAllBytes(Path.Combine(second.Folder, "model.safetensors")));
        Assert.Equal(TrainingMetrics.Read(Path.Combine(_root, "whole")).Select(u => u.Loss), TrainingMetrics.Read(Path.Combine(_root, "parts")).Select(u => u.Loss));

        void StopAt(int update)
        {
            if (update == stopAfter)
            {
                stop.Cancel();
            }
        }
    }

    [Fact]
    public void Run_FinishedModel_LoadsWithoutAWarningAndKnowsItsRatios()
    {
        TrainingOutcome outcome = Run("run", Recipe());
        using var model = (VideoXl)VideoModel.Load(outcome.Folder, new LoadSettings { Device = Device.CPU, Dtype = ScalarType.Float32 });
        Assert.Empty(model.Weights.Warnings);
        Assert.Equal([2, 4, 8], model.Config.Vst!.Ratios);
    }

    /// <summary>Each part alone in turn: it moves, nothing else does.</summary>
    [Theory]
    [InlineData("tower")]
    [InlineData("projector")]
    [InlineData("decoder")]
    [InlineData("summary")]
    public void Run_FrozenParts_KeepTheirBits(string part)
    {
        double? Rate(string name) => name == part ? 1e-2 : null;
        TrainingRecipe recipe = Recipe();
        TrainingStage stage = recipe.Stages[1] with
        {
            Rates = new PartRates { Tower = Rate("tower"), Projector = Rate("projector"), Decoder = Rate("decoder"), Summary = Rate("summary") },
            Steps = 2,
            Accumulation = 1,
            WarmupRatio = 0,
        };
        TrainingOutcome outcome = Run("run", recipe with { Stages = [stage] });
        using Weights before = MappedTensors.MapAll(Path.Combine(_base, "model.safetensors")), after = MappedTensors.MapAll(Path.Combine(outcome.Folder, "model.safetensors"));
        var moved = new HashSet<string>();
        foreach (string name in after.Names)
        {
            float[] now = after.Get(name).ToArray<float>();
            float[] old = before.TryGet(name)?.ToArray<float>() ?? Origin(before, name);
            if (!now.SequenceEqual(old))
            {
                moved.Add(PartOf(name));
            }
        }

        Assert.Equal([part], moved);
    }

    /// <summary>Summary tokens start from what the stage before made of the ordinary weights.</summary>
    [Fact]
    public void Run_UncompressedStageFirst_SummaryTokensStartFromItsResult()
    {
        TrainingRecipe recipe = Recipe();
        TrainingOutcome outcome = Run("run", recipe with
        {
            Stages =
            [
                recipe.Stages[0] with { Rates = new PartRates { Decoder = 1e-2 }, WarmupRatio = 0 },
                recipe.Stages[1] with { Rates = new PartRates { Projector = 1e-3 }, Steps = 1 },
            ],
        });
        using Weights before = MappedTensors.MapAll(Path.Combine(_base, "model.safetensors")), after = MappedTensors.MapAll(Path.Combine(outcome.Folder, "model.safetensors"));
        const string Own = "model.layers.0.self_attn.beacon_v_proj.weight";
        Assert.Equal(Origin(after, Own), after.Get(Own).ToArray<float>());
        Assert.NotEqual(Origin(before, Own), after.Get(Own).ToArray<float>());
    }

    [Fact]
    public void Run_OneSampleOverAndOver_IsLearnedThroughSummaryTokens()
    {
        TrainingStage stage = XlTraining.Stage(2, 4, 8, 12, 16) with
        {
            Rates = new PartRates { Tower = 3e-3, Projector = 3e-3, Decoder = 3e-3, Summary = 3e-3 },
            Frames = new TrainingFrames { Min = 1, Max = 3 },
            Steps = 25,
        };
        var updates = new List<TrainingUpdate>();
        _ = Run("run", Recipe() with { Stages = [stage] }, updates.Add, open: (stage, seed) => new Repeating(new WorldSource(stage.Data, seed)));
        Assert.True(updates[^1].Loss < updates[0].Loss / 3, $"{updates[0].Loss} became {updates[^1].Loss}");
        Assert.Equal(["decoder", "projector", "summary", "tower"], updates[1].Rates.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Run_Bf16_LearnsToo()
    {
        TrainingStage stage = XlTraining.Stage(2, 4) with { Precision = "bf16", Steps = 3, WarmupRatio = 0 };
        var updates = new List<TrainingUpdate>();
        _ = Run("run", Recipe() with { Stages = [stage] }, updates.Add, open: (stage, seed) => new Repeating(new WorldSource(stage.Data, seed)));
        Assert.True(updates[^1].Loss < updates[0].Loss, $"{updates[0].Loss} became {updates[^1].Loss}");
    }

    /// <summary>The same weights, whether activations are kept or computed anew.</summary>
    [Fact]
    public void Run_Checkpointing_EndsWithTheSameBits()
    {
        TrainingRecipe recipe = Recipe();
        TrainingOutcome kept = Run("kept", recipe), anew = Run("anew", recipe with { Stages = [.. recipe.Stages.Select(s => s with { Checkpointing = true })] });
        Assert.Equal(File.ReadAllBytes(Path.Combine(kept.Folder, "model.safetensors")), File.ReadAllBytes(Path.Combine(anew.Folder, "model.safetensors")));
    }

    /// <summary>Summary tokens that a stage with adapters adds belong to the model, and are trained beside the adapters.</summary>
    [Fact]
    public void Run_LowRankStage_TrainsSummaryTokensBesideTheDecodersCorrections()
    {
        TrainingRecipe recipe = Recipe();
        TrainingStage stage = recipe.Stages[1] with
        {
            Rates = new PartRates { Decoder = 1e-2, Summary = 1e-2 },
            Lora = new LoraSettings { Rank = 4, Alpha = 8, Targets = ["q_proj"] },
            Steps = 2,
            WarmupRatio = 0,
        };
        TrainingOutcome outcome = Run("run", recipe with { Stages = [stage] });
        using Weights before = MappedTensors.MapAll(Path.Combine(_base, "model.safetensors")), after = MappedTensors.MapAll(Path.Combine(outcome.Folder, "model.safetensors"));
        const string Query = "model.layers.0.self_attn.q_proj.weight", Value = "model.layers.0.self_attn.v_proj.weight", Own = "model.layers.0.self_attn.beacon_q_proj.weight";
        Assert.NotEqual(before.Get(Query).ToArray<float>(), after.Get(Query).ToArray<float>());
        Assert.Equal(before.Get(Value).ToArray<float>(), after.Get(Value).ToArray<float>());
        Assert.NotEqual(before.Get(Query).ToArray<float>(), after.Get(Own).ToArray<float>());
        Assert.NotEqual(after.Get(Query).ToArray<float>(), after.Get(Own).ToArray<float>());
    }

    /// <summary>Not after the stages before it have been trained.</summary>
    [Fact]
    public void Run_LaterStageThatDoesNotFit_IsRefusedBeforeTheFirstUpdate()
    {
        TrainingRecipe recipe = Recipe();
        string message = Assert.Throws<ArgumentException>(() => Run(
            "run", recipe with { Stages = [recipe.Stages[0], recipe.Stages[1] with { Template = TrainingTemplate.ChatFlash }] }, _ => Assert.Fail("an update ran"))).Message;
        Assert.Contains("Stage 'all': template is chatFlash", message, StringComparison.Ordinal);
    }

    private TrainingOutcome Run(
        string folder, TrainingRecipe recipe, Action<TrainingUpdate>? onUpdate = null, bool resume = false,
        Func<TrainingStage, ulong, ITrainingSource>? open = null, CancellationTokenSource? stop = null)
    {
        var trainer = new Trainer(TimeProvider.System, open ?? ((stage, seed) => new WorldSource(stage.Data, seed)));
        return trainer.Run(new TrainingRun { Recipe = recipe, Folder = Path.Combine(_root, folder), BaseModel = _base, Resume = resume }, onUpdate, stop?.Token ?? TestContext.Current.CancellationToken);
    }

    /// <summary>Two updates of the projector without summary tokens, then three of everything with them.</summary>
    private static TrainingRecipe Recipe() => new()
    {
        Name = "test",
        SaveEvery = 2,
        SaveType = "fp32",
        Stages =
        [
            XlTraining.Stage() with
            {
                Name = "pre-training", Template = TrainingTemplate.Plain, Rates = new PartRates { Projector = 1e-3 }, Frames = new TrainingFrames { Min = 1, Max = 2 }, Batch = 2, Steps = 2,
            },
            XlTraining.Stage(2, 4, 8) with { Frames = new TrainingFrames { Min = 1, Max = 3 }, Accumulation = 2, Steps = 3 },
        ],
    };

    private static float[] Origin(Weights weights, string name)
    {
        float[] origin = weights.Get(TensorLayout.VstOrigin(name)!).ToArray<float>();
        int width = XlTraining.Config.Language.HiddenSize;
        return name == TensorLayout.VstEmbedding ? origin[(XlTraining.Config.Language.EosTokenIds[0] * width)..][..width] : origin;
    }

    private static string PartOf(string name) =>
        name.StartsWith(TensorLayout.TowerPrefix, StringComparison.Ordinal) ? "tower"
        : name.StartsWith(TensorLayout.ProjectorPrefix, StringComparison.Ordinal) ? "projector"
        : TensorLayout.VstOrigin(name) is null ? "decoder" : "summary";

    private sealed class Repeating(ITrainingSource inner) : ITrainingSource
    {
        public long? Count => null;

        public TrainingExample Sample(long index) => inner.Sample(0);
    }
}
