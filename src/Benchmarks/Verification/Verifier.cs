using System.Diagnostics;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.Verification;

/// <summary>
/// Holds the engine against reference numbers, case by case: what the repository's tests run, and what a user runs on their
/// own device. A case fails if it throws, if a value lies outside its tolerance, if an expected tensor was never compared,
/// or if nothing here knows the case.
/// </summary>
public static class Verifier
{
    /// <summary>The environment variable that names another golden folder.</summary>
    public const string FolderVariable = "GOLDEN_DIR";

    // Checks that do not compute in the type asked for are judged as fp32 whatever it is.
    private static readonly (string Name, bool HasDtype, Action<Check> Run)[] s_checks =
    [
        ("nfc", false, TokenizerChecks.RunNormalization),
        ("tiny_tokenizer", false, TokenizerChecks.Run),
        ("tokenizer", false, TokenizerChecks.Run),
        ("vcf_full_*", true, FullModelChecks.Run),
        ("vcf_internvideo2", true, TowerChecks.Run),
        ("vcf_lm_*", true, LanguageChecks.Run),
        ("vcf_preprocess", false, PreprocessChecks.Run),
        ("vcf_sampling", false, SamplingChecks.Run),
        ("vcf_tome", true, MergeChecks.Run),
        ("vcf_train", false, TrainChecks.Run),
        ("vcf_umt_*", true, TowerChecks.Run),
        ("vxl_beacon_*", true, VideoXlLanguageChecks.Run),
        ("vxl_clip_encoder", true, VideoXlVisionChecks.RunTower),
        ("vxl_full_*", true, VideoXlModelChecks.Run),
        ("vxl_preprocess", false, VideoXlVisionChecks.RunPreprocess),
        ("vxl_projector_pool", true, VideoXlVisionChecks.RunProjector),
        ("vxl_sampling", false, SamplingChecks.RunVideoXl),
        ("vxl_train", false, VideoXlModelChecks.RunTraining),
    ];

    /// <summary>The golden folder to use: the one given, else that of <see cref="FolderVariable"/>, else tests/golden of the repository.</summary>
    /// <param name="given">A user's choice, or null.</param>
    /// <param name="repository">Root of the repository.</param>
    public static string Locate(string? given, string repository) =>
        !string.IsNullOrEmpty(given) ? given
        : Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } named ? named
        : Path.Combine(repository, "tests", "golden");

    /// <summary>The case folders of a golden folder, by name.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder, or it has no case folder.</exception>
    public static IReadOnlyList<string> Cases(string goldenFolder)
    {
        const string Remedy = $"name the folder above the cases with --golden or {FolderVariable}";
        if (!Directory.Exists(goldenFolder)) throw new DirectoryNotFoundException($"there is no golden folder {goldenFolder}; {Remedy}");
        var folders = Directory.GetDirectories(goldenFolder);
        if (folders.Length == 0) throw new DirectoryNotFoundException($"{goldenFolder} holds no case folders; {Remedy}");
        Array.Sort(folders, StringComparer.Ordinal);
        return folders;
    }

    /// <summary>Runs every case of a folder, in order of name.</summary>
    /// <param name="dtype">fp32, or a 16-bit type under the rules of <see cref="Precision"/>.</param>
    /// <param name="progress">Called after each case.</param>
    /// <exception cref="DirectoryNotFoundException">As <see cref="Cases"/>.</exception>
    /// <exception cref="ArgumentException">Another type.</exception>
    /// <exception cref="OperationCanceledException">Checked between cases and inside long ones.</exception>
    public static VerificationResult Run(string goldenFolder, Device device, ScalarType dtype, Action<CaseResult>? progress = null, CancellationToken ct = default)
    {
        var precision = Precision.For(dtype);
        var results = new List<CaseResult>(); // bounded by the folders
        foreach (var folder in Cases(goldenFolder))
        {
            ct.ThrowIfCancellationRequested();
            results.Add(RunCase(folder, device, precision, ct));
            progress?.Invoke(results[^1]);
        }

        return new(Path.GetFullPath(goldenFolder), device, dtype, results);
    }

    /// <summary>Runs one case. Whatever goes wrong with it is a failed row.</summary>
    /// <exception cref="OperationCanceledException">Asked for through <paramref name="ct"/>.</exception>
    public static CaseResult RunCase(string folder, Device device, Precision precision, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(precision);
        var watch = Stopwatch.StartNew();
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        var report = new VerificationReport(0, 0, precision);
        try
        {
            using var golden = new GoldenCase(folder);
            var (_, hasDtype, run) = s_checks.FirstOrDefault(c => Matches(c.Name, name));
            if (run is null)
            {
                report.Fail("case", "no check for this case yet");
                return new(name, report.Rows, watch.Elapsed);
            }

            var (absolute, relative) = golden.Tolerance;
            report = new(absolute, relative, hasDtype ? precision : Precision.For(ScalarType.Float32));
            run(new(golden, report, device, precision.Dtype, ct));
            if (golden.Unread is { Count: > 0 } unread) report.Fail("completeness", $"expected values never compared: {string.Join(", ", unread)}");
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            report.Fail("error", $"{e.GetType().Name}: {e.Message}");
        }

        return new(name, report.Rows, watch.Elapsed);
    }

    private static bool Matches(string pattern, string name) =>
        pattern.EndsWith('*') ? name.StartsWith(pattern[..^1], StringComparison.Ordinal) : name == pattern;
}
