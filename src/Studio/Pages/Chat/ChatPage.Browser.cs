using Microsoft.JSInterop;
using Studio.Components.Chat;

namespace Studio.Pages.Chat;

/// <content>What the page and its script say to each other.</content>
public sealed partial class ChatPage
{
    private IJSObjectReference? _module;
    private IJSObjectReference? _browser;
    private DotNetObjectReference<ChatPage>? _self;
    private bool _toShow;
    private double? _toSeek;

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
        try
        {
            if (firstRender)
            {
                _module = await JS.InvokeAsync<IJSObjectReference>("import", "./js/chat.js");
                _self = DotNetObjectReference.Create(this);
                var offset = await _module.InvokeAsync<int>("offset");
                _browser = await _module.InvokeAsync<IJSObjectReference>("start", _root, _self);
                if (offset != _offset)
                {
                    _offset = offset;
                    StateHasChanged();
                }
            }

            if (_browser is null) return;
            if (_toShow && (_conversation is not null || _address.ConversationId is null || _problem is not null))
            {
                _toShow = false;
                await _browser.InvokeVoidAsync("shown", _address.MessageId, _address.MessageId is not null);
                if (_address.Time is { } time) _toSeek = time;
                await CompareExpectedAsync();
                if (_expected.Count > 0) StateHasChanged();
            }

            if (_toSeek is { } seconds && ActiveVideo is { } video)
            {
                _toSeek = null;
                _ = await _browser.InvokeAsync<bool>("seek", video.Id, seconds);
            }
        }
        catch (Exception e) when (_gone.IsCancellationRequested || e is JSDisconnectedException or OperationCanceledException)
        {
            // The page is gone: of one that was left meanwhile, the script finds no element.
        }
    }

    private async Task EndAsync()
    {
        if (_browser is not null) await _browser.InvokeVoidAsync("end");
    }

    private async Task ClearDraftAsync(string conversationId)
    {
        if (_browser is not null) await _browser.InvokeVoidAsync("clearDraft", conversationId);
    }

    private async ValueTask DisposeBrowserAsync()
    {
        try
        {
            if (_browser is not null)
            {
                await _browser.InvokeVoidAsync("dispose");
                await _browser.DisposeAsync();
            }

            if (_module is not null) await _module.DisposeAsync();
        }
        catch (Exception e) when (e is JSDisconnectedException or OperationCanceledException)
        {
            // The page is gone, and its script with it.
        }

        _self?.Dispose();
    }
}
