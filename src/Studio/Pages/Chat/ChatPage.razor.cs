using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.EntityFrameworkCore;
using Microsoft.JSInterop;
using Studio.Accounts;
using Studio.Api;
using Studio.Components;
using Studio.Components.Chat;
using Studio.Components.Markdown;
using Studio.Conversations;
using Studio.Data;
using Studio.Hosting;
using Studio.ModelHosting;

namespace Studio.Pages.Chat;

/// <summary>Conversations about videos. What is shown stands in the address.</summary>
public sealed partial class ChatPage : ComponentBase, IAsyncDisposable
{
    private const int RecentVideos = 6;

    private const int MaxOwn = 16;

    private readonly SettingsColumn _first = new();
    private readonly SettingsColumn _second = new();
    private readonly CancellationTokenSource _gone = new();
    private readonly Dictionary<string, PlanView> _expected = new(StringComparer.Ordinal); // of the compared answers of this conversation
    private readonly Dictionary<string, (string Key, TimeLinks Links)> _times = new(StringComparer.Ordinal); // one a turn of this conversation
    private readonly Queue<string> _own = new(); // addresses this page put up and has not heard of yet; at most MaxOwn
    private ElementReference _root;
    private CurrentUser? _user;
    private ChatVideos _library = null!;
    private PlanTracker _plans = null!;
    private ChatAddress _address = new();
    private ConversationView? _conversation;
    private IReadOnlyList<ChatTurn> _turns = [];
    private IReadOnlyList<ChatVideo> _videos = [];
    private IReadOnlyList<ChatVideo> _attached = [];
    private Paged<ChatVideo>? _recent;
    private IReadOnlyList<ModelCard> _models = [];
    private ConversationSummary? _deleting;
    private MediaPicker? _picker;
    private ConfirmDialog? _deleteDialog;
    private string? _problem;
    private string? _askProblem;
    private string? _activeVideo;
    private string _draft = "";
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isLoaded;
    private bool _isTakenOver;
    private int _loads;
    private int _listVersion;
    private int _offset;

    [Inject] private ConversationService Conversations { get; set; } = null!;

    [Inject] private ModelHost Models { get; set; } = null!;

    [Inject] private PlanService Plans { get; set; } = null!;

    [Inject] private IDbContextFactory<StudioDb> Databases { get; set; } = null!;

    [Inject] private StudioOptions Options { get; set; } = null!;

    [Inject] private NavigationManager Navigation { get; set; } = null!;

    [Inject] private Toasts Toasts { get; set; } = null!;

    [Inject] private TimeProvider Clock { get; set; } = null!;

    [Inject] private IJSRuntime JS { get; set; } = null!;

    [CascadingParameter] private Task<AuthenticationState> Authentication { get; set; } = null!;

    [Parameter] public string? ConversationId { get; set; }

    /// <summary>Carried from the static drawing into the interactive one.</summary>
    [PersistentState] public ChatSnapshot? Snapshot { get; set; }

    [SupplyParameterFromQuery(Name = "m")] private string? MessageQuery { get; set; }

    [SupplyParameterFromQuery(Name = "t")] private string? TimeQuery { get; set; }

    [SupplyParameterFromQuery(Name = "v")] private string? VideoQuery { get; set; }

    [SupplyParameterFromQuery(Name = "video")] private string? AttachedQuery { get; set; }

    [SupplyParameterFromQuery(Name = "s")] private string? FirstQuery { get; set; }

    [SupplyParameterFromQuery(Name = "s2")] private string? SecondQuery { get; set; }

    [SupplyParameterFromQuery(Name = "model")] private string? ModelQuery { get; set; }

    [SupplyParameterFromQuery(Name = "compare")] private string? CompareQuery { get; set; }

    [SupplyParameterFromQuery(Name = "q")] private string? SearchQuery { get; set; }

    [SupplyParameterFromQuery(Name = "p")] private string? PageQuery { get; set; }

    [SupplyParameterFromQuery(Name = "history")] private string? HistoryQuery { get; set; }

    /// <summary>Whether the address has been read: before it, the forms do not yet hold what a question is asked with.</summary>
    private bool IsOpen => _opened.Task.IsCompleted;

    private string Title => _conversation is { Title.Length: > 0 } c ? c.Title : _address.ConversationId is null ? "New conversation" : _problem is null ? "Conversation" : "Not found";

    private bool CanWrite => _user is not null && (_conversation?.CanWrite ?? (_address.ConversationId is null && _user.CanWrite));

    /// <summary>Answers on the shown branch that are being made.</summary>
    private IEnumerable<MessageView> Running => _turns.SelectMany(t => t.Columns).Select(c => c.Answer).Where(a => a.IsUnderWay);

    private ChatVideo? ActiveVideo => _videos.FirstOrDefault(v => v.Id == _activeVideo) ?? (_videos.Count > 0 ? _videos[0] : null);

    /// <summary>The answer that the next question follows.</summary>
    private MessageView? Parent => _turns.LastOrDefault(t => t.Columns.Count > 0)?.Columns is { } columns ? (columns.FirstOrDefault(c => c.IsFollowed) ?? columns[0]).Answer : null;

