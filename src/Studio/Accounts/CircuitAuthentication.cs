using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;

namespace Studio.Accounts;

/// <summary>
/// Who sits at an open page. Its connection can last for days, so the account is looked at again and again, and at once when
/// it is changed through this process: a closed account loses its open pages, a changed role changes them.
/// </summary>
internal sealed class CircuitAuthentication : RevalidatingServerAuthenticationStateProvider
{
    private readonly AccountStates _states;

    public CircuitAuthentication(ILoggerFactory loggers, AccountStates states)
        : base(loggers)
    {
        _states = states;
        _states.Changed += Changed;
    }

    protected override TimeSpan RevalidationInterval => TimeSpan.FromSeconds(15);

    /// <summary>Looks at the account now.</summary>
    internal async Task RevalidateAsync(string id)
    {
        var state = await GetAuthenticationStateAsync();
        if (state.User.FindFirstValue(ClaimTypes.NameIdentifier) != id) return;
        if (!await ValidateAuthenticationStateAsync(state, CancellationToken.None)) SetAuthenticationState(Task.FromResult(new AuthenticationState(new(new ClaimsIdentity()))));
    }

    protected override async Task<bool> ValidateAuthenticationStateAsync(AuthenticationState authenticationState, CancellationToken cancellationToken)
    {
        var user = authenticationState.User;
        if (user.Identity?.AuthenticationType is not Sessions.SchemeName) return true; // the single user
        var state = user.FindFirstValue(ClaimTypes.NameIdentifier) is { } id ? await _states.GetAsync(id, cancellationToken) : null;
        if (state is null || !state.Continues(user)) return false;
        if (!state.Agrees(user)) SetAuthenticationState(Task.FromResult(new AuthenticationState(state.Principal(Sessions.SchemeName))));
        return true;
    }

    protected override void Dispose(bool disposing)
    {
        _states.Changed -= Changed;
        base.Dispose(disposing);
    }

    /// <summary>Off the thread that made the change. Should looking fail, the next regular look finds it.</summary>
    private void Changed(string id) => _ = Task.Run(() => RevalidateAsync(id));
}
