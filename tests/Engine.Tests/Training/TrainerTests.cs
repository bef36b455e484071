using Studio.Engine.Chat;
using Studio.Engine.Checkpoints;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Training;
using Studio.Engine.Video;
using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.Training;

public sealed class TrainerTests : IDisposable
{
    private readonly string _root = Path.Combine(Path.GetTempPath(), $"training-{Guid.NewGuid():N}");
    private readonly string _base;

    public TrainerTests()
    {
        _base = Path.Combine(_root, "base");
        RandomCheckpoint.Create(_base, TinyModels.VideoChatFlash(layers: 4), 3, SafetensorsDtype.F32);
        File.Copy(Path.Combine(Golden.Folder("tiny_tokenizer"), "tokenizer.json"), Path.Combine(_base, "tokenizer.json"));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(1)] // inside the first stage
    [InlineData(2)] // at the seam of both
    [InlineData(4)] // inside the second, behind a checkpoint that was made on the way
    public void Run_StoppedAndResumed_EndsWithTheSameWeightsBitForBit(int stopAfter)
    {
        TrainingRecipe recipe = Recipe();
        TrainingOutcome whole = Run("whole", recipe);
        Assert.True(whole.Finished);

        using var stop = new CancellationTokenSource();
        int updates = 0;
        TrainingOutcome first = Run("parts", recipe, onUpdate: _ => StopAt(++updates), stop: stop);
        Assert.Equal((false, stopAfter), (first.Finished, updates));
        TrainingOutcome second = Run("parts", recipe, resume: true);
        Assert.True(second.Finished);

        Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Folder, "model.safetensors")), File.ReadAllBytes(Path.Combine(second.Folder, "model.safetensors")));
        Assert.Equal(Losses("whole"), Losses("parts"));
        Assert.Equal(6, Losses("parts").Length);

        void StopAt(int update)
        {
            if (update == stopAfter)
            {
                stop.Cancel();
            }
        }
    }

    [Fact]
    public void Run_FinishedModel_LoadsAndAnswersLikeAnyOther()
    {
        TrainingOutcome outcome = Run("run", Recipe() with { SaveType = "bf16" });
        using var model = VideoChatFlash.Load(outcome.Folder, new LoadSettings { Device = Device.CPU, Dtype = ScalarType.Float32 });
        Assert.Equal(SafetensorsDtype.BF16, model.Config.TorchDtype);
        Assert.Equal(176, model.Config.Vision.ImageSize); // the second stage's resolution
        Assert.Equal(Path.Combine(_root, "run", "model"), outcome.Folder);
    }

    [Fact]
    public void Run_FrozenParts_KeepTheirBits()
    {
        TrainingRecipe recipe = Recipe();
        TrainingOutcome outcome = Run("run", recipe with { Stages = [recipe.Stages[0]] });
        using Weights before = MappedTensors.MapAll(Path.Combine(_base, "model.safetensors")), after = MappedTensors.MapAll(Path.Combine(outcome.Folder, "model.safetensors"));
        foreach (string name in before.Names)
        {
            bool same = before.Get(name).ToArray<float>().SequenceEqual(after.Get(name).ToArray<float>());
            Assert.Equal(!name.StartsWith(TensorLayout.ConnectorPrefix, StringComparison.Ordinal), same);
        }
    }

    [Fact]
    public void Run_OneSampleOverAndOver_IsLearned()
    {
        TrainingStage stage = Recipe().Stages[0] with
        {
            Rates = new PartRates { Tower = 3e-3, Projector = 3e-3, Decoder = 3e-3 },
            Template = TrainingTemplate.ChatFlash,
            Steps = 25,
            Batch = 1,
            Accumulation = 1,
        };
        var updates = new List<TrainingUpdate>();
        _ = Run("run", Recipe() with { Stages = [stage] }, updates.Add, open: (stage, seed) => new Repeating(new WorldSource(stage.Data, seed)));
        Assert.True(updates[^1].Loss < updates[0].Loss / 3, $"{updates[0].Loss} became {updates[^1].Loss}");
        Assert.All(updates, u => Assert.True(u.Supervised > 3 && u.Rows > u.Supervised + 64));
        Assert.Equal(0, updates[0].Rates["decoder"]);
        Assert.InRange(updates[1].Rates["decoder"], 2.9e-3, 3e-3);
    }

    [Fact]
    public void Run_ManyCheckpoints_KeepsTheLastFew()
    {
        TrainingOutcome outcome = Run("run", Recipe() with { SaveEvery = 1, KeepCheckpoints = 2 });
        Assert.True(outcome.Finished);
        string[] folders = [.. Directory.GetDirectories(Path.Combine(_root, "run")).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];
        Assert.Equal(["checkpoint-02-00000003", "checkpoint-02-00000004", "model"], folders);
    }

    [Fact]
    public void Run_UnreadableSample_IsReplacedByTheFifthAfterIt()
    {
        var asked = new List<long>();
        TrainingStage stage = Recipe().Stages[0] with { Steps = 1, Batch = 1, Accumulation = 1 };
        var updates = new List<TrainingUpdate>();
        _ = Run("run", Recipe() with { Stages = [stage] }, updates.Add, open: (stage, seed) => new Broken(new WorldSource(stage.Data, seed), asked, good: 5));
        Assert.Equal([0, 5], asked);
        Assert.Equal(1, updates[0].Replaced);
        TrainingException none = Assert.Throws<TrainingException>(() =>
            Run("other", Recipe() with { Stages = [stage] }, open: (stage, seed) => new Broken(new WorldSource(stage.Data, seed), asked, good: -1)));
        Assert.Contains("clip.mp4", none.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_LaterStagesChanged_GoesOnAsIfTheyHadAlwaysBeenSo()
    {
        TrainingRecipe recipe = Recipe();
        TrainingRecipe changed = recipe with { Name = "other", Stages = [recipe.Stages[0], recipe.Stages[1] with { ClipNorm = 0.5 }] };
        TrainingOutcome whole = Run("whole", changed);
        using var stop = new CancellationTokenSource();
        _ = Run("parts", recipe, onUpdate: _ => stop.Cancel(), stop: stop);
        TrainingOutcome second = Run("parts", changed, resume: true);
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Folder, "model.safetensors")), File.ReadAllBytes(Path.Combine(second.Folder, "model.safetensors")));
    }

    [Fact]
    public void Run_StagesAddedToAFinishedTraining_TrainsThemAndKeepsWhatWasDone()
    {
        TrainingRecipe recipe = Recipe();
        TrainingOutcome whole = Run("whole", recipe);
        TrainingOutcome first = Run("parts", recipe with { Stages = [recipe.Stages[0]] });
        byte[] early = File.ReadAllBytes(Path.Combine(first.Folder, "model.safetensors"));
        var updates = new List<TrainingUpdate>();
        TrainingOutcome second = Run("parts", recipe, updates.Add, resume: true);
        Assert.Equal((true, recipe.Stages[1].Steps), (second.Finished, updates.Count));
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Folder, "model.safetensors")), File.ReadAllBytes(Path.Combine(second.Folder, "model.safetensors")));
        Assert.Equal(early, File.ReadAllBytes(Path.Combine(_root, "parts", "model-01", "model.safetensors")));
    }

    [Fact]
    public void Run_FolderThatDoesNotFit_IsRefusedWithARemedy()
    {
        TrainingRecipe recipe = Recipe();
        Assert.Contains("no checkpoint", Assert.Throws<InvalidOperationException>(() => Run("run", recipe, resume: true)).Message, StringComparison.Ordinal);
        _ = Run("run", recipe);
        Assert.Contains("already", Assert.Throws<InvalidOperationException>(() => Run("run", recipe)).Message, StringComparison.Ordinal);
        Assert.Contains("other stages", Assert.Throws<InvalidOperationException>(() => Run("run", recipe with { Seed = 9 }, resume: true)).Message, StringComparison.Ordinal);
        Assert.True(Run("run", recipe, resume: true).Finished);
    }

    [Fact]
    public void Sample_OfTheWorld_BelongsToTheTrainingSplit()
    {
        var source = new WorldSource(Recipe().Stages[1].Data with { WorldQuestions = 3 }, 5);
        for (int i = 0; i < 20; i++)
        {
            TrainingExample sample = source.Sample(i);
            Assert.StartsWith("train-", sample.Id, StringComparison.Ordinal);
            Assert.StartsWith("<image>\n", sample.Turns[0].Text, StringComparison.Ordinal);
            Assert.InRange(sample.Turns.Count, 2, 6);
            Assert.DoesNotContain("<image>", string.Concat(sample.Turns.Skip(1).Select(t => t.Text)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Sample_WithMoreQuestions_AsksThemBehindItsOwn()
    {
        TrainingData own = Recipe().Stages[1].Data with { WorldQuestions = 2 };
        AsksFurther(own, own with { MoreQuestions = 5 });
        Assert.Contains("data.moreQuestions is 99", Assert.Throws<ArgumentException>((own with { MoreQuestions = 99 }).Validate).Message, StringComparison.Ordinal);
        Assert.Contains("without a world", Assert.Throws<ArgumentException>(new TrainingData { Album = new AlbumData(), MoreQuestions = 1 }.Validate).Message, StringComparison.Ordinal);
    }

    /// <summary>Behind the same turns as without them, at most five questions a sample.</summary>
    private static void AsksFurther(TrainingData own, TrainingData more)
    {
        var (some, other) = (new WorldSource(more, 5), new WorldSource(own, 5));
        int further = 0;
        for (int i = 0; i < 30; i++)
        {
            (TrainingExample sample, TrainingExample same) = (some.Sample(i), other.Sample(i));
            Assert.Equal(same.Turns, sample.Turns.Take(same.Turns.Count));
            Assert.InRange(sample.Turns.Count - same.Turns.Count, 0, 10);
            further += sample.Turns.Count - same.Turns.Count;
        }

        Assert.True(further > 20, $"{further} further turns");
    }

    [Fact]
    public void Sample_WithRelations_AsksThemLast()
    {
        TrainingData own = Recipe().Stages[1].Data with { WorldQuestions = 2, Album = new AlbumData { Pictures = [6], Share = 0.5, Questions = 2 } };
        AsksFurther(own, own with { Relations = 5 });
        Assert.Contains("data.relations is 99", Assert.Throws<ArgumentException>((own with { Relations = 99 }).Validate).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1.0, 60, 60)]
    [InlineData(0.5, 15, 45)]
    [InlineData(0.0, 0, 0)]
    public void Sample_ToldInWords_AsksTheSameAboutTheNotesInstead(double told, int fewest, int most)
    {
        TrainingData shown = Recipe().Stages[1].Data with { WorldQuestions = 3, Album = new AlbumData { Pictures = [3], Objects = 80, Share = 0.3 } };
        var (some, other) = (new WorldSource(shown with { Told = told }, 5), new WorldSource(shown, 5));
        int without = 0;
        for (int i = 0; i < 60; i++)
        {
            (TrainingExample sample, TrainingExample same) = (some.Sample(i), other.Sample(i));
            Assert.Equal(same.Id, sample.Id);
            Assert.Equal(same.Turns.Skip(1), sample.Turns.Skip(1));
            string notes = WorldNotes.Of(Assert.IsType<DrawnVideo>(same.Video).Script);
            bool isTold = sample.Video is null;
            Assert.Equal(isTold ? same.Turns[0].Text.Replace(ChatMl.VisualPlaceholder, notes, StringComparison.Ordinal) : same.Turns[0].Text, sample.Turns[0].Text);
            without += isTold ? 1 : 0;
        }

        Assert.InRange(without, fewest, most);
        Assert.Contains("data.told is 2", Assert.Throws<ArgumentException>((shown with { Told = 2 }).Validate).Message, StringComparison.Ordinal);
        Assert.Contains("nobody can tell", Assert.Throws<ArgumentException>(new TrainingData { Annotations = [new AnnotationFile("a.json")], Told = 0.1 }.Validate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_NothingButToldSamples_TrainsTheDecoderAndLeavesTheProjector()
    {
        TrainingStage stage = Recipe().Stages[1] with { Steps = 2, Data = Recipe().Stages[1].Data with { Told = 1 } };
        TrainingOutcome outcome = Run("run", Recipe() with { Stages = [stage] });
        using Weights before = MappedTensors.MapAll(Path.Combine(_base, "model.safetensors")), after = MappedTensors.MapAll(Path.Combine(outcome.Folder, "model.safetensors"));
        Assert.All(before.Names.Where(n => n.StartsWith(TensorLayout.ConnectorPrefix, StringComparison.Ordinal)), n => Assert.Equal(before.Get(n).ToArray<float>(), after.Get(n).ToArray<float>()));
        Assert.NotEqual(before.Get(TensorLayout.EmbedTokens).ToArray<float>(), after.Get(TensorLayout.EmbedTokens).ToArray<float>());
    }

    private TrainingOutcome Run(
        string folder, TrainingRecipe recipe, Action<TrainingUpdate>? onUpdate = null, bool resume = false,
        Func<TrainingStage, ulong, ITrainingSource>? open = null, CancellationTokenSource? stop = null)
    {
        var trainer = new Trainer(TimeProvider.System, open ?? ((stage, seed) => new WorldSource(stage.Data, seed)));
        return trainer.Run(new TrainingRun { Recipe = recipe, Folder = Path.Combine(_root, folder), BaseModel = _base, Resume = resume }, onUpdate, stop?.Token ?? TestContext.Current.CancellationToken);
    }

    private double[] Losses(string folder) => [.. TrainingMetrics.Read(Path.Combine(_root, folder)).Select(u => u.Loss)];

    /// <summary>Two updates of the projector, then four of everything at another resolution.</summary>
    private static TrainingRecipe Recipe()
    {
        var world = new WorldRecipe { Kinds = new Dictionary<WorldKind, int> { [WorldKind.Describe] = 1, [WorldKind.Colour] = 1 }, Seconds = [4], Fps = 1, Objects = 80 };
        var stage = new TrainingStage
        {
            Name = "alignment",
            Rates = new PartRates { Projector = 1e-3 },
            Template = TrainingTemplate.Plain,
            Batch = 2,
            Accumulation = 2,
            Steps = 2,
            Frames = new TrainingFrames { Rule = FrameRule.Middle, Max = 4 },
            Data = new TrainingData { World = world, WorldSide = 96 },
        };
        TrainingStage second = stage with
        {
            Name = "all",
            Rates = new PartRates { Tower = 1e-4, Projector = 1e-3, Decoder = 1e-3 },
            Template = TrainingTemplate.ChatFlash,
            Batch = 1,
            Accumulation = 2,
            Steps = 4,
            Resolution = 176,
            WeightDecay = 0.01,
        };
        return new TrainingRecipe { Name = "test", SaveEvery = 3, SaveType = "fp32", Stages = [stage, second] };
    }

    private sealed class Repeating(ITrainingSource inner) : ITrainingSource
    {
        public long? Count => null;

        public TrainingExample Sample(long index) => inner.Sample(0);
    }

    private sealed class Broken(ITrainingSource inner, List<long> asked, long good) : ITrainingSource
    {
        public long? Count => null;

        public TrainingExample Sample(long index)
        {
            asked.Add(index);
            return index == good ? inner.Sample(index) : throw new MediaException(MediaError.DecodeFailed, "clip.mp4", "'clip.mp4' is damaged.");
        }
    }
}