    private string? Blocked => Parent is { State: AnswerState.Failed } ? "The last answer failed, so nothing can follow it. Ask it again, or edit the question." : null;

    private string Idle => _videos.Count == 0 ? "Attach a video to see here what a question will cost." : "";

    public async ValueTask DisposeAsync()
    {
        var cancelled = _gone.CancelAsync();
        _plans?.Dispose();
        await DisposeBrowserAsync();
        await cancelled; // the source is not disposed itself: what still runs asks it for its token
    }

    protected override async Task OnInitializedAsync()
    {
        _user = CurrentUser.From((await Authentication).User);
        _library = new(Databases);
        _plans = new((settings, question, ct) => Plans.PlanAsync(_user, settings, question.VideoIds, question.Text, question.ParentId, ct), StateHasChanged, Clock);
        _models = Snapshot?.Models ?? await Models.ListAsync(_gone.Token);
    }

    protected override async Task OnParametersSetAsync()
    {
        if (_user is null) return;
        var before = _address;
        var address = ChatAddress.Parse(ConversationId, new Dictionary<string, string?>
        {
            ["m"] = MessageQuery, ["t"] = TimeQuery, ["v"] = VideoQuery, ["video"] = AttachedQuery, ["s"] = FirstQuery, ["s2"] = SecondQuery,
            ["model"] = ModelQuery, ["compare"] = CompareQuery, ["q"] = SearchQuery, ["p"] = PageQuery, ["history"] = HistoryQuery,
        });
        var isOwn = IsOwn(address);
        // The page is at what it put up last already; earlier ones come back while that is on its way.
        if (!isOwn) _address = address;
        var isOther = !_isLoaded || before.ConversationId != _address.ConversationId;
        _isLoaded = true;
        if (isOther)
        {
            // What is shown stays until the other conversation is there.
            if (!TryTakeSnapshot()) await LoadAsync();
            (_askProblem, _activeVideo, _draft) = (null, null, "");
            _times.Clear();
        }

        if (_address.VideoId is not null && (isOther || before.VideoId != _address.VideoId)) _activeVideo = _address.VideoId;
        await ShowAsync();
        if (!RendererInfo.IsInteractive)
        {
            await CompareExpectedAsync();
            var snapshot = new ChatSnapshot(_address.ConversationId, _conversation, _problem, _videos, _recent, _models, _expected);
            Snapshot = snapshot.IsSmall ? snapshot : null;
        }

        if (!isOwn) TakeAddressSettings(before, isOther);
        _ = _opened.TrySetResult();
        if (isOther) _toShow = true;
        else if (_address.Time is { } time && before.Time != time) _toSeek = time;
        await PlanAsync();
    }

    private bool TryTakeSnapshot()
    {
        if (!RendererInfo.IsInteractive || _isTakenOver) return false;
        _isTakenOver = true; // the framework gives the state again with later parameters
        if (Snapshot is not { } snapshot) return false;
        Snapshot = null; // once: later it would be old
        if (snapshot.ConversationId != _address.ConversationId) return false;
        (_conversation, _problem, _videos, _recent) = (snapshot.Conversation, snapshot.Problem, snapshot.Videos, snapshot.Recent);
        foreach (var (id, plan) in snapshot.Expected) _expected[id] = plan;
        return true;
    }

    /// <summary>Reads the conversation again: something in it changed.</summary>
    private async Task ReloadAsync()
    {
        await LoadAsync();
        await ShowAsync();
        await CompareExpectedAsync();
        StateHasChanged();
        await PlanAsync();
    }

    private async Task LoadAsync()
    {
        if (_conversation?.Id != _address.ConversationId) _expected.Clear();
        if (_address.ConversationId is not { } id)
        {
            _loads++;
            (_conversation, _problem) = (null, null);
            _recent = await _library.ListAsync(_user!, null, 1, RecentVideos, _gone.Token);
            return;
        }

        var load = ++_loads;
        try
        {
            var conversation = await Conversations.GetAsync(_user!, id, _gone.Token);
            if (load == _loads && _address.ConversationId == id) (_conversation, _problem) = (conversation, null);
        }
        catch (RequestException)
        {
            if (load == _loads) (_conversation, _problem) = (null, "It was deleted, it is not shared with you, or the link is incomplete.");
        }
    }

    /// <summary>The branch, the videos and the plan of the state as it is.</summary>
    private async Task ShowAsync()
    {
        _turns = _conversation is null ? [] : ConversationPath.Build(_conversation, _address.MessageId);
        var ids = _turns.SelectMany(t => t.Question.Media).Select(m => m.VideoId).OfType<string>().Concat(_address.Attached).Distinct().ToList();
        if (!ids.SequenceEqual(_videos.Select(v => v.Id))) _videos = await _library.FindAsync(_user!, ids, _gone.Token);
        _attached = [.. _videos.Where(v => _address.Attached.Contains(v.Id))];
    }

