using System.CommandLine;
using System.Text;
using Studio.Benchmarks.Records.Exchange;

namespace Studio.Cli;

/// <summary><c>eval export | import | delete | backup</c>: runs out of the database and into it.</summary>
internal static class EvalExchangeCommand
{
    public static IEnumerable<Command> Create(Terminal console) => [Export(console), Import(console), Delete(console), Backup(console)];

    private static Command Export(Terminal console)
    {
        var run = EvalStore.RunArgument();
        var format = new Option<ExportFormat>("--format", "-f") { Description = "json (all of it, to be imported again), csv (a row a sample) or html (a report in one file)." };
        var file = new Option<string?>("--out", "-o") { Description = "File to write (default: standard output)." };
        var only = new Option<bool>("--results-only") { Description = "Leaves out identifiers, times, costs and the machine: equal runs give equal bytes." };
        var command = new Command("export", "Writes a run with all its samples.") { run, format, file, only };
        command.SetAction((parse, ct) => EvalStore.RunAsync(async store =>
        {
            var id = await store.ResolveAsync(parse.GetValue(run)!, ct);
            if (parse.GetValue(file) is not { } path)
            {
                await RunExport.WriteAsync(store, id, parse.GetValue(format), console.Output, parse.GetValue(only), ct);
                return ExitCodes.Ok;
            }

            // Written beside and moved into place: a reader never sees a part.
            var part = path + ".part";
            try
            {
                await using (var writer = new StreamWriter(part, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)))
                {
                    await RunExport.WriteAsync(store, id, parse.GetValue(format), writer, parse.GetValue(only), ct);
                }

                File.Move(part, path, overwrite: true);
            }
            finally
            {
                File.Delete(part);
            }

            console.Say($"written to {path}");
            return ExitCodes.Ok;
        }, ct));
        return command;
    }

    private static Command Import(Terminal console)
    {
        var path = new Argument<string>("PATH") { Description = "A JSON export, a file of results or of samples of lmms-eval, or a folder of such files." };
        var command = new Command("import", "Takes runs into the database; what is there already stays as it is.") { path };
        command.SetAction((parse, ct) => EvalStore.RunAsync(async store =>
        {
            await foreach (var imported in RunImport.EachAsync(store, parse.GetValue(path)!, TimeProvider.System, ct: ct))
            {
                console.Output.WriteLine(RunText.Line(imported.Run));
                console.Say(imported.WasThere ? "was there already" : imported.Samples > 0 ? $"imported with {imported.Samples} samples" : "imported with its numbers only: no samples lie beside it");
            }

            return ExitCodes.Ok;
        }, ct));
        return command;
    }

    private static Command Delete(Terminal console)
    {
        var run = EvalStore.RunArgument();
        var command = new Command("delete", "Deletes a run with its samples; a process that is at work on it stops.") { run };
        command.SetAction((parse, ct) => EvalStore.RunAsync(async store =>
        {
            var id = await store.ResolveAsync(parse.GetValue(run)!, ct);
            await store.DeleteAsync(id, ct);
            console.Say($"run {id} deleted");
            return ExitCodes.Ok;
        }, ct));
        return command;
    }

    private static Command Backup(Terminal console)
    {
        var file = new Argument<string>("FILE") { Description = "SQLite file to make; it must not be there yet." };
        var command = new Command("backup", "Copies the whole results database, as it is at this moment, into a SQLite file; evaluations may go on meanwhile. --results FILE uses it again.") { file };
        command.SetAction((parse, ct) => EvalStore.RunAsync(async store =>
        {
            var runs = await store.BackupAsync(parse.GetValue(file)!, ct);
            console.Say(runs == 1 ? "1 run is in the backup" : $"{runs} runs are in the backup");
            return ExitCodes.Ok;
        }, ct));
        return command;
    }
}
