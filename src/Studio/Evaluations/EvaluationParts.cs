using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Store;
using Studio.Benchmarks.Running;
using Studio.Cli;
using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Hosting;
using Studio.ModelHosting;

namespace Studio.Evaluations;

/// <summary>What evaluations in the server stand on: drawn videos, installed models, and what a request may ask of them.</summary>
internal sealed class EvaluationParts(StudioOptions options, VideoStore videos, ModelHost models)
{
    /// <summary>Missing videos that a message names.</summary>
    public const int MissingShown = 5;

    public ModelHost Models => models;

    public ProvenanceReader Provenance { get; } = new(options.RootFolder, AppContext.BaseDirectory);

    public IEvalData Open(EvalRequest request) => EvalDataSource.Open(request, new() { Videos = videos });

    /// <summary>The configuration of an installed model; null names the default.</summary>
    /// <exception cref="RequestException">404: none is installed under the name.</exception>
    public ModelConfig ConfigOf(string? model) => models.Catalog.Describe(models.Catalog.Find(model)).Config;

    /// <summary>Checks a request and opens its data.</summary>
    /// <returns>With the models' own names, and the data of every setting.</returns>
    /// <exception cref="RequestException">400, 403: the message names the value and what to do.</exception>
    public (EvaluationRequest Asked, EvalPlan Plan) Check(CurrentUser user, EvaluationRequest asked)
    {
        ArgumentNullException.ThrowIfNull(user);
        DemandPaths(user, asked.Run);
        if (asked.Note.Length > RunStore.MaxNote) throw RequestException.Invalid($"the note has {asked.Note.Length} characters; {RunStore.MaxNote} are possible");
        asked = asked with
        {
            Run = asked.Run with { Setting = asked.Run.Setting with { Model = models.Catalog.Find(Named(asked.Run.Setting.Model)).Name } },
            Grid = asked.Grid is { } grid ? grid with { Models = [.. grid.Models.Select(m => models.Catalog.Find(m).Name)] } : null,
        };
        try
        {
            var requests = asked.Requests(ConfigOf);
            foreach (var request in requests) CheckSetting(request.Setting);
            var session = new EvalSession(NoRuns.Store, new() { OpenData = Open, TakeModel = (_, _) => throw new NotSupportedException(), Provenance = Provenance }, new(), TimeProvider.System);
            var plan = session.Prepare(requests);
            foreach (var (request, data) in plan.Items) CheckTask(request, data);
            return (asked, plan);
        }
        catch (Exception e) when (e is not RequestException && CommandLine.Explain(e) is { } message)
        {
            throw RequestException.Invalid(message);
        }
    }

    private static string? Named(string? model) => string.IsNullOrWhiteSpace(model) ? null : model;

    /// <summary>Paths and addresses let the server read files and reach machines that their namer may not.</summary>
    private static void DemandPaths(CurrentUser user, EvalRequest run)
    {
        if (user.IsAdmin) return;
        foreach (var (what, value) in new[] { ("annotations", run.Annotations), ("videos", run.Videos), ("needles", run.Needles), ("judge address", run.JudgeEndpoint) })
        {
            if (!string.IsNullOrWhiteSpace(value))
                throw RequestException.Forbidden($"{what} '{value}': folders and addresses of the server are an administrator's to name, as they reach beyond the library; ask one, or take world, niah or mh-niah, which need none");
        }
    }

    private void CheckSetting(EvalSetting setting)
    {
        if (setting.Frames is not null && setting.Fps is not null) throw RequestException.Invalid($"frames {setting.Frames} and fps {setting.Fps} were given; give one of them");
        if (setting.MaxFrames is < 1) throw RequestException.Invalid($"at most {setting.MaxFrames} frames: give 1 or more");
        if (setting.MaxNewTokens is < 1) throw RequestException.Invalid($"answers of {setting.MaxNewTokens} tokens: give 1 or more");
        (setting.Frames is { } frames ? SamplingSettings.Uniform(frames) : setting.Fps is { } fps ? SamplingSettings.AtRate(fps) : SamplingSettings.Default).Validate();
        var own = models.Device.Dtype.ShortName();
        if (setting.Dtype is { Length: > 0 } dtype && dtype != own) throw RequestException.Invalid($"dtype '{dtype}': this server computes in {own}; leave it out, or start the server with --dtype {dtype}");
        if (setting.Compress is { Length: > 0 } compress)
        {
            var config = ConfigOf(setting.Model);
            _ = CompressionSettings.Resolve(CompressionSettings.Parse(compress, config), config);
        }
    }

    private static void CheckTask(EvalRequest request, IEvalData data)
    {
        var task = data.Task;
        if (data.Documents.Count == 0) throw RequestException.Invalid($"{task.Name} has no documents from offset {request.Offset} on; lower the offset");
        if (request.Variant is EvalVariant.Random or EvalVariant.Shuffled && !data.Documents.Any(Variants.AppliesTo))
            throw RequestException.Invalid($"{task.Name} has no questions with options, which the variant '{request.Variant.ToString().ToLowerInvariant()}' needs; take standard or blind");
        if (request.Protocol == EvalProtocol.Original && task is not Benchmarks.Evaluation.Tasks.NiahSingle)
            throw RequestException.Invalid($"the protocol 'original' is of niah and mh-niah with the originals' annotations; {task.Name} is scored as its original does anyway, so take generated");
        HttpJudge.CheckNeeded(request);
        if (task.NeedsJudge) _ = HttpJudge.Options(request, Environment.GetEnvironmentVariable);
    }
}
