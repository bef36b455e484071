using System.CommandLine;
using System.Globalization;
using Studio.Benchmarks.Records.Store;
using Studio.Benchmarks.ResultsBench;

namespace Studio.Cli;

/// <summary><c>bench results</c>: many writers and readers on the results database; a lock error that reaches one is a failure.</summary>
internal static class BenchResultsCommand
{
    public static Command Create(Terminal console)
    {
        var writers = new Option<int>("--writers") { Description = "Threads that record samples, each with connections of its own.", DefaultValueFactory = _ => 50 };
        var readers = new Option<int>("--readers") { Description = "Threads that read, each with connections of its own.", DefaultValueFactory = _ => 200 };
        var minutes = new Option<double>("--minutes") { Description = "How long.", DefaultValueFactory = _ => 10 };
        var target = new Option<string?>("--results") { Description = "SQLite file or PostgreSQL connection string (default: a new file in a temporary folder). Its own runs are deleted afterwards." };
        foreach (var (option, least) in new[] { (writers, 1), (readers, 0) })
        {
            option.Validators.Add(r =>
            {
                if (r.GetValueOrDefault<int>() < least || r.GetValueOrDefault<int>() > 1000) r.AddError($"{option.Name} must be {least} to 1000");
            });
        }

        minutes.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<double>() is not (> 0 and <= 1440)) r.AddError("--minutes must be above 0, at most 1440");
        });
        var command = new Command("results", "Many writers and readers on the results database at once: calls, medians, 99th percentiles; none may fail.") { writers, readers, minutes, target };
        command.SetAction(async (parse, ct) =>
        {
            var folder = parse.GetValue(target) is null ? Directory.CreateTempSubdirectory("studio-bench-").FullName : null;
            try
            {
                var options = new ResultsBenchOptions(ResultsTarget.Parse(parse.GetValue(target), Path.Combine(folder ?? "", "results.db")), parse.GetValue(writers), parse.GetValue(readers), TimeSpan.FromMinutes(parse.GetValue(minutes)));
                var report = await ResultsBenchmark.RunAsync(options, TimeProvider.System, console.Progress, ct);
                console.ClearProgress();
                Print(console.Output, report);
                return report.Failures.Count == 0 && report.Recorded == report.Writes.Count ? ExitCodes.Ok : ExitCodes.CheckFailed;
            }
            finally
            {
                if (folder is not null) Directory.Delete(folder, recursive: true);
            }
        });
        return command;
    }

    private static void Print(TextWriter output, ResultsBenchReport report)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.Options.Target}: {report.Options.Writers} writers and {report.Options.Readers} readers for {report.Seconds:0} s, each a thread with connections of its own"));
        foreach (var (name, calls) in new[] { ("writes", report.Writes), ("reads", report.Reads) })
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-8} {calls.Count,10}  {calls.Count / report.Seconds,8:0} a second  median {calls.Quantile(0.5):0.00} ms  99 % {calls.Quantile(0.99):0.0} ms  longest {calls.Max:0} ms"));
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"recorded {report.Recorded,10} samples found afterwards; write-ahead journal at most {report.JournalBytes / 1048576.0:0.0} MiB"));
        foreach (var (message, count) in report.Failures) output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"failed   {count,10}  {message}"));
        output.WriteLine(report.Failures.Count == 0 && report.Recorded == report.Writes.Count ? "no call failed, nothing was lost" : "FAILED");
    }
}
