using System.CommandLine;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Storage;
using Studio.Conversations;
using Studio.Data;
using Studio.Engine.Chat.Planning;
using Studio.Hosting;

namespace Studio.Cli;

/// <summary><c>conversations list | show | rename | visibility | delete | share | shares | revoke</c>, on the server's own database.</summary>
internal static class ConversationsCommand
{
    public static readonly string[] Samples =
    [
        "conversations list goal --account ada",
        "conversations show 01a1fdc2ebca76a196630b6d12d6be84",
        "conversations share 01a1fdc2ebca76a196630b6d12d6be84 --url https://studio.example.org/",
    ];

    private static readonly Argument<string> s_conversation = new("CONVERSATION") { Description = "Its identifier, or its title where only one has it." };

    private static readonly Option<string?> s_account = new("--account") { Description = "Whose conversations; without it an administrator's view of all." };

    private static readonly Option<bool> s_json = new("--json") { Description = "JSON on standard output, in the API's form." };

    private static readonly Option<int> s_page = new("--page") { DefaultValueFactory = _ => 1, Description = "From 1." };

    private static readonly Option<int> s_size = new("--size") { DefaultValueFactory = _ => Paging.DefaultSize, Description = $"Lines on a page, up to {Paging.MaxSize}." };

    public static Command Create(Terminal console)
    {
        var command = new Command("conversations", "Finds, reads, changes, shares and deletes conversations; the server may be running.");
        foreach (var part in new[] { List(console), Show(console), Rename(console), Visible(console), Delete(console), Share(console), Shares(console), Revoke(console) })
        {
            part.Add(s_account);
            command.Add(part);
        }

        return command;
    }

