using Studio.Engine.Chat;
using Studio.Engine.Checkpoints;
using Studio.Engine.Tests.Tokenization;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Training;
using Studio.Engine.Video;
using Studio.Engine.Vision;
using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.Training;

/// <summary>Visual tokens made from what a drawn video shows.</summary>
public sealed class SketchedVideoTests
{
    private const int Grid = 9, Objects = 120;

    private static readonly WorldFrames s_frames = new(144, 144);

    /// <summary>With one channel for each word, what a token says can be read off it: every thing of every picture, its colour, its place, its backdrop.</summary>
    [Fact]
    public void Tokens_OfAnAlbum_SayWhatEachPictureShows()
    {
        Tokenizer tokenizer = TestTokenizers.Tiny;
        using var scope = torch.NewDisposeScope();
        var sketch = new SketchedVideo(tokenizer, One(tokenizer.VocabularySize), Grid);
        (int things, int cards) = (0, 0);
        for (ulong seed = 0; seed < 12; seed++)
        {
            WorldScript album = AlbumMaker.Compose(WorldSplit.Train, seed, 1, Objects, new AlbumMix(Cards: seed % 2 == 0 ? 100 : 0));
            HashSet<int>[] said = Read(sketch.Tokens(new DrawnVideo(s_frames, album), FirstFrame(album)));
            bool Says(params string[] words) => said.Any(s => s.SetEquals(words.SelectMany(w => tokenizer.Encode(" " + w))));
            if (album.Segments[0] is WorldCard card)
            {
                cards++;
                Assert.True(Says(card.Frame.Name()), $"frame {card.Frame}");
                Assert.True(Says(Named(card.Picture)), card.Picture.Name);
                Assert.Contains(said, s => s.SetEquals(tokenizer.Encode(card.Mark![..1])) || s.SetEquals(tokenizer.Encode(card.Mark[1..])) || s.SetEquals(card.Mark.SelectMany(l => tokenizer.Encode(l.ToString()))));
                continue;
            }

            WorldShot shot = Assert.IsType<WorldShot>(album.Segments[0]);
            var backdrop = new WorldBackdrop(shot.Backdrop);
            Assert.True(said[0].SetEquals([.. tokenizer.Encode(" " + backdrop.Colour.Name()), .. tokenizer.Encode(" " + backdrop.Pattern)]), backdrop.Name);
            foreach (WorldActor actor in shot.Actors.Where(a => a.Motion == WorldMotion.Still))
            {
                things++;
                Assert.True(Says([.. Named(actor.Instance), WorldGrid.Names[WorldGrid.CellOf(actor.From)]]), $"{actor.Instance.Name} {WorldGrid.Names[WorldGrid.CellOf(actor.From)]}");
            }
        }

        Assert.True(things > 5 && cards == 6, $"{things} things, {cards} cards");
    }

    [Fact]
    public void Tokens_OfWhatGoesSomewhere_SayWhereItIsNowAndNotWhereItGoes()
    {
        Tokenizer tokenizer = TestTokenizers.Tiny;
        using var scope = torch.NewDisposeScope();
        var sketch = new SketchedVideo(tokenizer, One(tokenizer.VocabularySize), Grid);
        var world = new WorldDataset(new WorldRecipe { Kinds = new Dictionary<WorldKind, int> { [WorldKind.Direction] = 1 }, Seconds = [8], Fps = 2, Objects = Objects }, WorldSplit.Train, 4);
        int moved = 0;
        for (int i = 0; i < 12; i++)
        {
            var video = new DrawnVideo(s_frames, world.Item(i).Script);
            FrameSelection every = FrameSampling.Select(video.Info, new SamplingSettings { Mode = SamplingMode.Frames, FrameCount = 16 });
            Tensor tokens = sketch.Tokens(video, every);
            Assert.Equal(tokens.ToArray<float>(), sketch.Tokens(video, every).ToArray<float>());
            Assert.False(tokens.requires_grad);
            moved += Kinds(tokens) > Kinds(sketch.Tokens(video, FirstFrame(video.Script))) ? 1 : 0;
        }

        Assert.True(moved >= 10, $"{moved} of 12 videos show a thing in two places");

        static int Kinds(Tensor tokens) => Read(tokens).DistinctBy(s => string.Join(' ', s.Order())).Count();
    }

