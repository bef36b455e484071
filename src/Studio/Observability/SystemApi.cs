using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Machine;
using Studio.Hosting;

namespace Studio.Observability;

/// <param name="Variable">The environment variable that sets it.</param>
public sealed record SettingView(string Name, string Variable, string Description, string Value, SettingSource Source);

/// <param name="Severity">ok, warn or fail.</param>
public sealed record FindingView(string Name, string Value, FindingStatus Severity, string Remedy);

/// <param name="At">When the machine was looked at.</param>
public sealed record ExaminationView(FindingStatus Worst, IReadOnlyList<FindingView> Findings, DateTimeOffset At);

/// <param name="Level">trace, debug, information, warning, error, critical or none.</param>
public sealed record LogLevelView(LogLevel Level);

/// <summary>The server's facts over HTTP.</summary>
internal static class SystemApi
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var system = routes.MapGroup("/api/v1/system").WithTags("System");
        var all = system.MapGroup("").RequireAuthorization(Policies.Read);
        _ = all.MapGet("/versions", (Versions versions, CancellationToken ct) => versions.ReadAsync(ct)).WithName("getVersions").WithSummary("What runs here");
        _ = all.MapGet("/usage", (HttpContext http, StorageService storage, CancellationToken ct) => storage.OwnAsync(CurrentUser.From(http.User), ct))
            .WithName("getUsage").WithSummary("Own videos, their bytes and the quota");
        _ = all.MapGet("/doctor", async (DoctorService doctor, CancellationToken ct) => View(doctor.Last ?? await doctor.ExamineAsync(ct: ct)))
            .WithName("getDoctorReport").WithSummary("The machine: what is there, and what to do about each defect");

        var admin = system.MapGroup("").RequireAuthorization(Policies.Admin);
        _ = admin.MapPost("/doctor", async (DoctorService doctor, CancellationToken ct, bool measure = false) => View(await doctor.ExamineAsync(measure, ct)))
            .WithName("examineMachine").WithSummary("Looks at the machine anew; measure=true measures its rates, too");
        _ = admin.MapGet("/storage", (StorageService storage, CancellationToken ct) => storage.MeasureAsync(ct)).WithName("getStorage").WithSummary("Bytes on disk by kind");
        _ = admin.MapGet("/storage/owners", (StorageService storage, CancellationToken ct, int page = 1, int size = Paging.DefaultSize) => storage.OwnersAsync(page, size, ct))
            .WithName("listStorageOwners").WithSummary("Bytes of videos by owner, largest first");
        _ = admin.MapGet("/caches", (Caches caches, CancellationToken ct) => caches.MeasureAsync(ct)).WithName("listCaches").WithSummary("What is kept to save time");
        _ = admin.MapDelete("/caches/{name}", (string name, Caches caches, CancellationToken ct) => caches.ClearAsync(name, ct)).WithName("clearCache").WithSummary("Drops what nothing is using; answers with the cache afterwards");
        _ = admin.MapGet("/settings", (StudioOptions options) => Settings(options)).WithName("listSettings").WithSummary("Settings in force and where each came from");
        _ = admin.MapGet("/log-level", (LogLevelSwitch level) => new LogLevelView(level.Level)).WithName("getLogLevel").WithSummary("Least important log lines that are written");
        _ = admin.MapPut("/log-level", (LogLevelView wanted, LogLevelSwitch level) =>
        {
            if (!Enum.IsDefined(wanted.Level)) throw RequestException.Invalid($"'{wanted.Level}' is no log level: use trace, debug, information, warning, error, critical or none");
            level.Level = wanted.Level;
            return wanted;
        }).WithName("setLogLevel").WithSummary("Changes it until the server stops");
    }

    /// <summary>Every setting with its value and origin, and the two folders.</summary>
    public static IReadOnlyList<SettingView> Settings(StudioOptions options) =>
    [
        .. StudioSettings.All.Select(s => new SettingView(s.Name, s.Variable, s.Description, s.Show(options), options.Sources.GetValueOrDefault(s.Name))),
        new("data", "STUDIO_DATA", "folder of everything the studio writes", options.DataFolder, options.Sources.GetValueOrDefault("data")),
        new("root", "STUDIO_ROOT", "the checkout, for samples that ship with it", options.RootFolder, options.Sources.GetValueOrDefault("root")),
    ];

    public static ExaminationView View(Examination examination) =>
        new(examination.Report.Worst, [.. examination.Report.Findings.Select(f => new FindingView(f.Name, f.Value, f.Status, f.Remedy))], examination.At);
}
