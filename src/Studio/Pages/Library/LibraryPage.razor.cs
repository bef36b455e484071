using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.JSInterop;
using Studio.Accounts;
using Studio.Api;
using Studio.Components;
using Studio.Data;
using Studio.Library;
using Studio.Library.Importing;

namespace Studio.Pages.Library;

/// <summary>All videos and images a person may see, and the uploads under way. Search, tag, order and page are in the address.</summary>
public sealed partial class LibraryPage
{
    /// <summary>Videos of a page.</summary>
    private const int PageSize = 48;

    /// <summary>Tags above the grid; the search finds the others.</summary>
    private const int MaxTagsShown = 40;

    /// <summary>Uploads whose progress is shown.</summary>
    private const int MaxUploadsShown = 100;

    private readonly HashSet<string> _selected = []; // bounded by the page's videos: it is emptied when the list changes
    private readonly CancellationTokenSource _gone = new();
    private ElementReference _root;
    private DotNetObjectReference<LibraryPage>? _self;
    private IJSObjectReference? _module;
    private IJSObjectReference? _handlers;
    private CurrentUser? _user;
    private Paged<VideoView>? _page;
    private IReadOnlyList<TagUse> _tags = [];
    private Usage? _usage;
    private IReadOnlyList<UploadProgress> _uploads = [];
    private DeleteVideos? _delete;
    private ImportDialog? _import;
    private string _text = "";
    private string _newTag = "";
    private bool _isBusy;
    private int _searches;

    [Inject] private VideoLibrary Videos { get; set; } = null!;

    [Inject] private ImportFolders Imports { get; set; } = null!;

    [Inject] private VideoImporter Importer { get; set; } = null!;

    [Inject] private LibraryEvents Events { get; set; } = null!;

    [Inject] private Toasts Toasts { get; set; } = null!;

    [Inject] private NavigationManager Navigation { get; set; } = null!;

    [Inject] private IJSRuntime Script { get; set; } = null!;

    [Inject] private TimeProvider Time { get; set; } = null!;

    [CascadingParameter] private Task<AuthenticationState>? Authentication { get; set; }

    [SupplyParameterFromQuery(Name = "q")] private string? Text { get; set; }

    [SupplyParameterFromQuery(Name = "tag")] private string? Tag { get; set; }

    [SupplyParameterFromQuery(Name = "kind")] private string? Kind { get; set; }

    [SupplyParameterFromQuery(Name = "sort")] private string? Sort { get; set; }

    [SupplyParameterFromQuery(Name = "page")] private int? Page { get; set; }

    private bool IsFiltered => !string.IsNullOrEmpty(Text) || !string.IsNullOrEmpty(Tag) || !string.IsNullOrEmpty(Kind);

    /// <summary>Called by the page's script, at most four times a second.</summary>
    [JSInvokable]
    public async Task UploadsChanged(UploadProgress[] uploads)
    {
        ArgumentNullException.ThrowIfNull(uploads);
        var before = _uploads.Count(u => u.State == "done");
        _uploads = [.. uploads.Take(MaxUploadsShown)];
        if (_uploads.Count(u => u.State == "done") != before) await LoadAsync();
        StateHasChanged();
    }

    public async ValueTask DisposeAsync()
    {
        Events.Changed -= LibraryChanged;
        await _gone.CancelAsync();
        _gone.Dispose();
        try
        {
            if (_handlers is not null)
            {
                await _handlers.InvokeVoidAsync("stop");
                await _handlers.DisposeAsync();
            }

            if (_module is not null) await _module.DisposeAsync();
        }
        catch (JSDisconnectedException)
        {
            // The page is gone, and its script with it.
        }

        _self?.Dispose();
    }

    protected override async Task OnInitializedAsync()
    {
        _user = CurrentUser.TryFrom(Authentication is null ? null : (await Authentication).User);
        Events.Changed += LibraryChanged;
    }

