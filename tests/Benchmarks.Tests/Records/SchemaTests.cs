using System.Data.Common;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Store;
using Xunit;

namespace Studio.Benchmarks.Tests.Records;

public sealed class SchemaTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("studio-schema-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Migrations_EndAtTheModel()
    {
        await using var migrated = Context("migrated.db");
        await migrated.Database.MigrateAsync(Ct);
        await using var made = Context("made.db");
        _ = await made.Database.EnsureCreatedAsync(Ct);
        var expected = await TablesAsync(made);
        Assert.Contains(expected, c => c.StartsWith("samples.Question ", StringComparison.Ordinal));
        Assert.Contains(expected, c => c.StartsWith("index ", StringComparison.Ordinal));
        Assert.Equal(expected, await TablesAsync(migrated));
    }

    [Fact]
    public async Task Upgrade_FromEveryEarlierSchema_LosesNothing()
    {
        List<string> versions;
        await using (var db = Context("none.db")) versions = [.. db.Database.GetMigrations()];
        Assert.True(versions.Count >= 2);
        foreach (var version in versions)
        {
            var file = $"{version}.db";
            List<string> before;
            await using (var old = Context(file))
            {
                await old.GetService<IMigrator>().MigrateAsync(version, Ct);
                await FillAsync(old);
                before = await RowsAsync(old, await ColumnsAsync(old));
                Assert.Equal(6, before.Count(r => r.StartsWith("samples", StringComparison.Ordinal)));
            }

            Dictionary<string, List<string>> columns;
            await using (var old = Context(file)) columns = await ColumnsAsync(old);
            using (var store = await RunStore.ConnectAsync(ResultsTarget.File(Path.Combine(_folder, file)), TimeProvider.System, Ct))
            {
                Assert.Equal(2, (await store.ListAsync(new RunFilter(), Ct)).Total);
                var count = 0;
                await foreach (var sample in store.SamplesAsync("Id0", Ct)) count++;
                Assert.Equal(3, count);
            }

            await using var upgraded = Context(file);
            Assert.Equal(before, await RowsAsync(upgraded, columns));
            Assert.Equal(versions, await upgraded.Database.GetAppliedMigrationsAsync(Ct));
        }
    }

    private RunsDb Context(string file) => new(RunStore.Options(ResultsTarget.File(Path.Combine(_folder, file))));

    /// <summary>Two runs with three samples each, a value of its own in every column that the schema has.</summary>
    private static async Task FillAsync(RunsDb db)
    {
        var columns = await ColumnsAsync(db);
        foreach (var (table, names) in columns.OrderBy(c => c.Key, StringComparer.Ordinal))
        {
            for (var row = 0; row < (table == "runs" ? 2 : 6); row++)
            {
                var values = names.Select(n => Value(table, n, row));
                var sql = $"INSERT INTO {table} ({string.Join(", ", names.Select(n => $"\"{n}\""))}) VALUES ({string.Join(", ", values)})";
                _ = await db.Database.ExecuteSqlRawAsync(sql, Ct);
            }
        }
    }

    private static string Value(string table, string column, int row) => column switch
    {
        "RunId" => $"'Id{row / 3}'",
        "Ordinal" => (row % 3).ToString(CultureInfo.InvariantCulture),
        "Variant" => "'Blind'",
        "Protocol" => "'Original'",
        "State" => "'Finished'",
        "Official" or "Corrected" => $"0.{row + 1}25",
        "PromptVersion" or "ScorerVersion" or "Samples" or "Choices" or "Frames" or "VisualTokens" or "GeneratedTokens" or "CreatedAt" or "FinishedAt" or "RecordedAt" when table == "samples" || column != "Frames" => (1000 + row).ToString(CultureInfo.InvariantCulture),
        _ => $"'{column}{row}'",
    };

    private static async Task<Dictionary<string, List<string>>> ColumnsAsync(RunsDb db)
    {
        var found = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var table in new[] { "runs", "samples" }) found[table] = await QueryAsync(db, $"SELECT name FROM pragma_table_info('{table}') ORDER BY cid");
        return found;
    }

    private static async Task<List<string>> RowsAsync(RunsDb db, Dictionary<string, List<string>> columns)
    {
        var rows = new List<string>();
        foreach (var (table, names) in columns)
        {
            rows.AddRange((await QueryAsync(db, $"SELECT {string.Join(", ", names.Select(n => $"\"{n}\""))} FROM {table} ORDER BY 1, 2")).Select(r => $"{table}: {r}"));
        }

        return rows;
    }

    /// <summary>Columns with type, null and key, then indexes with their columns.</summary>
    private static async Task<List<string>> TablesAsync(RunsDb db)
    {
        var found = new List<string>();
        foreach (var table in new[] { "runs", "samples" })
        {
            found.AddRange((await QueryAsync(db, $"SELECT name || ' ' || type || ' ' || \"notnull\" || ' ' || pk FROM pragma_table_info('{table}') ORDER BY name")).Select(c => $"{table}.{c}"));
            found.AddRange((await QueryAsync(db, $"SELECT l.name || ' ' || l.\"unique\" || ' ' || group_concat(i.name) FROM pragma_index_list('{table}') l, pragma_index_info(l.name) i GROUP BY l.name ORDER BY l.name")).Select(c => $"index {c}"));
            found.AddRange((await QueryAsync(db, $"SELECT \"from\" || ' ' || \"table\" || ' ' || \"to\" || ' ' || on_delete FROM pragma_foreign_key_list('{table}')")).Select(c => $"foreign key {c}"));
        }

        return found;
    }

    private static async Task<List<string>> QueryAsync(RunsDb db, string sql)
    {
        var connection = db.Database.GetDbConnection();
        await db.Database.OpenConnectionAsync(Ct);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await using DbDataReader reader = await command.ExecuteReaderAsync(Ct);
        var rows = new List<string>();
        while (await reader.ReadAsync(Ct))
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture))));
        }

        await db.Database.CloseConnectionAsync();
        return rows;
    }
}
