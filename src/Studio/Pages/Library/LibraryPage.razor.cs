using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.JSInterop;
using Studio.Accounts;
using Studio.Api;
using Studio.Components;
using Studio.Data;
using Studio.Hosting;
using Studio.Library;
using Studio.Library.Importing;

namespace Studio.Pages.Library;

/// <summary>Everybody's way to the videos: find, upload, import, tag and delete. What is shown stands in the address.</summary>
public sealed partial class LibraryPage(
    VideoLibrary library, VideoImporter importer, ImportFolders folders, LibraryEvents events, StudioOptions options, Toasts toasts, NavigationManager navigation, IJSRuntime js, TimeProvider time)
    : ComponentBase, IAsyncDisposable
{
    private const int OnAPage = 24;

    /// <summary>Tags above the grid; the search finds the others.</summary>
    private const int TagsShown = 40;

    /// <summary>Several changes in a row, and several letters of a search, are shown together.</summary>
    private static readonly TimeSpan s_calm = TimeSpan.FromMilliseconds(300);

    private readonly CancellationTokenSource _gone = new();
    private readonly PageScript _script = new(js, "./js/library.js");
    private readonly Dictionary<string, VideoView> _selected = new(StringComparer.Ordinal); // of the page that is shown, at most OnAPage
    private ElementReference _root;
    private CurrentUser? _user;
    private VideoQuery _query = new();
    private Paged<VideoView>? _list;
    private IReadOnlyList<TagUse> _tags = [];
    private Usage? _usage;
    private ImportDialog? _import;
    private string _search = "";
    private bool _isEmpty;
    private bool _isBusy;
    private int _news;
    private int _searches;

    [CascadingParameter] private Task<AuthenticationState> Authentication { get; set; } = null!;

    [SupplyParameterFromQuery(Name = "q")] private string? Query { get; set; }

    [SupplyParameterFromQuery(Name = "tag")] private string? Tag { get; set; }

    [SupplyParameterFromQuery(Name = "kind")] private string? Kind { get; set; }

    [SupplyParameterFromQuery(Name = "sort")] private string? Sort { get; set; }

    [SupplyParameterFromQuery(Name = "mine")] private bool Mine { get; set; }

    [SupplyParameterFromQuery(Name = "page")] private int? PageNumber { get; set; }

    private VideoImporter Importer => importer;

    private ImportFolders Folders => folders;

    private StudioOptions Options => options;

    private IReadOnlyList<VideoView> Selection => [.. _selected.Values];

    private bool IsFiltered => !string.IsNullOrWhiteSpace(Query) || !string.IsNullOrEmpty(Tag) || _query.Kind is not null || Mine;

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
        if (_search.Trim() != (Query ?? "")) _search = Query ?? "";
        _query = new(Query, Tag, VideoLabels.Parse<VideoKind>(Kind), Mine, VideoLabels.Parse<VideoSort>(Sort) ?? VideoSort.Newest);
        _selected.Clear();
        await LoadAsync();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender) _ = await _script.StartAsync("start", _root, _user is { CanWrite: true });
    }

    private async Task LoadAsync()
    {
        if (_user is not { } user || _gone.IsCancellationRequested) return;
        try
        {
            var page = Math.Clamp(PageNumber ?? 1, 1, 1_000_000);
            _list = await library.ListAsync(user, _query, page, OnAPage, _gone.Token);
            // What is deleted leaves the last page empty.
            if (_list.Items.Count == 0 && _list.Total > 0 && page > 1) _list = await library.ListAsync(user, _query, _list.Pages, OnAPage, _gone.Token);
            _isEmpty = _list.Total == 0 && !IsFiltered;
            _tags = await library.TagsAsync(user, _gone.Token);
            _usage = user.CanWrite ? await library.UsageAsync(user, _gone.Token) : null;
            foreach (var id in _selected.Keys.Except(_list.Items.Select(v => v.Id)).ToList()) _ = _selected.Remove(id);
            foreach (var video in _list.Items.Where(v => _selected.ContainsKey(v.Id))) _selected[video.Id] = video;
            StateHasChanged();
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            // Nobody looks any more.
        }
    }

    private void Toggle(VideoView video, bool on)
    {
        if (on) _selected[video.Id] = video;
        else _ = _selected.Remove(video.Id);
    }

    private void Select(IEnumerable<VideoView> videos)
    {
        _selected.Clear();
        foreach (var video in videos) _selected[video.Id] = video;
    }

    private async Task DeletedAsync(int count)
    {
        toasts.Info($"{VideoLabels.Count(count, "file")} deleted.");
        _selected.Clear();
        await LoadAsync();
    }

    private async Task AddSamplesAsync()
    {
        _isBusy = true;
        try
        {
            _ = await importer.AddSamplesAsync(_user!, progress: null, _gone.Token);
            await LoadAsync();
        }
        catch (Exception e) when (e is RequestException or IOException)
        {
            toasts.Error(e.Message);
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            // The page was left; what was copied so far is removed.
        }
        finally
        {
            _isBusy = false;
        }
    }

    /// <summary>Uploads, imports and pictures of this person, and what the team shares: shown soon, but not at every piece.</summary>
    private void Changed(string ownerId)
    {
        var turn = Interlocked.Increment(ref _news);
        _ = InvokeAsync(async () =>
        {
            try
            {
                await Task.Delay(s_calm, time, _gone.Token);
                if (turn == Volatile.Read(ref _news)) await LoadAsync();
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                // The page is gone.
            }
        });
    }

    private void SearchSoon()
    {
        var turn = ++_searches;
        _ = SearchLaterAsync();

        async Task SearchLaterAsync()
        {
            try
            {
                await Task.Delay(s_calm, time, _gone.Token);
                if (turn == _searches) Search();
            }
            catch (OperationCanceledException)
            {
                // The page is gone.
            }
        }
    }

    private void Search()
    {
        _searches++;
        if (_search.Trim() != (Query ?? "")) navigation.NavigateTo(Address(text: _search.Trim()), replace: true);
    }

    private void Go(string? tag = null, string? kind = null, string? sort = null, bool? mine = null) => navigation.NavigateTo(Address(tag: tag, kind: kind, sort: sort, mine: mine));

    /// <summary>The address with some values changed; another list begins at its first page.</summary>
    private string Address(string? text = null, string? tag = null, string? kind = null, string? sort = null, bool? mine = null, int? page = null) =>
        navigation.GetUriWithQueryParameters("library", new Dictionary<string, object?>
        {
            ["q"] = Filled(text ?? Query),
            ["tag"] = Filled(tag ?? Tag),
            ["kind"] = Filled(kind ?? Kind),
            ["sort"] = Filled(sort ?? Sort) is { } word && !word.Equals(nameof(VideoSort.Newest), StringComparison.OrdinalIgnoreCase) ? word : null,
            ["mine"] = (mine ?? Mine) ? true : null,
            ["page"] = page is > 1 ? page : null,
        });

    private static string? Filled(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;
}
