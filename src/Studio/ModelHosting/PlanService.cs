using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Conversations;
using Studio.Data;
using Studio.Engine.Chat;
using Studio.Engine.Chat.Planning;
using Studio.Engine.Checkpoints;
using Studio.Engine.Tokenization;
using Studio.Engine.Video;

namespace Studio.ModelHosting;

/// <summary>Plans of questions, quickly enough to follow a slider: from what the library knows, without opening a file.</summary>
public sealed class PlanService
{
    /// <summary>Answers are planned this long where their length is not limited more, in tokens.</summary>
    public const int UsualAnswerTokens = 256;

    private readonly IDbContextFactory<StudioDb> _contexts;
    private readonly ModelHost _models;
    private readonly MachineRatesSource _rates;

    internal PlanService(IDbContextFactory<StudioDb> contexts, ModelHost models, MachineRatesSource rates) =>
        (_contexts, _models, _rates) = (contexts, models, rates);

    /// <param name="question">Its text, for the number of tokens; null plans for a short one.</param>
    /// <param name="parentMessageId">The answer that the question would follow: its path's videos and text are part of the prompt.</param>
    /// <exception cref="RequestException">400 for a value that cannot be used, 404.</exception>
    public async Task<PlanView> PlanAsync(
        CurrentUser user, AnswerSettings settings, IReadOnlyList<string> videoIds, string? question = null, string? parentMessageId = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(videoIds);
        List<HistoryTurn> turns;
        var db = await _contexts.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var videos = await QuestionReader.VideosAsync(db, user, videoIds, ct).ConfigureAwait(false);
            turns = parentMessageId is null ? [] : [.. await QuestionReader.PathAsync(db, user, parentMessageId, ct).ConfigureAwait(false)];
            turns.Add(new(videos, string.IsNullOrWhiteSpace(question) ? "What happens in this video?" : question, null));
        }

