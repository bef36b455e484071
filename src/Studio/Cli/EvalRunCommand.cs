using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Store;
using Studio.Benchmarks.Running;
using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;

namespace Studio.Cli;

/// <summary><c>eval run</c>, <c>eval sweep</c> and <c>eval rerun</c>: a model answers a task's questions, and every answer is recorded.</summary>
internal static class EvalRunCommand
{
    /// <summary>Missing videos that are named one by one.</summary>
    private const int MissingShown = 20;

    /// <summary>Between two lines of a log.</summary>
    private static readonly TimeSpan s_logInterval = TimeSpan.FromSeconds(10);

    public static Command Run(Terminal console) => Asking(
        console, isSweep: false, "run", "Runs a task with one setting. Stopped or killed, the same command goes on; finished, it shows the result again.");

    public static Command Sweep(Terminal console) => Asking(
        console, isSweep: true, "sweep", "Runs a task with every combination of the settings given as lists: accuracy beside time, memory, tokens and operations. Each video is encoded once.");

    public static Command Rerun(Terminal console)
    {
        var run = new Argument<string>("RUN") { Description = "A run's id (eval list shows them)." };
        var working = new WorkingOptions();
        var command = new Command("rerun", "Runs again what a run was asked for, as a new run.") { run };
        working.AddTo(command, canBeAgain: false);
        command.SetAction((parse, ct) => Task.Run(
            async () =>
            {
                using var store = await EvalParts.ConnectAsync(ct);
                var old = await GetAsync(store, parse.GetValue(run)!, ct);
                if (old.Source != "studio") throw new ArgumentException($"run {old.Id} was imported from {old.Source}: it can only be run again there");
                return await WorkAsync(console, store, [EvalRequest.FromJson(old.Given)], working, parse, again: true, ct);
            },
            CancellationToken.None));
        return command;
    }

    private static async Task<Run> GetAsync(RunStore store, string id, CancellationToken ct)
    {
        try
        {
            return await store.GetAsync(id, ct);
        }
        catch (KeyNotFoundException e)
        {
            throw new ArgumentException(e.Message, e);
        }
    }

    private static Command Asking(Terminal console, bool isSweep, string name, string description)
    {
        var (asked, working) = (new EvalRequestOptions(isSweep), new WorkingOptions());
        var command = new Command(name, description);
        asked.AddTo(command);
        working.AddTo(command, canBeAgain: true);
        command.SetAction((parse, ct) => Task.Run(
            async () =>
            {
                var requests = asked.Requests(parse, model => ModelConfig.Load(ModelLoader.Folder(console, model)));
                using var store = await EvalParts.ConnectAsync(ct);
                return await WorkAsync(console, store, requests, working, parse, parse.GetValue(working.Again), ct);
            },
            CancellationToken.None));
        return command;
    }

