using System.CommandLine;
using Studio.Accounts;
using Studio.Benchmarks.Storage;
using Studio.Hosting;

namespace Studio.Cli;

/// <summary><c>studio serve</c>, and what <c>studio</c> does by itself: the pages and the API.</summary>
internal static class ServeCommand
{
    public static readonly string[] Samples =
    [
        "serve",
        "serve --host 0.0.0.0 --port 8080",
        "serve --import-folder /videos --device cuda:0",
    ];

    public static Command Create(Terminal console)
    {
        var command = new Command("serve", "Starts the pages and the HTTP API (also without any command). Each option can be given as a variable, too: STUDIO_HOST, STUDIO_PORT …");
        var defaults = StudioPaths.Options;
        var options = StudioSettings.All.Select(s => (Setting: s, Option: OptionOf(s, defaults))).ToList();
        foreach (var (_, option) in options) command.Add(option);
        command.SetAction((parse, ct) =>
        {
            var given = options.Where(o => parse.GetResult(o.Option) is { Implicit: false }).ToDictionary(o => o.Setting.Name, o => (IReadOnlyList<string>)parse.GetValue(o.Option)!);
            return RunAsync(console, StudioSettings.Read(defaults, Environment.GetEnvironmentVariable, given), ct);
        });
        return command;
    }

    private static Option<string[]> OptionOf(StudioSetting setting, StudioOptions defaults)
    {
        var option = new Option<string[]>($"--{setting.Name}", setting.Name == "model" ? ["-m"] : [])
        {
            Description = $"{setting.Description} (default: {setting.Show(defaults)})",
            Arity = setting.Many ? ArgumentArity.OneOrMore : ArgumentArity.ExactlyOne,
            CustomParser = result => [.. result.Tokens.Select(t => t.Value)],
        };
        option.Validators.Add(result =>
        {
            try
            {
                _ = setting.Apply(defaults, [.. result.Tokens.Select(t => t.Value)]);
            }
            catch (ArgumentException e)
            {
                result.AddError($"--{setting.Name}: {e.Message}");
            }
        });
        return option;
    }

    private static async Task<int> RunAsync(Terminal console, StudioOptions options, CancellationToken ct)
    {
        SqliteNative.Init();
        var app = await StudioServer.BuildAsync(options, TimeProvider.System, ct: ct);
        await using (app)
        {
            await app.StartAsync(ct);
            _ = await WarmUp.RunAsync(app.Urls, ct);
            console.Say($"the studio is at {string.Join(" and ", app.Urls)} (Ctrl+C stops it)");
            if (!options.SingleUser && !await app.Services.GetRequiredService<AccountService>().AnyAsync(ct))
                console.Say($"nobody has an account yet: open {app.Urls.First()}/setup and make the first administrator with the set-up code {await app.Services.GetRequiredService<SetupCode>().IssueAsync(ct)}");
            await app.WaitForShutdownAsync(ct);
        }

        return ExitCodes.Ok;
    }
}
