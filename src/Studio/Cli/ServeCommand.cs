using System.CommandLine;
using Studio.Data;
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
        var defaults = new StudioOptions { DataFolder = StudioPaths.Data, RootFolder = StudioPaths.Root };
        var host = new Option<string>("--host") { Description = "address to listen on; with another one than this machine's, people sign in", DefaultValueFactory = _ => Variable("STUDIO_HOST") ?? defaults.Host };
        var port = new Option<int>("--port") { Description = "0 takes a free one", DefaultValueFactory = _ => int.TryParse(Variable("STUDIO_PORT"), out var p) ? p : defaults.Port };
        var accounts = new Option<AccountMode>("--accounts") { Description = "auto: on unless only this machine can reach the server", DefaultValueFactory = _ => AccountMode.Auto };
        var import = new Option<string[]>("--import-folder") { Description = "folder on this machine that videos may be imported from; may be repeated", DefaultValueFactory = _ => Variable("STUDIO_IMPORT")?.Split(':', StringSplitOptions.RemoveEmptyEntries) ?? [] };
        var device = new Option<string>("--device") { Description = "auto, cpu or cuda:N", DefaultValueFactory = _ => defaults.Device };
        var dtype = new Option<string>("--dtype") { Description = "auto, fp32, bf16 or fp16", DefaultValueFactory = _ => defaults.Dtype };
        var model = new Option<string?>("--model", "-m") { Description = "installed model that answers where none is chosen", DefaultValueFactory = _ => Variable("STUDIO_MODEL") };
        var command = new Command("serve", "starts the pages and the HTTP API (also without any command)") { host, port, accounts, import, device, dtype, model };
        command.SetAction((parse, ct) => RunAsync(console, defaults with
        {
            Host = parse.GetValue(host)!,
            Port = parse.GetValue(port),
            Accounts = parse.GetValue(accounts),
            ImportFolders = parse.GetValue(import) ?? [],
            Device = parse.GetValue(device)!,
            Dtype = parse.GetValue(dtype)!,
            Model = parse.GetValue(model),
        }, ct));
        return command;
    }

    private static async Task<int> RunAsync(Terminal console, StudioOptions options, CancellationToken ct)
    {
        SqliteNative.Init();
        var app = await StudioServer.BuildAsync(options, TimeProvider.System, ct: ct);
        await using (app)
        {
            await app.StartAsync(ct);
            console.Say($"the studio is at {string.Join(" and ", app.Urls)} (Ctrl+C stops it)");
            await app.WaitForShutdownAsync(ct);
        }

        return ExitCodes.Ok;
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
