using Microsoft.JSInterop;
using Studio.Components;
using Studio.Components.Chat;

namespace Studio.Pages.Chat;

/// <content>What the page and its script say to each other.</content>
public sealed partial class ChatPage
{
    private PageScript? _browser;
    private DotNetObjectReference<ChatPage>? _self;
    private bool _toShow;
    private double? _toSeek;

    private PageScript Script => field ??= new(JS, "./js/chat.js");

    /// <summary>The input sends its text; whether it was asked.</summary>
    [JSInvokable]
    public async Task<bool> SendAsync(string text)
    {
        // A quick hand can be ahead of the page: the question waits for the settings that its address names.
        await _opened.Task.WaitAsync(_gone.Token);
        await ShowAsync(); // what was attached a moment ago
        return await AskAsync(text);
    }

    /// <summary>Nothing was typed for a moment.</summary>
    [JSInvokable]
    public Task DraftChangedAsync(string text)
    {
        if (_draft == text) return Task.CompletedTask;
        (_draft, _askProblem) = (text, null);
        return PlanAsync();
    }

    [JSInvokable("StopAsync")]
    public Task StopFromBrowserAsync() => StopAsync();

    /// <summary>The source of a message, for copying.</summary>
    [JSInvokable]
    public string TextOf(string messageId) => _conversation?.Messages.FirstOrDefault(m => m.Id == messageId)?.Text ?? "";

    /// <summary>A time of another video than the one in the player was chosen.</summary>
    [JSInvokable]
    public void ShowVideoAsync(string videoId, double seconds)
    {
        (_activeVideo, _toSeek) = (videoId, seconds);
        StateHasChanged();
    }

    /// <summary>Files were dropped or picked: the tray shows how far they are.</summary>
    [JSInvokable]
    public Task UploadBegunAsync() => _picker?.CloseAsync() ?? Task.CompletedTask;

    /// <summary>A file that was dropped here is in the library.</summary>
    [JSInvokable]
    public async Task AttachUploadedAsync(string videoId)
    {
        if (_address.ConversationId is null) _recent = await _library.ListAsync(_user!, null, 1, RecentVideos, _gone.Token);
        if (_address.Attached.Contains(videoId)) return;
        if (_address.Attached.Count >= ChatAddress.MaxAttached) Toasts.Info($"The file is in the library; {ChatAddress.MaxAttached} are attached already, as many as a question takes.");
        else TakeAsync([.. _address.Attached, videoId]);
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            _self = DotNetObjectReference.Create(this);
            var offset = await Script.AskAsync<int>("offset");
            _browser = await Script.StartAsync("start", _root, _self);
            if (_browser is not null && offset != _offset)
            {
                _offset = offset;
                StateHasChanged();
            }
        }

        if (_browser is null) return;
        if (_toShow && (_conversation is not null || _address.ConversationId is null || _problem is not null))
        {
            _toShow = false;
            await _browser.CallAsync("shown", _address.MessageId, _address.MessageId is not null);
            if (_address.Time is { } time) _toSeek = time;
            await CompareExpectedAsync();
            if (_expected.Count > 0) StateHasChanged();
        }

        if (_toSeek is { } seconds && ActiveVideo is { } video)
        {
            _toSeek = null;
            _ = await _browser.AskAsync<bool>("seek", video.Id, seconds);
        }
    }

    private Task EndAsync() => _browser?.CallAsync("end") ?? Task.CompletedTask;

    private Task ClearDraftAsync(string conversationId) => _browser?.CallAsync("clearDraft", conversationId) ?? Task.CompletedTask;

    private async ValueTask DisposeBrowserAsync()
    {
        await Script.DisposeAsync();
        _self?.Dispose();
    }
}
