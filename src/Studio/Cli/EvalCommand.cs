using System.CommandLine;
using Studio.Benchmarks.Evaluation.Verification;

namespace Studio.Cli;

/// <summary><c>eval</c>: evaluations and their results. <c>eval verify</c> checks prompts and scores against the originals' own.</summary>
internal static class EvalCommand
{
    /// <summary>Shown below the command's help.</summary>
    public static readonly string[] Samples =
    [
        "eval run niah --lengths 64,128 --depths 0,0.5,1 --per-cell 4",
        "eval run videomme --annotations /data/Video-MME --videos /data/Video-MME/videos --limit 100",
        "eval run world --variant blind",
        "eval sweep niah --compress off;balanced;strong --lengths 64,256",
        "eval run videomme --annotations /data/Video-MME --videos /data/Video-MME/videos --shard 1/4",
        "eval list --task niah --state finished",
        "eval show 01a1fdc2ebca --failed",
        "eval diff 01a1fdc2ebca 01a1fdc3a076",
        "eval board videomme --json",
        "eval export 01a1fdc2ebca --format html --out niah.html",
        "eval import logs/llava-video",
        "eval backup results-backup.db",
        "eval verify",
        "eval verify --golden golden/eval --json",
    ];

    public static Command Create(Terminal console)
    {
        var eval = new Command("eval", "Evaluations on benchmarks.");
        Command[] commands =
        [
            EvalRunCommand.Run(console),
            EvalRunCommand.Sweep(console),
            EvalRunCommand.Rerun(console),
            .. EvalListCommand.Create(console),
            .. EvalCompareCommand.Create(console),
            .. EvalExchangeCommand.Create(console),
            Verify(console),
        ];
        foreach (var command in commands) eval.Add(command);
        return eval;
    }

    private static Command Verify(Terminal console)
    {
        var golden = new Option<string?>("--golden")
        {
            Description = $"Folder of golden evaluation files, or the folder above it (default: {EvalVerifier.FolderVariable}, else shared/golden/eval above the checkout).",
        };
        var json = new Option<bool>("--json") { Description = "One JSON document on standard output." };
        var command = new Command("verify", "Compares prompts, parsed answers, scores and aggregates with the originals'. A file it does not know counts as failed.") { golden, json };
        command.SetAction((parse, ct) => Task.Run(() =>
        {
            var folder = EvalVerifier.Locate(parse.GetValue(golden), StudioPaths.Root)
                ?? throw new DirectoryNotFoundException($"There are no golden evaluation files above {StudioPaths.Root}. Name their folder with --golden DIR or {EvalVerifier.FolderVariable}.");
            var asJson = parse.GetValue(json);
            if (!asJson) console.Output.WriteLine(EvalVerificationText.Header);
            var result = EvalVerifier.Run(folder, t =>
            {
                if (!asJson) console.Output.WriteLine(EvalVerificationText.Task(t));
            }, ct);
            console.Output.WriteLine(asJson ? EvalVerificationText.Json(result) : EvalVerificationText.Summary(result));
            return result.Failed == 0 ? ExitCodes.Ok : ExitCodes.CheckFailed;
        }, ct));
        return command;
    }
}
