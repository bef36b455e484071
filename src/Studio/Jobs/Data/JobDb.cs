using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Studio.Jobs.Data;

/// <summary>The list of jobs, in a file of its own: progress is noted often, and must not hold up the studio's other writers.</summary>
public sealed class JobDb(DbContextOptions<JobDb> options) : DbContext(options)
{
    public DbSet<Job> Jobs => Set<Job>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        ArgumentNullException.ThrowIfNull(configurationBuilder);
        _ = configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcTicks>(); // SQLite cannot order DateTimeOffset
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);
        _ = modelBuilder.Entity<Job>(e =>
        {
            _ = e.Property(j => j.Kind).HasMaxLength(40);
            _ = e.Property(j => j.Title).HasMaxLength(JobLimits.MaxTitle);
            _ = e.HasIndex(j => new { j.State, j.EndedAt });
            _ = e.HasIndex(j => new { j.OwnerId, j.CreatedAt });
        });
    }

    private sealed class UtcTicks() : ValueConverter<DateTimeOffset, long>(t => t.UtcTicks, t => new DateTimeOffset(t, TimeSpan.Zero));
}
