using System.CommandLine;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Exchange;

namespace Studio.Cli;

/// <summary><c>eval list</c> and <c>eval show</c>: runs in the results database.</summary>
internal static class EvalListCommand
{
    public static IEnumerable<Command> Create(Terminal console) => [List(console), Show(console)];

    private static Command List(Terminal console)
    {
        var words = new Argument<string[]>("WORD") { Description = "Text that task, model, compression or note must contain.", Arity = ArgumentArity.ZeroOrMore };
        var task = new Option<string?>("--task", "-t") { Description = "Runs of this task." };
        var model = new Option<string?>("--model", "-m") { Description = "Runs of this model." };
        var state = new Option<RunState?>("--state") { Description = "open (also interrupted or cancelled), running, finished or failed." };
        var sweep = new Option<string?>("--sweep") { Description = "Runs of this sweep." };
        var source = new Option<string?>("--source") { Description = "studio, import or lmms-eval." };
        var skip = new Option<int>("--skip") { Description = "Runs left out at the beginning." };
        var take = new Option<int>("--take") { Description = $"Runs at most, up to {RunFilter.MaxTake}.", DefaultValueFactory = _ => new RunFilter().Take };
        skip.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() < 0) r.AddError("--skip must be at least 0");
        });
        take.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() is < 1 or > RunFilter.MaxTake) r.AddError($"--take must be 1 to {RunFilter.MaxTake}");
        });
        var json = EvalStore.JsonOption();
        var command = new Command("list", "Runs, latest first.") { words, task, model, state, sweep, source, skip, take, json };
        command.SetAction((parse, ct) => EvalStore.RunAsync(async store =>
        {
            var filter = new RunFilter
            {
                Text = string.Join(' ', parse.GetValue(words) ?? []), Task = parse.GetValue(task), Model = parse.GetValue(model), State = parse.GetValue(state),
                SweepId = parse.GetValue(sweep), Source = parse.GetValue(source), Skip = parse.GetValue(skip), Take = parse.GetValue(take),
            };
            var (runs, total) = await store.ListAsync(filter, ct);
            if (parse.GetValue(json))
            {
                console.Output.WriteLine($"{{\"total\":{total},\"runs\":[{string.Join(",\n", runs.Select(RunExport.RunJson))}]}}");
                return ExitCodes.Ok;
            }

            foreach (var run in runs) console.Output.WriteLine(RunText.Line(run));
            if (total == 0) console.Say("no run matches");
            else if (runs.Count < total) console.Say($"{runs.Count} of {total} runs; --skip {filter.Skip + runs.Count} shows more");
            return ExitCodes.Ok;
        }, ct));
        return command;
    }

    private static Command Show(Terminal console)
    {
        var run = EvalStore.RunArgument();
        var failed = new Option<bool>("--failed") { Description = "Its unscored samples with their errors." };
        var samples = new Option<bool>("--samples") { Description = "Every sample." };
        var json = EvalStore.JsonOption();
        var command = new Command("show", "A run: settings, numbers with intervals, provenance.") { run, failed, samples, json };
        command.SetAction((parse, ct) => EvalStore.RunAsync(async store =>
        {
            var found = await store.GetAsync(await store.ResolveAsync(parse.GetValue(run)!, ct), ct);
            var (withFailed, withAll) = (parse.GetValue(failed), parse.GetValue(samples));
            var rows = store.SamplesAsync(found.Id, ct).Where(s => withAll || (withFailed && !SampleDocuments.IsScored(s)));
            if (!withAll && !withFailed) rows = AsyncEnumerable.Empty<Sample>();
            if (parse.GetValue(json))
            {
                await RunExport.WriteJsonAsync(found, rows, console.Output);
                return ExitCodes.Ok;
            }

            console.Output.Write(RunText.Whole(found));
            await foreach (var sample in rows.WithCancellation(ct)) console.Output.WriteLine(RunText.Line(sample));
            return ExitCodes.Ok;
        }, ct));
        return command;
    }
}
