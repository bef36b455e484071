using Microsoft.Extensions.DependencyInjection;
using Studio.Accounts;
using Studio.BrowserTests.Harness;
using Studio.Conversations;
using Studio.Hosting;
using Studio.Jobs;
using Studio.Jobs.Data;
using Studio.Jobs.Trainings;
using Studio.Library.Importing;
using Studio.Tests;
using Xunit;

namespace Studio.BrowserTests.Pages;

/// <summary>A page as it is looked at.</summary>
/// <param name="Route">Its pattern in the route table.</param>
/// <param name="Ready">There once its content is.</param>
/// <param name="State">Cookies of who looks; null for nobody in particular.</param>
/// <param name="IsInteractive">Not a plain form.</param>
/// <param name="IsOnlyLed">It has nothing of its own and leads to another page.</param>
public sealed record PageView(StudioFixture Studio, string Name, string Route, string Address, string Ready, string? State = null, bool IsInteractive = true, bool IsOnlyLed = false);

/// <summary>
/// Studios with everything that pages show: empty and full, with and without accounts. Filled through the services: that the pages
/// can do it is what the journeys test.
/// </summary>
public sealed class ManyPages : IAsyncLifetime
{
    /// <summary>One user, with videos, conversations and answers.</summary>
    public StudioFixture Alone { get; } = new();

    /// <summary>One user, nothing yet.</summary>
    public StudioFixture Empty { get; } = new();

    /// <summary>Two accounts.</summary>
    public StudioFixture Team { get; } = new() { Options = o => o with { Accounts = AccountMode.On } };

    /// <summary>Accounts, and nobody has one yet.</summary>
    public StudioFixture New { get; } = new() { Options = o => o with { Accounts = AccountMode.On } };

    public IReadOnlyList<PageView> Views { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        await Task.WhenAll(Alone.InitializeAsync().AsTask(), Empty.InitializeAsync().AsTask(), Team.InitializeAsync().AsTask(), New.InitializeAsync().AsTask());
        var alone = await FillAsync();
        var (state, join) = await SetUpAsync();
        Views =
        [
            new(Alone, "start page", "/", "/", ".chat", IsOnlyLed: true),
            .. alone,
            .. await JobsAsync(),
            .. await ResultsAsync(),
            new(Empty, "results, none", "/results", "/results", ".results-none"),
            new(Empty, "leaderboards, none", "/results/board/{*TaskName}", "/results/board", ".empty-title"),
            new(Alone, "evaluate", "/evaluate", "/evaluate?task=niah&lengths=16,32&compress=off,strong", ".evaluate-facts"),
            new(Alone, "evaluate, files", "/evaluate", "/evaluate?task=videomme&seed=1", ".evaluate [role=alert]"),
            new(Empty, "jobs, none", "/jobs", "/jobs", ".jobs-none"),
            new(Empty, "library, empty", "/library", "/library", ".empty-title"),
            new(Empty, "chat, empty library", "/chat", "/chat", ".start"),
            new(Empty, "account, one user", "/account", "/account", ".account"),
            new(Empty, "accounts, one user", "/accounts", "/accounts", ".empty-title"),
            new(New, "set-up", "/setup", "/setup", "form", IsInteractive: false),
            new(Team, "sign-in", "/sign-in", "/sign-in", "form", IsInteractive: false),
            new(Team, "join", "/join/{Secret}", join, "form", IsInteractive: false),
            new(Team, "account", "/account", "/account", ".account", state),
            new(Team, "accounts", "/accounts", "/accounts", ".accounts-table", state),
            new(Team, "password", "/account/password", "/account/password", "form", state, IsInteractive: false),
            new(Team, "sign-out", "/sign-out", "/sign-out", "form", state, IsInteractive: false),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var studio in new[] { Alone, Empty, Team, New }) await studio.DisposeAsync();
    }

