using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Studio.Benchmarks.Records.Store;

/// <summary>
/// Tables of the results database, equal on SQLite and PostgreSQL: texts, whole numbers and floating-point numbers only. One short-lived
/// context per piece of work.
/// </summary>
public sealed class RunsDb(DbContextOptions<RunsDb> options) : DbContext(options)
{
    public DbSet<Run> Runs => Set<Run>();

    public DbSet<Sample> Samples => Set<Sample>();

    internal DbSet<SweepRun> SweepRuns => Set<SweepRun>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        ArgumentNullException.ThrowIfNull(configurationBuilder);
        // SQLite can neither order nor compare DateTimeOffset: UTC ticks can be, anywhere.
        _ = configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcTicks>();
        _ = configurationBuilder.Properties<EvalVariant>().HaveConversion<string>();
        _ = configurationBuilder.Properties<EvalProtocol>().HaveConversion<string>();
        _ = configurationBuilder.Properties<RunState>().HaveConversion<string>();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);
        _ = modelBuilder.Entity<Run>(e =>
        {
            _ = e.ToTable("runs");
            _ = e.HasKey(r => r.Id);
            _ = e.HasIndex(r => r.Key);
            _ = e.HasIndex(r => r.CreatedAt);
            _ = e.HasIndex(r => new { r.Task, r.CreatedAt });
            _ = e.HasIndex(r => r.SweepId);
            foreach (var text in new[] { nameof(Run.Error), nameof(Run.Note), nameof(Run.OwnerName) }) _ = e.Property(text).HasConversion(StorableText.Converter);
        });
        _ = modelBuilder.Entity<Sample>(e =>
        {
            _ = e.ToTable("samples");
            _ = e.HasKey(s => new { s.RunId, s.Ordinal });
            _ = e.HasOne<Run>().WithMany().HasForeignKey(s => s.RunId).OnDelete(DeleteBehavior.Cascade);
            foreach (var text in s_free) _ = e.Property(text).HasConversion(StorableText.Converter);
        });
        _ = modelBuilder.Entity<SweepRun>(e =>
        {
            _ = e.ToTable("sweep_runs");
            _ = e.HasKey(s => new { s.SweepId, s.RunId });
            _ = e.HasOne<Run>().WithMany().HasForeignKey(s => s.RunId).OnDelete(DeleteBehavior.Cascade);
        });
    }

    /// <summary>That a run is one of a sweep's that did not make it.</summary>
    internal sealed class SweepRun
    {
        public required string SweepId { get; init; }

        public required string RunId { get; init; }
    }

    /// <summary>What models, judges and annotation files write: any character may be in it.</summary>
    private static readonly string[] s_free =
    [
        nameof(Sample.Question), nameof(Sample.Prompt), nameof(Sample.Answer), nameof(Sample.Judgement), nameof(Sample.Expected), nameof(Sample.Parsed),
        nameof(Sample.CorrectedParsed), nameof(Sample.OfficialError), nameof(Sample.Error),
    ];

    private sealed class UtcTicks() : ValueConverter<DateTimeOffset, long>(t => t.UtcTicks, t => new DateTimeOffset(t, TimeSpan.Zero));
}
