using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Studio.Data;

/// <summary>The studio's own tables: accounts, library, conversations, links and tokens. One short-lived context per piece of work.</summary>
public sealed class StudioDb(DbContextOptions<StudioDb> options) : IdentityUserContext<StudioUser>(options)
{
    public DbSet<Video> Videos => Set<Video>();

    public DbSet<VideoTag> VideoTags => Set<VideoTag>();

    public DbSet<Upload> Uploads => Set<Upload>();

    public DbSet<Conversation> Conversations => Set<Conversation>();

    public DbSet<Message> Messages => Set<Message>();

    public DbSet<MessageMedia> MessageMedia => Set<MessageMedia>();

    public DbSet<ShareLink> ShareLinks => Set<ShareLink>();

    public DbSet<ApiToken> ApiTokens => Set<ApiToken>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        ArgumentNullException.ThrowIfNull(configurationBuilder);
        // SQLite can neither order nor compare DateTimeOffset: UTC ticks can be.
        _ = configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcTicks>();
    }

    protected override void OnModelCreating(ModelBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        base.OnModelCreating(builder);
        _ = builder.Entity<StudioUser>(e =>
        {
            _ = e.Property(u => u.DisplayName).HasMaxLength(80);
            _ = e.Property(u => u.Role).HasMaxLength(16);
            _ = e.HasIndex(u => u.LinkHash).IsUnique();
        });
        _ = builder.Entity<Video>(e =>
        {
            _ = e.HasIndex(v => new { v.OwnerId, v.CreatedAt });
            _ = e.HasIndex(v => new { v.OwnerId, v.ContentHash }).IsUnique();
            _ = e.HasIndex(v => new { v.Visibility, v.CreatedAt });
            _ = e.Property(v => v.Name).HasMaxLength(200);
            _ = e.HasMany(v => v.Tags).WithOne().HasForeignKey(t => t.VideoId).OnDelete(DeleteBehavior.Cascade);
        });
        _ = builder.Entity<VideoTag>(e =>
        {
            _ = e.HasKey(t => new { t.VideoId, t.Tag });
            _ = e.HasIndex(t => t.Tag);
        });
        _ = builder.Entity<Upload>().HasIndex(u => new { u.OwnerId, u.CreatedAt });
        _ = builder.Entity<Conversation>(e =>
        {
            _ = e.HasIndex(c => new { c.OwnerId, c.UpdatedAt });
            _ = e.HasIndex(c => new { c.Visibility, c.UpdatedAt });
            _ = e.HasMany(c => c.Messages).WithOne().HasForeignKey(m => m.ConversationId).OnDelete(DeleteBehavior.Cascade);
        });
        _ = builder.Entity<Message>(e =>
        {
            _ = e.HasIndex(m => new { m.ConversationId, m.CreatedAt });
            _ = e.HasIndex(m => m.State);
            _ = e.HasOne<Message>().WithMany().HasForeignKey(m => m.ParentId).OnDelete(DeleteBehavior.Cascade);
            _ = e.HasMany(m => m.Media).WithOne().HasForeignKey(m => m.MessageId).OnDelete(DeleteBehavior.Cascade);
        });
        _ = builder.Entity<MessageMedia>(e =>
        {
            _ = e.HasKey(m => new { m.MessageId, m.Position });
            _ = e.HasOne<Video>().WithMany().HasForeignKey(m => m.VideoId).OnDelete(DeleteBehavior.SetNull);
        });
        _ = builder.Entity<ShareLink>(e =>
        {
            _ = e.HasIndex(l => l.SecretHash).IsUnique();
            _ = e.HasIndex(l => new { l.Target, l.TargetId });
            _ = e.HasIndex(l => new { l.OwnerId, l.CreatedAt });
        });
        _ = builder.Entity<ApiToken>(e =>
        {
            _ = e.HasIndex(t => t.SecretHash).IsUnique();
            _ = e.HasIndex(t => t.OwnerId);
        });
    }

    private sealed class UtcTicks() : ValueConverter<DateTimeOffset, long>(t => t.UtcTicks, t => new DateTimeOffset(t, TimeSpan.Zero));
}
