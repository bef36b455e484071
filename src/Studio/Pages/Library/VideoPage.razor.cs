using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.JSInterop;
using Studio.Accounts;
using Studio.Api;
using Studio.Components;
using Studio.Data;
using Studio.Hosting;
using Studio.Library;

namespace Studio.Pages.Library;

/// <summary>One file: watch it, know it, name and tag it, share or delete it. <c>?t=</c> says where to begin, in seconds.</summary>
public sealed partial class VideoPage(VideoLibrary library, LibraryEvents events, StudioOptions options, Toasts toasts, NavigationManager navigation, IJSRuntime js) : ComponentBase, IAsyncDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private readonly PageScript _script = new(js, "./js/library.js");
    private ElementReference _root;
    private PageScript? _player;
    private CurrentUser? _user;
    private VideoView? _video;
    private Dependents? _dependents;
    private DeleteVideos? _delete;
    private string _name = "";
    private string _tagText = "";
    private Visibility _visibility;
    private string? _problem;
    private string? _playing;
    private bool _isMissing;

    [CascadingParameter] private Task<AuthenticationState> Authentication { get; set; } = null!;

    [Parameter] public string Id { get; set; } = "";

    [SupplyParameterFromQuery(Name = "t")] private string? Start { get; set; }

    private StudioOptions Options => options;

    private string[] Tags => _tagText.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private bool IsChanged => _video is { } v && (_name != v.Name || _visibility != v.Visibility || !Tags.SequenceEqual(v.Tags));

    public async ValueTask DisposeAsync()
    {
        events.Changed -= Changed;
        var cancelled = _gone.CancelAsync();
        await _script.DisposeAsync();
        await cancelled; // the source is not disposed itself: what still runs asks it for its token
    }

    protected override void OnInitialized() => events.Changed += Changed;

    protected override async Task OnParametersSetAsync()
    {
        _user = CurrentUser.From((await Authentication).User);
        if (_video?.Id == Id) return;
        await LoadAsync();
        if (_video is { } video) Fill(video);
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_video is null || _playing == _video.Id) return;
        _playing = _video.Id;
        if (_player is { } before) await before.DisposeAsync();
        _player = await _script.StartAsync("player", _root, double.TryParse(Start, CultureInfo.InvariantCulture, out var at) && at > 0 && double.IsFinite(at) ? at : 0);
    }

    private async Task LoadAsync()
    {
        if (_gone.IsCancellationRequested) return;
        try
        {
            _video = await library.GetAsync(_user!, Id, _gone.Token);
            _dependents = _video.CanChange ? await library.DependentsAsync(_user!, [Id], _gone.Token) : null;
            _isMissing = false;
        }
        catch (RequestException e) when (e.Status == StatusCodes.Status404NotFound)
        {
            (_video, _isMissing) = (null, true);
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            // Nobody looks any more.
        }
    }

    private void Fill(VideoView video) => (_name, _tagText, _visibility, _problem) = (video.Name, string.Join(", ", video.Tags), video.Visibility, null);

    private async Task SaveAsync()
    {
        try
        {
            _video = await library.ChangeAsync(_user!, Id, new(_name, Tags, _visibility), _gone.Token);
            Fill(_video);
            toasts.Info("Saved.");
        }
        catch (RequestException e)
        {
            _problem = e.Message;
        }
    }

    private async Task DeleteAsync()
    {
        try
        {
            if (!await _delete!.AskAsync(_user!, [_video!])) return;
            toasts.Info("1 file deleted.");
            navigation.NavigateTo("library", replace: true);
        }
        catch (RequestException e)
        {
            toasts.Error(e.Message);
        }
    }

    /// <summary>Its pictures may be there now, or somebody changed it elsewhere. What is being typed stays.</summary>
    private void Changed(string ownerId)
    {
        if (_video is null || ownerId != _video.OwnerId) return;
        _ = InvokeAsync(async () =>
        {
            try
            {
                var touched = IsChanged;
                await LoadAsync();
                if (!touched && _video is { } video) Fill(video);
                StateHasChanged();
            }
            catch (ObjectDisposedException)
            {
                // The page is gone.
            }
        });
    }
}