    [Fact]
    public void Loss_OfSketchedSamples_LearnsFromFewerRowsAndLeavesTheTower()
    {
        ModelConfig config = TinyModels.VideoChatFlash(layers: 4);
        using Weights weights = RandomModels.Weights(config, 3, Device.CPU, ScalarType.Float32);
        var data = new TrainingData { WorldSide = 64, World = new WorldRecipe { Kinds = new Dictionary<WorldKind, int> { [WorldKind.Where] = 1 }, Seconds = [4], Fps = 2, Objects = Objects } };
        var stage = new TrainingStage
        {
            Name = "s", Rates = new PartRates { Projector = 1e-3, Decoder = 1e-3 }, Template = TrainingTemplate.ChatFlash, Batch = 1, Accumulation = 1, Steps = 1,
            Frames = new TrainingFrames { Min = 4, Max = 8 }, Data = data,
        };
        using ITrainee trainee = Trainees.Create(stage, config, weights, TestTokenizers.Tiny, Device.CPU, 3);
        TrainingExample shown = new WorldSource(data, 5).Sample(0), sketched = new WorldSource(data with { Sketched = 1 }, 5).Sample(0);
        Assert.Equal(shown.Turns, sketched.Turns);
        Assert.True(Assert.IsType<DrawnVideo>(sketched.Video).IsSketched && !Assert.IsType<DrawnVideo>(shown.Video).IsSketched);
        (int seen, int told) = RowsLearned(trainee, weights, shown, sketched);
        Assert.True(told < seen, $"{told} and {seen} rows");
    }

    /// <summary>Video-XL: as many tokens a frame as windows are cut by, each with the words of its square of patches, or the backdrop and where it is.</summary>
    [Fact]
    public void Tokens_InSquares_SayWhatTheirPatchesShow()
    {
        Tokenizer tokenizer = TestTokenizers.Tiny;
        using var scope = torch.NewDisposeScope();
        VisionConfig vision = XlTraining.Config.Vision;
        using Weights weights = XlTraining.Weights();
        using PoolConnector pool = PoolConnector.Load(XlTraining.Config.Connector, vision, weights, Device.CPU, ScalarType.Float32);
        var sketch = new SketchedVideo(tokenizer, One(tokenizer.VocabularySize), vision.GridSide, pool);
        var truth = new PatchTruth(vision.GridSide);
        (int things, int bare, int empty) = (0, 0, 0);
        for (ulong seed = 0; seed < 4; seed++)
        {
            WorldScript album = AlbumMaker.Compose(WorldSplit.Train, seed, 1, Objects, new AlbumMix(Cards: seed % 2 == 0 ? 100 : 0));
            FrameSelection clip = FirstFrame(album);
            HashSet<int>[] said = Read(sketch.Tokens(new DrawnVideo(s_frames, album), clip));
            Assert.Equal(clip.Count * XlTraining.PerFrame, said.Length);
            truth.Read(album, clip.Indices[0]);
            for (int token = 0; token < XlTraining.PerFrame; token++)
            {
                int[] patches = pool.PatchesOf(token);
                int[] shown = [.. patches.Where(p => !PatchContent.Of(truth, p).IsBare)];
                foreach (int patch in shown.Where(p => truth.Objects[p] >= 0))
                {
                    things++;
                    Assert.All(tokenizer.Encode(" " + WorldObjects.All[truth.Objects[patch]].Name), word => Assert.Contains(word, said[token]));
                }

                (bare, empty) = (bare + (shown.Length == 0 && truth.Backdrop is not null ? 1 : 0), empty + (shown.Length == 0 && truth.Backdrop is null ? 1 : 0));
                string[] expected = truth.Backdrop is { } backdrop ? [backdrop.Colour.Name(), backdrop.Pattern, WorldGrid.Names[truth.CellOf(patches[0])]] : [];
                Assert.True(shown.Length > 0 || said[token].SetEquals(expected.SelectMany(w => tokenizer.Encode(" " + w))), $"seed {seed}, token {token}");
            }
        }

        Assert.True(things > 50 && bare > 50 && empty > 50, $"{things} patches of things, {bare} of backdrops, {empty} bare ones of cards");
    }

