using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;

namespace Studio.Engine.Chat;

/// <summary>One finished question and answer.</summary>
/// <param name="Media">Paths attached to this question, in order.</param>
public sealed record ConversationTurn(IReadOnlyList<string> Media, string Question, string AnswerText);

/// <summary>
/// Several questions about videos and images. Keeps the decoder's cache between them: a further question reads only what
/// is new, wherever that is exact. One thread at a time.
/// </summary>
/// <remarks>
/// The prompt is the published one (spec section 4): ChatML; before the first question about a video, the placeholder, a
/// newline, the duration message and one space. Further media of the same turn stand on lines of their own; images have no
/// message. A model's later layers see the whole history again under attention drops, since those depend on the question.
/// </remarks>
public sealed class Conversation : IDisposable
{
    /// <summary>The most media in one conversation.</summary>
    public const int MaxMedia = 64;

    /// <summary>The most questions in one conversation.</summary>
    public const int MaxTurns = 1000;

    private readonly VideoChatFlash _model;
    private readonly MediaEncoder _encoder;
    private readonly TimeProvider _time;
    private readonly string? _system;
    private readonly List<ConversationTurn> _turns = [];
    private readonly List<string> _pending = [];
    private SequenceState? _state;

    /// <param name="system">The system line; null leaves the turn out.</param>
    public Conversation(VideoChatFlash model, MediaEncoder encoder, string? system = ChatMl.DefaultSystem, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(encoder);
        (_model, _encoder, _system, _time) = (model, encoder, system, time ?? TimeProvider.System);
    }

    public IReadOnlyList<ConversationTurn> Turns => _turns;

    /// <summary>Bytes of decoder cache held for the next question.</summary>
    public long HeldBytes => _state?.Cache.CapacityBytes ?? 0;

    /// <summary>
    /// Takes up a conversation that was held before, here or elsewhere, in place of this one; nothing is computed until the
    /// next question, and what the two have in common from the beginning on is not computed again then.
    /// </summary>
    /// <exception cref="ArgumentException">It is longer than a conversation may be.</exception>
    public void Restore(IReadOnlyList<ConversationTurn> turns)
    {
        ArgumentNullException.ThrowIfNull(turns);
        if (turns.Count > MaxTurns || turns.Sum(t => t.Media.Count) > MaxMedia) throw new ArgumentException($"a conversation has at most {MaxTurns} questions and {MaxMedia} videos and images");
        _pending.Clear();
        _turns.Clear();
        _turns.AddRange(turns);
    }

    /// <summary>Puts a video or image before the next question.</summary>
    public void Attach(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (_turns.Sum(t => t.Media.Count) + _pending.Count >= MaxMedia) throw new InvalidOperationException($"a conversation holds at most {MaxMedia} videos and images; start a new one");
        _pending.Add(path);
    }

    /// <summary>Answers a question. On failure the conversation is as it was, its attachments included.</summary>
    /// <param name="onEvent">Called on this thread with progress and text.</param>
    /// <param name="ct">Before the first token: throws. After it: the answer ends with the text so far.</param>
    /// <exception cref="ArgumentException">The question is empty, or the settings do not fit the model.</exception>
    /// <exception cref="Video.MediaException">A file cannot be read.</exception>
    public Answer Ask(string question, AskSettings settings, Action<AnswerEvent>? onEvent = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (string.IsNullOrWhiteSpace(question)) throw new ArgumentException("the question is empty");
        if (_turns.Count >= MaxTurns) throw new InvalidOperationException($"a conversation has at most {MaxTurns} questions; start a new one");
        var started = _time.GetTimestamp();
        var costs = new CostLedger(_time);
        torch.ResetPeakMemory();
        var turn = new ConversationTurn([.. _pending], question.Trim(), "");
        var media = new List<EncodedMedia>();
        try
        {
            foreach (var path in _turns.Append(turn).SelectMany(t => t.Media))
            {
                var name = Path.GetFileName(path);
                media.Add(_encoder.Encode(_model, path, settings.Sampling, costs, (done, total) => onEvent?.Invoke(new AnswerEvent.Progress("frames", name, done, total)), ct));
            }

            var prompt = BuildPrompt(turn, media);
            var state = StateFor(settings);
            var answer = Generate(prompt, media, state, settings, costs, started, onEvent, ct);
            _turns.Add(turn with { AnswerText = answer.Text });
            _pending.Clear();
            return answer;
        }
        finally
        {
            foreach (var m in media) m.Dispose();
        }
    }

