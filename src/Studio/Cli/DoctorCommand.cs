using System.CommandLine;
using Studio.Benchmarks.Machine;

namespace Studio.Cli;

/// <summary><c>doctor</c>: what this machine has, how fast it is, and what to do about each defect.</summary>
internal static class DoctorCommand
{
    /// <summary>Shown below the command's help.</summary>
    public static readonly string[] Samples =
    [
        "doctor --measure",
    ];

    public static Command Create(Terminal console)
    {
        var json = new Option<bool>("--json") { Description = "One JSON document on standard output." };
        var measure = new Option<bool>("--measure") { Description = "Measure again instead of using the stored rates." };
        var command = new Command("doctor", "Reports libtorch, BLAS, threads, CPU, GPU, ffmpeg, memory and disk, the measured product rate and memory bandwidth, and a remedy for each defect.") { json, measure };
        command.SetAction((parse, ct) => Task.Run(() =>
        {
            Directory.CreateDirectory(StudioPaths.Data);
            var machine = new LocalMachine(new MachineProbe(TimeProvider.System), new RatesCache(Path.Combine(StudioPaths.Cache, "machine")), parse.GetValue(measure));
            var report = Doctor.Examine(FactsReader.Read(machine, StudioPaths.Data));
            console.Output.WriteLine(parse.GetValue(json) ? report.ToJson() : report.ToText());
            return report.ExitCode == 2 ? ExitCodes.CheckFailed : ExitCodes.Ok;
        }, ct));
        return command;
    }
}
