using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Studio.Engine.Training;
using Studio.Engine.Training.Annotating;
using Xunit;

namespace Studio.Engine.Tests.Training.Annotating;

/// <summary>Videos to timed events to questions, with a captioner and writer whose truth is known: 84 s (5 events) and 300 s (16 events, 4 activities twice).</summary>
public sealed class LongVideoPipelineTests(AnnotationStage stage) : IClassFixture<AnnotationStage>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Make_Records_AreReadForTrainingAndLeadToTheirTimeline()
    {
        (string output, AnnotationSummary summary, AnnotationRecord[] records) = await MakeAsync(New());
        Assert.Equal((2, 2, 0, 1), (summary.Videos, summary.Sections, summary.Failed, summary.LeftOut)); // nothing to count in the short one
        Assert.Equal(15, records.Length);
        Assert.Equal(new LongVideoTask().Kinds.Order(), summary.ByKind.Keys);
        var source = new AnnotationSource([new AnnotationFile("longvid.jsonl")], output, 1, stage.Tools);
        (_, long problems) = source.Check(open: true, cancellationToken: Ct);
        Assert.Equal((15L, 0), (source.Count, problems));
        Assert.Equal(records.Select(r => r.Conversations[1].Value).Order(), Enumerable.Range(0, 15).Select(i => source.Sample(i).Turns[1].Text).Order());

        var timelines = File.ReadLines(Path.Combine(output, "longvid.timelines.jsonl")).Select(l => JsonDocument.Parse(l).RootElement).ToDictionary(e => e.GetProperty("id").GetString()!);
        Assert.Equal(2, timelines.Count);
        var answers = File.ReadLines(Path.Combine(output, "longvid.answers.jsonl")).Select(l => JsonDocument.Parse(l).RootElement).ToDictionary(e => e.GetProperty("key").GetString()!);
        foreach (AnnotationRecord record in records)
        {
            JsonElement timeline = timelines[record.Meta.Timeline!];
            Assert.Equal((record.Video, record.Meta.ContentHash), (timeline.GetProperty("video").GetString(), timeline.GetProperty("contentHash").GetString()));
            double[] starts = [.. timeline.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("start").GetDouble())];
            Assert.All(record.Meta.Evidence, e => Assert.Contains(e.Start, starts));
            Assert.All(record.Meta.Answers, a => Assert.Equal(a.Key, answers[a.Value].GetProperty("step").GetString()));
        }
    }

    [Fact]
    public async Task Make_TimedEvents_AreJoinedOverTheEdgeOfARequest()
    {
        (string output, _, _) = await MakeAsync(New());
        JsonElement timeline = File.ReadLines(Path.Combine(output, "longvid.timelines.jsonl")).Select(l => JsonDocument.Parse(l).RootElement).Single(t => t.GetProperty("end").GetDouble() == 300);
        Assert.Equal(30, timeline.GetProperty("captions").GetArrayLength());
        JsonElement[] events = [.. timeline.GetProperty("events").EnumerateArray()];
        double[] expected = [0, .. Enumerable.Range(0, 15).Select(i => 10.0 + (20 * i))];
        Assert.Equal(expected, events.Select(e => e.GetProperty("start").GetDouble()));
        Assert.Contains(events, e => (e.GetProperty("start").GetDouble(), e.GetProperty("end").GetDouble()) == (190, 210)); // clips 20 and 21, one in each request
        Assert.All(events, e => Assert.Equal(FakeAnnotator.Activity(e.GetProperty("start").GetDouble()), (e.GetProperty("event").GetString()!, e.GetProperty("scene").GetString()!)));
    }

    [Fact]
    public async Task Make_Answers_AreWhatTheVideosShow()
    {
        (_, AnnotationSummary summary, AnnotationRecord[] records) = await MakeAsync(New(), AnnotationStage.LongVideo(questions: 40));
        Assert.True(summary.ByKind[LongVideoTask.Grounding] >= 8, "too few events were asked for");
        foreach (AnnotationRecord record in records.Where(r => r.Meta.Section.End == 300))
        {
            (string question, string answer) = (record.Conversations[0].Value, record.Conversations[1].Value);
            string[] all = [.. Enumerable.Range(0, 30).Select(i => FakeAnnotator.Activity(10 * i).Event)];
            switch (record.Meta.Kind)
            {
                case LongVideoTask.Grounding:
                    Match times = Regex.Match(answer, @"^From ([\d.]+) to ([\d.]+) seconds\.$");
                    (double from, double to) = (double.Parse(times.Groups[1].Value, CultureInfo.InvariantCulture), double.Parse(times.Groups[2].Value, CultureInfo.InvariantCulture));
                    string name = FakeAnnotator.Activity(from).Event;
                    Assert.Contains(name, question, StringComparison.Ordinal);
                    Assert.Equal(Enumerable.Range(0, 30).Where(i => all[i] == name), Enumerable.Range((int)from / 10, (int)(to - from) / 10)); // there and nowhere else
                    break;
                case LongVideoTask.Counting:
                    string counted = all.Distinct().Single(a => question.Contains(a, StringComparison.Ordinal));
                    Assert.Equal("2 times.", answer);
                    Assert.Equal(2, all.Where((a, i) => a == counted && (i == 0 || all[i - 1] != a)).Count());
                    Assert.Equal(2, record.Meta.Evidence.Count);
                    break;
                case LongVideoTask.Description:
                    Assert.StartsWith($"{all[0]}, then {all[1]}", answer, StringComparison.Ordinal);
                    break;
                default:
                    Assert.Equal(2, record.Meta.Evidence.Count);
                    (string Event, string Scene)[] two = [.. record.Meta.Evidence.Select(e => FakeAnnotator.Activity(e.Start))];
                    Assert.NotEqual(two[0].Event, two[1].Event);
                    Assert.True(record.Meta.Kind != LongVideoTask.SceneRelation || two[0].Scene != two[1].Scene, "two events of one scene");
                    Assert.True(record.Meta.Evidence[0].Start < record.Meta.Evidence[1].Start, "the later event first");
                    Assert.Contains(two[0].Event, question, StringComparison.Ordinal);
                    break;
            }
        }
    }

    [Fact]
    public async Task Make_SectionsOfALongVideo_CountTimeFromTheirOwnStart()
    {
        (_, _, AnnotationRecord[] records) = await MakeAsync(New(), AnnotationStage.LongVideo(questions: 40) with { SectionSeconds = 150 });
        AnnotationRecord[] second = [.. records.Where(r => r.Start == 150 && r.Meta.Kind == LongVideoTask.Grounding)];
        Assert.NotEmpty(second);
        Assert.All(second, r => Assert.StartsWith($"From {r.Meta.Evidence[0].Start - 150:0.0} to ", r.Conversations[1].Value, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Make_KilledAfterAnyAnswer_GoesOnToTheSameBytesHoweverManyAtOnce()
    {
        string videos = Path.Combine(stage.Folder, "one");
        Directory.CreateDirectory(videos);
        File.Copy(Path.Combine(stage.Videos, "more", "b.mp4"), Path.Combine(videos, "b.mp4"));
        string whole = stage.NewOutput();
        await stage.Maker(whole, New(), new LongVideoTask(), videos).MakeAsync(AnnotationStage.LongVideo(), cancellationToken: Ct);
        byte[] log = File.ReadAllBytes(Path.Combine(whole, "longvid.answers.jsonl"));
        int[] ends = [.. Enumerable.Range(0, log.Length).Where(i => log[i] == '\n').Select(i => i + 1)];
        for (int i = 0; i < ends.Length; i++)
        {
            string output = stage.NewOutput();
            Directory.CreateDirectory(output);
            File.WriteAllBytes(Path.Combine(output, "longvid.answers.jsonl"), log[..(ends[i] + Math.Min(i, log.Length - ends[i]))]); // and a little of the next line
            AnnotationSummary again = await stage.Maker(output, New(), new LongVideoTask(), videos).MakeAsync(AnnotationStage.LongVideo(jobs: 1 + (i % 3)), cancellationToken: Ct);
            Assert.Equal(ends.Length - i - 1, again.Asked);
            foreach (string name in new[] { "longvid.jsonl", "longvid.timelines.jsonl", "longvid.left-out.jsonl" })
            {
                Assert.Equal(File.ReadAllText(Path.Combine(whole, name)), File.ReadAllText(Path.Combine(output, name)));
            }
        }
    }

    [Theory]
    [InlineData("connected", "{\"question\": \"a\", \"answer\": \"b\", \"events\": [1, 1]}", "the question is about events 1 and 1", "event-relation")]
    [InlineData("connected", "{\"question\": \"\", \"answer\": \"b\", \"events\": [1, 2]}", "'question' is empty|the question is about", "event-relation")]
    [InlineData("more than once", "{\"repeated\": [{\"what\": \"x\", \"events\": [99]}]}", "'events' is 99; there are 1 to", "counting")]
    [InlineData("whole video", "{\"description\": \"<image>\"}", "holds <image>", "description")]
    public async Task Make_AnswerOfNoUse_CostsItsQuestionAlone(string prompt, string answer, string reason, string kind)
    {
        (string whole, AnnotationSummary all, _) = await MakeAsync(New());
        FakeAnnotator fake = New();
        fake.Instead = p => p.Contains(prompt, StringComparison.Ordinal) ? answer : null;
        (string output, AnnotationSummary summary, _) = await MakeAsync(fake);
        Assert.True(summary.Failed > 0);
        Assert.False(summary.ByKind.ContainsKey(kind));
        Assert.Equal(all.ByKind.Where(k => k.Key != kind), summary.ByKind);
        Assert.All(File.ReadLines(Path.Combine(output, "longvid.failed.jsonl")), l => Assert.Matches(reason, JsonDocument.Parse(l).RootElement.GetProperty("reason").GetString()));
        await stage.Maker(output, New(), new LongVideoTask()).MakeAsync(AnnotationStage.LongVideo(), cancellationToken: Ct);
        Assert.Equal(File.ReadAllText(Path.Combine(whole, "longvid.jsonl")), File.ReadAllText(Path.Combine(output, "longvid.jsonl")));
    }

    [Theory]
    [InlineData("{\"events\": [{\"from\": 2, \"to\": 3, \"event\": \"a\", \"scene\": \"b\"}, {\"from\": 3, \"to\": 4, \"event\": \"a\", \"scene\": \"b\"}]}", "events may not overlap")]
    [InlineData("{\"events\": [{\"from\": 3, \"to\": 2, \"event\": \"a\", \"scene\": \"b\"}]}", "from clip 3 to 2")]
    [InlineData("{\"events\": [{\"from\": 1, \"to\": 99, \"event\": \"a\", \"scene\": \"b\"}]}", "'to' is 99")]
    [InlineData("{\"events\": [{\"from\": 1, \"to\": 1, \"event\": \"a\"}]}", "not the JSON that was asked for")]
    public async Task Make_EventsOfNoUse_CostTheirSection(string answer, string reason)
    {
        FakeAnnotator fake = New();
        fake.Instead = p => p.Contains("\"scene\"", StringComparison.Ordinal) ? answer : null;
        (string output, AnnotationSummary summary, AnnotationRecord[] records) = await MakeAsync(fake);
        Assert.Empty(records);
        Assert.Equal(2, summary.Failed);
        Assert.All(File.ReadLines(Path.Combine(output, "longvid.failed.jsonl")), l => Assert.Contains(reason, JsonDocument.Parse(l).RootElement.GetProperty("reason").GetString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Make_WhatASecondLookDoesNotConfirm_IsLeftOut()
    {
        FakeAnnotator fake = New();
        fake.Instead = p => p.Contains("\"supported\"", StringComparison.Ordinal) ? "{\"supported\": false}" : p.Contains("numbers of all events in which", StringComparison.Ordinal) ? "{\"events\": [1]}" : null;
        (string output, AnnotationSummary summary, _) = await MakeAsync(fake);
        Assert.Equal([LongVideoTask.Description, LongVideoTask.Grounding], summary.ByKind.Keys);
        string left = File.ReadAllText(Path.Combine(output, "longvid.left-out.jsonl"));
        Assert.Contains("does not find the answer in the events", left, StringComparison.Ordinal);
        Assert.Contains("counted twice with different results (2 and 1)", left, StringComparison.Ordinal);
    }

    private static FakeAnnotator New() => new()
    {
        Caption = start =>
        {
            (string what, string where) = FakeAnnotator.Activity(start);
            return $"{what} in the {where}.";
        },
    };

    private async Task<(string Output, AnnotationSummary Summary, AnnotationRecord[] Records)> MakeAsync(FakeAnnotator fake, AnnotationSettings? settings = null)
    {
        string output = stage.NewOutput();
        AnnotationSummary summary = await stage.Maker(output, fake, new LongVideoTask()).MakeAsync(settings ?? AnnotationStage.LongVideo(), cancellationToken: Ct);
        return (output, summary, [.. File.ReadLines(summary.File).Select(AnnotationRecord.Parse)]);
    }
}