        try
        {
            settings.Validate();
            return Plan(settings, turns);
        }
        catch (ArgumentException e)
        {
            throw RequestException.Invalid(e.Message);
        }
    }

    private PlanView Plan(AnswerSettings settings, List<HistoryTurn> turns)
    {
        var model = _models.Catalog.Describe(_models.Catalog.Find(settings.Model));
        var loaded = _models.TryLoaded(model.Name);
        var sampling = settings.Sampling(model.Config);
        var isXl = model.Config.System == ModelSystem.VideoXl;
        var (media, inputs, missing) = (new List<(Video Video, VisualInput Input, bool Cached)>(), new List<ChatTurn>(), new List<VisualInput>()); // bounded by the conversation
        foreach (var turn in turns)
        {
            var (content, message, joins) = (new List<ChatPart>(), "", false);
            var asFrames = PlanInputs.AsFrames(model.Config, turn.Media.Count(v => v.Kind == VideoKind.Image));
            foreach (var video in turn.Media)
            {
                var (input, selection) = PlanInputs.Of(InfoOf(video), model.Config, sampling, asFrames);
                var isFrame = asFrames && selection is null;
                var cached = loaded is not null && _models.HasTokens(MediaEncoder.KeyOf(loaded, video.ContentHash, selection, isFrame));
                media.Add((video, input, cached));
                if (!cached) missing.Add(input);
                // As the engine's conversation writes it: nothing stands between images that are frames of one sequence.
                if (message.Length > 0 && !(joins && isFrame)) content.Add(ChatPart.OfText(isXl ? message : message.TrimEnd(' ') + "\n"));
                content.Add(ChatPart.Visual);
                (message, joins) = (selection is null || isXl ? "\n" : $"\n{selection.Message.Trim()} ", isFrame);
            }

            content.Add(ChatPart.OfText(message + turn.Question));
            inputs.Add(new(ChatRole.User, content));
            if (turn.Answer is { } answer) inputs.Add(new(ChatRole.Assistant, [ChatPart.OfText(answer)]));
        }

        var prompt = ChatMl.EncodeTurns(model.Tokenizer, inputs);
        var text = prompt.Length - media.Count;
        var rates = _rates.TryGet();
        var request = new CostRequest
        {
            Model = model.Config,
            Visuals = [.. media.Select(m => m.Input)],
            TextTokens = text,
            TextBefore = Math.Max(0, Array.IndexOf(prompt, ChatMl.VisualPlaceholderId)),
            NewTokens = Math.Min(settings.MaxNewTokens ?? UsualAnswerTokens, UsualAnswerTokens),
            Compression = settings.Compression(model.Config),
            Device = _models.Device.Device,
            ComputeType = _models.Device.Dtype,
        };
        var available = _models.Device.Device.IsCpu ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes : (long?)null;
        var plan = Planner.Make(request, rates, Environment.ProcessorCount, available);
        // What is cached is not encoded again; all the rest of the question is as it is.
        var encoding = missing.Count == media.Count ? plan : Planner.Make(request with { Visuals = missing }, rates, Environment.ProcessorCount);
        return View(model, settings, plan, encoding, media, loaded is not null);
    }

    private static PlanView View(ModelDescription model, AnswerSettings settings, Plan plan, Plan encoding, List<(Video Video, VisualInput Input, bool Cached)> media, bool isLoaded)
    {
        var steps = plan.Steps.Select(s => s.Name is Planner.Encode or Planner.Connect ? encoding.Steps.First(e => e.Name == s.Name) : s).ToList();
        SecondsRange Sum(IEnumerable<PlannedStep> some) => some.Aggregate(default(SecondsRange), (sum, s) => sum + s.Seconds);
        var tokens = plan.Cost.Tokens;
        var notes = plan.Notes.ToList();
        if (settings.Compress is not null and not "off" && plan.Compression == "off")
        {
            notes.Add($"'{settings.Compress}' drops nothing here: the decoder's {model.Config.Language.Layers} layers are too few for it");
        }

        var perFrame = model.Config.Connector.TokensPerFrame;
        return new(
            model.Name, plan.Device, plan.ComputeType, plan.Compression,
            [.. media.Select(m => new PlannedMedia(m.Video.Id, m.Video.Name, m.Input.Frames, TokensOf(m.Input), m.Cached))],
            tokens.Frames, tokens.Visual, tokens.Text,
            [.. tokens.Stages.Select(s => new PlanStageView(s.FirstLayer, s.Layers, s.VisualTokens, s.KvBytes))],
            tokens.KvBytes, plan.Cost.Memory.Peak, plan.Cost.Memory.StoredWeights, plan.Cost.TotalFlops - plan.Cost.Visual.Flops + encoding.Cost.Visual.Flops,
            Milliseconds.From(Sum(steps.Where(s => s.Name != Planner.Decode))), Milliseconds.From(Sum(steps)),
            [.. steps.Select(s => new PlanStepView(s.Name, s.Flops, Milliseconds.From(s.Seconds)))],
            plan.Rates is not null, isLoaded, notes, tokens.Windows is { Windows: > 0 } w ? new PlannedWindows(w.Windows, w.Summaries, w.Kept) : null);

        int TokensOf(VisualInput input) => input.Frames * (input.IsVideo ? perFrame : model.Config.Connector.TokensPerImage);
    }

    /// <summary>What a probe of the file would say, as far as sampling needs it.</summary>
    private static VideoInfo InfoOf(Video video) => new()
    {
        Path = video.Name, // in messages
        FileSize = video.Bytes,
        Container = video.Extension,
        Codec = video.Codec,
        PixelFormat = "",
        Duration = video.Duration,
        AverageFrameRate = video.Kind == VideoKind.Image || video.FramesPerSecond <= 0 ? 1 : video.FramesPerSecond,
        FrameCount = Math.Max(1, video.FrameCount),
        FrameCountSource = FrameCountSource.Estimate,
        Width = video.Width,
        Height = video.Height,
        Rotation = 0,
        SampleAspectRatio = 1,
        HasAudio = false,
        IsVariableFrameRate = false,
        IsStillImage = video.Kind == VideoKind.Image,
    };
}