    private static async Task<int> WorkAsync(Terminal console, IRunStore store, IReadOnlyList<EvalRequest> requests, WorkingOptions working, ParseResult parse, bool again, CancellationToken ct)
    {
        if (parse.GetValue(working.Threads) is { } threads) torch.set_num_threads(threads);
        using var parts = new EvalParts(console, parse.GetValue(working.Device)!);
        var options = working.Apply(parse, EvalParts.Options);
        var session = new EvalSession(store, parts.Surroundings, options, TimeProvider.System);
        var plan = session.Prepare(requests);
        if (plan.Missing.Count > 0)
        {
            foreach (var video in plan.Missing.Take(MissingShown)) console.Say($"missing: {video}");
            var missing = plan.MissingText + (plan.Missing.Count > MissingShown ? $", {MissingShown} are shown" : "");
            if (!parse.GetValue(working.SkipMissing))
            {
                console.Say($"{missing}; put what is missing below --videos, or run without it with --skip-missing: its samples then fail and count as unscored");
                return ExitCodes.CheckFailed;
            }

            console.Say($"{missing}: its samples fail and count as unscored");
        }

        var (last, shown) = ((EvalProgress?)null, 0L);
        IReadOnlyList<Run> runs;
        try
        {
            runs = await session.RunAsync(plan, again, onProgress: Tell, ct: ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            console.Say($"stopped{(last is null ? "" : $" with {last.Done} of {last.Total} samples recorded")}; the same command goes on there");
            return ExitCodes.Cancelled;
        }

        console.ClearProgress();
        Show(console, runs, isSweep: requests.Count > 1, asJson: parse.GetValue(working.Json));
        if (runs.FirstOrDefault(r => r.State != RunState.Finished) is { } open) console.Say($"run {open.Id} still lacks samples of other shards; the last of them finishes it");
        return await FailuresAsync(console, store, runs, ct);

        void Tell(EvalProgress progress)
        {
            last = progress;
            if (console.IsInteractive)
            {
                console.Progress(Line(progress));
                return;
            }

            if (progress.Done < progress.Total && shown != 0 && TimeProvider.System.GetElapsedTime(shown) < s_logInterval) return;
            shown = TimeProvider.System.GetTimestamp();
            console.Say(Line(progress));
        }
    }

    /// <summary>Says of each finished run how many samples failed and why the first did; a run without any score has not passed.</summary>
    private static async Task<int> FailuresAsync(Terminal console, IRunStore store, IReadOnlyList<Run> runs, CancellationToken ct)
    {
        var code = ExitCodes.Ok;
        foreach (var run in runs.Where(r => r is { State: RunState.Finished, Summary: not null }))
        {
            var summary = RecordJson.Read<RunSummary>(run.Summary!);
            if (summary.Failed == 0) continue;
            var first = await store.SamplesAsync(run.Id, ct).FirstOrDefaultAsync(s => !SampleDocuments.IsScored(s), ct);
            var reason = first is null ? "" : $"; the first, {first.DocumentId}: {first.ErrorClass}: {first.Error}";
            if (summary.Scored == 0) code = ExitCodes.CheckFailed;
            console.Say(summary.Scored == 0 ? $"no sample of run {run.Id} could be scored, {summary.Failed} failed{reason}; mend that, then the same command with --retry-failed tries them again"
                : $"{summary.Failed} of {summary.Failed + summary.Scored} samples of run {run.Id} failed and are in no number{reason}; eval show {run.Id[..12]} --failed lists them, --retry-failed tries them again");
        }

        return code;
    }

    /// <summary>How far it is, in one line.</summary>
    internal static string Line(EvalProgress progress)
    {
        var right = double.IsNaN(progress.Accuracy) ? "" : string.Create(CultureInfo.InvariantCulture, $", {100 * progress.Accuracy:0.0} % of samples right");
        var failed = progress.Failed > 0 ? $", {progress.Failed} failed" : "";
        var left = progress.Left is { } time ? $", {time.ToString(time.TotalDays >= 1 ? @"d\d\ hh\:mm\:ss" : @"hh\:mm\:ss", CultureInfo.InvariantCulture)} left" : "";
        return $"sample {progress.Done}/{progress.Total}{right}{failed}{left}{(progress.Video.Length > 0 && progress.Done < progress.Total ? $", {progress.Video}" : "")}";
    }

    private static void Show(Terminal console, IReadOnlyList<Run> runs, bool isSweep, bool asJson)
    {
        if (asJson)
        {
            var rows = SweepRow.Of(runs).ToDictionary(r => r.Run.Id, r => r.Fronts);
            console.Output.WriteLine(new JsonObject
            {
                ["runs"] = new JsonArray([.. runs.Select(r => new JsonObject
                {
                    ["run"] = r.Id,
                    ["task"] = r.Task,
                    ["model"] = r.Model,
                    ["setting"] = EvalText.Setting(r),
                    ["state"] = r.State.ToString().ToLowerInvariant(),
                    ["samples"] = r.Samples,
                    ["pareto"] = new JsonArray([.. rows.GetValueOrDefault(r.Id, []).Select(f => JsonValue.Create(f))]),
                    ["summary"] = r.Summary is { } summary ? JsonNode.Parse(summary) : null,
                })]),
            }.ToJsonString());
            return;
        }

        if (isSweep) console.Output.Write(EvalText.Sweep(SweepRow.Of(runs)));
        else foreach (var row in SweepRow.Of(runs)) console.Output.Write(EvalText.Run(row.Run, row.Summary));
        foreach (var run in runs) console.Say($"run {run.Id}: {run.Task}, {run.Model}, {EvalText.Setting(run)}");
    }

    /// <summary>How the work is done; nothing of it decides a result but the number of threads.</summary>
    private sealed class WorkingOptions
    {
        public Option<string> Device { get; } = new("--device") { Description = "auto, cpu or cuda:N.", DefaultValueFactory = _ => "auto" };

        public Option<int?> Threads { get; } = new("--threads") { Description = "CPU threads (default: all cores). Another number gives other last bits, so it is another run." };

        public Option<bool> Again { get; } = new("--again") { Description = "A new run, even where a finished one has the same settings." };

        public Option<bool> SkipMissing { get; } = new("--skip-missing") { Description = "Run although videos are missing: their samples fail and count as unscored." };

        public Option<bool> Json { get; } = new("--json") { Description = "One JSON document on standard output." };

        private Option<string?> Shard { get; } = new("--shard") { Description = "k/n: only every n-th sample, from the k-th on. Shards share one run, which the last one finishes." };

        private Option<bool> RetryFailed { get; } = new("--retry-failed") { Description = "Try samples again that failed before." };

        private Option<int?> EncodeAhead { get; } = new("--encode-ahead") { Description = $"Videos encoded while others are asked about, 0 to {EvalRunnerOptions.MaxEncodeAhead} (default 1; sweeps measure, so 0)." };

        private Option<double?> Timeout { get; } = new("--sample-timeout") { Description = "Seconds after which a sample fails (default 3600)." };

        public void AddTo(Command command, bool canBeAgain)
        {
            foreach (var option in new Option[] { Device, Threads, Shard, SkipMissing, RetryFailed, EncodeAhead, Timeout, Json }) command.Add(option);
            if (canBeAgain) command.Add(Again);
            Threads.Validators.Add(r =>
            {
                if (r.GetValueOrDefault<int?>() is < 1) r.AddError("--threads must be at least 1");
            });
            Timeout.Validators.Add(r =>
            {
                if (r.GetValueOrDefault<double?>() is { } seconds && !(seconds is > 0 and <= 1e6)) r.AddError("--sample-timeout must be above 0, at most 1000000 seconds");
            });
        }

        public EvalRunnerOptions Apply(ParseResult parse, EvalRunnerOptions options) => options with
        {
            Shard = parse.GetValue(Shard) is { } shard ? Benchmarks.Running.Shard.Parse(shard) : Benchmarks.Running.Shard.Whole,
            RetryFailed = parse.GetValue(RetryFailed),
            EncodeAhead = parse.GetValue(EncodeAhead) ?? options.EncodeAhead,
            SampleTimeout = parse.GetValue(Timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : options.SampleTimeout,
        };
    }
}
