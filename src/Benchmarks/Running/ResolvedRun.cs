using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;
using Studio.Engine.Chat;
using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Torch;
using Studio.Engine.Video;

namespace Studio.Benchmarks.Running;

/// <summary>
/// A request as it is for one model and its data: everything that decides the samples, and nothing else (no folder, no time). Runs with
/// equal keys have equal samples.
/// </summary>
public sealed record ResolvedRun
{
    /// <summary>Where no model is asked.</summary>
    public const string NoModel = "none";

    public required string Task { get; init; }

    public int PromptVersion { get; init; }

    public int ScorerVersion { get; init; }

    public EvalVariant Variant { get; init; }

    public EvalProtocol Protocol { get; init; }

    public required string Model { get; init; }

    /// <summary>SHA-256 of weights and configuration; empty without a model.</summary>
    public string ModelHash { get; init; } = "";

    public string Device { get; init; } = "";

    public string Dtype { get; init; } = "";

    /// <summary>CPU threads: another number gives other last bits.</summary>
    public int Threads { get; init; }

    /// <summary>Text form.</summary>
    public string Compression { get; init; } = "";

    /// <summary>How frames are chosen, for people and for the key: "uniform 64", "rule 64 to 512".</summary>
    public string Frames { get; init; } = "";

    public int MaxNewTokens { get; init; }

    public double RepetitionPenalty { get; init; } = 1;

    public IReadOnlyList<int> StopIds { get; init; } = [];

    /// <summary>SHA-256 of the annotations.</summary>
    public required string AnnotationHash { get; init; }

    public ulong Seed { get; init; }

    public IReadOnlyList<int>? Lengths { get; init; }

    public IReadOnlyList<double>? Depths { get; init; }

    public IReadOnlyList<int>? Hops { get; init; }

    public int? PerCell { get; init; }

    public int Offset { get; init; }

    public int? Limit { get; init; }

    /// <summary>Documents it has.</summary>
    public int Samples { get; init; }

    public string? JudgeModel { get; init; }

    /// <summary>Resolves a request.</summary>
    /// <param name="model">Null where none is asked (<see cref="EvalVariant.Random"/>).</param>
    /// <param name="modelHash">SHA-256 of weights and configuration.</param>
    /// <exception cref="ArgumentException">A setting does not fit the model or the task; the message names it and the remedy.</exception>
    public static ResolvedRun Of(EvalRequest request, IEvalData data, VideoModel? model, string modelHash)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(data);
        if (data.Documents.Count == 0) throw new ArgumentException($"{data.Task.Name} has no documents from offset {request.Offset} on; lower --offset, or name other annotations");
        if (request.Variant is EvalVariant.Random or EvalVariant.Shuffled && !data.Documents.Any(Variants.AppliesTo))
        {
            throw new ArgumentException($"{data.Task.Name} has no questions with options: the variant '{request.Variant.ToString().ToLowerInvariant()}' needs some");
        }

