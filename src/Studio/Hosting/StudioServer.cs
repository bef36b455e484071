using Microsoft.AspNetCore.Hosting.StaticWebAssets;
using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Storage;
using Studio.Boards;
using Studio.Conversations;
using Studio.Data;
using Studio.Evaluations;
using Studio.Inspect;
using Studio.Jobs;
using Studio.Library;
using Studio.Observability;
using Studio.OpenAi;
using Studio.Security;

namespace Studio.Hosting;

/// <summary>Puts the server together: services, pages, API.</summary>
public static class StudioServer
{
    /// <summary>A server ready to start; its database is created or brought up to date.</summary>
    /// <param name="configure">For tests: replaces services after the studio's own are registered.</param>
    /// <exception cref="ArgumentException">A setting cannot be used.</exception>
    public static async Task<WebApplication> BuildAsync(StudioOptions options, TimeProvider time, Action<IServiceCollection>? configure = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var folders = new StudioFolders(options.DataFolder);
        folders.Create();
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(StudioServer).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
            EnvironmentName = Environments.Production,
        });
        // Without publishing, scripts and styles lie in the source folders; this finds them there.
        StaticWebAssetsLoader.UseStaticWebAssets(builder.Environment, builder.Configuration);
        _ = builder.WebHost.UseKestrelCore().UseUrls(Url(options));
        _ = builder.Services.AddRoutingCore();
        AddServices(builder.Services, options, folders, time);
        configure?.Invoke(builder.Services);
        var app = builder.Build();
        try
        {
            await MigrateAsync(app.Services, ct).ConfigureAwait(false);
            await JobsSetup.MigrateAsync(app.Services, ct).ConfigureAwait(false);
            ResultsSetup.Open(app.Services);
            Map(app, options);
            return app;
        }
        catch
        {
            await app.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static void AddServices(IServiceCollection services, StudioOptions options, StudioFolders folders, TimeProvider time)
    {
        _ = services.AddSingleton(options).AddSingleton(folders).AddSingleton(time);
        _ = services.AddDbContextFactory<StudioDb>(o => o.UseStudioSqlite(folders.Database));
        _ = services.AddObservability(options, folders).AddAccounts(options, folders).AddSecurity(options);
        _ = services.AddLibrary(options);
        _ = services.AddApi().AddConversations().AddOpenAi().MeasureAnswers();
        _ = services.AddInspect();
        _ = services.AddResults(folders).AddJobs(folders).AddEvaluations(folders).AddBoards();
        _ = services.AddHttpContextAccessor();
        _ = services.AddScoped<Components.Toasts>();
        _ = services.AddRazorComponents().AddInteractiveServerComponents()
            // The longest question, each character as long as text can become on the wire.
            .AddHubOptions(o => o.MaximumReceiveMessageSize = 8 * Conversations.ConversationService.MaxQuestionLength);
    }

    private static void Map(WebApplication app, StudioOptions options)
    {
        _ = app.UseRequestLog().UseSecurity(options);
        _ = app.MapStaticAssets().AllowAnonymous();
        app.MapLibrary();
        app.MapInspect();
        _ = app.MapJobs();
        _ = app.MapResultsApi();
        _ = app.MapApi().MapConversations().MapOpenAi();
        _ = app.MapEvaluations().MapAccounts().MapObservability();
        // Framing is forbidden for every response in SecurityHeaders, which includes the sockets' pages.
        _ = app.MapRazorComponents<Pages.App>().AddInteractiveServerRenderMode(o => o.ContentSecurityFrameAncestorsPolicy = null);
    }

    private static async Task MigrateAsync(IServiceProvider services, CancellationToken ct)
    {
        var db = await services.GetRequiredService<IDbContextFactory<StudioDb>>().CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false)) await db.Database.MigrateAsync(ct).ConfigureAwait(false);
    }

    private static string Url(StudioOptions options) =>
        $"http://{(options.Host.Contains(':', StringComparison.Ordinal) ? $"[{options.Host}]" : options.Host)}:{options.Port}";
}
