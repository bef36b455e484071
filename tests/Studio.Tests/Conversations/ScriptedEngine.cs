using System.Collections.Concurrent;
using System.Threading.Channels;
using Studio.Conversations;
using Studio.Engine.Chat;

namespace Studio.Tests.Conversations;

/// <summary>An engine whose answers a test writes word by word.</summary>
internal sealed class ScriptedEngine : IAnswerEngine
{
    private readonly Channel<Run> _runs = Channel.CreateUnbounded<Run>();

    /// <summary>Questions in the order in which they were answered.</summary>
    public ConcurrentQueue<EngineQuestion> Asked { get; } = new();

    /// <summary>Words with which every answer is given at once; null waits for the test.</summary>
    public string? Always { get; set; }

    public EngineAnswer Answer(EngineQuestion question, Action<AnswerEvent> onEvent, CancellationToken ct)
    {
        Asked.Enqueue(question);
        var run = new Run(question, onEvent, ct);
        if (Always is { } text)
        {
            run.Say(text);
            run.End();
        }
        else
        {
            _ = _runs.Writer.TryWrite(run);
        }

        return run.Play();
    }

    /// <summary>The next answer that left the line.</summary>
    public async Task<Run> NextAsync()
    {
        using var deadline = new CancellationTokenSource(Wait.Limit);
        return await _runs.Reader.ReadAsync(deadline.Token);
    }

    public static AnswerMeasures Measures(EngineQuestion question) => new()
    {
        Model = question.Model.Name, Compression = question.Settings.Compress ?? "off", StopReason = "stop", VisualTokens = 128, TextTokens = 20, GeneratedTokens = 3, ReusedRows = 5,
        StageTokens = [128], TimeToFirstTokenMs = 1, TotalMs = 2, KvBytes = 3, PeakBytes = 4, Flops = 5, Costs = [new("prefill", 1, 148, 0, 5)], Warnings = [],
    };

    internal sealed class Run(EngineQuestion question, Action<AnswerEvent> onEvent, CancellationToken ct)
    {
        private readonly BlockingCollection<Action> _steps = [];
        private string _text = "";
        private bool _ended;

        public EngineQuestion Question => question;

        public CancellationToken Token => ct;

        public void Say(string text) => _steps.Add(() =>
        {
            _text += text;
            onEvent(new AnswerEvent.Text(text));
        });

        public void Show(string stage, int done, int total) => _steps.Add(() => onEvent(new AnswerEvent.Progress(stage, "", done, total)));

        public void Fail(Exception failure) => _steps.Add(() => throw failure);

        public void End() => _steps.Add(() => _ended = true);

        public EngineAnswer Play()
        {
            var measures = Measures(question);
            try
            {
                while (!_ended) _steps.Take(ct)();
                return new(_text.Trim(), measures, null, false);
            }
            catch (OperationCanceledException) when (_text.Length > 0)
            {
                return new(_text.Trim(), measures with { StopReason = "cancelled" }, null, true);
            }
        }
    }
}