    public void Dispose() => _state?.Dispose();

    /// <summary>The prompt of all turns up to a new one, visual tokens in their places.</summary>
    internal Prompt BuildPrompt(ConversationTurn next, IReadOnlyList<EncodedMedia> media)
    {
        var at = 0;
        var turns = new List<ChatTurn>();
        foreach (var turn in _turns.Append(next))
        {
            turns.Add(new(ChatRole.User, Content(turn, [.. media.Skip(at).Take(turn.Media.Count)])));
            at += turn.Media.Count;
            if (turn != next) turns.Add(new(ChatRole.Assistant, turn.AnswerText));
        }

        var ids = ChatMl.EncodeTurns(_model.Tokenizer, turns, _system);
        var parts = new List<PromptPart>();
        var (text, visual) = (new List<int>(), 0);
        foreach (var id in ids)
        {
            if (id != ChatMl.VisualPlaceholderId)
            {
                text.Add(id);
                continue;
            }

            parts.Add(new PromptPart.Text([.. text]));
            text.Clear();
            parts.Add(new PromptPart.Visual(media[visual].Key, media[visual].Tokens));
            visual++;
        }

        parts.Add(new PromptPart.Text([.. text]));
        return new(parts);
    }

    private static List<ChatPart> Content(ConversationTurn turn, IReadOnlyList<EncodedMedia> media)
    {
        var content = new List<ChatPart>();
        var pending = "";
        foreach (var m in media)
        {
            if (pending.Length > 0) content.Add(ChatPart.OfText(pending.TrimEnd(' ') + "\n"));
            content.Add(ChatPart.Visual);
            pending = m.Message is { } message ? $"\n{message.Trim()} " : "\n";
        }

        content.Add(ChatPart.OfText(pending + turn.Question));
        return content;
    }

    /// <summary>The kept sequence if its compression is the same; a new one else. Bound: one sequence a conversation.</summary>
    private SequenceState StateFor(AskSettings settings)
    {
        if (_state?.Settings != settings.Compression)
        {
            _state?.Dispose();
            _state = null;
            _state = _model.Decoder.NewSequence(settings.Compression);
        }

        _state!.ReserveAhead = Math.Min(settings.Generation.MaxNewTokens, 4096) + 1;
        return _state;
    }

    private Answer Generate(Prompt prompt, List<EncodedMedia> media, SequenceState state, AskSettings settings, CostLedger costs, long started, Action<AnswerEvent>? onEvent, CancellationToken ct)
    {
        onEvent?.Invoke(new AnswerEvent.Progress("prefill", "", 0, prompt.Length));
        var traced = settings.Trace ? TracedMediaOf(prompt, media) : [];
        var recorder = settings.Trace ? new TraceRecorder(prompt, traced, _model.Config.Language.Layers) : null;
        using var scope = torch.NewDisposeScope();
        var start = costs.Now();
        var logits = _model.Decoder.Prefill(state, prompt, recorder, ct);
        var kvBytes = state.Cache.Bytes;
        costs.Add("prefill", costs.Since(start), prompt.Length - state.ReusedRows, kvBytes, StageFlops.Prefill(_model.Config.Language, state));
        var (stages, layers) = recorder?.Finish(state) ?? ([], []);
        var textTokens = prompt.Length - prompt.VisualTokens;
        // Text is alive in every stage.
        int[] stageTokens = [.. Enumerable.Range(0, settings.Compression.StageRatios.Count).Select(s => state.Alive(s).Count - textTokens)];

        var text = new TextStream(_model.Tokenizer, onEvent);
        var (reason, generated, first) = Decode(state, logits, settings.Generation, text, costs, started, ct);
        return new Answer
        {
            Text = text.Finish().Trim(),
            StopReason = reason,
            TextTokens = textTokens,
            VisualTokens = prompt.VisualTokens,
            StageTokens = stageTokens,
            GeneratedTokens = generated,
            ReusedRows = state.ReusedRows,
            TimeToFirstToken = first,
            Total = _time.GetElapsedTime(started),
            KvBytes = kvBytes,
            PeakBytes = _model.Device.IsCpu ? torch.CpuMemory().Peak : 0,
            Costs = costs.Costs,
            Warnings = Warnings(prompt, generated, media),
            Trace = recorder is null ? null : new CompressionTrace
            {
                Model = _model.Name,
                Settings = settings.Compression.ToString(),
                PromptRows = prompt.Length,
                ReusedRows = state.ReusedRows,
                Media = traced,
                Stages = stages,
                Layers = layers,
                Costs = costs.Costs,
            },
        };
    }