    private async Task<PageView[]> FillAsync()
    {
        var samples = await Alone.Services.GetRequiredService<VideoImporter>().AddSamplesAsync(Seed.Me);
        var sample = samples.Single(s => s.Video.Name == "shapes").Video;
        var video = "/library/" + sample.Id;
        AnswerSettings[] sideBySide = [new() { Frames = 8, MaxNewTokens = 12 }, new() { Frames = 4, MaxNewTokens = 12 }];
        var conversations = Alone.Services.GetRequiredService<ConversationService>();
        var asked = await conversations.AskAsync(Seed.Me, null, null, "What changes?", [sample.Id], sideBySide, AnswerLifetime.Kept);
        foreach (var id in asked.AnswerIds)
        {
            await Wait.UntilAsync(async () => !(await conversations.GetMessageAsync(Seed.Me, id)).IsUnderWay, "the answers have ended");
        }

        var conversation = "/chat/" + asked.ConversationId;
        var answer = asked.AnswerIds[0];
        var shares = Alone.Services.GetRequiredService<ShareService>();
        var shared = await shares.CreateAsync(Seed.Me, Data.ShareTarget.Conversation, asked.ConversationId);
        return
        [
            new(Alone, "library", "/library", "/library", ".video-card img"),
            new(Alone, "library, nothing found", "/library", "/library?q=nothing-has-this-name", ".empty-title"),
            new(Alone, "video", "/library/{Id}", video, ".video-strip"),
            new(Alone, "chat, new", "/chat", "/chat", ".start-videos"),
            new(Alone, "chat", "/chat/{ConversationId}", conversation, ".compare"),
            new(Alone, "chat, unknown", "/chat/{ConversationId}", "/chat/" + new string('0', 32), ".empty-title"),
            new(Alone, "inspect", "/inspect/{AnswerId}", $"/inspect/{answer}", "[data-ribbon][data-ready=true]"),
            new(Alone, "models", "/models", "/models", ".models-card"),
            new(Alone, "system", "/system", "/system", ".system .table"),
            new(Alone, "API", "/api", "/api", "h1", IsInteractive: false),
            new(Alone, "shared", "/s/{Secret}", "/" + shared.Path.TrimStart('/'), ".shared-turn", IsInteractive: false),
            new(Alone, "shared, revoked", "/s/{Secret}", "/s/nothing", "h1", IsInteractive: false),
            new(Alone, "not found", "/not-found", "/not-found", ".empty-title"),
            new(Alone, "status", "/status/{Code:int}", "/status/500", ".empty-title", IsInteractive: false),
        ];
    }

    /// <summary>A cancelled training with the curves of two stages.</summary>
    private async Task<PageView[]> JobsAsync()
    {
        Seed.AddTraining(Alone, "seen");
        var jobs = Alone.Services.GetRequiredService<JobService>();
        await Seed.RecipeAsync(Alone, "seen", steps: 100_000);
        var job = await jobs.StartAsync(Seed.Me, TrainingKind.KindName, TrainingKind.Ask(new("seen")));
        await Wait.UntilAsync(async () => (await jobs.GetAsync(Seed.Me, job.Id)).Attempts > 0, "the training's turn comes");
        _ = await jobs.CancelAsync(Seed.Me, job.Id);
        await Wait.UntilAsync(async () => (await jobs.GetAsync(Seed.Me, job.Id)).State == JobState.Cancelled, "the training is cancelled");
        Seed.AddTraining(Alone, "seen"); // whatever the short run made of it
        return
        [
            new(Alone, "jobs", "/jobs", "/jobs", ".job"),
            new(Alone, "jobs, nothing matches", "/jobs", "/jobs?show=queued", ".jobs-none"),
            new(Alone, "job", "/jobs/{Id}", "/jobs/" + job.Id, ".training-curves"),
            new(Alone, "job, unknown", "/jobs/{Id}", "/jobs/nothing", ".empty-title"),
            new(Alone, "training", "/trainings/{Name}", "/trainings/seen", ".training-curves .plot .main-svg"),
            new(Alone, "training, unknown", "/trainings/{Name}", "/trainings/nothing", ".empty-title"),
        ];
    }