    private static Command List(Terminal console)
    {
        var words = new Argument<string[]>("WORD") { Description = "Words that the title or a message must contain.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("list", "Conversations, latest first.") { words, s_page, s_size, s_json };
        command.SetAction((parse, ct) => RunAsync(parse, async session =>
        {
            var everybodys = parse.GetValue(s_account) is null;
            var found = await session.Conversations.ListAsync(session.User, everybodys, string.Join(' ', parse.GetValue(words) ?? []), parse.GetValue(s_page), parse.GetValue(s_size), ct);
            if (parse.GetValue(s_json)) console.Output.WriteLine(VideoText.Json(found));
            else foreach (var one in found.Items) console.Output.WriteLine(Line(one));
            if (found.Total == 0) console.Say("no conversation matches");
            else if (found.Pages > 1) console.Say($"page {found.Page} of {found.Pages}, {found.Total} conversations in all");
        }, ct));
        return command;
    }

    private static Command Show(Terminal console)
    {
        var command = new Command("show", "A conversation with all its branches, as Markdown.") { s_conversation, s_json };
        command.SetAction((parse, ct) => RunAsync(parse, async session =>
        {
            var conversation = await session.Conversations.GetAsync(session.User, await session.FindAsync(parse.GetValue(s_conversation)!, ct), ct);
            if (parse.GetValue(s_json)) console.Output.WriteLine(VideoText.Json(conversation));
            else console.Output.Write(ConversationText.Markdown(conversation));
        }, ct));
        return command;
    }

    private static Command Rename(Terminal console)
    {
        var title = new Argument<string>("TITLE") { Description = $"At most {ConversationService.MaxTitleLength} characters." };
        var command = new Command("rename", "Gives a conversation another title.") { s_conversation, title };
        command.SetAction((parse, ct) => RunAsync(parse, async session =>
        {
            await session.Conversations.RenameAsync(session.User, await session.FindAsync(parse.GetValue(s_conversation)!, ct), parse.GetValue(title)!, ct);
            console.Say("renamed");
        }, ct));
        return command;
    }

    private static Command Visible(Terminal console)
    {
        var to = new Argument<Visibility>("WHOM") { Description = "private or team." };
        var command = new Command("visibility", "Shares a conversation with everybody who has an account, or ends that.") { s_conversation, to };
        command.SetAction((parse, ct) => RunAsync(parse, async session =>
        {
            await session.Conversations.SetVisibilityAsync(session.User, await session.FindAsync(parse.GetValue(s_conversation)!, ct), parse.GetValue(to), ct);
            console.Say(parse.GetValue(to) == Visibility.Team ? "everybody with an account can read it" : "only its owner and administrators can read it");
        }, ct));
        return command;
    }

    private static Command Delete(Terminal console)
    {
        var command = new Command("delete", "Deletes a conversation with its answers and traces; its videos stay.") { s_conversation };
        command.SetAction((parse, ct) => RunAsync(parse, async session =>
        {
            await session.Conversations.DeleteAsync(session.User, await session.FindAsync(parse.GetValue(s_conversation)!, ct), ct);
            console.Say("1 conversation deleted");
        }, ct));
        return command;
    }

    private static Command Share(Terminal console)
    {
        var url = new Option<string>("--url") { Description = "The studio's address as others reach it.", DefaultValueFactory = _ => "" };
        var command = new Command("share", "Makes a link that anyone may read, until it is revoked.") { s_conversation, url };
        command.SetAction((parse, ct) => RunAsync(parse, async session =>
        {
            var share = await session.Shares.CreateAsync(session.User, ShareTarget.Conversation, await session.FindAsync(parse.GetValue(s_conversation)!, ct), ct);
            var address = parse.GetValue(url)!;
            console.Output.WriteLine((address.Length > 0 ? address.TrimEnd('/') + "/" : "") + share.Path);
            console.Say($"shown this once; `conversations revoke {share.Share.Id}` ends it");
        }, ct));
        return command;
    }

    private static Command Shares(Terminal console)
    {
        var command = new Command("shares", "Share links of conversations and videos, newest first.") { s_page, s_size, s_json };
        command.SetAction((parse, ct) => RunAsync(parse, async session =>
        {
            var found = await session.Shares.ListOwnAsync(session.User, parse.GetValue(s_page), parse.GetValue(s_size), ct);
            if (parse.GetValue(s_json)) console.Output.WriteLine(VideoText.Json(found));
            else foreach (var s in found.Items) console.Output.WriteLine($"{s.Id}  {Day(s.CreatedAt)}  {ShareService.What(s.Target),-12}  {s.Title}");
            if (found.Total == 0) console.Say("no share link is open");
            else if (found.Pages > 1) console.Say($"page {found.Page} of {found.Pages}, {found.Total} links in all");
        }, ct));
        return command;
    }

    private static Command Revoke(Terminal console)
    {
        var link = new Argument<string>("LINK") { Description = "Identifier of a share link, as `shares` lists it." };
        var command = new Command("revoke", "Ends a share link at once.") { link };
        command.SetAction((parse, ct) => RunAsync(parse, async session =>
        {
            await session.Shares.RevokeAsync(session.User, parse.GetValue(link)!, ct);
            console.Say("the link opens nothing more");
        }, ct));
        return command;
    }

    private static string Line(ConversationSummary c) => string.Create(
        CultureInfo.InvariantCulture,
        $"{c.Id}  {Day(c.UpdatedAt)}  {(c.Questions == 1 ? "1 question" : $"{Units.Count(c.Questions)} questions"),13}  {(c.Title.Length > 0 ? c.Title : "(no title)")}{(c.Visibility == Visibility.Team ? "  [team]" : "")}");

    private static string Day(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    /// <summary>The services of a server that is built and not started: it answers nobody and takes nothing up.</summary>
    private static async Task<int> RunAsync(ParseResult parse, Func<Session, Task> work, CancellationToken ct)
    {
        SqliteNative.Init();
        var options = StudioSettings.Read(StudioPaths.Options, Environment.GetEnvironmentVariable, new Dictionary<string, IReadOnlyList<string>>());
        await using var app = await StudioServer.BuildAsync(options, TimeProvider.System, services => services.AddLogging(l => l.ClearProviders()), ct);
        var contexts = app.Services.GetRequiredService<IDbContextFactory<StudioDb>>();
        await work(new(app.Services, await LibraryCommand.UserAsync(contexts, parse.GetValue(s_account), ct)));
        return ExitCodes.Ok;
    }

    private sealed class Session(IServiceProvider services, CurrentUser user)
    {
        public CurrentUser User => user;

        public ConversationService Conversations { get; } = services.GetRequiredService<ConversationService>();

        public ShareService Shares { get; } = services.GetRequiredService<ShareService>();

        /// <summary>The identifier of a conversation that is named by it or by its title.</summary>
        /// <exception cref="RequestException">There is none, or several have the title.</exception>
        public async Task<string> FindAsync(string text, CancellationToken ct)
        {
            if (Ids.IsValid(text)) return text;
            var found = (await Conversations.ListAsync(user, everybodys: true, text, 1, Paging.MaxSize, ct)).Items.Where(c => c.Title == text).ToList();
            return found.Count switch
            {
                0 => throw RequestException.NotFound("conversation", text),
                1 => found[0].Id,
                _ => throw RequestException.Conflict($"{found.Count} conversations are titled '{text}': use an identifier ({string.Join(", ", found.Select(c => c.Id))})"),
            };
        }
    }
}