    /// <summary>The token loop. Cancellation is looked at between tokens and keeps what there is.</summary>
    private (StopReason Reason, int Generated, TimeSpan First) Decode(SequenceState state, Tensor logits, GenerationSettings settings, TextStream text, CostLedger costs, long started, CancellationToken ct)
    {
        var sampler = new Sampler(settings);
        var first = TimeSpan.Zero;
        var start = costs.Now();
        var generated = 0;
        var reason = StopReason.Length;
        var row = logits.data<float>();
        while (true)
        {
            var id = sampler.Next(row);
            if (generated == 0) first = _time.GetElapsedTime(started);
            if (settings.StopIds.Contains(id))
            {
                reason = StopReason.Stop;
                break;
            }

            generated++;
            text.Append(id);
            if (generated == settings.MaxNewTokens) break;
            if (ct.IsCancellationRequested)
            {
                reason = StopReason.Cancelled;
                break;
            }

            row = _model.Decoder.DecodeRow(state, id);
        }

        costs.Add("decode", costs.Since(start), generated, 0, generated * StageFlops.DecodeToken(_model.Config.Language, state.Cache.Lengths));
        return (reason, generated, first);
    }

    private List<string> Warnings(Prompt prompt, int generated, List<EncodedMedia> media)
    {
        var warnings = new List<string>();
        var trained = _model.Config.Language.MaxPositionEmbeddings;
        if (prompt.Length + generated > trained && _model.Config.Language.RopeScaling is null)
        {
            warnings.Add($"prompt and answer have {prompt.Length + generated} tokens; the model was trained on {trained}: use fewer frames, or stretch positions (--yarn)");
        }

        foreach (var m in media)
        {
            var distinct = m.Frames.Select(f => f.Index).Distinct().Count();
            if (distinct < m.Frames.Count) warnings.Add($"{m.Name}: {m.Frames.Count - distinct} of {m.Frames.Count} frames repeat another, to fill clips");
        }

        return warnings;
    }

    private static List<TracedMedia> TracedMediaOf(Prompt prompt, List<EncodedMedia> media) =>
        [.. media.Zip(prompt.Spans, (m, span) => new TracedMedia(
            m.Name, m.Kind == MediaKind.Video ? "video" : "image", span.Start, span.Length,
            [.. m.Frames.Select(f => f.Time)], [.. m.Frames.Select(f => f.Index)],
            m.FramesPerClip, m.TokensPerClip, m.GridHeight, m.GridWidth, m.Owners))];

    /// <summary>Collects the answer and hands it on in whole characters.</summary>
    private sealed class TextStream(Tokenizer tokenizer, Action<AnswerEvent>? onEvent)
    {
        private readonly StreamingDetokenizer _detokenizer = new(tokenizer);
        private readonly System.Text.StringBuilder _text = new(); // bounded by MaxNewTokens

        public void Append(int id) => Emit(_detokenizer.Append(id));

        public string Finish()
        {
            Emit(_detokenizer.Flush());
            return _text.ToString();
        }

        private void Emit(string delta)
        {
            if (delta.Length == 0) return;
            _ = _text.Append(delta);
            onEvent?.Invoke(new AnswerEvent.Text(delta));
        }
    }
}
