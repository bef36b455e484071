using System.Diagnostics;
using Studio.Engine.Chat;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.EngineBench;

/// <summary>
/// How fast each stage of answering runs, as a share of what this machine can do at all, and how much memory it takes,
/// against the formula. Prefill and tower are bound by matrix products, decoding by memory traffic: their limits are
/// measured in the same run, right before and after each row, because shared machines change from minute to minute.
/// </summary>
/// <param name="model">Borrowed.</param>
/// <param name="time">Clock of all measurements.</param>
public sealed class EngineBenchmark(VideoModel model, EngineBenchOptions options, TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Runs the chosen stages one by one.</summary>
    /// <param name="onRow">Called after each row.</param>
    /// <param name="progress">Called with a line about what runs now.</param>
    /// <exception cref="ArgumentException">An option is out of range or does not fit the model.</exception>
    /// <exception cref="Engine.Video.MediaException">The video cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Checked between runs and inside long ones.</exception>
    public BenchReport Run(Action<BenchRow>? onRow = null, Action<string>? progress = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate(model.Config);
        var context = new BenchContext(model, options, _time, progress, ct);
        var rows = new List<BenchRow>(); // bounded by the stages and the parts of a layer
        Measure(context, row =>
        {
            rows.Add(row);
            onRow?.Invoke(row);
        });

        using var process = Process.GetCurrentProcess();
        return new()
        {
            Model = model.Name,
            Device = model.Device.ToString(),
            ComputeType = model.Dtype.ShortName(),
            StoredType = context.StoredType.ShortName(),
            Threads = torch.get_num_threads(),
            Cpu = context.Cpu.Model,
            Libtorch = torch.Version,
            Blas = torch.Blas,
            Compression = options.Compression.ToString(),
            MeasuredAt = _time.GetUtcNow(),
            Rows = rows,
            PeakProcessBytes = process.PeakWorkingSet64,
        };
    }

    private void Measure(BenchContext context, Action<BenchRow> emit)
    {
        bool Wants(BenchStage stage) => options.Stages.Contains(stage);
        if (Wants(BenchStage.Frames)) emit(FrameStage.Run(context));
        if (Wants(BenchStage.Tower) || Wants(BenchStage.Connector)) VisionStage.Run(context, emit);
        if (Wants(BenchStage.Memory)) emit(VisionStage.Flatness(context));
        if (Wants(BenchStage.Prefill) || Wants(BenchStage.Decode)) DecoderStage.Run(context, emit);
        if (Wants(BenchStage.Windows)) WindowStage.Run(context, emit);
        if (Wants(BenchStage.Parts)) PartsStage.Run(context, emit);
        if (Wants(BenchStage.Reuse)) emit(ReuseStage.Run(context));
        if (options.LongFrames > 0) emit(LongStage.Run(context));
    }
}
