using Studio.Benchmarks.Machine;
using Studio.Engine.Chat;
using Studio.Engine.Chat.Planning;
using Studio.Engine.Compression;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.EngineBench;

/// <summary>What every stage needs: the model, a clock, the machine's limits, and the memory meter.</summary>
internal sealed class BenchContext(VideoModel model, EngineBenchOptions options, TimeProvider time, Action<string>? progress, CancellationToken ct)
{
    private readonly MachineProbe _probe = new(time);
    private readonly ProbeSettings _settings = options.Probe ?? ProbeFor(model);
    private MachineRates? _last;

    public VideoModel Model => model;

    /// <summary>What becomes of visual tokens, as this model takes it.</summary>
    public CompressionSettings Compression { get; } = CompressionSettings.Resolve(options.Compression, model.Config);

    /// <summary>Text tokens of a prompt that stand before its video.</summary>
    public int TextBefore => Math.Min(16, options.TextTokens / 2);

    public EngineBenchOptions Options => options;

    public CancellationToken Ct => ct;

    public TimeProvider Time => time;

    public CpuInfo Cpu { get; } = CpuInfo.Parse(File.Exists(CpuInfo.Path) ? File.ReadAllText(CpuInfo.Path) : null);

    /// <summary>Type in which the weights lie in memory.</summary>
    public ScalarType StoredType => model.Weights.Get("model.embed_tokens.weight").dtype;

    public int ClipFrames => model.Config.Vision.FramesPerClip;

    public void Say(string text) => progress?.Invoke(text);

    /// <summary>Rates right now. What was measured behind one row counts as measured before the next.</summary>
    public MachineRates Before() => _last ?? Measure();

    public MachineRates After() => Measure();

    public int WholeClips(int frames) => checked((frames + ClipFrames - 1) / ClipFrames * ClipFrames);

    /// <summary>The cost of a prompt with one video of so many frames, whose visual tokens are all held; 0 leaves the video out.</summary>
    public CostRequest Request(int frames, int newTokens = 1, int reserve = 64, bool retain = true) => new()
    {
        Model = model.Config,
        Visuals = frames == 0 ? [] : [VisualInput.Video(frames)],
        TextTokens = options.TextTokens,
        TextBefore = TextBefore,
        KeepTokensUpTo = long.MaxValue,
        NewTokens = newTokens,
        Compression = Compression,
        Device = model.Device,
        ComputeType = model.Dtype,
        StoredType = StoredType,
        SeparateHead = model.Weights.TryGet("lm_head.weight") is not null,
        RetainForReuse = retain,
        ReserveAhead = reserve,
    };

    /// <summary>Seconds until the device has done it.</summary>
    public double Timed(Action run)
    {
        ct.ThrowIfCancellationRequested();
        torch.synchronize(model.Device);
        var start = time.GetTimestamp();
        run();
        torch.synchronize(model.Device);
        return time.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Bytes of CPU tensors alive, from which a stage's peak counts; starts a new peak.</summary>
    public static long StartPeak()
    {
        torch.ResetPeakMemory();
        return torch.CpuMemory().Live;
    }

    /// <summary>The peak since <see cref="StartPeak"/>; null where tensors do not live on the CPU.</summary>
    public long? PeakSince(long live) => model.Device.IsCpu ? torch.CpuMemory().Peak - live : null;

    private MachineRates Measure() => _last = _probe.Measure(model.Device, Cpu, settings: _settings, ct: ct);

    /// <summary>On the CPU, one chunk of rows through the widest matrices of tower and decoder, beside a plain square.</summary>
    private static ProbeSettings ProbeFor(VideoModel model)
    {
        var (language, vision) = (model.Config.Language, model.Config.Vision);
        return !model.Device.IsCpu ? ProbeSettings.For(model.Device) : new()
        {
            Budget = TimeSpan.FromSeconds(3),
            Products = [(1024, 2048, 2048), (1024, language.HiddenSize, language.IntermediateSize), (1024, vision.HiddenSize, vision.MlpHiddenSize)],
        };
    }
}
