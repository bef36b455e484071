using System.CommandLine;
using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Storage;
using Studio.Data;
using Studio.Hosting;

namespace Studio.Cli;

/// <summary><c>accounts list | add | role | reset | disable | enable | delete | token</c>, on the server's own database.</summary>
internal static class AccountsCommand
{
    public static readonly string[] Samples =
    [
        "accounts add ada --role editor",
        "accounts reset ada --url https://studio.example.org",
        "accounts token ada --name nightly",
    ];

    private static readonly Argument<string> s_name = new("NAME") { Description = "What the account signs in with." };

    private static readonly Option<string> s_url = new("--url") { Description = "Address of the studio, for links.", DefaultValueFactory = _ => "http://localhost:5080" };

    public static Command Create(Terminal console)
    {
        var command = new Command("accounts", "Makes, changes and lists accounts; the server may be running.");
        command.Add(List(console));
        command.Add(Add(console));
        command.Add(Role(console));
        command.Add(Reset(console));
        command.Add(Close(console, "disable", "Closes an account: it is signed out everywhere, its tokens and links rest.", disabled: true));
        command.Add(Close(console, "enable", "Opens a closed account again.", disabled: false));
        command.Add(Delete(console));
        command.Add(Token(console));
        return command;
    }

    private static Command List(Terminal console)
    {
        var search = new Argument<string?>("PART") { Description = "Part of a name.", Arity = ArgumentArity.ZeroOrOne };
        var json = new Option<bool>("--json") { Description = "One JSON document on standard output." };
        var command = new Command("list", "Accounts by name.") { search, json };
        command.SetAction((parse, ct) => WithServicesAsync(async services =>
        {
            var accounts = new List<AccountView>(); // at most AccountService.MaxAccounts
            Paged<AccountView> page;
            for (var number = 1; (page = await services.GetRequiredService<AccountService>().ListAsync(parse.GetValue(search), number, Paging.MaxSize, ct)).Items.Count > 0; number++) accounts.AddRange(page.Items);
            if (parse.GetValue(json)) console.Output.WriteLine(AccountJson.Text(accounts));
            else foreach (var a in accounts) console.Output.WriteLine($"{a.Name,-32} {a.Role,-7} {a.Status.ToString().ToLowerInvariant(),-9} {a.LastSignInAt?.ToString("yyyy-MM-dd HH:mm") ?? "never signed in",-16} {a.DisplayName}");
            if (accounts.Count == 0) console.Say("no account" + (parse.GetValue(search) is null ? " yet" : " has that in its name"));
        }, ct));
        return command;
    }

    private static Command Add(Terminal console)
    {
        var role = new Option<string>("--role") { Description = "admin, editor or viewer.", DefaultValueFactory = _ => Roles.Viewer };
        var display = new Option<string?>("--display-name") { Description = "What others read (default: NAME)." };
        var password = new Option<bool>("--password-stdin") { Description = "Read a password from standard input instead of making a one-time link." };
        var command = new Command("add", "Makes an account and prints a one-time link with which its password is chosen.") { s_name, role, display, password, s_url };
        command.SetAction((parse, ct) => WithServicesAsync(async services =>
        {
            var secret = parse.GetValue(password) ? await console.Input.ReadLineAsync(ct) ?? "" : null;
            var made = await services.GetRequiredService<AccountService>().CreateAsync(new(parse.GetValue(s_name)!, parse.GetValue(display), parse.GetValue(role), secret), ct);
            console.Say($"made {made.Account.Name}, {made.Account.Role}");
            PrintLink(console, parse, made);
        }, ct));
        return command;
    }

    private static Command Role(Terminal console)
    {
        var role = new Argument<string>("ROLE") { Description = "admin, editor or viewer." };
        var command = new Command("role", "Changes what an account may do.") { s_name, role };
        command.SetAction((parse, ct) => WithAccountAsync(parse, async (service, account) =>
        {
            account = await service.SetRoleAsync(account.Id, parse.GetValue(role)!, ct);
            console.Say($"{account.Name} is now {account.Role}");
        }, ct));
        return command;
    }

