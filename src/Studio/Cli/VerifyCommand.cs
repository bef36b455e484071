using System.CommandLine;
using Studio.Benchmarks.Verification;
using Studio.Engine.Torch;

namespace Studio.Cli;

/// <summary><c>verify</c>: this build, on this device, against the reference numbers.</summary>
internal static class VerifyCommand
{
    /// <summary>Shown below the command's help.</summary>
    public static readonly string[] Samples =
    [
        "verify",
        "verify --device cuda:0 --golden my-cases --json",
    ];

    public static Command Create(Terminal console)
    {
        var golden = new Option<string?>("--golden") { Description = "Folder of cases (default: the ones that ship with the source)." };
        var device = new Option<string>("--device") { Description = "auto, cpu or cuda:N.", DefaultValueFactory = _ => "auto" };
        var dtype = new Option<string>("--dtype") { Description = "fp32 (the reference), bf16 or fp16.", DefaultValueFactory = _ => "fp32" };
        var json = new Option<bool>("--json") { Description = "One JSON document on standard output." };
        var verbose = new Option<bool>("--verbose", "-v") { Description = "Every compared quantity, not only the worst of each case." };
        var command = new Command("verify", "Compares this build with the originals' numbers, case by case. A case it does not know counts as failed.") { golden, device, dtype, json, verbose };
        command.SetAction((parse, ct) => Task.Run(() =>
        {
            var folder = parse.GetValue(golden) ?? Environment.GetEnvironmentVariable(Verifier.FolderVariable) ?? StudioPaths.Golden;
            var settings = DeviceSettings.Resolve(parse.GetValue(device)!, parse.GetValue(dtype)!);
            var asJson = parse.GetValue(json);
            if (!asJson) console.Output.WriteLine(VerificationText.Header);
            var result = Verifier.Run(folder, settings.Device, settings.Dtype, c =>
            {
                if (!asJson) console.Output.WriteLine(VerificationText.Case(c, parse.GetValue(verbose)));
            }, ct);
            console.Output.WriteLine(asJson ? VerificationJson.Render(result) : VerificationText.Summary(result));
            return result.ExitCode == 0 ? ExitCodes.Ok : ExitCodes.CheckFailed;
        }, ct));
        return command;
    }
}
