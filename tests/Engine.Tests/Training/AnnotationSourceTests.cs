using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Studio.Engine.Training;
using Studio.Engine.Video;
using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.Training;

public sealed class AnnotationSourceTests : IDisposable
{
    private const string Talk = """[{"from": "human", "value": "<image>\nWhat is it?"}, {"from": "gpt", "value": "a shape"}]""";

    private readonly string _folder = Directory.CreateTempSubdirectory("annotations-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Sample_JsonListAndJsonLines_ReadAlike()
    {
        string[] samples = [.. Enumerable.Range(0, 5).Select(i => $$"""{"id": {{i}}, "video": "v{{i}}.mp4", "start": 1.5, "end": {{i + 3}}, "conversations": {{Talk}}}""")];
        Write("list.json", $"\n [{string.Join(",\n", samples)}]");
        Write("lines.jsonl", string.Join('\n', samples));
        foreach (string file in new[] { "list.json", "lines.jsonl" })
        {
            AnnotationSource source = Open(new AnnotationFile(file));
            Assert.Equal(5, source.Count);
            TrainingExample[] all = [.. Enumerable.Range(0, 5).Select(i => source.Sample(i))];
            Assert.Equal([3d, 4, 5, 6, 7], all.Select(s => s.End!.Value).Order());
            Assert.All(all, s => Assert.Equal(1.5, s.Start));
            Assert.All(all, s => Assert.Equal("a shape", s.Turns[1].Text));
        }
    }

    [Fact]
    public void Sample_Epochs_HoldEachSampleOnceInAnotherOrder()
    {
        Write("a.json", $"[{string.Join(',', Enumerable.Range(0, 30).Select(_ => $$"""{"image": "i.png", "conversations": {{Talk}}}"""))}]");
        AnnotationSource source = Open(new AnnotationFile("a.json"));
        string[] first = [.. Enumerable.Range(0, 30).Select(i => source.Sample(i).Id)], second = [.. Enumerable.Range(30, 30).Select(i => source.Sample(i).Id)];
        Assert.Equal(30, first.Distinct().Count());
        Assert.Equal(first.Order(), second.Order());
        Assert.NotEqual(first, second);
        Assert.Equal(first[7], Open(new AnnotationFile("a.json")).Sample(7).Id);
        Assert.NotEqual(first, [.. Enumerable.Range(0, 30).Select(i => new AnnotationSource([new("a.json")], _folder, 2, MediaTools.Locate()).Sample(i).Id)]);
    }

    [Theory]
    [InlineData(1, 10)]
    [InlineData(0.25, 3)]
    [InlineData(0.1, 1)]
    public void Read_Share_TakesTheFirstOnes(double share, int expected)
    {
        Write("a.json", $"[{string.Join(',', Enumerable.Range(0, 10).Select(_ => $$"""{"video": "v.mp4", "conversations": {{Talk}}}"""))}]");
        AnnotationSource source = Open(new AnnotationFile("a.json", First: share));
        Assert.Equal(expected, source.Count);
        Assert.Equal(Enumerable.Range(1, expected).Select(i => $"a.json:{i}").Order(), Enumerable.Range(0, expected).Select(i => source.Sample(i).Id).Order());
    }

    [Fact]
    public void Check_WhatWouldStopATraining_IsListedWithItsPlace()
    {
        File.WriteAllText(Path.Combine(_folder, "empty.mp4"), "");
        File.Copy(Sample(), Path.Combine(_folder, "good.mp4"));
        Write("a.json", $$"""
            [{"video": "good.mp4", "conversations": {{Talk}}},
             {"video": "gone.mp4", "conversations": {{Talk}}},
             {"video": "empty.mp4", "conversations": {{Talk}}},
             {"conversations": {{Talk}}},
             {"video": "good.mp4", "conversations": [{"from": "gpt", "value": "a"}, {"from": "human", "value": "b"}]},
             {"video": "good.mp4"},
             {"image": ["a.png", "b.png"], "conversations": {{Talk}}},
             {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]}]
            """);
        AnnotationSource source = Open(new AnnotationFile("a.json"));
        Assert.Equal(4, source.Count);
        (IReadOnlyList<ManifestProblem> problems, long count) = source.Check(open: false, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(["a.json:4", "a.json:5", "a.json:6", "a.json:7", "a.json:2"], problems.Select(p => p.Place));
        Assert.Equal(5, count);
        (problems, _) = source.Check(open: true, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal("a.json:3", problems[^1].Place);
        Assert.Contains("gone.mp4", problems[^2].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sample_SeveralImages_AreReadWhereTheStageTakesThem()
    {
        using (Stream picture = WorldObjects.Resource("1f34e.png"), file = File.Create(Path.Combine(_folder, "apple.png")))
        {
            picture.CopyTo(file);
        }

        const string Each = """[{"from": "human", "value": "<image>\n<image>\nWhich?"}, {"from": "gpt", "value": "both"}]""";
        string many = string.Join(',', Enumerable.Repeat("\"apple.png\"", TrainingExample.MaxImages + 1));
        Write("a.json", $$"""
            [{"image": ["apple.png", "apple.png"], "conversations": {{Each}}},
             {"image": ["apple.png", "apple.png", "apple.png"], "conversations": {{Talk}}},
             {"image": ["apple.png", "apple.png", "apple.png"], "conversations": {{Each}}},
             {"image": [{{many}}], "conversations": {{Talk}}},
             {"image": ["apple.png", "gone.png"], "conversations": {{Talk}}},
             {"image": "apple.png", "conversations": {{Talk}}}]
            """);
        var source = new AnnotationSource([new("a.json")], _folder, 1, MediaTools.Locate(), severalImages: true);
        TrainingExample[] all = [.. Enumerable.Range(0, 4).Select(i => source.Sample(i)).OrderBy(s => s.Id, StringComparer.Ordinal)];
        Assert.Equal([("a.json:1", 2), ("a.json:2", 3), ("a.json:5", 2), ("a.json:6", 1)], all.Select(s => (s.Id, s.Images.Count)));
        Assert.All(all[0].Images, read => Assert.True(read(TestContext.Current.CancellationToken).Width > 8));
        (IReadOnlyList<ManifestProblem> problems, _) = source.Check(open: false, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(["a.json:3", "a.json:4", "a.json:5"], problems.Select(p => p.Place));
        Assert.Contains("for 3 images", problems[0].Message, StringComparison.Ordinal);
        Assert.Contains("1 to 64", problems[1].Message, StringComparison.Ordinal);
        Assert.Contains("gone.png", problems[2].Message, StringComparison.Ordinal);
        Assert.Equal(1, Open(new AnnotationFile("a.json")).Count);
    }

    [Fact]
    public void Check_MoreProblemsThanTheBound_AreCounted()
    {
        const int Samples = AnnotationSource.MaxProblems + 5;
        Write("a.json", $"[{string.Join(',', Enumerable.Range(0, Samples).Select(_ => $$"""{"video": "gone.mp4", "conversations": {{Talk}}}"""))}]");
        (IReadOnlyList<ManifestProblem> problems, long count) = Open(new AnnotationFile("a.json")).Check(open: false, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((AnnotationSource.MaxProblems, Samples), (problems.Count, count));
    }

    [Fact]
    public void Read_FilesThatCannotBeUsed_AreNamed()
    {
        Write("two.json", $$"""[{"conversations": {{Talk}}, "video": "v"}, {"conversations": {{Talk}}, "video": "v"}]""");
        Write("broken.json", "[{");
        Write("none.json", "[]");
        Assert.Contains("gone.json", Refused("gone.json").Message, StringComparison.Ordinal);
        Assert.Contains("broken.json", Refused("broken.json").Message, StringComparison.Ordinal);
        Assert.Contains("none.json", Refused("none.json").Message, StringComparison.Ordinal);
        Assert.Contains("more than 1 samples", Assert.Throws<InvalidDataException>(() => new AnnotationSource([new("two.json")], _folder, 1, MediaTools.Locate(), most: 1)).Message, StringComparison.Ordinal);

        InvalidDataException Refused(string file) => Assert.Throws<InvalidDataException>(() => Open(new AnnotationFile(file)));
    }

    [Fact]
    public void Loss_VideoImageAndText_TrainTogether()
    {
        File.Copy(Sample(), Path.Combine(_folder, "good.mp4"));
        using (Stream picture = WorldObjects.Resource("1f34e.png"), file = File.Create(Path.Combine(_folder, "apple.png")))
        {
            picture.CopyTo(file);
        }

        Write("a.json", $$"""
            [{"video": "good.mp4", "start": 0.5, "conversations": {{Talk}}}, {"image": "apple.png", "conversations": {{Talk}}},
             {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]}]
            """);
        AnnotationSource source = Open(new AnnotationFile("a.json"));
        ModelConfig config = TinyModels.VideoChatFlash(layers: 4);
        using Weights weights = Studio.Engine.Chat.RandomModels.Weights(config, 1, Device.CPU, ScalarType.Float32);
        var stage = new TrainingStage
        {
            Name = "all",
            Rates = new PartRates { Tower = 1, Projector = 1, Decoder = 1 },
            Template = TrainingTemplate.ChatFlash,
            Frames = new TrainingFrames { Min = 4, Max = 8 },
            Data = new TrainingData { Annotations = [new("a.json")] },
        };
        using var trainee = new FlashTrainee(stage, config, weights, Tokenization.TestTokenizers.Tiny, Device.CPU, 1);
        TrainingExample[] samples = [.. Enumerable.Range(0, 3).Select(i => source.Sample(i)).OrderBy(s => s.Id, StringComparer.Ordinal)];
        int[] rows = [.. samples.Select(s => Rows(trainee, s))];
        Assert.InRange(rows[0], 64, 300); // 4 or 8 frames, 16 tokens each, and text
        Assert.InRange(rows[1], 64 * 2, 64 * 3 + 120); // the picture and its one tile
        Assert.InRange(rows[2], 5, 120);
        using var scope = torch.NewDisposeScope();
        TraineeLoss all = trainee.Loss(samples, TestContext.Current.CancellationToken);
        Assert.Equal(rows.Sum(), all.Rows);
        all.Loss.backward();
        Assert.All(trainee.Groups, g => Assert.Contains(g.Parameters, p => p.Value.grad is not null));
    }

    private static int Rows(FlashTrainee trainee, TrainingExample sample)
    {
        using var scope = torch.NewDisposeScope();
        return trainee.Loss([sample], TestContext.Current.CancellationToken).Rows;
    }

    [Fact]
    public void Sample_Grouped_UpdatesOfOneModalityInBatchesOfLikeLength()
    {
        string[] kinds = ["\"video\": \"v.mp4\", ", "\"image\": \"i.png\", ", ""];
        Write("a.json", $"[{string.Join(',', Enumerable.Range(0, 70).Select(i => $$"""{{{kinds[i % 3]}}"conversations": [{"from": "human", "value": "{{(i % 3 == 2 ? "" : "<image>")}}\n{{string.Concat(Enumerable.Repeat("what ", 1 + (i * 7 % 31)))}}"}, {"from": "gpt", "value": "a shape"}]}"""))}]");
        AnnotationSource Grouped(GroupBy by) => new([new("a.json")], _folder, 1, MediaTools.Locate(), grouping: new SampleGrouping(by, Batch: 2, Accumulation: 4));
        AnnotationSource source = Grouped(GroupBy.ModalityAndLength);
        Assert.Equal(64, source.Count);
        TrainingExample[] Epoch(AnnotationSource of, int epoch) => [.. Enumerable.Range(64 * epoch, 64).Select(i => of.Sample(i))];
        TrainingExample[] first = Epoch(source, 0);
        Assert.Equal(64, first.Select(s => s.Id).Distinct().Count());
        static (bool, bool) Modality(TrainingExample s) => (s.Video is not null, s.Images.Count > 0);
        static int Words(TrainingExample s) => s.Turns[0].Text.Split("what").Length;
        TrainingExample[][] updates = [.. first.Chunk(8)];
        Assert.Equal(7, updates.Count(u => u.Select(Modality).Distinct().Count() == 1)); // 24, 23 and 23 samples: 3, 2 and 2 whole updates, and one of the 14 left over
        Assert.All(updates, u => Assert.Equal(u.Select(Words).OrderDescending(), u.Select(Words)));
        Assert.NotEqual(first.Select(s => s.Id).Order(), Epoch(source, 1).Select(s => s.Id).Order());
        Assert.Equal(first.Select(s => s.Id), Epoch(Grouped(GroupBy.ModalityAndLength), 0).Select(s => s.Id));
        Assert.Contains(Epoch(Grouped(GroupBy.Modality), 0).Chunk(8), u => !u.Select(Words).OrderDescending().SequenceEqual(u.Select(Words)));
    }

    [Fact]
    public void Order_FewerThanAnUpdate_AllAsTheyAreMixed()
    {
        var grouping = new SampleGrouping(GroupBy.Modality, Batch: 4, Accumulation: 2);
        Assert.Equal(7, grouping.EpochOf(7));
        Assert.Equal(Enumerable.Range(0, 7), grouping.Order(7, _ => SampleModality.Text, _ => 0, new WorldRandom(3)).Order());
    }

    private AnnotationSource Open(params AnnotationFile[] files) => new(files, _folder, 1, MediaTools.Locate());

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);

    private static string Sample() => Path.Combine(TrainingRecipeTests.Root(), "data", "samples", "shapes.mp4");
}
