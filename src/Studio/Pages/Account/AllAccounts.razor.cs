using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Studio.Accounts;
using Studio.Api;
using Studio.Components;
using Studio.Hosting;

namespace Studio.Pages.Account;

/// <summary>Everybody's accounts, for administrators.</summary>
public sealed partial class AllAccounts(AccountService accounts, StudioOptions options, Toasts toasts, NavigationManager navigation, TimeProvider time)
{
    private const int OnAPage = 25;

    private readonly CancellationTokenSource _gone = new();
    private CurrentUser? _user;
    private Paged<AccountView>? _list;
    private string _search = "";
    private Dialog? _invitation;
    private Dialog? _deletion;
    private ConfirmDialog? _confirm;
    private string? _problem;
    private AccountWithLink? _link;
    private string _newName = "";
    private string _newDisplayName = "";
    private string _newRole = Roles.Viewer;
    private AccountView? _doomed;
    private AccountThings? _things;
    private IReadOnlyList<AccountView> _heirs = [];
    private string _heir = "";
    private bool _deleteThings;
    private (string Title, string Text, string Action) _question = ("", "", "");

    [CascadingParameter] private Task<AuthenticationState> Authentication { get; set; } = null!;

    [SupplyParameterFromQuery(Name = "q")] private string? Query { get; set; }

    [SupplyParameterFromQuery(Name = "page")] private int? PageNumber { get; set; }

    private StudioOptions Options => options;

    private NavigationManager Navigation => navigation;

    private TimeProvider Time => time;

    /// <summary>Not disposed itself: what still runs asks it for its token.</summary>
    public void Dispose() => _gone.Cancel();

    protected override async Task OnParametersSetAsync()
    {
        _user = CurrentUser.From((await Authentication).User);
        _search = Query ?? "";
        if (!options.SingleUser) await LoadAsync();
    }

    private static string Count(int n, string what) => $"{n} {what}{(n == 1 ? "" : "s")}";

    private async Task LoadAsync() => _list = await accounts.ListAsync(Query, Math.Max(1, PageNumber ?? 1), OnAPage, _gone.Token);

    private string Address(int page) => navigation.GetUriWithQueryParameters("accounts", new Dictionary<string, object?> { ["q"] = Query is { Length: > 0 } ? Query : null, ["page"] = page });

    private void Search() => navigation.NavigateTo(navigation.GetUriWithQueryParameters("accounts", new Dictionary<string, object?> { ["q"] = _search.Trim() is { Length: > 0 } q ? q : null }));

    private void OpenInvitation()
    {
        (_problem, _link, _newName, _newDisplayName, _newRole) = (null, null, "", "", Roles.Viewer);
        _invitation!.Open();
    }

    private async Task InviteAsync()
    {
        _problem = null;
        try
        {
            _link = await accounts.CreateAsync(new(_newName, _newDisplayName, _newRole), _gone.Token);
            await LoadAsync();
        }
        catch (RequestException e)
        {
            _problem = e.Message;
        }
    }

    private async Task SetRoleAsync(AccountView account, string? role)
    {
        if (account.Id == _user!.Id && role != Roles.Admin)
        {
            _question = ("Give up being an administrator?", "You will no longer see this page. Another administrator can make you one again.", "Give it up");
            if (!await _confirm!.AskAsync())
            {
                await LoadAsync();
                return;
            }
        }

        await ChangeAsync(async () =>
        {
            var changed = await accounts.SetRoleAsync(account.Id, role ?? "", _gone.Token);
            toasts.Info($"{changed.Name} is {changed.Role} now.");
        });
    }

    private async Task SetDisabledAsync(AccountView account, bool disabled)
    {
        if (disabled)
        {
            _question = ($"Close {account.Name}?", "It is signed out everywhere; its tokens and share links rest until it is opened again. Nothing is deleted.", "Close it");
            if (!await _confirm!.AskAsync()) return;
        }

        await ChangeAsync(async () => await accounts.SetDisabledAsync(account.Id, disabled, _gone.Token));
    }

    private async Task ResetAsync(AccountView account)
    {
        if (account.Status == AccountStatus.Active)
        {
            _question = ($"New password for {account.Name}?", "The present password ends now, and so do its sessions. You get a link with which the person chooses a new one. API tokens go on working.", "Make the link");
            if (!await _confirm!.AskAsync()) return;
        }

        await ChangeAsync(async () =>
        {
            _link = await accounts.ResetAsync(account.Id, _gone.Token);
            _invitation!.Open();
        });
    }

    private async Task OpenDeletionAsync(AccountView account)
    {
        await ChangeAsync(async () =>
        {
            (_doomed, _things, _problem, _deleteThings) = (account, await accounts.ThingsAsync(account.Id, _gone.Token), null, false);
            // A list to choose from; on a studio with more accounts the command line names any.
            _heirs = [.. (await accounts.ListAsync(null, 1, Paging.MaxSize, _gone.Token)).Items.Where(a => a.Id != account.Id)];
            _heir = _heirs.Any(h => h.Id == _user!.Id) ? _user!.Id : (_heirs.Count > 0 ? _heirs[0].Id : "");
            _deletion!.Open();
        });
    }

    private async Task DeleteAsync()
    {
        _problem = null;
        try
        {
            await accounts.DeleteAsync(_doomed!.Id, _deleteThings || !_things!.Any ? null : _heir, _gone.Token);
            await _deletion!.CloseAsync();
            toasts.Info($"{_doomed.Name} is deleted.");
        }
        catch (RequestException e)
        {
            _problem = e.Message;
        }

        await LoadAsync();
    }

    /// <summary>Changes something and shows the list as it then is, whether it worked or not.</summary>
    private async Task ChangeAsync(Func<Task> change)
    {
        try
        {
            await change();
        }
        catch (RequestException e)
        {
            toasts.Error(e.Message);
        }

        await LoadAsync();
    }
}