    private static Command Reset(Terminal console)
    {
        var command = new Command("reset", "Ends an account's password and sessions and prints a one-time link for a new password.") { s_name, s_url };
        command.SetAction((parse, ct) => WithAccountAsync(parse, async (service, account) => PrintLink(console, parse, await service.ResetAsync(account.Id, ct)), ct));
        return command;
    }

    private static Command Close(Terminal console, string verb, string description, bool disabled)
    {
        var command = new Command(verb, description) { s_name };
        command.SetAction((parse, ct) => WithAccountAsync(parse, async (service, account) =>
        {
            account = await service.SetDisabledAsync(account.Id, disabled, ct);
            console.Say($"{account.Name} is {account.Status.ToString().ToLowerInvariant()}");
        }, ct));
        return command;
    }

    private static Command Delete(Terminal console)
    {
        var heir = new Option<string?>("--heir") { Description = "Account that gets its videos and conversations." };
        var things = new Option<bool>("--delete-things") { Description = "Delete its videos and conversations, too." };
        var command = new Command("delete", "Deletes an account.") { s_name, heir, things };
        command.Validators.Add(result =>
        {
            if (result.GetValue(heir) is null != result.GetValue(things)) result.AddError("say what becomes of its videos and conversations: either --heir NAME or --delete-things");
        });
        command.SetAction((parse, ct) => WithAccountAsync(parse, async (service, account) =>
        {
            var to = parse.GetValue(heir) is { } name ? await FindAsync(service, name, ct) : null;
            var owned = await service.ThingsAsync(account.Id, ct);
            await service.DeleteAsync(account.Id, to?.Id, ct);
            console.Say($"deleted {account.Name}; {owned.Videos} videos and {owned.Conversations} conversations {(to is null ? "deleted with it" : $"belong to {to.Name} now")}");
        }, ct));
        return command;
    }

    private static Command Token(Terminal console)
    {
        var name = new Option<string>("--name") { Description = "What will use it.", Required = true };
        var command = new Command("token", "Makes an API token that can do what the account can, and prints it on standard output.") { s_name, name };
        command.SetAction((parse, ct) => WithServicesAsync(async services =>
        {
            var account = await FindAsync(services.GetRequiredService<AccountService>(), parse.GetValue(s_name)!, ct);
            var made = await services.GetRequiredService<TokenService>().CreateAsync(account.Id, parse.GetValue(name), ct);
            console.Output.WriteLine(made.Secret);
            console.Say($"'{made.Token.Name}' of {account.Name}: it is shown this once");
        }, ct));
        return command;
    }

    private static void PrintLink(Terminal console, ParseResult parse, AccountWithLink made)
    {
        if (made.Link is null) return;
        console.Say($"this link works once, until {made.Account.LinkExpiresAt:yyyy-MM-dd HH:mm} UTC:");
        console.Output.WriteLine($"{parse.GetValue(s_url)!.TrimEnd('/')}/{made.Link}");
    }

    private static Task<int> WithAccountAsync(ParseResult parse, Func<AccountService, AccountView, Task> work, CancellationToken ct) => WithServicesAsync(async services =>
    {
        var service = services.GetRequiredService<AccountService>();
        await work(service, await FindAsync(service, parse.GetValue(s_name)!, ct));
    }, ct);

    private static async Task<AccountView> FindAsync(AccountService service, string name, CancellationToken ct) =>
        await service.FindAsync(name, ct) ?? throw AccountService.NotFound(name);

    private static async Task<int> WithServicesAsync(Func<IServiceProvider, Task> work, CancellationToken ct)
    {
        SqliteNative.Init();
        var options = StudioPaths.Options;
        var folders = new StudioFolders(options.DataFolder);
        folders.Create();
        await using var services = new ServiceCollection().AddLogging().AddSingleton(options).AddSingleton(folders).AddSingleton(TimeProvider.System)
            .AddDbContextFactory<StudioDb>(o => o.UseStudioSqlite(folders.Database)).AddAccountServices().BuildServiceProvider();
        await using (var db = await services.GetRequiredService<IDbContextFactory<StudioDb>>().CreateDbContextAsync(ct)) await db.Database.MigrateAsync(ct);
        await work(services);
        return ExitCodes.Ok;
    }
}
