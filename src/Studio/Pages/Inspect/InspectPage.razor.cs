using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.JSInterop;
using Studio.Accounts;
using Studio.Components;
using Studio.Engine.Compression.Views;
using Studio.Inspect;

namespace Studio.Pages.Inspect;

/// <summary>What the model kept in one answer. Cursor, part in view, comparison and choices stand in the address.</summary>
public sealed partial class InspectPage(InspectService service, NavigationManager navigation, IJSRuntime js) : IAsyncDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private readonly PageScript _script = new(js, "./js/inspect.js");
    private LoadState _state;
    private InspectedAnswer? _answer, _other;
    private IReadOnlyList<AnswerChoice> _others = [];
    private string? _problem, _compareProblem, _loaded;
    private CurrentUser? _user;
    private PageScript? _page;
    private CompareRibbon? _compareRibbon;
    private bool _drawOther;

    private enum LoadState
    {
        Loading,
        NoTrace,
        Damaged,
        Ready,
    }

    [Parameter] public string AnswerId { get; set; } = "";

    /// <summary>The cursor's frame, 0-based.</summary>
    [SupplyParameterFromQuery] public int? Frame { get; set; }

    /// <summary>The cursor's layer, 0-based.</summary>
    [SupplyParameterFromQuery] public int? Layer { get; set; }

    /// <summary>The answer to compare with.</summary>
    [SupplyParameterFromQuery] public string? Compare { get; set; }

    /// <summary>First frame in view.</summary>
    [SupplyParameterFromQuery] public int? From { get; set; }

    /// <summary>One past the last frame in view.</summary>
    [SupplyParameterFromQuery] public int? To { get; set; }

    /// <summary>patches or tokens.</summary>
    [SupplyParameterFromQuery] public string? Measure { get; set; }

    /// <summary>run or drop.</summary>
    [SupplyParameterFromQuery] public string? Basis { get; set; }

    /// <summary>Of the random choice.</summary>
    [SupplyParameterFromQuery] public long? Seed { get; set; }

    [CascadingParameter] private Task<AuthenticationState>? Authentication { get; set; }

    private TraceShape? Shape => _answer?.Shape;

    private string ChatLink => _answer is null ? "chat" : $"chat/{_answer.Answer.ConversationId}?m={AnswerId}";

    /// <summary>The last layer: what is left in the end.</summary>
    private int DefaultLayer => Shape!.Layers - 1;

    protected override async Task OnParametersSetAsync()
    {
        if (_loaded == AnswerId) return;
        _loaded = AnswerId;
        _user = Authentication is null ? null : CurrentUser.TryFrom((await Authentication).User);
        (_answer, _other, _others, _state, _compareProblem) = (null, null, [], LoadState.Loading, null);
        if (_user is null) return;
        try
        {
            _answer = await service.OpenAsync(_user, AnswerId, _gone.Token);
            if (_answer is null)
            {
                navigation.NotFound();
                return;
            }

            _state = Shape is null ? LoadState.NoTrace : LoadState.Ready;
            if (_state != LoadState.Ready) return;
            _others = await service.OthersAsync(_user, AnswerId, _gone.Token);
            if (Compare is not null) await OpenOtherAsync(Compare);
        }
        catch (InvalidDataException e)
        {
            (_state, _problem) = (LoadState.Damaged, e.Message);
        }
        catch (OperationCanceledException)
        {
            // The page is gone.
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!_drawOther || _page is null) return;
        _drawOther = false;
        if (_other is null) await _page.CallAsync("compareWith", null, null);
        else if (_compareRibbon is not null) await _page.CallAsync("compareWith", _compareRibbon.Element, Api(_other.Answer.Id));
    }

    public async ValueTask DisposeAsync()
    {
        var cancelled = _gone.CancelAsync();
        await _script.DisposeAsync();
        await cancelled; // the source is not disposed itself: what still runs asks it for its token
    }

    private static string Api(string answerId) => $"api/v1/answers/{answerId}/trace/";

    private void MountedAsync(PageScript page)
    {
        _page = page;
        _drawOther = _other is not null;
    }

    private async Task CompareAsync(string? id)
    {
        _compareProblem = null;
        _other = null;
        if (!string.IsNullOrEmpty(id)) await OpenOtherAsync(id);
        _drawOther = true;
    }

    private async Task OpenOtherAsync(string id)
    {
        try
        {
            var other = await service.OpenAsync(_user!, id, _gone.Token);
            if (other?.Shape is null) _compareProblem = "The answer to compare with is gone, has no trace, or is not shared with you.";
            else _other = other;
        }
        catch (InvalidDataException e)
        {
            _compareProblem = $"The answer to compare with cannot be read: {e.Message}.";
        }
    }

    private Task ChosenAsync((CounterfactualBasis Basis, ulong Seed) chosen) => _script.CallAsync("setQuery", new Dictionary<string, string?>
    {
        ["basis"] = chosen.Basis == CounterfactualBasis.Run ? "run" : null,
        ["seed"] = chosen.Seed == 0 ? null : $"{chosen.Seed}",
    });
}