        var common = new ResolvedRun
        {
            Task = data.Task.Name,
            PromptVersion = data.Task.PromptVersion,
            ScorerVersion = data.Task.ScorerVersion,
            Variant = request.Variant,
            Protocol = request.Protocol,
            Model = NoModel,
            AnnotationHash = data.AnnotationHash,
            Seed = request.Seed,
            Lengths = request.Lengths,
            Depths = request.Depths,
            Hops = request.Hops,
            PerCell = request.PerCell,
            Offset = request.Offset,
            Limit = request.Limit,
            Samples = data.Documents.Count,
            JudgeModel = data.Task.NeedsJudge ? request.JudgeModel : null,
        };
        if (request.Variant == EvalVariant.Random) return common;
        ArgumentNullException.ThrowIfNull(model);
        var forced = IsForced(request, data.Task);
        var generation = Generation(request, data.Task, model);
        return common with
        {
            Model = model.Name,
            ModelHash = modelHash,
            Device = model.Device.Type.ToString().ToLowerInvariant(),
            Dtype = model.Dtype.ShortName(),
            Threads = model.Device.IsCpu ? torch.get_num_threads() : 0,
            // The originals' needle test reads every visual token in every layer (videochat-flash.md 8.1).
            Compression = CompressionOf(request.Setting.Compress ?? (forced ? "off" : null), model).ToString(),
            Frames = request.Variant == EvalVariant.Blind ? "none" : data.Task is NeedleTask or WorldNeedle ? "all" : FramesText(Sampling(request, data.Task, model.Config)),
            MaxNewTokens = generation.MaxNewTokens,
            RepetitionPenalty = generation.RepetitionPenalty,
            StopIds = generation.StopIds,
        };
    }

    /// <summary>One line of JSON, fields in the order of this type.</summary>
    public string ToJson() => RecordJson.Text(this);

    /// <exception cref="JsonException">Not resolved settings.</exception>
    public static ResolvedRun FromJson(string json) => RecordJson.Read<ResolvedRun>(json);

    /// <summary>SHA-256 of the JSON form, 64 lower-case hexadecimal digits.</summary>
    public string Key() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ToJson())));

    /// <summary>Whether the answer is the likeliest token where the gold letter would stand, and no text of the model's own.</summary>
    internal static bool IsForced(EvalRequest request, EvalTask task)
    {
        if (request.Protocol != EvalProtocol.Original) return false;
        if (task is NiahSingle) return true;
        throw new ArgumentException($"the protocol 'original' is of the needle tasks niah and mh-niah; {task.Name} is scored as its original does anyway, leave --protocol out");
    }

    internal static CompressionSettings CompressionOf(string? text, VideoModel model) =>
        CompressionSettings.Resolve(text is null ? model.DefaultCompression : CompressionSettings.Parse(text, model.Config), model.Config);

    /// <summary>Greedy, with the task's limit; one token without any penalty where the letter is forced.</summary>
    internal static GenerationSettings Generation(EvalRequest request, EvalTask task, VideoModel model)
    {
        var own = model.DefaultGeneration with { Temperature = 0, TopP = 1, TopK = 0, Seed = request.Seed };
        return IsForced(request, task) ? own with { MaxNewTokens = 1, RepetitionPenalty = 1, StopIds = [] }
            : own with { MaxNewTokens = request.Setting.MaxNewTokens ?? task.Limits.MaxNewTokens };
    }

    /// <summary>Which frames are read of a whole video.</summary>
    internal static SamplingSettings Sampling(EvalRequest request, EvalTask task, ModelConfig config)
    {
        var setting = request.Setting;
        if (setting.Frames is not null && setting.Fps is not null) throw new ArgumentException($"frames {setting.Frames} and fps {setting.Fps} were given; give one of them");
        var sampling = setting.Frames is { } frames ? SamplingSettings.Uniform(frames) : setting.Fps is { } fps ? SamplingSettings.AtRate(fps) : SamplingSettings.Default;
        sampling = VideoModel.SamplingOf(sampling with { MaxFrames = setting.MaxFrames ?? task.Limits.MaxFrames }, config);
        sampling.Validate();
        return sampling;
    }

    private static string FramesText(SamplingSettings sampling) => sampling.Mode switch
    {
        SamplingMode.Frames => string.Create(CultureInfo.InvariantCulture, $"uniform {sampling.FrameCount}"),
        SamplingMode.Fps => string.Create(CultureInfo.InvariantCulture, $"{sampling.FramesPerSecond:R} a second, at most {sampling.MaxFrames}"),
        _ when sampling.Rule == SamplingRule.VideoXl => string.Create(CultureInfo.InvariantCulture, $"one a second, at most {sampling.MaxFrames}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"rule {sampling.MinFrames} to {Math.Max(sampling.MinFrames, sampling.MaxFrames)}"),
    };
}
