using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Studio.Benchmarks.Records.Store.Migrations;

/// <summary>Question and expected interval of a sample: with them a task's numbers are computed from the rows alone.</summary>
[DbContext(typeof(RunsDb))]
[Migration("20261121174500_Questions")]
public sealed class Questions : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        ArgumentNullException.ThrowIfNull(migrationBuilder);
        _ = migrationBuilder.AddColumn<string>("Question", "samples", nullable: false, defaultValue: "");
        _ = migrationBuilder.AddColumn<string>("Interval", "samples", nullable: true);
    }
}