    [Fact]
    public void Loss_OfSketchedSamplesThroughWindows_HasAsManyRowsAndLeavesTheTower()
    {
        using Weights weights = XlTraining.Weights();
        TrainingStage stage = XlTraining.Stage(2) with { Rates = new PartRates { Projector = 1e-3, Decoder = 1e-3, Summary = 1e-3 } };
        using XlTrainee trainee = XlTraining.Trainee(stage, weights);
        TrainingExample shown = XlTraining.Source().Sample(0), sketched = new WorldSource(stage.Data with { Sketched = 1 }, 5).Sample(0);
        (int seen, int told) = RowsLearned(trainee, weights, shown, sketched);
        Assert.Equal(seen, told);
    }

    [Fact]
    public void Validate_SketchesWhereThereCanBeNone_AreRefused()
    {
        var data = new TrainingData { World = new WorldRecipe { Kinds = new Dictionary<WorldKind, int> { [WorldKind.Where] = 1 } }, Sketched = 2 };
        Assert.Contains("data.sketched is 2", Assert.Throws<ArgumentException>(data.Validate).Message, StringComparison.Ordinal);
        Assert.Contains("nobody knows", Assert.Throws<ArgumentException>(new TrainingData { Annotations = [new AnnotationFile("a.json")], Sketched = 0.1 }.Validate).Message, StringComparison.Ordinal);
        TrainingStage stage = XlTraining.Stage() with { Data = data with { Sketched = 0.5 } };
        var recipe = new TrainingRecipe { Name = "r", Seed = 1, Base = new TrainingBase { Geometry = TrainingBase.Tiny }, Stages = [stage with { Recognition = true, Template = TrainingTemplate.Plain, Rates = new PartRates { Tower = 1e-3 } }] };
        Assert.Contains("a sketched video has none", Assert.Throws<ArgumentException>(recipe.Validate).Message, StringComparison.Ordinal);
    }

    /// <summary>Rows of a sample shown and of the same one sketched, from which the decoder learns the same answers, and the tower nothing.</summary>
    private static (int Shown, int Sketched) RowsLearned(ITrainee trainee, Weights weights, TrainingExample shown, TrainingExample sketched)
    {
        using var scope = torch.NewDisposeScope();
        TraineeLoss seen = trainee.Loss([shown], TestContext.Current.CancellationToken), told = trainee.Loss([sketched], TestContext.Current.CancellationToken);
        Assert.Equal(seen.Supervised, told.Supervised);
        Assert.NotEqual(seen.Loss.item<float>(), told.Loss.item<float>());
        told.Loss.backward();
        Assert.NotNull(weights.Get(TensorLayout.EmbedTokens).grad);
        Assert.All(weights.Names.Where(n => n.StartsWith(TensorLayout.TowerPrefix, StringComparison.Ordinal)), n => Assert.Null(weights.Get(n).grad));
        return (seen.Rows, told.Rows);
    }

    private static string[] Named(WorldInstance thing) => thing.Colour is { } colour ? [thing.Thing.Name, colour.Name()] : [thing.Thing.Name];

    private static FrameSelection FirstFrame(WorldScript script) => FrameSampling.Select(s_frames.InfoOf(script), new SamplingSettings { Mode = SamplingMode.Frames, FrameCount = 1 });

    private static Tensor One(int size)
    {
        float[] values = new float[size * size];
        for (int i = 0; i < size; i++)
        {
            values[(i * size) + i] = 1;
        }

        return torch.tensor(values).view(size, size);
    }

    /// <summary>The words of each token: a channel that is one or more, give or take.</summary>
    private static HashSet<int>[] Read(Tensor tokens)
    {
        (float[] values, int width) = (tokens.ToArray<float>(), (int)tokens.size(1));
        return [.. Enumerable.Range(0, (int)tokens.size(0)).Select(t => Enumerable.Range(0, width).Where(c => values[(t * width) + c] > 0.5f).ToHashSet())];
    }
}
