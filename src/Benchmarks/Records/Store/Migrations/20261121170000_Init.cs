using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Studio.Benchmarks.Records.Store.Migrations;

/// <summary>Runs and samples. Column types are left to the database's own provider: one migration for all.</summary>
[DbContext(typeof(RunsDb))]
[Migration("20261121170000_Init")]
public sealed class Init : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        ArgumentNullException.ThrowIfNull(migrationBuilder);
        _ = migrationBuilder.CreateTable(
            "runs",
            table => new
            {
                Id = table.Column<string>(),
                Key = table.Column<string>(),
                Source = table.Column<string>(),
                Task = table.Column<string>(),
                Model = table.Column<string>(),
                Variant = table.Column<string>(),
                Protocol = table.Column<string>(),
                Compression = table.Column<string>(),
                Frames = table.Column<string>(),
                PromptVersion = table.Column<int>(),
                ScorerVersion = table.Column<int>(),
                DataHash = table.Column<string>(),
                Given = table.Column<string>(),
                Resolved = table.Column<string>(),
                Provenance = table.Column<string>(),
                Samples = table.Column<int>(),
                State = table.Column<string>(),
                Error = table.Column<string>(nullable: true),
                SweepId = table.Column<string>(nullable: true),
                OwnerId = table.Column<string>(),
                OwnerName = table.Column<string>(),
                Note = table.Column<string>(),
                CreatedAt = table.Column<long>(),
                FinishedAt = table.Column<long>(nullable: true),
                Summary = table.Column<string>(nullable: true),
            },
            constraints: table => table.PrimaryKey("PK_runs", r => r.Id));
        _ = migrationBuilder.CreateTable(
            "samples",
            table => new
            {
                RunId = table.Column<string>(),
                Ordinal = table.Column<int>(),
                DocumentId = table.Column<string>(),
                Part = table.Column<string>(),
                Cluster = table.Column<string>(),
                Labels = table.Column<string>(),
                Media = table.Column<string>(),
                MediaHash = table.Column<string>(),
                Prompt = table.Column<string>(),
                Answer = table.Column<string>(nullable: true),
                Judgement = table.Column<string>(nullable: true),
                Expected = table.Column<string>(),
                Options = table.Column<string>(),
                Parsed = table.Column<string>(nullable: true),
                CorrectedParsed = table.Column<string>(nullable: true),
                Official = table.Column<double>(nullable: true),
                Corrected = table.Column<double>(nullable: true),
                Choices = table.Column<int>(),
                OfficialError = table.Column<string>(nullable: true),
                Measures = table.Column<string>(),
                ErrorClass = table.Column<string>(nullable: true),
                Error = table.Column<string>(nullable: true),
                Frames = table.Column<int>(),
                VisualTokens = table.Column<int>(),
                StageTokens = table.Column<string>(),
                GeneratedTokens = table.Column<int>(),
                Survival = table.Column<string>(nullable: true),
                Costs = table.Column<string>(),
                RecordedAt = table.Column<long>(),
            },
            constraints: table =>
            {
                _ = table.PrimaryKey("PK_samples", s => new { s.RunId, s.Ordinal });
                _ = table.ForeignKey("FK_samples_runs_RunId", s => s.RunId, "runs", "Id", onDelete: ReferentialAction.Cascade);
            });
        _ = migrationBuilder.CreateIndex("IX_runs_Key", "runs", "Key");
        _ = migrationBuilder.CreateIndex("IX_runs_CreatedAt", "runs", "CreatedAt");
        _ = migrationBuilder.CreateIndex("IX_runs_Task_CreatedAt", "runs", ["Task", "CreatedAt"]);
        _ = migrationBuilder.CreateIndex("IX_runs_SweepId", "runs", "SweepId");
    }
}