    protected override async Task OnParametersSetAsync()
    {
        _text = Text ?? "";
        _selected.Clear();
        await LoadAsync();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender) return;
        try
        {
            _self = DotNetObjectReference.Create(this);
            _module = await Script.InvokeAsync<IJSObjectReference>("import", "./js/library.js");
            _handlers = await _module.InvokeAsync<IJSObjectReference>("start", _self, _root);
        }
        catch (JSDisconnectedException)
        {
            // Closed while it was being set up.
        }
    }

    private static string Count(int n, string what) => n == 1 ? $"1 {what}" : $"{n} {what}s";

    private async Task LoadAsync()
    {
        if (_user is null || _gone.IsCancellationRequested) return;
        var sort = Enum.TryParse<VideoSort>(Sort, ignoreCase: true, out var s) ? s : VideoSort.Newest;
        VideoKind? kind = Enum.TryParse<VideoKind>(Kind, ignoreCase: true, out var k) ? k : null;
        try
        {
            _page = await Videos.ListAsync(_user, new(Text, string.IsNullOrEmpty(Tag) ? null : Tag, kind, Sort: sort), Math.Max(1, Page ?? 1), PageSize, _gone.Token);
            _tags = await Videos.TagsAsync(_user, _gone.Token);
            _usage = await Videos.UsageAsync(_user, _gone.Token);
        }
        catch (OperationCanceledException)
        {
            // The page is gone.
        }
    }

    /// <summary>An upload has ended or a strip of pictures is made, here or in another window.</summary>
    private void LibraryChanged(string ownerId)
    {
        if (ownerId != _user?.Id) return;
        _ = InvokeAsync(async () =>
        {
            await LoadAsync();
            StateHasChanged();
        });
    }

    private void SearchSoon() => _ = SearchLaterAsync(++_searches);

    private async Task SearchLaterAsync(int search)
    {
        try
        {
            await Task.Delay(TimeSpan.FromMilliseconds(250), Time, _gone.Token);
            if (search == _searches) await SearchAsync();
        }
        catch (OperationCanceledException)
        {
            // The page is gone.
        }
    }

    private Task SearchAsync()
    {
        if (_text.Trim() != (Text ?? "")) Navigation.NavigateTo(Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["q"] = OrNull(_text.Trim()), ["page"] = null }), replace: true);
        return Task.CompletedTask;
    }

    private void Go(string? kind = null, string? sort = null) => Navigation.NavigateTo(Navigation.GetUriWithQueryParameters(new Dictionary<string, object?>
    {
        ["kind"] = kind is null ? Kind : OrNull(kind), ["sort"] = sort is null ? Sort : sort == "newest" ? null : sort, ["page"] = null,
    }));

    private string Address(string? tag = null, int? page = null) => Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["tag"] = tag is null ? Tag : OrNull(tag), ["page"] = page > 1 ? page : null });

    private static string? OrNull(string text) => text.Length == 0 ? null : text;

    private void Pick(string id)
    {
        if (!_selected.Remove(id)) _ = _selected.Add(id);
    }

    private Task TagSelectedAsync() => TryAsync(async () =>
    {
        await Videos.TagAsync(_user!, [.. _selected], [_newTag], [], _gone.Token);
        _newTag = "";
        await LoadAsync();
    });

    private Task DeleteSelectedAsync() => TryAsync(async () =>
    {
        if (!await _delete!.AskAsync(_user!, [.. _selected])) return;
        _selected.Clear();
        await LoadAsync();
    });

    private Task AddSamplesAsync() => TryAsync(async () =>
    {
        _isBusy = true;
        try
        {
            _ = await Importer.AddSamplesAsync(_user!, progress: null, _gone.Token);
            await LoadAsync();
        }
        finally
        {
            _isBusy = false;
        }
    });

    private Task OpenImportAsync() => TryAsync(() => _import!.OpenAsync(_user!));

    private Task ActAsync(string key, string what) => _module is null ? Task.CompletedTask : TryAsync(() => _module.InvokeVoidAsync("act", key, what).AsTask());

    private async Task TryAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (RequestException e)
        {
            Toasts.Error(e.Message);
        }
        catch (Exception e) when (e is OperationCanceledException or JSDisconnectedException)
        {
            // The page is gone.
        }
    }
}
