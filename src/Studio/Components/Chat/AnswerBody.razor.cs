using System.Text;
using Microsoft.AspNetCore.Components;
using Studio.Api;
using Studio.Components.Markdown;
using Studio.Conversations;
using Studio.Data;

namespace Studio.Components.Chat;

/// <summary>Watches an answer that is under way and shows its text at most every <see cref="Frame"/>.</summary>
public sealed partial class AnswerBody : ComponentBase, IDisposable
{
    /// <summary>Shortest time between two drawings.</summary>
    public static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(66);

    /// <summary>Shortest time between two announcements to people who listen.</summary>
    public static readonly TimeSpan Announcement = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _gone = new();
    private string _text = "";
    private string? _watched;
    private string? _lost;
    private string _said = "";
    private int _heard;
    private long _saidAt;
    private bool _wasWatched;
    private AnswerUpdate? _phase;
    private (MessageView?, TimeLinks?) _given;

    [Inject] private TimeProvider Clock { get; set; } = TimeProvider.System;

    [Parameter, EditorRequired] public MessageView Message { get; set; } = null!;

    /// <summary>Updates of an answer, from a character of its text on.</summary>
    [Parameter, EditorRequired] public Func<string, int, CancellationToken, IAsyncEnumerable<AnswerUpdate>> Watch { get; set; } = null!;

    [Parameter] public TimeLinks? Times { get; set; }

    /// <summary>The answer that was watched has ended.</summary>
    [Parameter] public EventCallback<AnswerUpdate.Finished> OnFinished { get; set; }

    private bool IsWatching => _watched is not null;

    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
    }

    protected override bool ShouldRender() => _given != (Message, Times);

    protected override void OnParametersSet()
    {
        if (!IsWatching) _text = Message.Text;
        // Prerendering shows the state as it is; watching begins with the circuit.
        if (Message.IsUnderWay && !IsWatching && Message.Id != _lost && RendererInfo.IsInteractive) _ = RunAsync(Message.Id);
    }

    protected override void OnAfterRender(bool firstRender) => _given = (Message, Times);

    private async Task RunAsync(string id)
    {
        try
        {
            await WatchAsync(id);
        }
        catch (Exception e)
        {
            await DispatchExceptionAsync(e);
        }
    }

    private async Task WatchAsync(string id)
    {
        (_watched, _wasWatched, _text) = (id, true, "");
        var text = new StringBuilder(); // bounded by the engine's longest answer
        AnswerUpdate.Finished? finished = null;
        var token = _gone.Token;
        try
        {
            await foreach (var update in Watch(id, 0, token))
            {
                if (update is AnswerUpdate.Finished end)
                {
                    finished = end;
                    break;
                }

                var drawnAt = Clock.GetTimestamp();
                if (update is AnswerUpdate.Text more) _text = text.Append(more.Delta).ToString();
                else _phase = update;
                Say(more: update is AnswerUpdate.Text);
                Draw();
                // What comes meanwhile waits in one piece on the other side.
                var rest = Frame - Clock.GetElapsedTime(drawnAt);
                if (rest > TimeSpan.Zero) await Task.Delay(rest, Clock, token);
            }
        }
        catch (OperationCanceledException)
        {
            return; // the page is gone
        }
        catch (RequestException)
        {
            // It was deleted meanwhile: the page finds out when it reads the conversation again.
        }

        _watched = null;
        if (finished is null) _lost = id;
        else
        {
            _text = finished.Answer;
            _said = finished.State switch { AnswerState.Done => Rest(), AnswerState.Stopped => "Stopped. " + Rest(), _ => "The answer failed. " + finished.Error };
        }

        Draw();
        await OnFinished.InvokeAsync(finished ?? new(AnswerState.Failed, _text, null, null, HasTrace: false));
    }

    private void Draw()
    {
        _given = default;
        StateHasChanged();
    }

    /// <summary>Finished paragraphs are read out, not too often and none twice.</summary>
    private void Say(bool more)
    {
        if (_said.Length > 0 && Clock.GetElapsedTime(_saidAt) < Announcement) return;
        var end = more ? _text.LastIndexOf('\n') : -1;
        if (more && end <= _heard) return;
        var news = more ? _text[_heard..end].Trim() : AnswerProgress.Text(_phase);
        if (news.Length == 0) return;
        if (more) _heard = end;
        (_said, _saidAt) = (news, Clock.GetTimestamp());
    }

    private string Rest() => _heard < _text.Length ? _text[_heard..].Trim() : "The answer is finished.";
}
