using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Studio.Accounts;
using Studio.Api;
using Studio.Components;
using Studio.Data;
using Studio.Hosting;

namespace Studio.Pages.Account;

/// <summary>One's own account: name, password, tokens, share links.</summary>
public sealed partial class MyAccount(AccountService accounts, TokenService tokens, ShareService shares, StudioOptions options, Toasts toasts, NavigationManager navigation)
{
    private const int LinksOnAPage = 20;

    private static readonly Dictionary<string, string> s_roles = new(StringComparer.Ordinal)
    {
        [Roles.Admin] = "manages accounts, models and settings, and sees everything",
        [Roles.Editor] = "uploads videos and asks questions",
        [Roles.Viewer] = "reads what the team shares",
    };

    private readonly CancellationTokenSource _gone = new();
    private CurrentUser? _user;
    private AccountView? _account;
    private string _displayName = "";
    private string _tokenName = "";
    private string? _problem;
    private NewToken? _made;
    private IReadOnlyList<TokenView>? _tokens;
    private Paged<ShareView>? _links;
    private ConfirmDialog? _confirm;
    private (string Title, string Text) _question = ("", "");

    [CascadingParameter] private Task<AuthenticationState> Authentication { get; set; } = null!;

    [SupplyParameterFromQuery(Name = "links")] private int? LinksPage { get; set; }

    [SupplyParameterFromQuery(Name = "changed")] private string? Changed { get; set; }

    private StudioOptions Options => options;

    private NavigationManager Navigation => navigation;

    /// <summary>Not disposed itself: what still runs asks it for its token.</summary>
    public void Dispose() => _gone.Cancel();

    protected override async Task OnParametersSetAsync()
    {
        var user = CurrentUser.From((await Authentication).User);
        if (!options.SingleUser && _account is null)
        {
            _account = await accounts.FindAsync(user.Id, _gone.Token);
            _displayName = _account?.DisplayName ?? "";
            _tokens = await tokens.ListAsync(user.Id, _gone.Token);
        }

        _links = await shares.ListOwnAsync(user, Math.Max(1, LinksPage ?? 1), LinksOnAPage, _gone.Token);
        _user = user;
    }

    private static string Address(ShareView link) => link.Target switch
    {
        ShareTarget.Conversation => $"chat/{link.TargetId}",
        ShareTarget.Video => $"library/{link.TargetId}",
        ShareTarget.Run => $"results/{link.TargetId}",
        _ => $"results/board/{link.TargetId}",
    };

    private async Task RenameAsync()
    {
        try
        {
            _account = await accounts.SetDisplayNameAsync(_user!.Id, _displayName, _gone.Token);
            _displayName = _account.DisplayName;
            toasts.Info("The name is saved.");
        }
        catch (RequestException e)
        {
            toasts.Error(e.Message);
        }
    }

    private async Task CreateTokenAsync()
    {
        (_problem, _made) = (null, null);
        try
        {
            _made = await tokens.CreateAsync(_user!.Id, _tokenName, _gone.Token);
            _tokenName = "";
            _tokens = await tokens.ListAsync(_user.Id, _gone.Token);
        }
        catch (RequestException e)
        {
            _problem = e.Message;
        }
    }

    private async Task RevokeTokenAsync(TokenView token)
    {
        _question = ($"Revoke the token “{token.Name}”?", "Programs that use it are refused from now on.");
        if (!await _confirm!.AskAsync()) return;
        await TryAsync(() => tokens.RevokeAsync(_user!.Id, token.Id, _gone.Token));
        _tokens = await tokens.ListAsync(_user!.Id, _gone.Token);
        if (_made?.Token.Id == token.Id) _made = null;
    }

    private async Task RevokeLinkAsync(ShareView link)
    {
        _question = ($"Revoke the link to “{link.Title}”?", "Whoever has it can no longer open it. The other links stay.");
        if (!await _confirm!.AskAsync()) return;
        await TryAsync(() => shares.RevokeAsync(_user!, link.Id, _gone.Token));
        _links = await shares.ListOwnAsync(_user!, _links!.Page, LinksOnAPage, _gone.Token);
    }

    private async Task TryAsync(Func<Task> change)
    {
        try
        {
            await change();
        }
        catch (RequestException e)
        {
            toasts.Error(e.Message); // somebody else was first, on another page
        }
    }
}
