using System.CommandLine;
using Studio.Engine.Chat;
using Studio.Engine.Torch;

namespace Studio.Cli;

/// <summary>The options that choose a model and where it runs; the same for every command that loads one.</summary>
internal sealed class ModelOptions
{
    public Option<string?> Model { get; } = new("--model", "-m") { Description = "Installed model, folder in the published layout, or geometry with --random-weights (default: the tiny random model)." };

    public Option<ulong?> RandomWeights { get; } = new("--random-weights") { Description = "Make a published geometry (such as 2b@448) with random weights from this seed, in memory." };

    public Option<string> Device { get; } = new("--device") { Description = "auto, cpu or cuda:N.", DefaultValueFactory = _ => "auto" };

    public Option<string> Dtype { get; } = new("--dtype") { Description = "auto, fp32, bf16 or fp16: the type of activations and cache.", DefaultValueFactory = _ => "auto" };

    public Option<double?> Yarn { get; } = new("--yarn") { Description = "Stretch rotary positions by this factor, for prompts beyond the trained length." };

    public Option<int?> Threads { get; } = new("--threads") { Description = "CPU threads (default: all cores)." };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { Model, RandomWeights, Device, Dtype, Yarn, Threads }) command.Add(option);
        Threads.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int?>() is < 1) r.AddError("--threads must be at least 1");
        });
    }

    /// <summary>Applies the thread count and resolves device and type.</summary>
    public LoadSettings Settings(ParseResult parse)
    {
        if (parse.GetValue(Threads) is { } threads) torch.set_num_threads(threads);
        var resolved = DeviceSettings.Resolve(parse.GetValue(Device)!, parse.GetValue(Dtype)!);
        return new() { Device = resolved.Device, Dtype = resolved.Dtype, Yarn = parse.GetValue(Yarn) };
    }
}
