using System.CommandLine;
using System.Globalization;
using Studio.Engine.Checkpoints;
using Studio.Engine.Checkpoints.Hub;
using Studio.ModelHosting;

namespace Studio.Cli;

/// <summary><c>models list | add | pull | remove | verify</c>: what is installed.</summary>
internal static class ModelsCommand
{
    /// <summary>Shown below the command's help.</summary>
    public static readonly string[] Samples =
    [
        "models pull OpenGVLab/VideoChat-Flash-Qwen2_5-2B_res448",
        "models add ~/checkpoints/my-model",
        "models verify my-model",
    ];

    public static Command Create(Terminal console)
    {
        var models = new Command("models", "Lists, installs and checks models.");
        models.Add(List(console));
        models.Add(Add(console));
        models.Add(Pull(console));
        models.Add(Remove(console));
        models.Add(Verify(console));
        return models;
    }

    private static Command List(Terminal console)
    {
        var command = new Command("list", "Installed models, and the published ones that can be pulled.");
        command.SetAction(_ =>
        {
            var installed = ModelLoader.Store.List();
            foreach (var m in installed) console.Output.WriteLine($"{m.Name,-48} {AnswerText.Bytes(m.TotalBytes),10}  {m.Source.ToString().ToLowerInvariant(),-10} {m.HubId ?? m.Folder}");
            if (installed.Count == 0) console.Output.WriteLine("no model is installed");
            console.Say("built in: " + string.Join(", ", BuiltInModel.Names(StudioPaths.Root).Select(n => BuiltInModel.IsShipped(StudioPaths.Root, n) ? $"{n} (trained)" : $"{n} (random weights)")));
            console.Say("published: " + string.Join(", ", PublishedGeometries.All.Select(g => $"{g.HubId} ({g.ShortName})")));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Add(Terminal console)
    {
        var path = new Argument<string>("PATH") { Description = "Folder in the published layout; it stays where it is." };
        var name = new Option<string?>("--name") { Description = "Name to use (default: the folder's)." };
        var command = new Command("add", "Checks a folder and records it.") { path, name };
        command.SetAction(async (parse, ct) =>
        {
            var model = await ModelLoader.Store.AddAsync(parse.GetValue(path)!, parse.GetValue(name), Hashing(console), ct);
            console.Say($"added {model.Name}: {model.Files.Count} files, {AnswerText.Bytes(model.TotalBytes)}");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Pull(Terminal console)
    {
        var id = new Argument<string>("OWNER/NAME") { Description = "On the hub, or a published model's short name such as 2b@448." };
        var name = new Option<string?>("--name") { Description = "Name to use (default: NAME in lower case)." };
        var revision = new Option<string>("--revision") { Description = "Branch, tag or commit.", DefaultValueFactory = _ => "main" };
        var command = new Command("pull", "Downloads a model; started again, it goes on where it stopped. HF_TOKEN and HF_ENDPOINT are honoured.") { id, name, revision };
        command.SetAction(async (parse, ct) =>
        {
            using var hub = new HubClient(HubOptions.FromEnvironment());
            var progress = new Reporter<PullProgress>(p => console.Progress(p.ToString()));
            var model = await ModelLoader.Store.PullAsync(hub, parse.GetValue(id)!, parse.GetValue(name), parse.GetValue(revision)!, progress, ct);
            console.Say($"pulled {model.Name}: {model.Files.Count} files, {AnswerText.Bytes(model.TotalBytes)}, commit {model.Commit}");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Remove(Terminal console)
    {
        var name = new Argument<string>("NAME") { Description = "An installed model." };
        var command = new Command("remove", "Forgets a model and deletes the files that were pulled; a folder that was added stays.") { name };
        command.SetAction(parse =>
        {
            var freed = ModelLoader.Store.Remove(parse.GetValue(name)!);
            console.Say($"removed {parse.GetValue(name)}, {AnswerText.Bytes(freed)} freed");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Verify(Terminal console)
    {
        var name = new Argument<string>("NAME") { Description = "An installed model." };
        var command = new Command("verify", "Checks sizes, SHA-256 and structure against what was recorded.") { name };
        command.SetAction(async (parse, ct) =>
        {
            var result = await ModelLoader.Store.VerifyAsync(parse.GetValue(name)!, Hashing(console), ct);
            console.ClearProgress();
            foreach (var problem in result.Problems) console.Output.WriteLine(problem);
            console.Output.WriteLine(result.IsSound ? $"{result.Name} is sound" : $"{result.Name}: {result.Problems.Count} problems");
            return result.IsSound ? ExitCodes.Ok : ExitCodes.CheckFailed;
        });
        return command;
    }

    private static Reporter<long> Hashing(Terminal console) =>
        new(bytes => console.Progress(string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0} MB checked")));

    /// <summary>Reports at once, on the caller's thread: lines stay in order.</summary>
    private sealed class Reporter<T>(Action<T> show) : IProgress<T>
    {
        public void Report(T value) => show(value);
    }
}
