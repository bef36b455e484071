using Studio.Engine.Torch;

namespace Studio.Benchmarks.Verification;

/// <summary>What became of one case folder.</summary>
/// <param name="Name">Folder name.</param>
/// <param name="Rows">Every compared quantity, in order; never empty.</param>
/// <param name="Elapsed">Wall time, loading included.</param>
public sealed record CaseResult(string Name, IReadOnlyList<VerificationRow> Rows, TimeSpan Elapsed)
{
    /// <summary>Every row that binds has passed, and there is one.</summary>
    public bool Passed => Rows.All(r => r.Passed || r.Informational) && Rows.Any(r => !r.Informational);

    /// <summary>The binding row that came closest to its tolerance, or went furthest beyond.</summary>
    public VerificationRow Worst => Rows.OrderBy(r => r.Informational).ThenByDescending(r => double.IsNaN(r.Share) ? double.PositiveInfinity : r.Share).First();
}

/// <param name="Folder">The golden folder.</param>
/// <param name="Cases">In order of their names.</param>
public sealed record VerificationResult(string Folder, Device Device, ScalarType Dtype, IReadOnlyList<CaseResult> Cases)
{
    public int Passed => Cases.Count(c => c.Passed);

    public int Failed => Cases.Count - Passed;

    /// <summary>0 if no case failed, else 1.</summary>
    public int ExitCode => Failed == 0 ? 0 : 1;
}