    /// <summary>
    /// What was chosen on the page holds at once and goes into its address, which comes back from the browser a little later: by then
    /// more may have been chosen, or the question sent.
    /// </summary>
    private void PutUp(ChatAddress address)
    {
        if (address.ToString() == _address.ToString()) return; // it would not come back
        _address = address;
        if (_own.Count == MaxOwn) _ = _own.Dequeue();
        _own.Enqueue(address.ToString());
        Navigation.NavigateTo(address.ToString(), replace: true);
    }

    /// <summary>Whether an address is one that the page itself put up; earlier ones that were passed over are forgotten with it.</summary>
    private bool IsOwn(ChatAddress came)
    {
        var address = came.ToString();
        if (!_own.Contains(address)) return false;
        while (_own.Dequeue() != address)
        {
            // Earlier ones were passed over.
        }

        return true;
    }

    /// <summary>The forms follow the address where it changed; a conversation that is opened brings the settings of its last answer.</summary>
    private void TakeAddressSettings(ChatAddress before, bool isOther)
    {
        if (_address.Settings is { } settings)
        {
            if ((isOther || before.Settings != settings) && _first.Value != settings) _first.Form = SettingsForm.From(settings, LayersOf(settings.Model));
        }
        else if (isOther && _turns.Count > 0 && Parent?.Settings is { } last)
        {
            _first.Form = SettingsForm.From(last, LayersOf(last.Model));
        }

        if (!_address.IsComparing) return;
        if (_address.SecondSettings is { } second)
        {
            if (_second.Value != second) _second.Form = SettingsForm.From(second, LayersOf(second.Model));
        }
    }

    private int? LayersOf(string? model) => _models.FirstOrDefault(m => model is null ? m.IsDefault : m.Name == model)?.Geometry?.Layers;

    private Task PlanAsync()
    {
        // While an answer is made its plan stays: nothing can follow it yet.
        if (!RendererInfo.IsInteractive || Running.Any()) return Task.CompletedTask;
        var question = CanWrite && _videos.Count > 0 && Blocked is null ? new PlanQuestion([.. _attached.Select(v => v.Id)], _draft, Parent?.Id) : null;
        return _plans.RequestAsync(_address.IsComparing ? [_first, _second] : [_first], question);
    }

    /// <summary>Expected values of answers that stand side by side, once each.</summary>
    private async Task CompareExpectedAsync()
    {
        foreach (var turn in _turns.Where(t => t.Columns.Count > 1))
        {
            foreach (var answer in turn.Columns.Select(c => c.Answer).Where(a => a.Measures is not null && !_expected.ContainsKey(a.Id)))
            {
                try
                {
                    if (await PlanOfAsync(turn, answer) is { } plan) _expected[answer.Id] = plan;
                }
                catch (RequestException)
                {
                    // Its model or a video is gone: the measured values stand alone.
                }
            }
        }
    }

    /// <summary>What the plan says of a question that was asked.</summary>
    private async Task<PlanView?> PlanOfAsync(ChatTurn turn, MessageView answer)
    {
        var videos = turn.Question.Media.Select(m => m.VideoId).OfType<string>().ToList();
        return answer.Settings is null ? null : await Plans.PlanAsync(_user!, answer.Settings with { Model = answer.Model }, videos, turn.Question.Text, turn.Question.ParentId, _gone.Token);
    }

    /// <summary>The same page with another message's branch.</summary>
    private string AddressOf(string messageId) => (_address with { MessageId = messageId, Time = null }).ToString();

    /// <summary>Times in a turn's answers mean the videos attached up to it: the one in the player where it is long enough.</summary>
    private TimeLinks? TimesOf(ChatTurn turn)
    {
        var until = _turns.TakeWhile(t => t != turn).Append(turn).SelectMany(t => t.Question.Media).Select(m => m.VideoId).ToHashSet();
        ChatVideo[] videos = [.. _videos.Where(v => v.Kind == VideoKind.Video && v.Duration > 0 && until.Contains(v.Id))];
        if (videos.Length == 0) return null;
        var active = ActiveVideo is { } shown && videos.Contains(shown) ? shown : videos[0];
        var address = _address with { MessageId = turn.Columns.FirstOrDefault(c => c.IsFollowed)?.Answer.Id ?? _address.MessageId };
        var key = $"{address} {active.Id} {string.Join(' ', videos.Select(v => v.Id))}";
        if (_times.TryGetValue(turn.Question.Id, out var made) && made.Key == key) return made.Links;
        var links = new TimeLinks(videos.Max(v => v.Duration), seconds =>
            (address with { VideoId = (active.Duration >= seconds ? active : videos.First(v => v.Duration >= seconds)).Id, Time = seconds, Settings = null, IsComparing = false, Attached = [] }).ToString());
        _times[turn.Question.Id] = (key, links);
        return links;
    }

    private Task<Paged<ConversationSummary>> ListConversationsAsync(string? query, int page, int size) => Conversations.ListAsync(_user!, query, page, size, _gone.Token);

    private Task<Paged<ChatVideo>> ListVideosAsync(string query, int page, int size) => _library.ListAsync(_user!, query, page, size, _gone.Token);

    private IAsyncEnumerable<AnswerUpdate> WatchAsync(string answerId, int offset, CancellationToken ct) => Conversations.WatchAsync(_user!, answerId, offset, ct);
}
