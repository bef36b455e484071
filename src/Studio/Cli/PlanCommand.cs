using System.CommandLine;
using Studio.Benchmarks.Machine;
using Studio.Engine.Chat.Planning;
using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.ModelHosting;

namespace Studio.Cli;

/// <summary><c>plan VIDEO</c>: what a question would cost, before anything runs.</summary>
internal static class PlanCommand
{
    /// <summary>Shown below the command's help.</summary>
    public static readonly string[] Samples =
    [
        "plan talk.mp4 --model 2b@448 --compress balanced",
        "plan talk.mp4 --model 7b@224 --frames 1000 --dtype bf16 --device cuda:0",
    ];

    public static Command Create(Terminal console)
    {
        var videos = new Argument<string[]>("VIDEO") { Description = "Videos or images of the question.", Arity = ArgumentArity.OneOrMore };
        var text = new Option<int>("--text-tokens") { Description = "Text tokens of the prompt.", DefaultValueFactory = _ => 64 };
        var tokens = new Option<int>("--max-new-tokens") { Description = "Length of the answer, in tokens.", DefaultValueFactory = _ => 256 };
        var json = new Option<bool>("--json") { Description = "One JSON document on standard output." };
        var refresh = new Option<bool>("--measure") { Description = "Measure this machine again instead of using the stored rates." };
        var (model, media) = (new ModelOptions(), new MediaOptions());
        var command = new Command("plan", "Says what a question about a video would cost: frames, tokens per stage, cache, weights, FLOPs, memory and expected time.") { videos, text, tokens, json, refresh };
        model.AddTo(command);
        media.AddTo(command);
        command.SetAction((parse, ct) => Task.Run(() =>
        {
            var (_, config) = ModelLoader.Describe(console, model, parse);
            var settings = model.Settings(parse);
            var probe = new VideoProbe(MediaTools.Locate());
            var answer = media.Apply(parse, new());
            answer.Validate();
            var infos = parse.GetValue(videos)!.Select(path => (Path: path, Info: probe.ProbeAsync(path, cancellationToken: ct).GetAwaiter().GetResult())).ToList();
            var asFrames = PlanInputs.AsFrames(config, infos.Count(i => i.Info.IsStillImage));
            var visuals = infos.Select(i => PlanInputs.Of(Turned(i.Path, i.Info, ct), config, answer.Sampling(config), asFrames).Input).ToList();

            var request = new CostRequest
            {
                Model = config,
                Visuals = visuals,
                TextTokens = parse.GetValue(text),
                NewTokens = parse.GetValue(tokens),
                Compression = answer.Compression(config),
                Device = settings.Device,
                ComputeType = settings.Dtype,
                StoredType = config.TorchDtype.ToScalarType(),
            };
            var cpu = CpuInfo.Parse(File.Exists("/proc/cpuinfo") ? File.ReadAllText("/proc/cpuinfo") : null);
            var rates = new MachineProbe(TimeProvider.System).Get(settings.Device, cpu, new RatesCache(Path.Combine(StudioPaths.Cache, "machine")), parse.GetValue(refresh), ct: ct);
            var plan = Planner.Make(request, rates, torch.get_num_threads(), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
            console.Output.WriteLine(parse.GetValue(json) ? plan.ToJson() : PlanText.Render(plan));
            return ExitCodes.Ok;
        }, ct));
        return command;
    }

    /// <summary>A picture's size after turning, which its header does not say.</summary>
    private static VideoInfo Turned(string path, VideoInfo info, CancellationToken ct)
    {
        if (!info.IsStillImage) return info;
        var image = new ImageReader(MediaTools.Locate()).ReadAsync(path, ct).GetAwaiter().GetResult();
        return info with { Width = image.Width, Height = image.Height };
    }
}
