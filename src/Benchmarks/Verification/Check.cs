using Studio.Engine.Torch;

namespace Studio.Benchmarks.Verification;

/// <summary>What a check works with.</summary>
internal sealed record Check(GoldenCase Golden, VerificationReport Report, Device Device, ScalarType Dtype, CancellationToken Cancellation);
