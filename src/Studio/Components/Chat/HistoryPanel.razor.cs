using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Studio.Api;
using Studio.Conversations;

namespace Studio.Components.Chat;

/// <summary>The list of conversations.</summary>
public sealed partial class HistoryPanel : ComponentBase
{
    /// <summary>Conversations on a page of the list.</summary>
    public const int PageSize = 40;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);

    private ElementReference _renameBox;
    private Paged<ConversationSummary>? _list;
    private (string? Query, int Page, int Version)? _shown;
    private string? _problem;
    private string? _renaming;
    private string? _asked;
    private string _title = "";
    private string _typed = "";
    private int _search;
    private bool _focusRename;
    private bool _isTakenOver;

    [Inject] private TimeProvider Clock { get; set; } = TimeProvider.System;

    [Inject] private NavigationManager Navigation { get; set; } = null!;

    /// <summary>Carried from the static drawing into the interactive one, so that nothing jumps.</summary>
    [PersistentState] public Paged<ConversationSummary>? Snapshot { get; set; }

    [Parameter, EditorRequired] public ChatAddress Address { get; set; } = new();

    /// <summary>A page of the list: words, 1-based page, size.</summary>
    [Parameter, EditorRequired] public Func<string?, int, int, Task<Paged<ConversationSummary>>> List { get; set; } = null!;

    /// <summary>Counts what changed the list from outside.</summary>
    [Parameter] public int Version { get; set; }

    [Parameter] public bool CanWrite { get; set; }

    /// <summary>The browser's distance from UTC, minutes.</summary>
    [Parameter] public int OffsetMinutes { get; set; }

    /// <summary>Renames a conversation; what it returns is why it could not.</summary>
    [Parameter] public Func<string, string, Task<string?>>? OnRename { get; set; }

    [Parameter] public EventCallback<ConversationSummary> OnDelete { get; set; }

    private DateOnly Today => DayOf(Clock.GetUtcNow());

    protected override async Task OnParametersSetAsync()
    {
        var wanted = (Address.Query, Address.Page, Version);
        if (_shown == wanted) return;
        // What the search itself put into the address is typed already, perhaps with more behind it.
        if (_shown?.Query != Address.Query && _asked != Address.Query) _typed = Address.Query ?? "";
        _asked = null;
        _shown = wanted;
        if (RendererInfo.IsInteractive && !_isTakenOver)
        {
            // Once: the framework gives the state again with later parameters, when it is no longer what is asked for.
            _isTakenOver = true;
            if (Snapshot is { } read)
            {
                (_list, Snapshot) = (read, null);
                return;
            }
        }

        try
        {
            var list = await List(Address.Query, Address.Page, PageSize);
            if (_shown == wanted) (_list, _problem) = (list, null);
            if (!RendererInfo.IsInteractive) Snapshot = list;
        }
        catch (RequestException e)
        {
            _problem = e.Message;
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!_focusRename) return;
        _focusRename = false;
        await _renameBox.FocusAsync();
    }

    private static string Title(string title) => title.Length == 0 ? "Untitled" : title;

    private static string TeamNote(ConversationSummary item) => $"Shared with the team by {item.OwnerName}";

    private DateOnly DayOf(DateTimeOffset time) => DateOnly.FromDateTime(time.ToOffset(TimeSpan.FromMinutes(OffsetMinutes)).DateTime);

    private string Name(DateOnly day) => (Today.DayNumber - day.DayNumber) switch
    {
        <= 0 => "Today",
        1 => "Yesterday",
        < 7 => day.ToString("dddd", CultureInfo.InvariantCulture),
        _ => day.ToString(day.Year == Today.Year ? "d MMMM" : "d MMMM yyyy", CultureInfo.InvariantCulture),
    };

    private async Task SearchAsync()
    {
        var search = ++_search;
        await Task.Delay(s_pause, Clock);
        if (search != _search) return;
        var words = string.IsNullOrWhiteSpace(_typed) ? null : _typed.Trim();
        if (words == Address.Query) return;
        _asked = words;
        Navigation.NavigateTo((Address with { Query = words, Page = 1 }).ToString(), replace: true);
    }

    private void BeginRename(ConversationSummary item) => (_renaming, _title, _focusRename) = (item.Id, item.Title, true);

    private void RenameKey(KeyboardEventArgs e)
    {
        if (e.Key == "Escape") _renaming = null;
    }

    private async Task RenameAsync(ConversationSummary item)
    {
        var title = _title.Trim();
        if (title.Length > 0 && title != item.Title && OnRename is not null && await OnRename(item.Id, title) is { } problem) _problem = problem;
        _renaming = null;
    }
}
