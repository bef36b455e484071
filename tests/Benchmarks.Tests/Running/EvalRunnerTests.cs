using System.Text.Json;
using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Running;
using Studio.Engine.Chat;
using Studio.Engine.Compression;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Benchmarks.Tests.Running;

public sealed class EvalRunnerTests(TinyEval tiny) : IClassFixture<TinyEval>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_WholeTask_RecordsEverySampleAndFinishes()
    {
        var (store, told) = (new MemoryRunStore(), new List<EvalProgress>());
        ListData data = await tiny.DataAsync();
        var (outcome, jobs) = await tiny.RunAsync(store, data, [TinyEval.Request()], onProgress: told.Add, ct: Ct);
        Assert.Equal(new EvalOutcome(5, 0, 0), outcome);
        Run run = await store.GetAsync(jobs[0].Run.Id, Ct);
        Assert.Equal((RunState.Finished, 5, "off", "uniform 4", "own"), (run.State, run.Samples, run.Compression, run.Frames, run.Task));
        List<Sample> samples = await AllAsync(store, run.Id);
        Assert.Equal([0, 1, 2, 3, 4], samples.Select(s => s.Ordinal));
        Assert.All(samples, s =>
        {
            Assert.True(s is { Frames: 4, VisualTokens: 64, GeneratedTokens: > 0, Corrected: not null, Error: null, StageTokens: "[64]", Survival: null }, JsonSerializer.Serialize(s));
            Assert.Equal(64, s.MediaHash.Length);
            Assert.Matches(@"^<image>\nThe video lasts for [0-9]\.00 seconds, and 4 frames are uniformly sampled from it\. Question: Which is it", s.Prompt);
            SampleCosts costs = RecordJson.Read<SampleCosts>(s.Costs);
            Assert.True(costs is { TotalMilliseconds: > 0, FirstTokenMilliseconds: > 0, KvBytes: > 0, Flops: > 0, PeakBytes: > 0 }, s.Costs);
            Assert.Superset(new HashSet<string> { "tower", "prefill", "decode", "frames" }, costs.Milliseconds.Keys.ToHashSet());
            Assert.True(costs.TotalMilliseconds >= costs.Milliseconds["tower"], s.Costs);
        });
        Assert.Equal([false, false, false, true, true], samples.Select(s => RecordJson.Read<SampleCosts>(s.Costs).WasCached));
        Assert.Equal((0, 5), (told[0].Done, told[0].Total));
        Assert.Equal((5, 0, TimeSpan.Zero), (told[^1].Done, told[^1].Failed, told[^1].Left));
        Assert.Equal(samples.Average(s => s.Corrected!.Value), told[^1].Accuracy, 9);
        Assert.Contains(told, p => p.Video == data.Documents[2].Media);
    }

    [Fact]
    public async Task Run_CancelledAnywhere_GoesOnToTheSameResult()
    {
        ListData data = await tiny.DataAsync();
        var whole = new MemoryRunStore();
        var (_, jobs) = await tiny.RunAsync(whole, data, [TinyEval.Request()], ct: Ct);
        string expected = whole.Results(jobs[0].Run.Id);
        for (int stopAt = 0; stopAt < 5; stopAt++)
        {
            var store = new MemoryRunStore();
            using var stop = new CancellationTokenSource();
            store.OnAdd = s =>
            {
                if (store.Order.Count == stopAt) stop.Cancel();
            };
            _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => tiny.RunAsync(store, data, [TinyEval.Request()], ct: stop.Token));
            Run open = (await store.ListAsync(new RunFilter(), Ct)).Runs[0];
            Assert.Equal(RunState.Open, open.State);
            store.OnAdd = null;
            var (outcome, again) = await tiny.RunAsync(store, data, [TinyEval.Request()], ct: Ct);
            Assert.Equal((open.Id, 0), (again[0].Run.Id, outcome.Unfinished));
            Assert.True(outcome.Recorded < 5 || stopAt == 0, $"{outcome.Recorded} recorded anew after {stopAt}");
            Assert.Equal(expected, store.Results(open.Id));
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Run_InShards_EndsWithTheSameResultAndIsFinishedByTheLast(int of)
    {
        ListData data = await tiny.DataAsync();
        var (whole, store) = (new MemoryRunStore(), new MemoryRunStore());
        var (_, jobs) = await tiny.RunAsync(whole, data, [TinyEval.Request()], ct: Ct);
        string id = "";
        for (int k = of; k >= 1; k--)
        {
            var (outcome, part) = await tiny.RunAsync(store, data, [TinyEval.Request()], TinyEval.Options() with { Shard = new Shard(k, of) }, ct: Ct);
            Assert.True(id.Length == 0 || id == part[0].Run.Id, "shards are of the same run");
            id = part[0].Run.Id;
            Assert.Equal(k > 1 ? 1 : 0, outcome.Unfinished);
            Assert.Equal(k > 1 ? RunState.Open : RunState.Finished, (await store.GetAsync(id, Ct)).State);
        }

        Assert.Equal(whole.Results(jobs[0].Run.Id), store.Results(id));
        Assert.Equal(5, store.Order.Distinct().Count());
        Assert.Equal(5, store.Order.Count);
    }

    [Fact]
    public async Task Run_ShardsAtTheSameTime_FinishTheRunWhateverTheirOrder()
    {
        ListData good = await tiny.DataAsync(1);
        var data = new ListData(good.Task, ["x.mp4"], 9);
        for (int round = 0; round < 25; round++)
        {
            var store = new MemoryRunStore();
            EvalRequest request = TinyEval.Request() with { Variant = EvalVariant.Random };
            _ = await Task.WhenAll(Enumerable.Range(1, 3).Select(k => Task.Run(() => tiny.RunAsync(store, data, [request], TinyEval.Options() with { Shard = new Shard(k, 3) }, ct: Ct), Ct)));
            Run run = Assert.Single((await store.ListAsync(new RunFilter(), Ct)).Runs);
            Assert.Equal((RunState.Finished, 9), (run.State, store.Order.Count));
        }
    }

    [Fact]
    public async Task Run_FinishedOne_IsNotRunAgainUnlessAsked()
    {
        ListData data = await tiny.DataAsync(2);
        var store = new MemoryRunStore();
        var (_, first) = await tiny.RunAsync(store, data, [TinyEval.Request()], ct: Ct);
        var (second, same) = await tiny.RunAsync(store, data, [TinyEval.Request()], ct: Ct);
        Assert.Equal((0, first[0].Run.Id), (second.Recorded, same[0].Run.Id));
        var (third, other) = await tiny.RunAsync(store, data, [TinyEval.Request()], again: true, ct: Ct);
        Assert.Equal(2, third.Recorded);
        Assert.NotEqual(first[0].Run.Id, other[0].Run.Id);
        Assert.Equal(store.Results(first[0].Run.Id), store.Results(other[0].Run.Id));
    }

    [Fact]
    public async Task Run_SeveralSettings_EncodesEachVideoOnce()
    {
        ListData data = await tiny.DataAsync(3);
        MediaEncoder encoder = TinyEval.Encoder();
        var store = new MemoryRunStore();
        string[] compressions = ["off", "uniform:2:1,0.5", "attention:3:1,0.5", "uniform:1:1,0.25", "uniform:3:1,0.1"];
        var (outcome, jobs) = await tiny.RunAsync(store, data, [.. compressions.Select(c => TinyEval.Request(c))], TinyEval.Options() with { EncodeAhead = 0 }, encoder, ct: Ct);
        Assert.Equal(new EvalOutcome(15, 0, 0), outcome);
        Assert.Equal(3, encoder.Cache.Statistics.MemoryEntries);
        Assert.Equal(3, encoder.Cache.Statistics.Misses);
        Assert.Equal(compressions, jobs.Select(j => j.Run.Compression));
        foreach (EvalJob job in jobs)
        {
            // The same alone, and with another number of videos ahead.
            var alone = new MemoryRunStore();
            var (_, one) = await tiny.RunAsync(alone, data, [job.Request], TinyEval.Options() with { EncodeAhead = 3 }, ct: Ct);
            Assert.Equal(alone.Results(one[0].Run.Id), store.Results(job.Run.Id));
        }

        // Each setting bears the cost of encoding.
        foreach (EvalJob job in jobs)
        {
            Assert.All(await AllAsync(store, job.Run.Id), s => Assert.Contains("tower", RecordJson.Read<SampleCosts>(s.Costs).Milliseconds.Keys));
        }
    }

    [Fact]
    public async Task Run_CacheTooSmallForTheVideos_HasTheSameResult()
    {
        ListData data = await tiny.DataAsync(3);
        var (roomy, tight) = (new MemoryRunStore(), new MemoryRunStore());
        var (_, a) = await tiny.RunAsync(roomy, data, [TinyEval.Request()], ct: Ct);
        MediaEncoder none = TinyEval.Encoder(memory: 0);
        var (_, b) = await tiny.RunAsync(tight, data, [TinyEval.Request()], encoder: none, ct: Ct);
        Assert.Equal(roomy.Results(a[0].Run.Id), tight.Results(b[0].Run.Id));
        Assert.Equal(0, none.Cache.Statistics.MemoryEntries);
    }

    [Fact]
    public async Task Run_FailingSamples_FailAloneWithTheirClassAndAreRetried()
    {
        ListData good = await tiny.DataAsync(5);
        bool broken = true;
        var data = new ListData(good.Task, [.. Directory.GetFiles(Path.Combine(tiny.Folder, "world"), "*.mp4", SearchOption.AllDirectories).Order(StringComparer.Ordinal)], 5)
        {
            OnMedia = d => !broken ? good.Of(d) : d.Id switch
            {
                "q1" => throw new MediaException(MediaError.NotFound, "/gone.mp4", "'/gone.mp4' is not there"),
                "q2" => good.Of(d) with { Path = Path.Combine(tiny.Folder, "nothing.mp4") },
                "q3" => throw new InsufficientMemoryException("no room"),
                _ => good.Of(d),
            },
        };
        var store = new MemoryRunStore();
        var (outcome, jobs) = await tiny.RunAsync(store, data, [TinyEval.Request()], ct: Ct);
        Assert.Equal(new EvalOutcome(5, 3, 0), outcome);
        List<Sample> samples = await AllAsync(store, jobs[0].Run.Id);
        Assert.Equal([null, "media", "media", "memory", null], samples.Select(s => s.ErrorClass));
        Assert.All(samples.Where(s => s.ErrorClass is not null), s => Assert.True(s is { Corrected: null, Official: null, Answer: null } && s.Error!.Length > 0));
        RunSummary summary = RecordJson.Read<RunSummary>((await store.GetAsync(jobs[0].Run.Id, Ct)).Summary!);
        Assert.Equal((2, 3), (summary.Scored, summary.Failed));

        broken = false;
        var (again, same) = await tiny.RunAsync(store, data, [TinyEval.Request()], TinyEval.Options() with { RetryFailed = true }, ct: Ct);
        Assert.Equal((new EvalOutcome(3, 0, 0), jobs[0].Run.Id), (again, same[0].Run.Id));
        var clean = new MemoryRunStore();
        var (_, reference) = await tiny.RunAsync(clean, good, [TinyEval.Request()], ct: Ct);
        Assert.Equal(clean.Results(reference[0].Run.Id), store.Results(jobs[0].Run.Id));
    }

    [Fact]
    public async Task Run_SampleThatTakesTooLong_FailsAsTimeout()
    {
        ListData data = await tiny.DataAsync(1);
        var store = new MemoryRunStore();
        var (outcome, jobs) = await tiny.RunAsync(store, data, [TinyEval.Request()], TinyEval.Options() with { EncodeAhead = 0 }, time: new HurriedTime(), ct: Ct);
        Assert.Equal(1, outcome.Failed);
        Sample sample = Assert.Single(await AllAsync(store, jobs[0].Run.Id));
        Assert.Equal(SampleErrors.Timeout, sample.ErrorClass);
    }

    [Fact]
    public async Task Run_StoreThatFails_FailsTheRunWithTheReason()
    {
        var store = new MemoryRunStore { OnAdd = _ => throw new IOException("disk full") };
        ListData data = await tiny.DataAsync(2);
        IOException thrown = await Assert.ThrowsAsync<IOException>(() => tiny.RunAsync(store, data, [TinyEval.Request()], ct: Ct));
        Assert.Equal("disk full", thrown.Message);
        Run run = (await store.ListAsync(new RunFilter(), Ct)).Runs[0];
        Assert.Equal((RunState.Failed, "disk full"), (run.State, run.Error));
    }

    [Fact]
    public async Task Run_BlindAndRandom_SeeNoVideo()
    {
        ListData good = await tiny.DataAsync(3);
        var data = new ListData(good.Task, ["x.mp4"], 3) { OnMedia = _ => throw new InvalidOperationException("nobody asks for a video") };
        var store = new MemoryRunStore();
        var (_, blind) = await tiny.RunAsync(store, data, [TinyEval.Request() with { Variant = EvalVariant.Blind }], ct: Ct);
        Assert.All(await AllAsync(store, blind[0].Run.Id), s => Assert.True(s is { Corrected: not null, VisualTokens: 0, Frames: 0 } && s.Prompt.StartsWith("Question:", StringComparison.Ordinal)));
        var (_, random) = await tiny.RunAsync(store, data, [TinyEval.Request() with { Variant = EvalVariant.Random, Seed = 7 }], ct: Ct);
        Assert.Equal(data.Documents.Select(d => Variants.RandomAnswer(d, 7)), (await AllAsync(store, random[0].Run.Id)).Select(s => s.Answer));
        Assert.Equal(ResolvedRun.NoModel, random[0].Run.Model);
        ArgumentException thrown = Assert.Throws<ArgumentException>(() => ResolvedRun.Of(new EvalRequest { Task = "own", Variant = EvalVariant.Random },
            new ListData(data.Task, ["x"], 1) { Documents = [new EvalDocument { Id = "open", Question = "?", Answer = "yes" }] }, null, ""));
        Assert.Contains("'random'", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_NeedsJudge_ScoresWhatTheJudgeSaidAndFailsAsJudgeWithout()
    {
        string[] videos = [.. (await tiny.DataAsync(1)).Documents.Select(d => d.Media)];
        ListData good = await tiny.DataAsync(1);
        var task = (Vdc)TaskCatalog.Get("vdc_short");
        var document = new EvalDocument { Id = "c0", Media = good.Documents[0].Media, Question = "Describe it.", Checks = [("What is it?", "a ball")] };
        var data = new ListData(task, videos, 1) { Documents = [document], OnMedia = _ => good.Of(good.Documents[0]) };
        EvalRequest request = TinyEval.Request() with { Task = task.Name, JudgeEndpoint = "http://localhost:1", JudgeModel = "m" };
        var judge = new ScriptedJudge();
        var store = new MemoryRunStore();
        var (outcome, jobs) = await tiny.RunAsync(store, data, [request], TinyEval.Options() with { Judge = _ => judge }, ct: Ct);
        Assert.Equal(0, outcome.Failed);
        Sample sample = Assert.Single(await AllAsync(store, jobs[0].Run.Id));
        Assert.Equal(1, sample.Corrected);
        Assert.Contains("pred", sample.Judgement, StringComparison.Ordinal);
        Assert.Equal(2, judge.Asked);

        var mute = new MemoryRunStore();
        (outcome, jobs) = await tiny.RunAsync(mute, data, [request], TinyEval.Options() with { Judge = _ => new ScriptedJudge { Failure = new HttpRequestException("503") } }, ct: Ct);
        Assert.Equal(1, outcome.Failed);
        sample = Assert.Single(await AllAsync(mute, jobs[0].Run.Id));
        Assert.Equal((SampleErrors.Judge, "503"), (sample.ErrorClass, sample.Error));
        Assert.NotNull(sample.Answer);

        var closed = new MemoryRunStore();
        _ = await Assert.ThrowsAsync<JudgeException>(() => tiny.RunAsync(closed, data, [request], TinyEval.Options() with { Judge = _ => new ScriptedJudge { Failure = new JudgeException("key refused", endsRun: true) } }, ct: Ct));
        Assert.Equal(RunState.Failed, (await closed.ListAsync(new RunFilter(), Ct)).Runs[0].State);
        ArgumentException none = await Assert.ThrowsAsync<ArgumentException>(() => tiny.RunAsync(new MemoryRunStore(), data, [request], ct: Ct));
        Assert.Contains("--judge", none.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_MlvuGeneration_IsMarkedOfTen()
    {
        ListData good = await tiny.DataAsync(1);
        EvalTask task = TaskCatalog.Get("mlvu_summary");
        var document = new EvalDocument { Id = "summary/0", Part = "summary", Media = good.Documents[0].Media, Question = "Sum it up.", Answer = "A ball." };
        var data = new ListData(task, [document.Media], 1) { Documents = [document], OnMedia = _ => good.Of(good.Documents[0]) };
        EvalRequest request = TinyEval.Request() with { Task = task.Name, JudgeEndpoint = "http://localhost:1", JudgeModel = "m" };
        var store = new MemoryRunStore();
        var judge = new ScriptedJudge { Reply = "Fair.\n{'score_completeness': 2, 'score_reliability': 4, 'total_score': 6}" };
        var (_, jobs) = await tiny.RunAsync(store, data, [request], TinyEval.Options() with { Judge = _ => judge, Summarise = RunSummaries.Of }, ct: Ct);
        Sample sample = Assert.Single(await AllAsync(store, jobs[0].Run.Id));
        Assert.Equal((0.6, 0.6, judge.Reply, "2 + 4"), (sample.Official, sample.Corrected, sample.Judgement, sample.CorrectedParsed));
        Assert.Contains("Sum it up.", sample.Prompt, StringComparison.Ordinal);
        RunSummary summary = RecordJson.Read<RunSummary>((await store.GetAsync(jobs[0].Run.Id, Ct)).Summary!);
        Assert.Equal(("of 10 marks", new AggregateRow("total", 6, 6, 1, AggregateUnit.MarksOfTen)), (summary.Measure, summary.Rows[0]));
    }

    [Fact]
    public async Task Run_NeedleTask_TellsTheObserverAndForcesTheLetter()
    {
        ListData good = await tiny.DataAsync(2);
        EvalDocument[] documents = [.. good.Documents.Select(d => d with { Question = "Look.\nOptions:\n(A) red\n(B) green\n(C) blue\nBest option:(" })];
        var data = new ListData(new NiahSingle(), ["x"], 1) { Documents = documents, OnMedia = d => good.Of(d) with { Needles = [(0.5, 1)] } };
        var (store, observer) = (new MemoryRunStore(), new CountingObserver());
        EvalRequest request = TinyEval.Request("uniform:2:1,0.5") with { Task = "niah" };
        var (_, jobs) = await tiny.RunAsync(store, data, [request], TinyEval.Options() with { Observer = observer }, ct: Ct);
        List<Sample> samples = await AllAsync(store, jobs[0].Run.Id);
        Assert.Equal(2, observer.Seen);
        Assert.All(samples, s => Assert.Contains("\"aliveOfAll\":0.5", s.Survival, StringComparison.Ordinal));
        Assert.All(samples, s => Assert.StartsWith("<image>Look.\n", s.Prompt, StringComparison.Ordinal));

        var (_, forced) = await tiny.RunAsync(store, data, [request with { Protocol = EvalProtocol.Original, Setting = request.Setting with { Compress = null } }], ct: Ct);
        samples = await AllAsync(store, forced[0].Run.Id);
        Assert.Equal("off", forced[0].Run.Compression);
        Assert.All(samples, s => Assert.True(s is { GeneratedTokens: 1, Corrected: not null }));
        for (int i = 0; i < 2; i++) Assert.Equal(LikeliestText(data, documents[i]), samples[i].Answer);
        ArgumentException thrown = Assert.Throws<ArgumentException>(() => ResolvedRun.Of(TinyEval.Request() with { Protocol = EvalProtocol.Original }, good, tiny.Model, ""));
        Assert.Contains("niah and mh-niah", thrown.Message, StringComparison.Ordinal);
    }

    /// <summary>The token with the highest logit behind the prompt's ids, by the engine's parts alone.</summary>
    private string LikeliestText(ListData data, EvalDocument document)
    {
        var costs = new CostLedger(TimeProvider.System);
        EvalMedia media = data.OnMedia!(document)!;
        using PromptMedia opened = TinyEval.Encoder().Open(tiny.Model, media.Path, SamplingSettings.Uniform(4), asFrame: false, costs, null, Ct);
        int[] ids = Engine.Tokenization.ChatMl.EncodeWithPlaceholders(tiny.Model.Tokenizer, data.Task.Prompt(document).ChatMl("<image>"));
        int at = Array.IndexOf(ids, Engine.Tokenization.ChatMl.VisualPlaceholderId);
        var prompt = new Engine.Language.Prompt(
            [new Engine.Language.PromptPart.Text(ids[..at]), new Engine.Language.PromptPart.Visual("v", opened.Tokens), new Engine.Language.PromptPart.Text(ids[(at + 1)..])]);
        using var state = tiny.Model.NewSequence(CompressionSettings.Off);
        using var scope = torch.NewDisposeScope();
        int id = Engine.Language.Sampler.ArgMax(tiny.Model.Prefill(state, prompt, null, Ct).data<float>());
        return tiny.Model.Tokenizer.Decode([id]);
    }

    private static async Task<List<Sample>> AllAsync(MemoryRunStore store, string id)
    {
        List<Sample> samples = [];
        await foreach (Sample sample in store.SamplesAsync(id, Ct)) samples.Add(sample);
        return samples;
    }

    /// <summary>Whatever is waited for is over at once.</summary>
    private sealed class HurriedTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            callback(state);
            return base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private sealed class ScriptedJudge : IJudge
    {
        private int _asked;

        public Exception? Failure { get; init; }

        /// <summary>What is said each time; null for an answer, then verdicts.</summary>
        public string? Reply { get; init; }

        public int Asked => _asked;

        public Task<string> AskAsync(JudgeRequest request, CancellationToken ct) =>
            Failure is { } failure ? Task.FromException<string>(failure) : Reply is { } reply ? Task.FromResult(reply) : Task.FromResult(Interlocked.Increment(ref _asked) == 1 ? "a ball" : "{'pred': 'yes', 'score': 5}");
    }

    private sealed class CountingObserver : ISampleObserver
    {
        public int Seen { get; private set; }

        public NeedleSurvival? Survival(EvalDocument document, EvalMedia media, CompressionTrace trace)
        {
            Seen++;
            return new(trace.VisualTokens, [.. trace.Stages.Select(s => new NeedleStage(s.FirstLayer, 1, (double)s.VisualTokens / trace.VisualTokens))]);
        }
    }
}
