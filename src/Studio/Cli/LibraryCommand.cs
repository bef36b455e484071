using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Storage;
using Studio.Data;
using Studio.Hosting;
using Studio.Library;
using Studio.Library.Importing;
using Studio.Library.Thumbnails;

namespace Studio.Cli;

/// <summary>The library as a command uses it: the same services, database and folders as the server's.</summary>
/// <param name="user">Who asks.</param>
/// <param name="ownerId">Whose videos new ones become; null where accounts exist and none was named.</param>
internal sealed class LibrarySession(IServiceProvider services, CurrentUser user, string? ownerId)
{
    public CurrentUser User => user;

    /// <summary>Who gets what is added.</summary>
    /// <exception cref="RequestException">There are accounts, and none was named.</exception>
    public CurrentUser Owner => ownerId is null
        ? throw RequestException.Invalid("this studio has accounts: say whose library it is with --account NAME")
        : user with { Id = ownerId };

    public VideoLibrary Library { get; } = services.GetRequiredService<VideoLibrary>();

    public VideoImporter Importer { get; } = services.GetRequiredService<VideoImporter>();

    public ThumbnailMaker Pictures { get; } = services.GetRequiredService<ThumbnailMaker>();

    /// <summary>A video by its identifier or its name.</summary>
    /// <exception cref="RequestException">There is none, or several have the name.</exception>
    public async Task<VideoView> FindAsync(string text, CancellationToken ct)
    {
        if (Ids.IsValid(text)) return await Library.GetAsync(user, text, ct);
        var found = (await Library.ListAsync(user, new(text), 1, Paging.MaxSize, ct)).Items.Where(v => v.Name == text).ToList();
        return found.Count switch
        {
            0 => throw RequestException.NotFound("video", text),
            1 => found[0],
            _ => throw RequestException.Conflict($"{found.Count} videos are named '{text}': use an identifier ({string.Join(", ", found.Select(v => v.Id))})"),
        };
    }

    public async Task<IReadOnlyList<string>> IdsAsync(IReadOnlyList<string> texts, CancellationToken ct)
    {
        var ids = new List<string>(texts.Count);
        foreach (var text in texts) ids.Add((await FindAsync(text, ct)).Id);
        return ids;
    }
}

internal static class LibraryCommand
{
    /// <param name="account">Name of the account that asks; null is an administrator, as whoever can start this command is.</param>
    public static async Task<int> RunAsync(string? account, Func<LibrarySession, Task> work, CancellationToken ct)
    {
        SqliteNative.Init();
        var options = StudioSettings.Read(StudioPaths.Options, Environment.GetEnvironmentVariable, new Dictionary<string, IReadOnlyList<string>>());
        var folders = new StudioFolders(options.DataFolder);
        folders.Create();
        await using var services = new ServiceCollection().AddLogging().AddSingleton(options).AddSingleton(folders).AddSingleton(TimeProvider.System)
            .AddDbContextFactory<StudioDb>(o => o.UseStudioSqlite(folders.Database)).AddLibraryCore(options).BuildServiceProvider();
        LibrarySession session;
        await using (var db = await services.GetRequiredService<IDbContextFactory<StudioDb>>().CreateDbContextAsync(ct))
        {
            await db.Database.MigrateAsync(ct);
            session = await SignInAsync(services, db, account, ct);
        }

        await work(session);
        return ExitCodes.Ok;
    }

    private static async Task<LibrarySession> SignInAsync(IServiceProvider services, StudioDb db, string? account, CancellationToken ct)
    {
        var user = await UserAsync(db, account, ct);
        var owner = account is not null || !await db.Users.AnyAsync(ct) ? user.Id : null;
        return new(services, user, owner);
    }

    /// <summary>Who a command acts for.</summary>
    /// <param name="account">Name of an account; null is an administrator, as whoever can start a command here is.</param>
    /// <exception cref="RequestException">There is no such account.</exception>
    internal static async Task<CurrentUser> UserAsync(IDbContextFactory<StudioDb> databases, string? account, CancellationToken ct)
    {
        await using var db = await databases.CreateDbContextAsync(ct);
        return await UserAsync(db, account, ct);
    }

    private static async Task<CurrentUser> UserAsync(StudioDb db, string? account, CancellationToken ct)
    {
        if (account is null) return new(SingleUserHandler.UserId, "You", Roles.Admin);
        var name = account.Trim().ToUpperInvariant();
        var user = await db.Users.AsNoTracking().SingleOrDefaultAsync(u => u.NormalizedUserName == name, ct) ?? throw RequestException.NotFound("account", account);
        return new(user.Id, user.DisplayName, user.Role);
    }
}
