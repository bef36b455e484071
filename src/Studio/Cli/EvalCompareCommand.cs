using System.CommandLine;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Reports;

namespace Studio.Cli;

/// <summary><c>eval diff</c> and <c>eval board</c>: runs beside each other.</summary>
internal static class EvalCompareCommand
{
    public static IEnumerable<Command> Create(Terminal console) => [Diff(console), Board(console)];

    private static Command Diff(Terminal console)
    {
        var (first, second) = (EvalStore.RunArgument("RUN_A"), EvalStore.RunArgument("RUN_B"));
        var seed = new Option<ulong>("--seed") { Description = "Seed of the bootstrap." };
        var json = EvalStore.JsonOption();
        var command = new Command("diff", "Two runs, document by document: difference with interval, McNemar's test, smallest difference that could be seen, and every document on which they differ.")
        {
            first, second, seed, json,
        };
        command.SetAction((parse, ct) => EvalStore.RunAsync(async store =>
        {
            var (a, b) = (await store.ResolveAsync(parse.GetValue(first)!, ct), await store.ResolveAsync(parse.GetValue(second)!, ct));
            var comparison = await RunComparison.OfAsync(store, a, b, parse.GetValue(seed), ct);
            console.Output.Write(parse.GetValue(json) ? RecordJson.Text(comparison) + "\n" : RunText.Whole(comparison, await store.GetAsync(a, ct), await store.GetAsync(b, ct)));
            return ExitCodes.Ok;
        }, ct));
        return command;
    }

    private static Command Board(Terminal console)
    {
        var task = new Argument<string>("TASK") { Description = "Name of a task, as `eval list` shows it." };
        var all = new Option<bool>("--all") { Description = "Every finished run, not only the latest of each setting." };
        var json = EvalStore.JsonOption();
        var command = new Command("board", "Finished runs of a task, best first, with intervals; warns where rows cannot be compared.") { task, all, json };
        command.SetAction((parse, ct) => EvalStore.RunAsync(async store =>
        {
            var board = await Leaderboard.ForAsync(store, parse.GetValue(task)!, parse.GetValue(all), ct);
            console.Output.Write(parse.GetValue(json) ? RunText.Json(board) + "\n" : RunText.Whole(board));
            if (board.Rows.Count == 0) console.Say($"no run of '{board.Task}' is finished");
            return ExitCodes.Ok;
        }, ct));
        return command;
    }
}