    /// <summary>A sweep of three settings over a drawn needle test, with a blind run, an imported one and one that stopped.</summary>
    private async Task<PageView[]> ResultsAsync()
    {
        var seed = new EvalSeed(Alone.Services);
        var off = await seed.AddAsync(1, "off", i => i % 4 != 3, sweep: "sweep1", kept: 400, milliseconds: 900);
        var half = await seed.AddAsync(2, "uniform:1:0.5", i => i % 3 != 2, sweep: "sweep1", kept: 200, milliseconds: 600, fails: true);
        _ = await seed.AddAsync(3, "uniform:1:0.2", i => i % 2 == 0, sweep: "sweep1", kept: 80, milliseconds: 500);
        _ = await seed.AddAsync(4, "", i => i % 4 == 0, variant: Benchmarks.Records.EvalVariant.Blind);
        _ = await seed.AddAsync(5, "", _ => true, source: "lmms-eval");
        var stopped = await seed.AddAsync(6, "off", _ => true, finished: false, sweep: "sweep1");
        var shares = Alone.Services.GetRequiredService<ShareService>();
        var run = await shares.CreateAsync(Seed.Me, Data.ShareTarget.Run, half);
        var board = await shares.CreateAsync(Seed.Me, Data.ShareTarget.Board, EvalSeed.Request.Task);
        return
        [
            new(Alone, "results", "/results", "/results", ".results-table"),
            new(Alone, "results, nothing matches", "/results", "/results?q=nothing-has-these-words", ".results-none"),
            new(Alone, "run", "/results/{RunId}", $"/results/{half}", "[data-map=survival]"),
            new(Alone, "run, stopped", "/results/{RunId}", $"/results/{stopped}", ".run-page .progress"),
            new(Alone, "run, unknown", "/results/{RunId}", "/results/nothing", ".empty-title"),
            new(Alone, "sample", "/results/{RunId}/{Ordinal:int}", $"/results/{half}/2", ".clip-video"),
            new(Alone, "sample, unknown", "/results/{RunId}/{Ordinal:int}", $"/results/{half}/999", ".empty-title"),
            new(Alone, "sweep", "/results/sweep/{SweepId}", "/results/sweep/sweep1", ".plot .main-svg"),
            new(Alone, "sweep, unknown", "/results/sweep/{SweepId}", "/results/sweep/nothing", ".empty-title"),
            new(Alone, "comparison", "/results/compare", $"/results/compare?a={off}&b={half}&flip=2", ".flip-open .clip-video"),
            new(Alone, "comparison, nothing chosen", "/results/compare", "/results/compare", ".empty-title"),
            new(Alone, "leaderboard", "/results/board/{*TaskName}", "/results/board/niah", ".board-table"),
            new(Alone, "leaderboards", "/results/board/{*TaskName}", "/results/board", ".board-list"),
            new(Alone, "shared run", "/s/{Secret}", "/" + run.Path, "[data-map=survival]", IsInteractive: false),
            new(Alone, "shared leaderboard", "/s/{Secret}", "/" + board.Path, ".board-table", IsInteractive: false),
        ];
    }

    private async Task<(string State, string Join)> SetUpAsync()
    {
        var accounts = Team.Services.GetRequiredService<AccountService>();
        _ = await accounts.CreateFirstAsync(await Team.Services.GetRequiredService<SetupCode>().IssueAsync(), new("ada", Password: People.Password));
        _ = await accounts.CreateAsync(new("eva", Role: Roles.Editor, Password: People.Password));
        var invited = await accounts.CreateAsync(new("vic", Role: Roles.Viewer));
        await using var ada = await StudioPage.OpenAsync(Team);
        await ada.SignInAsync("ada");
        return (await ada.Context.StorageStateAsync(), "/" + invited.Link);
    }
}
