using System.Text.Json;
using Studio.Engine.Training;
using Studio.Engine.Training.Annotating;
using Xunit;

namespace Studio.Engine.Tests.Training.Annotating;

/// <summary>Videos to clue-ordering questions, with a captioner and writer whose truth is known.</summary>
public sealed class VicoPipelineTests(AnnotationStage stage) : IClassFixture<AnnotationStage>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Make_Records_AreReadForTraining()
    {
        (string output, AnnotationSummary summary, AnnotationRecord[] records) = await MakeAsync(new FakeAnnotator());
        Assert.Equal((2, 3, 0, 0), (summary.Videos, summary.Sections, summary.Failed, summary.LeftOut));
        Assert.Equal(records.Length, summary.Records);
        Assert.Equal(records.Length, summary.ByKind.Values.Sum());
        Assert.Equal(21, records.Length);
        Assert.Equal(records.Length, records.Select(r => r.Id).Distinct().Count());
        var source = new AnnotationSource([new AnnotationFile("vico.jsonl")], output, 1, stage.Tools);
        Assert.Equal(records.Length, source.Count);
        (_, long problems) = source.Check(open: true, cancellationToken: Ct);
        Assert.Equal(0, problems);
        var read = Enumerable.Range(0, records.Length).Select(i => source.Sample(i)).OrderBy(s => int.Parse(s.Id.Split(':')[1])).ToArray();
        for (int i = 0; i < records.Length; i++)
        {
            Assert.Equal(records[i].Conversations.Select(c => c.Value), read[i].Turns.Select(t => t.Text));
            Assert.Equal((records[i].Start, records[i].End), (read[i].Start, read[i].End));
            Assert.EndsWith(records[i].Video.Replace("../", "", StringComparison.Ordinal), read[i].Video!.Info.Path, StringComparison.Ordinal);
        }

        // Of the long video's two sections each is a part, the short video is whole.
        Assert.Equal([null, 0d, 150d], records.Select(r => r.Start).Distinct());
        Assert.Equal([null, 150d, 300d], records.Select(r => r.End).Distinct());
    }

    [Fact]
    public async Task Make_Answers_AreWhatTheVideosShow()
    {
        (_, AnnotationSummary summary, AnnotationRecord[] records) = await MakeAsync(new FakeAnnotator(), AnnotationStage.Vico(questions: 40));
        Assert.Equal(VicoQuestions.Kinds.Order(), summary.ByKind.Keys);
        Assert.True(records.Select(r => r.Meta.Letter).Distinct().Count() >= 5, "letters of right options repeat too much"); // A to D, and none
        foreach (AnnotationRecord record in records)
        {
            (string question, string answer) = (record.Conversations[0].Value, record.Conversations[1].Value);
            IReadOnlyList<TimedEvent> events = record.Meta.Events!;
            Assert.Equal(events.OrderBy(e => e.Start), events);
            Assert.All(events, e => Assert.Contains(record.Meta.Captions!, c => c.Start == e.Start && c.Caption.Contains(e.Event, StringComparison.Ordinal)));
            TimedEvent[] evidence = [.. record.Meta.Evidence.Select(e => events.Single(o => o.Start == e.Start))];
            if (record.Meta.Letter is { } letter)
            {
                Assert.StartsWith($"({letter}) ", answer, StringComparison.Ordinal);
                Assert.Contains($"\n{answer}\n", question, StringComparison.Ordinal); // the option stands there as it is answered
                answer = answer[4..];
            }

            string expected = record.Meta.Kind switch
            {
                VicoQuestions.First => events[0].Event,
                VicoQuestions.Last => events[^1].Event,
                VicoQuestions.After => events[events.ToList().FindIndex(e => question.Contains($"after this: {e.Event}?", StringComparison.Ordinal)) + 1].Event,
                VicoQuestions.Between => events[events.ToList().FindIndex(e => question.Contains($"these two: {e.Event};", StringComparison.Ordinal)) + 1].Event,
                VicoQuestions.List => string.Join('\n', events.Select((e, i) => $"{i + 1}. {e.Event}")),
                VicoQuestions.Order => string.Join("; then ", evidence.OrderBy(e => e.Start).Select(e => e.Event)),
                _ => Part(record, evidence.Single()),
            };
            Assert.Equal(expected, answer);
        }

        static string Part(AnnotationRecord record, TimedEvent e)
        {
            double third = (record.Meta.Section.End - record.Meta.Section.Start) / 3;
            double from = e.Start - record.Meta.Section.Start, to = e.End - record.Meta.Section.Start;
            return to <= third ? "At the beginning of the video" : from >= third && to <= 2 * third ? "In the middle of the video" : from >= 2 * third ? "At the end of the video" : "no single part";
        }
    }

    [Fact]
    public async Task Make_Records_SayWhereTheyComeFrom()
    {
        (string output, _, AnnotationRecord[] records) = await MakeAsync(new FakeAnnotator { Identity = "fake-7" });
        var answers = File.ReadLines(Path.Combine(output, "vico.answers.jsonl")).Select(l => JsonDocument.Parse(l).RootElement).ToDictionary(e => e.GetProperty("key").GetString()!);
        foreach (AnnotationRecord record in records)
        {
            Assert.Equal(("vico", "fake-7", "fake-7", "vico-1", 1UL), (record.Meta.Task, record.Meta.Captioner, record.Meta.Writer, record.Meta.Prompts, record.Meta.Seed));
            Assert.Equal(await Engine.Chat.ContentHash.OfFileAsync(Path.GetFullPath(Path.Combine(output, record.Video)), Ct), record.Meta.ContentHash);
            Assert.All(record.Meta.Answers, a => Assert.Equal(a.Key, answers[a.Value].GetProperty("step").GetString()));
            Assert.True(record.Meta.Answers.ContainsKey("events") && record.Meta.Answers.ContainsKey("order"));
            Assert.Equal(record.Meta.Letter is not null, record.Meta.Answers.ContainsKey("blind-1"));
        }
    }

    [Fact]
    public async Task Make_SameSeed_GivesTheSameBytesHoweverManyAtOnce()
    {
        (string one, _, _) = await MakeAsync(new FakeAnnotator());
        (string four, _, _) = await MakeAsync(new FakeAnnotator(), AnnotationStage.Vico(jobs: 4));
        (string other, _, _) = await MakeAsync(new FakeAnnotator(), AnnotationStage.Vico(seed: 2));
        Assert.Equal(Text(one), Text(four));
        Assert.NotEqual(Text(one), Text(other).Replace("\"seed\":2", "\"seed\":1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Make_KilledAnywhere_GoesOnToTheSameBytesWithoutAskingAgain()
    {
        AnnotationSettings settings = AnnotationStage.Vico(questions: 3);
        string videos = Path.Combine(stage.Folder, "one");
        Directory.CreateDirectory(videos);
        File.Copy(Path.Combine(stage.Videos, "a.mp4"), Path.Combine(videos, "a.mp4"));
        string whole = stage.NewOutput();
        AnnotationSummary summary = await stage.Maker(whole, new FakeAnnotator(), videos: videos).MakeAsync(settings, cancellationToken: Ct);
        byte[] log = File.ReadAllBytes(Path.Combine(whole, "vico.answers.jsonl"));
        int[] ends = [.. Enumerable.Range(0, log.Length).Where(i => log[i] == '\n').Select(i => i + 1)];
        Assert.Equal(summary.Asked, ends.Length);
        for (int i = 0; i <= ends.Length; i++)
        {
            int start = i == 0 ? 0 : ends[i - 1];
            int[] cuts = i == ends.Length ? [start] : [start, start + 1, (start + ends[i]) / 2, ends[i] - 1]; // between lines, and inside the next
            foreach (int cut in cuts)
            {
                string output = stage.NewOutput();
                Directory.CreateDirectory(output);
                File.WriteAllBytes(Path.Combine(output, "vico.answers.jsonl"), log[..cut]);
                var fake = new FakeAnnotator();
                AnnotationSummary again = await stage.Maker(output, fake, videos: videos).MakeAsync(settings, cancellationToken: Ct);
                Assert.Equal(ends.Length - i, again.Asked);
                Assert.Equal(again.Asked - (i == 0 ? 1 : 0), fake.Asked.Count); // the first answer is the file's own: hash and length
                Assert.Equal(Text(whole), Text(output));
            }
        }
    }

    [Fact]
    public async Task Make_Cancelled_KeepsWhatWasAnsweredAndGoesOn()
    {
        (string whole, _, _) = await MakeAsync(new FakeAnnotator());
        string output = stage.NewOutput();
        using var cancel = new CancellationTokenSource();
        int asked = 0;
        var fake = new FakeAnnotator
        {
            Instead = _ =>
            {
                if (++asked == 20)
                {
                    cancel.Cancel();
                }

                return null;
            },
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stage.Maker(output, fake).MakeAsync(AnnotationStage.Vico(), cancellationToken: cancel.Token));
        Assert.False(File.Exists(Path.Combine(output, "vico.jsonl")));
        AnnotationSummary rest = await stage.Maker(output, new FakeAnnotator()).MakeAsync(AnnotationStage.Vico(), cancellationToken: Ct);
        Assert.Equal(Text(whole), Text(output));
        Assert.Equal(File.ReadLines(Path.Combine(whole, "vico.answers.jsonl")).Count() - 22, rest.Asked); // 20 and two videos
    }

    [Theory]
    [InlineData("I cannot do that.", "holds no JSON object")]
    [InlineData("{\"events\": 3}", "not the JSON that was asked for")]
    [InlineData("{\"events\": [{\"part\": 99, \"event\": \"x\"}]}", "'part' is 99; there are 1 to")]
    [InlineData("{\"events\": [{\"part\": 1, \"event\": \"<image> rolls\"}]}", "holds <image>")]
    public async Task Make_AnswerOfNoUse_FailsAloneAndIsAskedAgain(string answer, string reason)
    {
        (string whole, _, AnnotationRecord[] all) = await MakeAsync(new FakeAnnotator());
        int bad = 0;
        var fake = new FakeAnnotator { Instead = p => p.Contains("key events", StringComparison.Ordinal) && bad++ == 0 ? answer : null };
        (string output, AnnotationSummary summary, AnnotationRecord[] records) = await MakeAsync(fake);
        Assert.Equal((1, all.Length - 7), (summary.Failed, records.Length)); // one section of three
        JsonElement failed = JsonDocument.Parse(Assert.Single(File.ReadLines(Path.Combine(output, "vico.failed.jsonl")))).RootElement;
        Assert.Equal("events", failed.GetProperty("step").GetString());
        Assert.Contains(reason, failed.GetProperty("reason").GetString(), StringComparison.Ordinal);

        var second = new FakeAnnotator();
        AnnotationSummary again = await stage.Maker(output, second).MakeAsync(AnnotationStage.Vico(), cancellationToken: Ct);
        Assert.Equal(0, again.Failed);
        Assert.DoesNotContain(second.Asked, a => a.Contains(".mp4", StringComparison.Ordinal)); // no caption again
        Assert.Empty(File.ReadLines(Path.Combine(output, "vico.failed.jsonl")));
        Assert.Equal(Text(whole), Text(output));
    }

    [Fact]
    public async Task Make_WriterThatIsUnsureOfTheOrder_LeavesTheSectionOut()
    {
        var fake = new FakeAnnotator
        {
            Instead = p =>
            {
                if (!p.Contains("\"order\"", StringComparison.Ordinal))
                {
                    return null;
                }

                string[] order = [.. JsonDocument.Parse(FakeAnnotator.Reply(p)).RootElement.GetProperty("order").EnumerateArray().Select(e => e.GetString()!)];
                (order[0], order[1]) = (order[1], order[0]);
                return JsonSerializer.Serialize(new { order });
            },
        };
        (string output, AnnotationSummary summary, AnnotationRecord[] records) = await MakeAsync(fake);
        Assert.Equal((0, 3, 0), (records.Length, summary.LeftOut, summary.Failed));
        Assert.All(File.ReadLines(Path.Combine(output, "vico.left-out.jsonl")), l => Assert.Contains("Kendall's tau 0.", l, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Make_QuestionsThatNeedNoVideo_AreLeftOut()
    {
        // Finds "number0" among the options: the first event, which a reader of the options alone would guess.
        var fake = new FakeAnnotator { Instead = p => !p.Contains("cannot see", StringComparison.Ordinal) ? null : p.Contains("happens first", StringComparison.Ordinal) ? Clever(p) : "I cannot say." };
        AnnotationSettings settings = AnnotationStage.Vico(questions: 40);
        (string output, AnnotationSummary summary, AnnotationRecord[] records) = await MakeAsync(fake, settings);
        Assert.DoesNotContain(records, r => r.Meta.Kind == VicoQuestions.First);
        Assert.Equal(3, summary.LeftOut);
        Assert.All(File.ReadLines(Path.Combine(output, "vico.left-out.jsonl")), l => Assert.Contains("3 times out of 3", l, StringComparison.Ordinal));
        string other = stage.NewOutput();
        AnnotationSummary all = await stage.Maker(other, fake, new VicoTask(blind: false)).MakeAsync(settings, cancellationToken: Ct);
        Assert.Equal((3, 0), (all.ByKind[VicoQuestions.First], all.LeftOut));

        static string Clever(string prompt) => prompt.Split('\n').Where(l => l.StartsWith('(')).MinBy(l => int.Parse(l[(l.IndexOf("number", StringComparison.Ordinal) + 6)..]))![1].ToString();
    }

    [Fact]
    public async Task Make_VideosThatCannotBeUsed_AreNamed()
    {
        string videos = Path.Combine(stage.Folder, "odd");
        Directory.CreateDirectory(videos);
        File.Copy(Path.Combine(stage.Videos, "a.mp4"), Path.Combine(videos, "a.mp4"));
        File.Copy(Path.Combine(stage.Videos, "a.mp4"), Path.Combine(videos, "copy.mp4"));
        stage.Make("../odd/short.mp4", 20);
        File.WriteAllText(Path.Combine(videos, "broken.mp4"), "no video");
        File.WriteAllText(Path.Combine(videos, "notes.txt"), "no video either");
        string output = stage.NewOutput();
        AnnotationSummary summary = await stage.Maker(output, new FakeAnnotator(), videos: videos).MakeAsync(AnnotationStage.Vico(), cancellationToken: Ct);
        Assert.Equal((4, 1, 1, 2), (summary.Videos, summary.Sections, summary.Failed, summary.LeftOut));
        Assert.Contains("broken.mp4", Assert.Single(File.ReadLines(Path.Combine(output, "vico.failed.jsonl"))), StringComparison.Ordinal);
        string[] left = File.ReadAllLines(Path.Combine(output, "vico.left-out.jsonl"));
        Assert.Contains("copy.mp4\",\"reason\":\"the same file as ../odd/a.mp4", left[0], StringComparison.Ordinal);
        Assert.Contains("20 s are 1 clips; questions need 4", left[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Make_CaptionsOutOfBounds_Fail()
    {
        var fake = new FakeAnnotator { Instead = p => p.StartsWith("a.mp4 14-", StringComparison.Ordinal) ? new string('x', 2001) : p.StartsWith("a.mp4 28-", StringComparison.Ordinal) ? new string('x', Asker.MaxAnswerLength + 1) : null };
        (string output, AnnotationSummary summary, _) = await MakeAsync(fake);
        Assert.Equal(2, summary.Failed);
        string[] failed = File.ReadAllLines(Path.Combine(output, "vico.failed.jsonl"));
        Assert.Contains("2001 characters, above the limit of 2000", failed[0], StringComparison.Ordinal);
        Assert.Contains("32001 characters, above the limit of 32000", failed[1], StringComparison.Ordinal);
    }

    private async Task<(string Output, AnnotationSummary Summary, AnnotationRecord[] Records)> MakeAsync(FakeAnnotator fake, AnnotationSettings? settings = null)
    {
        string output = stage.NewOutput();
        AnnotationSummary summary = await stage.Maker(output, fake).MakeAsync(settings ?? AnnotationStage.Vico(), cancellationToken: Ct);
        return (output, summary, [.. File.ReadLines(summary.File).Select(AnnotationRecord.Parse)]);
    }

    private static string Text(string output) => File.ReadAllText(Path.Combine(output, "vico.jsonl"));
}
