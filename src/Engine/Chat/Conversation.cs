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
/// A conversation with either system. Its prompt is the published one (<see cref="ConversationPrompt"/>). A model's later layers
/// see the whole history again under attention drops, since those depend on the question.
/// </remarks>
public sealed class Conversation : IDisposable
{
    /// <summary>The most media in one conversation.</summary>
    public const int MaxMedia = 64;

    /// <summary>The most questions in one conversation.</summary>
    public const int MaxTurns = 1000;

    private readonly VideoModel _model;
    private readonly MediaEncoder _encoder;
    private readonly TimeProvider _time;
    private readonly string? _system;
    private readonly List<ConversationTurn> _turns = [];
    private readonly List<string> _pending = [];
    private DecoderSequence? _state;

    /// <param name="system">The system line; null leaves the turn out.</param>
    public Conversation(VideoModel model, MediaEncoder encoder, string? system = ChatMl.DefaultSystem, TimeProvider? time = null)
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
        var turn = new ConversationTurn([.. _pending], settings.Form.KeepsSpaces ? question : question.Trim(), "");
        var media = new List<PromptMedia>();
        try
        {
            ConversationTurn[] turns = [.. _turns, turn];
            foreach (var t in turns) OpenMedia(t, media, settings, costs, onEvent, ct);
            var prompt = ConversationPrompt.Build(_model, turns, media, _system, settings.Form);
            var state = StateFor(settings);
            var answer = Generate(prompt, media, state, settings, costs, started, onEvent, ct) with
            {
                UserTurn = ConversationPrompt.LastTurn(_model, turn, [.. media.TakeLast(turn.Media.Count)], settings.Form),
                Frames = media.Sum(m => m.Frames.Count),
            };
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

    /// <summary>Several images of one turn are frames of one sequence, where the model reads them so; one image alone is tiled.</summary>
    private void OpenMedia(ConversationTurn turn, List<PromptMedia> media, AskSettings settings, CostLedger costs, Action<AnswerEvent>? onEvent, CancellationToken ct)
    {
        var asFrames = _model.JoinsImages && turn.Media.Count > 1 && turn.Media.Count(path => _encoder.Probe(path, ct).IsStillImage) > 1;
        foreach (var path in turn.Media)
        {
            var name = Path.GetFileName(path);
            media.Add(_encoder.Open(_model, path, settings.Sampling, asFrames, costs, (done, total) => onEvent?.Invoke(new AnswerEvent.Progress("frames", name, done, total)), ct));
        }
    }

    /// <summary>The kept sequence if its compression is the same; a new one else. Bound: one sequence a conversation.</summary>
    private DecoderSequence StateFor(AskSettings settings)
    {
        var compression = CompressionSettings.Resolve(settings.Compression, _model.Config);
        if (_state?.Compression != compression)
        {
            _state?.Dispose();
            _state = null;
            _state = _model.NewSequence(compression);
        }

        _state!.ReserveAhead = Math.Min(settings.Generation.MaxNewTokens, 4096) + 1;
        return _state;
    }

    private Answer Generate(Prompt prompt, List<PromptMedia> media, DecoderSequence state, AskSettings settings, CostLedger costs, long started, Action<AnswerEvent>? onEvent, CancellationToken ct)
    {
        onEvent?.Invoke(new AnswerEvent.Progress("prefill", "", 0, prompt.Length));
        var traced = settings.Trace ? ConversationPrompt.Traced(prompt, media) : [];
        var recorder = settings.Trace ? _model.NewRecorder(prompt, traced) : null;
        using var scope = torch.NewDisposeScope();
        var warnings = new List<string>(); // bounded by the prompt's videos
        _model.Restore(state, prompt, _encoder, costs, warnings.Add);
        var (start, before) = (costs.Now(), costs.Milliseconds);
        var logits = _model.Prefill(state, prompt, recorder, ct);
        // A video that is encoded while it is read has its own stages.
        var elapsed = costs.Since(start) - TimeSpan.FromMilliseconds(costs.Milliseconds - before);
        var kvBytes = state.Cache.Bytes;
        costs.Add("prefill", elapsed, prompt.Length - state.ReusedRows, kvBytes, _model.PrefillFlops(state));
        var seen = recorder?.Finish(state) ?? new TraceParts([], [], []);
        var stageTokens = _model.StageTokens(state, prompt);

        var text = new TextStream(_model.Tokenizer, onEvent);
        var (reason, generated, first) = Decode(state, logits, settings.Generation, text, costs, started, ct);
        _model.Keep(state, _encoder, costs);
        return new Answer
        {
            Text = settings.Form.KeepsSpaces ? text.Finish() : text.Finish().Trim(),
            StopReason = reason,
            TextTokens = prompt.Length - prompt.VisualTokens,
            VisualTokens = prompt.VisualTokens,
            StageTokens = stageTokens,
            GeneratedTokens = generated,
            ReusedRows = state.ReusedRows,
            TimeToFirstToken = first,
            Total = _time.GetElapsedTime(started),
            KvBytes = kvBytes,
            PeakBytes = _model.Device.IsCpu ? torch.CpuMemory().Peak : 0,
            Costs = costs.Costs,
            Warnings = [.. warnings, .. Warnings(state, prompt, generated, media)],
            Trace = recorder is null ? null : new CompressionTrace
            {
                Model = _model.Name,
                Settings = state.Compression.ToString(),
                PromptRows = prompt.Length,
                ReusedRows = state.ReusedRows,
                Media = traced,
                Stages = seen.Stages,
                Layers = seen.Layers,
                Windows = seen.Windows,
                Costs = costs.Costs,
            },
        };
    }

    /// <summary>The token loop. Cancellation is looked at between tokens and keeps what there is.</summary>
    private (StopReason Reason, int Generated, TimeSpan First) Decode(DecoderSequence state, Tensor logits, GenerationSettings settings, TextStream text, CostLedger costs, long started, CancellationToken ct)
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

            row = _model.DecodeRow(state, id);
        }

        costs.Add("decode", costs.Since(start), generated, 0, generated * StageFlops.DecodeToken(_model.Config.Language, state.Cache.Lengths));
        return (reason, generated, first);
    }

    private List<string> Warnings(DecoderSequence state, Prompt prompt, int generated, List<PromptMedia> media)
    {
        List<string> warnings = [.. _model.Warnings, .. _model.CompressionWarnings(state)];
        var (trained, used) = (_model.Config.Language.MaxPositionEmbeddings, _model.PositionsUsed(state, prompt) + generated);
        if (used > trained && _model.Config.Language.RopeScaling is null)
        {
            warnings.Add($"prompt and answer reach position {used}; the model was trained on {trained}: use fewer frames, or stretch positions (--yarn)");
        }

        foreach (var m in media)
        {
            var distinct = m.Frames.Select(f => f.Index).Distinct().Count();
            if (distinct < m.Frames.Count) warnings.Add($"{m.Name}: {m.Frames.Count - distinct} of {m.Frames.Count} frames repeat another, since there are not as many different ones");
        }

        return warnings;
    }

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
